"""The short form of bench.kills: one kill of each kind of each program, and another start.

Training runs in a process of its own, since torch does not train in a fork of one that trained.
"""

import argparse
import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="forks and limits of Linux")

from bench.kills import WORKS, stops_of, try_stop
from tests.hostile.stops import Stop, run
from tests.paths import ROOT

FEW = argparse.Namespace(each=1, writes=1, moments=0)


@pytest.mark.parametrize("name", [name for name in WORKS if name != "training"])
def test_a_killed_program_goes_on_as_if_it_had_not_been(name, tmp_path):
    work = WORKS[name](tmp_path / "out", tmp_path / "inputs")
    stops, whole = stops_of(work, FEW)
    assert len(stops) >= 3
    assert {stop: said for stop in stops if (said := try_stop(work, stop, whole))} == {}


def test_a_killed_training_goes_on_as_if_it_had_not_been():
    options = ["--program", "training", "--each", "1", "--writes", "0", "--moments", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.kills", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


def test_a_program_is_stopped_where_it_is_said(tmp_path):
    """References: what lies on the disk afterwards, and the signals' numbers."""

    def program() -> int:
        (tmp_path / "a").write_bytes(b"a" * 100)
        os.replace(tmp_path / "a", tmp_path / "b")
        with open(tmp_path / "c", "wb") as file:
            os.fsync(file)
        return 3

    def left() -> dict[str, int]:
        found = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
        for name in found:
            (tmp_path / name).unlink()
        return found

    assert run(program) == (3, {"change": 2, "rename": 1, "fsync": 1})
    assert left() == {"b": 100, "c": 0}
    for stop, files in (
        (Stop("change", 0), {}),
        (Stop("rename", 0), {"a": 100}),
        (Stop("change", 1), {"b": 100}),
        (Stop("fsync", 0), {"b": 100, "c": 0}),
    ):
        assert run(program, stop)[0] == -signal.SIGKILL
        assert left() == files
    assert run(program, Stop("byte", 40))[0] == -signal.SIGXFSZ
    assert left() == {"a": 40}
    assert run(lambda: signal.pause(), Stop("second", 0.01))[0] == -signal.SIGALRM
