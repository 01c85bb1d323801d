"""Where stable sees a slider's ball: on the path's polyline, with the vertices at whole ms.

Stable gives every piece of a path a whole ms to begin and to end at (both rounded down) and moves
the ball evenly in between, so that it runs up to 1 ms ahead of the exact place
(`Beatmap.ball_xy`). That decides plays at the follow circle's edge.
"""

import numpy as np

from osu.beatmap import Beatmap

FLOAT_NOISE_MS = 1e-4  # a vertex this close below a whole ms is at it


def stable_ball_xy(
    beatmap: Beatmap, sliders: np.ndarray, which: np.ndarray, t_ms: np.ndarray
) -> np.ndarray:
    """(S,) indices of objects that are sliders, (K,) which of them, (K,) whole ms -> (K, 2)."""
    path_xy, path_dist, path_start = beatmap.stable_path
    first, last = path_start[sliders], path_start[sliders + 1] - 1
    slides, span = beatmap.slides[sliders], beatmap.span_ms[sliders]
    length = np.maximum(path_dist[last], 1e-9)
    # The polyline of all slides, one vertex a row: there, back, there ...
    pieces = last - first
    rows = slides * pieces + 1
    begin = np.concatenate([[0], np.cumsum(rows)])
    owner = np.repeat(np.arange(len(sliders)), rows)
    nth = np.arange(begin[-1]) - begin[owner]
    slide, place = np.divmod(nth, np.maximum(pieces, 1)[owner])
    vertex = first[owner] + np.where(slide % 2 == 1, pieces[owner] - place, place)
    along = path_dist[vertex] / length[owner]
    along = np.where(slide % 2 == 1, 1 - along, along)
    exact = beatmap.start_ms[sliders][owner] + (slide + along) * span[owner]
    knot = np.floor(exact + FLOAT_NOISE_MS).astype(np.int64)

    # One search for all: each slider's times lie behind those of the one before.
    stride = 1 << 33
    t = np.asarray(t_ms).astype(np.int64)
    at = np.searchsorted(owner * stride + knot, which * stride + t)
    at = np.clip(at, begin[which], begin[which + 1] - 1)
    back = np.maximum(at - 1, begin[which])
    gap = knot[at] - knot[back]
    share = np.divide(t - knot[back], gap, out=np.ones(len(t)), where=gap > 0)
    share = np.clip(share, 0, 1)[:, None]
    return path_xy[vertex[back]] * (1 - share) + path_xy[vertex[at]] * share
