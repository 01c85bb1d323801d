"""The recorder: what lies between a hand and the frames of a file, fitted to a replay and applied.

A device counts in steps. Positions on each axis stand on a lattice (counts of a mouse, or pixels of
a screen; three quarters of all plays, .15 to 1.2 px), with hysteresis: the cursor moves by whole
counts once the hand is more than HYSTERESIS of a count away. It reports at intervals of its own,
between which nothing moves.

The game writes a frame at its first update at which another sixtieth of a second is over, counted
from the play's begin, and one at the update at which a key changes or a part of a slider is judged.
A key's frame often holds the position of the frame before.

    recorder = fit_recorder(replay)
    t_ms, xy, keys = record(path_px, due_ms, rate, spans, event_ms, recorder, rng)
"""

from enum import IntEnum

import numpy as np
from scipy.interpolate import CubicSpline

from osu.formats.replay import Replay, buttons_of, without_lead_in
from osu.units import FRAME_MS, SCREEN_PX

HYSTERESIS = 0.75  # counts
COARSEST_PX, FINEST_PX = 1.7, 0.008  # of a lattice
FITS = 0.85  # mean cosine of the steps' phases on a lattice that holds them
SMALL_COUNTS = 24  # steps up to here are counted: an error of the count adds up in larger ones
MOST_UPDATE_MS = 16.0
FEWEST_FRAMES = 300  # that a fit needs


class Recorder(IntEnum):
    """Columns of a recorder."""

    COUNT_X_PX = 0  # lattice of the steps, 0 where there is none
    COUNT_Y_PX = 1
    UPDATE_MS = 2  # real ms between two updates of the game
    JITTER_MS = 3  # standard deviation of its clock
    REPORT_MS = 4  # real ms between two positions of the device
    KEY_REPEAT = 5  # share of key changes whose frame holds the position of the one before


def fit_recorder(replay: Replay) -> np.ndarray:
    """(len(Recorder),) float32 of a replay's frames; nan where there are too few."""
    t_ms, xy, keys = without_lead_in(replay)
    t_ms = t_ms / replay.rate
    keys = buttons_of(keys)
    fitted = np.full(len(Recorder), np.nan, np.float32)
    if len(t_ms) < FEWEST_FRAMES:
        return fitted
    step_ms = np.diff(t_ms)
    steps = np.diff(xy.astype(np.float64), axis=0)
    changed = np.diff(keys) != 0
    fitted[Recorder.COUNT_X_PX] = lattice_px(steps[:, 0])
    fitted[Recorder.COUNT_Y_PX] = lattice_px(steps[:, 1])
    fitted[[Recorder.UPDATE_MS, Recorder.JITTER_MS]] = fit_clock(t_ms, step_ms, changed)
    fitted[[Recorder.REPORT_MS, Recorder.KEY_REPEAT]] = fit_repeats(step_ms, steps, changed)
    return fitted


def lattice_px(steps: np.ndarray) -> float:
    """The spacing of the lattice on which steps (F,) osu!px of one axis stand, the coarsest that
    holds them, or 0 for none."""
    size = np.abs(steps[(np.abs(steps) > FINEST_PX / 2) & (np.abs(steps) < 8)])
    if len(size) < FEWEST_FRAMES / 2:
        return 0.0
    values, count = np.unique(np.round(size, 3), return_counts=True)
    common = values[np.argsort(-count, kind="stable")[:40]]
    tried = np.unique(np.concatenate([common / part for part in (1, 2, 3)]))[::-1]
    for spacing in tried[(tried <= COARSEST_PX) & (tried >= FINEST_PX)]:
        near = size[size < SMALL_COUNTS * spacing]
        if len(near) < FEWEST_FRAMES / 4 or np.median(size) > 4 * SMALL_COUNTS * spacing:
            continue
        for _ in range(3):  # least squares on the counts, from the small ones outwards
            counts = np.round(near / spacing)
            if not counts.any():
                break
            spacing = float((counts @ near) / (counts @ counts))
        # What rounds to no count is a step of nothing: it says nothing for the lattice.
        if counts.any() and np.cos(2 * np.pi * near / spacing).mean() > FITS:
            return spacing
    return 0.0


def fit_clock(t_ms: np.ndarray, step_ms: np.ndarray, changed: np.ndarray) -> tuple[float, float]:
    """(update, jitter) in real ms of a game's clock, from frames at real times t_ms (F,).

    Two frames are at least an update apart: a key's frame and its neighbours show how near they
    come. The jitter is what is left in the times of regular frames beside the update's lateness.
    """
    around = np.flatnonzero(changed[:-1])
    gaps = np.concatenate([step_ms[around], step_ms[around + 1]])
    gaps = gaps[(gaps > 0) & (gaps < FRAME_MS)]
    update = float(np.quantile(gaps, 0.06) - 0.5) if len(gaps) >= 20 else 1.0
    update = float(np.clip(update, 1.0, MOST_UPDATE_MS))
    late = lateness_ms(t_ms[1:][~changed])
    spread = float(np.quantile(np.abs(late), 0.683)) if len(late) else 0.0
    # Lateness is uniform over an update, and times are rounded to whole ms.
    jitter2 = spread**2 - update**2 / 12 - 1 / 12
    return update, float(np.sqrt(max(jitter2, 0.0)))


def lateness_ms(t_ms: np.ndarray) -> np.ndarray:
    """(F,) by how much regular frames at real times t_ms (F,) are later than the sixtieths of the
    hundred frames around, mean 0; a frame out of turn is more than 4 ms off and left out."""
    turn = np.exp(2j * np.pi * t_ms / FRAME_MS)
    window = np.ones(min(101, len(t_ms)))
    around = np.convolve(turn, window, "same")
    off = np.angle(turn * np.conj(around)) * FRAME_MS / (2 * np.pi)
    return off[np.abs(off) < 4]


def fit_repeats(
    step_ms: np.ndarray, steps: np.ndarray, changed: np.ndarray
) -> tuple[float, float]:
    """(report interval in real ms, share of key frames that repeat): how often a frame repeats the
    position before although the frames around it move, by the time since that frame."""
    still = (steps == 0).all(1)
    moving = np.zeros(len(still), bool)
    moving[1:-1] = (np.abs(steps[:-2]).sum(1) > 2) & (np.abs(steps[2:]).sum(1) > 2)
    key, other = moving & changed, moving & ~changed
    # A report interval of p leaves a share 1 - t / p of frames still that come t < p after one.
    report, error = 0.0, np.inf
    short = (step_ms > 0) & (step_ms < FRAME_MS - 2) & other
    if short.sum() >= 30:
        for tried in np.arange(0, 16.5, 0.5):
            expected = np.clip(1 - step_ms[short] / max(tried, 1e-3), 0, 1)
            off = float(((still[short] - expected) ** 2).mean())
            if off < error:
                report, error = float(tried), off
    if key.sum() < 20:
        return report, 0.0
    by_report = np.clip(1 - step_ms[key] / max(report, 1e-3), 0, 1).mean()
    repeats = (still[key].mean() - by_report) / max(1 - by_report, 0.05)
    return report, float(np.clip(repeats, 0.0, 1.0))


def frame_times(
    start_ms: float, end_ms: float, key_ms: np.ndarray, event_ms: np.ndarray,
    recorder: np.ndarray, rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Real times of the frames that the game writes between two times: the sixtieths, the key
    changes `key_ms`, which are times of updates, and the updates at or after `event_ms`."""
    update = max(float(recorder[Recorder.UPDATE_MS]), 0.25)
    jitter = float(recorder[Recorder.JITTER_MS])
    count = int((end_ms - start_ms) / update * 1.1) + 8
    updates = start_ms + np.cumsum(update * np.clip(rng.normal(1, 0.1, count), 0.5, 2))
    updates = np.union1d(updates[updates <= end_ms], key_ms)
    begin = start_ms + rng.uniform(0, FRAME_MS)
    due = np.arange(begin, end_ms, FRAME_MS)
    # An interpolated audio clock runs a little ahead or behind for a few frames at a time.
    due = due + jitter * rng.normal(size=len(due))
    wanted = np.concatenate([due, event_ms[(event_ms >= start_ms) & (event_ms <= end_ms)]])
    at = np.searchsorted(updates, wanted)
    return np.union1d(updates[at[at < len(updates)]], key_ms)


def record(
    path_px: np.ndarray, due_ms: np.ndarray, rate: float, spans: list[np.ndarray],
    event_ms: np.ndarray, recorder: np.ndarray, rng: np.random.Generator,
    frame_ms: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """(t_ms, xy, keys): the frames that a recorder (len(Recorder),) writes of a hand.

    path_px (T, 2) osu!px at the map times due_ms (T,) of a 60 Hz grid; spans of map ms in which
    each key is held; event_ms map times at which parts of sliders are judged. frame_ms, map times,
    take the place of the recorder's own clock. t_ms are whole map ms, strictly increasing.
    """
    recorder = np.nan_to_num(recorder)
    changes = np.round(np.unique(np.concatenate([np.ravel(one) for one in spans] or [[]])))
    changes = changes[(changes >= due_ms[0]) & (changes <= due_ms[-1])]
    if frame_ms is None:
        frame_ms = rate * frame_times(
            due_ms[0] / rate, due_ms[-1] / rate, changes / rate, event_ms / rate, recorder, rng
        )
    t_ms = np.unique(np.concatenate([due_ms[:1], np.round(frame_ms), changes]))
    t_ms = t_ms[(t_ms >= due_ms[0]) & (t_ms <= due_ms[-1])]

    reported_ms = t_ms
    if interval := float(recorder[Recorder.REPORT_MS]) * rate:
        phase = rng.uniform(0, interval)
        reported_ms = np.floor((t_ms - phase) / interval) * interval + phase
        reported_ms = np.maximum(reported_ms, due_ms[0])
    xy = hand_path(path_px, due_ms)(reported_ms)
    xy = np.clip(xy, *SCREEN_PX)
    for axis, column in enumerate((Recorder.COUNT_X_PX, Recorder.COUNT_Y_PX)):
        if (count := float(recorder[column])) > 0:
            xy[:, axis] = on_lattice(xy[:, axis], count, rng)

    keys = np.zeros(len(t_ms), np.uint8)
    for bit, of_key in zip((1, 2), spans, strict=True):
        toggled = np.zeros(len(t_ms) + 1, np.int32)
        np.add.at(toggled, np.searchsorted(t_ms, np.round(of_key[:, 0])), 1)
        np.add.at(toggled, np.searchsorted(t_ms, np.round(of_key[:, 1])), -1)
        keys |= np.where(np.cumsum(toggled[:-1]) > 0, bit, 0).astype(np.uint8)
    repeated = np.flatnonzero(np.diff(keys, prepend=keys[:1]))
    repeated = repeated[rng.random(len(repeated)) < recorder[Recorder.KEY_REPEAT]]
    xy[repeated] = xy[repeated - 1]
    return t_ms, xy, keys


def hand_path(path_px: np.ndarray, due_ms: np.ndarray) -> CubicSpline:
    """A path through positions (T, 2) at times due_ms (T,), which reads as those positions again
    where frames that lie anywhere between are joined by straight lines.

    Straight lines cut corners, by a twelfth of the second difference on average: so much is added.
    """
    bend = np.zeros_like(path_px)
    bend[1:-1] = path_px[:-2] - 2 * path_px[1:-1] + path_px[2:]
    return CubicSpline(due_ms, path_px - bend / 12)


def on_lattice(x: np.ndarray, count_px: float, rng: np.random.Generator) -> np.ndarray:
    """Positions (F,) of a hand as a device shows them that moves by whole counts, and only once the
    hand is more than HYSTERESIS of a count away."""
    offset = rng.uniform(0, count_px)
    counts = ((x - offset) / count_px).tolist()
    shown = round(counts[0])
    for i, at in enumerate(counts):
        if abs(at - shown) > HYSTERESIS:
            shown = round(at)
        counts[i] = shown
    return np.array(counts) * count_px + offset
