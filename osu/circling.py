"""How people spin: the paths that spinners are started from.

A spinner is two seconds in a hundred of play, and the denoiser learned its speed but not that a
turn goes on: it turned at a third of the humans' rate, back and forth. So while a play is still
coarse, its cursor in spinners is drawn here; the denoiser makes the rest of it, and everything
finer.

The way and the radius are a person's: of 91 people with two plays and more 50 always turn
anticlockwise and 35 always clockwise; between one person's plays a third of the variance of the
radius' logarithm is left. Some go as wide as the screen lets them and run along its edges.

The numbers are for where no such play is known. They are of 180 spinners of the shared train split:
net rpm 245 / 324 / 404 (p5, p50, p95), radius 19 / 45 / 92 px, spread of the radius over its mean
.26 / .36 / .55.
"""

from enum import IntEnum

import numpy as np

from osu.field import FRAME_HZ, SCREEN_PX, UNIT_PX, to_unit
from osu.tracks import Column, Track

RPM, RPM_SPREAD = 324.0, 0.13  # median, standard deviation of the log
RADIUS_PX, RADIUS_SPREAD = 45.0, 0.42
CLOCKWISE = 0.3
FLATNESS = (0.45, 0.9)  # of the ellipse: its short axis over its long one
OFF_CENTRE = 0.2  # standard deviation of its centre, radii
REACT_FRAMES, FASTER_FRAMES = 4, 16  # until a hand turns, and until it is at speed
ENTER_FRAMES, LEAVE_FRAMES = 12, 6  # in which the cursor comes to the path, and leaves it
SHORTEST_FRAMES = 10
SLOWEST_RPM = 60  # below it nobody meant to turn


class Spin(IntEnum):
    """How a person turns spinners; both nan where that is not known."""

    RPM = 0  # net, above 0 clockwise (y points down)
    RADIUS_PX = 1  # median distance from the centre


def spin_of(track: Track, cursor: np.ndarray) -> np.ndarray:
    """(len(Spin),) float32 of a play, its cursor (T, 2) in units: medians over spinners, in the
    way of most of the turns."""
    found = []
    for first, last in _spans(track, len(cursor)):
        xy = cursor[first + FASTER_FRAMES : last + 1]
        if len(xy) < FRAME_HZ / 2:
            continue
        angle = np.unwrap(np.arctan2(xy[:, 1], xy[:, 0]))
        rpm = (angle[-1] - angle[0]) / (2 * np.pi) * 60 * FRAME_HZ / (len(xy) - 1)
        if abs(rpm) >= SLOWEST_RPM:
            found.append((rpm, np.median(np.linalg.norm(xy, axis=1)) * UNIT_PX))
    if not found:
        return np.full(len(Spin), np.nan, np.float32)
    rpm, radius_px = np.array(found).T
    return np.array([np.copysign(np.median(np.abs(rpm)), rpm.sum()), np.median(radius_px)], "f4")


def circles(
    track: Track, rng: np.random.Generator, spin: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The paths in a track's spinners of somebody who turns them like `spin` (len(Spin),), and how
    far they are the cursor's.

    Returns (T, 2) float32 units, and (T, 1) float32 shares 0 .. 1, 0 outside spinners.
    """
    path = np.zeros((track.frames, 2), np.float32)
    share = np.zeros((track.frames, 1), np.float32)
    if spin is None or np.isnan(spin).any():
        turn = 1 if rng.random() < CLOCKWISE else -1
        rpm = turn * RPM * np.exp(rng.normal(0, RPM_SPREAD))
        spin = np.array([rpm, RADIUS_PX * np.exp(rng.normal(0, RADIUS_SPREAD))])
    radius = spin[Spin.RADIUS_PX] / UNIT_PX
    flat, tilt = np.sqrt(rng.uniform(*FLATNESS)), rng.uniform(0, np.pi)
    axes = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    axes *= radius * np.array([[1 / flat], [flat]])
    for first, last in _spans(track, track.frames):
        since = np.arange(last - first + 1)
        speed = np.clip((since - REACT_FRAMES) / FASTER_FRAMES, 0, 1) * spin[Spin.RPM]
        angle = 2 * np.pi * (rng.random() + np.cumsum(speed) / (60 * FRAME_HZ))
        centre = rng.normal(0, OFF_CENTRE * radius, 2)
        turned = np.stack([np.cos(angle), np.sin(angle)], -1) @ axes + centre
        path[first : last + 1] = np.clip(turned, *to_unit(SCREEN_PX))
        entering, leaving = since / ENTER_FRAMES, since[::-1] / LEAVE_FRAMES
        share[first : last + 1, 0] = np.minimum(np.minimum(entering, leaving), 1)
    return path, share


def _spans(track: Track, frames: int) -> list[tuple[int, int]]:
    """First and last frame of the spinners that are long enough in a play of `frames` frames."""
    spinners = track.objects[track.objects[:, Column.SPINNER] > 0]
    first = np.maximum(np.ceil(spinners[:, Column.START_S] * FRAME_HZ), 0).astype(int)
    last = np.minimum((spinners[:, Column.END_S] * FRAME_HZ).astype(int), frames - 1)
    long = last - first + 1 >= SHORTEST_FRAMES
    return list(zip(first[long].tolist(), last[long].tolist(), strict=True))
