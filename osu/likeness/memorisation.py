"""Distances from a play to the plays of the training set, which a memorising network would copy.

A path is a cursor at 15 points a real second, at multiples of that period of map time, so that
two plays of one map are sampled at the same moments. A window is four seconds of it, every other
point. The distance of two windows is the root mean square of the distances of their points.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from osu.units import FRAME_MS, resample

PERIOD_FRAMES = 4
POINTS = 30  # of a window, every other point of the path
SPAN = 2 * POINTS  # path points
MOST_WINDOWS = 12  # of a play that is looked up
LEAST_MOVE_PX = 400.0  # a window in which less is moved is alike for everyone


def path_of(t_ms: np.ndarray, xy: np.ndarray, rate: float) -> np.ndarray:
    """(K, 2) float32 osu!px of a play (F,), (F, 2) on its multiples of the period."""
    period_ms = PERIOD_FRAMES * FRAME_MS * rate
    at = np.arange(np.ceil(t_ms[0] / period_ms), np.floor(t_ms[-1] / period_ms) + 1) * period_ms
    return resample(at, t_ms, xy).astype(np.float32)


def lookups(path: np.ndarray) -> np.ndarray:
    """(W, 2 * POINTS) up to MOST_WINDOWS windows of a path, evenly spread, those that move."""
    windows = _windows(path)
    moved = np.linalg.norm(np.diff(windows.reshape(-1, POINTS, 2), axis=1), axis=2).sum(1)
    moving = np.flatnonzero(moved > LEAST_MOVE_PX)
    if len(moving) > MOST_WINDOWS:
        moving = moving[np.linspace(0, len(moving) - 1, MOST_WINDOWS).round().astype(int)]
    return windows[moving]


def nearest_px(
    windows: np.ndarray,
    avoided: Sequence[tuple[str, ...]],
    paths: Iterable[tuple[tuple[str, ...], np.ndarray]],
) -> np.ndarray:
    """(W,) distance in px of each window (W, 2 * POINTS) to the nearest of all paths' windows, inf
    without any.

    paths: (labels, path (K, 2)), the labels being the player and the song.
    avoided: of each window, the labels whose paths are not searched; the same number for each.
    """
    centre = windows.mean(0, keepdims=True)  # keeps float32 differences of squares small
    queries = windows - centre
    size = (queries**2).sum(1)
    best = np.full(len(queries), np.inf, np.float32)
    avoid = np.array(avoided).reshape(len(windows), -1)
    for labels, path in paths:
        others = _windows(path) - centre
        if not len(others):
            continue
        squared = (others**2).sum(1)[:, None] - 2 * (others @ queries.T)
        nearest = squared.min(0) + size
        best = np.where(np.isin(avoid, labels).any(1), best, np.minimum(best, nearest))
    return np.sqrt(np.maximum(best, 0) / POINTS)


def _windows(path: np.ndarray) -> np.ndarray:
    """(W, 2 * POINTS) all windows of a path."""
    if len(path) < SPAN:
        return np.zeros((0, 2 * POINTS), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(path, SPAN, axis=0)[:, :, ::2]  # (W, 2, P)
    return np.ascontiguousarray(windows.transpose(0, 2, 1)).reshape(len(windows), -1)
