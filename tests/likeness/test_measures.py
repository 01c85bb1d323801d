"""The measures against paths whose speed, curvature, lag and key use are known by construction, and
against scipy's moments."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from osu.features.chart import chart_of
from osu.formats.beatmap import load_beatmap
from osu.formats.replay import build_replay, clean_frames
from osu.likeness import measures
from osu.likeness.measures import HISTOGRAMS, MeasureError, measure
from osu.players.auto import AUTO_SPIN_RPM, SPIN_RADIUS_PX, auto_play
from osu.units import FRAME_MS
from tests.paths import SAMPLE

CIRCUIT = SAMPLE / "circuit.osu"


def test_a_steady_circle_has_one_speed_and_one_curvature():
    t_ms, radius_px, turn = np.arange(600) * FRAME_MS, 80.0, 0.05  # rad a frame
    angle = turn * np.arange(600)
    xy = 200 + radius_px * np.stack([np.cos(angle), np.sin(angle)], -1)
    numbers, histograms = measures.kinematics(xy, t_ms)
    expected = {
        "speed": np.log10(2 * radius_px * np.sin(turn / 2) / FRAME_MS),
        "curvature": np.log10(1 / radius_px),
        "turn": turn,
    }
    for name, value in expected.items():
        edges = HISTOGRAMS[name][1]
        inside = np.searchsorted(edges, value) - 1
        assert histograms[name][inside - 1 : inside + 2].sum() == pytest.approx(1)
    assert numbers["still_share"] == 0


def test_rest_and_peaks_are_counted():
    # A hundred frames of rest, then ten strokes a second for two seconds.
    t_ms = np.arange(220) * FRAME_MS
    moving = np.arange(120) * FRAME_MS / 1000
    x = np.concatenate([np.zeros(100), 40 * (moving - np.sin(2 * np.pi * 10 * moving) / 62.8)])
    numbers, _ = measures.kinematics(np.stack([x, 0 * x], -1), t_ms)
    assert numbers["still_share"] == pytest.approx(100 / 219, abs=0.06)
    assert numbers["velocity_peaks"] * t_ms[-1] / 1000 == pytest.approx(20, abs=1)


def test_timing_is_scipys_moments():
    errors = np.random.default_rng(0).gamma(3, 6, 500) - 15
    numbers = measures.timing(errors)
    assert numbers["unstable_rate"] == pytest.approx(10 * errors.std())
    assert numbers["bias_ms"] == pytest.approx(errors.mean())
    assert numbers["error_kurtosis"] == pytest.approx(stats.kurtosis(errors))
    assert numbers["error_skew"] == pytest.approx(stats.skew(errors))
    # An AR(1) series of coefficient .4; 5,000 values have a standard error of .013.
    series = np.zeros(5000)
    for i, step in enumerate(np.random.default_rng(1).normal(size=4999), 1):
        series[i] = 0.4 * series[i - 1] + step
    assert measures.timing(series)["error_autocorrelation"] == pytest.approx(0.4, abs=0.05)


def test_key_use_by_hand():
    beatmap = load_beatmap(CIRCUIT)
    first = beatmap.start_ms[0]
    # Key 1 every 400 ms for 100 ms; key 2 in between, but 50 ms before each tenth key 1 instead.
    one = first + 400.0 * np.arange(100)
    two = one + 200.0
    two[::10] = one[::10] + 350.0
    spans = [np.stack([one, one + 100], -1), np.stack([two, two + 100], -1)]
    end_ms = one[-1] + 500
    numbers = measures.key_use(beatmap, spans, end_ms)
    assert numbers["hold_ms"] == 100
    assert numbers["alternation_slow"] == 1  # 350, 200 and 150 ms gaps all change fingers
    length = end_ms - (first - beatmap.window50_ms)
    # 350 + 100 reaches 50 ms into the next press of key 1; the last tenth is followed by one too.
    assert numbers["both_down"] == pytest.approx(10 * 50 / length)
    objects = np.count_nonzero((beatmap.kind != 2) & (beatmap.start_ms <= end_ms))
    assert numbers["presses_per_object"] == pytest.approx(200 / objects)


@pytest.mark.parametrize("lag_ms", [0.0, 25.0])
def test_a_cursor_behind_the_ball_reads_its_lag(lag_ms):
    beatmap = load_beatmap(CIRCUIT)
    chart = chart_of(beatmap)
    object_at = np.searchsorted(beatmap.start_ms, chart.t_ms, "right") - 1
    delayed = chart.t_ms - lag_ms
    xy = beatmap.ball_xy(np.maximum(object_at, 0), delayed)
    numbers = measures.sliders(chart, xy)
    # The ball of a curved slider turns in the meantime; the median is of mostly straight ones.
    assert numbers["slider_lag_ms"] == pytest.approx(lag_ms, abs=1.5)


def test_the_autoplayer_reads_what_it_is_made_of():
    beatmap = load_beatmap(CIRCUIT)
    numbers = measure(beatmap, auto_play(beatmap)).numbers
    assert numbers["spinner_rpm"] == pytest.approx(AUTO_SPIN_RPM, rel=0.05)
    assert numbers["spinner_radius_px"] == pytest.approx(SPIN_RADIUS_PX, rel=0.05)
    assert numbers["spinner_clockwise"] == 1
    assert numbers["accuracy"] == 100 and numbers["misses"] == 0 and numbers["sliderbreaks"] == 0
    # Presses are on whole ms, the map's beats are not.
    assert numbers["unstable_rate"] < 5 and abs(numbers["bias_ms"]) < 0.5
    assert numbers["alternation_fast"] == 1 and numbers["presses_per_object"] == pytest.approx(
        1, abs=0.02
    )
    assert numbers["aim_error"] < 0.01 and numbers["slider_distance"] < 0.05


def test_double_time_is_measured_in_real_time():
    # The same real play at another rate: lag and speed of the spinner are those of real time.
    beatmap = load_beatmap(CIRCUIT).with_mods(64)
    numbers = measure(beatmap, auto_play(beatmap)).numbers
    assert numbers["spinner_rpm"] == pytest.approx(AUTO_SPIN_RPM, rel=0.05)
    assert numbers["frame_ms"] == pytest.approx(FRAME_MS, abs=0.7)


def test_a_short_play_is_refused():
    beatmap = load_beatmap(CIRCUIT)
    t_ms = beatmap.start_ms[0] + np.arange(100) * 10.0
    xy = np.full((100, 2), 100.0)
    replay = build_replay(
        beatmap.md5, "p", 0, t_ms, xy, np.zeros(100, np.uint8), seed=0, timestamp_ticks=0
    )
    with pytest.raises(MeasureError, match="less than four seconds"):
        measure(beatmap, replay)


def test_positions_are_the_replays_on_the_grid():
    """The frames of the replay, interpolated at the chart's times; float32 units round to 1e-4 px.
    Before the first frame of the replay the grid has no position of its own."""
    beatmap = load_beatmap(CIRCUIT)
    replay = auto_play(beatmap)
    measured = measure(beatmap, replay)
    t_ms, xy, _ = clean_frames(replay)
    grid_ms = measured.chart.t_ms[: len(measured.play)]
    inside = (grid_ms >= t_ms[0]) & (grid_ms <= t_ms[-1])
    expected = np.stack([np.interp(grid_ms, t_ms, xy[:, axis]) for axis in (0, 1)], -1)
    assert inside.sum() > 1000
    assert np.allclose(measured.xy[inside], expected[inside], atol=1e-3)


def test_the_distance_of_two_cursors_is_by_construction():
    """The same play 3 px to the right and 4 down is 5 px away, outside spinners as everywhere."""
    beatmap = load_beatmap(CIRCUIT)
    replay = auto_play(beatmap)
    moved = dataclasses.replace(replay, xy=replay.xy + np.float32([3, 4]))
    a, b = measure(beatmap, replay), measure(beatmap, moved)
    assert measures.cursor_distance_px(a, a) == 0
    assert measures.cursor_distance_px(a, b) == pytest.approx(5, abs=1e-3)
