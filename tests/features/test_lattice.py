"""Lattices that positions were put on are found again, alone and through a recorder's frames."""

import numpy as np
import pytest

from osu.features.lattice import HYSTERESIS, fit_lattice, fit_places, on_lattice
from osu.features.recorder import WANDER_PX, Recorder
from tests.features.test_recorder import MODS, device, fitted_again, recorded


@pytest.mark.parametrize("rate", MODS)
@pytest.mark.parametrize("count_px", [(480 / 1080,) * 2, (0.7, 0.7), (0.17, 0.13), (0.0, 0.0)])
def test_lattices_are_found(count_px, rate):
    """Least squares over thousands of steps, each rounded to 1e-4 px, is better than 1e-5 of a
    spacing; 1e-4 is how far it may be moved to that of a screen."""
    recorder = device(COUNT_X_PX=count_px[0], COUNT_Y_PX=count_px[1], PHASE_X=0.3, PHASE_Y=0.8)
    found = fitted_again(recorder, rate)
    np.testing.assert_allclose(found[: Recorder.PHASE_X], count_px, rtol=1.1e-4)
    if count_px[0] == 0:
        assert np.isnan(found[[Recorder.PHASE_X, Recorder.PHASE_Y]]).all()
    elif count_px[0] > 0.4:
        # Errors of a spacing, at most 3e-6 here, add up over a thousand counts.
        off = found[[Recorder.PHASE_X, Recorder.PHASE_Y]] - [0.3, 0.8]
        assert np.abs(off - np.round(off)).max() < 0.02
    assert (found[WANDER_PX] == 0).all()


def test_a_lattice_that_drifts_is_told_from_one_that_stands():
    """Sums of counts have as many values as there are movements, counts of a screen only as many
    as there are places: here some 400, and thousands of movements."""
    columns = dict(COUNT_X_PX=0.7, COUNT_Y_PX=0.7, PHASE_X=0.3, PHASE_Y=0.8)
    wander = dict(WANDER_X_PX=1e-4, WANDER_Y_PX=5e-5)
    found = fitted_again(device(**columns, **wander), seed=1)
    # Some thousand movements, of which every sixtieth is independent: 10 % or so of an error.
    np.testing.assert_allclose(found[WANDER_PX], [1e-4, 5e-5], rtol=0.5)
    assert found[Recorder.COUNT_X_PX] == pytest.approx(0.7, rel=1.1e-4)


def test_a_tremor_within_reach_never_moves_the_cursor():
    rng = np.random.default_rng(0)
    tremor = rng.uniform(-1, 1, 500)
    count_px, phase = 0.5, np.full(500, 0.25)
    middle = (100 + 0.25) * count_px  # on a count
    tremor[0] = 0
    still = on_lattice(middle + 0.99 * HYSTERESIS * count_px * tremor, count_px, phase)
    assert (still == middle).all()
    moved = on_lattice(middle + 2 * HYSTERESIS * count_px * tremor, count_px, phase)
    assert len(np.unique(moved)) > 1
    sweep = np.linspace(0, 200, 500) + tremor
    shown = on_lattice(sweep, count_px, phase)
    assert np.abs(shown - sweep).max() <= HYSTERESIS * count_px + 1e-9


@pytest.mark.parametrize("count_px", [0.026, 0.0147])
def test_the_places_of_a_tablet_are_found(count_px):
    """A hand at 600 px/s makes steps of hundreds of such counts, which say nothing; positions do.
    7,000 of them that are rounded to 1e-4 px over some 200 px know a spacing to 1e-8."""
    columns = dict(COUNT_X_PX=count_px, COUNT_Y_PX=count_px, PHASE_X=0.3, PHASE_Y=0.8)
    (_, xy, _), _, _ = recorded(device(**columns), spread_px=80.0)
    for axis, phase in enumerate((0.3, 0.8)):
        found_px, found_phase = fit_lattice(xy[:, axis])
        assert found_px == pytest.approx(count_px, rel=1e-6)
        assert found_phase == pytest.approx(phase, abs=0.05)
    assert fit_lattice(recorded(device(), spread_px=80.0)[0][1][:, 0])[0] == 0


@pytest.mark.parametrize("share", [2.6, 3.9, 9.1, 14.6])
def test_a_device_whose_places_are_shown_on_a_finer_lattice(share):
    """Places are known to half a point of it, of which some 1,000 are seen: their spacing over
    15,000 points to 1e-5. A lattice of which every point is a place has no others. Steps show
    places that are 9 or 14 points apart, which some positions only lie near."""
    count_px = 0.0228
    columns = dict(COUNT_X_PX=count_px, COUNT_Y_PX=count_px, PHASE_X=0.3, PHASE_Y=0.8)
    places = dict(PLACE_X_PX=share * count_px, PLACE_PHASE_X=0.4)
    (_, xy, _), _, _ = recorded(device(**columns, **places), spread_px=80.0)
    found = [fit_places(xy[:, axis], *fit_lattice(xy[:, axis])) for axis in range(2)]
    assert found[0][0] == pytest.approx(share * count_px, rel=1e-4)
    assert np.abs((found[0][1] - 0.4 + 0.5) % 1 - 0.5) < 0.25  # half a point of two and a half
    assert found[1][0] == 0 and np.isnan(found[1][1])
    every = (xy.max(0) - xy.min(0))[0] / count_px
    assert len(np.unique(np.round(xy[:, 0], 3))) < 1.1 * every / share


def test_pixels_of_a_screen_are_exact_though_kept_in_32_bits():
    """A ninth of a 1080p screen's pixels are whole osu!px: 480 / 1080 is 4 / 9."""
    kept = device(COUNT_X_PX=480 / 1080, COUNT_Y_PX=480 / 1080, PHASE_X=0, PHASE_Y=0)
    (_, xy, _), _, _ = recorded(kept.astype(np.float32).astype(float))
    assert (xy == np.round(xy)).mean() == pytest.approx(1 / 9, abs=0.02)
