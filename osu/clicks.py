"""Which press hits which circle or slider head, by stable's rules: the hit windows and note lock.

Everything that happens in a play is ordered by one integer, its *moment*: three per replay frame,
because within a frame the game first hands out the presses, then looks at sliders and spinners,
then ends what has run out (`CLICK`, `FOLLOW`, `END`).
"""

from dataclasses import dataclass

import numpy as np

from osu.beatmap import Beatmap, Kind

CLICK, FOLLOW, END = range(3)
HITTABLE_MS = 400  # a press further away than this shakes the object and does nothing else
LOCK_LENIENCY_MS = 3  # an object that starts this soon after another's end is not locked by it
VAGUE_MS = 1e-3  # what float32 may add up to over a slider
# Before this version an object locked those behind it only while its own hit window lasted, so a
# slider that was hit let go of the next object long before its end (seen in the reference headers:
# 195 -> 210 of the 217 older ones are met). https://osu.ppy.sh/home/changelog/cuttingedge/20190506
LONG_LOCK_VERSION = 20190506
NEVER_MS = 1 << 60


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

        vague -- where the true time is t_ms or 1 ms earlier (see `whole_ms`): then a frame 1 ms
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


def whole_ms(t_ms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times -> the whole ms that stable uses (rounded down), and where that is vague.

    Stable adds up a slider's duration piece by piece in float32. Where the exact value is a whole
    number the sum may fall just short of it and be rounded down to the ms before.
    """
    nearest = np.rint(t_ms)
    vague = np.abs(t_ms - nearest) < VAGUE_MS
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


@dataclass(frozen=True, eq=False)
class Clicks:
    """What the presses did, per object."""

    frame: np.ndarray  # (N,) i8: the frame whose press hit the circle or the head, -1 for none
    moment: np.ndarray  # (N,) i8: when circle or head was judged
    points: np.ndarray  # (N,) i8: 300, 100, 50 or 0 for it; 0 for spinners


def hit_objects(beatmap: Beatmap, frames: Frames, start: np.ndarray, done: np.ndarray) -> Clicks:
    """Hand out the presses of a play.

    start -- (N,) i8 whole ms
    done -- (N,) i8 moment at which a slider or a spinner ends; for a circle that nobody hits, the
    moment at which it is missed
    """
    n = len(start)
    w300, w100, w50 = beatmap.window300_ms, beatmap.window100_ms, beatmap.window50_ms
    head_missed = frames.end_moment(start + int(w50) + 1)
    kind = beatmap.kind.tolist()
    is_circle = [k == Kind.CIRCLE for k in kind]
    moment = np.where(beatmap.kind == Kind.CIRCLE, done, head_missed)
    open_until = done.tolist()  # an object locks those behind it until then
    head_until = moment.tolist()  # its head can be hit until then
    hit_frame = [-1] * n
    points = [0] * n

    starts = start.tolist()
    end = beatmap.end_ms.astype(np.int64).tolist()
    stack = beatmap.stack.tolist()
    x, y = beatmap.xy[:, 0].tolist(), beatmap.xy[:, 1].tolist()
    visible = (start - int(beatmap.preempt_ms)).tolist()
    lapse = (start + int(w50)).tolist() if not frames.long_lock else [NEVER_MS] * n
    radius2 = beatmap.radius_px**2

    clicks = np.flatnonzero(frames.pressed)
    rows = zip(
        clicks.tolist(),
        frames.t_ms[clicks].tolist(),
        frames.x[clicks].tolist(),
        frames.y[clicks].tolist(),
        frames.pressed[clicks].tolist(),
        strict=True,
    )
    first = 0
    for frame, t, cx, cy, pressed in rows:
        now = 3 * frame + CLICK
        while first < n and open_until[first] < now:
            first += 1
        left = 2 if pressed == 3 else 1  # presses that are still to be handed out
        lock_end = NEVER_MS  # the earliest end of an object that is still open
        previous = -1  # the open object before this one
        i = first
        while i < n and visible[i] < t:
            if open_until[i] >= now:
                dx, dy = cx - x[i], cy - y[i]
                in_reach = dx * dx + dy * dy <= radius2 and kind[i] != Kind.SPINNER
                if in_reach and head_until[i] >= now and t <= lapse[i]:
                    locked = (
                        lock_end + LOCK_LENIENCY_MS < starts[i]
                        or (is_circle[i] and previous >= 0 and stack[previous] > 0)
                        or abs(t - starts[i]) >= HITTABLE_MS
                    )
                    if locked:
                        break
                    error = abs(t - starts[i])
                    points[i] = (
                        300 if error < w300 else 100 if error < w100 else 50 if error < w50 else 0
                    )
                    hit_frame[i] = frame
                    head_until[i] = now - 1
                    moment[i] = now
                    if is_circle[i]:
                        open_until[i] = now - 1
                    left -= 1
                    if left == 0:
                        break
                if open_until[i] >= now and t < lapse[i]:
                    previous = i
                    lock_end = min(lock_end, end[i])
            i += 1
    return Clicks(np.array(hit_frame), moment, np.array(points))
