"""The threads behind the window: each takes its kind of commands, one after the other."""

import queue
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from osu.gui.jobs import Jobs, RunningCommand
from osu.gui.messages import (
    Begun,
    Command,
    Failed,
    FindPlayers,
    Finished,
    Generate,
    Live,
    MakeBlindPage,
    MakePersonModel,
    MeasureMaps,
    ModelsListed,
    PlayLive,
    Progress,
    ReadLikedPlays,
    ReopenPlays,
    SaveGif,
    SaveVideo,
    ScanSongs,
    ShowMap,
)
from osu.gui.works import Pace, Work
from osu.live import protocol
from osu.live.player import LivePlayer

MAX_EVENTS = 10  # a poll: the window stays alive however fast events come
# Which thread carries out what: files open and plays are saved while others are made.
LANES = {
    ScanSongs: "songs",
    ReadLikedPlays: "likes",
    Generate: "works",
    SaveGif: "works",
    SaveVideo: "works",
    MakeBlindPage: "works",
    FindPlayers: "likes",
    MakePersonModel: "person",
    PlayLive: "live",
    MeasureMaps: "measures",
    ReopenPlays: "plays",
}
_FILES = "files"  # all others
_UNSEEN = {"measures", "plays"}  # these go on without a word: no state, no work


class Worker:
    """Carries out commands on threads of its own; the models are listed at once, unasked.

    Every method is for the window's thread. `state` is the word that its buttons follow: idle;
    opening, while files are opened, read or saved; working; starting, armed and playing, of a live
    play; closed. `engine` stands in for `osu.players.engine` in tests: `list_models()` and
    `load_player(name)`.
    """

    def __init__(self, engine: Any = None):
        self._engine = engine
        self._jobs = Jobs(self._load_engine)
        self._closed = False
        self._live = "starting"
        self._works: dict[int, Work] = {}  # all that aren't finished, by number
        self._posted = 0
        self._pace = Pace()
        self._events: queue.Queue[Any] = queue.Queue()
        self._queues: dict[str, queue.SimpleQueue[Work | None]] = {
            lane: queue.SimpleQueue() for lane in (_FILES, *dict.fromkeys(LANES.values()))
        }
        self._threads = [threading.Thread(target=self._list_models, name="models")]
        self._threads += [
            threading.Thread(target=self._run, args=(jobs,), name=lane)
            for lane, jobs in self._queues.items()
        ]
        for thread in self._threads:
            thread.start()

    # ---- for the window's thread

    @property
    def state(self) -> str:
        if self._closed:
            return "closed"
        lanes = {_lane(work.command) for work in self._works.values()} - _UNSEEN
        if "live" in lanes:
            return self._live
        if lanes & {"works", "songs", "person"}:
            return "working"
        return "opening" if lanes else "idle"

    @property
    def works(self) -> tuple[Work, ...]:
        """What is worth a person's look: all that runs or waits, but a map that is only shown and
        what nobody asked for."""
        works = (w for w in self._works.values() if _lane(w.command) not in _UNSEEN)
        works = (w for w in works if not isinstance(w.command, ShowMap))
        return tuple(sorted(works, key=lambda work: work.started_s is None))

    def works_of(self, kind: type) -> tuple[Work, ...]:
        """Those of the works whose command is of that kind."""
        return tuple(work for work in self.works if isinstance(work.command, kind))

    def is_opening(self) -> bool:
        """Whether files wait to be opened or saved."""
        return any(_lane(work.command) == _FILES for work in self._works.values())

    def left_s(self, work: Work) -> float | None:
        """Real seconds that a work takes from now on, or once it runs; None where it isn't known"""
        return self._pace.left_s(work)

    def post(self, command: Command) -> None:
        """Carry out `command` after those of its kind before it. Does nothing once closed."""
        if self._closed:
            return
        if isinstance(command, PlayLive):
            self._live = "starting"
        self._posted += 1
        work = self._works[self._posted] = Work(self._posted, command)
        self._queues[_lane(command)].put(work)

    def poll(self) -> list[Any]:
        """The next few events, oldest first; the state and the works follow them."""
        events = []
        while len(events) < MAX_EVENTS:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                break
            events.append(event)
            match event:
                case Begun(number):
                    self._works[number].started_s = self._pace.now_s()
                case Progress(number, part, text):
                    work = self._works[number]
                    work.part, work.text = part, text
                    self._pace.see(work)
                case Finished(number):
                    del self._works[number]
                case Live(protocol.Armed()):
                    self._live = "armed"
                case Live(protocol.Started()):
                    self._live = "playing"
        return events

    def cancel(self, *numbers: int) -> None:
        """Give up the works with these numbers; without any all that a person has asked for."""
        for number, work in self._works.items():
            if number in numbers or not (numbers or _lane(work.command) in _UNSEEN):
                work.cancel.set()

    def start_live(self) -> None:
        """Begin the armed play now, without its start key."""
        self._jobs.orders.put(LivePlayer.start)

    def nudge_live(self, ms: float) -> None:
        """Shift the rest of the live play by real ms, above 0 later."""
        self._jobs.orders.put(lambda player: player.nudge(ms))

    def close(self, timeout_s: float | None = None) -> None:
        """Cancel everything and wait for the threads to end, or so long for each; in any state, any
        number of times."""
        self.cancel(*self._works)
        if not self._closed:
            self._closed = True
            for jobs in self._queues.values():
                jobs.put(None)
        for thread in self._threads:
            thread.join(timeout_s)

    def is_alive(self) -> bool:
        """Whether a thread runs: after `close` one that imports torch, which nothing stops."""
        return any(thread.is_alive() for thread in self._threads)

    # ---- on the threads

    def _list_models(self) -> None:
        """On a thread of its own: torch takes seconds to import, and files open meanwhile."""
        self._attempt(
            lambda: self._events.put(ModelsListed(tuple(self._load_engine().list_models()))),
            threading.Event(),
        )

    def _load_engine(self) -> Any:
        if self._engine is None:
            from osu.players import engine

            self._engine = engine
        return self._engine

    def _run(self, jobs: queue.SimpleQueue[Work | None]) -> None:
        while (work := jobs.get()) is not None:
            if not work.cancel.is_set():
                self._events.put(Begun(work.number))
                job = RunningCommand(work.number, work.cancel, self._events.put)
                self._attempt(
                    lambda w=work, j=job: self._jobs.carry_out(w.command, j),
                    work.cancel,
                    work.command,
                )
            self._events.put(Finished(work.number, work.cancel.is_set(), work.command))

    def _attempt(
        self, work: Callable[[], None], cancel: threading.Event, command: Command | None = None
    ) -> None:
        """Do `work`; what it raises becomes one sentence."""
        try:
            work()
        except (ValueError, OSError) as error:
            self._events.put(Failed(_sentence(error), command))
        except Exception as error:
            if not cancel.is_set():  # else it is the way out that cancel asked for
                traceback.print_exc(file=sys.stderr)
                name = type(error).__name__
                self._events.put(Failed(f"Something went wrong inside: {name}: {error}", command))


def _lane(command: Command) -> str:
    return LANES.get(type(command), _FILES)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'The file'}: {error.strerror}."
    return str(error)
