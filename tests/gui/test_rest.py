"""A window that nobody touches leaves the machine alone.

The reference is a relay between the program and its X server, which counts what passes as the X
protocol has it.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.display import needs_xvfb, wait_for
from tests.gui.window import colours
from tests.paths import ROOT

pytestmark = needs_xvfb
MOST_REQUESTS_S = 30


class Relay:
    """A display of its own that passes everything on to `display` and counts the requests."""

    def __init__(self, display: str):
        self.requests = 0
        self._server = f"/tmp/.X11-unix/X{display[1:]}"
        taken = {path.name for path in Path(self._server).parent.iterdir()}
        number = next(n for n in range(500, 600) if f"X{n}" not in taken)
        self.display, self._path = f":{number}", f"/tmp/.X11-unix/X{number}"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self._path)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        os.unlink(self._path)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            for one, other, hear in ((client, server, self._count()), (server, client, None)):
                threading.Thread(target=_pump, args=(one, other, hear), daemon=True).start()

    def _count(self):
        """Hears the client's bytes: a greeting of 12 bytes and its names, then requests, each with
        its length in words in its second half word, or after it where that is 0."""
        data = yield from _more(b"", 12)
        names = [int.from_bytes(data[at : at + 2], "little") for at in (6, 8)]
        data = yield from _skip(data, 12 + sum((n + 3) // 4 * 4 for n in names))
        while True:
            data = yield from _more(data, 8 if data[2:4] == bytes(2) else 4)
            if data[2:4] == bytes(2):
                data = yield from _more(data, 8)
                words = int.from_bytes(data[4:8], "little")
            else:
                words = int.from_bytes(data[2:4], "little")
            self.requests += 1
            data = yield from _skip(data, 4 * words)


def _more(data, size):
    while len(data) < size:
        data += yield
    return data


def _skip(data, size):
    data = yield from _more(data, size)
    return data[size:]


def _pump(one, other, hear) -> None:
    if hear is not None:
        next(hear)
    try:
        while data := one.recv(1 << 16):
            if hear is not None:
                hear.send(data)
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one of them has gone


def cpu_s(pid: int) -> float:
    """The processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def test_at_rest_the_screen_is_asked_for_nothing(home, display, monkeypatch):
    relay = Relay(display)
    environment = {**os.environ, "DISPLAY": relay.display}
    program = subprocess.Popen(
        [sys.executable, "gui.py", str(home / "small.osu")], cwd=ROOT, env=environment
    )
    try:
        wait_for(lambda: colours() > 100)
        counts = []

        def at_rest() -> bool:
            """The models are listed, the map is drawn: two seconds in which little happens."""
            before, began_s, began_cpu_s = relay.requests, time.monotonic(), cpu_s(program.pid)
            time.sleep(2.0)
            spent_s = time.monotonic() - began_s
            counts.append((relay.requests - before) / spent_s)
            print(
                f"{counts[-1]:.0f} requests/s",
                f"{(cpu_s(program.pid) - began_cpu_s) / spent_s:.1%}",
            )
            return counts[-1] < MOST_REQUESTS_S

        wait_for(at_rest, patience_s=40.0)
    finally:
        program.terminate()
        program.wait(60)
        relay.close()


def test_the_relay_counts_what_is_asked(display):
    """A thousand questions for the pointer's place are as many requests."""
    relay = Relay(display)
    ask = (
        "import tkinter; root = tkinter.Tk(); root.update(); print(flush=True); input();"
        "[root.winfo_pointerxy() for _ in range(1000)]; print(flush=True); input()"
    )
    environment = {**os.environ, "DISPLAY": relay.display}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    program = subprocess.Popen([sys.executable, "-c", ask], env=environment, **pipes)
    try:
        program.stdout.readline()
        before = relay.requests
        program.stdin.write(b"\n")
        program.stdin.flush()
        program.stdout.readline()
        assert 1000 <= relay.requests - before < 1100
    finally:
        program.communicate(b"\n", timeout=30)
        relay.close()
