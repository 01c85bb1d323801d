"""Encoders against decoders, and the condition against times and places worked out by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from osu.features.chart import Ball, Chart, MapConstants, ObjectColumn, chart_of
from osu.features.condition import MIRRORED, Condition, chart_condition, mirror
from osu.features.play import Play, coverage, encode_play, key_events, key_spans
from osu.features.presses import match_presses
from osu.features.recorder import Recorder, record
from osu.features.style import screen_grid_px
from osu.formats.beatmap import parse_beatmap
from osu.formats.mods import Mods
from osu.formats.replay import build_replay, clean_frames, dump_replay, parse_replay
from osu.units import CENTRE_PX, FRAME_HZ, FRAME_MS, UNIT_PX, grid_ms, resample, to_px, to_unit

RADIUS_PX, SPEED_PX_S = 100.0, 1000.0  # of the cursor in `plays`

MAP = b"""osu file format v14

[General]
StackLeniency: 0
Mode: 0

[Metadata]
Title:t
Artist:a
Version:v

[Difficulty]
HPDrainRate:5
CircleSize:4
OverallDifficulty:8
ApproachRate:9
SliderMultiplier:1
SliderTickRate:1

[TimingPoints]
0,500,4,2,0,100,1,0

[HitObjects]
100,100,2000,5,0,0:0:0:0:
200,100,3000,2,0,L|300:100,2,100
256,192,5000,12,0,7000
"""


@pytest.fixture(scope="module")
def chart():
    return chart_of(parse_beatmap(MAP))


@st.composite
def plays(draw):
    """Plays with holds and gaps of three frames and more, edges on whole ms as files have them. The
    cursor goes round a circle."""
    rate = draw(st.sampled_from([0.75, 1.0, 1.5]))
    frames = draw(st.integers(60, 200))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    play = np.zeros((frames, len(Play)), np.float32)
    start = float(draw(st.integers(-5000, 5000)))
    angle = (grid_ms(start, frames, rate) - start) / (1000 * rate) / RADIUS_PX * SPEED_PX_S
    angle = angle + rng.uniform(0, 2 * np.pi)
    play[:, : Play.K1] = to_unit(
        CENTRE_PX + RADIUS_PX * np.stack([np.cos(angle), np.sin(angle)], -1)
    )
    spans = []
    for _ in range(2):
        step = np.ceil(3 * FRAME_MS * rate)
        edges = start + np.cumsum(step + rng.integers(0, 90, 40))
        last = start + (frames - 4) * FRAME_MS * rate
        edges = edges[edges < last]
        spans.append(edges[: len(edges) // 2 * 2].reshape(-1, 2))
    for channel, span in zip((Play.K1, Play.K2), spans, strict=True):
        play[:, channel] = coverage(span, start, frames, rate)
    return play, start, rate, spans


@settings(max_examples=60, deadline=None)
@given(plays(), st.integers(0, 99))
def test_a_recorded_play_reads_as_itself(case, seed):
    """A generated play survives the file of a device without a lattice, whose clock is even.

    Straight lines between frames a sixtieth apart are off by an eighth of the acceleration there,
    and the path may be changed by as much to make up for it: .7 px by an acceleration of 10,000
    px/s^2. A position is that of a time which is then cut to whole ms: it may be half of one off.
    Before the first frame and behind the last nothing is known. Edges of keys are whole ms; two in
    one ms are set apart by a thousandth of it.
    """
    play, start, rate, spans = case
    device = np.zeros(len(Recorder))
    device[Recorder.UPDATE_MS] = 1
    due_ms = grid_ms(start, len(play), rate)
    path_px = to_px(play[:, : Play.K1].astype(np.float64))
    rng = np.random.default_rng(seed)
    frames = record(path_px, due_ms, rate, spans, np.zeros(0), device, rng)
    file = dump_replay(build_replay("0" * 32, "p", Mods(0), *frames, seed=0, timestamp_ticks=0))
    t_ms, xy, keys = clean_frames(parse_replay(file))
    again = encode_play(t_ms, xy, keys, start, len(play), rate)
    px_a_frame2 = SPEED_PX_S**2 / RADIUS_PX / FRAME_HZ**2
    inner = slice(2, -2)
    off_px = px_a_frame2 / 4 + SPEED_PX_S * 0.5 / 1000 / rate
    np.testing.assert_allclose(
        again[inner, : Play.K1], play[inner, : Play.K1], atol=off_px / UNIT_PX
    )
    np.testing.assert_allclose(again[:, Play.K1 :], play[:, Play.K1 :], atol=1e-3)
    for one, other in zip(key_spans(t_ms, keys), spans, strict=True):
        np.testing.assert_array_equal(np.round(one), other)


@settings(max_examples=60, deadline=None)
@given(plays())
def test_key_events_keep_times_between_frames(case):
    """Edges come back to a hundredth of a ms, where a frame is 12 to 25 ms of map time."""
    play, start, rate, spans = case
    for one, other in zip(key_events(play, start, rate), spans, strict=True):
        np.testing.assert_allclose(one, other, atol=0.01)


def test_one_frame_between_two_presses_is_shared():
    """A release and the next press within one frame: the frame's share says how long the key was
    up, 11 ms, not when; both edges lie in that frame."""
    spans = np.array([[100.0, 194.0], [205.0, 400.0]])
    play = np.zeros((40, len(Play)), np.float32)
    play[:, Play.K1] = coverage(spans, 0.0, 40, 1.0)
    found = key_events(play, 0.0, 1.0)[0]
    assert found.shape == (2, 2)
    assert found[1, 0] - found[0, 1] == pytest.approx(11, abs=0.01)
    assert abs(found[0, 1] - 194) < FRAME_MS


def test_grid_is_whole_and_keeps_its_pace():
    """Ten hours of frames: the rounding never adds up."""
    t_ms = grid_ms(-1234.0, 36_000 * 60, 1.0)
    assert (t_ms == np.round(t_ms)).all()
    assert abs(t_ms[-1] - (-1234.0 + (len(t_ms) - 1) * FRAME_MS)) <= 0.5
    assert set(np.diff(t_ms)) == {16.0, 17.0}


def test_resampled_is_linear_between_and_constant_outside():
    """Worked out by hand, times of two dimensions included."""
    t, xy = np.array([0.0, 10.0, 30.0]), np.array([[0.0, 1.0], [20.0, 1.0], [0.0, 5.0]])
    assert resample(np.array([[-5.0, 5.0], [20.0, 99.0]]), t, xy).tolist() == [
        [[0.0, 1.0], [10.0, 1.0]],
        [[10.0, 3.0], [0.0, 5.0]],
    ]


def test_units_invert():
    xy = np.array([[0.0, 0.0], [512.0, 384.0], [-80.5, 500.25]])
    np.testing.assert_allclose(to_px(to_unit(xy)), xy, atol=1e-12)
    np.testing.assert_array_equal(to_unit(np.array([256.0, 192.0])), [0, 0])


def test_condition_says_what_is_due(chart):
    """At the circle's time the current object is the circle, due now; 20 ms later it is the past
    one and the slider is 980 ms away."""
    condition = chart_condition(chart)[0]
    at = round((2000 - chart.start_ms) / FRAME_MS)
    frame = condition[at]
    shift = chart.t_ms[at] - 2000
    assert abs(shift) <= FRAME_MS / 2
    name = "OBJECT+0" if shift <= 0 else "OBJECT-1"
    assert frame[Condition[f"{name}_X"]] == pytest.approx((100 - 256) / 256)
    assert abs(frame[Condition[f"{name}_START_NEAR"]]) < np.tanh(8.4 / 40)
    later = condition[at + 2]
    assert later[Condition["OBJECT-1_X"]] == pytest.approx((100 - 256) / 256)
    assert later[Condition["OBJECT+0_SLIDER"]] == 1
    due_s = (3000 - chart.t_ms[at + 2]) / 1000
    assert later[Condition["OBJECT+0_START_FAR"]] == pytest.approx(np.tanh(due_s / 1.5), abs=1e-3)


def test_condition_follows_ball_and_spinner(chart):
    """The slider goes 100 px right in 500 ms and back: half-way through it is at its end. Half of
    the spinner is over at 6000."""
    condition = chart_condition(chart)[0]
    turn = condition[round((3500 - chart.start_ms) / FRAME_MS)]
    assert turn[Condition.BALL_ON] == 1
    # 8 ms of a frame are 1.6 px of the ball's way.
    assert abs(turn[Condition.BALL_X] - (300 - 256) / 256) < 2 / 256
    half = condition[round((6000 - chart.start_ms) / FRAME_MS)]
    assert half[Condition.SPINNER_ON] == 1
    assert half[Condition.SPINNER_PROGRESS] == pytest.approx(0.5, abs=0.01)
    assert condition[:, Condition.SPINNER_ON].sum() == pytest.approx(2000 / FRAME_MS, abs=2)


def test_double_time_is_a_faster_map():
    """Under DT the same objects come in two thirds of the real time; HR turns the field over."""
    base = parse_beatmap(MAP)
    plain, fast = (chart_of(base.with_mods(m)) for m in (Mods(0), Mods.DT))
    gap = [t.objects[1, ObjectColumn.START_S] - t.objects[0, ObjectColumn.START_S]
           for t in (plain, fast)]  # fmt: skip
    assert gap == pytest.approx([1.0, 2 / 3], abs=1e-5)
    hard = chart_of(base.with_mods(Mods.HR))
    assert hard.objects[0, ObjectColumn.Y] == pytest.approx(-plain.objects[0, 1])
    assert hard.constants[MapConstants.RADIUS] < plain.constants[MapConstants.RADIUS]


def test_mirror_is_the_mirrored_map(chart):
    """Mirroring the tensors is the same as conditioning on a map whose x is turned over."""
    turned = Chart(
        chart.start_ms, chart.rate, chart.frames, chart.objects.copy(), chart.ball.copy(),
        chart.constants,
    )  # fmt: skip
    turned.objects[:, [ObjectColumn.X, ObjectColumn.END_X]] *= -1
    turned.ball[:, Ball.X] *= -1
    play = torch.randn(1, chart.frames, len(Play))
    condition, flipped = mirror(chart_condition(chart), play, torch.ones(1), MIRRORED)
    torch.testing.assert_close(condition, chart_condition(turned))
    torch.testing.assert_close(flipped[..., 0], -play[..., 0])
    torch.testing.assert_close(flipped[..., 1:], play[..., 1:])


@pytest.mark.parametrize("height", [768, 1080, 1440])
def test_pixel_grid_is_found(height):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 512 * height // 480, (3000, 2)) * 480 / height
    assert screen_grid_px(pixels.astype(np.float32)) == pytest.approx(480 / height)
    assert screen_grid_px(rng.uniform(0, 500, (3000, 2))) == 0


def test_presses_belong_to_the_nearest_start():
    start = np.array([1000.0, 1100.0, 2000.0])
    owner = match_presses(start, np.array([960.0, 1049.0, 1051.0, 1500.0, 2100.0]), 160)
    assert owner.tolist() == [0, 0, 1, -1, 2]
