"""Synthetic spins: the paths from which the denoiser starts spinners.

A spinner is two seconds in a hundred of play, and the denoiser learned its speed but not that a
turn goes on: it turned at a third of the humans' rate, back and forth. So while a play is still
coarse, its cursor in spinners is drawn here; the denoiser makes the rest of it, and everything
finer.

The way and the radius are a person's: of 91 people with two plays and more 50 always turn
anticlockwise and 35 always clockwise; between one person's plays a third of the variance of the
radius' logarithm is left. Some go as wide as the screen lets them and run along its edges.

A turn is an ellipse, and none is quite like the one before: centre, radius, shape and speed wander.
A hand that comes late turns at once, wide and slowly at first; with time before the spinner it
begins ahead of it. Where the next object is near it leaves early, otherwise it goes on past the
end. The numbers below were measured once on 1,400 spinners of the training plays; no command.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from osu.features.chart import Chart, ObjectColumn
from osu.features.style import Spin, spinner_rows
from osu.units import FRAME_HZ, SCREEN_PX, UNIT_PX, to_unit

# Where no play of the person with spinners is known: median, standard deviation of the logarithm.
RPM, RPM_SPREAD = 324.0, 0.13
RADIUS_MEDIAN_PX, RADIUS_SPREAD = 45.0, 0.42
CLOCKWISE = 0.3

# A turn is e^(ia) + shape e^(-ia), a the angle; its long axis is the longer by 1 + 2 |shape|.
SHAPE = 0.085  # mean: a little wider than high
# Standard deviations. Those of complex numbers are of each part; centres are in radii, radius and
# speed are logarithms.
PEOPLES_SHAPE_SPREAD, PEOPLES_CENTRE_SPREAD = 0.13, 0.10
PEOPLES_WANDER_SPREAD = 0.3  # of the logarithm of how far what follows goes from turn to turn
# Between a person's spinners (beyond what one play's radius and speed tell of a person), and from
# turn to turn in one.
SHAPE_SPREAD = (0.07, 0.09)
CENTRE_SPREAD = (0.12, 0.21)
RADIUS_LOG_SPREAD = (0.15, 0.22)
SPEED_LOG_SPREAD = (0.04, 0.07)
MEDIAN_RADII = 1.07  # from the playfield's centre to such a path, median of 400 spins

FIRST_WIDER, FIRST_WIDER_FRAMES = 0.45, 20  # log of the radius at first, and how fast that is over
FIRST_SLOWER, FIRST_SLOWER_FRAMES = 0.25, 8  # share of the speed
SOON_S = 0.25  # a spinner that begins so soon after the object before leaves no time
BEGIN_LATE_FRAMES, BEGIN_EARLY_FRAMES = 1, -6  # from the start: without time, with it; at least ...
BEGIN_LATER_FRAMES = 5  # ... and on average so much later
LEAVE_GAP_S = (0.15, 0.35, 0.65, 1.0)  # from the end to the next object ...
LEAVE_FRAMES = (-5, 2, 10, 18)  # ... and when one stops turning then, from the end
LEAVE_SPREAD_FRAMES = 5
WAY_FRAMES = 9  # left at least for the way to the next object
BLEND_FRAMES = 6  # in which the cursor comes to the path, and leaves it


@dataclass(frozen=True)
class Habit:
    """What stays the same through a person's spins, beside osu.features.style.Spin. Complex numbers
    are as those of a play in which one turns clockwise."""

    shape: complex
    centre: complex  # radii from the playfield's
    wander: float  # how far all that wanders does so, of a median person's

    @staticmethod
    def draw(rng: np.random.Generator) -> "Habit":
        shape = SHAPE + PEOPLES_SHAPE_SPREAD * _plane(rng)
        centre = PEOPLES_CENTRE_SPREAD * _plane(rng)
        return Habit(shape, centre, float(np.exp(rng.normal(0, PEOPLES_WANDER_SPREAD))))


def spinner_path(
    chart: Chart, rng: np.random.Generator, spin: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The paths in a map's spinners of somebody who turns them like `spin` (len(Spin),), and how
    far each path replaces the cursor's own.

    Returns (T, 2) float32 units, and (T, 1) float32 shares 0 .. 1, 0 away from spinners.
    """
    path = np.zeros((chart.frames, 2), np.float32)
    share = np.zeros((chart.frames, 1), np.float32)
    if spin is None or np.isnan(spin).any():
        turn = 1 if rng.random() < CLOCKWISE else -1
        rpm = turn * RPM * np.exp(rng.normal(0, RPM_SPREAD))
        spin = np.array([rpm, RADIUS_MEDIAN_PX * np.exp(rng.normal(0, RADIUS_SPREAD))])
    habit = Habit.draw(rng)
    for row, first, last in spinner_rows(chart, chart.frames):
        begin, end = _turning_frames(chart, row, first, last, rng)
        frames = np.arange(max(begin - BLEND_FRAMES, 0), min(end + BLEND_FRAMES + 1, chart.frames))
        turned = _turns(frames - begin, spin, habit, rng)
        path[frames] = np.clip(turned, *to_unit(SCREEN_PX))
        inside = np.minimum(frames - begin, end - frames) / BLEND_FRAMES + 1
        share[frames, 0] = np.maximum(share[frames, 0], np.clip(inside, 0, 1))
    return path, share


def _turning_frames(
    chart: Chart, row: int, first: int, last: int, rng: np.random.Generator
) -> tuple[int, int]:
    """First and last frame in which one turns the spinner `row` of the chart's objects, itself in
    the frames `first` .. `last`."""
    start_s, end_s = chart.objects[:, ObjectColumn.START_S], chart.objects[:, ObjectColumn.END_S]
    before_s = start_s[row] - end_s[row - 1] if row else np.inf
    after_s = start_s[row + 1] - end_s[row] if row + 1 < len(start_s) else np.inf
    begin = BEGIN_LATE_FRAMES if before_s < SOON_S else BEGIN_EARLY_FRAMES
    leave = np.interp(after_s, LEAVE_GAP_S, LEAVE_FRAMES)
    begin = first + round(begin + rng.exponential(BEGIN_LATER_FRAMES))
    begin = int(np.clip(begin, 0, (first + last) // 2))
    leave = min(rng.normal(leave, LEAVE_SPREAD_FRAMES), after_s * FRAME_HZ - WAY_FRAMES)
    return begin, max(begin, last + round(leave))


def _turns(
    since: np.ndarray, spin: np.ndarray, habit: Habit, rng: np.random.Generator
) -> np.ndarray:
    """(F, 2) units: one spin in successive frames, `since` (F,) of them after it began."""
    begun = np.maximum(since, 0)
    way, turns = np.sign(spin[Spin.RPM]), np.abs(spin[Spin.RPM]) / (60 * FRAME_HZ) * since

    def wandering(between: float, within: float) -> np.ndarray:
        return between * rng.normal() + habit.wander * within * _wander(turns, rng)

    speed = np.exp(wandering(*SPEED_LOG_SPREAD))
    speed *= 1 - FIRST_SLOWER * np.exp(-begun / FIRST_SLOWER_FRAMES)
    radius = wandering(*RADIUS_LOG_SPREAD) + FIRST_WIDER * np.exp(-begun / FIRST_WIDER_FRAMES)
    radius = spin[Spin.RADIUS_PX] / (UNIT_PX * MEDIAN_RADII) * np.exp(radius)
    shape = habit.shape + wandering(*SHAPE_SPREAD) + 1j * wandering(*SHAPE_SPREAD)
    centre = habit.centre + wandering(*CENTRE_SPREAD) + 1j * wandering(*CENTRE_SPREAD)
    angle = 2 * np.pi * (rng.random() + np.cumsum(np.gradient(turns) * speed))
    z = radius * (centre + np.exp(1j * angle) + shape * np.exp(-1j * angle))
    return np.stack([z.real, way * z.imag], -1)


def _wander(turns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(F,) a smooth curve over `turns` (F,), which rise: about normal, anew from turn to turn."""
    knots = np.arange(np.floor(turns[0]) - 1, np.ceil(turns[-1]) + 2)
    return CubicSpline(knots, rng.normal(size=len(knots)))(turns)


def _plane(rng: np.random.Generator) -> complex:
    """A complex number, both parts standard normal."""
    return complex(*rng.normal(size=2))
