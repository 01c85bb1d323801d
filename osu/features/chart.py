"""A beatmap as plain arrays on a grid of 60 frames a real second.

`chart_of` makes a `Chart` of a beatmap, and the cache stores charts; plays on them are in
osu.features.play. Channels are named once, in the enums. Preparing needs no more than these two,
so neither imports torch: it would be 300 MB in each of its processes.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from osu.formats.beatmap import Beatmap, BeatmapError, Kind
from osu.formats.mods import Mods
from osu.units import FRAME_MS, UNIT_PX, frame_count, grid_ms, to_unit

LEAD_MS = 1500.0  # real time on the grid before the first object ...
REST_MS = 1000.0  # ... and after the last
MOST_MS = 2 * 3.6e6  # real time: with its presses still fewer frames than a replay may have


class ObjectColumn(IntEnum):
    """Columns of a chart's object table: positions in units, times in real s of the grid."""

    X = 0
    Y = 1
    END_X = 2
    END_Y = 3
    START_S = 4
    END_S = 5
    SLIDER = 6
    SPINNER = 7
    SLIDES = 8


class Ball(IntEnum):
    """Columns of a chart's ball table, a row a frame: the ball of the slider in play."""

    X = 0
    Y = 1
    ON = 2  # 1 while a slider is in play
    LEFT = 3  # slides left, this one included, as a share of 4, at most 1


class MapConstants(IntEnum):
    """Columns of a chart's constants."""

    RADIUS = 0  # circle radius, units
    PREEMPT_S = 1  # real s from an object's appearance to its start
    WINDOW_50_S = 2  # half widths of the hit windows, real s
    WINDOW_300_S = 3
    HIDDEN = 4  # 1 under HD: objects fade out before their time


@dataclass(frozen=True, eq=False)
class Chart:
    """One beatmap under one set of mods, on its grid. T frames, N objects."""

    start_ms: float  # map time of frame 0, a whole number
    rate: float
    frames: int  # T
    objects: np.ndarray  # (N, len(ObjectColumn)) float32
    ball: np.ndarray  # (T, len(Ball)) float32
    constants: np.ndarray  # (len(MapConstants),) float32

    @property
    def t_ms(self) -> np.ndarray:
        """(T,) map times of the frames."""
        return grid_ms(self.start_ms, self.frames, self.rate)

    def current(self) -> np.ndarray:
        """(T,) row of the first object that has not ended at each frame, at most N - 1."""
        # Ends are not sorted where objects overlap; the running maximum keeps the order of starts.
        ends = np.maximum.accumulate(self.objects[:, ObjectColumn.END_S])
        frame_s = np.arange(self.frames) * (FRAME_MS / 1000)
        return np.minimum(np.searchsorted(ends, frame_s), len(ends) - 1)


def check_length(start_ms: float, end_ms: float, rate: float) -> None:
    """BeatmapError where a play from `start_ms` to `end_ms`, map time, would be too long: for a
    network's memory, and for what a replay may hold."""
    if end_ms - start_ms > MOST_MS * rate:
        hours = (end_ms - start_ms) / rate / 3.6e6
        raise BeatmapError(f"a play of it would take {hours:.1f} hours; at most two can be played")


def chart_of(beatmap: Beatmap, clock_ms: float | None = None) -> Chart:
    """The chart of a beatmap under its mods. BeatmapError where it is longer than MOST_MS.

    With `clock_ms`, a map time at which a play's game wrote a regular frame, the grid's frames are
    that game's, to half a ms: they lie whole frames from it. The grid begins up to a frame earlier.
    """
    rate = beatmap.rate
    start = float(np.floor(beatmap.start_ms[0] - LEAD_MS * rate))
    if clock_ms is not None:
        start -= float(np.round((start - clock_ms) % (FRAME_MS * rate)))
    end = float(beatmap.end_ms.max()) + REST_MS * rate
    check_length(start, end, rate)
    frames = frame_count(start, end, rate)
    t_ms = grid_ms(start, frames, rate)

    objects = np.zeros((len(beatmap.start_ms), len(ObjectColumn)), np.float32)
    count = np.arange(len(objects))
    objects[:, [ObjectColumn.X, ObjectColumn.Y]] = to_unit(beatmap.xy)
    objects[:, [ObjectColumn.END_X, ObjectColumn.END_Y]] = to_unit(
        beatmap.ball_xy(count, beatmap.end_ms)
    )
    objects[:, ObjectColumn.START_S] = (beatmap.start_ms - start) / (1000 * rate)
    objects[:, ObjectColumn.END_S] = (beatmap.end_ms - start) / (1000 * rate)
    objects[:, ObjectColumn.SLIDER] = beatmap.kind == Kind.SLIDER
    objects[:, ObjectColumn.SPINNER] = beatmap.kind == Kind.SPINNER
    objects[:, ObjectColumn.SLIDES] = beatmap.slides

    # The slider in play at a frame is the last that has started, where it has not ended.
    ball = np.zeros((frames, len(Ball)), np.float32)
    sliders = np.flatnonzero(beatmap.kind == Kind.SLIDER)
    if len(sliders):
        last = sliders[np.maximum(np.searchsorted(beatmap.start_ms[sliders], t_ms, "right") - 1, 0)]
        on = (t_ms >= beatmap.start_ms[last]) & (t_ms <= beatmap.end_ms[last])
        ball[np.ix_(on, [Ball.X, Ball.Y])] = to_unit(beatmap.ball_xy(last[on], t_ms[on]))
        ball[on, Ball.ON] = 1
        done = (t_ms[on] - beatmap.start_ms[last[on]]) / np.maximum(beatmap.span_ms[last[on]], 1)
        ball[on, Ball.LEFT] = np.clip(np.ceil(beatmap.slides[last[on]] - done) / 4, 0, 1)

    constants = np.zeros(len(MapConstants), np.float32)
    constants[MapConstants.RADIUS] = beatmap.radius_px / UNIT_PX
    constants[MapConstants.PREEMPT_S] = beatmap.preempt_ms / rate / 1000
    constants[MapConstants.WINDOW_50_S] = beatmap.window50_ms / rate / 1000
    constants[MapConstants.WINDOW_300_S] = beatmap.window300_ms / rate / 1000
    constants[MapConstants.HIDDEN] = bool(beatmap.mods & Mods.HD)
    return Chart(start, rate, frames, objects, ball, constants)
