"""Synthetic spins: the paths from which the denoiser starts spinners.

A spinner is two seconds in a hundred of play, and the denoiser learned its speed but not that a
turn goes on: it turned at a third of the humans' rate, back and forth. So while a play is still
coarse, its cursor in spinners is drawn here; the denoiser makes the rest of it, and everything
finer.

The way and the radius are a person's: of 91 people with two plays and more 50 always turn
anticlockwise and 35 always clockwise; between one person's plays a third of the variance of the
radius' logarithm is left. Some go as wide as the screen lets them and run along its edges.

The numbers below are for where no such play is known. They were measured once on 180 spinners of
the training plays; no command: net rpm 245 / 324 / 404 (p5, p50, p95), radius 19 / 45 / 92 px,
spread of the radius over its mean 0.26 / 0.36 / 0.55.
"""

import numpy as np

from osu.features.chart import Chart
from osu.features.style import SPIN_UP_FRAMES, Spin, spinner_frames
from osu.units import FRAME_HZ, SCREEN_PX, UNIT_PX, to_unit

RPM, RPM_SPREAD = 324.0, 0.13  # median, standard deviation of the log
RADIUS_MEDIAN_PX, RADIUS_SPREAD = 45.0, 0.42
CLOCKWISE = 0.3
FLATNESS = (0.45, 0.9)  # of the ellipse: its short axis over its long one
OFF_CENTRE = 0.2  # standard deviation of its centre, radii
REACT_FRAMES = 4  # until a hand turns
ENTER_FRAMES, LEAVE_FRAMES = 12, 6  # in which the cursor comes to the path, and leaves it


def spinner_path(
    chart: Chart, rng: np.random.Generator, spin: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The paths in a map's spinners of somebody who turns them like `spin` (len(Spin),), and how
    far each path replaces the cursor's own.

    Returns (T, 2) float32 units, and (T, 1) float32 shares 0 .. 1, 0 outside spinners.
    """
    path = np.zeros((chart.frames, 2), np.float32)
    share = np.zeros((chart.frames, 1), np.float32)
    if spin is None or np.isnan(spin).any():
        turn = 1 if rng.random() < CLOCKWISE else -1
        rpm = turn * RPM * np.exp(rng.normal(0, RPM_SPREAD))
        spin = np.array([rpm, RADIUS_MEDIAN_PX * np.exp(rng.normal(0, RADIUS_SPREAD))])
    radius = spin[Spin.RADIUS_PX] / UNIT_PX
    flat, tilt = np.sqrt(rng.uniform(*FLATNESS)), rng.uniform(0, np.pi)
    axes = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    axes *= radius * np.array([[1 / flat], [flat]])
    for first, last in spinner_frames(chart, chart.frames):
        since = np.arange(last - first + 1)
        speed = np.clip((since - REACT_FRAMES) / SPIN_UP_FRAMES, 0, 1) * spin[Spin.RPM]
        angle = 2 * np.pi * (rng.random() + np.cumsum(speed) / (60 * FRAME_HZ))
        centre = rng.normal(0, OFF_CENTRE * radius, 2)
        turned = np.stack([np.cos(angle), np.sin(angle)], -1) @ axes + centre
        path[first : last + 1] = np.clip(turned, *to_unit(SCREEN_PX))
        entering, leaving = since / ENTER_FRAMES, since[::-1] / LEAVE_FRAMES
        share[first : last + 1, 0] = np.minimum(np.minimum(entering, leaving), 1)
    return path, share
