"""What a user may ask of a play, within which bounds, and how a refusal is said."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from osu.errors import UserError, shown
from osu.features.chart import chart_of
from osu.features.play import MIN_FRAMES, played_frames
from osu.formats.beatmap import Beatmap
from osu.formats.plays.kind import why_not_human
from osu.formats.replay import Replay, clean_frames
from osu.rules.judge import judge

SKILLS = {"low": 0.91, "mid": 0.96, "high": 0.985}  # accuracies
ACCURACY_RANGE = (0.5, 1.0)
UNSTABLE_RATE_RANGE = (30.0, 400.0)
MOST_NAMES = 3  # of whose plays are liked
LAST_SEED = 2**31 - 1  # the replay's own seed has 32 bits

OnProgress = Callable[[float], None]  # gets the share done, 0 .. 1, and may raise to stop


class Cancelled(Exception):
    """The caller's flag was set while a play was being made."""


class OptionError(UserError):
    """An option that the model does not know, in one sentence."""


class LikedPlay(NamedTuple):
    """A play of the person to play like."""

    replay: Replay
    beatmap: Beatmap  # under the replay's conditions


def liked_play(name: str, replay: Replay, beatmap: Beatmap) -> LikedPlay:
    """A replay and its map, under any mods, as a play of the person to play like. OptionError, a
    sentence that begins with `name`, where it does not show how a person plays."""
    if reason := why_not_human(replay):
        raise OptionError(f"{name} is nobody to play like: {reason}")
    beatmap = beatmap.with_mods(replay.conditions)
    if played_frames(chart_of(beatmap), clean_frames(replay)[0]) < MIN_FRAMES:
        raise OptionError(f"{name} is nobody to play like: it has less than two seconds of play")
    if not replay.counts_known:
        replay = judge(beatmap, replay).stamp(replay)
    return LikedPlay(replay, beatmap)


def about_likes(likes: Sequence[LikedPlay]) -> str:
    """One line: `whose_plays`, and how surely they tell how well the person plays: means over the
    plays, each with its standard error."""
    accuracies = [100 * play.replay.accuracy for play in likes]
    rates = [judge(play.beatmap, play.replay).unstable_rate for play in likes]
    means = f"accuracy {_with_error(accuracies, 1)} %, unstable rate {_with_error(rates, 0)}"
    return f"like {whose_plays(likes)}: {means} (means ± standard errors)"


def players_of(likes: Sequence[LikedPlay]) -> list[str]:
    """Who has played them, each as `name (count)`, the one with most first."""
    players = Counter(play.replay.player for play in likes)
    return [f"{shown(name, 40)} ({count})" for name, count in players.most_common()]


def whose_plays(likes: Sequence[LikedPlay]) -> str:
    """How many plays there are and whose, in a few words."""
    players = players_of(likes)
    names = ", ".join(players[:MOST_NAMES])
    if len(players) == 1:
        names = shown(likes[0].replay.player, 40)
    elif len(players) > MOST_NAMES:
        names += f" and {len(players) - MOST_NAMES} more"
    plays = "1 play" if len(likes) == 1 else f"{len(likes)} plays"
    return f"{plays} of {names}"


def _with_error(values: list[float], digits: int) -> str:
    """The mean of the finite values and its standard error, which takes two of them."""
    known = np.array(values)[np.isfinite(values)]
    if not len(known):
        return "unknown"
    error = "?" if len(known) < 2 else f"{known.std(ddof=1) / len(known) ** 0.5:.{digits}f}"
    return f"{known.mean():.{digits}f} ± {error}"


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
