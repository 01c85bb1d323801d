"""The recorder: what lies between a hand and the frames of a file, fitted to a replay and applied.

A device counts in steps. Positions on each axis stand on a lattice (counts of a mouse, or pixels of
a screen; three quarters of all plays, .15 to 1.2 px), with hysteresis: the cursor moves by whole
counts once the hand is more than HYSTERESIS of a count away. It reports at intervals of its own,
between which nothing moves.

The game writes a frame at its first update at which another sixtieth of a second is over, counted
from the play's begin, and one at the update at which a key changes or a part of a slider is judged.
A key's frame often holds the position of the frame before.

    recorder = fit_recorder(replay)
    event_ms = judged_ms(beatmap, spans)
    t_ms, xy, keys = record(path_px, due_ms, rate, spans, event_ms, recorder, rng)
"""

from enum import IntEnum

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import lfilter
from scipy.sparse import coo_array, eye_array
from scipy.sparse.linalg import spsolve

from osu.features.clock_fit import FASTEST_UPDATE_MS, fit_clock, fit_evenness
from osu.features.from_last import fit_from_last, times_from_last
from osu.features.key_clock import fit_key_clock
from osu.features.lattice import fit_lattice, fit_places, fit_wander, on_lattice, phases, pixel_of
from osu.formats.beatmap import Beatmap, Kind
from osu.formats.replay import Replay, buttons_of, without_lead_in
from osu.formats.replay_frames import STABLE_DIGITS
from osu.formats.slider_events import TAIL_EARLY_MS
from osu.units import FRAME_MS, SCREEN_PX

MOST_HICCUP_MS = 5.0  # of a hiccup
UNREADABLE_SHARE = 0.2
FEWEST_FRAMES = 300  # that a fit needs
FEWEST_SHORT, ENOUGH_SHORT = 30, 100  # frames that show how often a device reports
# A grid keeps some of a frame that repeats, so that one there repeats more often when it is
# recorded again. Measured on the test plays as .16 to .24 where few do, .04 where most; no command.
GRID_REPEATS = 0.2
FEW_COUNTS = 3  # of a device: fewer may show as none
FIRST_FRAMES = 100  # of a play, in which its clock may stand


class Recorder(IntEnum):
    """Columns of a recorder."""

    COUNT_X_PX = 0  # lattice of the steps, 0 where there is none
    COUNT_Y_PX = 1
    PHASE_X = 2  # where a position lies between two counts, 0 .. 1; nan where that changes
    PHASE_Y = 3
    # Where positions are sums of counts: standard deviation of the rounding error that a moved
    # frame adds, else 0.
    WANDER_X_PX = 4
    REPORT_MS = 5  # real ms between two positions of the device
    # Share of key changes whose frame holds the position of the one before; below 0, of those that
    # hold the hand's own position, whatever was reported last.
    KEY_REPEAT = 6
    UPDATE_MS = 7  # real ms between two updates of the game
    JITTER_MS = 8  # standard deviation of its clock
    JITTER_MEMORY = 9  # correlation of the clock's error from a sixtieth to the next
    HICCUPS = 10  # share of sixtieths that are late by some ms more
    FROM_LAST_MS = 11  # real ms from any frame to the next (osu.features.from_last), else 0
    KEYS_IN_TURN = 12  # 1 where keys change when such a frame is due
    STANDS = 13  # frames before the clock runs, all at one time
    UNEVEN = 14  # standard deviation of an update, updates
    # Spacing of the device's own places, each shown at the nearest point of the lattice; 0 where
    # they are all its points. And where they lie, 0 .. 1.
    PLACE_X_PX = 15
    PLACE_Y_PX = 16
    PLACE_PHASE_X = 17
    PLACE_PHASE_Y = 18
    WANDER_Y_PX = 19
    KEY_MS = 20  # real ms of the clock that key changes keep to (osu.features.key_clock), else 0
    KEY_UNEVEN = 21  # standard deviation about it, in its periods


COUNT_PX = [Recorder.COUNT_X_PX, Recorder.COUNT_Y_PX]
WANDER_PX = [Recorder.WANDER_X_PX, Recorder.WANDER_Y_PX]


def fit_recorder(replay: Replay) -> np.ndarray:
    """(len(Recorder),) of a replay's frames; nan where there are too few."""
    t_ms, xy, keys = without_lead_in(replay)
    t_ms = t_ms / replay.rate
    keys = buttons_of(keys)
    fitted = np.full(len(Recorder), np.nan)
    if len(t_ms) < FEWEST_FRAMES:
        return fitted
    step_ms = np.diff(t_ms)
    steps = np.diff(xy.astype(np.float64), axis=0)
    changed = np.diff(keys) != 0
    for axis in range(2):
        lattice = fit_lattice(xy[:, axis])
        fitted[[Recorder.COUNT_X_PX + axis, Recorder.PHASE_X + axis]] = lattice
        places = fit_places(xy[:, axis], *lattice)
        fitted[[Recorder.PLACE_X_PX + axis, Recorder.PLACE_PHASE_X + axis]] = places
    fitted[WANDER_PX] = fit_wander(xy, fitted[COUNT_PX])
    fitted[Recorder.UPDATE_MS : Recorder.HICCUPS + 1] = fit_clock(
        t_ms, step_ms, changed, 1 / replay.rate
    )
    fitted[[Recorder.FROM_LAST_MS, Recorder.KEYS_IN_TURN]] = 0.0
    fitted[[Recorder.KEY_MS, Recorder.KEY_UNEVEN]] = 0.0
    if from_last := fit_from_last(step_ms, changed):
        fitted[[Recorder.FROM_LAST_MS, Recorder.KEYS_IN_TURN]] = from_last[:2]
        fitted[Recorder.JITTER_MS : Recorder.HICCUPS + 1] = from_last[2:]
        fitted[Recorder.UPDATE_MS] = 1.0
    standing = (step_ms[:FIRST_FRAMES] == 0) & ~changed[:FIRST_FRAMES]
    fitted[Recorder.STANDS] = standing.sum()
    update, around = fitted[Recorder.UPDATE_MS], np.flatnonzero(changed[:-1])
    fitted[[Recorder.UPDATE_MS, Recorder.UNEVEN]] = fit_evenness(
        np.concatenate([step_ms[around], step_ms[around + 1]]), t_ms[1:][changed], update,
        1 / replay.rate,
    )  # fmt: skip
    if not fitted[Recorder.FROM_LAST_MS]:  # whose keys change with frames
        key_clock = fit_key_clock(t_ms[1:][changed], 1 / replay.rate)
        fitted[[Recorder.KEY_MS, Recorder.KEY_UNEVEN]] = key_clock
    counts_px = fitted[COUNT_PX].max()
    fitted[[Recorder.REPORT_MS, Recorder.KEY_REPEAT]] = fit_repeats(
        step_ms, steps, changed, counts_px
    )
    return fitted


def clock_of(replay: Replay) -> float | None:
    """A map time, that of a frame or before the first, about which a replay's regular frames lie
    whole sixtieths of a real second away; None where it has too few. The clocks of a quarter of
    people's plays drift by more than 6 ms, and lie about their mean."""
    t_ms, _, keys = without_lead_in(replay)
    regular = t_ms[1:][np.diff(buttons_of(keys)) == 0] / replay.rate
    if len(regular) < FEWEST_FRAMES:
        return None
    turn = np.exp(2j * np.pi * regular / FRAME_MS).mean()
    return float(np.angle(turn) / (2 * np.pi) * FRAME_MS * replay.rate)


def fit_repeats(
    step_ms: np.ndarray, steps: np.ndarray, changed: np.ndarray, count_px: float
) -> tuple[float, float]:
    """(report interval in real ms, share of key frames that repeat): how often a frame repeats the
    position before although the frames around it move, by the time since that frame.

    The interval is that of frames before which the hand went far enough for its device to show it;
    those behind a key change, from which a device may count anew, only where others are few.
    """
    still = (steps == 0).all(1)
    moving, far = np.zeros(len(still), bool), np.zeros(len(still), bool)
    size = np.abs(steps).sum(1)
    moving[1:-1] = (size[:-2] > 2) & (size[2:] > 2)
    speed = (size[:-2] + size[2:]) / np.maximum(step_ms[:-2] + step_ms[2:], 1.0)
    far[1:-1] = speed * step_ms[1:-1] >= FEW_COUNTS * count_px
    key, other = moving & changed, moving & far & ~changed
    between = other & ~np.append(False, changed[:-1])
    # A report interval of p leaves a share 1 - t / p of frames still that come t < p after one.
    report, error = 0.0, np.inf
    short = (step_ms > 0) & (step_ms < FRAME_MS - 2)
    short &= between if (short & between).sum() >= ENOUGH_SHORT else other
    if short.sum() >= FEWEST_SHORT:
        for tried in np.arange(0, 16.5, 0.5):
            expected = np.clip(1 - step_ms[short] / max(tried, 1e-3), 0, 1)
            off = float(((still[short] - expected) ** 2).mean())
            if off < error:
                report, error = float(tried), off
    if key.sum() < 20:
        return report, 0.0
    by_report = np.clip(1 - step_ms[key] / max(report, 1e-3), 0, 1).mean()
    share = float(still[key].mean())
    more = share - GRID_REPEATS * share * (1 - share) - by_report
    return report, more / max(1 - by_report, 0.05) if more > 0 else more / max(by_report, 0.05)


def judged_ms(beatmap: Beatmap, spans: list[np.ndarray]) -> np.ndarray:
    """Map times at which the game judges parts of sliders, each of which writes a frame: ticks,
    repeats, the ends and where stable judges them, and the starts before which a key went down."""
    sliders = np.flatnonzero(beatmap.kind == Kind.SLIDER)
    start, end = beatmap.start_ms[sliders], beatmap.end_ms[sliders]
    judged_end = np.maximum(end - TAIL_EARLY_MS, (start + end) / 2)
    presses = np.sort(np.concatenate([of_key[:, 0] for of_key in spans]))
    before = np.searchsorted(presses, start - beatmap.window50_ms)
    early = np.searchsorted(presses, start) > before
    return np.unique(np.concatenate([beatmap.event_ms, judged_end, start[early]]))


def frame_times(
    start_ms: float, end_ms: float, key_ms: np.ndarray, releases: np.ndarray,
    event_ms: np.ndarray, recorder: np.ndarray, rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Real times of the frames that the game writes between two times: the sixtieths, the key
    changes `key_ms`, which are times of updates, `releases` (bool) among them, and the updates at
    or after `event_ms`. Frames while the clock stands are before the first time."""
    standing_ms = start_ms - FRAME_MS * np.arange(int(recorder[Recorder.STANDS]), 0, -1)
    if recorder[Recorder.FROM_LAST_MS] > 0:
        interval, in_turn = recorder[[Recorder.FROM_LAST_MS, Recorder.KEYS_IN_TURN]].tolist()
        clock = recorder[Recorder.JITTER_MS : Recorder.HICCUPS + 1].tolist()
        return np.append(standing_ms, times_from_last(
            start_ms, end_ms, key_ms, releases, interval, in_turn > 0, *clock, rng
        ))  # fmt: skip
    update, uneven = recorder[[Recorder.UPDATE_MS, Recorder.UNEVEN]].tolist()
    updates = update_times(start_ms, end_ms, key_ms, update, uneven, rng)
    # A frame is written at the next update: half of one later on average.
    due = np.arange(start_ms - update / 2, end_ms, FRAME_MS)
    # An interpolated audio clock runs a little ahead or behind for a few frames at a time.
    jitter, memory = recorder[[Recorder.JITTER_MS, Recorder.JITTER_MEMORY]].astype(float)
    drive = rng.normal(0, jitter * np.sqrt(1 - memory**2), len(due))
    due = due + lfilter([1.0], [1.0, -memory], drive)
    hiccup = rng.random(len(due)) < recorder[Recorder.HICCUPS]
    due = due + hiccup * rng.uniform(1, MOST_HICCUP_MS, len(due))
    wanted = np.concatenate([due, event_ms[(event_ms >= start_ms) & (event_ms <= end_ms)]])
    at = np.searchsorted(updates, wanted)
    written = np.union1d([start_ms], np.union1d(updates[at[at < len(updates)]], key_ms))
    return np.append(standing_ms, written)


def update_times(
    start_ms: float, end_ms: float, key_ms: np.ndarray, update_ms: float, uneven: float,
    rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Times of the game's updates, some update_ms apart; a key changes at one."""
    update_ms = max(update_ms, FASTEST_UPDATE_MS)
    edges = np.concatenate([[start_ms], key_ms[key_ms > start_ms], [max(end_ms, start_ms + 1)]])
    count = np.maximum(np.round(np.diff(edges) / update_ms), 1).astype(int)
    # About evenly between two key changes.
    segment = np.repeat(np.arange(len(count)), count)
    rank = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)
    rank = rank + np.where(rank > 0, np.clip(rng.normal(0, uneven, len(rank)), -0.45, 0.45), 0.0)
    return np.append(edges[segment] + rank / count[segment] * np.diff(edges)[segment], edges[-1])


def record(
    path_px: np.ndarray, due_ms: np.ndarray, rate: float, spans: list[np.ndarray],
    event_ms: np.ndarray, recorder: np.ndarray, rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """(t_ms, xy, keys): the frames that a recorder (len(Recorder),) writes of a hand.

    path_px (T, 2) osu!px at the map times due_ms (T,) of a 60 Hz grid, which is the game's clock;
    spans of map ms in which each key is held; event_ms map times at which parts of sliders are
    judged. t_ms are whole map ms, not decreasing: two updates of a fast game may lie in one. Read
    on that grid the frames are the path again, but for the lattice.
    """
    changes = np.round(np.unique(np.concatenate([np.ravel(one) for one in spans])))
    changes = changes[(changes >= due_ms[0]) & (changes <= due_ms[-1])]
    # Updates lie anywhere in their ms, and so do those at which keys change.
    inside_ms = rng.uniform(0, 0.98, len(changes))
    releases = np.isin(changes, np.round(np.concatenate([of_key[:, 1] for of_key in spans])))
    # Half a ms later: times are cut to whole ones, and are to lie about the grid.
    real_ms = frame_times(
        (due_ms[0] + 0.5) / rate, due_ms[-1] / rate, (changes + inside_ms) / rate, releases,
        event_ms / rate, recorder, rng,
    )  # fmt: skip
    t_ms = np.clip(np.floor(real_ms * rate + 1e-6), due_ms[0], due_ms[-1])
    keys = keys_at(real_ms * rate, changes, inside_ms, spans)

    report_ms = float(recorder[Recorder.REPORT_MS])
    began_ms = rng.uniform(0, report_ms)
    real_ms = real_ms - 0.5 / rate  # times of frames that are cut to whole ms, again
    since_ms, due_since_ms = (
        (at_ms - began_ms) % report_ms if report_ms > 0 else np.zeros(len(at_ms))
        for at_ms in (real_ms, due_ms / rate)
    )
    is_change = np.diff(keys, prepend=keys[:1]) != 0
    repeated = repeats(real_ms, since_ms, is_change, recorder, rng)
    fresh = is_change & (rng.random(len(t_ms)) < -recorder[Recorder.KEY_REPEAT])
    repeated, since_ms = repeated & ~fresh, np.where(fresh, 0.0, since_ms)
    # A device that answers at a key change counts the time to its next report from there.
    repeated[1:] |= fresh[:-1] & ~fresh[1:] & (np.diff(real_ms) < report_ms)
    xy = positions_at(
        t_ms, rate * (real_ms - since_ms), path_px, due_ms, due_ms - rate * due_since_ms
    )
    xy = np.clip(xy, *SCREEN_PX)
    for axis in range(2):
        count_px = float(recorder[Recorder.COUNT_X_PX + axis])
        if count_px > 0:
            count_px = pixel_of(count_px)  # what is kept in 32 bits adds up over a thousand counts
            phase = phases(t_ms / rate, float(recorder[Recorder.PHASE_X + axis]), rng)
            place_px, place = recorder[[Recorder.PLACE_X_PX + axis, Recorder.PLACE_PHASE_X + axis]]
            if place_px > 0:
                xy[:, axis] = on_lattice(xy[:, axis], float(place_px), np.full(len(xy), place))
                xy[:, axis] = (np.round(xy[:, axis] / count_px - phase) + phase) * count_px
            else:
                xy[:, axis] = on_lattice(xy[:, axis], count_px, phase)
        if recorder[WANDER_PX[axis]] > 0:
            moved = np.diff(xy[:, axis], prepend=xy[:1, axis]) != 0
            xy[:, axis] += np.cumsum(moved * rng.normal(0, recorder[WANDER_PX[axis]], len(xy)))
    for frame in np.flatnonzero(repeated):
        xy[frame] = xy[frame - 1]  # one after the other: two in a row hold the same position
    return t_ms, as_written(xy), keys


def keys_at(
    at_ms: np.ndarray, changes: np.ndarray, inside_ms: np.ndarray, spans: list[np.ndarray]
) -> np.ndarray:
    """(F,) uint8, bits 1 and 2: the keys that are down at map times at_ms (F,), where a change at
    the whole ms `changes` (C,) happens `inside_ms` (C,) later."""
    exact_ms = dict(zip(changes.tolist(), (changes + inside_ms).tolist(), strict=True))
    keys = np.zeros(len(at_ms), np.uint8)
    for bit, of_key in zip((1, 2), spans, strict=True):
        edges = [exact_ms.get(edge, edge) for edge in np.round(of_key).ravel().tolist()]
        # A time that is an edge counts as behind it, though not all divisions are exact.
        behind = np.searchsorted(np.array(edges), at_ms + 1e-6, side="right")
        keys |= np.where(behind % 2 == 1, bit, 0).astype(np.uint8)
    return keys


def repeats(
    real_ms: np.ndarray, since_ms: np.ndarray, is_change: np.ndarray, recorder: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """(F,) bool: the frames at real times (F,) that hold the position of the one before, since the
    device has not reported another (since_ms (F,) ago), or a key's frame does not ask it."""
    repeated = is_change & (rng.random(len(real_ms)) < recorder[Recorder.KEY_REPEAT])
    if recorder[Recorder.REPORT_MS] > 0:
        repeated[1:] |= np.diff(real_ms) <= since_ms[1:]
    repeated[0] = False
    return repeated


def positions_at(
    t_ms: np.ndarray, seen_ms: np.ndarray, path_px: np.ndarray, due_ms: np.ndarray,
    due_seen_ms: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """(F, 2): positions in frames of times t_ms (F,), not decreasing, each of the time seen_ms
    (F,), that lie on a smooth path of which a reader at due_ms (T,) makes path_px (T, 2) again. The
    path is a place of the hand's at due_seen_ms (T,).

    Between frames a reader draws straight lines. What those miss of the path is given to the frames
    around: the smallest corrections that make it up, as far as frames allow that lie far from the
    times at which they are read (ridge UNREADABLE_SHARE).
    """
    spline = CubicSpline(due_seen_ms, path_px)
    first_ms, last_ms = due_seen_ms[[0, -1]]
    xy = spline(np.clip(np.abs(seen_ms - first_ms) + first_ms, first_ms, last_ms))
    before_it = seen_ms < first_ms  # the way goes on straight
    xy[before_it] = 2 * path_px[0] - xy[before_it]
    # A hand that rests does so in every frame.
    at = np.clip(np.searchsorted(due_seen_ms, seen_ms, "right") - 1, 0, len(due_ms) - 2)
    resting = (path_px[at] == path_px[at + 1]).all(1)
    xy[resting] = path_px[at[resting]]
    last_of_its_time = np.diff(t_ms, append=np.inf) > 0
    at_ms = t_ms[last_of_its_time]
    if len(at_ms) > 1:
        before = np.clip(np.searchsorted(at_ms, due_ms, "right") - 1, 0, len(at_ms) - 2)
        share = np.clip((due_ms - at_ms[before]) / np.diff(at_ms)[before], 0, 1)
        row = np.arange(len(due_ms))
        reading = coo_array(
            (np.concatenate([1 - share, share]), (np.tile(row, 2), np.append(before, before + 1))),
            shape=(len(due_ms), len(at_ms)),
        ).tocsr()
        missed = path_px - reading @ xy[last_of_its_time]
        moving = reading * ~resting[last_of_its_time]  # the columns that may change
        ridge = UNREADABLE_SHARE * eye_array(len(due_ms), format="csr")
        correction = moving.T @ spsolve((moving @ moving.T + ridge).tocsc(), missed)
        xy += correction[np.searchsorted(at_ms, t_ms)] * ~resting[:, None]
    return xy


def as_written(xy: np.ndarray) -> np.ndarray:
    """Positions as the text of stable's files holds them, STABLE_DIGITS digits each."""
    digits = np.floor(np.log10(np.maximum(np.abs(xy), 1e-3))) + 1
    scale = 10.0 ** (STABLE_DIGITS - digits)
    return np.round(xy * scale) / scale
