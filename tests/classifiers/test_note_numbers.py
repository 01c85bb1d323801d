"""What a play does from note to note, against plays whose errors are drawn from a known process."""

import numpy as np
import pytest

from osu.classifiers.numbers.note_numbers import (
    NOTE_NUMBERS,
    autocorrelation,
    chances,
    note_numbers,
)
from osu.formats.beatmap import Beatmap, load_beatmap, parse_beatmap
from osu.formats.replay import build_replay
from osu.likeness.measures import measure
from osu.players.auto import AUTO_SPIN_RPM, auto_play
from tests.maps import osu
from tests.paths import SAMPLE

NOTES, GAP_MS, RADIUS_PX = 900, 200, 36.48  # circles of the map below, at circle size 4
pytestmark = pytest.mark.filterwarnings("error")  # a nan is meant, never an accident of 0 / 0


def autoregression(phi: float, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """A series of unit variance whose correlation at lag k is phi to the k."""
    noise = np.random.default_rng(seed).normal(size=shape)
    series = noise.copy()
    for i in range(1, len(series)):
        series[i] = phi * series[i - 1] + np.sqrt(1 - phi**2) * noise[i]
    return series


@pytest.fixture(scope="module")
def steps_map() -> Beatmap:
    """Circles in four places in turn, all jumps of 200 osu!px and more."""
    places = [(100, 100), (400, 100), (400, 300), (100, 300)]
    rows = [f"{x},{y},{1000 + GAP_MS * i},1,0,0:0:0:0:"
            for i, (x, y) in enumerate(places * (NOTES // 4))]  # fmt: skip
    return parse_beatmap(osu("\n".join(rows)))


def played(beatmap: Beatmap, timing_ms=0.0, aim_radii=0.0, hold_ms=60.0, finger=None, pressed=None):
    """The numbers of a play: a press an object where `pressed` (N,), each off by what is given,
    the cursor at rest around it."""
    count = len(beatmap.start_ms)
    press = beatmap.start_ms + np.broadcast_to(timing_ms, count)
    place = beatmap.xy + RADIUS_PX * np.broadcast_to(aim_radii, (count, 2))
    finger = np.arange(count) % 2 if finger is None else finger
    pressed = np.ones(count, bool) if pressed is None else pressed
    t_ms = np.arange(press[0] - 1000, press[-1] + 1000, 4.0)
    t_ms = np.unique(np.round(np.concatenate([t_ms, press, press + hold_ms])))
    nearest = np.searchsorted((press[1:] + press[:-1]) / 2, t_ms)
    keys = np.zeros(len(t_ms), np.uint8)
    for i in np.flatnonzero(pressed):
        down, up = np.searchsorted(t_ms, np.round([press[i], press[i] + hold_ms]))
        keys[down:up] |= np.uint8(1 << finger[i])
    replay = build_replay(beatmap.md5, "p", 0, t_ms, place[nearest], keys, 0, 0)
    return dict(zip(NOTE_NUMBERS, note_numbers(measure(beatmap, replay)), strict=True))


def test_autocorrelation_of_an_autoregression():
    """The standard error of 4,000 values is .016 at most; the tolerance is five of it."""
    series = autoregression(0.5, (4000,), seed=0)
    for lag in (1, 2, 3, 4):
        assert autocorrelation(series, lag) == pytest.approx(0.5**lag, abs=0.08)
    vectors = autoregression(0.6, (4000, 2), seed=1)
    assert autocorrelation(vectors, 1) == pytest.approx(0.6, abs=0.08)
    assert autocorrelation(series + 1e3, 1) == pytest.approx(autocorrelation(series, 1))


def test_autocorrelation_of_some_pairs_alone():
    # The second half repeats each value of the first kind: within it neighbours are alike.
    rng = np.random.default_rng(2)
    series = np.concatenate([rng.normal(size=1000), np.repeat(rng.normal(size=500), 2)])
    late = np.arange(2000) >= 1000
    assert autocorrelation(series, 1, ~late) == pytest.approx(0, abs=0.16)  # five of .032
    repeated = late & (np.arange(2000) % 2 == 1)
    assert autocorrelation(series, 1, repeated) == pytest.approx(1)
    series[repeated] = np.nan
    assert np.isnan(autocorrelation(series, 1, late))
    assert np.isnan(autocorrelation(np.ones(100), 1))


def test_chances_are_counted():
    event = np.array([1, 1, 0, 0, 1, 0, 0, 0, 1, 1], bool)
    again, otherwise = chances(event, fewest=3)
    assert again == 2 / 4 and otherwise == 2 / 5
    assert np.isnan(chances(event, fewest=5)[0])


def test_joined_errors_are_read_from_a_play(steps_map):
    """900 notes have a standard error of .033 at most; the tolerances are four of it and more."""
    timing_ms = 12 * autoregression(0.5, (NOTES,), seed=3) - 4
    aim = 0.25 * autoregression(0.4, (NOTES, 2), seed=4)
    numbers = played(steps_map, timing_ms, aim)
    assert numbers["timing_lag1"] == pytest.approx(0.5, abs=0.14)
    assert numbers["timing_lag2"] == pytest.approx(0.25, abs=0.14)
    assert numbers["timing_lag1_jumps"] == pytest.approx(0.5, abs=0.14)
    assert np.isnan(numbers["timing_lag1_streams"])  # the map has none
    assert numbers["timing_spread"] == pytest.approx(timing_ms.std(), abs=0.1)
    assert numbers["timing_bias"] == pytest.approx(timing_ms.mean(), abs=0.1)
    assert numbers["timing_spread_middle"] == pytest.approx(timing_ms[1:].std(), abs=0.1)
    assert np.isnan(numbers["timing_spread_fast"])
    assert numbers["aim_lag1"] == pytest.approx(0.4, abs=0.14)
    assert numbers["aim_rms"] == pytest.approx(np.sqrt((aim**2).sum(1).mean()), rel=0.01)
    assert abs(numbers["aim_with_timing"]) < 0.15
    independent = played(steps_map, np.random.default_rng(5).permutation(timing_ms))
    assert abs(independent["timing_lag1"]) < 0.14


def test_misses_and_aims_off_the_object_come_in_runs(steps_map):
    """Three runs of four misses, and four alone: 12 - 3 of 16 misses follow a miss."""
    missed = np.zeros(NOTES, bool)
    for first in (100, 300, 500):
        missed[first : first + 4] = True
    missed[[50, 200, 400, 600]] = True
    numbers = played(steps_map, pressed=~missed)
    assert numbers["miss_share"] == pytest.approx(16 / NOTES)
    assert numbers["miss_after_miss"] == 9 / 16 and numbers["miss_run"] == 16 / 7
    assert numbers["miss_otherwise"] == pytest.approx(7 / (NOTES - 1 - 16))
    assert numbers["misses_alone"] == 4 / 16
    assert numbers["off_after_off"] == 9 / 16
    beside = played(steps_map, aim_radii=np.where(missed, 1.2, 0)[:, None] * [1, 0])
    assert beside["off_after_off"] == 9 / 16 and beside["miss_after_miss"] == 9 / 16
    assert np.isnan(played(steps_map)["miss_after_miss"])


def test_fingers_and_holds(steps_map):
    finger = np.tile([0, 0, 0, 1], NOTES // 4)
    numbers = played(steps_map, finger=finger, hold_ms=80.0)
    # Of the four pairs 00 00 01 10 two repeat a finger, and one of these two follows the other.
    assert numbers["alternation_middle"] == pytest.approx(0.5, abs=0.01)
    assert numbers["repeat_after_repeat"] == pytest.approx(0.5, abs=0.01)
    assert numbers["repeat_otherwise"] == pytest.approx(0.5, abs=0.01)
    assert numbers["first_finger"] == pytest.approx(0.75)
    assert numbers["hold_middle"] == pytest.approx(80, abs=0.5) and numbers["overlap"] == 0
    assert numbers["hold_fingers"] == pytest.approx(0, abs=0.01)
    # A hold of a gap and a half: each press but the first comes while the other key is down.
    long = played(steps_map, hold_ms=300.0)
    assert long["overlap"] == pytest.approx(1 - 1 / NOTES)
    assert long["both_down"] == pytest.approx(0.5, abs=0.02)  # 100 ms of each gap of 200


def test_the_way_to_an_object(steps_map):
    """The cursor jumps half-way between two presses and rests, so it is on an object for half a
    gap, 100 ms, to both sides; looked at every 8 ms, its first and last sample may be lost."""
    numbers = played(steps_map)
    assert numbers["arrival_ms"] == pytest.approx(100, abs=8)
    assert numbers["departure_ms"] == pytest.approx(100, abs=8)
    assert numbers["arrival_spread"] < 4 and numbers["speed_at_start"] == 0
    assert numbers["overshoot"] == 0 and numbers["aim_rms"] < 1e-3


def test_the_autoplayer_is_exact():
    beatmap = load_beatmap(SAMPLE / "circuit.osu")
    measured = measure(beatmap, auto_play(beatmap))
    numbers = dict(zip(NOTE_NUMBERS, note_numbers(measured), strict=True))
    assert numbers["timing_spread"] < 0.5 and numbers["aim_rms"] < 0.02
    assert numbers["miss_share"] == 0 and numbers["slider_left"] == 0
    assert numbers["alternation_fast"] == 1
    assert numbers["spinner_rpm"] == pytest.approx(AUTO_SPIN_RPM, rel=0.05)
    assert numbers["spinner_unsteady"] < 0.05 and numbers["spinner_radius_spread"] < 0.05
    assert numbers["slider_distance"] == measured.numbers["slider_distance"]


def test_a_slider_left_and_come_back_to():
    """Ten sliders of 2,800 ms; the cursor leaves each for 300 ms, and five of them for good."""
    rows = [f"100,{40 + 30 * i},{1000 + 4000 * i},2,0,L|380:{40 + 30 * i},4,280" for i in range(10)]
    beatmap = parse_beatmap(osu("\n".join(rows)))
    t_ms = np.arange(0.0, beatmap.end_ms[-1] + 1000, 4.0)
    owner = np.clip(np.searchsorted(beatmap.start_ms, t_ms, "right") - 1, 0, None)
    xy = beatmap.ball_xy(owner, np.clip(t_ms, beatmap.start_ms[owner], beatmap.end_ms[owner]))
    into_ms = t_ms - beatmap.start_ms[owner]
    away = (into_ms > 600) & ((into_ms < 900) | (owner < 5)) & (t_ms <= beatmap.end_ms[owner])
    xy[away, 1] += 3 * RADIUS_PX
    held = (t_ms >= beatmap.start_ms[owner]) & (t_ms <= beatmap.end_ms[owner])
    replay = build_replay(beatmap.md5, "p", 0, t_ms, xy, held.astype(np.uint8), 0, 0)
    numbers = dict(zip(NOTE_NUMBERS, note_numbers(measure(beatmap, replay)), strict=True))
    assert numbers["slider_left"] == 1 and numbers["slider_returned"] == 0.5


def test_a_play_with_next_to_nothing_in_it_has_no_numbers():
    """Five seconds in which two objects come and nobody does anything."""
    beatmap = parse_beatmap(osu("100,100,1000,1,0,0:0:0:0:\n100,100,6000,1,0,0:0:0:0:"))
    t_ms = np.array([0.0, 5500.0])
    replay = build_replay(beatmap.md5, "p", 0, t_ms, np.full((2, 2), 9.0), np.zeros(2, int), 0, 0)
    numbers = dict(zip(NOTE_NUMBERS, note_numbers(measure(beatmap, replay)), strict=True))
    counts = {"miss_share", "both_down", "grid_one_axis"}
    counts |= {"break_speed", "break_still", "break_spread_px"}  # the map has a break
    assert {name for name, value in numbers.items() if not np.isnan(value)} == counts
    assert numbers["both_down"] == 0 and numbers["miss_share"] in (0, 1)
