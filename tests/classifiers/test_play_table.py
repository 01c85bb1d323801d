"""Windows of pairs: which frames they hold, where they end, and both sides from one place."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from osu.classifiers.play_table import PlayTable, Windows
from osu.classifiers.plays import FIRST_FRAME, GridPlay, PlayPair
from osu.features.chart import Chart, chart_of
from osu.features.play import Play
from osu.formats.beatmap import parse_beatmap
from tests.maps import osu

LENGTH = 240


def chart(seconds: int = 20) -> Chart:
    """A circle every half a second."""
    rows = [f"{100 + i % 7 * 50},{100 + i % 5 * 40},{1000 + 500 * i},1,0,0:0:0:0:"
            for i in range(2 * seconds)]  # fmt: skip
    return chart_of(parse_beatmap(osu("\n".join(rows))))


def grid_play(
    chart: Chart, rng: np.random.Generator, frames: int | None = None, noise_units: float = 0.0
) -> GridPlay:
    """A smooth random path with white noise on it, and keys that are down at random."""
    frames = frames or chart.frames
    play = np.zeros((frames, len(Play)), np.float32)
    path = gaussian_filter1d(rng.normal(size=(frames, 2)), 12, axis=0)
    play[:, : Play.K1] = path + noise_units * rng.normal(size=(frames, 2))
    play[:, Play.K1 :] = rng.random((frames, 2)) < 0.3
    return GridPlay(chart, play, np.zeros(0), np.zeros(0))


def pair_of(own: GridPlay, *generated: GridPlay) -> PlayPair:
    return PlayPair(None, own, list(generated))


@pytest.fixture(scope="module")
def plays() -> list[GridPlay]:
    rng, long, short = np.random.default_rng(0), chart(20), chart(8)
    return [grid_play(long, rng) for _ in range(3)] + [grid_play(short, rng) for _ in range(2)]


@pytest.fixture(scope="module")
def table(plays) -> PlayTable:
    """Pairs 0 and 2 with two generated plays and one; pair 1 has none."""
    pairs = [pair_of(*plays[:3]), pair_of(plays[0]), pair_of(*plays[3:])]
    return PlayTable.of(pairs, "cpu")


def test_plays_come_out_as_they_went_in(table, plays):
    assert table.pair.tolist() == [0, 0, 0, 2, 2]
    assert table.generated.tolist() == [False, True, True, False, True]
    for row, one in enumerate(plays):
        batch = table.batch(Windows(np.array([row]), np.array([0])), len(one.play))
        # Cursors are kept in another unit: float32 rounds twice.
        np.testing.assert_allclose(batch.play[0].numpy(), one.play, rtol=3e-7)
        assert batch.mask.all()


def test_a_generated_play_is_compared_up_to_the_human_s_last_frame(plays):
    rng = np.random.default_rng(1)
    early = grid_play(plays[0].chart, rng, frames=700)
    short = grid_play(plays[0].chart, rng, frames=500)
    table = PlayTable.of([pair_of(early, plays[0], short)], "cpu")
    assert table.frames.tolist() == [700, 700, 500]
    windows = table.tiled(LENGTH, LENGTH)
    for row, frames in enumerate(table.frames):
        starts = windows.start[windows.play == row]
        assert starts.tolist() == list(range(FIRST_FRAME, frames - LENGTH + 1, LENGTH))
    assert table.batch(windows, LENGTH).mask.all()


def test_a_play_shorter_than_a_window_has_one_that_its_mask_ends(plays):
    own = grid_play(plays[0].chart, np.random.default_rng(2), frames=FIRST_FRAME + 100)
    table = PlayTable.of([pair_of(own, plays[0])], "cpu")
    windows = table.tiled(LENGTH, LENGTH // 2)
    assert windows.start.tolist() == [FIRST_FRAME] * 2
    mask = table.batch(windows, LENGTH).mask
    assert mask[:, :100].all() and not mask[:, 100:].any()


def test_both_sides_are_drawn_at_the_same_place_of_one_map(table):
    count = 300
    windows, label = table.drawn(count, LENGTH, np.random.default_rng(3))
    human, other = windows.play[:count], windows.play[count:]
    assert label.tolist() == [0.0] * count + [1.0] * count
    assert not table.generated[human].any() and table.generated[other].all()
    assert (table.pair[human] == table.pair[other]).all()
    assert set(other) == {1, 2, 4}
    np.testing.assert_array_equal(windows.start[:count], windows.start[count:])
    assert windows.start.min() >= FIRST_FRAME
    assert (windows.start + LENGTH <= table.frames[windows.play]).all()
    batch = table.batch(windows, LENGTH)
    assert torch.equal(batch.condition[:count], batch.condition[count:])
    assert not torch.equal(batch.play[:count], batch.play[count:])
    # By length: the share of 300 draws has a standard error of .03 at most, the bound is four.
    share = table.frames[0] / (table.frames[0] + table.frames[3])
    assert (human == 0).mean() == pytest.approx(share, abs=0.12)


def test_windows_of_a_short_human_play_lie_inside_it(plays):
    own = grid_play(plays[0].chart, np.random.default_rng(4), frames=FIRST_FRAME + LENGTH + 5)
    table = PlayTable.of([pair_of(own, plays[0])], "cpu")
    windows, _ = table.drawn(100, LENGTH, np.random.default_rng(5))
    assert set(windows.start) == set(range(FIRST_FRAME, FIRST_FRAME + 6))
    assert table.batch(windows, LENGTH).mask.all()
