"""A real X server for tests, and a recorder that is not ours: xev, with the server's own times.

Xvfb draws into memory. xev writes down every event that its full-screen window gets, as a game's
window would.
"""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np

PROGRAMS = ("Xvfb", "xev", "xdotool", "xinput", "stdbuf")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
SIZE = (1280, 960)

# KeyPress event, serial 28, ...\n root 0x50d, subw 0x0, time 2071337, (640,480), root:(640,480),
# \n state 0x0, keycode 52 (keysym 0x7a, z), ...
_EVENT = re.compile(
    r"^(KeyPress|KeyRelease|MotionNotify) event.*\n"
    r".* time (\d+), .*root:\((-?\d+),(-?\d+)\),\n"
    r"(?:.*\(keysym 0x[0-9a-f]+, (\w+)\))?",
    re.MULTILINE,
)


class XServer:
    """Xvfb on a display of its own; `env` is the environment of its programs."""

    def __enter__(self) -> "XServer":
        read, write = os.pipe()
        self.process = subprocess.Popen(
            # Without -noreset it forgets pointer and keys when its last program leaves.
            [
                *("Xvfb", "-displayfd", str(write), "-noreset", "-nolisten", "tcp"),
                *("-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24"),
            ],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with open(read) as pipe:
            self.display = f":{pipe.readline().strip()}"
        self.env = {key: value for key, value in os.environ.items() if key != "WAYLAND_DISPLAY"}
        self.env["DISPLAY"] = self.display
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()

    def run(self, *command: str) -> str:
        return subprocess.run(
            command, env=self.env, check=True, capture_output=True, text=True
        ).stdout

    def tap(self, key: str, hold_s: float = 0.06) -> None:
        """A person's key press."""
        self.run("xdotool", "keydown", key)
        time.sleep(hold_s)
        self.run("xdotool", "keyup", key)

    def keys_down(self) -> list[str]:
        """What the server's own XTEST keyboard has down, as xinput says."""
        state = self.run("xinput", "query-state", "Virtual core XTEST keyboard")
        return re.findall(r"key\[(\d+)\]=down", state)


class Recorder:
    """xev over the whole screen, from `with` to its end; then `keys` and `moves`."""

    def __init__(self, server: XServer, log: Path):
        self._server, self._log = server, log

    def __enter__(self) -> "Recorder":
        with open(self._log, "w") as log:
            self.process = subprocess.Popen(
                ["stdbuf", "-oL", "xev", "-geometry", f"{SIZE[0]}x{SIZE[1]}+0+0"],
                env=self._server.env,
                stdout=log,
            )
        wait_for(lambda: "VisibilityNotify" in self._log.read_text(), "xev's window")
        return self

    def __exit__(self, *_) -> None:
        self._server.run("xdotool", "getmouselocation")  # a round trip: all before it is sent
        time.sleep(0.2)
        self.process.terminate()
        self.process.wait()
        keys, moves = [], []
        for kind, time_ms, x, y, key in _EVENT.findall(self._log.read_text()):
            if kind == "MotionNotify":
                moves.append((int(time_ms), int(x), int(y)))
            else:
                keys.append((int(time_ms), key, kind == "KeyPress"))
        self.keys: list[tuple[int, str, bool]] = keys
        self.moves = np.array(moves, np.float64).reshape(-1, 3)


def path_error_px(
    moves: np.ndarray, t_ms: np.ndarray, xy: np.ndarray, slack_ms: float
) -> np.ndarray:
    """Distance of every recorded position from where the plan is within `slack_ms` of its time.

    moves (M, 3): time on the plan's clock, x, y; t_ms (F,), xy (F, 2): the plan. -> (M,) px.
    """
    around = np.arange(-slack_ms, slack_ms + 0.05, 0.1)
    at = moves[:, :1] + around
    planned = np.stack([np.interp(at, t_ms, xy[:, axis]) for axis in (0, 1)], axis=-1)
    return np.linalg.norm(planned - moves[:, None, 1:], axis=-1).min(axis=1)


def wait_for(condition, what: str, timeout_s: float = 20.0):
    """Ask until it holds; -> what it said. The limit only ends a hang."""
    end_s = time.monotonic() + timeout_s
    while not (answer := condition()):
        assert time.monotonic() < end_s, f"waited in vain for {what}"
        time.sleep(0.01)
    return answer
