"""The measures against paths whose speed, curvature, lag and key use are known by construction, and
against scipy's moments."""

import numpy as np
import pytest
from scipy import stats

from osu.features.chart import chart_of
from osu.formats.beatmap import load_beatmap
from osu.formats.replay import build_replay
from osu.likeness import measures
from osu.likeness.measures import HISTOGRAMS, MeasureError, measure
from osu.players.auto import AUTO_SPIN_RPM, SPIN_RADIUS_PX, auto_play
from osu.units import FRAME_MS, UNIT_PX, to_px
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
    found = measures.timing(errors)
    assert found["unstable_rate"] == pytest.approx(10 * errors.std())
    assert found["bias_ms"] == pytest.approx(errors.mean())
    assert found["error_kurtosis"] == pytest.approx(stats.kurtosis(errors))
    assert found["error_skew"] == pytest.approx(stats.skew(errors))
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
    found = measures.key_use(beatmap, spans, end_ms)
    assert found["hold_ms"] == 100
    assert found["alternation_slow"] == 1  # 350, 200 and 150 ms gaps all change fingers
    length = end_ms - (first - beatmap.window50_ms)
    # 350 + 100 reaches 50 ms into the next press of key 1; the last tenth is followed by one too.
    assert found["both_down"] == pytest.approx(10 * 50 / length)
    objects = np.count_nonzero((beatmap.kind != 2) & (beatmap.start_ms <= end_ms))
    assert found["presses_per_object"] == pytest.approx(200 / objects)


@pytest.mark.parametrize("lag_ms", [0.0, 25.0])
def test_a_cursor_behind_the_ball_reads_its_lag(lag_ms):
    beatmap = load_beatmap(CIRCUIT)
    chart = chart_of(beatmap)
    object_at = np.searchsorted(beatmap.start_ms, chart.t_ms, "right") - 1
    delayed = chart.t_ms - lag_ms
    xy = beatmap.ball_xy(np.maximum(object_at, 0), delayed)
    found = measures.sliders(chart, xy)
    # The ball of a curved slider turns in the meantime; the median is of mostly straight ones.
    assert found["slider_lag_ms"] == pytest.approx(lag_ms, abs=1.5)


def test_the_autoplayer_reads_what_it_is_made_of():
    beatmap = load_beatmap(CIRCUIT)
    found = measure(beatmap, auto_play(beatmap)).numbers
    assert found["spinner_rpm"] == pytest.approx(AUTO_SPIN_RPM, rel=0.05)
    assert found["spinner_radius_px"] == pytest.approx(SPIN_RADIUS_PX, rel=0.05)
    assert found["spinner_clockwise"] == 1
    assert found["accuracy"] == 100 and found["misses"] == 0 and found["sliderbreaks"] == 0
    # Presses are on whole ms, the map's beats are not.
    assert found["unstable_rate"] < 5 and abs(found["bias_ms"]) < 0.5
    assert found["alternation_fast"] == 1 and found["presses_per_object"] == pytest.approx(
        1, abs=0.02
    )
    assert found["aim_error"] < 0.01 and found["slider_distance"] < 0.05


def test_double_time_is_measured_in_real_time():
    # The same real play at another rate: lag and speed of the spinner are those of real time.
    beatmap = load_beatmap(CIRCUIT).with_mods(64)
    found = measure(beatmap, auto_play(beatmap)).numbers
    assert found["spinner_rpm"] == pytest.approx(AUTO_SPIN_RPM, rel=0.05)
    assert found["frame_ms"] == pytest.approx(FRAME_MS, abs=0.7)


def test_a_short_play_is_refused():
    beatmap = load_beatmap(CIRCUIT)
    t_ms = beatmap.start_ms[0] + np.arange(100) * 10.0
    xy = np.full((100, 2), 100.0)
    replay = build_replay(
        beatmap.md5, "p", 0, t_ms, xy, np.zeros(100, np.uint8), seed=0, timestamp_ticks=0
    )
    with pytest.raises(MeasureError, match="less than four seconds"):
        measure(beatmap, replay)


def test_positions_are_the_grids():
    beatmap = load_beatmap(CIRCUIT)
    found = measure(beatmap, auto_play(beatmap))
    assert np.allclose(found.xy, to_px(found.play[:, :2].astype(float)))
    assert np.abs(found.play[:, :2]).max() < 600 / UNIT_PX
