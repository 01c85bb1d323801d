"""Preparation: the same bytes however it is run, stopped or resumed; damage is noticed and named.

The folder is conftest's; with one pair a shard it makes seven of them, one without a play.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from osu.data.dataset import PlaySet, each_play
from osu.data.finding.pair import Pair
from osu.data.library import DataError, each_pair, find_pairs
from osu.data.manifest import read_manifest
from osu.data.prepare import Table, prepare
from tests.paths import ROOT

SHARDS = 7


def contents(cache: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in cache.iterdir()}


@pytest.fixture(scope="module")
def small(folder, tmp_path_factory) -> Path:
    return prepare([folder], tmp_path_factory.mktemp("small"), jobs=1, shard_pairs=1)


def test_the_bytes_do_not_depend_on_how(folder, small, tmp_path):
    other = prepare([folder], tmp_path, jobs=2, shard_pairs=1)
    assert len(list(small.glob("shard-*.npz"))) == SHARDS
    assert contents(other) == contents(small)


def test_no_time_is_written(small):
    for path in small.glob("shard-*.npz"):
        with zipfile.ZipFile(path) as file:
            assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.skipif(os.name != "posix", reason="process groups and SIGKILL")
def test_a_killed_preparation_goes_on(folder, small, tmp_path):
    """Killed with no chance to tidy up: its processes go too, whole shards stay as they are, and
    the end is the same to the byte."""
    script = tmp_path / "run.py"
    script.write_text(
        "from osu.data.prepare import prepare\n"
        "if __name__ == '__main__':\n"
        f"    prepare([{str(folder)!r}], {str(tmp_path / 'cache')!r}, jobs=1, shard_pairs=1)\n"
    )
    cache = tmp_path / "cache"
    process = subprocess.Popen(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while len(made := list(cache.glob("shard-*.npz"))) < 2:
        assert process.poll() is None
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(ProcessLookupError):  # once the last of the group has gone
        for _ in range(3000):
            os.killpg(process.pid, 0)
            time.sleep(0.01)
    with pytest.raises(DataError, match="no prepared plays"):
        PlaySet(cache)
    stamps = {path: path.stat().st_mtime_ns for path in made}
    prepare([folder], cache, jobs=1, shard_pairs=1)
    assert {path: path.stat().st_mtime_ns for path in made} == stamps
    assert contents(cache) == contents(small)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_shard_is_named_and_made_anew(folder, small, tmp_path, damage):
    cache = tmp_path / "cache"
    shutil.copytree(small, cache)
    path = cache / "shard-00002.npz"
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[len(data) // 2] ^= 1
    path.write_bytes(data[: {"cut": len(data) - 40, "flipped": None, "empty": 0}[damage]])
    with pytest.raises(DataError, match=r"shard-00002\.npz: damaged, its checksum"):
        PlaySet(cache)
    (cache / "manifest.json").unlink()  # as the sentence says
    prepare([folder], cache, jobs=1, shard_pairs=1)
    assert contents(cache) == contents(small)


def test_a_lost_shard_is_named(small, tmp_path):
    cache = tmp_path / "cache"
    shutil.copytree(small, cache)
    (cache / "shard-00002.npz").unlink()
    with pytest.raises(DataError, match=r"shard-00002\.npz: cannot be read"):
        PlaySet(cache)


def test_a_damaged_manifest_is_one_sentence(small, tmp_path):
    for name in ("shards.jsonl", "songs.json", "players.json"):
        cache = tmp_path / name
        shutil.copytree(small, cache)
        (cache / name).write_bytes((cache / name).read_bytes()[:-9])
        with pytest.raises(DataError, match="its manifest is damaged"):
            read_manifest(cache)


def test_the_lines_of_shards_are_those_of_caches_made_before(small):
    """A cache is believed by its format, so the names in its files stay with the format."""
    for line in (small / "shards.jsonl").read_text().splitlines():
        names = "sha256 plays frames tracks track_frames objects splits"
        assert list(json.loads(line)) == names.split()


def test_the_split_is_written_down(folder, small):
    manifest = read_manifest(small)
    plays = PlaySet(small).plays
    assert list(each_play(small)) == plays
    assert {play.song: play.split for play in plays} == manifest.songs
    assert sorted(manifest.songs.values()) == ["test", "train", "val"]
    assert {name: of["plays"] for name, of in manifest.splits.items()} == Counter(
        play.split for play in plays
    )
    frames = Counter()
    for play in plays:
        frames[play.player] += play.frames * (play.split == "train")
    assert manifest.players == frames


def test_a_killed_process_is_one_sentence(folder, tmp_path):
    class Broken(Executor):
        def submit(self, *args):
            future = Future()
            future.set_exception(BrokenProcessPool())
            return future

    with pytest.raises(DataError, match=r"was killed .* the same command goes on"):
        prepare([folder], tmp_path, executor=Broken())


def test_pairs_are_sorted_on_disk_as_in_memory(folder):
    found = list(each_pair([folder], Counter()))
    found += [Pair("z\udcff.osr", "é.osu"), Pair("b.osr", "é.osu", "b.osu", "val"), Pair("a", "Z")]
    table = Table(found, shard_pairs=3)
    shards = list(table.shards())
    assert [len(shard) for shard in shards] == [3, 3, 3, 1]
    assert [pair for shard in shards for pair in shard] == sorted(
        found, key=lambda p: (p.beatmap, p.member, p.replay)
    )


def test_of_equal_maps_the_first_by_name_is_taken(folder, tmp_path):
    copy = tmp_path / "osu"
    shutil.copytree(folder, copy)
    (copy / "Songs" / "A").mkdir()
    shutil.copy(copy / "Songs" / "circuit.osu", copy / "Songs" / "A" / "again.osu")
    pairs, _ = find_pairs([copy])
    places = {pair.beatmap for pair in pairs if "circuit" in pair.replay or "cut" in pair.replay}
    assert places == {str(copy / "Songs" / "A" / "again.osu")}
