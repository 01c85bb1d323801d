"""What prepared plays show of the person who played them: numbers, and some ten lines of text.

    facts = facts_of(plays, plays.own("train"))     of an osu.data.dataset.PlaySet
    for line in lines_of(facts): print(line)

A press belongs to the object whose start is nearest, and only those within the window of a 50 count
(osu.features.presses). The game, by note lock, gives presses that are far off to other objects, so
that its unstable rate is higher for inexact players: 516 for 437 of p0077's 160 training plays.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from osu.data.dataset import PlaySet
from osu.features.chart import MapConstants, ObjectColumn
from osu.features.play import Play
from osu.features.presses import PressField, events_of, played_objects, times_ms, to_real_ms
from osu.features.recorder import Recorder
from osu.features.style import Spin, spin_of
from osu.units import FRAME_HZ, FRAME_MS, UNIT_PX, resample

GAPS_MS = (
    0.0,
    130.0,
    180.0,
    260.0,
    400.0,
    2000.0,
)  # edges of the tempos, time since the object before
FEWEST_PRESSES = 30  # of which a share or a spread is told
RESTING_PX = 0.08  # a frame: less is rest
LONG_BREAK_S, AFTER_S, BEFORE_S = 2.5, 1.0, 1.5  # of breaks, the parts in which one idles


@dataclass(frozen=True, eq=False)
class Facts:
    """Of P plays with N presses and S plays in which something was spun."""

    player: str
    accuracy: np.ndarray  # (P,) 0 .. 1 as the game counted it
    frames: np.ndarray  # (P,) of 1/60 s
    offset_ms: np.ndarray  # (N,) press - start, negative is early
    gap_ms: np.ndarray  # (N,) from the start of the object before, inf for the first
    other_finger: np.ndarray  # (N,) 1 where the press before was the other finger's, nan for none
    first_finger: np.ndarray  # (N,) 1 where it was key 1
    hold_ms: np.ndarray  # (N,) of circles, else nan
    # (N, 2) radii at the press from the object's middle: beyond it on the way from the object
    # before, and to the right of that way; nan without a way
    aim: np.ndarray
    aim_xy: np.ndarray  # (N, 2) radii, to the right and down on the screen
    spins: np.ndarray  # (S, len(Spin))
    still: np.ndarray  # (P,) share of the frames between the objects that rest
    idle_px_s: np.ndarray  # (P,) speed of the cursor in breaks, nan without one
    recorders: np.ndarray  # (P, len(Recorder)), nan where too short


def facts_of(plays: PlaySet, index: np.ndarray) -> Facts:
    """Of the plays `index`, which are to be one person's."""
    columns: dict[str, list[np.ndarray]] = {}
    for i in index:
        for name, values in _of_play(plays, i).items():
            columns.setdefault(name, []).append(values)
    joined = {name: np.concatenate(values) for name, values in columns.items()}
    joined["spins"] = joined["spins"][np.isfinite(joined["spins"]).all(1)]
    return Facts(plays.plays[index[0]].player, **joined)


def _of_play(plays: PlaySet, i: int) -> dict[str, np.ndarray]:
    """The columns of one play."""
    chart, cursor, play = plays.chart(i), plays.cursor(i), plays.plays[i]
    events, _ = events_of(chart, to_real_ms(plays.presses[i], chart))
    events = events[: played_objects(chart, len(cursor))]
    start, end = (ms[: len(events)] for ms in times_ms(chart))
    objects = chart.objects[: len(events)]
    offset = events[:, PressField.OFFSET_MS]
    hit = np.abs(offset) <= 1000 * chart.constants[MapConstants.WINDOW_50_S]  # nan is none
    hit &= objects[:, ObjectColumn.SPINNER] == 0
    finger = np.where(hit, events[:, PressField.FINGER], np.nan)
    other = np.abs(np.diff(finger, prepend=np.nan))

    xy = objects[:, [ObjectColumn.X, ObjectColumn.Y]]
    before = objects[:-1, [ObjectColumn.END_X, ObjectColumn.END_Y]]
    way = np.concatenate([np.full((1, 2), np.nan), xy[1:] - before])[: len(xy)]
    length = np.linalg.norm(way, axis=1)
    way = way / np.where(length > 0, length, np.nan)[:, None]
    at = (start + np.nan_to_num(offset)) / FRAME_MS
    off = resample(at, np.arange(len(cursor)), cursor[:, : Play.K1]) - xy
    off = off / chart.constants[MapConstants.RADIUS]
    along = (way * off).sum(1)
    across = way[:, 0] * off[:, 1] - way[:, 1] * off[:, 0]  # y grows downward: to the right

    hold = events[:, PressField.RELEASE_MS] - offset
    hold = np.where(end - start < 1, hold, np.nan)
    still, idle_px_s = _rests(start, end, cursor)
    return {
        "accuracy": np.array([play.accuracy]),
        "frames": np.array([play.frames]),
        "offset_ms": offset[hit],
        "gap_ms": np.diff(start, prepend=-np.inf)[hit],
        "other_finger": other[hit],
        "first_finger": (finger == 0)[hit],
        "hold_ms": hold[hit],
        "aim": np.stack([along, across], -1)[hit],
        "aim_xy": off[hit],
        "spins": spin_of(chart, cursor)[None],
        "still": np.array([still]),
        "idle_px_s": np.array([idle_px_s]),
        "recorders": np.array(play.recorder, float)[None],
    }


def _rests(start_ms: np.ndarray, end_ms: np.ndarray, cursor: np.ndarray) -> tuple[float, float]:
    """(share of the frames while objects come that rest, speed in breaks in px/s or nan)."""
    step_px = np.linalg.norm(np.diff(cursor, axis=0), axis=1) * UNIT_PX  # of frame i to i + 1
    ended = np.maximum.accumulate(end_ms)
    idle = np.zeros(len(step_px), bool)
    for row in np.flatnonzero(start_ms[1:] - ended[:-1] > 1000 * LONG_BREAK_S):
        first = int((ended[row] / 1000 + AFTER_S) * FRAME_HZ)
        idle[first : int((start_ms[row + 1] / 1000 - BEFORE_S) * FRAME_HZ)] = True
    busy = ~idle
    if len(start_ms):
        busy[: int(start_ms[0] / FRAME_MS)] = False
        busy[int(ended[-1] / FRAME_MS) :] = False
    still = float((step_px[busy] < RESTING_PX).mean()) if busy.any() else np.nan
    # At the mean, not the median: idling is bursts and rest.
    return still, float(step_px[idle].mean() * FRAME_HZ) if idle.any() else np.nan


# --- Numbers and lines --------------------------------------------------------------------------


def by_tempo(facts: Facts) -> list[tuple[float, float, int, float, float]]:
    """(least gap, most gap in real ms, presses, unstable rate, share with the other finger) of the
    tempos in GAPS_MS that have FEWEST_PRESSES."""
    rows = []
    for low, high in itertools.pairwise(GAPS_MS):
        chosen = (facts.gap_ms >= low) & (facts.gap_ms < high)
        if chosen.sum() >= FEWEST_PRESSES:
            other = facts.other_finger[chosen]
            share = float(np.nanmean(other)) if np.isfinite(other).any() else np.nan
            rate = 10 * float(facts.offset_ms[chosen].std())
            rows.append((low, high, int(chosen.sum()), rate, share))
    return rows


def lines_of(facts: Facts) -> list[str]:
    """About ten lines: what is typical of the person."""
    hours = facts.frames.sum() / FRAME_HZ / 3600
    quartiles = "{:.1f} to {:.1f} %".format(*100 * np.nanpercentile(facts.accuracy, (25, 75)))
    lines = [
        f"plays      {len(facts.accuracy)}, {hours:.1f} h; the middle half has {quartiles} accuracy"
    ]
    if len(facts.offset_ms) < FEWEST_PRESSES:
        return [*lines, "too few presses to say more"]
    bias = float(np.median(facts.offset_ms))
    lines.append(
        f"timing     unstable rate {10 * facts.offset_ms.std():.0f} to the nearest objects, "
        f"{abs(bias):.0f} ms {'early' if bias < 0 else 'late'} in the median"
    )
    rows = by_tempo(facts)
    tempos = [f"{rate:.0f} at {_gap(low, high)}" for low, high, _, rate, _ in rows]
    lines.append(f"by tempo   unstable rate {', '.join(tempos)}")
    lines.append(f"fingers    {_fingers(facts, rows)}")
    hold = facts.hold_ms[np.isfinite(facts.hold_ms)]
    if len(hold) >= FEWEST_PRESSES:
        low, median, high = np.percentile(hold, (25, 50, 75))
        lines.append(f"hold       circles for {median:.0f} ms ({low:.0f} to {high:.0f})")
    way = np.isfinite(facts.aim).all(1)
    spread = np.linalg.norm(facts.aim_xy, axis=1)
    along, across = np.median(facts.aim[way], 0) if way.any() else (np.nan, np.nan)
    x, y = np.median(facts.aim_xy, 0)
    lines.append(
        f"aim        presses {np.median(spread):.2f} radii from the middle in the median, "
        f"{100 * (spread > 1).mean():.1f} % outside"
    )
    lines.append(
        f"where      {abs(along):.2f} radii {'beyond' if along > 0 else 'short of'} it on the way, "
        f"{abs(across):.2f} {'right' if across > 0 else 'left'} of the way; on the screen "
        f"{abs(x):.2f} {'right' if x > 0 else 'left'}, {abs(y):.2f} {'below' if y > 0 else 'above'}"
    )
    lines.append(f"spinners   {_spins(facts.spins)}")
    idle = facts.idle_px_s[np.isfinite(facts.idle_px_s)]
    breaks = (
        f"{np.median(idle):.0f} px/s in breaks ({len(idle)} plays)" if len(idle) else "no break"
    )
    lines.append(f"rests      {100 * np.nanmean(facts.still):.1f} % of frames are still; {breaks}")
    lines.append(f"recorder   {_recorder(facts.recorders)}")
    return lines


def _gap(low_ms: float, high_ms: float) -> str:
    return f"{low_ms:.0f}-{high_ms:.0f} ms" if low_ms else f"under {high_ms:.0f} ms"


def _fingers(facts: Facts, rows: list[tuple]) -> str:
    main = float(facts.first_finger.mean())
    key, share = (1, main) if main >= 0.5 else (2, 1 - main)
    told = [f"{100 * other:.0f} % at {_gap(low, high)}" for low, high, _, _, other in rows]
    fast = facts.other_finger[facts.gap_ms < 180]  # osu.features.presses.STREAM_MS
    alternates = np.nanmean(fast) if np.isfinite(fast).sum() >= FEWEST_PRESSES else np.nan
    slow = facts.other_finger[facts.gap_ms >= 180]
    slowly = np.nanmean(slow) if np.isfinite(slow).sum() >= FEWEST_PRESSES else np.nan
    kind = "singletaps" if slowly < 0.3 else "alternates" if slowly > 0.7 else "mixes"
    if alternates < 0.3:
        kind += ", streams too" if slowly < 0.3 else ""
    return (
        f"{kind}; key {key} has {100 * share:.0f} %; the other finger follows in {', '.join(told)}"
    )


def _spins(spins: np.ndarray) -> str:
    """`spins` (S, len(Spin)) of plays."""
    if not len(spins):
        return "none was seen"
    rpm = spins[:, Spin.RPM]
    clockwise = float((rpm > 0).mean())
    way, share = ("clockwise", clockwise) if clockwise >= 0.5 else ("anticlockwise", 1 - clockwise)
    return (
        f"{way} in {100 * share:.0f} % of {len(spins)} plays, {np.median(np.abs(rpm)):.0f} rpm, "
        f"{np.median(spins[:, Spin.RADIUS_PX]):.0f} px from the middle"
    )


def _recorder(recorders: np.ndarray) -> str:
    """`recorders` (P, len(Recorder))."""
    fitted = recorders[np.isfinite(recorders[:, Recorder.UPDATE_MS])]
    if not len(fitted):
        return "too short plays"
    counts = fitted[:, Recorder.COUNT_X_PX]
    held = counts > 0
    lattice = "positions between the pixels"
    if held.mean() >= 0.5:
        lattice = f"steps of {np.median(counts[held]):.3f} px in {100 * held.mean():.0f} % of plays"
    report, update = np.median(fitted[:, [Recorder.REPORT_MS, Recorder.UPDATE_MS]], 0)
    device = f"a report each {report:.1f} ms" if report > 0 else "reports at every frame"
    return f"{lattice}; {device}; the game updates each {update:.1f} ms"
