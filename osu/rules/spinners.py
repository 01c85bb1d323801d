"""Spinners by stable's rules: the turns that the game counts for a cursor, and their points.

The game does not count the cursor's turns. Sixty times a second it measures the cursor's angular
velocity; in between, a velocity of the spinner's own chases the measured one with a bounded
acceleration and a cap of 0.05 rad per real ms (477 rpm), and what that velocity adds up to counts.
Only those sixty samples measure and count. A replay has more frames than them, so they have to be
told apart: 585 -> 616 of 716 spinner plays have the header's score since they are.
"""

import math
from dataclasses import dataclass

import numpy as np

from osu.rules.frames import Frames

SIXTIETH_MS = 1000 / 60
SPARE_GAP = 1.4  # a frame is spare if without it the gap is still below this many sixtieths
DENSE_GAP = 0.75  # with a median gap below this many sixtieths no late frame was made up for
WARM_UP_FRAMES = 8  # before a spinner, to know where its first sample follows from
TOP_SPEED = 0.05  # rad per real ms
SPUN_OUT_SPEED = 0.03
SLOW_FRAMES = 1.04  # from this many sixtieths on a velocity is measured over the true time
MOST_BACKWARDS_MS = 100_000  # that the running mean looks at: its weights grow without end
# From this version on a spinner asks for fewer turns and starts at the cursor's angle.
# https://osu.ppy.sh/home/changelog/cuttingedge/20190510.2
EASY_SPINNERS_VERSION = 20190510


@dataclass(frozen=True, eq=False)
class SpinnerResult:
    """One spinner's outcome."""

    points: int  # 300, 100, 50 or 0
    half_turns: float
    frames: list[int]  # the frames at which a half turn was counted, at most one each
    scores: list[int]  # points of each: 1100 with the bonus, 100, or 0


def required_half_turns(od: float, duration_ms: int) -> int:
    """Half turns that a spinner asks for: 3, 5, 7.5 a second at OD 0, 5, 10, in whole ones."""
    per_second = 5 + (od - 5) * (2.5 / 5 if od > 5 else 2 / 5)
    return int(duration_ms / 1000 * per_second)


def spin(
    frames: Frames,
    start: int,
    end: int,
    centre: tuple[float, float],
    od: float,
    rate: float,
    spun_out: bool,
    version: int,
) -> SpinnerResult:
    """Run one spinner, `start` to `end` in integer ms of map time."""
    easy = version >= EASY_SPINNERS_VERSION
    first, over = frames.at_or_after(np.array([start, end + 1])).tolist()
    begin = max(first - WARM_UP_FRAMES, 0)
    span = slice(begin, over + 2)  # the frame that ends it, and one more to tell what that is
    t_ms, buttons = frames.t_ms[span].tolist(), frames.buttons[span].tolist()
    angles = np.arctan2(frames.y[span] - centre[1], frames.x[span] - centre[0]).tolist()
    samples = np.flatnonzero(_sampled(t_ms, buttons, end, SIXTIETH_MS * rate)) + begin
    before, during = samples[samples < first], samples[(samples >= first) & (samples <= over)]

    acceleration = (0.00008 + max(0.0, (5000 - (end - start)) / 1000 / 2000)) / rate
    t_last = t_ms[before[-1] - begin] if len(before) else start
    last_angle = None if easy else 0.0
    measured = velocity = half_turns = 0.0
    spacing = SIXTIETH_MS  # running mean of the map time between samples
    still = 0
    counted = []
    for frame in during.tolist():
        slow = spacing > SIXTIETH_MS * SLOW_FRAMES * rate
        if frame == over and slow:
            break  # a slow game had no frame in between that turned the spinner to its end
        t, angle, button = (column[frame - begin] for column in (t_ms, angles, buttons))
        if spun_out:
            velocity = measured = SPUN_OUT_SPEED
        way, velocity = _chase(velocity, measured, acceleration, min(t, end) - t_last)
        counted_before = int(half_turns)
        half_turns += min(way / math.pi, 1.0)
        if int(half_turns) != counted_before:
            counted.append(frame)

        dt = t - t_last
        delta = angle - (angle if last_angle is None else last_angle)
        if delta < -math.pi:
            delta += 2 * math.pi
        elif delta > math.pi:
            delta -= 2 * math.pi
        decay = 0.999 ** max(dt, -MOST_BACKWARDS_MS)
        spacing = decay * spacing + (1 - decay) * dt
        if delta == 0:
            still += 1
            measured = measured / 3 if still < 2 else 0.0
        else:
            still = 0
            if not button:
                delta = 0.0
            if abs(delta) >= math.pi:
                measured = 0.0
            elif spacing > SIXTIETH_MS * SLOW_FRAMES * rate:
                measured = delta * rate / dt if dt > 0 else 0.0
            else:
                measured = delta / SIXTIETH_MS
        last_angle, t_last = angle, t

    needed = required_half_turns(od, end - start)
    return SpinnerResult(
        _points(len(counted), needed, easy), half_turns, counted, _scores(len(counted), needed)
    )


def _sampled(t_ms: list[int], buttons: list[int], end: int, period_ms: float) -> list[bool]:
    """(F,) true for the frames that are among the game's sixty a second.

    It records others, too: where a key changes, where the spinner's end is scored, and, after a
    late frame, one for each that is to be made up for. Without them the period is still kept.
    """
    count = len(t_ms)
    extra = [i > 0 and _has_a_reason(t_ms, buttons, end, i) for i in range(count)]
    dense = count > 1 and np.median(np.diff(t_ms)) < DENSE_GAP * period_ms
    sampled = [True] * count
    last = t_ms[0] if count else 0
    for i in range(1, count - 1):
        if extra[i] or not (extra[i + 1] or dense):
            sampled[i] = t_ms[i + 1] - last >= SPARE_GAP * period_ms
        if sampled[i]:
            last = t_ms[i]
    return sampled


def _has_a_reason(t_ms: list[int], buttons: list[int], end: int, i: int) -> bool:
    return buttons[i] != buttons[i - 1] or t_ms[i - 1] <= end < t_ms[i]


def _chase(velocity: float, measured: float, acceleration: float, dt: float) -> tuple[float, float]:
    """The way (rad, never negative) of `dt` ms and the velocity after them."""
    gap = measured - velocity
    reach = min(abs(gap), acceleration * max(dt, 0))
    after = max(-TOP_SPEED, min(TOP_SPEED, velocity + math.copysign(reach, gap)))
    ramp = abs(after - velocity) / acceleration
    if velocity * after >= 0:
        way = abs(velocity + after) / 2 * ramp
    else:  # through a standstill: both ways count
        way = (velocity**2 + after**2) / (2 * acceleration)
    return way + abs(after) * max(dt - ramp, 0), after


def _points(counted: int, needed: int, easy: bool) -> int:
    if easy and needed == 0:
        return 300
    great, ok, meh = (
        (needed + 1, needed - 1, needed // 4) if easy else (needed + 2, needed + 1, needed)
    )
    return 300 if counted >= great else 100 if counted >= ok else 50 if counted >= meh else 0


def _scores(counted: int, needed: int) -> list[int]:
    """Points of each half turn: 100 for every second one, 1000 more once 3 are to spare."""
    spare = [n - (needed + 3) for n in range(1, counted + 1)]
    return [
        1100 if over > 0 and over % 2 == 0 else 100 * (n > 1 and n % 2 == 0)
        for n, over in enumerate(spare, 1)
    ]
