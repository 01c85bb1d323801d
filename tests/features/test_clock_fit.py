"""The schedule of a game's updates is found in key changes that were put on it."""

import numpy as np
import pytest

from osu.features.clock_fit import SCHEDULES, fit_schedule

HZ = (300, 240, 165, 144, 120)  # what screens and limits of frames are


def key_changes(update_ms: float, uneven: float, whole_ms: float, seed: int = 0) -> np.ndarray:
    """Real ms of 600 key changes within two minutes, at updates some `uneven` of one off."""
    rng = np.random.default_rng(seed)
    updates = np.sort(rng.choice(int(120_000 / update_ms), 600, replace=False))
    at_ms = (updates + rng.normal(0, uneven, len(updates))) * update_ms
    return np.floor(at_ms / whole_ms) * whole_ms


@pytest.mark.parametrize("whole_ms", [1.0, 2 / 3, 4 / 3])
@pytest.mark.parametrize("hz", HZ)
def test_a_screen_s_rate_is_found(hz, whole_ms):
    """Of a guess that is 3 % off. Phases over 2 s know an update to a few thousandths of itself
    where power is largest, and the 60 windows together to one; what is tried lies that far apart.
    """
    key_ms = key_changes(1000 / hz, 0.12, whole_ms)
    assert fit_schedule(key_ms, 1.03 * 1000 / hz, whole_ms) == pytest.approx(1000 / hz, rel=2e-3)


@pytest.mark.parametrize("seed", range(8))
def test_no_schedule_is_found_where_there_is_none(seed):
    """At random times, or where each update is half a one off its place: at five standard
    deviations over 300 tries chance finds one in ten thousand cases."""
    rng = np.random.default_rng(seed)
    random_ms = np.sort(np.floor(rng.uniform(0, 120_000, 600)))
    assert fit_schedule(random_ms, 4.2, 1.0) == 0
    assert fit_schedule(key_changes(4.2, 0.5, 1.0, seed), 4.2, 1.0) == 0
    assert len(SCHEDULES) == 300


def test_no_key_has_no_schedule():
    assert fit_schedule(np.zeros(0), 4.2, 1.0) == 0
    assert fit_schedule(np.array([12.0]), 4.2, 1.0) == 0
