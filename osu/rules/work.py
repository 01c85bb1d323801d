"""What judging a play will cost, counted before it is judged: files can be made that cost hours."""

import numpy as np

from osu.errors import UserError
from osu.formats.beatmap import Beatmap, Kind
from osu.rules.frames import CLICK, Frames, order_key

# Steps of each loop, about two seconds. The most of 400 real plays: 55,000 looks of presses.
MOST_STEPS = 2_000_000


class JudgeError(UserError):
    """A play that these rules don't cover; the message is one sentence."""


def check_work(
    beatmap: Beatmap, frames: Frames, start: np.ndarray, end: np.ndarray, done: np.ndarray
) -> None:
    """JudgeError where judging would take too long or too much memory.

    start, end -- (N,) i8 in integer ms; done -- (N,) i8 order keys, see `osu.rules.hits`
    """
    counts = count_work(beatmap, frames, start, end, done)
    for what, count in counts.items():
        if count > MOST_STEPS:
            raise JudgeError(f"judging it would take {count} {what}, more than any real play")


def count_work(
    beatmap: Beatmap, frames: Frames, start: np.ndarray, end: np.ndarray, done: np.ndarray
) -> dict[str, int]:
    """How many steps of which kind judging takes at most."""
    spinner, slider = beatmap.kind == Kind.SPINNER, beatmap.kind == Kind.SLIDER
    turned = frames.at_or_after(end[spinner] + 1) - frames.at_or_after(start[spinner])
    # A press looks at the objects that have appeared, from the first that is open on.
    presses = np.flatnonzero(frames.pressed)
    appeared = np.searchsorted(start - int(beatmap.preempt_ms), frames.t_ms[presses])
    ended = np.searchsorted(np.maximum.accumulate(done), order_key(presses, CLICK))
    pieces = np.diff(beatmap.path_start)[slider] * beatmap.slides[slider].astype(np.int64)
    return {
        "looks at spinners": int(np.maximum(turned, 0).sum()),
        "looks of presses at objects": int(np.maximum(appeared - ended, 0).sum()),
        "pieces of slider paths": int(pieces.sum()),
    }
