"""Which of the window's buttons work when, and why the others don't: one table, no Tk."""

_FILES = ("open", "songs", "find", "blind", "blind_me", "person_folder")
ON_MAPS = ("generate", "batch")
ON_PLAYS = ("save", "gif", "mp4", "charts", "remove", "arm")
ON_LIST = ("save_all", "undo")
NUDGES = ("nudge-2", "nudge2")
BUTTONS = (
    *(*_FILES, *ON_MAPS, *ON_PLAYS, *ON_LIST, *NUDGES),
    *("start", "stop", "cancel", "person_start", "person_stop"),
)
LIVE = ("starting", "armed", "playing")


def refusals(
    state: str,
    has_maps: bool = False,
    has_plays: bool = False,
    has_list: bool = False,
    has_removed: bool = False,
    has_person: bool = False,
    is_made: bool = False,
) -> dict[str, str]:
    """The buttons that don't work in a state of the worker, each with the reason, a sentence.

    `has_maps`, `has_plays`: whether any are chosen and selected; `has_list`, `has_removed`: whether
    any plays are listed, and were removed; `has_person`: whether it is known who one is, `is_made`:
    whether a model of a person is being made.
    """
    if state == "closed":
        return dict.fromkeys(BUTTONS, "The window is closing.")
    why = {} if is_made else {"person_stop": "No model is being made."}
    if state in LIVE:
        others = (*_FILES, *ON_MAPS, *ON_PLAYS, *ON_LIST, "person_start")
        why |= dict.fromkeys(others, "Escape ends the live play first.")
        if state != "armed":
            why["start"] = "It has begun." if state == "playing" else "It is being armed."
        if state == "starting":
            why |= dict.fromkeys(NUDGES, "It is being armed.")
        return why
    why |= dict.fromkeys(("start", *NUDGES), "Arm a play first.")
    why["stop"] = "No live play is on."
    if state == "idle":
        why["cancel"] = "Nothing is running."
    if state == "working":
        why["arm"] = "Wait for what runs or cancel it: a live play would be late beside it."
    if is_made:
        why["person_start"] = "A model is being made already."
    elif not has_person:
        why["person_start"] = "Choose the folder with your replays first."
    if not has_person:
        why["blind_me"] = "Choose on the tab You first who you are."
    if not has_maps:
        why |= dict.fromkeys(ON_MAPS, "Choose a map first.")
    if not has_plays:
        why |= dict.fromkeys(ON_PLAYS, "Select a play first.")
    if not has_list:
        why["save_all"] = "There are no plays yet."
    if not has_removed:
        why["undo"] = "No play was removed."
    return why
