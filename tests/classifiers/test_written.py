"""Numbers of a file's frames against replays built frame by frame, whose values are known."""

import dataclasses

import numpy as np
import pytest

from osu.classifiers.numbers.written import WRITTEN, written_numbers
from osu.formats.mods import Mods
from osu.formats.replay import Replay, build_replay, dump_replay, parse_replay

pytestmark = pytest.mark.filterwarnings("error")  # a nan is meant, never an accident of 0 / 0


def replay_of(t_ms, xy, keys=None, mods=0) -> Replay:
    keys = np.zeros(len(t_ms), np.uint8) if keys is None else keys
    return build_replay("0" * 32, "p", mods, t_ms, xy, keys, seed=0, timestamp_ticks=0)


def numbers_of(replay: Replay) -> dict[str, float]:
    return dict(zip(WRITTEN, written_numbers(replay), strict=True))


def times_of(frames: int) -> np.ndarray:
    return np.round(np.arange(frames) * 50 / 3)


@pytest.mark.parametrize("spacing_px", [0.15, 0.444, 0.5, 0.81, 1.18])
def test_a_lattice_of_steps_is_found_wherever_it_stands(spacing_px):
    """Counts of a mouse from -6 to 6, from a place off the lattice, as float32. The spectrum's
    frequencies are 0.3 % of the largest spacing apart, its bins 7 % of the smallest."""
    counts = np.random.default_rng(0).integers(-6, 7, (3000, 2))
    xy = 100.123 + spacing_px * np.cumsum(counts, 0)
    numbers = numbers_of(replay_of(times_of(3000), xy))
    assert numbers["lattice_px"] == pytest.approx(spacing_px, rel=0.005)
    assert numbers["lattice_fit"] > 0.95


def test_steps_of_any_size_stand_on_no_lattice():
    """6,000 phases without a lattice have a mean length of 0.013, its largest over 1,600 spacings
    some three times as much; near zero steps, all coarse lattices fit a little more."""
    xy = np.cumsum(np.random.default_rng(1).normal(0, 3, (3000, 2)), 0)
    numbers = numbers_of(replay_of(times_of(3000), xy))
    assert np.isnan(numbers["lattice_px"]) and numbers["lattice_fit"] < 0.2


def test_shares_of_steps_are_those_of_the_construction():
    # Of each ten steps two are of nothing, three along x only, five along both axes.
    step = np.tile([[0, 0]] * 2 + [[1.5, 0]] * 3 + [[2, 1]] * 5, (50, 1))
    numbers = numbers_of(replay_of(times_of(501), np.concatenate([[[0, 0]], np.cumsum(step, 0)])))
    assert numbers["still"] == pytest.approx(0.2) and numbers["one_axis"] == pytest.approx(0.3)
    assert numbers["rest_frames"] == 2 and numbers["wake_px"] == 1.5
    assert numbers["rest_ms"] == pytest.approx(100 / 3, abs=1)  # times are whole ms
    assert numbers["outermost"] == pytest.approx(7 / 501)  # y is 0 in six, and the end
    x = np.cumsum(step[:, 0])
    assert numbers["outside"] == pytest.approx(np.mean(np.append(0, x) > 512))


def keyed(key_off_px: float) -> Replay:
    """A cursor on a curve, and between every third and fourth frame a key change in a frame that is
    `key_off_px` beside the straight line between them."""
    due_ms = np.arange(600) * 16.0
    curve = np.stack([256 + 200 * np.sin(due_ms / 300), 192 + 150 * np.cos(due_ms / 210)], -1)
    at_ms = due_ms[2:-1:3] + 5.0
    t_ms = np.union1d(due_ms, at_ms)
    xy = np.stack([np.interp(t_ms, due_ms, axis) for axis in curve.T], -1)
    key = np.isin(t_ms, at_ms)
    xy[key] += key_off_px
    return replay_of(t_ms, xy, (np.cumsum(key) % 2).astype(np.uint8))


def test_frames_of_key_changes_drawn_on_the_line_are_noticed():
    assert numbers_of(keyed(0.0))["keys_on_line"] == 1
    assert numbers_of(keyed(0.5))["keys_on_line"] < 0.05
    # 5 ms and 11 ms around each change, in a play whose median frame takes 16 ms.
    assert numbers_of(keyed(0.0))["around_keys"] == pytest.approx(1)


def test_rests_at_key_changes_are_counted_apart():
    replay = keyed(0.0)
    buttons = replay.keys & 1
    at_key = np.flatnonzero(np.diff(buttons)) + 1
    xy = replay.xy.copy()
    xy[at_key[::2]] = xy[at_key[::2] - 1]
    numbers = numbers_of(dataclasses.replace(replay, xy=xy))
    assert numbers["still_at_keys"] == pytest.approx(0.5, abs=1 / len(at_key))
    assert numbers["still"] == pytest.approx(len(at_key[::2]) / (len(xy) - 3))


def test_times_are_real_and_their_order_is_seen():
    """Frames that are late by an amount of their own each: the time between two is the difference
    of two such, whose correlation with the next is -1/2. Over 4,000 frames the standard error is
    .016; whole ms take .01 of it. DT's map time is half as long again."""
    rng = np.random.default_rng(2)
    late_ms = rng.uniform(0, 6, 4000)
    xy = rng.uniform(0, 300, (4000, 2))
    numbers = numbers_of(replay_of((np.arange(4000) * 16 + late_ms) * 1.5, xy, mods=Mods.DT))
    assert numbers["regular_lag1"] == pytest.approx(-0.5, abs=0.08)
    assert numbers["regular_spread_ms"] == pytest.approx(np.sqrt(2 * 36 / 12), rel=0.05)
    assert numbers["frame_ms_p50"] == pytest.approx(16, abs=0.5)
    even = numbers_of(replay_of(np.arange(4000) * 16.0, xy))
    assert even["frame_ms_mode"] == 1 and even["regular_spread_ms"] == 0
    assert np.isnan(even["regular_lag1"])


def test_short_and_repeated_times_are_counted():
    t_ms = np.cumsum(np.tile([16, 16, 0, 7, 16], 100))
    numbers = numbers_of(replay_of(t_ms, np.zeros((500, 2))))
    assert numbers["not_later"] == pytest.approx(100 / 499)
    assert numbers["short"] == pytest.approx(200 / 499)


def test_decimals_are_those_of_the_games_text():
    """Stable writes seven significant digits. Between 256 and 512 these are a grid of 1e-4 px and
    float32's one of 3.05e-5, so of places anywhere seven digits give three in ten."""
    xy = np.random.default_rng(3).uniform(256, 512, (3000, 2))
    assert numbers_of(replay_of(times_of(3000), np.round(xy, 4)))["long_decimals"] == 0
    long = numbers_of(replay_of(times_of(3000), xy))["long_decimals"]
    assert long == pytest.approx(1 - 3.05e-1, abs=0.04)
    assert numbers_of(replay_of(times_of(3000), np.round(xy)))["whole_px"] == 1
    small = np.random.default_rng(4).uniform(-0.01, 0.01, (3000, 2)).round(8)
    assert numbers_of(replay_of(times_of(3000), small))["long_decimals"] == 0


def test_a_file_keeps_its_numbers():
    replay = keyed(0.5)
    again = parse_replay(dump_replay(replay))
    assert np.array_equal(written_numbers(replay), written_numbers(again), equal_nan=True)


def test_plays_with_next_to_nothing_in_them_have_no_numbers():
    for frames in (0, 1, 2, 20):
        assert np.isnan(written_numbers(replay_of(times_of(frames), np.ones((frames, 2))))).all()
    # Everything in one place at one time, and a lead-in with nothing behind it.
    resting = numbers_of(replay_of(np.zeros(100), np.full((100, 2), 7.0)))
    assert resting["still"] == 1 and resting["not_later"] == 1 and resting["outermost"] == 0
    for name in ("lattice_px", "lattice_fit", "tremor_px", "still_at_keys", "wake_px", "rest_ms"):
        assert np.isnan(resting[name])
    backwards = dataclasses.replace(
        replay_of(times_of(100), np.full((100, 2), -1e6)), delta_ms=np.full(102, -(10**6))
    )
    assert numbers_of(backwards)["not_later"] == 1
