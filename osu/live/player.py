"""Live playback as its caller sees it: a process that is started, talked to and stopped."""

import contextlib
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from osu.live.plan import Plan
from osu.live.protocol import (
    Armed,
    LiveEvent,
    LiveFailed,
    LiveSettings,
    Started,
    Stopped,
    event_from_json,
    job_to_json,
)

NOTICE = "For offline, unranked use only: automated play on an account breaks the game's rules."
_ROOT = Path(__file__).parents[2]
_COMMAND = [sys.executable, "-m", "osu.live.process"]
_WINDOWS = {"creationflags": 0x08000000} if sys.platform == "win32" else {}  # no console window


class LivePlayer:
    """A plan in a playback process of its own: armed at once, started by `start` or the start key.

    `start`, `stop`, `nudge`, `poll`, `state` and `close` never wait long and are for one thread,
    a window's for example. States: starting -> armed -> playing -> stopped. The last event is
    Stopped or Failed. The keys come up whichever of the two processes dies.
    """

    def __init__(self, plan: Plan, settings: LiveSettings):
        """Raises SinkError where the settings contradict themselves; nothing is started then."""
        self._settings = settings.checked()
        self._outgoing: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[LiveEvent] = queue.SimpleQueue()
        self.state = "starting"
        self._outgoing.put(job_to_json(plan, self._settings))
        # Its own session: Ctrl-C in a terminal reaches this process, which then ends the other.
        self._process = subprocess.Popen(
            _COMMAND,
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            **_WINDOWS,
        )
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._write, self._read)
        ]
        for thread in self._threads:
            thread.start()

    def start(self) -> None:
        """Begin now; for callers without a start key."""
        self._outgoing.put("start")

    def stop(self) -> None:
        self._outgoing.put("stop stopped")

    def nudge(self, ms: float) -> None:
        """Shift what is still to come by real ms; above 0 later."""
        self._outgoing.put(f"nudge {ms}")

    def poll(self) -> list[LiveEvent]:
        """The events since the last call."""
        events = []
        with contextlib.suppress(queue.Empty):
            while True:
                events.append(self._events.get_nowait())
        return events

    def events(self) -> Iterator[LiveEvent]:
        """Every event up to the last, waiting for each."""
        while True:
            event = self._events.get()
            yield event
            if isinstance(event, Stopped | LiveFailed):
                return

    def close(self) -> None:
        """Stop, wait until the process and the threads are gone. At most a few seconds."""
        self.stop()
        self._outgoing.put(None)
        for end in (lambda: None, self._process.terminate, self._process.kill):
            end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=2)
                break
        for thread in self._threads:
            thread.join(timeout=6)

    def __enter__(self) -> "LivePlayer":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _write(self) -> None:
        """On its thread: the job, then the commands."""
        with contextlib.suppress(OSError), self._process.stdin as pipe:  # it may be gone
            while (line := self._outgoing.get()) is not None:
                pipe.write(line.encode() + b"\n")
                pipe.flush()

    def _read(self) -> None:
        """On its thread: events, then the end of the process."""
        ended = False
        with self._process.stdout as pipe:
            for line in pipe:
                event = event_from_json(line)
                ended = isinstance(event, Stopped | LiveFailed)
                self._say(event)
        if not ended:
            self._say(LiveFailed(self._why_it_died(self._process.wait())))
        self._outgoing.put(None)

    def _why_it_died(self, status: int) -> str:
        from osu.live.sinks.x11 import DISPLAY_GONE

        if status == DISPLAY_GONE:
            return "the display is gone"
        # Killed, so that it could not let the keys go; a fresh process does.
        command = [*_COMMAND, "--release", ",".join(self._settings.keys)]
        command += ["place"] * self._settings.by_place
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, cwd=_ROOT, timeout=5, **_WINDOWS)
        return f"the playback process ended unexpectedly (status {status}); the keys were released"

    def _say(self, event: LiveEvent) -> None:
        word = {Armed: "armed", Started: "playing", Stopped: "stopped", LiveFailed: "stopped"}
        self.state = word.get(type(event), self.state)
        self._events.put(event)
