"""A replay's frames as the game sees them, and the order in which it handles what they do.

Everything that happens in a play is ordered by one integer, its *moment*: three per replay frame,
because within a frame the game first hands out the presses, then looks at sliders and spinners,
then ends what has run out (`CLICK`, `FOLLOW`, `END`).
"""

from dataclasses import dataclass

import numpy as np

CLICK, FOLLOW, END = range(3)


AMBIGUOUS_MS = 1e-3  # what float32 may add up to over a slider


# Before this version an object locked those behind it only while its own hit window lasted, so a
# slider that was hit let go of the next object long before its end (seen in the reference headers:
# 195 -> 210 of the 217 older ones are met). https://osu.ppy.sh/home/changelog/cuttingedge/20190506
LONG_LOCK_VERSION = 20190506


@dataclass(frozen=True, eq=False)
class Frames:
    """A replay's frames as the game sees them: the two buttons, whichever key they come from."""

    t_ms: np.ndarray  # (F,) i8, as stored: it may run backwards
    x: np.ndarray  # (F,) f8 osu!px
    y: np.ndarray
    buttons: np.ndarray  # (F,) i8: 1 left, 2 right, 3 both
    pressed: np.ndarray  # (F,) i8: those that went down in this frame
    clock_ms: np.ndarray  # (F,) i8, the latest time so far: what has run out stays so
    long_lock: bool  # an object that is still open locks until it ends

    def at_or_after(self, t_ms: np.ndarray, vague: np.ndarray | bool = False) -> np.ndarray:
        """Index of the first frame at or after each time; F where there is none.

        vague -- where the true time is t_ms or 1 ms earlier (see `floor_ms`): then a frame 1 ms
        before it counts, because the game records a frame when it scores.
        """
        frame = np.searchsorted(self.clock_ms, t_ms, side="left")
        if np.any(vague) and len(self.clock_ms):
            frame = frame - (vague & (frame > 0) & (self.clock_ms[frame - 1] == t_ms - 1))
        return frame

    def passed_before(self, t_ms: np.ndarray) -> np.ndarray:
        """Whether no frame lies at `t_ms` itself."""
        at = np.append(self.clock_ms, np.iinfo(np.int64).max)
        return at[self.at_or_after(t_ms)] != t_ms

    def end_moment(self, t_ms: np.ndarray, vague: np.ndarray | bool = False) -> np.ndarray:
        """When something is ended that runs out at `t_ms`."""
        return 3 * self.at_or_after(t_ms, vague) + END


def floor_ms(t_ms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times -> the whole ms that stable uses (rounded down), and where that is vague.

    Stable adds up a slider's duration piece by piece in float32. Where the exact value is a whole
    number the sum may fall just short of it and be rounded down to the ms before.
    """
    nearest = np.rint(t_ms)
    vague = np.abs(t_ms - nearest) < AMBIGUOUS_MS
    return np.where(vague, nearest, np.floor(t_ms)).astype(np.int64), vague


def make_frames(t_ms: np.ndarray, xy: np.ndarray, buttons: np.ndarray, version: int) -> Frames:
    """Frames of arrays; `buttons` has bit 0 for M1 or K1 and bit 1 for M2 or K2."""
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
