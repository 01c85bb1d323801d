"""The paths of spinners, against the rates that osu.players.spinners states."""

import numpy as np
import pytest

from osu.features.chart import Chart, MapConstants, ObjectColumn
from osu.features.style import Spin, spin_of
from osu.players.spinners import REACT_FRAMES, RPM, spinner_path
from osu.units import FRAME_HZ, SCREEN_PX, UNIT_PX, to_unit


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
