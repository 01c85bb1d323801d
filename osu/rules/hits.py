"""Presses by stable's rules: hit windows and note lock decide which object each one hits."""

from dataclasses import dataclass

import numpy as np

from osu.formats.beatmap import Beatmap, Kind
from osu.rules.frames import CLICK, Frames, order_key

HITTABLE_MS = 400  # a press further away than this shakes the object and does nothing else
LOCK_LENIENCY_MS = 3  # an object that starts this soon after another's end is not locked by it
NEVER_MS = 1 << 60


@dataclass(frozen=True, eq=False)
class Clicks:
    """The press that hit each object's circle or slider head, and what the object got for it."""

    frame: np.ndarray  # (N,) i8: the frame whose press hit the circle or the head, -1 for none
    order_key: np.ndarray  # (N,) i8: when circle or head was judged
    points: np.ndarray  # (N,) i8: 300, 100, 50 or 0 for it; 0 for spinners


def hit_objects(beatmap: Beatmap, frames: Frames, start: np.ndarray, done: np.ndarray) -> Clicks:
    """Hand out the presses of a play, each to the first object that may take it.

    start -- (N,) i8 starts in integer ms
    done -- (N,) i8 order key at which a slider or a spinner ends; for a circle that nobody hits,
    the one at which it is missed
    """
    n = len(start)
    w300, w100, w50 = beatmap.window300_ms, beatmap.window100_ms, beatmap.window50_ms
    head_missed = frames.end_key(start + int(w50) + 1)
    kind = beatmap.kind.tolist()
    is_circle = [k == Kind.CIRCLE for k in kind]
    judged_at = np.where(beatmap.kind == Kind.CIRCLE, done, head_missed)
    open_until = done.tolist()  # an object locks those behind it until then
    head_until = judged_at.tolist()  # its head can be hit until then
    hit_frame = [-1] * n
    points = [0] * n

    starts = start.tolist()
    end = beatmap.end_ms.astype(np.int64).tolist()
    stack = beatmap.stack.tolist()
    x, y = beatmap.xy[:, 0].tolist(), beatmap.xy[:, 1].tolist()
    visible = (start - int(beatmap.preempt_ms)).tolist()
    # Old versions of the game: a head locks, and can be hit, no longer than its window lasts.
    lock_until = [NEVER_MS] * n if frames.long_lock else (start + int(w50)).tolist()
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
        now = order_key(frame, CLICK)
        while first < n and open_until[first] < now:
            first += 1
        presses_left = 2 if pressed == 3 else 1
        lock_end = NEVER_MS  # the earliest end of an object that is still open
        previous = -1  # the open object before this one
        i = first
        while i < n and visible[i] < t:
            if open_until[i] >= now:
                dx, dy = cx - x[i], cy - y[i]
                in_reach = dx * dx + dy * dy <= radius2 and kind[i] != Kind.SPINNER
                if in_reach and head_until[i] >= now and t <= lock_until[i]:
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
                    judged_at[i] = now
                    if is_circle[i]:
                        open_until[i] = now - 1
                    presses_left -= 1
                    if presses_left == 0:
                        break
                if open_until[i] >= now and t < lock_until[i]:
                    previous = i
                    lock_end = min(lock_end, end[i])
            i += 1
    return Clicks(np.array(hit_frame), judged_at, np.array(points))
