"""What several test modules share: a folder of maps and plays as a player has them, prepared."""

import dataclasses
import os
import shutil
from pathlib import Path

import pytest

from tests.paths import SAMPLE

# Threads that wait give their core away: spinning, as OpenMP does by default, takes a test beside
# another program up to ten times as long. Read when torch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Two processes test on two cores: more threads would only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from osu.data.prepare import prepare
from osu.formats.beatmap import load_beatmap
from osu.formats.mods import Mods
from osu.formats.replay import load_replay, save_replay
from osu.players.auto import auto_play


@pytest.fixture
def one_thread():
    """Sums in the same order on every machine: bit for bit needs one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Songs/ with the three sample maps, Replays/ with plays of them by two machine players, and
    three replays that cannot be used."""
    root = tmp_path_factory.mktemp("osu")
    (root / "Songs").mkdir()
    (root / "Replays").mkdir()
    for path in sorted(SAMPLE.glob("*.osu")):
        shutil.copy(path, root / "Songs" / path.name)
        for name, mods in (("one", Mods(0)), ("two", Mods.HR | Mods.DT)):
            replay = auto_play(load_beatmap(path).with_mods(mods))
            replay = dataclasses.replace(replay, player=name)
            save_replay(replay, root / "Replays" / f"{path.stem}-{name}.osr")
    (root / "Replays" / "broken.osr").write_bytes(b"\x00" * 50)
    whole = (root / "Replays" / "circuit-one.osr").read_bytes()
    (root / "Replays" / "cut.osr").write_bytes(whole[:-200])
    lost = dataclasses.replace(
        load_replay(root / "Replays" / "circuit-one.osr"), beatmap_md5="0" * 32
    )
    save_replay(lost, root / "Replays" / "lost.osr")
    return root


@pytest.fixture(scope="session")
def cache(folder, tmp_path_factory) -> Path:
    return prepare([folder], tmp_path_factory.mktemp("cache"), jobs=1)
