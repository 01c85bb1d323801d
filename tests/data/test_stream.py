"""A set of which a part is in memory: a step has the same windows whatever was drawn before and by
how many processes, of every training play and of no other.

Five plays to train on and one to validate, a shard each, of which two are in memory at a time.
"""

import csv
import shutil

import numpy as np
import pytest
import torch

from osu.data import stream
from osu.data.dataset import PlaySet
from osu.data.library import DataError, find_pairs
from osu.data.prepare import prepare

LENGTH = 5000  # more frames than any play has: a window is a whole play


@pytest.fixture(scope="module")
def cache(folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("indexed")
    (root / "replays").mkdir()
    (root / "beatmaps").mkdir()
    pairs = [pair for pair in find_pairs([folder])[0] if "cut" not in pair.replay]
    rows = []
    for number, pair in enumerate(pairs):
        shutil.copy(pair.replay, root / "replays" / f"{number}.osr")
        shutil.copy(pair.beatmap, root / "beatmaps" / f"{number}.osu")
        rows.append((f"{number}.osr", str(number), "train" if number else "val"))
    with open(root / "index.csv", "w", newline="") as file:
        csv.writer(file).writerows([("replay", "beatmap", "split"), *rows])
    return prepare([root], tmp_path_factory.mktemp("large"), jobs=1, shard_pairs=1)


@pytest.fixture(autouse=True)
def two_queues(monkeypatch):
    monkeypatch.setattr(stream, "QUEUES", 2)


def open_large(cache) -> PlaySet:
    return PlaySet(cache, limit_bytes=1)


def sampler(cache, rank: int = 0, world_size: int = 1) -> stream.Stream:
    return open_large(cache).sampler("train", rank, world_size)


def same(one, other) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_only_a_part_is_held(cache, capsys):
    assert PlaySet(cache).in_memory
    plays = open_large(cache)
    assert len(plays.plays) == 1 and "6 plays would take" in capsys.readouterr().out
    assert plays.describe() == PlaySet(cache).describe()
    drawn = plays.sampler("train")
    drawn.draw(4, 100, (0, 0))
    assert sum(drawn.frames > 0) == 2


def test_one_rotation_after_the_other_every_play_is_held(cache, capsys):
    plays = open_large(cache)
    held = [plays.rotated(rotation).plays[0].replay for rotation in range(1, 7)]
    assert sorted(held) == sorted(play.replay for play in PlaySet(cache).plays)
    assert held[-1] == plays.plays[0].replay
    assert capsys.readouterr().out.count("would take") == 1
    whole = PlaySet(cache)
    assert whole.rotated(3) is whole


def test_a_step_sees_the_same_whatever_was_drawn_before(cache):
    forward = sampler(cache)
    batches = [forward.draw(4, 2000, (3, step)) for step in range(12)]
    scattered = sampler(cache)
    for step in (7, 8, 2, 11, 0, 10):
        assert same(scattered.draw(4, 2000, (3, step)), batches[step])
    scattered.draw(4, 2000, (4, 5))  # another run, another order
    assert same(scattered.draw(4, 2000, (3, 5)), batches[5])
    assert not same(batches[0], batches[1])


@pytest.mark.parametrize(("batch", "world_size"), [(6, 2), (6, 3), (3, 3), (1, 1)])
def test_processes_share_the_batch(cache, batch, world_size):
    """Two processes read one queue each, their own; three share them; a single window is drawn from
    both."""
    whole = sampler(cache)
    each = [sampler(cache, rank, world_size) for rank in range(world_size)]
    for step in range(4):
        drawn = [one.draw(batch, 500, (0, step)) for one in each]
        wanted = whole.draw(batch, 500, (0, step))
        joined = [torch.cat(field) for field in zip(*drawn, strict=True)]
        assert same(joined[:3], wanted[:3])
        others = [
            one.again(rows.index, 300, (0, step, 1)).play
            for one, rows in zip(each, drawn, strict=True)
        ]
        assert torch.equal(torch.cat(others), whole.again(wanted.index, 300, (0, step, 1)).play)
    if world_size == 2:
        assert [list(one.queues) for one in each] == [[0], [1]]
        assert all(len(one.resident) == 1 for one in each)


def test_every_training_play_is_drawn_and_no_other(cache):
    held, drawn = PlaySet(cache), sampler(cache)
    everything = held.window(np.arange(6), np.zeros(6, int), LENGTH)
    seen = set()
    for step in range(8):
        batch = drawn.draw(4, LENGTH, (0, step))
        for one in zip(batch.condition, batch.play, batch.mask, strict=True):
            wanted = [[field[i] for field in everything[:3]] for i in range(6)]
            alike = [i for i in range(6) if same(one, wanted[i])]
            assert len(alike) == 1
            seen |= set(alike)
    assert seen == set(held.where("train"))


def test_again_and_styles_are_of_the_plays_drawn(cache):
    held, drawn = PlaySet(cache), sampler(cache)
    lengths = {play.frames: i for i, play in enumerate(held.plays)}
    assert len(lengths) == 6
    for step in range(3):
        batch = drawn.draw(3, LENGTH, (1, step))
        index = [lengths[int(frames)] for frames in batch.mask.sum(1)]
        styles = drawn.styles(batch.index)
        np.testing.assert_array_equal(styles, held.styles()[index])
        other = drawn.again(batch.index, LENGTH, (1, step, 1))
        assert same(other, batch)


def test_indices_are_not_of_the_set(cache):
    plays = open_large(cache)
    batch = plays.sampler("train").draw(3, 100, (0, 0))
    with pytest.raises(IndexError):
        plays.styles()[batch.index]


def test_a_damaged_shard_is_named_when_its_turn_comes(cache, tmp_path):
    shutil.copytree(cache, tmp_path / "copy")
    held = open_large(tmp_path / "copy")
    for path in (tmp_path / "copy").glob("shard-*.npz"):
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 1
        path.write_bytes(data)
    with pytest.raises(DataError, match=r"shard-0000\d\.npz: damaged, its checksum"):
        held.sampler("train").draw(2, 100, (0, 0))
