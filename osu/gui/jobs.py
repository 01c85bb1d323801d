"""What the window's commands do, each on a thread of osu.gui.worker."""

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osu.data.finding.folders import content_suffix
from osu.data.library import CHANGED_LINE_ENDS, MAP_SUFFIXES, find_map
from osu.errors import UNREADABLE, UserError
from osu.files import ready_folder
from osu.formats.beatmap import Beatmap, load_beatmap
from osu.formats.mods import parse_mods
from osu.formats.osu_file import MAX_MAP_BYTES, BeatmapError
from osu.formats.plays.kind import remark_on, why_not_human
from osu.formats.replay import Replay, load_replay, save_replay
from osu.gui.blind import make_blind_page
from osu.gui.drawing import draw
from osu.gui.likes import read_liked_plays
from osu.gui.maps.measures import KnownMeasures
from osu.gui.messages import (
    Command,
    DrawCharts,
    FindPlayers,
    FindWindow,
    Generate,
    Live,
    MakeBlindPage,
    MakePersonModel,
    MapOpened,
    MapShown,
    MapsMeasured,
    MeasureMaps,
    OpenMap,
    OpenReplay,
    PersonModelMade,
    Played,
    PlayLive,
    PlayReopened,
    PlaySaved,
    Progress,
    ReadLikedPlays,
    ReopenPlays,
    ReplayOpened,
    Saved,
    SaveGif,
    SavePicture,
    SavePlays,
    SaveReplay,
    SaveVideo,
    ScanSongs,
    ShowMap,
    SongsListed,
    WindowFound,
)
from osu.gui.person.making import make_person_model
from osu.gui.person.players import find_players
from osu.gui.saving import saving
from osu.gui.songs import Song, list_songs, read_songs, scan
from osu.live import protocol
from osu.live.game_window import find_window
from osu.live.plan import make_plan
from osu.live.player import LivePlayer
from osu.players.many import ChosenMap, MadePlay, Opened, PlayOne, Skipped, play_maps
from osu.players.naming import AUTO, play_file_names
from osu.players.options import Cancelled, OnProgress, PlayOptions
from osu.render.scene import Stage

if TYPE_CHECKING:  # its file imports torch
    from osu.players.generated import GeneratedPlay

PROGRESS_S = 0.05
MEASURED_S = 0.5  # measures are told so often,
REST_S = 0.001  # after each map or play that nobody waits for, the window's thread has its turn
LIVE_POLL_S = 0.005
LIVE_STOP_S = 2.0  # then the process is ended


class WorkError(UserError):
    """A command that can't be carried out, in one sentence."""


class RunningCommand:
    """A command that is being carried out: what it is asked, and where it says what it does."""

    def __init__(self, number: int, cancel: threading.Event, put: Callable[[Any], None]):
        self.number, self.cancel, self.put = number, cancel, put
        self.doing = ""  # which play, while plays are made
        self._told_s = 0.0  # when the last Progress was put

    def progress(self, part: float | None, text: str) -> None:
        """Put a Progress, but not more often than a window can follow."""
        now = time.monotonic()
        if now - self._told_s >= PROGRESS_S:
            self._told_s = now
            self.put(Progress(self.number, part, text))

    def part(self, part: float | None, text: str) -> None:
        """A Progress of work that may be left here."""
        self.check()
        self.progress(part, text)

    def check(self) -> None:
        """Leaves the job where it is cancelled."""
        if self.cancel.is_set():
            raise Cancelled


class Jobs:
    """Carries commands out; different kinds may run side by side, two Generates may not."""

    def __init__(self, load_engine: Callable[[], Any]):
        self._load_engine = load_engine
        self._player: tuple[str, Any] | None = None  # the last one loaded, by name
        self._opened: tuple[str, ...] = ()  # map files, in the order of opening
        self.orders: queue.SimpleQueue[Callable[[LivePlayer], None]] = queue.SimpleQueue()

    def carry_out(self, command: Command, job: RunningCommand) -> None:
        """Raises what goes wrong."""
        match command:
            case ScanSongs(folder):
                songs = scan(folder, lambda n: job.progress(None, f"{n} maps found"), job.cancel)
                job.check()
                job.put(SongsListed(folder, tuple(songs)))
            case MeasureMaps(songs):
                _measure(songs, job)
            case OpenMap(path, difficulty):
                stage = Stage(load_beatmap(path, difficulty))
                self._opened = tuple(dict.fromkeys((*self._opened, path)))
                job.put(MapOpened(path, tuple(list_songs(Path(path))), stage))
            case ShowMap(path, difficulty):
                job.put(MapShown(path, Stage(load_beatmap(path, difficulty))))
            case OpenReplay(path, maps):
                job.put(_open_replay(path, (*self._opened, *maps), job))
            case ReopenPlays(files):
                _reopen(files, job)
            case ReadLikedPlays():
                job.put(read_liked_plays(command, self._opened, job.part))
            case Generate():
                self._generate(command, job)
            case SaveReplay(replay, path):
                _save(replay, path, job)
                job.put(Saved(path))
            case SavePlays(replays, paths):
                ready_folder(Path(paths[0]).parent)
                for n, (replay, path) in enumerate(zip(replays, paths, strict=True)):
                    job.part(n / len(paths), "saving plays")
                    _save(replay, path, job)
                job.put(_saved_plays(len(paths), Path(paths[0]).parent))
            case SaveGif() | SaveVideo() | DrawCharts() | SavePicture():
                job.put(draw(command, job.part))
            case FindWindow():
                job.put(WindowFound(find_window()))
            case MakeBlindPage():
                engine = self._load_engine()
                job.put(make_blind_page(command, engine, job.progress, job.cancel))
            case FindPlayers(folder):
                job.put(find_players(folder, lambda n: job.part(None, f"{n} replays found")))
            case MakePersonModel():
                self._make_person_model(command, job)
            case PlayLive():
                self._play_live(command, job)

    def _generate(self, command: Generate, job: RunningCommand) -> None:
        """A map that can't be played is skipped, with its reason at the end."""
        play_one = self._play_one(command, job)
        if command.folder:
            ready_folder(command.folder)
        maps = [ChosenMap(Path(chosen.path), chosen.difficulty) for chosen in command.maps]
        seeds = range(command.seed, command.seed + command.plays)
        whole, reasons, taken = "", [], set()  # `whole` is the map that is open, by name
        saved = 0

        def report(share: float) -> None:
            job.progress(share, f"{whole}{job.doing}")

        for event in play_maps(play_one, maps, parse_mods(command.mods), seeds, report):
            job.check()
            match event:
                case Opened(path, beatmap):
                    map_path, whole = str(path), f"{beatmap.title} [{beatmap.difficulty}], "
                    names = play_file_names(command.model, seeds, beatmap, taken)
                case MadePlay(seed, play):
                    path = None
                    if command.folder:
                        path = str(Path(command.folder) / names[seed - command.seed])
                        save_replay(play.replay, path)
                        saved += 1
                    stage = Stage(play.beatmap, play.replay, play.judgement)
                    job.put(Played(command.model, seed, map_path, stage, path))
                case Skipped(_, error):
                    reasons.append(str(error))
        if saved:
            job.put(_saved_plays(saved, command.folder))
        if reasons:
            of = f"{len(reasons)} of {len(command.maps)} maps could not be played: "
            raise WorkError((of if len(command.maps) > 1 else "") + reasons[0])

    def _play_one(self, command: Generate, job: RunningCommand) -> PlayOne:
        """Plays of `command`'s model under its options."""
        if command.model == AUTO:
            from osu.players.auto import generate_auto

            return lambda beatmap, seed, on_share: generate_auto(beatmap)
        engine = self._load_engine()
        if self._player is None or self._player[0] != command.model:
            job.progress(None, f"loading {command.model}")
            self._player = command.model, engine.load_player(command.model)
        player = self._player[1]
        options = PlayOptions(
            like=command.like,
            accuracy=command.accuracy,
            unstable_rate=command.unstable_rate,
            skill=command.skill,
        )
        from osu.players.target import which_try

        def play_one(beatmap: Beatmap, seed: int, on_share: OnProgress) -> "GeneratedPlay":
            def report(share: float) -> None:
                job.check()
                tried = which_try(options, share)
                job.doing = f"seed {seed}{f', {tried}' if tried else ''}"
                on_share(share)

            return player.generate(beatmap, seed, options, report, job.cancel)

        return play_one

    def _make_person_model(self, command: MakePersonModel, job: RunningCommand) -> None:
        made = make_person_model(command, job.progress, job.cancel)
        job.check()
        if self._player and self._player[0] == command.model:  # another one by now
            self._player = None
        cards = tuple(self._load_engine().list_models())
        job.put(PersonModelMade(command.model, *made, cards))

    def _play_live(self, command: PlayLive, job: RunningCommand) -> None:
        """Pass orders to the playback process and its events on, until it has ended."""
        while not self.orders.empty():  # meant for an earlier play
            self.orders.get()
        player = LivePlayer(make_plan(command.replay, command.playfield), command.settings)
        with player:
            give_up_s = math.inf
            while time.monotonic() < give_up_s:
                for event in player.poll():
                    if isinstance(event, protocol.LiveFailed):
                        raise WorkError(event.sentence)
                    job.put(Live(event))
                    if isinstance(event, protocol.Stopped):
                        return
                while not self.orders.empty():
                    self.orders.get()(player)
                if job.cancel.is_set() and give_up_s == math.inf:
                    player.stop()  # and wait a moment for its last word
                    give_up_s = time.monotonic() + LIVE_STOP_S
                time.sleep(LIVE_POLL_S)


def _measure(songs: tuple[Song, ...], job: RunningCommand) -> None:
    """What cannot be read has no measures: it is said when a person opens it."""
    known, found = KnownMeasures(), {}
    wanted = {song.key for song in songs}
    told_s = time.monotonic()
    try:
        for path in dict.fromkeys(song.path for song in songs):
            for song, data in read_songs(Path(path), MAX_MAP_BYTES):
                if job.cancel.wait(REST_S):
                    return
                if song.key in wanted:
                    with contextlib.suppress(BeatmapError):
                        found[song.key] = known.of(data)
            if time.monotonic() - told_s >= MEASURED_S:
                job.put(MapsMeasured(found))
                found, told_s = {}, time.monotonic()
        job.put(MapsMeasured(found))
    finally:
        with contextlib.suppress(OSError):  # computed again at the next start
            known.save()


def _open_replay(path: str, files: tuple[str, ...], job: RunningCommand) -> ReplayOpened:
    """The play at `path`, its map looked for in `files` and beside it."""
    replay = load_replay(path)
    if replay.mode:
        raise WorkError(f"{Path(path).name} cannot be shown: {why_not_human(replay)}.")
    remarks = [remark_on(replay)]
    remarks += [f"left out: {part}" for part in replay.left_out]
    map_path, beatmap, note = _find_map(path, replay, files, job)
    remark = "; ".join(filter(None, (*remarks, note)))
    return ReplayOpened(path, map_path, Stage(beatmap, replay), remark)


def _reopen(files: tuple[tuple[str, str], ...], job: RunningCommand) -> None:
    """Plays that were listed before, each with its map, if both are there as they were."""
    for path, map_path in files:
        opened = None
        with contextlib.suppress(*UNREADABLE):
            opened = _open_replay(path, (map_path,), job)
        job.check()
        if opened:
            map_path = opened.map_path
        job.put(PlayReopened(path, map_path, opened.stage if opened else None))
        job.cancel.wait(REST_S)


def _save(replay: Replay, path: str, job: RunningCommand) -> None:
    with saving(path):
        save_replay(replay, path)
    job.put(PlaySaved(replay, path))


def _saved_plays(count: int, folder: str | Path) -> Saved:
    return Saved(f"{'a play' if count == 1 else f'{count} plays'} in {folder}")


def _find_map(
    path: str, replay: Replay, files: tuple[str, ...], job: RunningCommand
) -> tuple[str, Beatmap, str]:
    """The file of the map of the replay at `path` (one of `files` or one beside the replay), the
    map, and what has to be said of it, if anything."""
    beside = sorted(p for p in Path(path).parent.iterdir() if content_suffix(p) in MAP_SUFFIXES)
    names = {Path(name): name for name in (*files, *map(str, beside))}

    def candidates() -> Iterator[Path]:
        for file in names:
            job.check()
            yield file

    place = find_map(candidates(), replay.beatmap_md5)
    if place is None:
        raise WorkError(f"The map of {Path(path).name} was not found: open its Songs folder first.")
    beatmap = place.load_map(replay.beatmap_md5)
    notes = [CHANGED_LINE_ENDS] * place.crlf
    notes += [f"map: {beatmap.left_out}"] * bool(beatmap.left_out)
    return names[Path(place.beatmap)], beatmap, "; ".join(notes)
