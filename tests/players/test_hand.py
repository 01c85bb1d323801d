"""The dead zone of a hand at rest, by what it does by definition."""

import numpy as np

from osu.players.hand import SLOW_PX, dead_zone, draw_dead_zone_px

RNG = np.random.default_rng(3)
TREMOR = 0.2 * RNG.standard_normal((200, 2))
SWEEP = np.linspace((0, 0), (400, 200), 60)


def test_a_tremor_within_reach_is_exact_rest():
    shown = dead_zone(100 + TREMOR.clip(-0.4, 0.4), 2.0)  # a reach longer than any way in it
    assert len(np.unique(shown, axis=0)) == 1


def test_the_cursor_is_never_farther_from_the_hand_than_the_reach():
    hand = np.concatenate([TREMOR, SWEEP, SWEEP[-1] + TREMOR])
    for reach_px in (0.5, 1.5, 6.0):
        gap = np.linalg.norm(dead_zone(hand, reach_px) - hand, axis=1)
        assert gap.max() <= reach_px + 1e-9
        assert gap[220:260].max() < 1e-3  # 20 frames into a movement half is lost ten times over


def test_a_moving_hand_and_a_reach_of_nothing_change_nothing():
    assert np.diff(SWEEP, axis=0).max() > SLOW_PX
    np.testing.assert_array_equal(dead_zone(SWEEP, 0.0), SWEEP)
    np.testing.assert_array_equal(dead_zone(TREMOR, 0.0), TREMOR)
    # The first frame has no movement, so it rests; what follows has caught up.
    np.testing.assert_allclose(dead_zone(SWEEP, 2.0)[20:], SWEEP[20:], atol=1e-3)


def test_reaches_differ_between_people_and_repeat_with_the_seed():
    reach = [draw_dead_zone_px(np.random.default_rng(seed)) for seed in range(200)]
    assert reach == [draw_dead_zone_px(np.random.default_rng(seed)) for seed in range(200)]
    assert 0 < min(reach) < 0.5 and 4 < max(reach) <= 6
