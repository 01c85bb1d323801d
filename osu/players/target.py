"""Plays that come out as wanted: `--accuracy`, `--skill` and `--ur`.

A network knows the accuracy that a play in a style should have, but not what this map does to it.
So a play is judged, and where it lost too much or too little it is played again by the same person
in the same way, only more exactly or more loosely: `sloppiness` is 0 for the person's own style,
above 0 for a worse day.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from torch import Tensor

from osu.features.style import Style
from osu.players.generated import GeneratedPlay
from osu.players.options import OnProgress, PlayOptions
from osu.rules.judge import Judgement

TRIES = 4
TOLERANCE = 0.06  # of `off_target`: 0.3 % at an accuracy of 95 %
# d log(1 - accuracy) / d sloppiness, the initial guess of the secant search. Measured once, as 1.6
# to 5; no command.
RESPONSE = 3.2
MOST_SLOPPINESS = 1.2  # in both directions
LEAST_LOST, LEAST_UNSTABLE_RATE = 0.002, 10.0  # where logarithms are taken from
UNSTABLE_RATE_WITHOUT_HITS = 1000.0


class Try(NamedTuple):
    """How one play came out."""

    sloppiness: float
    off: float  # off_target


def off_target(judgement: Judgement, options: PlayOptions) -> float:
    """The logarithm of how much more a play lost than was wanted; or of how much larger its
    unstable rate is, where only that is wanted."""
    if options.target_accuracy is not None:
        wanted = max(1 - options.target_accuracy, LEAST_LOST)
        return math.log(max(1 - judgement.accuracy, LEAST_LOST) / wanted)
    rate = judgement.unstable_rate
    rate = UNSTABLE_RATE_WITHOUT_HITS if math.isnan(rate) else rate
    return math.log(max(rate, LEAST_UNSTABLE_RATE) / options.unstable_rate)


def play_to_target(
    play_once: Callable[[float, OnProgress], GeneratedPlay],
    options: PlayOptions,
    on_progress: OnProgress,
) -> GeneratedPlay:
    """Of at most TRIES plays the nearest to the targets in `options`; one play without a target.

    play_once(sloppiness, on_progress) -> a play, which loses the more the higher its sloppiness.
    """
    if options.target_accuracy is None and options.unstable_rate is None:
        return play_once(0.0, on_progress)
    tries: list[Try] = []
    nearest, sloppiness = None, 0.0
    for number in range(TRIES):
        play = play_once(sloppiness, lambda share, n=number: on_progress((n + share) / TRIES))
        off = off_target(play.judgement, options)
        if nearest is None or abs(off) < min(abs(one.off) for one in tries):
            nearest = play
        tries.append(Try(sloppiness, off))
        if abs(off) <= TOLERANCE:
            break
        sloppiness = float(np.clip(next_sloppiness(tries), -MOST_SLOPPINESS, MOST_SLOPPINESS))
        if any(abs(sloppiness - one.sloppiness) < 0.01 for one in tries):
            break
    return nearest


def which_try(options: PlayOptions, share: float) -> str:
    """What `play_to_target` does where it has reported `share`: "try 2 of at most 4"; "" where
    there is no target."""
    if options.target_accuracy is None and options.unstable_rate is None:
        return ""
    return f"try {min(int(share * TRIES), TRIES - 1) + 1} of at most {TRIES}"


def next_sloppiness(tries: list[Try]) -> float:
    """Where `off` may be 0: between the nearest tries of both sides where there are both; else
    beyond the last one, by the slope of the last two where that can be so."""
    under, over = [t for t in tries if t.off < 0], [t for t in tries if t.off >= 0]
    if under and over:
        (a, off_a), (b, off_b) = max(under, key=lambda t: t.off), min(over, key=lambda t: t.off)
        return a - off_a * (b - a) / (off_b - off_a)
    slope = RESPONSE
    if len(tries) > 1:
        (a, off_a), (b, off_b) = tries[-2:]
        slope = float(np.clip((off_b - off_a) / (b - a), RESPONSE / 3, 2 * RESPONSE))
    return tries[-1].sloppiness - tries[-1].off / slope


def with_sloppiness(style: Tensor, sloppiness: float, options: PlayOptions) -> Tensor:
    """The style (len(Style),) of the same person on a worse day, or on a better one where
    `sloppiness` is below 0.

    What moves is what is to meet the target: a wanted unstable rate moves alone, or stays where a
    wanted accuracy moves.
    """
    style = style.clone()
    accuracy, rate = options.target_accuracy, options.unstable_rate
    if rate is None or accuracy is None:
        style[Style.SPREAD] += sloppiness
    if rate is None or accuracy is not None:
        style[Style.AIM] += 0.7 * sloppiness
        style[Style.ACCURACY] += 2 * sloppiness
    return style
