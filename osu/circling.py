"""How people spin: the paths that spinners are started from.

A spinner is two seconds in a hundred of play, and the denoiser learned its speed but not that a
turn goes on: it turned at a third of the humans' rate, back and forth. So while a play is still
coarse, its cursor in spinners is drawn here; the denoiser makes the rest of it, and everything
finer. The numbers are of 180 spinners of the shared train split: net rpm 245 / 324 / 404 (p5, p50,
p95), radius 19 / 45 / 92 px, spread of the radius over its mean .26 / .36 / .55, a third clockwise.
"""

import numpy as np

from osu.field import FRAME_HZ, UNIT_PX
from osu.tracks import Column, Track

RPM, RPM_SPREAD = 324.0, 0.13  # median, standard deviation of the log
RADIUS_PX, RADIUS_SPREAD = 45.0, 0.42
CLOCKWISE = 0.3
FLATNESS = (0.45, 0.9)  # of the ellipse: its short axis over its long one
OFF_CENTRE = 0.2  # standard deviation of its centre, radii
REACT_FRAMES, FASTER_FRAMES = 4, 16  # until a hand turns, and until it is at speed
ENTER_FRAMES, LEAVE_FRAMES = 12, 6  # in which the cursor comes to the path, and leaves it
SHORTEST_FRAMES = 10


def circles(track: Track, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One person's paths in a track's spinners, and how far they are the cursor's.

    Returns (T, 2) float32 units, and (T, 1) float32 shares 0 .. 1, 0 outside spinners.
    """
    path = np.zeros((track.frames, 2), np.float32)
    share = np.zeros((track.frames, 1), np.float32)
    rpm = RPM * np.exp(rng.normal(0, RPM_SPREAD))
    radius = RADIUS_PX / UNIT_PX * np.exp(rng.normal(0, RADIUS_SPREAD))
    turn = 1 if rng.random() < CLOCKWISE else -1  # y points down
    flat, tilt = np.sqrt(rng.uniform(*FLATNESS)), rng.uniform(0, np.pi)
    axes = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    axes *= radius * np.array([[1 / flat], [flat]])
    for spinner in track.objects[track.objects[:, Column.SPINNER] > 0]:
        first = max(0, int(np.ceil(spinner[Column.START_S] * FRAME_HZ)))
        last = min(track.frames - 1, int(spinner[Column.END_S] * FRAME_HZ))
        since = np.arange(last - first + 1)
        if len(since) < SHORTEST_FRAMES:
            continue
        speed = np.clip((since - REACT_FRAMES) / FASTER_FRAMES, 0, 1) * rpm / (60 * FRAME_HZ)
        angle = 2 * np.pi * (rng.random() + turn * np.cumsum(speed))
        centre = rng.normal(0, OFF_CENTRE * radius, 2)
        path[first : last + 1] = np.stack([np.cos(angle), np.sin(angle)], -1) @ axes + centre
        entering, leaving = since / ENTER_FRAMES, since[::-1] / LEAVE_FRAMES
        share[first : last + 1, 0] = np.minimum(np.minimum(entering, leaving), 1)
    return path, share
