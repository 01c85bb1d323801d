"""A program that is killed: at the n-th thing it does to the disk, within a write, or at any time.

The program is a function; it runs in a fork of this process, which imported everything before (and
must not have trained: torch's threads do not survive a fork). SIGKILL leaves no time to clean up.
"""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NamedTuple

Program = Callable[[], object]  # an int that it returns is its exit status
KINDS = ("change", "rename", "fsync")
LIMIT_S = 240  # a program that takes longer hangs
_CHANGES = {"os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate", "os.link"}


class Stop(NamedTuple):
    """Where a program is killed."""

    at: str  # one of KINDS, "byte" or "second"
    number: float


def run(program: Program, stop: Stop | None = None) -> tuple[int, dict[str, int]]:
    """-> (exit status, negative for a signal; how often it did each of KINDS, where it ended).

    A "change" stops before the n-th time that a file is opened for writing, removed ..., a "rename"
    before the n-th; a "byte" where any file becomes longer than that, within its write; a "second"
    that long after the start. One that hangs is ended by SIGALRM.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        status = 1
        try:
            _quiet()
            signal.alarm(LIMIT_S)
            sys.dont_write_bytecode = True  # no change of the program's own
            counts = _watch(stop)
            ended = program()
            status = ended if isinstance(ended, int) else 0
            os.write(writer, " ".join(str(counts[kind]) for kind in KINDS).encode())
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    with open(reader, "rb") as told:
        counts = dict(zip(KINDS, map(int, told.read().split()), strict=False))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), counts


def _quiet() -> None:
    """What the child prints goes nowhere, but for the traceback of a fault."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    if "KILLS_SHOW" not in os.environ:
        os.dup2(nowhere, 2)


def _watch(stop: Stop | None) -> dict[str, int]:
    """Counts what is done to the disk from now on, and kills this process where `stop` says."""
    counts = dict.fromkeys(KINDS, 0)

    def count(kind: str) -> None:
        if stop == (kind, counts[kind]):
            os.kill(os.getpid(), signal.SIGKILL)
        counts[kind] += 1

    def hear(event: str, arguments: tuple) -> None:
        if event == "open":
            writing = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if writing and arguments[0] != os.devnull:
                count("change")
        elif event in _CHANGES:
            count("change")
        elif event == "os.rename":
            count("rename")

    fsync = os.fsync

    def counted_fsync(file) -> None:
        count("fsync")
        fsync(file)

    sys.addaudithook(hear)
    os.fsync = counted_fsync
    if stop is not None and stop.at == "byte":
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # which ends the process
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(stop.number), int(stop.number)))
    if stop is not None and stop.at == "second":
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, stop.number)
    return counts
