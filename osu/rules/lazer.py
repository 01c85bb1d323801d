"""Presses, sliders and spinners by lazer's rules, where they differ from stable's.

A press on an object counts once the object before it is judged or due, and misses all that come
before it. A slider's head is a circle of its own, timed like one; ticks, repeats and the tail ask
for nothing but following. A spinner asks for whole turns. The source is ppy/osu's:
StartTimeOrderedHitPolicy, SliderInputManager, Spinner, SpinnerSpinHistory and OsuHitWindows.

The game looks at all of this at each of its own updates, some hundred a second; a replay has sixty
frames and those in which keys change. In between the cursor is taken to move straight, and is
looked at once a millisecond.
"""

from dataclasses import dataclass

import numpy as np

from osu.formats.beatmap import Beatmap, Kind
from osu.formats.difficulty import difficulty_range
from osu.formats.mods import Mods
from osu.formats.slider_events import TAIL_EARLY_MS, SliderPart
from osu.rules.frames import Frames
from osu.rules.hits import NEVER_MS
from osu.rules.sliders import BOTH, FOLLOW_SCALE

MISS_MS = 400  # a press that is further away than this does nothing
BEFORE_MS = 300  # before a slider from which on its follow circle is looked at
# From this version on windows are half a ms narrower than a whole number of ms, before as computed.
WHOLE_WINDOWS_VERSION = 30000001
# Of one slider that was played; and in all: ms of sliders, frames of spinners, objects tried.
MOST_SLIDER_MS = 1_000_000
MOST_LAZER_STEPS = 5_000_000  # two seconds
SAME_UPDATE_MS = 4  # what comes this close before a press is taken to be of the same update
SPINS = (1.5, 2.5, 3.75)  # that a spinner asks for each second at OD 0, 5, 10
MOST_SPINS = (250 / 60, 380 / 60, 430 / 60)  # that give points
GAP = 2  # spins between those that are asked for and those that give a large bonus
SMALL_BONUS, LARGE_BONUS = 10, 50
LAZER_TICK, LAZER_TAIL = 30, 150  # points of a slider's ticks and repeats, and of its tail
PRECISION_S = 0.0001  # by which a spinner's duration may fall short of a whole number of spins


@dataclass(frozen=True, eq=False)
class LazerPlay:
    """The outcome of a play of N objects with E slider events. Times are map ms."""

    points: np.ndarray  # (N,) i8: 300, 100, 50 or 0 of circle, slider head or spinner
    frame: np.ndarray  # (N,) i8: the frame whose press hit it, -1 for none
    judged_ms: np.ndarray  # (N,) i8: when circle, head or spinner was judged
    event_hit: np.ndarray  # (E,) bool
    event_judged_ms: np.ndarray  # (E,) i8
    turns: np.ndarray  # (N,) f8 of spinners
    bonus: int  # points for the turns of spinners


def play_lazer(beatmap: Beatmap, frames: Frames, version: int) -> LazerPlay:
    """Run a play; `beatmap` is under its conditions, `version` is the replay's."""
    points, frame, judged_ms = _hit_circles(beatmap, frames, _windows(beatmap, version))
    event_hit, event_judged_ms = _follow_sliders(beatmap, frames, points, frame, judged_ms)
    turns, bonus = np.zeros(len(points)), 0
    for i in np.flatnonzero(beatmap.kind == Kind.SPINNER).tolist():
        points[i], turns[i], of_this = _spin(beatmap, frames, i)
        bonus += of_this
        judged_ms[i] = int(np.ceil(beatmap.end_ms[i]))
    return LazerPlay(points, frame, judged_ms, event_hit, event_judged_ms, turns, bonus)


def standardised_score(
    base: np.ndarray, most: np.ndarray, combo: np.ndarray, lasted: np.ndarray, bonus: int
) -> int:
    """Lazer's score of a million points and the bonus, before its mods' multipliers (ppy/osu,
    ScoreProcessor).

    base, most (J,) what each judgement got and could have got, in order; combo (J,) after each;
    lasted (J,) whether the play came to it.
    """
    if not lasted.any():
        return 0
    accuracy = base[lasted].sum() / most[lasted].sum()
    gained = (most * np.sqrt(combo))[lasted & (base > 0)].sum()
    possible = (most * np.sqrt(np.arange(1, len(most) + 1))).sum()
    share = gained / possible
    return round(5e5 * accuracy * share + 5e5 * accuracy**5 * lasted.mean() + bonus)


def too_much_work(beatmap: Beatmap, frames: Frames) -> bool:
    """Whether `play_lazer` would take far longer than for any real play: files can be made so."""
    if not len(frames.clock_ms):
        return False
    slider = beatmap.kind == Kind.SLIDER
    lasts = np.minimum(beatmap.end_ms, frames.clock_ms[-1]) - beatmap.start_ms + BEFORE_MS
    looks = np.maximum(lasts[slider], 0)
    spinner = beatmap.kind == Kind.SPINNER
    edges_ms = beatmap.start_ms[spinner], beatmap.end_ms[spinner]
    first, last = (np.searchsorted(frames.clock_ms, ms) for ms in edges_ms)
    steps = looks.sum() + (last - first).sum()
    # Objects that a press may have to be tried on.
    t_ms = frames.clock_ms[frames.pressed > 0]
    seen = np.searchsorted(beatmap.start_ms - beatmap.preempt_ms, t_ms, "right")
    gone = np.searchsorted(beatmap.start_ms + beatmap.window50_ms + 1, t_ms)
    steps += np.maximum(seen - gone, 0).sum()
    return looks.max(initial=0) > MOST_SLIDER_MS or steps > MOST_LAZER_STEPS


def _windows(beatmap: Beatmap, version: int) -> tuple[float, float, float]:
    """Half widths in ms for 300, 100 and 50; an error may be as large."""
    if version >= WHOLE_WINDOWS_VERSION:
        whole = (beatmap.window300_ms, beatmap.window100_ms, beatmap.window50_ms)
        return tuple(width - 0.5 for width in whole)
    ranges = ((80, 50, 20), (140, 100, 60), (200, 150, 100))
    return tuple(difficulty_range(beatmap.od, *values) for values in ranges)


def _hit_circles(
    beatmap: Beatmap, frames: Frames, windows: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hand out the presses of a play -> points, frames and times of `LazerPlay`."""
    circles = np.flatnonzero(beatmap.kind != Kind.SPINNER).tolist()
    start = beatmap.start_ms.tolist()
    x, y = beatmap.xy[:, 0].tolist(), beatmap.xy[:, 1].tolist()
    radius2 = beatmap.radius_px**2
    w300, w100, w50 = windows
    n = len(start)
    points, hit_frame = [0] * n, [-1] * n
    judged_ms = [NEVER_MS] * n  # by a press
    runs_out = [int(np.floor(start[i] + w50)) + 1 for i in range(n)]

    def is_judged(i: int, t: int) -> bool:
        return judged_ms[i] <= t or runs_out[i] <= t

    first = 0
    for k in np.flatnonzero(frames.pressed).tolist():
        t, cx, cy = int(frames.clock_ms[k]), float(frames.x[k]), float(frames.y[k])
        for _ in range(2 if frames.pressed[k] == BOTH else 1):
            while first < len(circles) and is_judged(circles[first], t):
                first += 1
            for j in range(first, len(circles)):
                i = circles[j]
                if start[i] - beatmap.preempt_ms > t:
                    break
                if is_judged(i, t) or (cx - x[i]) ** 2 + (cy - y[i]) ** 2 > radius2:
                    continue
                before = j - 1
                while before >= 0 and start[circles[before]] >= start[i]:
                    before -= 1
                error = abs(t - start[i])
                waits = (
                    before >= 0 and not is_judged(circles[before], t) and t < start[circles[before]]
                )
                if error <= MISS_MS and not waits:
                    points[i] = (
                        300 if error <= w300 else 100 if error <= w100 else 50 * (error <= w50)
                    )
                    hit_frame[i] = k if points[i] else -1
                    judged_ms[i] = t
                    for earlier in circles[first : before + 1]:
                        if not is_judged(earlier, t):
                            judged_ms[earlier] = t
                break  # whatever comes of it, the press is taken
    times = np.minimum(np.array(judged_ms), np.array(runs_out))
    return np.array(points), np.array(hit_frame), times


def _follow_sliders(
    beatmap: Beatmap,
    frames: Frames,
    points: np.ndarray,
    frame: np.ndarray,
    judged_ms: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(E,) whether each slider event was hit, and when it was judged. Heads that were clearly left
    out are missed in `points`, `frame`, `judged_ms`."""
    hit = np.zeros(len(beatmap.event_ms), bool)
    when = np.full(len(hit), NEVER_MS)
    if not len(frames.t_ms):
        return hit, when
    for i in np.flatnonzero(beatmap.kind == Kind.SLIDER).tolist():
        events = slice(beatmap.event_start[i], beatmap.event_start[i + 1])
        t_ms, following, at_head = _following(beatmap, frames, i, int(frame[i]), judged_ms[i])
        due = np.ceil(beatmap.event_ms[events]).astype(np.int64)
        tail = beatmap.event_kind[events] == SliderPart.TAIL
        # Followed before its head was pressed: then the head counts as left out.
        early = due[~tail]
        early = early[early < judged_ms[i] - SAME_UPDATE_MS]
        if frame[i] >= 0 and len(early):  # the press, so all before it too, is within t_ms
            left_out = early[following[early - t_ms[0]]]
            if len(left_out):
                points[i], frame[i], judged_ms[i] = 0, -1, left_out[0]
                t_ms, following, at_head = _following(beatmap, frames, i, -1, judged_ms[i])
        hit[events], when[events] = _judge_events(
            due, tail, t_ms, following, at_head, int(judged_ms[i]), int(frame[i]) >= 0
        )
    return hit, when


def _following(
    beatmap: Beatmap, frames: Frames, i: int, frame: int, judged_ms: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of slider i, each ms around it: (T,) the time, (T,) whether the ball is followed, (E_i,)
    whether the cursor is, when the head is hit, near enough to where each event is."""
    first = int(beatmap.start_ms[i]) - BEFORE_MS
    last = min(max(int(np.ceil(beatmap.end_ms[i])), judged_ms), int(frames.clock_ms[-1]))
    t_ms = np.arange(first, max(first, last) + 1)
    x, y = (np.interp(t_ms, frames.clock_ms, column) for column in (frames.x, frames.y))
    ball = beatmap.ball_xy(np.full(len(t_ms), i), t_ms)
    distance2 = (x - ball[:, 0]) ** 2 + (y - ball[:, 1]) ** 2
    at = np.searchsorted(frames.clock_ms, t_ms, "right") - 1
    held = np.where(at >= 0, frames.buttons[at], 0)
    radius2 = beatmap.radius_px**2
    wide2 = radius2 * FOLLOW_SCALE**2
    caught = distance2 <= radius2
    near = np.zeros(beatmap.event_start[i + 1] - beatmap.event_start[i], bool)
    if frame >= 0:
        head = int(judged_ms - t_ms[0])
        caught[head] |= distance2[head] <= wide2
        if caught[head]:
            xy = beatmap.event_xy[beatmap.event_start[i] : beatmap.event_start[i + 1]]
            near = (xy[:, 0] - x[head]) ** 2 + (xy[:, 1] - y[head]) ** 2 <= wide2
        button = int(frames.pressed[frame])
        button = 1 if button & 1 else 2
        if frame and frames.buttons[frame - 1] & (BOTH ^ button):
            # The other key was down before: until it goes up only this one follows.
            free = np.flatnonzero(~held[head:] & (BOTH ^ button))
            until = head + int(free[0]) if len(free) else len(held)
            held[head:until] &= button
    caught &= held > 0
    lost = ~((held > 0) & (distance2 <= wide2))
    k = np.arange(len(t_ms))
    last_caught = np.maximum.accumulate(np.where(caught, k, -1))
    last_lost = np.maximum.accumulate(np.where(lost, k, -1))
    return t_ms, last_caught > last_lost, near


def _judge_events(
    due: np.ndarray,
    tail: np.ndarray,
    t_ms: np.ndarray,
    following: np.ndarray,
    near: np.ndarray,
    head_ms: int,
    head_hit: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """One slider's events in their order -> whether each is hit, and when it is judged."""
    hit, when = np.zeros(len(due), bool), np.zeros(len(due), np.int64)
    any_near = bool(near.any())
    reached = any_near or head_hit
    for e in range(len(due)):
        before = int(when[e - 1]) if e else head_ms
        first = max(int(due[e]) - (TAIL_EARLY_MS if tail[e] else 0), head_ms, before)
        if head_hit and due[e] <= head_ms and any_near:
            # What lies behind when the head is hit counts as long as the cursor could reach it.
            reached = reached and bool(near[e])
            hit[e], when[e] = reached, head_ms
            continue
        last = max(int(due[e]), first)
        span = following[first - t_ms[0] : last - t_ms[0] + 1]
        hit[e] = span.any() if tail[e] else span[:1].any()
        when[e] = first + int(span.argmax()) if hit[e] else last
    return hit, when


def _spin(beatmap: Beatmap, frames: Frames, i: int) -> tuple[int, float, int]:
    """-> points, turns and bonus points of spinner i."""
    start, end = beatmap.start_ms[i], beatmap.end_ms[i]
    seconds = (end - start) / 1000
    needed = int(difficulty_range(beatmap.od, *SPINS) * seconds + PRECISION_S)
    paid = max(int(difficulty_range(beatmap.od, *MOST_SPINS) * seconds + PRECISION_S), needed + GAP)
    first, last = np.searchsorted(frames.clock_ms, [start, end])
    span = slice(max(first - 1, 0), last)  # with the frame before
    angle = np.arctan2(frames.y[span] - beatmap.xy[i, 1], frames.x[span] - beatmap.xy[i, 0])
    step = (np.diff(angle) + np.pi) % (2 * np.pi) - np.pi
    # Held over the time since the frame before.
    held = frames.buttons[span][:-1] > 0
    turns = _turns(step * held / (2 * np.pi) * beatmap.rate)
    share = turns / needed if needed else 1.0
    points = 300 if share >= 1 else 100 if share > 0.9 else 50 if share > 0.75 else 0
    if Mods.SO in beatmap.mods:  # the game turns it
        points, turns = 300, float(needed)
    whole = min(int(turns), paid)
    small = min(whole, needed + GAP)
    return points, turns, SMALL_BONUS * small + LARGE_BONUS * (whole - small)


def _turns(steps: np.ndarray) -> float:
    """Whole turns in either direction and the most of the one begun; what is turned back has to be
    turned again. steps (K,) in turns."""
    whole, most, current = 0, 0.0, 0.0
    for step in steps.tolist():
        current += step
        most = max(most, abs(current))
        while most >= 1:
            whole += 1
            current -= np.sign(current)
            most = abs(current)
    return whole + most
