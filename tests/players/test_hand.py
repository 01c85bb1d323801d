"""The device between a hand and a recorded cursor, and the paths of spinners.

References: what a dead zone does by definition, and the rates that osu.players.spinners states.
"""

import numpy as np
import pytest

from osu.features.chart import Chart, MapConstants, ObjectColumn
from osu.features.style import SCREEN_HEIGHTS, Spin, nearest_grid_px, spin_of
from osu.players.hand import MOST_LATE_MS, SLOW_PX, dead_zone, draw_dead_zone_px, frame_lateness_ms
from osu.players.spinners import REACT_FRAMES, RPM, spinner_path
from osu.units import FRAME_HZ, SCREEN_PX, UNIT_PX, to_unit

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


def test_frames_are_late_by_less_than_an_update_of_ones_own_game():
    late = [frame_lateness_ms(np.random.default_rng(seed), 2000) for seed in range(60)]
    most = np.array([one.max() for one in late])
    assert all(one.min() >= 0 for one in late) and most.max() <= MOST_LATE_MS
    assert most.std() > 0.5  # people's games differ
    np.testing.assert_array_equal(late[7], frame_lateness_ms(np.random.default_rng(7), 2000))
    assert np.diff(np.quantile(late[0] / most[0], [0, 0.25, 0.5, 0.75, 1])).std() < 0.02  # uniform


@pytest.mark.parametrize("height", SCREEN_HEIGHTS)
def test_a_grid_survives_half_precision(height):
    assert nearest_grid_px(float(np.float16(480 / height))) == 480 / height


def test_no_grid_is_none():
    assert nearest_grid_px(0.0) == 0.0 and nearest_grid_px(float("nan")) == 0.0


def spinner_track(start_s: float, end_s: float, frames: int = 600) -> Chart:
    spinner = np.zeros((1, len(ObjectColumn)), np.float32)
    spinner[0, [ObjectColumn.START_S, ObjectColumn.END_S, ObjectColumn.SPINNER]] = start_s, end_s, 1
    constants = np.zeros(len(MapConstants), np.float32)
    return Chart(0.0, 1.0, frames, spinner, np.zeros((frames, 4), np.float32), constants)


def test_spinners_are_circled_one_way_at_a_human_rate():
    chart = spinner_track(2.0, 8.0)
    rates, ways = [], []
    for seed in range(40):
        path, share = spinner_path(chart, np.random.default_rng(seed))
        assert not share[:120].any() and not share[481:].any() and (share[140:470] == 1).all()
        inner = path[120 + 2 * REACT_FRAMES + 20 : 480].astype(np.float64)
        step = np.diff(np.unwrap(np.arctan2(*(inner - inner.mean(0)).T[::-1])))
        assert (step > 0).all() or (step < 0).all()
        ways.append(step[0] > 0)
        rates.append(abs(step.mean()) / (2 * np.pi) * FRAME_HZ * 60)
        assert 5 < np.linalg.norm(inner, axis=1).max() * UNIT_PX < 400
    # 40 draws of a spread of 13 % have a median within three times 2.6 % of theirs.
    assert np.median(rates) == pytest.approx(RPM, rel=0.08)
    assert 0 < np.mean(ways) < 0.6


def test_a_person_s_spin_is_read_and_repeated():
    """`spinner_path` and `spin_of` are inverse up to the draws of ellipse and centre."""
    chart = spinner_track(2.0, 8.0)
    for spin in ([-260.0, 30.0], [410.0, 90.0]):
        path, share = spinner_path(chart, np.random.default_rng(1), np.array(spin))
        found = spin_of(chart, path * share)
        assert found[Spin.RPM] == pytest.approx(spin[Spin.RPM], rel=0.02)
        # An ellipse's median radius is at most 1 / .67 of its mean one, its centre .2 off (1 sd).
        assert found[Spin.RADIUS_PX] == pytest.approx(spin[Spin.RADIUS_PX], rel=0.5)


def test_a_wide_spin_runs_along_the_screen_s_edges():
    path, _ = spinner_path(
        spinner_track(2.0, 8.0), np.random.default_rng(0), np.array([300.0, 400.0])
    )
    corners = to_unit(SCREEN_PX)
    assert (path >= corners[0] - 1e-6).all() and (path <= corners[1] + 1e-6).all()
    assert (np.isclose(path, corners[0]) | np.isclose(path, corners[1])).any(1).mean() > 0.2


def test_no_spinner_and_no_turning_say_nothing():
    nothing = np.zeros((600, 2), np.float32)
    assert np.isnan(spin_of(spinner_track(2.0, 8.0), nothing)).all()
    assert np.isnan(spin_of(spinner_track(2.0, 2.05), nothing)).all()
    assert np.isnan(spin_of(spinner_track(11.0, 12.0), nothing)).all()


@pytest.mark.parametrize("start_s, end_s", [(9.95, 30.0), (-5.0, -1.0), (3.0, 3.0), (11.0, 12.0)])
def test_spinners_at_and_past_the_ends_of_a_track(start_s, end_s):
    path, share = spinner_path(spinner_track(start_s, end_s), np.random.default_rng(0))
    assert path.shape == (600, 2) and share.shape == (600, 1)
    assert not share.any()  # too short on the track to be turned in
