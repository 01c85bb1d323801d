"""The paths of spinners, against the rates that osu.players.spinners states."""

import numpy as np
import pytest

from osu.features.chart import Chart, MapConstants, ObjectColumn
from osu.features.style import Spin, spin_of
from osu.players.spinners import RPM, spinner_path
from osu.units import FRAME_HZ, SCREEN_PX, UNIT_PX, to_unit


def spinner_track(start_s: float, end_s: float, frames: int = 600) -> Chart:
    return chart_of_objects([(start_s, end_s, 1)], frames)


def chart_of_objects(objects: list[tuple[float, float, int]], frames: int = 600) -> Chart:
    """Of (start, end, whether it is a spinner)."""
    table = np.zeros((len(objects), len(ObjectColumn)), np.float32)
    table[:, [ObjectColumn.START_S, ObjectColumn.END_S, ObjectColumn.SPINNER]] = objects
    constants = np.zeros(len(MapConstants), np.float32)
    return Chart(0.0, 1.0, frames, table, np.zeros((frames, 4), np.float32), constants)


def test_spinners_are_circled_one_way_at_a_human_rate():
    chart = spinner_track(2.0, 8.0)
    rates, ways = [], []
    for seed in range(40):
        path, share = spinner_path(chart, np.random.default_rng(seed))
        assert not share[:80].any() and not share[540:].any() and (share[140:470] == 1).all()
        inner = path[140:470].astype(np.float64)
        step = np.diff(np.unwrap(np.arctan2(*(inner - inner.mean(0)).T[::-1])))
        turned = step.sum()
        assert (step * np.sign(turned) > 0).mean() > 0.85
        ways.append(turned > 0)
        rates.append(abs(step.mean()) / (2 * np.pi) * FRAME_HZ * 60)
        assert 5 < np.linalg.norm(inner, axis=1).max() * UNIT_PX < 440
    # 40 draws of a spread of 13 % have a median within three times 2.6 % of theirs.
    assert np.median(rates) == pytest.approx(RPM, rel=0.08)
    assert 0 < np.mean(ways) < 0.6


def test_a_person_s_spin_is_read_and_repeated():
    """`spinner_path` and `spin_of` are inverse up to what wanders."""
    chart = spinner_track(2.0, 8.0)
    for spin in ([-260.0, 30.0], [410.0, 90.0]):
        found = [
            spin_of(chart, path * share)
            for path, share in (
                spinner_path(chart, np.random.default_rng(seed), np.array(spin))
                for seed in range(20)
            )
        ]
        rpm, radius_px = np.median(found, 0)
        # Medians of 20 that differ by 6 % and 24 % stray by 1.7 % and 7 %.
        assert rpm == pytest.approx(spin[Spin.RPM], rel=0.05)
        assert radius_px == pytest.approx(spin[Spin.RADIUS_PX], rel=0.2)


def test_no_two_turns_are_alike():
    """The radius spreads by more than an ellipse's own, which is 0.2 at half as high as wide."""
    chart, spreads = spinner_track(2.0, 8.0), []
    for seed in range(20):
        path, _ = spinner_path(chart, np.random.default_rng(seed), np.array([324.0, 45.0]))
        radius = np.linalg.norm(path[140:470], axis=1)
        spreads.append(radius.std() / radius.mean())
    assert 0.25 < np.median(spreads) < 0.45


def test_one_leaves_early_for_the_next_object_and_comes_late_from_the_last():
    def turning(before_s: float, after_s: float) -> np.ndarray:
        """Mean first and last frame that is wholly the path's, from start and end."""
        objects = [(3 - before_s, 3 - before_s, 0), (3, 6, 1), (6 + after_s, 6 + after_s, 0)]
        spans = []
        for seed in range(30):
            _, share = spinner_path(chart_of_objects(objects), np.random.default_rng(seed))
            spans.append(np.flatnonzero(share[:, 0] == 1)[[0, -1]] - (180, 360))
        return np.mean(spans, 0)

    hurried, leisurely = turning(0.1, 0.1), turning(1.0, 2.0)
    assert hurried[0] > leisurely[0] + 2 and hurried[1] < -2
    assert leisurely[1] > 14


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


def test_spinners_too_short_to_turn_in_are_drawn_all_the_same():
    for start_s, end_s in ((0.0, 0.17), (5.0, 5.17), (9.8, 9.99)):
        objects = [(start_s, end_s, 1), (end_s, end_s, 0)]
        for seed in range(50):
            path, share = spinner_path(chart_of_objects(objects), np.random.default_rng(seed))
            assert np.isfinite(path).all() and share.max() <= 1 and share.any()
