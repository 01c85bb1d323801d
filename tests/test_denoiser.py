"""The signal that is diffused: what is expected of a cursor, and the way back to a play."""

import itertools
import math
from pathlib import Path

import numpy as np
import torch

from osu.beatmap import load_beatmap
from osu.denoiser import to_play, to_signal
from osu.expected import expected
from osu.features import Column, Play, track_condition, track_of
from osu.field import FRAME_HZ, UNIT_PX

SAMPLE = Path(__file__).parents[1] / "data/sample/circuit.osu"


def test_the_expected_cursor_is_on_objects_at_their_time_and_on_the_balls_of_sliders():
    track = track_of(load_beatmap(SAMPLE))
    path = expected(track_condition(track))[0].numpy()
    aimed = track.objects[track.objects[:, Column.SPINNER] == 0]
    at = aimed[:, Column.START_S] * FRAME_HZ
    there = np.stack([np.interp(at, np.arange(track.frames), path[:, n]) for n in (0, 1)], -1)
    apart_px = UNIT_PX * np.linalg.norm(there - aimed[:, : Column.END_X], axis=1)
    # A start lies up to half a frame from the grid, and the fastest of the sample's jumps moves
    # 4 px in the frame before it, where half a cosine has all but stopped.
    assert apart_px.max() < 4
    on = track.ball[:, 2] > 0
    assert on.sum() > 60
    # On a slider's last frame, which lies up to 1 ms past its end, half a pixel.
    assert UNIT_PX * np.abs(path[on] - track.ball[on, :2]).max() < 0.5


def test_a_cursor_is_expected_half_way_at_half_time_and_never_outside_the_way():
    track = track_of(load_beatmap(SAMPLE))
    condition = track_condition(track)
    path = expected(condition)
    assert torch.isfinite(path).all()
    # Both ends of every way lie on objects, so no frame leaves the objects' bounding box.
    xy = torch.from_numpy(track.objects[:, : Column.START_S]).reshape(-1, 2, 2)
    low, high = xy.amin((0, 1)), xy.amax((0, 1))
    ball = torch.from_numpy(track.ball[track.ball[:, 2] > 0, :2])
    low, high = torch.minimum(low, ball.amin(0)), torch.maximum(high, ball.amax(0))
    assert (path[0] >= low - 1e-4).all()
    assert (path[0] <= high + 1e-4).all()
    for a, b in itertools.pairwise(track.objects):
        middle = FRAME_HZ * (a[Column.END_S] + b[Column.START_S]) / 2
        if b[Column.START_S] - a[Column.END_S] < 0.2:
            continue
        frame = math.floor(middle)
        found = torch.lerp(path[0, frame], path[0, frame + 1], middle - frame)
        wanted = (a[Column.END_X : Column.START_S] + b[: Column.END_X]) / 2
        # Linear between two frames of a cosine: within a tenth of what one frame moves.
        step = (path[0, frame + 1] - path[0, frame]).norm()
        assert (found - torch.from_numpy(wanted)).norm() < 0.1 * step + 1e-3


def test_a_play_becomes_a_signal_and_a_play_again():
    condition = track_condition(track_of(load_beatmap(SAMPLE)))
    play = torch.rand(1, condition.shape[1], len(Play))
    signal = to_signal(play, condition)
    # float32 of numbers below 4: 2e-7 each way.
    assert (to_play(signal, condition) - play).abs().max() < 1e-6
    assert signal[..., Play.K1 :].abs().max() <= 0.25
