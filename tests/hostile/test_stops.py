"""The short form of bench.kills: one kill of each kind of each program, and another start.

They run in a process of their own: it forks, and the threads of this one would not be in the fork.
"""

import os
import re
import signal
import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="forks and limits of Linux")

from bench.kills import WORKS
from tests.hostile.stops import Stop, run
from tests.paths import ROOT


def test_killed_programs_go_on_as_if_they_had_not_been():
    done = subprocess.run(
        [sys.executable, "-m", "bench.kills", "--each", "1", "--writes", "1", "--moments", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    kills = re.findall(r"^\| (\w+) \| (\d+) \| 0 \|$", done.stdout, re.MULTILINE)
    assert [name for name, _ in kills] == list(WORKS)
    assert min(int(count) for _, count in kills) >= 3


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
