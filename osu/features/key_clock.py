"""The clock of key changes: a keyboard reports at intervals of its own, 8 or 10 ms often, and a
game that limits its frames hears of a key at an update only. Half of all plays show one.
"""

import numpy as np

from osu.features.clock_fit import CLEARLY, IN_TURN, clock_power

SLOWEST_HZ, FASTEST_HZ, STEP_HZ = 58.0, 250.0, 0.2
AS_CLEAR = 0.9  # of the largest power: the slowest such clock, of which others are fractions
MOST_CHANGES = 4000  # that are looked at
MOST_OFF = 0.3  # of a tick, in periods: two changes of one key stay apart


def fit_key_clock(change_ms: np.ndarray, whole_ms: float) -> tuple[float, float]:
    """(period in real ms, standard deviation about it in periods) of the clock that key changes at
    real times change_ms (K,), whole multiples of whole_ms, keep to; 0, 0 where there is none."""
    tried_ms = 1000 / np.arange(SLOWEST_HZ, FASTEST_HZ, STEP_HZ)
    power = clock_power(change_ms[:MOST_CHANGES], tried_ms, whole_ms)
    if power.max() <= max(IN_TURN, CLEARLY * power.std()):
        return 0.0, 0.0
    clear = int(np.argmax(power > AS_CLEAR * power.max()))
    near = slice(clear, clear + round(1 / STEP_HZ))  # its own top
    best = clear + int(power[near].argmax())
    # Phases with a standard deviation of s turns have a mean of length exp(-2 (pi s)^2).
    uneven = np.sqrt(max(-np.log(power[best]), 0.0)) / (2 * np.pi)
    return float(tried_ms[best]), float(uneven)


def on_key_clock(
    spans: list[np.ndarray], period_ms: float, uneven: float, rng: np.random.Generator
) -> list[np.ndarray]:
    """The spans (P, 2) of each key, in ms, with every press and release at the nearest tick of a
    clock, but for its unevenness; those of one key stay in their order, a tick apart."""
    if period_ms <= 0:
        return spans
    phase = rng.random()
    ticked = []
    for of_key in spans:
        tick = np.round(of_key.ravel() / period_ms - phase)
        rank = np.arange(len(tick))
        tick = np.maximum.accumulate(tick - rank) + rank  # strictly later
        off = np.clip(rng.normal(0, uneven, len(tick)), -MOST_OFF, MOST_OFF)
        ticked.append(((tick + phase + off) * period_ms).reshape(-1, 2))
    return ticked
