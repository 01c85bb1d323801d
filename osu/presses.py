"""Key presses as events of objects: when, for how long, with which finger.

A play's presses become one row an object (`events_of`) and rows become presses again
(`spans_of`). All times are real ms. Nothing here knows the rules of judgement: a press belongs to
the object whose start is nearest.
"""

from enum import IntEnum

import numpy as np

from osu.features import Column, Track, World, match_presses
from osu.field import FRAME_MS


class Event(IntEnum):
    """What a player did for an object; nan in all three where there was no press."""

    OFFSET_MS = 0  # press - start; negative is early
    RELEASE_MS = 1  # release - end of the object (its start, for a circle)
    FINGER = 2  # 0 or 1: which key


class Hint(IntEnum):
    """What the presser knows of an object, of the order of 1."""

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


class Style(IntEnum):
    """What stays the same through a play."""

    SPREAD = 0  # log of the median absolute deviation of the offsets, ms
    BIAS = 1  # median offset / 10 ms
    HOLD = 2  # log of the median hold of circles, ms
    ALTERNATION = 3  # share of presses with the other finger at gaps under 180 ms
    ALTERNATION_SLOW = 4  # ... and above
    FIRST_FINGER = 5  # share of presses with finger 0
    MISSED = 6  # share of objects without a press
    AIM = 7  # log of the median distance to the object at its start, in radii
    ACCURACY = 8  # log of what is missing to 100 %, at least half a per cent
    SCREEN = 9  # the player's pixel grid, osu!px, 0 where there is none


class Load(IntEnum):
    """What a map asks of a player: people choose maps that they can play."""

    DENSITY = 0  # log of objects per s, breaks left out
    SPEED = 1  # log of the median speed between objects, radii per s
    RADIUS = 2  # log


CURSOR_AT_MS = np.arange(-90, 91, 20)  # around the object's start
HINTS = Hint.CURSOR + len(CURSOR_AT_MS)
REACH_MS = 160.0  # farther presses belong to no object
STREAM_MS = 180.0  # gaps under this are streams: most people alternate
SHORTEST_MS = 12.0  # of a hold, and of the gap before the same finger comes down again


# Events as classes: an offset of OFFSET_BINS means no press.
OFFSET_STEP_MS, OFFSET_BINS = 4.0, 80  # -160 .. 160 ms
RELEASE_STEP_MS, RELEASE_FROM_MS, RELEASE_BINS = 8.0, -300.0, 125  # .. 700 ms


def to_bins(events: np.ndarray) -> np.ndarray:
    """Events (N, len(Event)) -> classes (N, len(Event)) int64; without a press the others are 0."""
    there = np.isfinite(events[:, Event.OFFSET_MS])
    bins = np.zeros(events.shape, np.int64)
    bins[:, Event.OFFSET_MS] = OFFSET_BINS
    offset, release, finger = events[there].T
    step = np.floor(offset / OFFSET_STEP_MS) + OFFSET_BINS // 2
    bins[there, Event.OFFSET_MS] = np.clip(step, 0, OFFSET_BINS - 1)
    step = np.floor((release - RELEASE_FROM_MS) / RELEASE_STEP_MS)
    bins[there, Event.RELEASE_MS] = np.clip(step, 0, RELEASE_BINS - 1)
    bins[there, Event.FINGER] = finger
    return bins


def from_bins(bins: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The inverse of `to_bins` up to a bin's width: a place within the bin is drawn."""
    within = rng.random((len(bins), 2))
    events = np.full(bins.shape, np.nan)
    there = bins[:, Event.OFFSET_MS] < OFFSET_BINS
    offset = (bins[:, Event.OFFSET_MS] - OFFSET_BINS // 2 + within[:, 0]) * OFFSET_STEP_MS
    release = (bins[:, Event.RELEASE_MS] + within[:, 1]) * RELEASE_STEP_MS + RELEASE_FROM_MS
    events[there] = np.stack([offset, release, bins[:, Event.FINGER]], -1)[there]
    return events


def _log_ms(ms: np.ndarray) -> np.ndarray:
    return np.log(np.clip(ms, 5.0, 10_000.0) / 200.0)


def times_ms(track: Track) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends (N,) of a track's objects in real ms of its grid."""
    objects = track.objects.astype(np.float64)
    return objects[:, Column.START_S] * 1000, objects[:, Column.END_S] * 1000


def played_objects(track: Track, frames: int) -> int:
    """How many objects had started and could be hit in a play of `frames` frames."""
    start, _ = times_ms(track)
    return int(np.searchsorted(start, frames * FRAME_MS - REACH_MS))


def to_real_ms(spans: list[np.ndarray], track: Track) -> list[np.ndarray]:
    """Presses and releases (P, 2) of each key, map ms -> real ms of the track's grid."""
    return [(span - track.start_ms) / track.rate for span in spans]


def to_map_ms(spans: list[np.ndarray], track: Track) -> list[np.ndarray]:
    """The inverse of `to_real_ms`."""
    return [span * track.rate + track.start_ms for span in spans]


def events_of(track: Track, spans: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Presses of the two keys, (P, 2) real ms each -> events (N, len(Event)) and how many presses
    each object got (N,). Of several presses for one object the nearest to its start counts."""
    start, end = times_ms(track)
    press = np.concatenate([span[:, 0] for span in spans])
    release = np.concatenate([span[:, 1] for span in spans])
    finger = np.repeat([0.0, 1.0], [len(span) for span in spans])
    owner = match_presses(start, press, REACH_MS)
    kept = owner >= 0
    press, release, finger, owner = press[kept], release[kept], finger[kept], owner[kept]
    counts = np.bincount(owner, minlength=len(start))
    order = np.argsort(-np.abs(press - start[owner]), kind="stable")  # the nearest is written last
    events = np.full((len(start), len(Event)), np.nan)
    chosen = owner[order]
    events[chosen, Event.OFFSET_MS] = (press - start[owner])[order]
    events[chosen, Event.RELEASE_MS] = (release - end[owner])[order]
    events[chosen, Event.FINGER] = finger[order]
    return events, counts


def spans_of(track: Track, events: np.ndarray) -> list[np.ndarray]:
    """The inverse of `events_of`: presses and releases of each key in real ms, sorted.

    A finger comes up before it goes down again; of two presses of one finger that cannot both be,
    the hold of the first is cut.
    """
    start, end = times_ms(track)
    there = np.isfinite(events[:, Event.OFFSET_MS])
    press = (start + events[:, Event.OFFSET_MS])[there]
    release = np.maximum((end + events[:, Event.RELEASE_MS])[there], press + SHORTEST_MS)
    finger = events[there, Event.FINGER]
    spans = []
    for key in (0, 1):
        order = np.argsort(press[finger == key], kind="stable")
        down, up = press[finger == key][order], release[finger == key][order]
        possible = np.diff(down, prepend=-np.inf) >= 2 * SHORTEST_MS
        down, up = down[possible], up[possible]
        up[:-1] = np.minimum(up[:-1], down[1:] - SHORTEST_MS)
        spans.append(np.stack([down, up], -1))
    return spans


def hints_of(track: Track, cursor: np.ndarray) -> np.ndarray:
    """(N, HINTS) float32 for a cursor (T, 2) in units on the track's grid; a cursor shorter than
    the track rests where it ends."""
    objects, world = track.objects, track.world
    start, end = times_ms(track)
    count = len(start)
    xy, end_xy = objects[:, [Column.X, Column.Y]], objects[:, [Column.END_X, Column.END_Y]]
    radius = float(world[World.RADIUS])
    hints = np.zeros((count, HINTS), np.float32)
    for step, (before, after) in enumerate(
        ((Hint.GAP_BEFORE, Hint.GAP_AFTER), (Hint.GAP_BEFORE2, Hint.GAP_AFTER2),
         (Hint.GAP_BEFORE3, Hint.GAP_AFTER3)), start=1,
    ):  # fmt: skip
        gap = np.full(count + step, 10_000.0)
        if count > step:
            gap[step:count] = start[step:] - start[:-step]
        hints[:, before], hints[:, after] = _log_ms(gap[:count]), _log_ms(gap[step:])
    rest = np.concatenate([[10_000.0], start[1:] - end[:-1], [10_000.0]])
    hints[:, Hint.REST_BEFORE], hints[:, Hint.REST_AFTER] = _log_ms(rest[:-1]), _log_ms(rest[1:])
    far = np.concatenate([[0.0], np.linalg.norm(xy[1:] - end_xy[:-1], axis=1) / radius, [0.0]])
    hints[:, Hint.DISTANCE_BEFORE] = np.log1p(far[:-1])
    hints[:, Hint.DISTANCE_AFTER] = np.log1p(far[1:])
    hints[:, Hint.SLIDER] = objects[:, Column.SLIDER]
    hints[:, Hint.SPINNER] = objects[:, Column.SPINNER]
    hints[:, Hint.DURATION] = _log_ms(end - start)
    hints[:-1, Hint.NEXT_SLIDER] = objects[1:, Column.SLIDER]
    hints[:, Hint.WINDOW_50] = world[World.WINDOW_50_S] * 10
    hints[:, Hint.WINDOW_300] = world[World.WINDOW_300_S] * 20
    hints[:, Hint.RADIUS] = radius * 5
    hints[:, Hint.PREEMPT] = world[World.PREEMPT_S]
    hints[0, Hint.FIRST] = 1
    distance = _distance(track, cursor, start[:, None] + CURSOR_AT_MS)
    hints[:, Hint.CURSOR :] = np.minimum(distance, 6.0) / 2
    return hints


def _distance(track: Track, cursor: np.ndarray, at_ms: np.ndarray) -> np.ndarray:
    """(N, M) radii from the first N objects at times at_ms (N, M) to the cursor (T, 2) units."""
    at, frames = at_ms / FRAME_MS, np.arange(len(cursor))
    there = np.stack([np.interp(at, frames, cursor[:, axis]) for axis in (0, 1)], -1)
    xy = track.objects[: len(at_ms), [Column.X, Column.Y]]
    return np.linalg.norm(there - xy[:, None], axis=-1) / float(track.world[World.RADIUS])


def style_of(
    track: Track, events: np.ndarray, cursor: np.ndarray, accuracy: float, screen_px: float
) -> np.ndarray:
    """(len(Style),) float32 of a play; nan where it has too few presses to say.

    events (M, len(Event)) of the M objects played, cursor (T, 2) in units, accuracy 0 .. 1,
    screen_px as osu.features.screen_grid_px finds it.
    """
    style = np.full(len(Style), np.nan, np.float32)
    start, end = times_ms(track)
    start, end = start[: len(events)], end[: len(events)]
    aimed = track.objects[: len(events), Column.SPINNER] == 0
    there = np.isfinite(events[:, Event.OFFSET_MS]) & aimed
    if there.sum() < 20:
        return style
    offset = events[there, Event.OFFSET_MS]
    bias = np.median(offset)
    style[Style.SPREAD] = np.log(np.median(np.abs(offset - bias)) + 1.0)
    style[Style.BIAS] = bias / 10
    circle = there & (end - start < 1)
    chosen = circle if circle.sum() >= 10 else there
    hold = events[chosen, Event.RELEASE_MS] - events[chosen, Event.OFFSET_MS]
    style[Style.HOLD] = np.log(np.median(np.maximum(hold + (end - start)[chosen], 5.0)))
    rows = np.flatnonzero(there)
    gap = np.diff(start[rows])
    other = np.diff(events[rows, Event.FINGER]) != 0
    slow = gap >= STREAM_MS
    for name, which in ((Style.ALTERNATION, ~slow), (Style.ALTERNATION_SLOW, slow)):
        style[name] = (other[which].sum() + 0.5) / (which.sum() + 1)
    style[Style.FIRST_FINGER] = (events[there, Event.FINGER] == 0).mean()
    style[Style.MISSED] = 1 - there.sum() / aimed.sum()
    distance = _distance(track, cursor, start[:, None])[there]
    style[Style.AIM] = np.log(np.median(distance) + 0.01)
    style[Style.ACCURACY] = style_of_accuracy(accuracy)
    style[Style.SCREEN] = screen_px
    return style


def style_of_play(
    track: Track, spans: list[np.ndarray], cursor: np.ndarray, accuracy: float, screen_px: float
) -> np.ndarray:
    """`style_of` a whole play: of each key its presses (N, 2) in map ms, the cursor (T, 2)."""
    events, _ = events_of(track, to_real_ms(spans, track))
    events = events[: played_objects(track, len(cursor))]
    return style_of(track, events, cursor, accuracy, screen_px)


def style_of_accuracy(accuracy: float) -> float:
    """Style.ACCURACY of a judged accuracy, 0 .. 1."""
    return float(np.log(max(1 - accuracy, 0.005)))


LOAD_SCALE = np.array([0.25, 0.35, 0.1])  # about a standard deviation of each Load
ALIKE = 32


def draw_alike(
    loads: np.ndarray, track: Track, rng: np.random.Generator, far: np.ndarray | float = 0.0
) -> int:
    """A row of a bank of plays (loads (M, len(Load))) whose maps ask about as much as the track:
    people choose maps that they can play. `far` (M,) adds squared distances of other kinds."""
    apart = ((loads - load_of(track)) / LOAD_SCALE) ** 2
    near = np.argsort(apart.sum(1) + far, kind="stable")[:ALIKE]
    return int(near[rng.integers(len(near))])


def spread_of_unstable_rate(unstable_rate: float) -> float:
    """Style.SPREAD of a play whose offsets are normal with a standard deviation of a tenth of the
    unstable rate: their median absolute deviation is 0.6745 of it."""
    return float(np.log(0.6745 * unstable_rate / 10 + 1.0))


def load_of(track: Track) -> np.ndarray:
    """(len(Load),) float32 of a track."""
    start, end = times_ms(track)
    radius = float(track.world[World.RADIUS])
    load = np.zeros(len(Load), np.float32)
    load[Load.RADIUS] = np.log(radius)
    if len(start) < 2:
        return load
    xy = track.objects[:, [Column.X, Column.Y]]
    end_xy = track.objects[:, [Column.END_X, Column.END_Y]]
    seconds = np.maximum(start[1:] - end[:-1], 30.0) / 1000
    load[Load.DENSITY] = -np.log(np.minimum(np.diff(start) / 1000, 2.0).mean())
    speed = np.linalg.norm(xy[1:] - end_xy[:-1], axis=1) / radius / seconds
    load[Load.SPEED] = np.log(np.median(speed) + 0.1)
    return load
