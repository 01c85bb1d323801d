"""A replay's frames as the game sees them, and the order in which it handles what they do.

Everything that happens in a play is ordered by one integer, its order key: `PHASES` per replay
frame, because within a frame the game first hands out the presses (`CLICK`), then looks at sliders
and spinners (`FOLLOW`), then ends what has run out (`END`).
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

CLICK, FOLLOW, END = range(3)
PHASES = 3

# The largest float32 error of a slider's duration: a time this close to a whole number may be
# rounded down to the ms before.
AMBIGUOUS_MS = 1e-3


# Before this version an object locked those behind it only while its own hit window lasted, so a
# slider that was hit let go of the next object long before its end (seen in the reference headers:
# 195 -> 210 of the 217 older ones are met). https://osu.ppy.sh/home/changelog/cuttingedge/20190506
LONG_LOCK_VERSION = 20190506

Index = TypeVar("Index", int, np.ndarray)


def order_key(frame: Index, phase: int) -> Index:
    """The order key of what happens in a phase of a frame."""
    return PHASES * frame + phase


def frame_of(key: Index) -> Index:
    """The frame of an order key."""
    return key // PHASES


@dataclass(frozen=True, eq=False)
class Frames:
    """A replay's frames as the game sees them: the two buttons, whichever key they come from."""

    t_ms: np.ndarray  # (F,) i8, as stored: it may run backwards
    x: np.ndarray  # (F,) f8 osu!px, the cursor's place
    y: np.ndarray  # (F,) f8 osu!px
    buttons: np.ndarray  # (F,) i8: 1 left, 2 right, 3 both
    pressed: np.ndarray  # (F,) i8: those that went down in this frame
    clock_ms: np.ndarray  # (F,) i8, the latest time so far: what has run out stays so
    long_lock: bool  # an object that is still open locks until it ends

    def at_or_after(self, t_ms: np.ndarray, ambiguous: np.ndarray | bool = False) -> np.ndarray:
        """Index of the first frame at or after each time; F where there is none.

        ambiguous -- where the true time is t_ms or 1 ms earlier (see `floor_ms`): then a frame 1 ms
        before it counts, because the game records a frame when it scores.
        """
        frame = np.searchsorted(self.clock_ms, t_ms, side="left")
        if np.any(ambiguous) and len(self.clock_ms):
            frame = frame - (ambiguous & (frame > 0) & (self.clock_ms[frame - 1] == t_ms - 1))
        return frame

    def end_key(self, t_ms: np.ndarray, ambiguous: np.ndarray | bool = False) -> np.ndarray:
        """The order key at which the game ends what runs out at `t_ms`."""
        return order_key(self.at_or_after(t_ms, ambiguous), END)


def floor_ms(t_ms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times -> (the integer ms that stable uses, rounded down; true where those are ambiguous).

    Stable adds up a slider's duration piece by piece in float32. Where the exact value is a whole
    number the sum may fall just short of it and be rounded down to the ms before.
    """
    nearest = np.rint(t_ms)
    ambiguous = np.abs(t_ms - nearest) < AMBIGUOUS_MS
    return np.where(ambiguous, nearest, np.floor(t_ms)).astype(np.int64), ambiguous


def make_frames(t_ms: np.ndarray, xy: np.ndarray, buttons: np.ndarray, version: int) -> Frames:
    """Frames of arrays: times (F,), positions (F, 2) osu!px, and buttons (F,) whose bit 0 is M1 or
    K1 and whose bit 1 is M2 or K2; `version` is the game's."""
    t_ms = np.asarray(t_ms).astype(np.int64)
    buttons = np.asarray(buttons).astype(np.int64) & 3
    before = np.concatenate([[0], buttons[:-1]])
    return Frames(
        t_ms=t_ms,
        x=np.asarray(xy[:, 0], np.float64),
        y=np.asarray(xy[:, 1], np.float64),
        buttons=buttons,
        pressed=buttons & ~before,
        clock_ms=np.maximum.accumulate(t_ms) if len(t_ms) else t_ms,
        long_lock=version >= LONG_LOCK_VERSION,
    )
