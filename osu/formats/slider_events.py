"""Sliders in time: their velocity, and the ticks, repeats and tail on their way.

Rules: ppy/osu Slider, SliderEventGenerator, LegacyRulesetExtensions (its float32 velocity is the
stable game's).
"""

from enum import IntEnum

import numpy as np

from osu.formats.osu_file import BeatmapError

TAIL_EARLY_MS = 36  # stable judges a slider's tail this long before its end
TICK_END_MS = 10.0  # no tick closer than this to a slider's end
MAX_TICK_PATH_PX = 100_000.0  # the game's own bound
MAX_SLIDER_PARTS = 500_000
FASTEST_BEAT_MS, SLOWEST_BEAT_MS = 6.0, 60_000.0
DEFAULT_BEAT_MS = 1000.0


class SliderPart(IntEnum):
    TICK = 0
    REPEAT = 1
    TAIL = 2


def timing_at(
    timing: np.ndarray, start_ms: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Timing of sliders that start at (S,): beat length ms, factor on it (1 / SV), true for ticks.

    The last point at or before the start counts; of points at one time an inherited one goes
    before an uninherited one, the later before the earlier. Uninherited points reset the factor.
    An inherited point whose beat length is nan switches ticks off.
    """
    count = len(start_ms)
    red = timing[timing[:, 2] == 1][::-1]  # of two at one time the game takes the first
    red = red[np.argsort(red[:, 0], kind="stable")]
    if len(red):
        at = np.searchsorted(red[:, 0], start_ms, side="right") - 1
        beat = np.minimum(np.maximum(red[np.maximum(at, 0), 1], FASTEST_BEAT_MS), SLOWEST_BEAT_MS)
    else:
        beat = np.full(count, DEFAULT_BEAT_MS)
    if len(timing) == 0:
        return beat, np.ones(count), np.ones(count, dtype=bool)
    points = timing[np.lexsort((-timing[:, 2], timing[:, 0]))]
    at = np.searchsorted(points[:, 0], start_ms, side="right") - 1
    value = np.where(at >= 0, points[np.maximum(at, 0), 1], 1.0)
    # bounds that keep SV in 0.1 .. 10
    factor = np.minimum(np.maximum(-value, 10), 1000).astype(np.float32).astype(np.float64) / 100
    return beat, np.where(value < 0, factor, 1.0), ~np.isnan(value)


def tick_counts(
    slides: np.ndarray, span_ms: np.ndarray, length_px: np.ndarray, tick_px: np.ndarray
) -> np.ndarray:
    """(S,) i8 ticks of one slide: every tick_px, none within TICK_END_MS of the path's end.

    Raises BeatmapError where the map has more than MAX_SLIDER_PARTS ticks and repeats.
    """
    reach = np.minimum(length_px, MAX_TICK_PATH_PX)
    end_px = np.divide(TICK_END_MS * length_px, span_ms, out=np.zeros_like(reach), where=reach > 0)
    ticks = np.ceil((reach - end_px) / np.minimum(tick_px, reach + 1)) - 1
    ticks = np.maximum(ticks, 0).astype(np.int64)
    if (slides * (ticks + 1)).sum() > MAX_SLIDER_PARTS:
        raise BeatmapError(f"its sliders have more than {MAX_SLIDER_PARTS} ticks and repeats")
    return ticks


def nested_events(
    start_ms: np.ndarray,
    slides: np.ndarray,
    span_ms: np.ndarray,
    length_px: np.ndarray,
    tick_px: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ticks, repeats and tails of S sliders: (E,) times, SliderParts, distances along the path, and
    indices of the sliders.

    Ticks stand at the same places of the path on each slide, so that on the way back they come in
    the opposite order.
    """
    ticks = tick_counts(slides, span_ms, length_px, tick_px)
    per_slider = slides * (ticks + 1)
    first = np.cumsum(per_slider) - per_slider
    owner = np.repeat(np.arange(len(slides)), per_slider)
    nth = np.arange(len(owner)) - first[owner]
    slide, place = np.divmod(nth, ticks[owner] + 1)  # place: 0 .. ticks - 1, then the slide's end
    is_end = place == ticks[owner]
    back = slide % 2 == 1
    dist = np.where(back, 0.0, length_px[owner])  # of the slides' ends
    share = np.ones(len(owner))
    on_way = np.flatnonzero(~is_end)
    tick_owner, returns = owner[on_way], back[on_way]
    nth_tick = np.where(returns, ticks[tick_owner] - place[on_way], place[on_way] + 1)
    dist[on_way] = nth_tick * tick_px[tick_owner]
    share[on_way] = dist[on_way] / length_px[tick_owner]
    share[on_way] = np.where(returns, 1 - share[on_way], share[on_way])
    time_ms = start_ms[owner] + (slide + share) * span_ms[owner]
    kind = is_end.astype(np.int8)
    kind[first + per_slider - 1] = SliderPart.TAIL
    return time_ms, kind, dist, owner
