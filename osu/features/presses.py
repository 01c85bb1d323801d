"""Key presses as a table: for each object the time, the hold and the finger of its press.

A play's presses become one row an object (`events_of`) and rows become presses again
(`spans_of`). All times are real ms. Nothing here knows the rules of judgement: a press belongs to
the object whose start is nearest.
"""

from enum import IntEnum

import numpy as np

from osu.features.chart import Chart, MapConstants, ObjectColumn
from osu.units import FRAME_MS, resample


class PressField(IntEnum):
    """Columns of the press table, one row per object; all nan where there was no press."""

    OFFSET_MS = 0  # press - start; negative is early
    RELEASE_MS = 1  # release - end of the object (its start, for a circle)
    FINGER = 2  # 0 or 1: which key


class PressFeature(IntEnum):
    """Columns of KeyLSTM's input, one row per object, each of the order of 1."""

    GAP_BEFORE = 0  # log of the times between starts, the last three and the next three
    GAP_BEFORE2 = 1
    GAP_BEFORE3 = 2
    GAP_AFTER = 3
    GAP_AFTER2 = 4
    GAP_AFTER3 = 5
    REST_BEFORE = 6  # log of the time since the last object's end
    REST_AFTER = 7
    DISTANCE_BEFORE = 8  # log of the distance in radii to the last end, and to the next start
    DISTANCE_AFTER = 9
    SLIDER = 10
    SPINNER = 11
    DURATION = 12  # log
    NEXT_SLIDER = 13
    WINDOW_50 = 14
    WINDOW_300 = 15
    RADIUS = 16
    PREEMPT = 17
    FIRST = 18  # 1 for the first object
    CURSOR = 19  # the first of len(CURSOR_AT_MS): distance of the cursor to the object, in radii


CURSOR_AT_MS = np.arange(-90, 91, 20)  # around the object's start
PRESS_FEATURES = PressFeature.CURSOR + len(CURSOR_AT_MS)
REACH_MS = 160.0  # farther presses belong to no object
STREAM_MS = 180.0  # gaps under this are streams: most people alternate
SHORTEST_MS = 12.0  # of a hold, and of the gap before the same finger comes down again


# The press table in classes: an offset of OFFSET_BINS means no press.
OFFSET_STEP_MS, OFFSET_BINS = 4.0, 80  # -160 .. 160 ms
RELEASE_STEP_MS, RELEASE_FROM_MS, RELEASE_BINS = 8.0, -300.0, 125  # .. 700 ms


def to_bins(events: np.ndarray) -> np.ndarray:
    """Press table (N, len(PressField)) -> its classes, int64; without a press the others are 0."""
    pressed = np.isfinite(events[:, PressField.OFFSET_MS])
    bins = np.zeros(events.shape, np.int64)
    bins[:, PressField.OFFSET_MS] = OFFSET_BINS
    offset, release, finger = events[pressed].T
    step = np.floor(offset / OFFSET_STEP_MS) + OFFSET_BINS // 2
    bins[pressed, PressField.OFFSET_MS] = np.clip(step, 0, OFFSET_BINS - 1)
    step = np.floor((release - RELEASE_FROM_MS) / RELEASE_STEP_MS)
    bins[pressed, PressField.RELEASE_MS] = np.clip(step, 0, RELEASE_BINS - 1)
    bins[pressed, PressField.FINGER] = finger
    return bins


def from_bins(bins: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The inverse of `to_bins` up to a bin's width: a place within the bin is drawn."""
    within = rng.random((len(bins), 2))
    events = np.full(bins.shape, np.nan)
    pressed = bins[:, PressField.OFFSET_MS] < OFFSET_BINS
    offset = (bins[:, PressField.OFFSET_MS] - OFFSET_BINS // 2 + within[:, 0]) * OFFSET_STEP_MS
    release = (bins[:, PressField.RELEASE_MS] + within[:, 1]) * RELEASE_STEP_MS + RELEASE_FROM_MS
    events[pressed] = np.stack([offset, release, bins[:, PressField.FINGER]], -1)[pressed]
    return events


def _log_ms(ms: np.ndarray) -> np.ndarray:
    return np.log(np.clip(ms, 5.0, 10_000.0) / 200.0)


def times_ms(chart: Chart) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends (N,) of a chart's objects in real ms of its grid."""
    objects = chart.objects.astype(np.float64)
    return objects[:, ObjectColumn.START_S] * 1000, objects[:, ObjectColumn.END_S] * 1000


def played_objects(chart: Chart, frames: int) -> int:
    """The number of objects that had started and could be hit in a play of `frames` frames."""
    start, _ = times_ms(chart)
    return int(np.searchsorted(start, frames * FRAME_MS - REACH_MS))


def to_real_ms(spans: list[np.ndarray], chart: Chart) -> list[np.ndarray]:
    """Presses and releases (P, 2) of each key, map ms -> real ms of the chart's grid."""
    return [(span - chart.start_ms) / chart.rate for span in spans]


def to_map_ms(spans: list[np.ndarray], chart: Chart) -> list[np.ndarray]:
    """The inverse of `to_real_ms`."""
    return [span * chart.rate + chart.start_ms for span in spans]


def events_of(chart: Chart, spans: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Presses of the two keys, (P, 2) real ms each -> press table (N, len(PressField)), and the
    number of presses of each object (N,), of which the nearest to its start counts."""
    start, end = times_ms(chart)
    press = np.concatenate([span[:, 0] for span in spans])
    release = np.concatenate([span[:, 1] for span in spans])
    finger = np.repeat([0.0, 1.0], [len(span) for span in spans])
    owner = match_presses(start, press, REACH_MS)
    near = owner >= 0
    press, release, finger, owner = press[near], release[near], finger[near], owner[near]
    counts = np.bincount(owner, minlength=len(start))
    order = np.argsort(-np.abs(press - start[owner]), kind="stable")  # the nearest is written last
    events = np.full((len(start), len(PressField)), np.nan)
    rows = owner[order]
    events[rows, PressField.OFFSET_MS] = (press - start[owner])[order]
    events[rows, PressField.RELEASE_MS] = (release - end[owner])[order]
    events[rows, PressField.FINGER] = finger[order]
    return events, counts


def spans_of(chart: Chart, events: np.ndarray) -> list[np.ndarray]:
    """The inverse of `events_of`: presses and releases of each key in real ms, sorted.

    A finger comes up before it goes down again; of two presses of one finger that cannot both be,
    the hold of the first is cut.
    """
    start, end = times_ms(chart)
    pressed = np.isfinite(events[:, PressField.OFFSET_MS])
    press = (start + events[:, PressField.OFFSET_MS])[pressed]
    release = np.maximum((end + events[:, PressField.RELEASE_MS])[pressed], press + SHORTEST_MS)
    finger = events[pressed, PressField.FINGER]
    spans = []
    for key in (0, 1):
        order = np.argsort(press[finger == key], kind="stable")
        down, up = press[finger == key][order], release[finger == key][order]
        possible = np.diff(down, prepend=-np.inf) >= 2 * SHORTEST_MS
        down, up = down[possible], up[possible]
        up[:-1] = np.minimum(up[:-1], down[1:] - SHORTEST_MS)
        spans.append(np.stack([down, up], -1))
    return spans


def press_features_of(chart: Chart, cursor: np.ndarray) -> np.ndarray:
    """(N, PRESS_FEATURES) float32 for a cursor (T, 2) in units on the chart's grid; a cursor
    shorter than the chart rests where it ends."""
    objects, constants = chart.objects, chart.constants
    start, end = times_ms(chart)
    count = len(start)
    xy = objects[:, [ObjectColumn.X, ObjectColumn.Y]]
    end_xy = objects[:, [ObjectColumn.END_X, ObjectColumn.END_Y]]
    radius = float(constants[MapConstants.RADIUS])
    features = np.zeros((count, PRESS_FEATURES), np.float32)
    neighbours = (
        (PressFeature.GAP_BEFORE, PressFeature.GAP_AFTER),
        (PressFeature.GAP_BEFORE2, PressFeature.GAP_AFTER2),
        (PressFeature.GAP_BEFORE3, PressFeature.GAP_AFTER3),
    )
    for step, (before, after) in enumerate(neighbours, start=1):
        gap = np.full(count + step, 10_000.0)
        if count > step:
            gap[step:count] = start[step:] - start[:-step]
        features[:, before], features[:, after] = _log_ms(gap[:count]), _log_ms(gap[step:])
    rest = np.concatenate([[10_000.0], start[1:] - end[:-1], [10_000.0]])
    features[:, PressFeature.REST_BEFORE] = _log_ms(rest[:-1])
    features[:, PressFeature.REST_AFTER] = _log_ms(rest[1:])
    far = np.concatenate([[0.0], np.linalg.norm(xy[1:] - end_xy[:-1], axis=1) / radius, [0.0]])
    features[:, PressFeature.DISTANCE_BEFORE] = np.log1p(far[:-1])
    features[:, PressFeature.DISTANCE_AFTER] = np.log1p(far[1:])
    features[:, PressFeature.SLIDER] = objects[:, ObjectColumn.SLIDER]
    features[:, PressFeature.SPINNER] = objects[:, ObjectColumn.SPINNER]
    features[:, PressFeature.DURATION] = _log_ms(end - start)
    features[:-1, PressFeature.NEXT_SLIDER] = objects[1:, ObjectColumn.SLIDER]
    features[:, PressFeature.WINDOW_50] = constants[MapConstants.WINDOW_50_S] * 10
    features[:, PressFeature.WINDOW_300] = constants[MapConstants.WINDOW_300_S] * 20
    features[:, PressFeature.RADIUS] = radius * 5
    features[:, PressFeature.PREEMPT] = constants[MapConstants.PREEMPT_S]
    features[0, PressFeature.FIRST] = 1
    distance = radii_from_starts(chart, cursor, start[:, None] + CURSOR_AT_MS)
    features[:, PressFeature.CURSOR :] = np.minimum(distance, 6.0) / 2
    return features


def radii_from_starts(chart: Chart, cursor: np.ndarray, at_ms: np.ndarray) -> np.ndarray:
    """(N, M) radii from the first N objects at times at_ms (N, M) to the cursor (T, 2) units."""
    cursor_xy = resample(at_ms / FRAME_MS, np.arange(len(cursor)), cursor)
    xy = chart.objects[: len(at_ms), [ObjectColumn.X, ObjectColumn.Y]]
    return np.linalg.norm(cursor_xy - xy[:, None], axis=-1) / float(
        chart.constants[MapConstants.RADIUS]
    )


def match_presses(start_ms: np.ndarray, press_ms: np.ndarray, reach_ms: float) -> np.ndarray:
    """(P,) index of the object that each press belongs to, -1 where none starts within `reach_ms`.

    start_ms (N,) sorted starts of circles and sliders, press_ms (P,). A press belongs to the
    nearest start: cells end half-way between neighbours, so no rule of the game enters.
    """
    if not len(start_ms):
        return np.full(len(press_ms), -1)
    cell = np.searchsorted((start_ms[1:] + start_ms[:-1]) / 2, press_ms)
    return np.where(np.abs(press_ms - start_ms[cell]) <= reach_ms, cell, -1)
