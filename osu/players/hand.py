"""A model of the hand at rest: a dead zone when slow. What a device and the game make of it is
osu.features.recorder's.

A hand on a desk trembles and drifts less than it takes to move a mouse or a pen, so recorded
cursors rest exactly still (humans: 4 % of all frames). Networks, which only ever draw numbers that
are nearly the same, do not: 0.1 to 0.4 % of their frames are.
"""

import math

import numpy as np

from osu.units import SCREEN_PX, to_px, to_unit

# Measured once on the training plays; no command. Spreads are standard deviations of the logarithm.
SLOW_PX = 1.0  # a frame: a hand slower than this may come to rest
DEAD_ZONE_PX = 1.3  # the median of people's dead zones
DEAD_ZONE_SPREAD, MAX_DEAD_ZONE_PX = 1.2, 6.0
CATCH_UP = 0.5  # share of the way to the hand that the cursor makes in a frame once it moves again


def apply_dead_zone(
    cursor: np.ndarray, rng: np.random.Generator, median_px: float = DEAD_ZONE_PX
) -> np.ndarray:
    """A cursor (T, 2) in units, on the 60 Hz grid, as one person's pointing device shows it.

    `median_px` is the median of people's dead zones; a network that rests by itself needs less.
    """
    hand_px = to_px(cursor.astype(np.float64))
    shown_px = dead_zone(hand_px, draw_dead_zone_px(rng, median_px))
    return to_unit(np.clip(shown_px, *SCREEN_PX)).astype(np.float32)


def draw_dead_zone_px(rng: np.random.Generator, median_px: float = DEAD_ZONE_PX) -> float:
    """One person's dead zone: how far the hand goes before a resting cursor follows, osu!px."""
    return min(MAX_DEAD_ZONE_PX, median_px * float(np.exp(rng.normal(0, DEAD_ZONE_SPREAD))))


def dead_zone(xy: np.ndarray, reach_px: float) -> np.ndarray:
    """A cursor (T, 2) osu!px, a frame each 1/60 s, as a pointing device shows it.

    It rests from where the hand is slow until the hand has gone `reach_px` from there, and is
    where the hand is a few frames later. A reach of 0 changes nothing.
    """
    shown = xy.tolist()
    last_x, last_y = cursor_x, cursor_y = shown[0]
    gap_x = gap_y = 0.0  # from the hand to the cursor
    resting = False
    for frame, (x, y) in enumerate(xy.tolist()):
        gone = math.hypot(x - cursor_x, y - cursor_y)
        if resting and gone > reach_px:
            resting = False
            gap_x, gap_y = (cursor_x - x) * reach_px / gone, (cursor_y - y) * reach_px / gone
        if not resting:
            gap_x, gap_y = gap_x * (1 - CATCH_UP), gap_y * (1 - CATCH_UP)
            cursor_x, cursor_y = x + gap_x, y + gap_y
            resting = math.hypot(x - last_x, y - last_y) < min(SLOW_PX, reach_px)
        shown[frame] = (cursor_x, cursor_y)
        last_x, last_y = x, y
    return np.array(shown)
