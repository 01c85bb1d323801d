"""The playfield and the frame grid: positions in osu!px and units, times in ms and frames.

Time in a beatmap or a replay is *map time* in ms. Under DT the song runs 1.5 times as fast, so
one real millisecond is 1.5 map milliseconds: `map = real * rate`. Networks see *real* time, on a
grid of 60 frames a second.

The grid's frames lie on whole map milliseconds, because a replay stores whole milliseconds: what
is generated on the grid is written, read and resampled without loss.
"""

import numpy as np

WIDTH_PX = 512.0
HEIGHT_PX = 384.0
CENTRE_PX = np.array([WIDTH_PX / 2, HEIGHT_PX / 2])
# Left, top and right, bottom of a 16:9 screen: no cursor leaves it. Of 1,223 people's plays 1.5 %
# do, over two screens.
SCREEN_PX = np.array([[-171.0, -56.0], [683.0, 424.0]])
UNIT_PX = 256.0  # one unit of the networks, osu!px

FRAME_HZ = 60
FRAME_MS = 1000.0 / FRAME_HZ  # real time


def to_unit(xy_px: np.ndarray) -> np.ndarray:
    """osu!px -> unit: the playfield's centre is 0, its left and right borders are -1 and 1."""
    return (xy_px - CENTRE_PX) / UNIT_PX


def to_px(xy_unit: np.ndarray) -> np.ndarray:
    """unit -> osu!px, the inverse of `to_unit`."""
    return xy_unit * UNIT_PX + CENTRE_PX


def resample(at: np.ndarray, t: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Positions xy (T, C) at rising times t (T,) -> (*at.shape, C) at times `at`, between two by a
    straight line, before the first and after the last where those are."""
    # Column by column: numpy's complex interpolation rounds otherwise than its real one.
    return np.stack([np.interp(at, t, column) for column in xy.T], -1)


def frame_count(start_ms: float, end_ms: float, rate: float) -> int:
    """The number of grid frames in [start_ms, end_ms], map time."""
    return max(0, int(np.floor((end_ms - start_ms) / (FRAME_MS * rate) + 1e-9)) + 1)


def grid_ms(start_ms: float, frames: int, rate: float) -> np.ndarray:
    """(frames,) map times of the grid that starts at `start_ms`, each a whole number of ms."""
    return np.round(start_ms + np.arange(frames) * (FRAME_MS * rate))
