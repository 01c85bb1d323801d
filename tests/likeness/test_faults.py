"""What a fault changes and what it leaves alone, on a straight hand whose presses are known."""

import numpy as np
import pytest

from osu.features.play import key_spans
from osu.formats.beatmap import Kind
from osu.formats.mods import Mods
from osu.formats.replay import build_replay, clean_frames, dump_replay, parse_replay
from osu.likeness import faults
from tests.small_map import small_map

MAP = small_map()
FIRST_MS, LAST_MS = MAP.start_ms[0] - 1000, MAP.end_ms.max() + 500
MEANT = MAP.kind != Kind.SPINNER  # a spinner has no time at which it is pressed
ERRORS_MS = np.random.default_rng(0).integers(-20, 20, len(MAP.start_ms))


def hand():
    """A cursor of 0.1 px a ms, and one press of 40 ms to each object, fingers in turn."""
    press = MAP.start_ms + ERRORS_MS
    spans = [np.stack([press[k::2], press[k::2] + 40], -1) for k in (0, 1)]
    t_ms = np.union1d(np.arange(FIRST_MS, LAST_MS, 17), np.concatenate(spans).ravel())
    held = [np.searchsorted(s.ravel(), t_ms, "right") % 2 for s in spans]
    xy = np.stack([100 + 0.1 * (t_ms - FIRST_MS), np.full(len(t_ms), 100.0)], -1)
    replay = build_replay("0" * 32, "p", Mods(0), t_ms, xy, held[0] | held[1] << 1, 0, 0)
    return parse_replay(dump_replay(replay))


def presses(replay) -> np.ndarray:
    t_ms, _, keys = clean_frames(replay)
    return np.sort(np.concatenate([s[:, 0] for s in key_spans(t_ms, keys)]))


def test_a_dose_of_nothing_leaves_the_play_as_it_is():
    own, again = hand(), faults.timed(hand(), MAP, 0.0)
    for a, b in zip(clean_frames(own), clean_frames(again), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)  # positions are written to 1e-4 px


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_presses_come_nearer_to_their_objects(share):
    """Frames are at whole ms."""
    expected = MAP.start_ms + np.where(MEANT, 1 - share, 1) * ERRORS_MS
    np.testing.assert_allclose(presses(faults.timed(hand(), MAP, share)), expected, atol=0.51)


def test_exchanged_errors_are_the_same_errors():
    changed = presses(faults.independent(hand(), MAP, 1.0, seed=0))
    errors_ms = np.rint(changed - MAP.start_ms).astype(int)
    assert sorted(errors_ms) == sorted(ERRORS_MS)
    assert (errors_ms != ERRORS_MS).any()


def test_a_late_cursor_leaves_the_keys():
    own, late = hand(), faults.lagging(hand(), 10.0)
    np.testing.assert_array_equal(late.keys, own.keys)
    behind = clean_frames(own)[1][5:, 0] - clean_frames(late)[1][5:, 0]
    np.testing.assert_allclose(behind, 1.0, atol=2e-4)  # 10 ms of 0.1 px


def test_help_at_aiming_is_whole_at_the_start_and_none_far_from_it():
    helped = faults.aimed(hand(), MAP, 1.0)
    t_ms, xy, _ = clean_frames(helped)
    own_xy = clean_frames(hand())[1]
    at = np.abs(t_ms[:, None] - MAP.start_ms).min(1)
    assert (xy[at > faults.AIMED_MS] == own_xy[at > faults.AIMED_MS]).all()
    circle = 0
    near = np.abs(t_ms - MAP.start_ms[circle]).argmin()
    # Within 9 ms of the start the pull is at least cos(.14)² = .98 of the way.
    off = np.linalg.norm(xy[near] - MAP.xy[circle])
    assert off < 0.05 * np.linalg.norm(own_xy[near] - MAP.xy[circle])


def test_positions_stand_on_the_lattice_and_smooth_ones_turn_less():
    snapped = faults.snapped(hand(), 0.5)
    assert (np.abs(clean_frames(snapped)[1] * 2 % 1) < 1e-4).all()
    rough = faults.jittered(hand(), 1.0, seed=0)
    bends = [np.diff(clean_frames(r)[1][:, 1], 2).std() for r in (rough, faults.smoothed(rough, 1))]
    # White noise through a Gaussian of a frame: second differences lose 5 / 6 of their spread.
    assert bends[1] < 0.35 * bends[0]
