"""Sliders by stable's rules: which ticks, repeats and tails a cursor got by following the ball.

Stable looks at a slider once a frame: the ball has to be inside the circle's radius to be caught
and inside 2.4 of it to be kept, with an acceptable button down. Each look judges at most one
nested event, the next one whose time has come, by what it sees then.
"""

from dataclasses import dataclass

import numpy as np

from osu.formats.beatmap import Beatmap, Kind
from osu.formats.slider_events import TAIL_EARLY_MS, SliderPart
from osu.rules.frames import Frames, floor_ms, frame_of
from osu.rules.hits import Clicks

FOLLOW_SCALE = 2.4
BOTH = 3


@dataclass(frozen=True, eq=False)
class Tracking:
    """The outcome of each nested slider event."""

    hit: np.ndarray  # (E,) bool
    frame: np.ndarray  # (E,) i8: the frame that judged it, -1 where the slider ended before
    due_ms: np.ndarray  # (E,) i8: when it was due


def judge_events(
    beatmap: Beatmap,
    frames: Frames,
    start: np.ndarray,
    end: tuple[np.ndarray, np.ndarray],
    last: np.ndarray,
    clicks: Clicks,
) -> Tracking:
    """Follow all sliders of a play.

    start -- (N,) i8 starts in integer ms
    end -- (N,) i8 ends in integer ms, and true where those are ambiguous (`floor_ms`)
    last -- (N,) i8 index of the frame in which the object ends
    """
    sliders = np.flatnonzero(beatmap.kind == Kind.SLIDER)
    events = len(beatmap.event_ms)
    hit = np.zeros(events, bool)
    judged_at = np.full(events, -1)
    if not len(sliders):
        return Tracking(hit, judged_at, np.zeros(0, np.int64))

    # Only the first slider that is still open is looked at, also where two overlap.
    final = np.minimum(last[sliders], len(frames.t_ms) - 1)
    blocked = np.concatenate([[-1], np.maximum.accumulate(final)[:-1]])
    first = np.maximum(frames.at_or_after(start[sliders]), blocked + 1)
    looks = np.maximum(final - first + 1, 0)
    offset = np.concatenate([[0], np.cumsum(looks)])
    owner = np.repeat(np.arange(len(sliders)), looks)
    frame = np.arange(offset[-1]) - offset[owner] + first[owner]

    ball = stable_ball_xy(beatmap, sliders, owner, frames.t_ms[frame])
    distance2 = (frames.x[frame] - ball[:, 0]) ** 2 + (frames.y[frame] - ball[:, 1]) ** 2
    held = frames.buttons[frame] > 0
    _drop_stale_buttons(frames, clicks, sliders, first, offset, frame, held)
    radius2 = beatmap.radius_px**2
    caught = held & (distance2 <= radius2)
    lost = ~(held & (distance2 <= radius2 * FOLLOW_SCALE**2))

    # Following at look k: the latest look that could catch the ball is later than the latest that
    # lost it. Each slider starts anew.
    k = np.arange(len(frame))
    before = offset[owner] - 1
    last_lost = np.maximum(np.maximum.accumulate(np.where(lost, k, -1)), before)
    last_caught = np.maximum.accumulate(np.where(caught, k, -1))
    following = last_caught > last_lost
    begins = following.copy()
    begins[1:] &= ~(following[:-1] & (owner[1:] == owner[:-1]))
    since = np.maximum.accumulate(np.where(begins, k, -1))
    since_ms = frames.t_ms[frame[since]] if len(frame) else since

    due, ambiguous = event_due_ms(beatmap, start, end)
    due_frame = frames.at_or_after(due, ambiguous)
    for s, slider in enumerate(sliders.tolist()):
        if not looks[s]:
            continue
        next_look = first[s]
        for e in range(beatmap.event_start[slider], beatmap.event_start[slider + 1]):
            look = max(due_frame[e], next_look)
            if look > final[s]:
                break
            p = offset[s] + look - first[s]
            hit[e] = following[p] and since_ms[p] <= due[e]
            judged_at[e] = look
            next_look = look + 1
    return Tracking(hit, judged_at, due)


def event_due_ms(
    beatmap: Beatmap, start: np.ndarray, end: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """(E,) i8 time at which each nested event is judged, and true where that time is ambiguous.

    A tail is judged 36 ms before its slider's end, but not before half of the slider's duration.
    """
    due, ambiguous = floor_ms(beatmap.event_ms)
    owner = np.repeat(np.arange(len(start)), np.diff(beatmap.event_start))
    tail = beatmap.event_kind == SliderPart.TAIL
    end, end_ambiguous = end
    early = np.maximum(start + (end - start) // 2, end - TAIL_EARLY_MS)
    return np.where(tail, early[owner], due), np.where(tail, end_ambiguous[owner], ambiguous)


def _drop_stale_buttons(frames, clicks, sliders, first, offset, frame, held) -> None:
    """Clear `held` where the button that is down is not the one that holds the slider.

    It happens after one button, both, the same one again: what is left down may have been down
    since before the slider was hit, with the other one.
    """
    stale = _back_to_first(frames.buttons)
    if not stale.any():
        return
    count = np.concatenate([[0], np.cumsum(stale)])
    buttons, pressed = frames.buttons, frames.pressed
    for s, slider in enumerate(sliders.tolist()):
        a, looks = int(first[s]), int(offset[s + 1] - offset[s])
        if not looks or count[a + looks] == count[a]:
            continue
        hit, missed = int(clicks.frame[slider]), -1
        if hit < 0:
            missed = frame_of(int(clicks.order_key[slider]))

        def button(j: int) -> int:
            p = int(pressed[j])
            return 1 if p & 1 else 2 if p & 2 else int(buttons[j])

        holder = button(hit) if 0 <= hit < a else 0
        for j in range(a, a + looks):
            if j == hit:
                holder = button(j)
            down = int(buttons[j])
            if not down:
                holder = 0
            elif holder == 0 or (down != BOTH and not stale[j]):
                holder = button(j)
            elif stale[j] and not down & holder:
                held[offset[s] + j - a] = False
            if j == missed:
                holder = button(j)


def _back_to_first(buttons: np.ndarray) -> np.ndarray:
    """(F,) bool: the state before this one was both buttons, the one before that was this one."""
    if not len(buttons):
        return np.zeros(0, bool)
    change = np.flatnonzero(np.diff(buttons, prepend=0))
    states = np.concatenate([[0, 0], buttons[change]])
    back = (states[2:] > 0) & (states[1:-1] == BOTH) & (states[:-2] == states[2:])
    run = np.searchsorted(change, np.arange(len(buttons)), side="right") - 1
    return np.where(run >= 0, np.append(back, False)[run], False)


FLOAT_NOISE_MS = 1e-4  # a vertex this close below a whole ms is at it


def stable_ball_xy(
    beatmap: Beatmap, sliders: np.ndarray, which: np.ndarray, t_ms: np.ndarray
) -> np.ndarray:
    """(K, 2) places of stable's slider balls.

    sliders (S,) are indices of objects, which (K,) rows of `sliders`, t_ms (K,) integer ms.
    """
    path_xy, path_dist, path_start = beatmap.stable_path
    first, last = path_start[sliders], path_start[sliders + 1] - 1
    slides, span = beatmap.slides[sliders], beatmap.span_ms[sliders]
    length = np.maximum(path_dist[last], 1e-9)
    # The polyline of all slides, one vertex a row: there, back, there ...
    pieces = last - first
    rows = slides * pieces + 1
    begin = np.concatenate([[0], np.cumsum(rows)])
    owner = np.repeat(np.arange(len(sliders)), rows)
    nth = np.arange(begin[-1]) - begin[owner]
    slide, place = np.divmod(nth, np.maximum(pieces, 1)[owner])
    vertex = first[owner] + np.where(slide % 2 == 1, pieces[owner] - place, place)
    along = path_dist[vertex] / length[owner]
    along = np.where(slide % 2 == 1, 1 - along, along)
    exact = beatmap.start_ms[sliders][owner] + (slide + along) * span[owner]
    knot = np.floor(exact + FLOAT_NOISE_MS).astype(np.int64)

    # One search for all: each slider's times lie behind those of the one before.
    stride = 1 << 33
    t = np.asarray(t_ms).astype(np.int64)
    at = np.searchsorted(owner * stride + knot, which * stride + t)
    at = np.clip(at, begin[which], begin[which + 1] - 1)
    back = np.maximum(at - 1, begin[which])
    gap = knot[at] - knot[back]
    share = np.divide(t - knot[back], gap, out=np.ones(len(t)), where=gap > 0)
    share = np.clip(share, 0, 1)[:, None]
    return path_xy[vertex[back]] * (1 - share) + path_xy[vertex[at]] * share
