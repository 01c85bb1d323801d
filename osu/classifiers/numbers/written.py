"""The level "as written": what the frames of a replay's file show before anything is made of them.

Times, positions, rests and the frames of key changes betray how a play was recorded, below what
the 60 Hz grid of the other levels keeps. No beatmap is needed.
"""

import numpy as np
from scipy.signal import welch

from osu.formats.replay import Replay, buttons_of, without_lead_in
from osu.formats.replay_frames import STABLE_DIGITS
from osu.likeness.measures import FEWEST
from osu.units import HEIGHT_PX, WIDTH_PX

WRITTEN = {
    "still": "share of steps of exactly nothing",
    "still_at_keys": "share of steps of exactly nothing at key changes",
    "one_axis": "share of steps along one axis only",
    "distinct_x": "distinct x per frame",
    "distinct_y": "distinct y per frame",
    "lattice_px": "spacing of the lattice that steps stand on, px",
    "lattice_fit": "how well steps stand on their lattice, 1 exactly",
    "whole_px": "share of coordinates that are whole px",
    "long_decimals": "share of coordinates with more than seven significant digits",
    "outermost": "share of frames at the play's own outermost x or y",
    "outside": "share of frames outside the playfield",
    "tremor_px": "second difference where steps are below 1 px, median, px",
    "keys_on_line": "share of key changes on the straight line between the frames around them",
    "rest_frames": "mean length of a rest, frames",
    "rest_ms": "length of a rest, 90th percentile, ms",
    "wake_px": "first step after a rest, median, px",
    "frame_ms_p5": "time between frames, 5th percentile, ms",
    "frame_ms_p50": "time between frames, median, ms",
    "frame_ms_p95": "time between frames, 95th percentile, ms",
    "frame_ms_mode": "share of frames at the commonest time between frames",
    "regular_spread_ms": "spread of the times between frames away from key changes, ms",
    "regular_lag1": "lag-1 autocorrelation of these times",
    "short": "share of frames less than 8 ms after the one before",
    "not_later": "share of frames not later than the one before",
    "around_keys": "time from the frame before a key change to the one after it, frame times",
    "key_clock": "how far key changes keep to a clock of 4 to 12 ms: largest power over the median",
}

CLOCK_HZ = (80.0, 250.0)
CLOCK_WINDOW_MS = 4096  # of the power spectrum
PAUSE_MS = 50.0  # longer times between frames are pauses and skipped intros
LONGEST_MS = 3_600_000.0  # of a play that is looked at for its clock
SHORT_MS = 8.0
TREMOR_PX = 1.0  # a step
CLEAR_PX = 3.0  # from a frame to the next but one: a place between them shows whether it is theirs
ON_LINE_PX = 0.02
# People's lattices are .15 to 1.2 px. The bins of the steps' histogram are well below that.
LATTICE_PX = (0.12, 1.4)
LONGEST_STEP_PX, BIN_PX, SPECTRUM = 8.0, 0.01, 1 << 15
LEAST_FIT = 0.5  # with less, steps stand on no lattice
AS_GOOD = 0.8  # a finer lattice that fits at most this much better is a fraction of the coarse one


def written_numbers(replay: Replay) -> np.ndarray:
    """(len(WRITTEN),) float64 of a replay's frames behind the lead-in, times in real ms; nan where
    a play has too little for a number."""
    t_ms, xy, keys = without_lead_in(replay)
    if len(t_ms) <= FEWEST:
        return np.full(len(WRITTEN), np.nan)
    xy = xy.astype(np.float64)
    step, step_ms = np.diff(xy, axis=0), np.diff(t_ms) / replay.rate
    at_key = np.diff(buttons_of(keys)) != 0  # (F - 1,) whether the frame that a step leads to is
    numbers = _positions(xy) | _steps(step) | _at_key_changes(step, step_ms, at_key)
    numbers |= _rests(step, step_ms) | _times(step_ms, at_key)
    numbers["lattice_px"], numbers["lattice_fit"] = lattice(step)
    numbers["key_clock"] = key_clock(t_ms[1:][at_key] / replay.rate)
    return np.array([numbers[name] for name in WRITTEN], np.float64)


def _positions(xy: np.ndarray) -> dict[str, float]:
    """Numbers of positions (F, 2) osu!px."""
    low, high = xy.min(0), xy.max(0)
    outermost = ((xy == low) & (low < high)) | ((xy == high) & (low < high))
    with np.errstate(divide="ignore"):
        digits = np.floor(np.log10(np.abs(xy))) + 1  # before the point; -inf of 0
    scale = 10.0 ** (STABLE_DIGITS - np.maximum(digits, -STABLE_DIGITS))
    short = (np.round(xy * scale) / scale).astype(np.float32) == xy.astype(np.float32)
    return {
        "distinct_x": len(np.unique(xy[:, 0])) / len(xy),
        "distinct_y": len(np.unique(xy[:, 1])) / len(xy),
        "whole_px": np.mean(xy == np.round(xy)),
        "long_decimals": np.mean(~short),
        "outermost": np.mean(outermost.any(1)),
        "outside": np.mean(((xy < 0) | (xy > [WIDTH_PX, HEIGHT_PX])).any(1)),
    }


def _steps(step: np.ndarray) -> dict[str, float]:
    """Numbers of the steps (S, 2) osu!px from frame to frame."""
    nothing = step == 0
    length = np.hypot(*step.T)
    slow = (length > 0) & (length < TREMOR_PX)
    bend = np.hypot(*np.diff(step, axis=0).T)[slow[1:] & slow[:-1]]
    return {
        "still": np.mean(nothing.all(1)),
        "one_axis": np.mean(nothing.sum(1) == 1),
        "tremor_px": _median(bend),
    }


def _at_key_changes(step: np.ndarray, step_ms: np.ndarray, at_key: np.ndarray) -> dict[str, float]:
    """Numbers of the frames in which a key changes: steps (S, 2) osu!px, their real ms (S,), and
    whether each leads to such a frame (S,)."""
    still = (step == 0).all(1)[at_key]
    alone = np.flatnonzero(at_key[:-1] & ~at_key[1:])  # the next frame is another's
    before_ms, after_ms = step_ms[alone], step_ms[alone + 1]
    across = step[alone] + step[alone + 1]
    clear = (np.hypot(*across.T) > CLEAR_PX) & (before_ms > 0) & (after_ms > 0)
    share = (before_ms[clear] / (before_ms + after_ms)[clear])[:, None]
    off_px = np.hypot(*(step[alone][clear] - share * across[clear]).T)
    return {
        "still_at_keys": _mean(still),
        "keys_on_line": _mean(off_px < ON_LINE_PX),
        "around_keys": _median(before_ms + after_ms) / max(np.median(step_ms), 1.0),
    }


def _rests(step: np.ndarray, step_ms: np.ndarray) -> dict[str, float]:
    """Numbers of the runs of steps of nothing, from steps (S, 2) osu!px and their real ms (S,)."""
    still = (step == 0).all(1)
    edges = np.flatnonzero(np.diff(still.astype(np.int8), prepend=0, append=0))
    first, after = edges[::2], edges[1::2]
    elapsed_ms = np.concatenate([[0.0], np.cumsum(step_ms)])
    rest_ms = elapsed_ms[after] - elapsed_ms[first]
    woken = after[after < len(step)]
    return {
        "rest_frames": _mean(after - first),
        "rest_ms": np.percentile(rest_ms, 90) if len(rest_ms) >= FEWEST else np.nan,
        "wake_px": _median(np.hypot(*step[woken].T)),
    }


def _times(step_ms: np.ndarray, at_key: np.ndarray) -> dict[str, float]:
    """Numbers of the times between frames (S,) real ms; at_key (S,) whether each ends at a key
    change."""
    p5, p50, p95 = np.percentile(step_ms, [5, 50, 95])
    regular = ~at_key & (step_ms < PAUSE_MS)
    regular[1:] &= ~at_key[:-1]
    both = regular[1:] & regular[:-1]
    away = step_ms - np.mean(step_ms[regular]) if regular.any() else step_ms
    variance = np.mean(away[regular] ** 2) if regular.sum() >= FEWEST else np.nan
    lag1 = np.nan
    if both.sum() >= FEWEST and variance > 0:
        lag1 = np.mean(away[1:][both] * away[:-1][both]) / variance
    return {
        "frame_ms_p5": p5,
        "frame_ms_p50": p50,
        "frame_ms_p95": p95,
        "frame_ms_mode": np.unique(step_ms, return_counts=True)[1].max() / len(step_ms),
        "regular_spread_ms": np.sqrt(variance),
        "regular_lag1": lag1,
        "short": np.mean(step_ms < SHORT_MS),
        "not_later": np.mean(step_ms <= 0),
    }


def key_clock(change_ms: np.ndarray) -> float:
    """How far key changes at real times change_ms (K,) keep to a clock that ticks CLOCK_HZ times a
    second, a keyboard's reports or a game's updates: the largest power of their spectrum there over
    the median. nan with too few; random times have 1.5, and 4 in one of a hundred plays."""
    since_ms = change_ms - change_ms.min(initial=np.inf)
    if len(since_ms) < FEWEST or since_ms.max() < CLOCK_WINDOW_MS:
        return np.nan
    since_ms = since_ms[since_ms < LONGEST_MS]
    count = np.bincount(since_ms.astype(np.int64))  # of each ms
    hz, power = welch(count - count.mean(), fs=1000, nperseg=CLOCK_WINDOW_MS, detrend=False)
    power = power[(hz >= CLOCK_HZ[0]) & (hz <= CLOCK_HZ[1])]
    return float(power.max() / np.median(power))


def lattice(step: np.ndarray) -> tuple[float, float]:
    """The spacing of the lattice that steps (S, 2) osu!px stand on best, px, and how well they do:
    the length of the mean of exp(2 pi i step / spacing), 1 where all are multiples of it.

    Not osu.features.recorder's: a fault of the generator's own finder must not be shared by what
    has to see it. A mouse moves by counts and a screen shows pixels, so steps are multiples of one
    or the other, however far the cursor has drifted off a lattice of positions. The fit of all
    spacings is the spectrum of the histogram of steps. Multiples of one are multiples of its
    fractions too, so of peaks that are nearly as high the coarsest counts. The spacing is nan where
    steps stand on none; both are where there are too few.
    """
    size = np.abs(step).ravel()
    size = size[(size > 0) & (size < LONGEST_STEP_PX)]
    if len(size) < FEWEST:
        return np.nan, np.nan
    histogram = np.bincount(np.round(size / BIN_PX).astype(np.int64))
    fit = np.abs(np.fft.rfft(histogram, SPECTRUM)) / len(size)
    coarsest, finest = (round(SPECTRUM * BIN_PX / px) for px in reversed(LATTICE_PX))
    peak = (fit[1:-1] > fit[:-2]) & (fit[1:-1] >= fit[2:])
    at = coarsest + np.flatnonzero(peak[coarsest - 1 : finest])
    if not len(at):
        return np.nan, 0.0
    best = at[fit[at] >= AS_GOOD * fit[at].max()][0]
    spacing_px = SPECTRUM * BIN_PX / best if fit[best] >= LEAST_FIT else np.nan
    return spacing_px, float(fit[best])


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) >= FEWEST else np.nan


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) >= FEWEST else np.nan
