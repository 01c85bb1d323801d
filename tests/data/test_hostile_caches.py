"""Caches that are damaged though their checksums are right, and two preparations at once.

What is damaged is one DataError or does no harm; never another exception, never much memory.
"""

import dataclasses
import hashlib
import io
import json
import random
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
from filelock import FileLock

from osu.data.dataset import LIMIT_BYTES, PlaySet, each_play
from osu.data.library import DataError, find_pairs
from osu.data.manifest import Entry, Sizes
from osu.data.prepare import prepare
from osu.data.shards import read_shard, write_shard
from osu.formats.beatmap import load_beatmap
from osu.formats.replay import load_replay, save_replay
from tests.paths import ROOT, SAMPLE

VALUES = (None, True, -1, 10**9, 1.5, "x", [], {}, [None], "9" * 50)


def mutated(value, rng: random.Random):
    """JSON with one value of it replaced or left out."""
    value = json.loads(json.dumps(value))
    place = value
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return rng.choice(VALUES)
        key = rng.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and rng.random() < 0.9:
            place = place[key]
            continue
        if rng.random() < 0.2:
            del place[key]
        else:
            place[key] = rng.choice(VALUES)
        return value


def read_all(cache):
    list(each_play(cache))
    plays = PlaySet(cache)
    plays.window(plays.where("train")[:1], np.array([0]), 8)


def test_damaged_json_with_a_right_checksum_is_a_data_error(cache, tmp_path):
    folder = shutil.copytree(cache, tmp_path / "cache")
    shard = folder / "shard-00000.npz"
    with np.load(shard) as stored:
        columns = {name: stored[name] for name in stored.files}
    meta = json.loads(bytes(columns["meta"]))
    line = json.loads((folder / "shards.jsonl").read_text())
    rng = random.Random(0)
    wrong = 0
    for _ in range(150):
        file = io.BytesIO()
        raw = np.frombuffer(json.dumps(mutated(meta, rng)).encode(), np.uint8)
        np.savez(file, **columns | {"meta": raw})
        shard.write_bytes(file.getvalue())
        sha256 = hashlib.sha256(file.getvalue()).hexdigest()
        (folder / "shards.jsonl").write_text(json.dumps(line | {"sha256": sha256}) + "\n")
        try:
            read_all(folder)
        except DataError:
            wrong += 1
    assert wrong > 50


@pytest.mark.parametrize("name", ["manifest.json", "songs.json", "players.json", "shards.jsonl"])
def test_damaged_manifests_are_a_data_error(name, folder, cache, tmp_path):
    copied = shutil.copytree(cache, tmp_path / "cache")
    value = json.loads((copied / name).read_text())
    rng = random.Random(0)
    for text in [
        "",
        "3",
        "[]",
        "{",
        "[" * 10**5,
        "\xff",
        *(mutated(value, rng) for _ in range(40)),
    ]:
        text = text if isinstance(text, str) else json.dumps(text)
        (copied / name).write_bytes(text.encode("latin1"))
        try:
            read_all(copied)
        except DataError:
            continue


ALL = LIMIT_BYTES  # of a set in memory; with 1 its shards are read in their turn


@pytest.mark.parametrize(
    ("name", "change", "limit_bytes", "said"),
    [
        ("shards.jsonl", {"frames": 2**31 - 1}, ALL, "shard-00001.npz: cannot be read"),
        ("shards.jsonl", {"objects": 2**40}, ALL, "shard-00001.npz: cannot be read"),
        ("shards.jsonl", {"plays": 10**6, "splits": [10**6, 0, 0]}, 1, "contradict"),
        ("shards.jsonl", {"frames": 2**70}, 1, "its frames|its 1 is"),
        ("players.json", {}, 1, "players.json is of other plays"),
        ("players.json", {"one": 1, "two": 1}, 1, "players.json is of other plays"),
        ("players.json", {"one": 10**30, "two": 1}, 1, "its one is"),
    ],
)
def test_a_manifest_that_says_too_much_takes_no_memory(
    name, change, limit_bytes, said, cache, tmp_path
):
    """Of a second shard which is not there, or of people who play otherwise."""
    copied = shutil.copytree(cache, tmp_path / "cache")
    if name == "shards.jsonl":
        text = (copied / name).read_text()
        changed = text + json.dumps(json.loads(text) | change) + "\n"
    else:
        changed = json.dumps(change)
    (copied / name).write_text(changed)
    with pytest.raises(DataError, match=said):
        PlaySet(copied, limit_bytes).sampler("train").draw(2, 64, (0, 0))


def test_a_shard_of_other_splits_than_the_manifest_says_is_refused(cache, tmp_path):
    copied = shutil.copytree(cache, tmp_path / "cache")
    line = json.loads((copied / "shards.jsonl").read_text())
    line["splits"] = [line["plays"], 0, 0]
    (copied / "shards.jsonl").write_text(json.dumps(line))
    with pytest.raises(DataError, match="its splits are not the manifest's"):
        PlaySet(copied, 1).sampler("train").draw(2, 64, (0, 0))


def test_too_little_memory_is_a_sentence(cache, monkeypatch):
    """torch says it by a RuntimeError, of the processor's memory as of a GPU's."""

    def zeros(*_, **__):
        raise RuntimeError("can't allocate memory")

    monkeypatch.setattr(torch, "zeros", zeros)
    with pytest.raises(DataError, match="6 prepared plays do not fit into the memory of the cpu"):
        PlaySet(cache)


def test_up_to_date_means_that_the_shards_are_there(folder, cache, tmp_path):
    copied = shutil.copytree(cache, tmp_path / "cache")
    shard = copied / "shard-00000.npz"
    whole = shard.read_bytes()
    shard.unlink()
    prepare([folder], copied, jobs=1)
    assert shard.read_bytes() == whole


def test_a_second_preparation_waits_for_the_first(folder, tmp_path):
    """Both would delete what the other writes."""
    cache = tmp_path / "cache"
    cache.mkdir()
    code = (
        "import sys; from osu.data.prepare import prepare; from concurrent.futures import *; "
        "prepare([sys.argv[1]], sys.argv[2], executor=ThreadPoolExecutor(1))"
    )
    with FileLock(cache / ".lock"):
        second = subprocess.Popen(
            [sys.executable, "-u", "-c", code, folder, cache],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
        )
        assert "waiting for another preparation" in second.stdout.readline()
        assert not (cache / "manifest.json").exists()
    second.communicate(timeout=60)
    assert second.returncode == 0 and len(PlaySet(cache).plays) == 6


def test_a_few_frames_are_no_hours_of_play(tmp_path):
    text = (SAMPLE / "circuit.osu").read_text() + "256,192,5000000,1,0,0:0:0:0:\n"
    (tmp_path / "long.osu").write_text(text)
    long = load_beatmap(tmp_path / "long.osu")
    replay = load_replay(SAMPLE / "circuit-rnn.osr")
    delta = replay.delta_ms.copy()
    delta[-1] = 5_000_000
    replay = dataclasses.replace(replay, delta_ms=delta[[0, 1, 2, -1]], xy=replay.xy[:4],
                                 keys=replay.keys[:4], beatmap_md5=long.md5,
                                 player="someone")  # fmt: skip
    save_replay(replay, tmp_path / "short.osr")
    summary = write_shard(tmp_path / "shard-00000.npz", find_pairs([tmp_path])[0], "f")
    assert summary["skipped"] == {"replay: less than one frame for each second of play": 1}


def test_a_shard_that_expands_without_end_is_refused(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        header = b"\x93NUMPY\x01\0v\0{'descr': '|u1', 'fortran_order': False, 'shape': (%d,)}"
        archive.writestr("meta.npy", (header % 10**15).ljust(128))
    (tmp_path / "x.npz").write_bytes(file.getvalue())
    with pytest.raises(DataError):
        read_shard(
            tmp_path / "x.npz",
            Entry(hashlib.sha256(file.getvalue()).hexdigest(), Sizes(), (0, 0, 0)),
        )
