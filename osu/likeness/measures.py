"""What is measured of one play: numbers and histograms, all in real time.

Comparisons 3 to 8 of the likeness report are of these. Positions and speeds are
taken on the grid of 60 frames a second, for humans and networks alike; key times are exact.
"""

from dataclasses import dataclass

import numpy as np

from osu.errors import UserError
from osu.features.chart import Ball, Chart, MapConstants, chart_of
from osu.features.play import Play, encode_play, key_spans
from osu.formats.beatmap import Beatmap, Kind
from osu.formats.replay import Replay, clean_frames
from osu.formats.slider_events import SliderPart
from osu.rules.judge import Judgement, judge
from osu.units import CENTRE_PX, FRAME_MS, UNIT_PX, frame_count, to_px

STILL_PX_PER_MS = 0.005
MOVING_PX_PER_MS = 0.05  # below, a direction is mostly rounding
FAST_GAP_MS = 180.0  # presses closer than this are a stream's
FEWEST = 20  # hits or moments that a number needs


class MeasureError(UserError):
    """A play with too little in it to be measured, in one sentence."""


@dataclass(frozen=True)
class Quantity:
    """One measured number of a play: the comparison it belongs to, what it is, its unit."""

    comparison: int  # of osu.likeness.compare.COMPARISONS
    label: str
    unit: str = ""


QUANTITIES = {
    "still_share": Quantity(3, "share of time the cursor rests"),
    "velocity_peaks": Quantity(3, "velocity peaks", "1/s"),
    "frame_ms": Quantity(3, "time between frames of the file, median", "ms"),
    "unstable_rate": Quantity(4, "unstable rate (10 sd of hit errors)", "0.1 ms"),
    "bias_ms": Quantity(4, "mean hit error", "ms"),
    "error_autocorrelation": Quantity(4, "lag-1 autocorrelation of hit errors"),
    "error_kurtosis": Quantity(4, "excess kurtosis of hit errors"),
    "error_skew": Quantity(4, "skew of hit errors"),
    "aim_error": Quantity(5, "distance at the hit, median", "radii"),
    "aim_along": Quantity(5, "spread along the movement", "radii"),
    "aim_across": Quantity(5, "spread across the movement", "radii"),
    "aim_mean_along": Quantity(5, "mean along (negative: undershoot)", "radii"),
    "hold_ms": Quantity(6, "key hold, median", "ms"),
    "alternation_fast": Quantity(6, "alternation at gaps under 180 ms"),
    "alternation_slow": Quantity(6, "alternation at longer gaps"),
    "both_down": Quantity(6, "share of time both keys are down"),
    "presses_per_object": Quantity(6, "presses per object"),
    "slider_distance": Quantity(7, "distance to the ball, mean", "radii"),
    "slider_lag_ms": Quantity(7, "lag behind the ball, median", "ms"),
    "spinner_rpm": Quantity(7, "spinner speed, median", "rpm"),
    "spinner_radius_px": Quantity(7, "spinner radius, median", "px"),
    "spinner_clockwise": Quantity(7, "share of spinning that is clockwise"),
    "break_speed": Quantity(7, "cursor speed in breaks, mean", "px/s"),
    "accuracy": Quantity(8, "judged accuracy", "%"),
    "misses": Quantity(8, "misses per 100 objects"),
    "sliderbreaks": Quantity(8, "broken sliders per 100"),
}

# Histograms: label, and edges of 100 bins. Logarithms, since the quantities span decades and rest
# and tremor matter as much as the tails; what lies outside counts in the last bin.
HISTOGRAMS = {
    "speed": ("speed, log10 px/ms", np.linspace(-3, 1, 101)),
    "acceleration": ("acceleration, log10 px/ms²", np.linspace(-5, -0.5, 101)),
    "jerk": ("jerk, log10 px/ms³", np.linspace(-6.5, -1.5, 101)),
    "curvature": ("curvature, log10 1/px", np.linspace(-4, 1, 101)),
    "turn": ("turn angle between frames, rad", np.linspace(0, np.pi, 101)),
}


@dataclass(frozen=True, eq=False)
class Measured:
    """One play on the grid of its map, and what was measured of it. T frames."""

    beatmap: Beatmap
    chart: Chart
    play: np.ndarray  # (T, len(features.Play)) float32
    judgement: Judgement
    numbers: dict[str, float]  # QUANTITIES, nan where the play has too little for it
    histograms: dict[str, np.ndarray]  # HISTOGRAMS, shares (100,)
    errors_ms: np.ndarray  # (H,) hit errors, real ms
    replay: Replay

    @property
    def xy(self) -> np.ndarray:
        """(T, 2) osu!px"""
        return to_px(self.play[:, [Play.X, Play.Y]].astype(np.float64))


def measure(beatmap: Beatmap, replay: Replay) -> Measured:
    """Measures a replay of a map whose mods are applied.

    MeasureError where it holds less than four seconds of play, JudgeError from the judge.
    """
    chart = chart_of(beatmap)
    t_ms, xy, keys = clean_frames(replay)
    frames = 0
    if len(t_ms) and t_ms[-1] > chart.start_ms:
        frames = min(chart.frames, frame_count(chart.start_ms, t_ms[-1], chart.rate))
    if frames * FRAME_MS < 4000:
        raise MeasureError("it holds less than four seconds of play")
    play = encode_play(t_ms, xy, keys, chart.start_ms, frames, chart.rate)
    judgement = judge(beatmap, replay)
    errors_ms = judgement.hit_error_ms / beatmap.rate
    errors_ms = errors_ms[np.isfinite(errors_ms)]
    during = (chart.t_ms[:frames] >= beatmap.start_ms[0] - 500 * chart.rate) & (
        chart.t_ms[:frames] <= beatmap.end_ms.max()
    )
    grid_xy = to_px(play[:, [Play.X, Play.Y]].astype(np.float64))
    numbers, histograms = kinematics(grid_xy[during], chart.t_ms[:frames][during] / chart.rate)
    inside = (t_ms >= beatmap.start_ms[0]) & (t_ms <= beatmap.end_ms.max())
    numbers["frame_ms"] = _median(np.diff(t_ms[inside]) / chart.rate)
    numbers |= timing(errors_ms)
    numbers |= aim(judgement.along, judgement.across)
    numbers |= key_use(beatmap, key_spans(t_ms, keys), t_ms[-1])
    numbers |= sliders(chart, grid_xy)
    numbers |= spinners_and_breaks(beatmap, chart, grid_xy)
    numbers |= result(beatmap, judgement)
    numbers = {name: float(numbers[name]) for name in QUANTITIES}
    return Measured(beatmap, chart, play, judgement, numbers, histograms, errors_ms, replay)


def kinematics(xy: np.ndarray, t_ms: np.ndarray) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Numbers and histograms of a path (T, 2) osu!px at real times (T,)."""
    step_ms = np.diff(t_ms)[:, None]
    velocity = np.diff(xy, axis=0) / step_ms
    acceleration = np.diff(velocity, axis=0) / step_ms[1:]
    jerk = np.diff(acceleration, axis=0) / step_ms[2:]
    speed = np.linalg.norm(velocity, axis=1)
    moving = speed > MOVING_PX_PER_MS
    before, after = velocity[:-1], velocity[1:]
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turn = np.abs(np.arctan2(cross, (before * after).sum(1)))[moving[1:] & moving[:-1]]
    bent = np.abs(after[:, 0] * acceleration[:, 1] - after[:, 1] * acceleration[:, 0])
    curvature = bent[moving[1:]] / speed[1:][moving[1:]] ** 3
    peak = (speed[1:-1] > speed[:-2]) & (speed[1:-1] >= speed[2:]) & moving[1:-1]
    seconds = (t_ms[-1] - t_ms[0]) / 1000
    numbers = {
        "still_share": np.mean(speed < STILL_PX_PER_MS),
        "velocity_peaks": np.count_nonzero(peak) / seconds,
    }
    return numbers, {
        "speed": _shares("speed", _log(speed)),
        "acceleration": _shares("acceleration", _log(np.linalg.norm(acceleration, axis=1))),
        "jerk": _shares("jerk", _log(np.linalg.norm(jerk, axis=1))),
        "curvature": _shares("curvature", _log(curvature)),
        "turn": _shares("turn", turn),
    }


def timing(errors_ms: np.ndarray) -> dict[str, float]:
    """Numbers of hit errors (H,) in the order of the objects, real ms; negative is early."""
    names = ["unstable_rate", "bias_ms", "error_autocorrelation", "error_kurtosis", "error_skew"]
    if len(errors_ms) < FEWEST:
        return dict.fromkeys(names, np.nan)
    # A machine may have no spread at all: its shape is then 0 / 0, and nan.
    with np.errstate(invalid="ignore"):
        z = (errors_ms - errors_ms.mean()) / errors_ms.std()
    values = [
        10 * errors_ms.std(),
        errors_ms.mean(),
        np.mean(z[1:] * z[:-1]),
        np.mean(z**4) - 3,
        np.mean(z**3),
    ]
    return dict(zip(names, values, strict=True))


def aim(along: np.ndarray, across: np.ndarray) -> dict[str, float]:
    """Numbers of the cursor's offsets at the hits, (N,) each, radii; nan where there is no hit."""
    finite = np.isfinite(along) & np.isfinite(across)
    along, across = along[finite], across[finite]
    if len(along) < FEWEST:
        return dict.fromkeys(["aim_error", "aim_along", "aim_across", "aim_mean_along"], np.nan)
    return {
        "aim_error": np.median(np.hypot(along, across)),
        "aim_along": along.std(),
        "aim_across": across.std(),
        "aim_mean_along": along.mean(),
    }


def key_use(beatmap: Beatmap, spans: list[np.ndarray], end_ms: float) -> dict[str, float]:
    """Numbers of the two keys' presses and releases, (P, 2) map ms each, in a replay that ends at
    `end_ms`."""
    begin = beatmap.start_ms[0] - beatmap.window50_ms
    end = min(end_ms, beatmap.end_ms.max() + beatmap.window50_ms)
    spans = [s[(s[:, 0] >= begin) & (s[:, 0] <= end)] for s in spans]
    press = np.concatenate([s[:, 0] for s in spans])
    finger = np.repeat([0, 1], [len(s) for s in spans])[np.argsort(press, kind="stable")]
    press = np.sort(press)
    gap_ms, other = np.diff(press) / beatmap.rate, np.diff(finger) != 0
    fast = gap_ms < FAST_GAP_MS
    held = np.concatenate([s[:, 1] - s[:, 0] for s in spans]) / beatmap.rate
    # Key changes of both keys in order: +1 a press, -1 a release; 2 is both down.
    edges = np.concatenate([s.ravel() for s in spans])
    order = np.argsort(edges, kind="stable")
    down = np.cumsum(np.concatenate([np.tile([1, -1], len(s)) for s in spans])[order])
    both_ms = np.diff(edges[order])[down[:-1] == 2].sum()
    objects = np.count_nonzero((beatmap.kind != Kind.SPINNER) & (beatmap.start_ms <= end))
    return {
        "hold_ms": _median(held),
        "alternation_fast": other[fast].mean() if fast.sum() >= FEWEST else np.nan,
        "alternation_slow": other[~fast].mean() if (~fast).sum() >= FEWEST else np.nan,
        "both_down": both_ms / max(end - begin, 1),
        "presses_per_object": len(press) / max(objects, 1),
    }


def sliders(chart: Chart, xy: np.ndarray) -> dict[str, float]:
    """Numbers of a path (T, 2) osu!px on the chart's grid, in the frames of sliders in play."""
    on = chart.ball[: len(xy), Ball.ON] > 0
    ball = to_px(chart.ball[: len(xy)][:, [Ball.X, Ball.Y]].astype(np.float64))
    if on.sum() < FEWEST:
        return {"slider_distance": np.nan, "slider_lag_ms": np.nan}
    radius_px = float(chart.constants[MapConstants.RADIUS]) * UNIT_PX
    distance = np.linalg.norm(xy - ball, axis=1)[on] / radius_px
    # Where the ball moves, how long ago it was where the cursor is, to first order. Frames in
    # which it turns, or the cursor has left the slider, say nothing of a lag.
    step = ball[2:] - ball[:-2]
    velocity = step / (2 * FRAME_MS)
    speed = np.linalg.norm(velocity, axis=1)
    follows = on[2:] & on[:-2] & (speed > 0.1)
    follows &= np.linalg.norm(xy - ball, axis=1)[1:-1] < 2.4 * radius_px
    lag = ((ball - xy)[1:-1] * velocity).sum(1)[follows] / speed[follows] ** 2
    return {"slider_distance": distance.mean(), "slider_lag_ms": _median(lag)}


def spinners_and_breaks(beatmap: Beatmap, chart: Chart, xy: np.ndarray) -> dict[str, float]:
    """Numbers of a path (T, 2) osu!px on the chart's grid."""
    t_ms = chart.t_ms[: len(xy)]
    turns, radii, rests = [], [], []
    for i in np.flatnonzero(beatmap.kind == Kind.SPINNER):
        # A quarter of a second to get going.
        spin = xy[(t_ms > beatmap.start_ms[i] + 250 * chart.rate) & (t_ms < beatmap.end_ms[i])]
        angle = np.unwrap(np.arctan2(*(spin - CENTRE_PX).T[::-1]))
        turns.append(np.diff(angle))
        radii.append(np.linalg.norm(spin - CENTRE_PX, axis=1))
    for start_ms, end_ms in beatmap.breaks_ms:
        pause = xy[(t_ms > start_ms) & (t_ms < end_ms)]
        rests.append(np.linalg.norm(np.diff(pause, axis=0), axis=1))
    turn = np.concatenate(turns) if turns else np.zeros(0)
    rest = np.concatenate(rests) if rests else np.zeros(0)
    per_minute = 60_000 / FRAME_MS
    return {
        "spinner_rpm": _median(np.abs(turn)) / (2 * np.pi) * per_minute,
        "spinner_radius_px": _median(np.concatenate(radii)) if radii else np.nan,
        # y points down: a growing angle is clockwise.
        "spinner_clockwise": np.mean(turn > 0) if len(turn) >= FEWEST else np.nan,
        "break_speed": rest.mean() / FRAME_MS * 1000 if len(rest) >= FEWEST else np.nan,
    }


def result(beatmap: Beatmap, judgement: Judgement) -> dict[str, float]:
    """Numbers of the judge's counts, over the objects that were reached."""
    judged = max(judgement.n300 + judgement.n100 + judgement.n50 + judgement.nmiss, 1)
    owner = np.repeat(np.arange(len(beatmap.start_ms)), np.diff(beatmap.event_start))
    part = beatmap.event_kind != SliderPart.TAIL  # a missed tail breaks nothing
    lost = np.bincount(owner[part & ~judgement.event_hit], minlength=len(beatmap.start_ms))
    slider = (beatmap.kind == Kind.SLIDER) & judgement.judged
    broken = slider & ((lost > 0) | ~np.isfinite(judgement.hit_error_ms))
    return {
        "accuracy": 100 * judgement.accuracy,
        "misses": 100 * judgement.nmiss / judged,
        "sliderbreaks": 100 * broken.sum() / slider.sum() if slider.any() else np.nan,
    }


def cursor_distance_px(a: Measured, b: Measured) -> float:
    """Mean distance of two plays' cursors on one map, outside spinners and breaks; nan without
    a frame there."""
    frames = min(len(a.play), len(b.play))
    t_ms, beatmap = a.chart.t_ms[:frames], a.beatmap
    use = (t_ms >= beatmap.start_ms[0]) & (t_ms <= beatmap.end_ms.max())
    spinners = np.flatnonzero(beatmap.kind == Kind.SPINNER)
    spans = [(beatmap.start_ms[i], beatmap.end_ms[i]) for i in spinners]
    for start_ms, end_ms in [*spans, *beatmap.breaks_ms]:
        # Half a second on both sides: everyone takes another way there and back.
        use &= (t_ms < start_ms - 500 * beatmap.rate) | (t_ms > end_ms + 500 * beatmap.rate)
    distance = np.linalg.norm(a.xy[:frames] - b.xy[:frames], axis=1)[use]
    return float(distance.mean()) if len(distance) else float("nan")


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) >= FEWEST else np.nan


def _log(values: np.ndarray) -> np.ndarray:
    return np.log10(np.maximum(values, 1e-12))


def _shares(name: str, values: np.ndarray) -> np.ndarray:
    edges = HISTOGRAMS[name][1]
    if len(values) < FEWEST:
        return np.full(len(edges) - 1, np.nan)
    inside = np.clip(values, edges[0], np.nextafter(edges[-1], -np.inf))
    return np.histogram(inside, edges)[0] / len(values)
