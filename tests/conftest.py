"""What several test modules share: a folder of maps and plays as a player has them, prepared."""

import dataclasses
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT, SAMPLE

if sys.dont_write_bytecode:
    # As containers have it. Without compiled modules each of the hundred programs that the tests
    # start compiles torch's sources for itself, 2 to 5 seconds: they lie here and not beside them.
    sys.pycache_prefix = str(ROOT / ".pytest_cache" / "bytecode")
    sys.dont_write_bytecode = False
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    del os.environ["PYTHONDONTWRITEBYTECODE"]
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
from osu.training.run import Run

# Each takes a quarter of a minute and more: one of them last of all would be waited for.
LONG = (
    *("likeness/test_compare.py", "training/test_processes.py", "data/test_cluster.py"),
    *("training/test_small_form.py", "training/test_scripts.py", "formats/test_replay_real.py"),
    *("hostile/test_stops.py", "gui/test_gui_ends.py", "live/test_live_browser.py"),
    *("live/test_live_x11.py", "blind/test_page.py", "person/test_command.py"),
)


def pytest_collection_modifyitems(items):
    """The longest files begin first (and xdist leaves the order: --no-loadscope-reorder)."""
    rank = {ROOT / "tests" / name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


@pytest.fixture
def one_thread():
    """Sums in the same order on every machine: bit for bit needs one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def no_loss_plot(monkeypatch):
    """Of tests that train and look at no picture: loss.png takes longer than a few small steps."""
    monkeypatch.setattr(Run, "plot", lambda run: None)


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
