"""The residual that is diffused: the baseline path of a cursor, and the way back to a play."""

import itertools
import math

import numpy as np
import torch

from osu.features.baseline import baseline_path
from osu.features.chart import ObjectColumn, chart_of
from osu.features.condition import chart_condition
from osu.features.play import Play
from osu.formats.beatmap import load_beatmap
from osu.nets.denoiser import to_play, to_residual
from osu.units import FRAME_HZ, UNIT_PX, resample
from tests.paths import SAMPLE as SAMPLES

SAMPLE = SAMPLES / "circuit.osu"


def test_the_expected_cursor_is_on_objects_at_their_time_and_on_the_balls_of_sliders():
    chart = chart_of(load_beatmap(SAMPLE))
    path = baseline_path(chart_condition(chart))[0].numpy()
    aimed = chart.objects[chart.objects[:, ObjectColumn.SPINNER] == 0]
    at = aimed[:, ObjectColumn.START_S] * FRAME_HZ
    path_xy = resample(at, np.arange(chart.frames), path)
    apart_px = UNIT_PX * np.linalg.norm(path_xy - aimed[:, : ObjectColumn.END_X], axis=1)
    # A start lies up to half a frame from the grid, and the fastest of the sample's jumps moves
    # 4 px in the frame before it, where half a cosine has all but stopped.
    assert apart_px.max() < 4
    on = chart.ball[:, 2] > 0
    assert on.sum() > 60
    # On a slider's last frame, which lies up to 1 ms past its end, half a pixel.
    assert UNIT_PX * np.abs(path[on] - chart.ball[on, :2]).max() < 0.5


def test_a_cursor_is_expected_half_way_at_half_time_and_never_outside_the_way():
    chart = chart_of(load_beatmap(SAMPLE))
    condition = chart_condition(chart)
    path = baseline_path(condition)
    assert torch.isfinite(path).all()
    # Both ends of every way lie on objects, so no frame leaves the objects' bounding box.
    xy = torch.from_numpy(chart.objects[:, : ObjectColumn.START_S]).reshape(-1, 2, 2)
    low, high = xy.amin((0, 1)), xy.amax((0, 1))
    ball = torch.from_numpy(chart.ball[chart.ball[:, 2] > 0, :2])
    low, high = torch.minimum(low, ball.amin(0)), torch.maximum(high, ball.amax(0))
    assert (path[0] >= low - 1e-4).all()
    assert (path[0] <= high + 1e-4).all()
    for a, b in itertools.pairwise(chart.objects):
        middle = FRAME_HZ * (a[ObjectColumn.END_S] + b[ObjectColumn.START_S]) / 2
        if b[ObjectColumn.START_S] - a[ObjectColumn.END_S] < 0.2:
            continue
        frame = math.floor(middle)
        found = torch.lerp(path[0, frame], path[0, frame + 1], middle - frame)
        wanted = (a[ObjectColumn.END_X : ObjectColumn.START_S] + b[: ObjectColumn.END_X]) / 2
        # Linear between two frames of a cosine: within a tenth of what one frame moves.
        step = (path[0, frame + 1] - path[0, frame]).norm()
        assert (found - torch.from_numpy(wanted)).norm() < 0.1 * step + 1e-3


def test_a_play_becomes_a_signal_and_a_play_again():
    condition = chart_condition(chart_of(load_beatmap(SAMPLE)))
    play = torch.rand(1, condition.shape[1], len(Play))
    signal = to_residual(play, condition)
    # float32 of numbers below 4: 2e-7 each way.
    assert (to_play(signal, condition) - play).abs().max() < 1e-6
    assert signal[..., Play.K1 :].abs().max() <= 0.25
