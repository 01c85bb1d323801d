"""A play: a replay's frames (ms, osu!px, key bits) -> channels (T, 4) on the grid of a chart.

The way back is osu.features.recorder's.
"""

from enum import IntEnum

import numpy as np

from osu.features.chart import Chart
from osu.units import FRAME_MS, frame_count, grid_ms, resample, to_unit


class Play(IntEnum):
    """Channels of a play: cursor in units (osu.units), share of the frame each key is down."""

    X = 0
    Y = 1
    K1 = 2
    K2 = 3


MIN_FRAMES = 120  # two seconds: a shorter play shows nobody's way of playing


def played_frames(chart: Chart, t_ms: np.ndarray) -> int:
    """How many of a chart's frames a replay's frames, at t_ms (F,) rising map times, cover."""
    inside = t_ms[t_ms >= chart.start_ms]
    frames = frame_count(chart.start_ms, inside[-1], chart.rate) if len(inside) else 0
    return min(frames, chart.frames)


def key_spans(t_ms: np.ndarray, keys: np.ndarray) -> list[np.ndarray]:
    """Presses and releases of each key, (P, 2) map ms, of a replay's frames.

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
    held = np.interp(edges, spans.ravel(), held_ms) if len(spans) else np.zeros(frames + 1)
    return np.diff(held) / period


def encode_cursor(
    t_ms: np.ndarray, xy: np.ndarray, start_ms: float, frames: int, rate: float
) -> np.ndarray:
    """(frames, 2) float32 units: the cursor channels of `encode_play`."""
    return to_unit(resample(grid_ms(start_ms, frames, rate), t_ms, xy)).astype(np.float32)


def encode_play(
    t_ms: np.ndarray, xy: np.ndarray, keys: np.ndarray, start_ms: float, frames: int, rate: float
) -> np.ndarray:
    """(frames, len(Play)) float32 on the grid from `start_ms`, out of a replay's frames.

    t_ms (F,) strictly increasing map times, xy (F, 2) osu!px, keys (F,) bits 1 and 2, as
    `osu.formats.replay.clean_frames` gives them. The cursor is interpolated linearly and not
    clipped to the playfield. A key's channel is the share of the frame in which it is down, so
    press and release keep their sub-frame times.
    """
    play = np.empty((frames, len(Play)), np.float32)
    play[:, [Play.X, Play.Y]] = encode_cursor(t_ms, xy, start_ms, frames, rate)
    for channel, spans in zip((Play.K1, Play.K2), key_spans(t_ms, keys), strict=True):
        play[:, channel] = coverage(spans, start_ms, frames, rate)
    return play


def key_events(play: np.ndarray, start_ms: float, rate: float) -> list[np.ndarray]:
    """Presses and releases of each key, (P, 2) map ms, of a play's coverage channels.

    The inverse of `encode_play` for holds and gaps of two frames and more: the time of an edge
    is where the coverage of the two frames around it adds up.
    """
    period = FRAME_MS * rate
    spans = []
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
        spans.append(np.stack([press, np.maximum(release, press + 1)], -1))
    return spans
