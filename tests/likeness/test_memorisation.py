"""The nearest training window against a search written as two plain loops, and by construction."""

import numpy as np
import pytest

from osu.likeness.memorisation import POINTS, SPAN, lookups, nearest_px, path_of
from osu.units import FRAME_MS


def walk(seed: int, points: int = 150) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (256 + np.cumsum(rng.normal(0, 20, (points, 2)), 0)).astype(np.float32)


def test_nearest_is_what_plain_loops_find():
    query, others = walk(0), [(("a",), walk(1)), (("b",), walk(2)), (("c",), walk(3)[:20])]
    windows = lookups(query)
    expected = np.full(len(windows), np.inf)
    for _, path in others:
        for start in range(len(path) - SPAN + 1):
            window = path[start : start + SPAN : 2].astype(np.float64)
            apart = ((windows.reshape(-1, POINTS, 2) - window) ** 2).sum(2).mean(1)
            expected = np.minimum(expected, np.sqrt(apart))
    nearest = nearest_px(windows, [("", "")] * len(windows), others)
    # float32 differences of squares of some hundred px: 1e-2 px is a hundred times their rounding.
    assert np.allclose(nearest, expected, atol=1e-2)


def test_a_copy_is_near_and_what_is_avoided_is_not_looked_at():
    path = walk(4)
    windows = lookups(path)
    others = [(("me", "song"), path), (("you", "other song"), walk(5))]
    assert nearest_px(windows, [("", "")] * len(windows), others).max() < 0.5  # float32 at work
    for avoided in (("me", ""), ("", "song")):
        assert nearest_px(windows, [avoided] * len(windows), others).min() > 10
    assert np.isinf(nearest_px(windows, [("you", "song")] * len(windows), others)).all()


@pytest.mark.parametrize("rate", [1.0, 1.5])
def test_two_plays_of_one_map_are_sampled_at_the_same_moments(rate):
    # A path that depends on map time alone, recorded at other frames from another start on.
    def record(first_ms, step_ms):
        t_ms = np.arange(first_ms, first_ms + 20_000, step_ms)
        return path_of(t_ms, np.stack([0.01 * t_ms, 200 - 0.02 * t_ms], -1), rate)

    a, b = record(1003.0, 13.0), record(2500.0, 7.0)
    late = np.searchsorted(a[:, 0], b[0, 0] - 1e-3)
    shared = min(len(b), len(a) - late)
    assert np.allclose(a[late : late + shared], b[:shared], atol=1e-3)
    assert np.allclose(np.diff(a[:, 0]), 0.01 * 4 * FRAME_MS * rate, atol=1e-3)


def test_a_resting_cursor_is_not_looked_up():
    assert len(lookups(np.full((200, 2), 100, np.float32))) == 0
    assert len(lookups(walk(6)[: SPAN - 1])) == 0
