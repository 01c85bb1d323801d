"""What a user may ask of a play."""

from dataclasses import dataclass

from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay

SKILLS = {"low": 0.91, "mid": 0.96, "high": 0.985}  # accuracies


class Cancelled(Exception):
    """The caller's flag was set while a play was being made."""


class OptionError(ValueError):
    """An option that the model does not know, in one sentence."""


@dataclass(frozen=True)
class PlayOptions:
    """What a user may ask of a play; a model's card says in `options` which it follows."""

    like: tuple[Replay, ...] = ()  # plays of the person to play like, with their maps' tracks
    like_maps: tuple[Beatmap, ...] = ()  # the map of each, mods applied
    accuracy: float | None = None  # 0 .. 1
    unstable_rate: float | None = None
    skill: str | None = None  # low, mid, high
    steps: int | None = None  # of the sampler
