"""Recorders that count from the last frame: the next is written a sixtieth of a second after it,
whatever it was written for, and nothing else but key changes writes one.

Lazer does (in map time), and a device that reports a touch: its keys change when a frame is due,
and a release writes one more frame at that place.
"""

import numpy as np

FEWEST_CHANGES = 20
A_WHOLE_ONE = 0.8  # of the time between frames: longer is not cut short by a key change
MOSTLY, SELDOM = 0.9, 0.75  # shares of key changes
AT_ONCE_MS = 3.0  # a release after the frame that was due
RELEASE_MS = 1.1  # its standard deviation
UPDATE_MS = 1.0
OVERDUE = 1.25  # of the time between frames: longer is a frame that was not written in time
OVERDUE_MS = 9.0  # mean of what is longer than that


def fit_from_last(
    step_ms: np.ndarray, changed: np.ndarray
) -> tuple[float, float, float, float, float] | None:
    """(interval in real ms, 1 where keys change when a frame is due, standard deviation of the
    interval, memory of being overdue, share overdue) of the real times between frames (F,) and
    whether each ends at a key change (F,); None where frames are counted from the play's begin.

    Then a key change cuts the time to the next frame short, unless the game's updates are as slow
    as its frames: those cut neither the time before nor the one after.
    """
    alone = np.flatnonzero(changed[:-1] & ~changed[1:])
    regular = step_ms[1:][~changed[1:] & ~changed[:-1]]
    if len(alone) < FEWEST_CHANGES or not len(regular):
        return None
    interval = float(np.median(regular))
    before, after = step_ms[alone], step_ms[alone + 1]
    whole = before > A_WHOLE_ONE * interval
    if np.mean(after > A_WHOLE_ONE * interval) < MOSTLY or np.mean(whole) > SELDOM:
        return None
    overdue = step_ms > OVERDUE * interval
    share = float(np.mean(regular > OVERDUE * interval))
    after_one = overdue[1:-1] & ~(changed[2:] | changed[1:-1] | changed[:-2])
    again = float(np.mean(overdue[2:][after_one])) if after_one.any() else share
    core = regular[np.abs(regular - interval) < (OVERDUE - 1) * interval]
    return (
        float(core.mean()), float(np.mean(whole | (before < AT_ONCE_MS)) > MOSTLY),
        float(core.std()), float(np.clip((again - share) / max(1 - share, 0.01), 0, 0.98)), share,
    )  # fmt: skip


def times_from_last(
    start_ms: float, end_ms: float, key_ms: np.ndarray, releases: np.ndarray, interval_ms: float,
    in_turn: bool, jitter_ms: float, memory: float, overdue: float, rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Real times of the frames between two times, of key changes key_ms (C,), of which `releases`
    (C,) bool are; two at one time where an update writes two."""
    edges = np.concatenate([[start_ms], key_ms, [end_ms]])
    released = np.concatenate([[False], releases, [False]])
    frames = [edges]
    for begin, end, release in zip(edges[:-1], edges[1:], released[1:], strict=True):
        most = int((end - begin) / interval_ms) + 2
        step_ms = rng.normal(interval_ms, jitter_ms, 2 * most)
        drawn = np.where(rng.random(len(step_ms)) < memory, 0, np.arange(len(step_ms)))
        late = (rng.random(len(step_ms)) < overdue)[np.maximum.accumulate(drawn)]
        step_ms += late * ((OVERDUE - 1) * interval_ms + rng.exponential(OVERDUE_MS, len(late)))
        at_ms = begin + np.cumsum(np.maximum(step_ms, 1.0))
        if in_turn:
            count = max(int(np.argmin(np.abs(at_ms - end))), 0) + 1
            at_ms = begin + (at_ms[:count] - begin) * ((end - begin) / (at_ms[count - 1] - begin))
            # The last is the change's own frame; a release is written besides.
            at_ms[-1] -= abs(rng.normal(0, RELEASE_MS)) if release else 0.0
            at_ms = at_ms[: None if release else -1]
        else:
            at_ms = at_ms[at_ms < end]
            if len(at_ms) and end - at_ms[-1] < UPDATE_MS:
                at_ms[-1] = end
        frames.append(at_ms[at_ms > begin])
    return np.sort(np.concatenate(frames))
