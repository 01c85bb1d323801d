"""The work behind the window, on a thread of its own: commands in, events out, one state word.

The window posts commands (frozen dataclasses), polls events (frozen dataclasses) and derives every
button from `Worker.state`:

    idle -> working -> idle
    idle -> working -> armed -> playing -> idle         a live play
    working, armed, playing -> cancelling -> idle
    idle -> opening -> idle                             a chosen map: no button waits for that
    any -> closed

What is public is for the window's thread, which alone changes the state; everything below "on the
thread" does nothing to the window but put events. There is no Tk here.
"""

import math
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from osu.data.finding.folders import content_suffix
from osu.data.library import CHANGED_LINE_ENDS, MAP_SUFFIXES, find_map
from osu.errors import UserError
from osu.formats.beatmap import Beatmap, BeatmapError, load_beatmap
from osu.formats.mods import parse_mods
from osu.formats.plays.kind import remark_on, why_not_human
from osu.formats.replay import Replay, load_replay, save_replay
from osu.gui.blind import make_blind_page
from osu.gui.messages import (
    Command,
    Failed,
    FindWindow,
    Finished,
    Generate,
    Live,
    MakeBlindPage,
    MapOpened,
    MapShown,
    ModelsListed,
    OpenMap,
    OpenReplay,
    Played,
    PlayLive,
    Progress,
    ReplayOpened,
    Saved,
    SaveGif,
    SaveReplay,
    ScanSongs,
    ShowMap,
    SongsListed,
    WindowFound,
)
from osu.gui.saving import saving
from osu.gui.songs import list_songs, scan
from osu.live import protocol
from osu.live.game_window import find_window
from osu.live.plan import make_plan
from osu.live.player import LivePlayer
from osu.players.auto import AUTO, generate_auto
from osu.players.generated import GeneratedPlay, play_file_name
from osu.players.options import PlayOptions, liked_play
from osu.render.export import save_gif
from osu.render.scene import Stage

PROGRESS_S = 0.05
LIVE_POLL_S = 0.005
LIVE_STOP_S = 2.0  # then the process is ended
MAX_EVENTS = 10  # a poll: the window stays alive however fast events come


class WorkError(UserError):
    """A command that can't be carried out, in one sentence."""


class _CancelledError(Exception):
    """Leaves a job whose cancel Event is set."""


class Worker:
    """One thread that carries out commands in their order; the models are listed at once, unasked.

    `engine` stands in for `osu.players.engine` in tests: `list_models()` and `load_player(name)`.
    """

    def __init__(self, engine: Any = None):
        self.state = "idle"
        self._engine = engine
        self._player: tuple[str, Any] | None = None  # the last one loaded, by name
        self._opened: dict[str, None] = {}  # map files, in the order of opening
        self._orders: queue.SimpleQueue[Callable[[LivePlayer], None]] = queue.SimpleQueue()
        self._jobs: queue.Queue[tuple[Command, threading.Event] | None] = queue.Queue()
        self._events: queue.Queue[Any] = queue.Queue()
        self._told_s = 0.0  # when the last Progress was put
        self._open: list[tuple[Command, threading.Event]] = []  # all that aren't finished
        self._threads = [
            threading.Thread(target=work, name=work.__name__)
            for work in (self._run, self._list_models)
        ]
        for thread in self._threads:
            thread.start()

    # ---- for the window's thread

    def post(self, command: Command) -> None:
        """Carry out `command` after those before it. Does nothing once closed."""
        if self.state == "closed":
            return
        cancel = threading.Event()
        self._open.append((command, cancel))
        self._jobs.put((command, cancel))
        if self.state in ("idle", "opening"):
            self.state = self._state_of_open()

    def poll(self) -> list[Any]:
        """The next few events, oldest first; the state follows them."""
        events = []
        while len(events) < MAX_EVENTS:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                break
            events.append(event)
            if isinstance(event, Finished):
                self._open.pop(0)
                if self.state != "closed" and (self.state != "cancelling" or not self._open):
                    self.state = self._state_of_open()
            if isinstance(event, Live) and self.state in ("working", "armed"):
                words = {protocol.Armed: "armed", protocol.Started: "playing"}
                self.state = words.get(type(event.event), self.state)
        return events

    def cancel(self) -> None:
        """Give up the running command and those that wait."""
        for _, cancel in self._open:
            cancel.set()
        if self._open and self.state != "closed":
            self.state = "cancelling"

    def _state_of_open(self) -> str:
        """The state word for the commands that aren't finished."""
        if not self._open:
            return "idle"
        only_shown = all(isinstance(command, ShowMap) for command, _ in self._open)
        return "opening" if only_shown else "working"

    def start_live(self) -> None:
        """Begin the armed play now, without its start key."""
        self._orders.put(LivePlayer.start)

    def nudge_live(self, ms: float) -> None:
        """Shift the rest of the live play by real ms, above 0 later."""
        self._orders.put(lambda player: player.nudge(ms))

    def close(self, timeout_s: float | None = None) -> None:
        """Cancel everything and wait for the thread to end; in any state, any number of times."""
        self.cancel()
        if self.state != "closed":
            self.state = "closed"
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(timeout_s)

    # ---- on the thread

    def _list_models(self) -> None:
        """On a thread of its own: torch takes seconds to import, and files open meanwhile."""
        self._attempt(
            lambda: self._put(ModelsListed(tuple(self._load_engine().list_models()))),
            threading.Event(),
        )

    def _load_engine(self) -> Any:
        if self._engine is None:
            from osu.players import engine

            self._engine = engine
        return self._engine

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            command, cancel = job
            if not cancel.is_set():
                self._attempt(lambda c=command, e=cancel: self._carry_out(c, e), cancel)
            self._put(Finished(cancel.is_set()))

    def _attempt(self, work: Callable[[], None], cancel: threading.Event) -> None:
        """Do `work`; what it raises becomes one sentence."""
        try:
            work()
        except (ValueError, OSError) as error:
            self._put(Failed(_sentence(error)))
        except Exception as error:
            if not cancel.is_set():  # else it is the way out that cancel asked for
                traceback.print_exc(file=sys.stderr)
                name = type(error).__name__
                self._put(Failed(f"Something went wrong inside: {name}: {error}"))

    def _put(self, event: Any) -> None:
        self._events.put(event)

    def _play_live(self, command: PlayLive, cancel: threading.Event) -> None:
        """Pass orders to the playback process and its events on, until it has ended."""
        while not self._orders.empty():  # meant for an earlier play
            self._orders.get()
        player = LivePlayer(make_plan(command.replay, command.playfield), command.settings)
        with player:
            give_up_s = math.inf
            while time.monotonic() < give_up_s:
                for event in player.poll():
                    if isinstance(event, protocol.LiveFailed):
                        raise WorkError(event.sentence)
                    self._put(Live(event))
                    if isinstance(event, protocol.Stopped):
                        return
                while not self._orders.empty():
                    self._orders.get()(player)
                if cancel.is_set() and give_up_s == math.inf:
                    player.stop()  # and wait a moment for its last word
                    give_up_s = time.monotonic() + LIVE_STOP_S
                time.sleep(LIVE_POLL_S)

    def _progress(self, part: float | None, text: str) -> None:
        """Put a Progress, but not more often than a window can follow."""
        now = time.monotonic()
        if now - self._told_s >= PROGRESS_S:
            self._told_s = now
            self._put(Progress(part, text))

    def _carry_out(self, command: Command, cancel: threading.Event) -> None:
        match command:
            case ScanSongs(folder):
                songs = scan(folder, lambda n: self._progress(None, f"{n} maps found"), cancel)
                _check(cancel)
                self._put(SongsListed(folder, tuple(songs)))
            case OpenMap(path, difficulty):
                stage = Stage(load_beatmap(path, difficulty))
                self._opened[path] = None
                self._put(MapOpened(path, tuple(list_songs(Path(path))), stage))
            case ShowMap(path, difficulty):
                self._put(MapShown(path, Stage(load_beatmap(path, difficulty))))
            case OpenReplay():
                self._open_replay(command, cancel)
            case Generate():
                self._generate(command, cancel)
            case SaveReplay(replay, path):
                with saving(path):
                    save_replay(replay, path)
                self._put(Saved(path))
            case SaveGif(path=path):
                with saving(path):
                    self._save_gif(command, cancel)
            case FindWindow():
                self._put(WindowFound(find_window()))
            case PlayLive():
                self._play_live(command, cancel)
            case MakeBlindPage():
                self._put(make_blind_page(command, self._load_engine(), self._progress, cancel))

    def _open_replay(self, command: OpenReplay, cancel: threading.Event) -> None:
        replay = load_replay(command.path)
        name = Path(command.path).name
        if replay.mode:
            raise WorkError(f"{name} cannot be shown: {why_not_human(replay)}.")
        remarks = [remark_on(replay)]
        remarks += [f"left out: {part}" for part in replay.left_out]
        files = (*self._opened, *command.maps)
        map_path, beatmap, note = _find_map(command.path, replay, files, cancel)
        remark = "; ".join(filter(None, (*remarks, note)))
        self._put(ReplayOpened(command.path, map_path, Stage(beatmap, replay), remark))

    def _generate(self, command: Generate, cancel: threading.Event) -> None:
        """A map that can't be played is skipped, with its reason at the end."""
        generate = self._generator_of(command, cancel)
        if command.folder:
            Path(command.folder).mkdir(parents=True, exist_ok=True)
        reasons = []
        for n, chosen in enumerate(command.maps):
            try:
                beatmap = load_beatmap(chosen.path, chosen.difficulty)
            except BeatmapError as error:
                reasons.append(str(error))
                continue
            beatmap = beatmap.with_mods(parse_mods(command.mods))
            for k, seed in enumerate(range(command.seed, command.seed + command.plays)):
                done = (n * command.plays + k, len(command.maps) * command.plays)
                self._play(command, generate, chosen.path, beatmap, seed, done, cancel)
        if reasons:
            of = f"{len(reasons)} of {len(command.maps)} maps could not be played: "
            raise WorkError((of if len(command.maps) > 1 else "") + reasons[0])

    def _play(
        self,
        command: Generate,
        generate: Callable[..., GeneratedPlay],
        map_path: str,
        beatmap: Beatmap,
        seed: int,
        done: tuple[int, int],
        cancel: threading.Event,
    ) -> None:
        """One play of one map; `done` is how many of how many were made before."""

        def report(part: float) -> None:
            _check(cancel)
            text = f"{beatmap.title} [{beatmap.difficulty}], seed {seed}"
            self._progress((done[0] + part) / done[1], text)

        report(0.0)
        play = generate(beatmap, seed, report, cancel)
        _check(cancel)
        path = None
        if command.folder:
            name = play_file_name(f"{command.model} {seed}", beatmap)
            path = str(Path(command.folder) / name)
            save_replay(play.replay, path)
        stage = Stage(play.beatmap, play.replay, play.judgement)
        self._put(Played(command.model, seed, map_path, stage, path))

    def _generator_of(
        self, command: Generate, cancel: threading.Event
    ) -> Callable[..., GeneratedPlay]:
        """(beatmap, seed, on_progress, cancel) -> GeneratedPlay, of `command`'s model, options."""
        if command.model == AUTO:
            return lambda beatmap, seed, on_progress, cancel: generate_auto(beatmap)
        engine = self._load_engine()
        if self._player is None or self._player[0] != command.model:
            self._progress(None, f"loading {command.model}")
            self._player = command.model, engine.load_player(command.model)
        player = self._player[1]
        files = (*self._opened, *command.known_maps)
        like = []
        for path in command.like:
            replay = load_replay(path)
            _, beatmap, _ = _find_map(path, replay, files, cancel)
            like.append(liked_play(Path(path).name, replay, beatmap))
        options = PlayOptions(
            like=tuple(like),
            accuracy=command.accuracy,
            unstable_rate=command.unstable_rate,
            skill=command.skill,
        )
        return lambda beatmap, seed, on_progress, cancel: player.generate(
            beatmap, seed, options, on_progress, cancel
        )

    def _save_gif(self, command: SaveGif, cancel: threading.Event) -> None:
        def report(part: float) -> None:
            _check(cancel)
            self._progress(part, "drawing the gif")

        width = 480 if len(command.stages) == 1 else 800
        save_gif(
            command.stages,
            command.path,
            command.start_ms,
            command.end_ms,
            width=width,
            labels=command.labels,
            progress=report,
        )
        self._put(Saved(command.path))


def _find_map(
    path: str, replay: Replay, files: tuple[str, ...], cancel: threading.Event
) -> tuple[str, Beatmap, str]:
    """The file of the map of the replay at `path` (one of `files` or one beside the replay), the
    map, and what has to be said of it, if anything."""
    beside = sorted(p for p in Path(path).parent.iterdir() if content_suffix(p) in MAP_SUFFIXES)
    names = {Path(name): name for name in (*files, *map(str, beside))}

    def candidates() -> Iterator[Path]:
        for file in names:
            _check(cancel)
            yield file

    place = find_map(candidates(), replay.beatmap_md5)
    if place is None:
        raise WorkError(f"The map of {Path(path).name} was not found: open its Songs folder first.")
    beatmap = place.load_map(replay.beatmap_md5)
    notes = [CHANGED_LINE_ENDS] * place.crlf
    notes += [f"map: {beatmap.left_out}"] * bool(beatmap.left_out)
    return names[Path(place.beatmap)], beatmap, "; ".join(notes)


def _check(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise _CancelledError


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'The file'}: {error.strerror}."
    return str(error)
