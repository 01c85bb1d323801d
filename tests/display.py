"""An X server without a screen, for the tests that need a window."""

import os
import shutil
import subprocess
import time

import pytest

needs_xvfb = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")
needs_xdotool = pytest.mark.skipif(
    shutil.which("xdotool") is None, reason="xdotool is not installed"
)


def start_xvfb(size: str = "1600x1000x24", dpi: int = 96) -> tuple[subprocess.Popen, str]:
    """-> the server, and the name of its display, chosen by itself."""
    readable, writable = os.pipe()
    server = subprocess.Popen(
        [
            *("Xvfb", "-displayfd", str(writable), "-nolisten", "tcp", "-noreset"),
            *("-screen", "0", size, "-dpi", str(dpi)),
        ],
        pass_fds=[writable],
        stderr=subprocess.DEVNULL,
    )
    os.close(writable)
    with os.fdopen(readable) as pipe:
        number = pipe.readline().strip()
    assert number, "Xvfb did not start"
    return server, f":{number}"


def children(pid: int) -> list[str]:
    """The command lines of a process's living children and theirs."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdecimal():
            continue
        try:
            with open(f"/proc/{entry}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
            with open(f"/proc/{entry}/cmdline") as line:
                command = line.read().replace("\0", " ").strip()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[1]) == pid and fields[0] != "Z":
            found += [command, *children(int(entry))]
    return found


def wait_for(condition, step=lambda: time.sleep(0.02), patience_s: float = 120.0):
    """Until `condition()` is true, which is returned; a hang fails, slowness doesn't."""
    until = time.monotonic() + patience_s
    while not (result := condition()):
        assert time.monotonic() < until, "waited in vain"
        step()
    return result
