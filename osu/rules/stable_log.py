"""Every judgement of a play by stable's rules, in the order in which the game makes them."""

import dataclasses

import numpy as np

from osu.formats.beatmap import Beatmap, Kind
from osu.formats.slider_events import SliderPart
from osu.rules.frames import CLICK, END, FOLLOW, Frames, frame_of, order_key
from osu.rules.hits import Clicks
from osu.rules.score import EVENT, FINAL, HEAD, PART_POINTS, TICK_POINTS, Log, combo_after, sort_log
from osu.rules.sliders import Tracking
from osu.rules.spinners import SpinnerResult

NO_TIME = np.iinfo(np.int64).max


def write_log(
    beatmap: Beatmap,
    frames: Frames,
    clicks: Clicks,
    tracking: Tracking,
    result: np.ndarray,
    judged_at: np.ndarray,
    spins: dict[int, SpinnerResult],
) -> Log:
    """Every judgement of a play of N objects, in order.

    result (N,) points; judged_at (N,) i8 order keys; spins: of each spinner, by its number.
    """
    n = len(result)
    rows = []

    def add(when, owner, part, points, scaled, combo, due_ms=NO_TIME):
        columns = (when, owner, part, points, scaled, combo, due_ms)
        rows.append([np.broadcast_to(np.asarray(column), len(owner)) for column in columns])

    slider = np.flatnonzero(beatmap.kind == Kind.SLIDER)
    hit = clicks.points[slider] > 0
    due = beatmap.start_ms[slider].astype(np.int64) + beatmap.window50_ms + 1
    due = np.where(clicks.frame[slider] < 0, due, NO_TIME)
    add(clicks.order_key[slider], slider, HEAD, PART_POINTS * hit, False, np.where(hit, 1, -1), due)

    e = np.flatnonzero(tracking.frame >= 0)
    owner = np.repeat(np.arange(n), np.diff(beatmap.event_start))[e]
    hit = tracking.hit[e]
    tick = (beatmap.event_kind == SliderPart.TICK) & ~_after_tail(beatmap, tracking)
    points = np.where(tick[e], TICK_POINTS, PART_POINTS) * hit
    combo = np.where(hit, 1, np.where(beatmap.event_kind[e] == SliderPart.TAIL, 0, -1))
    when = order_key(tracking.frame[e], FOLLOW)
    add(when, owner, EVENT, points, False, combo, tracking.due_ms[e])

    gain = np.where(beatmap.kind == Kind.SLIDER, 0, 1)
    add(judged_at, np.arange(n), FINAL, result, True, np.where(result > 0, gain, -1))
    for i, s in spins.items():
        when = order_key(np.array(s.frames, np.int64), FOLLOW)
        add(when, np.full(len(when), i), EVENT, np.array(s.scores, np.int64), False, 0)
    log = sort_log(Log(*(np.concatenate(column) for column in zip(*rows, strict=True))))
    return _date_silent_misses(log, frames)


def _after_tail(beatmap: Beatmap, tracking: Tracking) -> np.ndarray:
    """(E,) bool: due after its slider's tail, which is judged early. A tick there gives what a
    tail gives (seen in the reference headers: all of the four such sliders in exact plays)."""
    last = np.maximum(beatmap.event_start[1:] - 1, 0)
    tail_ms = np.append(tracking.due_ms, 0)[last]
    return tracking.due_ms > np.repeat(tail_ms, np.diff(beatmap.event_start))


def _date_silent_misses(log: Log, frames: Frames) -> Log:
    """The game records a frame when score or combo change, not when a slider's part is missed at
    combo 0: such a miss came before the frame that tells of it, and ends no combo begun in it."""
    frame = frame_of(log.order_key)
    t_ms = np.append(frames.clock_ms, NO_TIME)[np.minimum(frame, len(frames.clock_ms))]
    rows = np.flatnonzero((log.combo < 0) & (log.part != FINAL) & (log.due_ms < t_ms))
    before = np.searchsorted(log.order_key, order_key(frame[rows], CLICK))
    combo = np.concatenate([[0], combo_after(log)])[before]
    rows = rows[combo == 0]
    keys = log.order_key.copy()
    keys[rows] = order_key(frame[rows] - 1, END)
    return sort_log(dataclasses.replace(log, order_key=keys))
