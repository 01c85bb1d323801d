"""Stacking: objects at one place are drawn as a stack, each a little up and left of the next.

Rules: ppy/osu OsuBeatmapProcessor, which follows the stable game: files of version 6 and later are
stacked backwards from the last object, older ones forwards.
"""

import numpy as np

from osu.formats.osu_file import BeatmapError

STACK_DISTANCE_PX = 3.0
MAX_STEPS = 1_000_000  # pairs of objects looked at; real maps stay under a tenth of it


def stack_heights(
    format_version: int,
    start_ms: np.ndarray,
    end_ms: np.ndarray,
    is_slider: np.ndarray,
    is_spinner: np.ndarray,
    xy: np.ndarray,
    end_xy: np.ndarray,
    path_end_xy: np.ndarray,
    threshold_ms: float,
) -> np.ndarray:
    """(N,) i4 stack heights; times are compared as whole ms, as stable does.

    xy: (N, 2) unstacked; end_xy: where each object ends in play; path_end_xy: the far end of a
    slider's path, whatever the slides; threshold_ms: preempt * StackLeniency in float32 (315.0 at
    AR 10, not 314.99999: objects are often just that far apart).
    """
    start, end = np.trunc(start_ms), np.trunc(end_ms)
    place, end_place = _complex(xy), _complex(end_xy)
    if format_version < 6:
        lists = (one.tolist() for one in (start, end, is_slider, place, _complex(path_end_xy)))
        return np.array(_stack_old(*lists, threshold_ms), dtype=np.int32)
    if is_spinner.any():  # out of reach: neither the end of a search nor a part of a stack
        start[is_spinner] = end[is_spinner] = np.inf
        place[is_spinner] = end_place[is_spinner] = np.nan
    candidates = _near_earlier(start, end, place, end_place, threshold_ms).nonzero()[0][::-1]
    if len(candidates) == 0:
        return np.zeros(len(start), dtype=np.int32)
    lists = (one.tolist() for one in (candidates, start, end, is_slider, place, end_place))
    return np.array(_stack_new(*lists, threshold_ms), dtype=np.int32)


def _complex(xy: np.ndarray) -> np.ndarray:
    """(N, 2) -> (N,) x + iy: the distance of two is then one cheap expression, in lists too."""
    return np.array(xy, dtype=np.float64).view(np.complex128)[:, 0]


def _near_earlier(start, end, place, end_place, threshold_ms) -> np.ndarray:
    """(N,) True where an earlier object may stack with this one; most objects have none.

    It says yes too often, never too seldom, so that `_stack_new` can skip the rest.
    """
    index = np.arange(len(start))
    # latest_end rises, so what lies in time before an object is one run of those before it
    latest_end = np.maximum.accumulate(np.where(np.isinf(end), -np.inf, end))
    first = np.searchsorted(latest_end, start - threshold_ms)
    pairs = np.maximum(index - first, 0)
    total = pairs.cumsum()
    if total[-1] > MAX_STEPS:
        return pairs > 0
    later = index.repeat(pairs)
    earlier = np.arange(len(later)) - (total - pairs - first).repeat(pairs)
    at = place[later]
    close = np.abs(place[earlier] - at) < STACK_DISTANCE_PX
    close |= np.abs(end_place[earlier] - at) < STACK_DISTANCE_PX
    near = np.zeros(len(start), dtype=bool)
    near[later[close]] = True
    return near


def _stack_new(
    candidates: list[int],
    start: list[float],
    end: list[float],
    is_slider: list[bool],
    xy: list[complex],
    end_xy: list[complex],
    threshold_ms: float,
) -> list[int]:
    """Heights of files since v6; `candidates` in falling order."""
    heights = [0] * len(start)
    steps = 0
    for last in candidates:
        if heights[last] != 0:
            continue
        # i, at: the stack's member found last; a search ends at what lies before `earliest`
        i, at, earliest = last, xy[last], start[last] - threshold_ms
        n = last
        if is_slider[last]:
            for n in range(last - 1, -1, -1):
                if start[n] < earliest:
                    break
                if abs(end_xy[n] - at) < STACK_DISTANCE_PX:
                    heights[n] = heights[i] + 1
                    i, at, earliest = n, xy[n], start[n] - threshold_ms
        else:
            for n in range(last - 1, -1, -1):
                if end[n] < earliest:
                    break
                if is_slider[n] and abs(end_xy[n] - at) < STACK_DISTANCE_PX:
                    # Circles on a slider's end go down and right, and the stack ends here.
                    offset = heights[i] - heights[n] + 1
                    for j in range(n + 1, last + 1):
                        if abs(end_xy[n] - xy[j]) < STACK_DISTANCE_PX:
                            heights[j] -= offset
                    break
                if abs(xy[n] - at) < STACK_DISTANCE_PX:
                    heights[n] = heights[i] + 1
                    i, at, earliest = n, xy[n], start[n] - threshold_ms
        steps += last - n
        if steps > MAX_STEPS:
            raise BeatmapError("too many objects lie at the same time to be stacked")
    return heights


def _stack_old(
    start: list[float],
    end: list[float],
    is_slider: list[bool],
    xy: list[complex],
    path_end_xy: list[complex],
    threshold_ms: float,
) -> list[int]:
    """Heights of files before v6."""
    heights = [0] * len(start)
    steps = 0
    for i in range(len(heights)):
        if heights[i] != 0 and not is_slider[i]:
            continue
        until = end[i]
        on_slider = 0
        for j in range(i + 1, len(heights)):
            steps += 1
            if start[j] - threshold_ms > until:
                break
            # `until` becomes a start even for sliders: stable has not computed their ends yet
            if abs(xy[j] - xy[i]) < STACK_DISTANCE_PX:
                heights[i] += 1
                until = start[j]
            elif abs(xy[j] - path_end_xy[i]) < STACK_DISTANCE_PX:
                on_slider += 1
                heights[j] -= on_slider
                until = start[j]
        if steps > MAX_STEPS:
            raise BeatmapError("too many objects lie at the same time to be stacked")
    return heights
