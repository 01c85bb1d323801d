"""The event-level witness: what a play does from note to note, in some seventy numbers.

Distributions of single events are easily right while what joins them is not: a person who was late
stays late for a while, misses come in runs, one gap is struck with one finger and another with two.
Times are real ms, distances radii of the circles.
"""

import numpy as np

from osu.classifiers.numbers.notes import GAPS, Notes, notes_of
from osu.features.chart import Ball, MapConstants, ObjectColumn
from osu.features.play import Play, key_spans
from osu.features.presses import times_ms, to_real_ms
from osu.features.style import SPIN_UP_FRAMES, spinner_frames
from osu.formats.replay import clean_frames
from osu.likeness.measures import FEWEST, STILL_PX_PER_MS, Measured
from osu.rules.sliders import FOLLOW_SCALE
from osu.units import CENTRE_PX, FRAME_HZ, FRAME_MS, resample, to_unit

NOTE_NUMBERS = {
    "timing_lag1": "timing errors, autocorrelation at lag 1",
    "timing_lag2": "timing errors, autocorrelation at lag 2",
    "timing_lag3": "timing errors, autocorrelation at lag 3",
    "timing_lag4": "timing errors, autocorrelation at lag 4",
    "timing_lag1_streams": "timing errors, autocorrelation at lag 1 in streams",
    "timing_lag1_jumps": "timing errors, autocorrelation at lag 1 in jumps",
    "timing_spread": "timing errors, standard deviation, ms",
    "timing_bias": "timing errors, mean, ms",
    "timing_kurtosis": "timing errors, excess kurtosis",
    "timing_skew": "timing errors, skew",
    "timing_spread_fast": "timing spread at gaps below 150 ms, ms",
    "timing_spread_middle": "timing spread at gaps of 150 to 300 ms, ms",
    "timing_spread_slow": "timing spread at gaps above 300 ms, ms",
    "timing_bias_fast": "mean timing at gaps below 150 ms, less that at other gaps, ms",
    "timing_bias_sliders": "mean timing on sliders, less that on circles, ms",
    "aim_lag1": "aim errors, autocorrelation at lag 1",
    "aim_lag2": "aim errors, autocorrelation at lag 2",
    "aim_lag3": "aim errors, autocorrelation at lag 3",
    "aim_lag4": "aim errors, autocorrelation at lag 4",
    "aim_lag1_streams": "aim errors, autocorrelation at lag 1 in streams",
    "aim_lag1_jumps": "aim errors, autocorrelation at lag 1 in jumps",
    "aim_rms": "aim errors, root mean square, radii",
    "aim_along": "mean aim along the way (negative: undershoot), radii",
    "aim_kurtosis": "aim errors, excess kurtosis",
    "aim_rms_fast": "aim at gaps below 150 ms, root mean square, radii",
    "aim_rms_middle": "aim at gaps of 150 to 300 ms, root mean square, radii",
    "aim_rms_slow": "aim at gaps above 300 ms, root mean square, radii",
    "aim_with_timing": "correlation of the sizes of aim and timing errors",
    "off_after_off": "chance of an aim off the object, or no press, after another one",
    "off_otherwise": "chance of an aim off the object, or no press, otherwise",
    "miss_share": "misses per object",
    "miss_after_miss": "chance of a miss after a miss",
    "miss_otherwise": "chance of a miss otherwise",
    "miss_run": "mean length of a run of misses",
    "misses_alone": "share of misses between two hits",
    "alternation_fast": "other finger than before at gaps below 150 ms",
    "alternation_middle": "other finger than before at gaps of 150 to 300 ms",
    "alternation_slow": "other finger than before at gaps above 300 ms",
    "repeat_after_repeat": "chance of a repeated finger after a repeated finger",
    "repeat_otherwise": "chance of a repeated finger otherwise",
    "first_finger": "share of presses by the finger that presses more",
    "hold_fast": "hold of circles at gaps below 150 ms, median, ms",
    "hold_middle": "hold of circles at gaps of 150 to 300 ms, median, ms",
    "hold_slow": "hold of circles at gaps above 300 ms, median, ms",
    "hold_spread": "hold of circles, spread of its logarithm",
    "hold_lag1": "hold of circles, autocorrelation at lag 1",
    "hold_fingers": "difference of the fingers' holds, of their mean",
    "both_down": "share of time both keys are down",
    "overlap": "share of presses while the other key is down",
    "spare_presses": "presses beyond one an object, per object",
    "arrival_ms": "time in the object before its start, jumps, median, ms",
    "departure_ms": "time in the object after its start, jumps, median, ms",
    "arrival_spread": "time in the object before its start, jumps, spread, ms",
    "speed_at_start": "speed at an object's start over the mean speed of the way there, jumps",
    "overshoot": "share of jumps that pass the point of the hit and come back",
    "slider_distance": "distance to the ball, mean, radii",
    "slider_lag_ms": "lag behind the ball, median, ms",
    "slider_left": "share of sliders whose ball is left by more than 2.4 radii",
    "slider_returned": "returns to the ball per time it is left",
    "slider_release": "release after a slider's end, median, ms",
    "slider_release_spread": "release after a slider's end, spread, ms",
    "spinner_rpm": "spinner speed, median, rpm",
    "spinner_unsteady": "spread of a spinner's speed, of its mean",
    "spinner_lag1": "spinner speed, autocorrelation from frame to frame",
    "spinner_radius_spread": "spread of a spinner's radius, of its mean",
    "break_speed": "cursor speed in breaks, px/s",
    "break_still": "share of breaks in which the cursor rests",
    "break_spread_px": "spread of places within a break, px",
    "grid_one_axis": "share of steps along one axis only, frames of the grid",
    "grid_rest": "mean length of a rest, frames of the grid",
}

AROUND_MS = np.arange(-240.0, 241.0, 8.0)  # of an object's start: times at which it is looked at
OVERSHOOT_RADII = 0.3
FEWEST_MISSES = 3
FEWEST_EVENTS = 5  # sliders left, rests
LEAST_VARIANCE = 1e-6  # below it values are all alike


def note_numbers(measured: Measured) -> np.ndarray:
    """(len(NOTE_NUMBERS),) float64 of a measured play; nan where it has too little for a number."""
    t_ms, xy, keys = clean_frames(measured.replay)
    cursor = np.column_stack([(t_ms - measured.chart.start_ms) / measured.chart.rate, to_unit(xy)])
    spans = to_real_ms(key_spans(t_ms, keys), measured.chart)
    notes = notes_of(measured, cursor, spans)
    radius = float(measured.chart.constants[MapConstants.RADIUS])
    numbers = _timing(notes) | _aim(notes, measured) | _misses(notes) | _fingers(notes, spans)
    numbers |= _approach(notes, cursor, radius) | _sliders(notes, measured)
    numbers |= _spinners(measured) | _breaks(measured)
    for name in ("both_down", "slider_distance", "slider_lag_ms", "spinner_rpm", "break_speed"):
        numbers[name] = measured.numbers[name]
    return np.array([numbers[name] for name in NOTE_NUMBERS], np.float64)


def autocorrelation(values: np.ndarray, lag: int, where: np.ndarray | bool = True) -> float:
    """The correlation of values (N,) or vectors (N, D) with those `lag` places before; pairs in
    which one is nan are left out, and those whose second is not in `where` (N,) bool.

    nan with fewer than FEWEST pairs, and where the values are all alike.
    """
    values = values.reshape(len(values), -1)
    before, after = values[:-lag], values[lag:]
    use = np.isfinite(before).all(1) & np.isfinite(after).all(1)
    use &= np.broadcast_to(where, len(values))[lag:]
    if use.sum() < FEWEST:
        return np.nan
    before, after = (side[use] - side[use].mean(0) for side in (before, after))
    size = np.sqrt((before**2).sum() * (after**2).sum())
    return float((before * after).sum() / size) if size > LEAST_VARIANCE * len(before) else np.nan


def chances(event: np.ndarray, fewest: int) -> tuple[float, float]:
    """The chance of an event (N,) bool after another one, and otherwise; nan where fewer than
    `fewest` objects come after one, or after none."""
    before, after = event[:-1], event[1:]
    given = [after[before], after[~before]]
    again, otherwise = (float(side.mean()) if len(side) >= fewest else np.nan for side in given)
    return again, otherwise


def _timing(notes: Notes) -> dict[str, float]:
    ms = notes.timing_ms
    numbers = {f"timing_lag{lag}": autocorrelation(ms, lag) for lag in (1, 2, 3, 4)}
    numbers["timing_lag1_streams"] = autocorrelation(ms, 1, notes.streams)
    numbers["timing_lag1_jumps"] = autocorrelation(ms, 1, notes.jumps)
    numbers["timing_spread"], numbers["timing_bias"] = _spread(ms), _mean(ms)
    numbers["timing_kurtosis"], numbers["timing_skew"] = _moment(ms, 4) - 3, _moment(ms, 3)
    for name in GAPS:
        numbers[f"timing_spread_{name}"] = _spread(ms[notes.at_gaps(name)])
    fast = notes.at_gaps("fast")
    numbers["timing_bias_fast"] = _mean(ms[fast]) - _mean(ms[~fast])
    numbers["timing_bias_sliders"] = _mean(ms[notes.slider]) - _mean(ms[~notes.slider])
    return numbers


def _aim(notes: Notes, measured: Measured) -> dict[str, float]:
    aim = notes.aim
    size2 = (aim**2).sum(1)
    numbers = {f"aim_lag{lag}": autocorrelation(aim, lag) for lag in (1, 2, 3, 4)}
    numbers["aim_lag1_streams"] = autocorrelation(aim, 1, notes.streams)
    numbers["aim_lag1_jumps"] = autocorrelation(aim, 1, notes.jumps)
    numbers["aim_rms"] = np.sqrt(_mean(size2))
    numbers["aim_along"] = measured.numbers["aim_mean_along"]
    numbers["aim_kurtosis"] = np.mean([_moment(axis, 4) - 3 for axis in aim.T])
    for name in GAPS:
        numbers[f"aim_rms_{name}"] = np.sqrt(_mean(size2[notes.at_gaps(name)]))
    numbers["aim_with_timing"] = _correlation(np.sqrt(size2), np.abs(notes.timing_ms))
    off = ~(size2 <= 1)  # without a press too
    numbers["off_after_off"], numbers["off_otherwise"] = chances(off, FEWEST_MISSES)
    return numbers


def _misses(notes: Notes) -> dict[str, float]:
    missed = notes.missed
    again, otherwise = chances(missed, FEWEST_MISSES)
    edges = np.flatnonzero(np.diff(missed.astype(np.int8), prepend=0, append=0))
    run = edges[1::2] - edges[::2]
    enough = run.sum() >= FEWEST_MISSES
    return {
        "miss_share": missed.mean() if len(missed) else np.nan,
        "miss_after_miss": again,
        "miss_otherwise": otherwise,
        "miss_run": run.mean() if enough else np.nan,
        "misses_alone": (run == 1).sum() / run.sum() if enough else np.nan,
    }


def _fingers(notes: Notes, spans: list[np.ndarray]) -> dict[str, float]:
    pressed = np.isfinite(notes.finger)
    first, second = notes.finger == 0, notes.finger == 1
    both = pressed & np.append(False, pressed[:-1]) & np.isfinite(notes.gap_ms)
    other = np.diff(notes.finger, prepend=np.nan) != 0
    again, otherwise = chances(~other[both], FEWEST)
    hold = np.where(notes.slider, np.nan, notes.hold_ms)
    holds = [_median(hold[side]) for side in (first, second)]
    numbers = {
        "repeat_after_repeat": again,
        "repeat_otherwise": otherwise,
        "first_finger": max(first.sum(), second.sum()) / pressed.sum() if pressed.any() else np.nan,
        "hold_spread": _spread(np.log(np.maximum(hold, 1.0))),
        "hold_lag1": autocorrelation(np.log(np.maximum(hold, 1.0)), 1),
        "hold_fingers": abs(holds[0] - holds[1]) / max(np.mean(holds), 1.0),
        "overlap": _overlap(spans),
        "spare_presses": _mean(np.maximum(notes.presses - 1.0, 0)),
    }
    for name in GAPS:
        numbers[f"alternation_{name}"] = _mean(other[both & notes.at_gaps(name)].astype(float))
        numbers[f"hold_{name}"] = _median(hold[notes.at_gaps(name)])
    return numbers


def _overlap(spans: list[np.ndarray]) -> float:
    """Share of presses during which the other key is already down."""
    down = []
    for own, other in (spans, spans[::-1]):
        at = np.searchsorted(other[:, 0], own[:, 0]) - 1  # the other key's last press before
        until = np.append(other[:, 1], -np.inf)[at]
        down.append(until > own[:, 0])
    return _mean(np.concatenate(down).astype(float))


def _approach(notes: Notes, cursor: np.ndarray, radius: float) -> dict[str, float]:
    """Numbers of the cursor (F, 3) around the starts of objects that a jump leads to."""
    jumps = notes.jumps & np.isfinite(notes.timing_ms)
    at_ms = notes.start_ms[jumps, None] + AROUND_MS
    rel = (resample(at_ms, cursor[:, 0], cursor[:, 1:]) - notes.xy[jumps, None]) / radius
    inside = np.hypot(rel[..., 0], rel[..., 1]) <= 1
    now = len(AROUND_MS) // 2
    step_ms = AROUND_MS[1] - AROUND_MS[0]
    # Samples in a row inside the object, back from its start and on from it.
    back = np.cumprod(inside[:, now::-1], 1).sum(1) * step_ms
    on = np.cumprod(inside[:, now:], 1).sum(1) * step_ms
    back, on = (np.where(inside[:, now], side, np.nan) for side in (back, on))
    gap_ms, distance = notes.gap_ms[jumps], notes.distance[jumps]
    speed = np.hypot(*(rel[:, now + 1] - rel[:, now - 1]).T) / (2 * step_ms)
    along = (rel * (notes.way[jumps] / distance[:, None])[:, None]).sum(-1)
    # The furthest point along the way, from half the gap before the start on.
    before = np.where(-gap_ms[:, None] / 2 <= AROUND_MS, along, -np.inf)[:, : now + 1]
    return {
        "arrival_ms": _median(back),
        "departure_ms": _median(on),
        "arrival_spread": _spread(back),
        "speed_at_start": _median(speed * gap_ms / distance),
        "overshoot": _mean((before.max(1) - along[:, now] > OVERSHOOT_RADII).astype(float)),
    }


def _sliders(notes: Notes, measured: Measured) -> dict[str, float]:
    chart, frames = measured.chart, len(measured.play)
    on = np.flatnonzero(chart.ball[:frames, Ball.ON] > 0)
    away = measured.play[on][:, [Play.X, Play.Y]] - chart.ball[on][:, [Ball.X, Ball.Y]]
    radii = np.hypot(*away.T) / float(chart.constants[MapConstants.RADIUS])
    start, _ = times_ms(chart)
    slider_start = start[chart.objects[:, ObjectColumn.SLIDER] > 0]
    owner = np.searchsorted(slider_start, on * FRAME_MS + 1, "right") - 1
    sliders = len(np.unique(owner))
    outside = radii > FOLLOW_SCALE
    same = owner[1:] == owner[:-1]
    leaves = same & ~outside[:-1] & outside[1:]
    enters = same & outside[:-1] & ~outside[1:]
    left = leaves.sum()
    # A slider's leaves and entries take turns: an entry after a leave of the same one is a return.
    turn = np.flatnonzero(leaves | enters)
    returns = enters[turn[1:]] & (owner[turn[1:]] == owner[turn[:-1]])
    release = notes.release_ms[notes.slider]
    return {
        "slider_left": len(np.unique(owner[1:][leaves])) / sliders if sliders else np.nan,
        "slider_returned": returns.sum() / left if left >= FEWEST_EVENTS else np.nan,
        "slider_release": _median(release),
        "slider_release_spread": _spread(release),
    }


def _spinners(measured: Measured) -> dict[str, float]:
    """Means over the spinners of what one looks like once the hand is at speed."""
    rows = []
    for first, last in spinner_frames(measured.chart, len(measured.play)):
        from_centre = measured.xy[first + SPIN_UP_FRAMES : last + 1] - CENTRE_PX
        if len(from_centre) < FRAME_HZ / 2:
            continue
        angle = np.unwrap(np.arctan2(from_centre[:, 1], from_centre[:, 0]))
        turn, radius = np.diff(angle), np.hypot(*from_centre.T)
        if abs(turn.mean()) > 1e-3 and radius.mean() > 1:
            unsteady = turn.std() / abs(turn.mean())
            rows.append((unsteady, autocorrelation(turn, 1), radius.std() / radius.mean()))
    names = ("spinner_unsteady", "spinner_lag1", "spinner_radius_spread")
    return dict(zip(names, np.mean(rows, 0) if rows else [np.nan] * 3, strict=True))


def _breaks(measured: Measured) -> dict[str, float]:
    xy = measured.xy
    t_ms = measured.chart.t_ms[: len(xy)]
    steps, spreads = [np.zeros((0, 2))], []
    for start_ms, end_ms in measured.beatmap.breaks_ms:
        pause = xy[(t_ms > start_ms) & (t_ms < end_ms)]
        if len(pause) >= FEWEST:
            steps.append(np.diff(pause, axis=0))
            spreads.append(np.sqrt(pause.var(0).sum()))
    length = np.hypot(*np.concatenate(steps).T)
    step = np.diff(measured.play[:, [Play.X, Play.Y]], axis=0)
    still = (step == 0).all(1)
    runs = np.flatnonzero(np.diff(still.astype(np.int8), prepend=0, append=0))
    return {
        "break_still": _mean((length < STILL_PX_PER_MS * FRAME_MS).astype(float)),
        "break_spread_px": float(np.mean(spreads)) if spreads else np.nan,
        "grid_one_axis": np.mean((step == 0).sum(1) == 1),
        "grid_rest": still.sum() / (len(runs) / 2) if len(runs) >= 2 * FEWEST_EVENTS else np.nan,
    }


def _finite(values: np.ndarray) -> np.ndarray:
    """The finite ones, none where they are fewer than FEWEST."""
    values = values[np.isfinite(values)]
    return values if len(values) >= FEWEST else values[:0]


def _mean(values: np.ndarray) -> float:
    values = _finite(values)
    return float(values.mean()) if len(values) else np.nan


def _median(values: np.ndarray) -> float:
    values = _finite(values)
    return float(np.median(values)) if len(values) else np.nan


def _spread(values: np.ndarray) -> float:
    values = _finite(values)
    return float(values.std()) if len(values) else np.nan


def _moment(values: np.ndarray, power: int) -> float:
    """The standardised central moment."""
    values = _finite(values)
    if not len(values) or values.var() < LEAST_VARIANCE:
        return np.nan
    return float(np.mean(((values - values.mean()) / values.std()) ** power))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    use = np.isfinite(a) & np.isfinite(b)
    a, b = a[use], b[use]
    if len(a) < FEWEST or min(a.var(), b.var()) < LEAST_VARIANCE:
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])
