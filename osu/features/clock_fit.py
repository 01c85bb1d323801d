"""The game's clock, fitted to the times of a replay's frames: how long its updates are, how uneven
those and the clock itself.
"""

import numpy as np

from osu.units import FRAME_MS

OUT_OF_TURN_MS = 3.5  # further from the sixtieths is a frame written for something else, or late
ELSEWHERE_MS = 6.0  # further than that none is late
SLOW_UPDATE_MS = 2.0  # longer ones show which multiples of an update lie between frames
COUNTED_UPDATE_MS = 1.2  # from here on frames that are two things at once tell it best
MOST_UNEVEN_FOUND = 0.2  # above, chance may do it
EVEN, MOST_UNEVEN = 0.05, 0.3  # standard deviation of an update, updates
FASTEST_UPDATE_MS, SLOWEST_UPDATE_MS = 0.25, 16.0
SCHEDULE_MS = 2000.0  # within which a game that limits its frames keeps to a schedule
SCHEDULES = np.arange(0.85, 1.15, 0.001)  # of an update as gaps say it
IN_TURN, CLEARLY = 0.1, 5.0  # power of a schedule that is kept, and its distance from chance
FEW_AT_ONE_MS = 0.03  # gaps within one whole ms, to each ms of the others


def fit_clock(
    t_ms: np.ndarray, step_ms: np.ndarray, changed: np.ndarray, whole_ms: float
) -> tuple[float, float, float, float]:
    """(update, jitter, memory, hiccups) of a game's clock, from frames at real times t_ms (F,),
    which are multiples of whole_ms.

    The jitter is what is left in the times of regular frames beside the update's lateness.
    """
    update = update_of(step_ms, changed, whole_ms)
    late = lateness_ms(t_ms[1:][~changed])
    # Frames that were written for something else lie anywhere: so many to a ms are taken off.
    anywhere = (np.abs(late) > ELSEWHERE_MS).sum() / (FRAME_MS - 2 * ELSEWHERE_MS)
    edges = np.arange(-ELSEWHERE_MS, ELSEWHERE_MS + 0.25, 0.25)
    count = np.histogram(late, edges)[0] - anywhere * 0.25
    middle = (edges[1:] + edges[:-1]) / 2
    core = np.abs(middle) < OUT_OF_TURN_MS
    total = max(count[core].sum(), 1.0)
    variance = max(float(count[core] @ middle[core] ** 2) / total, 0.0)
    # Lateness is uniform over an update, and times are rounded.
    jitter2 = max(variance - update**2 / 12 - whole_ms**2 / 12, 0.0)
    both = (np.abs(late[1:]) < OUT_OF_TURN_MS) & (np.abs(late[:-1]) < OUT_OF_TURN_MS)
    memory = (late[1:] * late[:-1])[both].mean() / jitter2 if jitter2 > 0.01 else 0.0
    hiccups = count[~core & (middle > 0)].sum() / total
    return (
        update, float(np.sqrt(jitter2)), float(np.clip(memory, 0.0, 0.98)),
        float(np.clip(hiccups, 0.0, 0.5)),
    )  # fmt: skip


def update_of(step_ms: np.ndarray, changed: np.ndarray, whole_ms: float) -> float:
    """Real ms between two updates.

    A key's frame is the sixtieth's own where both fall on one update, so one in so many is that
    updates of a slow game take of a sixtieth. Of a fast one the gaps around a key's frame are
    multiples of an update, each as likely, and in one whole ms where they are less.
    """
    around = np.flatnonzero(changed[:-1])
    alone = around[~changed[around + 1]]
    if len(alone) < 10:
        return 1.0
    across_ms = step_ms[alone] + step_ms[alone + 1]
    slow = FRAME_MS * float((across_ms > 1.5 * FRAME_MS).mean())
    if slow >= COUNTED_UPDATE_MS:
        return min(slow, SLOWEST_UPDATE_MS)
    gaps = np.concatenate([step_ms[around], step_ms[around + 1]])
    gaps = gaps[(gaps >= 0) & (gaps < FRAME_MS)]
    same = FRAME_MS / whole_ms * float((gaps == 0).mean())
    if same < FEW_AT_ONE_MS:
        return 1.0
    share = 1 - 2 * same if same > 0.25 else (1 + np.sqrt(1 - 4 * same)) / 2
    return max(float(whole_ms * share), FASTEST_UPDATE_MS)


def fit_evenness(
    gap_ms: np.ndarray, key_ms: np.ndarray, update_ms: float, whole_ms: float
) -> tuple[float, float]:
    """(update, how uneven updates are) of real times between frames (G,), whole multiples of
    whole_ms, that are whole multiples of about update_ms, but for two updates' unevenness. key_ms
    (K,) are the real times of key changes."""
    gap_ms = gap_ms[(gap_ms > 0) & (gap_ms < 1.5 * FRAME_MS)]
    if update_ms < SLOW_UPDATE_MS or len(gap_ms) < 20:
        return update_ms, EVEN
    tried = np.arange(0.7, 1.4, 0.01) * update_ms
    tried = tried[tried < SLOWEST_UPDATE_MS]
    together = np.abs(np.exp(2j * np.pi * gap_ms[:, None] / tried).mean(0))
    together = together / np.sinc(whole_ms / tried) ** 2  # of whole times
    best = int(together.argmax())
    uneven = np.sqrt(abs(np.log(min(together[best], 1.0)))) / (2 * np.pi)
    if uneven > MOST_UNEVEN_FOUND:
        return update_ms, MOST_UNEVEN
    best_ms = float(tried[best])
    return fit_schedule(key_ms, best_ms, whole_ms) or best_ms, float(uneven)


def fit_schedule(key_ms: np.ndarray, update_ms: float, whole_ms: float) -> float:
    """The update in real ms, about update_ms, of a game that limits its frames: key changes at
    real times key_ms (K,), whole multiples of whole_ms, lie whole updates apart for seconds. 0
    where they do not.

    It says the update to a thousandth, where gaps of some updates say it to a thirtieth.
    """
    tried = update_ms * SCHEDULES
    power = clock_power(key_ms, tried, whole_ms)
    best = int(power.argmax())
    kept = power[best] > max(IN_TURN, CLEARLY * power.std())
    return float(tried[best]) if kept else 0.0


def clock_power(at_ms: np.ndarray, tried_ms: np.ndarray, whole_ms: float) -> np.ndarray:
    """(P,) how far real times at_ms (N,), whole multiples of whole_ms, keep to clocks of periods
    tried_ms (P,) for SCHEDULE_MS: the power of their phases, 1 where all do exactly, 0 by chance.
    """
    power, pairs = np.zeros(len(tried_ms)), 0
    edges = np.arange(at_ms.min(initial=0), at_ms.max(initial=0), SCHEDULE_MS)[1:]
    for window_ms in np.split(at_ms, np.searchsorted(at_ms, edges)):
        turn = np.exp(2j * np.pi * window_ms[:, None] / tried_ms).sum(0)
        power += np.abs(turn) ** 2 - len(window_ms)  # without the pairs of a time with itself
        pairs += len(window_ms) * (len(window_ms) - 1)
    return power / max(pairs, 1) / np.sinc(whole_ms / tried_ms) ** 2


def lateness_ms(t_ms: np.ndarray) -> np.ndarray:
    """(F,) by how much frames at real times t_ms (F,) are later than the sixtieths of the hundred
    frames around, of which those out of turn do not count."""
    turn = np.exp(2j * np.pi * t_ms / FRAME_MS)
    window = np.ones(min(101, len(t_ms)))
    in_turn = np.ones(len(t_ms), bool)
    for _ in range(3):
        around = np.convolve(turn * in_turn, window, "same")
        late = np.angle(turn * np.conj(around)) * FRAME_MS / (2 * np.pi)
        in_turn = np.abs(late) < OUT_OF_TURN_MS
    return late
