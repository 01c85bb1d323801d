"""Whose replays are in a folder."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from osu.data.finding.folders import files_below, lazer_storage
from osu.data.library import DataError, replay_head
from osu.gui.messages import PlayersFound
from osu.origin import is_generated


def find_players(folder: str, on_found: Callable[[int], None]) -> PlayersFound:
    """The players of the osu!standard replays below a folder, the one with most first, and how many
    replays each has; names that differ in case only are one, as in osu.data.library.

    Generated plays are nobody's. `on_found` hears how many replays were seen, and may raise to
    stop. DataError where there is no replay.
    """
    spelt: dict[str, str] = {}  # as it was met first
    counts: Counter = Counter()

    def goes_on() -> bool:
        on_found(counts.total())
        return True

    place = lazer_storage(folder)
    if not place.is_dir():
        raise DataError(f"{folder} is not a folder.")
    for path in files_below(Path(place), (".osr",), goes_on=goes_on):
        goes_on()
        head = replay_head(path)
        if head and not head.mode and head.player and not is_generated(head.player):
            counts[spelt.setdefault(head.player.casefold(), head.player)] += 1
    if not counts:
        raise DataError(f"{folder} holds no replay (.osr) of a person.")
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return PlayersFound(folder, tuple(ranked))
