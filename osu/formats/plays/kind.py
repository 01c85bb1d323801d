"""What a replay is: everybody who judges, learns from, imitates, shows or plays one asks here.

kind_of(replay) -> PlayKind
why_not_judged(replay), why_not_human(replay) -> a sentence, or "" where nothing is against it
"""

from dataclasses import dataclass
from enum import Enum

from osu.formats.mods import Mods
from osu.formats.replay import Replay
from osu.origin import is_generated

MODES = ("osu!standard", "osu!taiko", "osu!catch", "osu!mania")

# Bit of the header -> acronym in lazer, and what it is. Whoever has one of them did not play alone.
_HELPERS = {
    Mods.AT: ("AT", "autoplay, which the game itself played"),
    Mods.CN: ("CN", "cinema, which the game itself played"),
    Mods.RX: ("RX", "relax, under which the game presses the keys"),
    Mods.AP: ("AP", "autopilot, under which the game moves the cursor"),
}


class Rules(Enum):
    """Whose rules counted a play."""

    STABLE = "stable"
    LAZER = "lazer"
    CLASSIC = "lazer's classic mod"  # lazer, made to judge much as stable does


@dataclass(frozen=True)
class PlayKind:
    """What a replay is."""

    mode: int  # index of MODES
    rules: Rules
    helper: str  # who played or helped to: autoplay, relax ...; "" for a hand alone
    own: bool  # made by this program
    target_practice: bool
    score_v2: bool
    counts_known: bool  # the header's; where all are 0 they are unknown
    no_place: str  # why its objects are not where and when the map has them; "" where they are

    @property
    def by_hand(self) -> bool:
        """Whether a person moved the cursor and pressed the keys."""
        return not (self.helper or self.own)


def kind_of(replay: Replay) -> PlayKind:
    """What a replay is, by its header and, of lazer's, by its score details."""
    details = replay.details
    acronyms = {mod.acronym for mod in details.mods} if details else set()

    def has(bit: Mods, acronym: str) -> bool:
        return bit in replay.mods or acronym in acronyms

    helpers = [what for bit, (acronym, what) in _HELPERS.items() if has(bit, acronym)]
    rules = Rules.STABLE
    if replay.is_lazer:
        rules = Rules.CLASSIC if "CL" in acronyms else Rules.LAZER
    target = has(Mods.TP, "TP")
    return PlayKind(
        mode=replay.mode,
        rules=rules,
        helper=helpers[0] if helpers else "",
        own=is_generated(replay.player),
        target_practice=target,
        score_v2=has(Mods.SV2, "SV2"),
        counts_known=replay.counts_known,
        no_place="it was played with target practice, which moves the objects"
        if target
        else replay.no_place,
    )


def why_not_human(replay: Replay) -> str:
    """Why a replay does not show how a person plays the map, in a sentence; "" where it does."""
    kind = kind_of(replay)
    if kind.mode:
        return f"it is a play of another game mode, {MODES[kind.mode]}"
    if kind.own:
        return "it was made by this program"
    if kind.helper:
        return f"it was played with {kind.helper}"
    return kind.no_place


def why_not_judged(replay: Replay) -> str:
    """Why the judge has no rules for a replay; "" where it has, as for this program's plays."""
    kind = kind_of(replay)
    if reason := why_not_human(replay):
        return "" if kind.own and not kind.mode else reason
    if kind.rules is Rules.CLASSIC and not _is_plain_classic(replay):
        return "its classic mod has settings under which it judges neither as stable nor as lazer"
    return ""


def _is_plain_classic(replay: Replay) -> bool:
    (classic, *_) = (mod for mod in replay.details.mods if mod.acronym == "CL")
    names = ("no_slider_head_accuracy", "classic_note_lock")
    return all(classic.settings.get(name, True) is True for name in names)


def remark_on(replay: Replay) -> str:
    """What whoever sees or hears of a replay should know of it; "" where it is a plain play."""
    if reason := why_not_human(replay):
        return reason
    kind = kind_of(replay)
    if kind.score_v2:
        return "its score is ScoreV2, which is not counted here"
    return "" if kind.counts_known else "its header has no counts"
