"""Plays that come out as asked: `--accuracy`, `--skill` and `--ur`.

A network knows the accuracy that a play in a style should have, but not what this map does to it.
So a play is judged, and where it lost too much or too little it is played again by the same person
in the same way, only more exactly or more loosely.
"""

import math
from collections.abc import Callable

import numpy as np
from torch import Tensor

from osu.features.style import (
    Style,
)
from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay
from osu.players.options import SKILLS
from osu.rules.judge import judge

TRIES = 4
NEAR = 0.06  # in logarithms of what is lost: .3 % at 95 %
RESPONSE = 3.2  # of the logarithm of what is lost to `sloppiness` (measured: 1.6 to 5)
MOST = 1.2


def off_target(beatmap: Beatmap, replay: Replay, options) -> float:
    """How much more a judged play lost than was asked, in logarithms; or how much larger its
    unstable rate is, where only that was asked for."""
    if (accuracy := target_accuracy(options)) is not None:
        return math.log(max(1 - replay.accuracy, 0.002) / max(1 - accuracy, 0.002))
    errors_ms = judge(beatmap, replay).hit_error_ms / beatmap.rate
    hits = errors_ms[np.isfinite(errors_ms)]
    rate = 10 * hits.std() if len(hits) else 1000.0
    return math.log(max(rate, 10.0) / options.unstable_rate)


def play_to_target(
    play: Callable[[float, Callable[[float], None]], Replay],
    beatmap: Beatmap,
    options,
    tick: Callable[[float], None],
) -> Replay:
    """Of at most TRIES plays the nearest to what was asked; one play where nothing was.

    play(loosened, tick) -> a judged replay; a loosened one loses more.
    """
    if target_accuracy(options) is None and options.unstable_rate is None:
        return play(0.0, tick)
    found: list[tuple[float, float]] = []  # loosened by, off target by
    nearest, sloppiness = None, 0.0
    for number in range(TRIES):
        replay = play(sloppiness, lambda share, n=number: tick((n + share) / TRIES))
        off = off_target(beatmap, replay, options)
        if nearest is None or abs(off) < min(abs(o) for _, o in found):
            nearest = replay
        found.append((sloppiness, off))
        if abs(off) <= NEAR:
            break
        sloppiness = float(np.clip(next_try(found), -MOST, MOST))
        if any(abs(sloppiness - before) < 0.01 for before, _ in found):
            break
    return nearest


def next_try(found: list[tuple[float, float]]) -> float:
    """Where `off` may be 0, of plays (loosened, off): between the nearest of both sides where there
    are both; else beyond the last one, by the slope of the last two where that can be so."""
    under, over = [f for f in found if f[1] < 0], [f for f in found if f[1] >= 0]
    if under and over:
        (a, off_a), (b, off_b) = max(under, key=lambda f: f[1]), min(over, key=lambda f: f[1])
        return a - off_a * (b - a) / (off_b - off_a)
    slope = RESPONSE
    if len(found) > 1:
        (a, off_a), (b, off_b) = found[-2:]
        slope = float(np.clip((off_b - off_a) / (b - a), RESPONSE / 3, 2 * RESPONSE))
    return found[-1][0] - found[-1][1] / slope


def with_sloppiness(style: Tensor, by: float, options) -> Tensor:
    """The style (len(Style),) of the same person on a worse day, or a better one where `by` is
    below 0. An unstable rate that was asked for moves alone, or stays where accuracy moves."""
    style = style.clone()
    accuracy, rate = target_accuracy(options), options.unstable_rate
    if rate is None or accuracy is None:
        style[Style.SPREAD] += by
    if rate is None or accuracy is not None:
        style[Style.AIM] += 0.7 * by
        style[Style.ACCURACY] += 2 * by
    return style


def target_accuracy(options) -> float | None:
    return SKILLS[options.skill] if options.skill else options.accuracy
