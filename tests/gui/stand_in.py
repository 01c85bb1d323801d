"""A worker with a stand-in engine, and how to wait for what it says.

The engine has only what the worker calls; its player gives the hand-made replay of
`tests/small_map.py`, slowly, so that a job can be caught in the middle.
"""

import time
from dataclasses import dataclass, field

import pytest

from osu.gui.worker import Worker
from osu.players.generated import judged_play
from tests.small_map import OSU, small_replay

PATIENCE_S = 120.0  # a deadlock fails the test; a slow machine does not


@dataclass
class Player:
    steps: int = 1
    step_s: float = 0.0
    asked: list = field(default_factory=list)

    def generate(self, beatmap, seed, options, on_progress, cancel):
        self.asked.append((beatmap.md5, beatmap.mods, seed, options))
        for step in range(self.steps):
            on_progress((step + 1) / self.steps)
            cancel.wait(self.step_s)
        return judged_play(beatmap, small_replay(mods=beatmap.mods, seed=seed))


class Engine:
    def __init__(self, player):
        self.player = player
        self.loaded = []

    def list_models(self):
        return ["a card"]

    def load_player(self, name):
        self.loaded.append(name)
        if name == "broken":
            raise RuntimeError("no such weights")
        return self.player


@pytest.fixture
def engine():
    return Engine(Player())


@pytest.fixture
def worker(engine):
    worker = Worker(engine)
    yield worker
    worker.close(PATIENCE_S)
    assert not any(thread.is_alive() for thread in worker._threads)


@pytest.fixture
def map_path(tmp_path):
    path = tmp_path / "songs" / "small.osu"
    path.parent.mkdir()
    path.write_bytes(OSU)
    return str(path)


def drain(worker) -> list:
    """Every event until the worker is idle."""
    events, until = [], time.monotonic() + PATIENCE_S
    while worker.state in ("working", "opening"):
        events += worker.poll()
        assert time.monotonic() < until
        time.sleep(0.002)
    return events


def of(kind, events) -> list:
    return [event for event in events if isinstance(event, kind)]


def wait(worker, condition):
    """Polls until `condition()`; -> the events meanwhile."""
    events, until = [], time.monotonic() + PATIENCE_S
    while not condition():
        events += worker.poll()
        assert time.monotonic() < until
        time.sleep(0.002)
    return events
