"""What a user may ask of a play, within which bounds, and how a refusal is said."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from osu.errors import UserError
from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay

SKILLS = {"low": 0.91, "mid": 0.96, "high": 0.985}  # accuracies
ACCURACY_RANGE = (0.5, 1.0)
UNSTABLE_RATE_RANGE = (30.0, 400.0)
LAST_SEED = 2**31 - 1  # the replay's own seed has 32 bits

OnProgress = Callable[[float], None]  # gets the share done, 0 .. 1, and may raise to stop


class Cancelled(Exception):
    """The caller's flag was set while a play was being made."""


class OptionError(UserError):
    """An option that the model does not know, in one sentence."""


class LikedPlay(NamedTuple):
    """A play of the person to play like."""

    replay: Replay
    beatmap: Beatmap  # the replay's mods applied


@dataclass(frozen=True)
class PlayOptions:
    """What a user may ask of a play; a model's card lists in `options` which it follows."""

    like: tuple[LikedPlay, ...] = ()  # (replay, beatmap) each
    accuracy: float | None = None  # 0 .. 1
    unstable_rate: float | None = None
    skill: str | None = None  # a key of SKILLS, instead of an accuracy
    steps: int | None = None  # of the sampler

    @property
    def target_accuracy(self) -> float | None:
        """The accuracy, 0 .. 1, that `skill` or `accuracy` asks for; None where neither does."""
        return SKILLS[self.skill] if self.skill else self.accuracy
