"""Spinners by stable's rules: how far the game says the cursor turned, and what it gives for it.

The game does not count the cursor's turns. Sixty times a second it measures the cursor's angular
velocity; in between, a velocity of the spinner's own chases the measured one with a bounded
acceleration and a cap of 0.05 rad per real ms (477 rpm), and what that velocity adds up to counts.
"""

import math
from dataclasses import dataclass

import numpy as np

from osu.clicks import Frames

SIXTIETH_MS = 1000 / 60
EARLY_SHARE = 0.6  # a frame this soon (in sixtieths) is one that the game recorded for a key
TOP_SPEED = 0.05  # rad per real ms
SPUN_OUT_SPEED = 0.03
SLOW_FRAMES = 1.04  # from this many sixtieths on a velocity is measured over the true time
# From this version on a spinner asks for fewer turns and starts at the cursor's angle.
# https://osu.ppy.sh/home/changelog/cuttingedge/20190510.2
EASY_SPINNERS_VERSION = 20190510


@dataclass(frozen=True, eq=False)
class Spin:
    """One spinner's outcome."""

    points: int  # 300, 100, 50 or 0
    half_turns: float
    frames: list[int]  # the frames at which a half turn was counted, at most one each
    scores: list[int]  # what it gave: 1100 bonus, 100, or 0


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
) -> Spin:
    """Run one spinner, `start` to `end` in whole ms of map time."""
    easy = version >= EASY_SPINNERS_VERSION
    a, b = frames.at_or_after(np.array([start, end])).tolist()
    x, y = frames.x[a:b] - centre[0], frames.y[a:b] - centre[1]
    rows = zip(
        range(a, b),
        frames.t_ms[a:b].tolist(),
        np.arctan2(y, x).tolist(),
        frames.buttons[a:b].tolist(),
        strict=True,
    )
    acceleration = (0.00008 + max(0.0, (5000 - (end - start)) / 1000 / 2000)) / rate
    before = max(a - 1, 0)
    t_last, held = int(frames.t_ms[before]) if b else start, int(frames.buttons[before]) if b else 0
    last_angle = None if easy else 0.0
    wanted = velocity = turned = 0.0
    spacing = SIXTIETH_MS  # running mean of the map time between frames
    still = 0
    counted = []
    for frame, t, angle, button in rows:
        dt = t - t_last
        if button != held and dt < EARLY_SHARE * SIXTIETH_MS * rate:
            held = button
            continue
        held = button
        if spun_out:
            velocity = wanted = SPUN_OUT_SPEED
        way, velocity = _chase(velocity, wanted, acceleration, dt)
        whole = int(turned)
        turned += way / math.pi
        if int(turned) != whole:
            counted.append(frame)

        delta = angle - (angle if last_angle is None else last_angle)
        if delta < -math.pi:
            delta += 2 * math.pi
        elif delta > math.pi:
            delta -= 2 * math.pi
        decay = 0.999**dt
        spacing = decay * spacing + (1 - decay) * dt
        if delta == 0:
            still += 1
            wanted = wanted / 3 if still < 2 else 0.0
        else:
            still = 0
            if not button:
                delta = 0.0
            if abs(delta) >= math.pi:
                wanted = 0.0
            elif spacing > SIXTIETH_MS * SLOW_FRAMES * rate:
                wanted = delta * rate / dt if dt > 0 else 0.0
            else:
                wanted = delta / SIXTIETH_MS
        last_angle, t_last = angle, t

    if b > a:  # the velocity goes on until the end, but no longer than to the next frame
        rest = min(end - t_last, SIXTIETH_MS * rate)
        whole = int(turned)
        turned += _chase(velocity, wanted, acceleration, rest)[0] / math.pi
        if int(turned) != whole:
            counted.append(b - 1)
    needed = required_half_turns(od, end - start)
    return Spin(_points(len(counted), needed, easy), turned, counted, _scores(len(counted), needed))


def _chase(velocity: float, wanted: float, acceleration: float, dt: float) -> tuple[float, float]:
    """The way (rad, never negative) of `dt` ms and the velocity after them."""
    gap = wanted - velocity
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
    """What each half turn gives: every second one 100, with 1000 more once 3 are to spare."""
    spare = [n - (needed + 3) for n in range(1, counted + 1)]
    return [
        1100 if over > 0 and over % 2 == 0 else 100 * (n > 1 and n % 2 == 0)
        for n, over in enumerate(spare, 1)
    ]
