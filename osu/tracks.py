"""A beatmap and a play as plain arrays on one grid of 60 frames a real second, and back.

`track_of` makes of a beatmap a `Track`, what the cache stores; `encode_play` / `decode_play` are
frames of a replay (ms, osu!px, key bits) <-> (T, 4) channels. Channels are named once, in the
enums below. Preparing needs no more than this, so nothing here imports torch: it would be 300 MB
in each of its processes.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy.linalg import solve_banded

from osu.beatmap import Beatmap, Kind
from osu.field import FRAME_MS, UNIT_PX, frame_count, grid_ms, to_px, to_unit
from osu.mods import Mods

LEAD_MS = 1500.0  # real time on the grid before the first object ...
REST_MS = 1000.0  # ... and after the last


class Play(IntEnum):
    """Channels of a play: cursor in units (osu.field), share of the frame each key is down."""

    X = 0
    Y = 1
    K1 = 2
    K2 = 3


class Column(IntEnum):
    """Columns of a track's object table: positions in units, times in real s of the grid."""

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
    """Per-frame columns of a track: where the ball of the slider in play is."""

    X = 0
    Y = 1
    ON = 2  # 1 while a slider is in play
    LEFT = 3  # slides left, this one included, as a share of 4, at most 1


class World(IntEnum):
    """Per-track constants."""

    RADIUS = 0  # circle radius, units
    PREEMPT_S = 1  # real s from an object's appearance to its start
    WINDOW_50_S = 2  # half widths of the hit windows, real s
    WINDOW_300_S = 3
    HIDDEN = 4  # 1 under HD: objects fade out before their time


@dataclass(frozen=True, eq=False)
class Track:
    """One beatmap under one set of mods, on its grid. T frames, N objects."""

    start_ms: float  # map time of frame 0, a whole number
    rate: float
    frames: int  # T
    objects: np.ndarray  # (N, len(Column)) float32
    ball: np.ndarray  # (T, len(Ball)) float32
    world: np.ndarray  # (len(World),) float32

    @property
    def t_ms(self) -> np.ndarray:
        """(T,) map times of the frames."""
        return grid_ms(self.start_ms, self.frames, self.rate)

    def current(self) -> np.ndarray:
        """(T,) row of the first object that has not ended at each frame, at most N - 1."""
        # Ends are not sorted where objects overlap; the running maximum keeps the order of starts.
        ends = np.maximum.accumulate(self.objects[:, Column.END_S])
        frame_s = np.arange(self.frames) * (FRAME_MS / 1000)
        return np.minimum(np.searchsorted(ends, frame_s), len(ends) - 1)


def track_of(beatmap: Beatmap) -> Track:
    """The track of a beatmap whose mods are applied."""
    rate = beatmap.rate
    start = float(np.floor(beatmap.start_ms[0] - LEAD_MS * rate))
    frames = frame_count(start, float(beatmap.end_ms.max()) + REST_MS * rate, rate)
    t_ms = grid_ms(start, frames, rate)

    objects = np.zeros((len(beatmap.start_ms), len(Column)), np.float32)
    count = np.arange(len(objects))
    objects[:, [Column.X, Column.Y]] = to_unit(beatmap.xy)
    objects[:, [Column.END_X, Column.END_Y]] = to_unit(beatmap.ball_xy(count, beatmap.end_ms))
    objects[:, Column.START_S] = (beatmap.start_ms - start) / (1000 * rate)
    objects[:, Column.END_S] = (beatmap.end_ms - start) / (1000 * rate)
    objects[:, Column.SLIDER] = beatmap.kind == Kind.SLIDER
    objects[:, Column.SPINNER] = beatmap.kind == Kind.SPINNER
    objects[:, Column.SLIDES] = beatmap.slides

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

    world = np.zeros(len(World), np.float32)
    world[World.RADIUS] = beatmap.radius_px / UNIT_PX
    world[World.PREEMPT_S] = beatmap.preempt_ms / rate / 1000
    world[World.WINDOW_50_S] = beatmap.window50_ms / rate / 1000
    world[World.WINDOW_300_S] = beatmap.window300_ms / rate / 1000
    world[World.HIDDEN] = bool(beatmap.mods & Mods.HD)
    return Track(start, rate, frames, objects, ball, world)


def key_spans(t_ms: np.ndarray, keys: np.ndarray) -> list[np.ndarray]:
    """Of each key an array (P, 2): press and release in map ms, out of a replay's frames.

    t_ms (F,) strictly increasing, keys (F,) bits 1 and 2. A key that is down in the last frame is
    released there.
    """
    spans = []
    for bit in (1, 2):
        down = np.concatenate([[False], (keys[:-1] & bit) != 0, [False]])
        change = np.flatnonzero(np.diff(down.astype(np.int8)))
        spans.append(t_ms[change].reshape(-1, 2))
    return spans


def coverage(spans: np.ndarray, start_ms: float, frames: int, rate: float) -> np.ndarray:
    """(frames,) share of each frame (half a frame to each side) that lies in the spans (P, 2)."""
    period = FRAME_MS * rate
    edges = start_ms + (np.arange(frames + 1) - 0.5) * period
    held_ms = np.zeros(2 * len(spans))
    held_ms[1::2] = np.cumsum(spans[:, 1] - spans[:, 0])
    held_ms[2::2] = held_ms[1:-1:2]
    at = np.interp(edges, spans.ravel(), held_ms) if len(spans) else np.zeros(frames + 1)
    return np.diff(at) / period


def encode_play(
    t_ms: np.ndarray, xy: np.ndarray, keys: np.ndarray, start_ms: float, frames: int, rate: float
) -> np.ndarray:
    """(frames, len(Play)) float32 on the grid from `start_ms`, out of a replay's frames.

    t_ms (F,) strictly increasing map times, xy (F, 2) osu!px, keys (F,) bits 1 and 2, as
    `osu.replay.clean_frames` gives them. The cursor is interpolated linearly and not clipped to
    the playfield. A key's channel is the share of the frame in which it is down, so press and
    release keep their sub-frame times.
    """
    at = grid_ms(start_ms, frames, rate)
    play = np.empty((frames, len(Play)), np.float32)
    play[:, [Play.X, Play.Y]] = to_unit(
        np.stack([np.interp(at, t_ms, xy[:, axis]) for axis in (0, 1)], -1)
    )
    for channel, spans in zip((Play.K1, Play.K2), key_spans(t_ms, keys), strict=True):
        play[:, channel] = coverage(spans, start_ms, frames, rate)
    return play


def key_events(play: np.ndarray, start_ms: float, rate: float) -> list[np.ndarray]:
    """Of each key an array (P, 2): press and release in map ms, out of the coverage channels.

    The inverse of `encode_play` for holds and gaps of two frames and more: the time of an edge
    is where the coverage of the two frames around it adds up.
    """
    period = FRAME_MS * rate
    events = []
    for channel in (Play.K1, Play.K2):
        share = np.concatenate([[0.0], np.clip(play[:, channel], 0.0, 1.0), [0.0]])
        step = np.diff((share >= 0.5).astype(np.int8))
        first, last = np.flatnonzero(step == 1) + 1, np.flatnonzero(step == -1)
        before, after = share[first - 1].copy(), share[np.minimum(last + 1, len(share) - 1)].copy()
        shared = np.flatnonzero(first[1:] - last[:-1] == 2)  # one frame between two presses
        before[shared + 1] /= 2
        after[shared] /= 2
        frame_ms = start_ms + (np.arange(len(share)) - 1) * period
        press = frame_ms[first] + period * (0.5 - share[first] - before)
        release = frame_ms[last] + period * (share[last] + after - 0.5)
        press[1:] = np.maximum(press[1:], release[:-1] + 1)  # map ms: a key is up in between
        events.append(np.stack([press, np.maximum(release, press + 1)], -1))
    return events


def decode_play(
    play: np.ndarray, start_ms: float, rate: float, events: list[np.ndarray] | None = None,
    screen_px: float = 0.0, late_ms: np.ndarray | float = 0.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """The inverse of `encode_play`: (t_ms, xy, keys), a frame at each grid time and key change.

    play (T, len(Play)); `events` overrides the key channels, as `key_events` returns them. t_ms
    are whole map ms, strictly increasing; xy stand on a screen's pixels where `screen_px` (see
    `screen_grid_px`) is above 0. Frames of the grid come `late_ms` (T,) map ms late, less than the
    grid's period, and are such that the grid's own times still read as `play`.
    """
    events = key_events(play, start_ms, rate) if events is None else events
    due = grid_ms(start_ms, len(play), rate)
    at = np.concatenate([due[:1], np.round(due + late_ms)[1:]])
    changes = np.round(np.concatenate([np.ravel(e) for e in events]))
    t_ms = np.unique(np.concatenate([at, changes[(changes >= at[0]) & (changes <= at[-1])]]))
    frame_xy = _before_interpolation(to_px(play[:, [Play.X, Play.Y]].astype(np.float64)), due, at)
    xy = np.stack([np.interp(t_ms, at, frame_xy[:, axis]) for axis in (0, 1)], -1)
    if screen_px:
        xy = np.round(xy / screen_px) * screen_px
    keys = np.zeros(len(t_ms), np.uint8)
    for bit, spans in zip((1, 2), events, strict=True):
        begin = np.searchsorted(t_ms, np.round(spans[:, 0]))
        end = np.searchsorted(t_ms, np.round(spans[:, 1]))
        toggled = np.zeros(len(t_ms) + 1, np.int32)
        np.add.at(toggled, begin, 1)
        np.add.at(toggled, end, -1)
        keys |= np.where(np.cumsum(toggled[:-1]) > 0, bit, 0).astype(np.uint8)
    return t_ms, xy, keys


def _before_interpolation(xy: np.ndarray, due: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(T, 2) at times `at` that interpolates to xy (T, 2) at times `due`; each due time lies
    between the frame before and its own."""
    own = np.ones(len(xy))  # share of a frame in what is read at its due time
    own[1:] = (due[1:] - at[:-1]) / np.diff(at)
    bands = np.stack([own, np.append(1 - own[1:], 0.0)])
    return solve_banded((1, 0), bands, xy)


SCREEN_HEIGHTS = (480, 600, 720, 768, 800, 864, 900, 960, 1024, 1050, 1080, 1200, 1440, 2160)


def screen_grid_px(xy: np.ndarray) -> float:
    """The grid a player's cursor stands on, osu!px, or 0 where it stands on none.

    A mouse moves in whole pixels of the screen, 480 / height osu!px each; tablets and raw input
    report between them. xy (F, 2) as in the replay. The coarsest grid that fits is the answer.
    """
    x = np.unique(xy[:, 0])[:8000].astype(np.float64)
    if len(x) < 50:
        return 0.0
    for height in SCREEN_HEIGHTS:
        if np.abs(np.exp(2j * np.pi * x * height / 480).mean()) > 0.9:
            return 480 / height
    return 0.0


def nearest_grid_px(px: float) -> float:
    """The grid nearest to `px`, which half precision has rounded; 0 where it is 0 or nan."""
    grids = 480 / np.array(SCREEN_HEIGHTS)
    return float(grids[np.abs(grids - px).argmin()]) if px > 0 else 0.0


def match_presses(start_ms: np.ndarray, press_ms: np.ndarray, reach_ms: float) -> np.ndarray:
    """(P,) index of the object each press belongs to, -1 where none starts within `reach_ms`.

    start_ms (N,) sorted starts of circles and sliders, press_ms (P,). A press belongs to the
    nearest start: cells end half-way between neighbours, so no rule of the game enters.
    """
    if not len(start_ms):
        return np.full(len(press_ms), -1)
    cell = np.searchsorted((start_ms[1:] + start_ms[:-1]) / 2, press_ms)
    return np.where(np.abs(press_ms - start_ms[cell]) <= reach_ms, cell, -1)
