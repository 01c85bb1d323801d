"""A clock that key changes were put on is found; changes that are put on one keep their order."""

import numpy as np
import pytest

from osu.classifiers.numbers.written import key_clock
from osu.features.key_clock import fit_key_clock, on_key_clock


def spans_of(seed: int, seconds: int = 120) -> list[np.ndarray]:
    """Two fingers in turn, some 250 ms apart each."""
    rng = np.random.default_rng(seed)
    press = np.cumsum(rng.uniform(90, 160, seconds * 8))
    spans = np.stack([press, press + rng.uniform(30, 80, len(press))], -1)
    return [spans[::2], spans[1::2]]


def changes(spans: list[np.ndarray], whole_ms: float = 1.0) -> np.ndarray:
    return np.unique(np.floor(np.concatenate(spans).ravel() / whole_ms) * whole_ms)


@pytest.mark.parametrize("whole_ms", [1.0, 2 / 3])
@pytest.mark.parametrize("period_ms", [4.167, 5.0, 8.0, 10.0])
@pytest.mark.parametrize("uneven", [0.0, 0.1])
def test_the_clock_is_found_again(period_ms, uneven, whole_ms):
    """Frequencies are tried .2 Hz apart: .1 % of the fastest. The instrument, which knows nothing
    of the fit, sees the clock: above 4 is one of a hundred plays without one."""
    spans = on_key_clock(spans_of(0), period_ms, uneven, np.random.default_rng(1))
    found_ms, found_uneven = fit_key_clock(changes(spans, whole_ms), whole_ms)
    assert found_ms == pytest.approx(period_ms, rel=2e-3)
    assert found_uneven == pytest.approx(uneven, abs=0.05)
    assert key_clock(changes(spans, whole_ms)) > 4


@pytest.mark.parametrize("seed", range(8))
def test_hands_alone_keep_to_no_clock(seed):
    """At five standard deviations over a thousand tries chance finds one in a thousand cases."""
    at_ms = changes(spans_of(seed))
    assert fit_key_clock(at_ms, 1.0) == (0.0, 0.0)
    assert key_clock(at_ms) < 4
    assert fit_key_clock(np.zeros(0), 1.0) == (0.0, 0.0) and np.isnan(key_clock(at_ms[:5]))


@pytest.mark.parametrize("period_ms", [4.0, 10.0, 16.0])
def test_changes_of_a_key_stay_in_order_and_near(period_ms):
    """Presses of one key that are shorter and closer than a tick, too. Half a tick to the nearest,
    .3 of unevenness, and one more for each that had to give way: here two."""
    rng = np.random.default_rng(2)
    edges = np.cumsum(rng.uniform(6, 60, 400)).reshape(-1, 2)
    (ticked,) = on_key_clock([edges], period_ms, 0.3, np.random.default_rng(3))
    assert (np.diff(np.round(ticked).ravel()) > 0).all()
    assert np.abs(ticked - edges).max() < 2.8 * period_ms
    (same,) = on_key_clock([edges], 0.0, 0.0, rng)
    assert same is edges
