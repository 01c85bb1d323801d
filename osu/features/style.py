"""The constants of a play: its style, the player's screen, the way of turning spinners."""

from enum import IntEnum

import numpy as np

from osu.features.chart import Chart, MapConstants, ObjectColumn
from osu.features.presses import (
    STREAM_MS,
    PressField,
    events_of,
    played_objects,
    radii_from_starts,
    times_ms,
    to_real_ms,
)
from osu.units import FRAME_HZ, UNIT_PX

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


class Style(IntEnum):
    """Columns of a play's style: what stays the same through it."""

    SPREAD = 0  # log of the median absolute deviation of the offsets, ms
    BIAS = 1  # median offset / 10 ms
    HOLD = 2  # log of the median hold of circles, ms
    ALTERNATION = 3  # share of presses with the other finger at gaps under 180 ms
    ALTERNATION_SLOW = 4  # the same at longer gaps
    FIRST_FINGER = 5  # share of presses with finger 0
    MISSED = 6  # share of objects without a press
    AIM = 7  # log of the median distance to the object at its start, in radii
    ACCURACY = 8  # log of what is missing to 100 %, at least half a per cent
    SCREEN = 9  # the player's pixel grid, osu!px, 0 where there is none


class MapDemand(IntEnum):
    """Columns of what a map asks of a player: people choose maps that they can play."""

    DENSITY = 0  # log of objects per s, breaks left out
    SPEED = 1  # log of the median speed between objects, radii per s
    RADIUS = 2  # log
    PREEMPT_S = 3  # real s from an object's appearance to its start
    WINDOW_300_S = 4  # half width of the window of a 300, real s
    RATE = 5
    SLIDERS = 6  # share of objects
    STREAMS = 7  # share of gaps under STREAM_MS
    JUMPS = 8  # share of gaps under JUMP_MS over more than JUMP_RADII
    LENGTH = 9  # log of the s from the first object's lead-in to the last one's rest


def style_of(
    chart: Chart, events: np.ndarray, cursor: np.ndarray, accuracy: float, screen_px: float
) -> np.ndarray:
    """(len(Style),) float32 of a play; nan where it has too few presses to say.

    events (M, len(PressField)), the press table of the M objects played; cursor (T, 2) in units;
    accuracy 0 .. 1;
    screen_px as `screen_grid_px` finds it.
    """
    style = np.full(len(Style), np.nan, np.float32)
    start, end = times_ms(chart)
    start, end = start[: len(events)], end[: len(events)]
    aimed = chart.objects[: len(events), ObjectColumn.SPINNER] == 0
    pressed = np.isfinite(events[:, PressField.OFFSET_MS]) & aimed
    if pressed.sum() < 20:
        return style
    offset = events[pressed, PressField.OFFSET_MS]
    bias = np.median(offset)
    style[Style.SPREAD] = np.log(np.median(np.abs(offset - bias)) + 1.0)
    style[Style.BIAS] = bias / 10
    circle = pressed & (end - start < 1)
    short = circle if circle.sum() >= 10 else pressed
    hold = events[short, PressField.RELEASE_MS] - events[short, PressField.OFFSET_MS]
    style[Style.HOLD] = np.log(np.median(np.maximum(hold + (end - start)[short], 5.0)))
    rows = np.flatnonzero(pressed)
    gap = np.diff(start[rows])
    other = np.diff(events[rows, PressField.FINGER]) != 0
    slow = gap >= STREAM_MS
    for name, which in ((Style.ALTERNATION, ~slow), (Style.ALTERNATION_SLOW, slow)):
        style[name] = (other[which].sum() + 0.5) / (which.sum() + 1)
    style[Style.FIRST_FINGER] = (events[pressed, PressField.FINGER] == 0).mean()
    style[Style.MISSED] = 1 - pressed.sum() / aimed.sum()
    distance = radii_from_starts(chart, cursor, start[:, None])[pressed]
    style[Style.AIM] = np.log(np.median(distance) + 0.01)
    style[Style.ACCURACY] = style_of_accuracy(accuracy)
    style[Style.SCREEN] = screen_px
    return style


def style_of_play(
    chart: Chart, spans: list[np.ndarray], cursor: np.ndarray, accuracy: float, screen_px: float
) -> np.ndarray:
    """`style_of` a play: the presses (P, 2) of each key in map ms, the cursor (T, 2) in units."""
    events, _ = events_of(chart, to_real_ms(spans, chart))
    events = events[: played_objects(chart, len(cursor))]
    return style_of(chart, events, cursor, accuracy, screen_px)


def style_of_accuracy(accuracy: float) -> float:
    """Style.ACCURACY of a judged accuracy, 0 .. 1."""
    return float(np.log(max(1 - accuracy, 0.005)))


JUMP_MS, JUMP_RADII = 400, 4
# The standard deviation of each MapDemand over the 985 training plays.
DEMAND_SCALE = np.array([0.49, 0.57, 0.097, 0.26, 0.012, 0.21, 0.16, 0.27, 0.26, 0.64])
SIMILAR = 16  # a play is drawn from so many whose maps ask about as much


def draw_similar(
    demands: np.ndarray, chart: Chart, rng: np.random.Generator, extra: np.ndarray | float = 0.0
) -> int:
    """A row drawn from a bank of M plays among those whose maps ask about as much as the chart.

    demands (M, len(MapDemand)) of the plays' maps; `extra` (M,) adds squared distances of other
    kinds.
    """
    distance2 = ((demands - demand_of(chart)) / DEMAND_SCALE) ** 2
    near = np.argsort(distance2.sum(1) + extra, kind="stable")[:SIMILAR]
    return int(near[rng.integers(len(near))])


def spread_of_unstable_rate(unstable_rate: float) -> float:
    """Style.SPREAD of a play whose offsets are normal with a standard deviation of a tenth of the
    unstable rate: their median absolute deviation is 0.6745 of it."""
    return float(np.log(0.6745 * unstable_rate / 10 + 1.0))


def demand_of(chart: Chart) -> np.ndarray:
    """(len(MapDemand),) float32 of a chart."""
    start, end = times_ms(chart)
    radius, constants = float(chart.constants[MapConstants.RADIUS]), chart.constants
    demand = np.zeros(len(MapDemand), np.float32)
    demand[MapDemand.RADIUS] = np.log(radius)
    demand[MapDemand.PREEMPT_S] = constants[MapConstants.PREEMPT_S]
    demand[MapDemand.WINDOW_300_S] = constants[MapConstants.WINDOW_300_S]
    demand[MapDemand.RATE] = chart.rate
    demand[MapDemand.SLIDERS] = chart.objects[:, ObjectColumn.SLIDER].mean()
    demand[MapDemand.LENGTH] = np.log(chart.frames / FRAME_HZ)
    if len(start) < 2:
        return demand
    xy = chart.objects[:, [ObjectColumn.X, ObjectColumn.Y]]
    end_xy = chart.objects[:, [ObjectColumn.END_X, ObjectColumn.END_Y]]
    gap_ms = np.diff(start)
    distance = np.linalg.norm(xy[1:] - end_xy[:-1], axis=1) / radius
    speed = distance / (np.maximum(start[1:] - end[:-1], 30.0) / 1000)
    demand[MapDemand.DENSITY] = -np.log(np.minimum(gap_ms / 1000, 2.0).mean())
    demand[MapDemand.SPEED] = np.log(np.median(speed) + 0.1)
    demand[MapDemand.STREAMS] = (gap_ms < STREAM_MS).mean()
    demand[MapDemand.JUMPS] = ((gap_ms < JUMP_MS) & (distance > JUMP_RADII)).mean()
    return demand


SHORTEST_FRAMES = 10  # of a spinner in which one is turned
SLOWEST_RPM = 60  # below it nobody meant to turn
SPIN_UP_FRAMES = 16  # until a hand that turns a spinner is at speed


class Spin(IntEnum):
    """Columns of a person's way of turning spinners; both nan where that is not known."""

    RPM = 0  # net, above 0 clockwise (y points down)
    RADIUS_PX = 1  # median distance from the centre


def spin_of(chart: Chart, cursor: np.ndarray) -> np.ndarray:
    """(len(Spin),) float32 of a play, its cursor (T, 2) in units: medians over its spinners, with
    the sign of most of the turns."""
    spins = []
    for first, last in spinner_frames(chart, len(cursor)):
        xy = cursor[first + SPIN_UP_FRAMES : last + 1]
        if len(xy) < FRAME_HZ / 2:
            continue
        angle = np.unwrap(np.arctan2(xy[:, 1], xy[:, 0]))
        rpm = (angle[-1] - angle[0]) / (2 * np.pi) * 60 * FRAME_HZ / (len(xy) - 1)
        if abs(rpm) >= SLOWEST_RPM:
            spins.append((rpm, np.median(np.linalg.norm(xy, axis=1)) * UNIT_PX))
    if not spins:
        return np.full(len(Spin), np.nan, np.float32)
    rpm, radius_px = np.array(spins).T
    return np.array([np.copysign(np.median(np.abs(rpm)), rpm.sum()), np.median(radius_px)], "f4")


def spinner_frames(chart: Chart, frames: int) -> list[tuple[int, int]]:
    """First and last frame of the spinners that are long enough in a play of `frames` frames."""
    return [(first, last) for _, first, last in spinner_rows(chart, frames)]


def spinner_rows(chart: Chart, frames: int) -> list[tuple[int, int, int]]:
    """Rows in the chart's objects, first and last frames of those spinners."""
    rows = np.flatnonzero(chart.objects[:, ObjectColumn.SPINNER] > 0)
    spinners = chart.objects[rows]
    first = np.maximum(np.ceil(spinners[:, ObjectColumn.START_S] * FRAME_HZ), 0).astype(int)
    last = np.minimum((spinners[:, ObjectColumn.END_S] * FRAME_HZ).astype(int), frames - 1)
    long = last - first + 1 >= SHORTEST_FRAMES
    return list(zip(*(column[long].tolist() for column in (rows, first, last)), strict=True))
