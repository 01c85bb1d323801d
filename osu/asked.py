"""Plays that come out as asked: `--accuracy`, `--skill` and `--ur`.

A network knows the accuracy that a play in a style should have, but not what this map does to it.
So a play is judged, and where it lost too much or too little it is played again by the same person
in the same way, only more exactly or more loosely.
"""

import math
from collections.abc import Callable

import numpy as np

from osu.beatmap import Beatmap
from osu.judge import judge
from osu.replay import Replay
from osu.whole import asked_accuracy

TRIES = 4
NEAR = 0.06  # in logarithms of what is lost: .3 % at 95 %
RESPONSE = 1.6  # of the logarithm of what is lost to `loosened` (measured: 1.1 to 1.7)
MOST = 1.6


def off_target(beatmap: Beatmap, replay: Replay, options) -> float:
    """How much more a judged play lost than was asked, in logarithms; or how much larger its
    unstable rate is, where only that was asked for."""
    if (accuracy := asked_accuracy(options)) is not None:
        return math.log(max(1 - replay.accuracy, 0.002) / max(1 - accuracy, 0.002))
    errors_ms = judge(beatmap, replay).hit_error_ms / beatmap.rate
    hits = errors_ms[np.isfinite(errors_ms)]
    rate = 10 * hits.std() if len(hits) else 1000.0
    return math.log(max(rate, 10.0) / options.unstable_rate)


def play_as_asked(
    play: Callable[[float, Callable[[float], None]], Replay],
    beatmap: Beatmap,
    options,
    tick: Callable[[float], None],
) -> Replay:
    """Of at most TRIES plays the nearest to what was asked; one play where nothing was.

    play(loosened, tick) -> a judged replay; a loosened one loses more.
    """
    if asked_accuracy(options) is None and options.unstable_rate is None:
        return play(0.0, tick)
    found: list[tuple[float, float]] = []  # loosened by, off target by
    nearest, loosened = None, 0.0
    for number in range(TRIES):
        replay = play(loosened, lambda share, n=number: tick((n + share) / TRIES))
        off = off_target(beatmap, replay, options)
        if nearest is None or abs(off) < min(abs(o) for _, o in found):
            nearest = replay
        found.append((loosened, off))
        if abs(off) <= NEAR:
            break
        loosened = float(np.clip(loosened - off / slope(found), -MOST, MOST))
        if any(abs(loosened - before) < 0.01 for before, _ in found):
            break
    return nearest


def slope(found: list[tuple[float, float]]) -> float:
    """How `off` answers to `loosened`: between the last two plays, where that can be so."""
    if len(found) < 2:
        return RESPONSE
    (a, off_a), (b, off_b) = found[-2:]
    return float(np.clip((off_b - off_a) / (b - a), RESPONSE / 2, 2 * RESPONSE))
