"""The commands that are not finished, as a person sees them: what they are and how far."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from osu.errors import shown
from osu.formats.mods import mods_str, parse_mods
from osu.gui.messages import (
    Command,
    DrawCharts,
    FindPlayers,
    FindWindow,
    Generate,
    MakeBlindPage,
    MakePersonModel,
    MeasureMaps,
    OpenMap,
    OpenReplay,
    PlayLive,
    ReadLikedPlays,
    ReopenPlays,
    SaveGif,
    SavePicture,
    SavePlays,
    SaveReplay,
    SaveVideo,
    ScanSongs,
    ShowMap,
)

LEAST_PART = 0.05  # of a work, before its time says how long the rest will take


@dataclass(eq=False)
class Work:
    """A command in the queue; of the window's thread, but for `number` and `cancel`."""

    number: int
    command: Command
    cancel: threading.Event = field(default_factory=threading.Event)
    started_s: float | None = None  # None while it waits
    part: float | None = None  # 0 to 1, None where it isn't known
    text: str = ""  # what it does now

    @property
    def name(self) -> str:
        return shown(name_of(self.command))

    @property
    def plays(self) -> int:
        """How many it is to make."""
        command = self.command
        return len(command.maps) * command.plays if isinstance(command, Generate) else 0


class Pace:
    """How long plays take: estimates of what is left of works."""

    def __init__(self, counter: Callable[[], float] = time.monotonic):
        self._counter = counter
        self._play_s: dict[str, float] = {}  # of a model's play, as last seen

    def now_s(self) -> float:
        return self._counter()

    def see(self, work: Work) -> None:
        """A work has come as far as its `part` says."""
        if work.plays and work.started_s is not None and (work.part or 0.0) >= LEAST_PART:
            took_s = self._counter() - work.started_s
            self._play_s[work.command.model] = took_s / (work.part * work.plays)

    def left_s(self, work: Work) -> float | None:
        """Real seconds until `work` is done once it runs; None where nobody can say, or its text
        does: the parts of a model of a person do not go by time."""
        if isinstance(work.command, MakePersonModel):
            return None
        if work.started_s is not None and (work.part or 0.0) >= LEAST_PART:
            return (self._counter() - work.started_s) * (1 / work.part - 1)
        play_s = self._play_s.get(work.command.model) if work.plays else None
        return None if play_s is None else play_s * work.plays


def name_of(command: Command) -> str:
    """A few words for a command."""
    match command:
        case Generate(maps=maps, model=model, mods=mods, plays=plays):
            of = maps[0].difficulty or Path(maps[0].path).stem if len(maps) == 1 else ""
            of = f"[{of}]" if of else f"each of {len(maps)} maps"
            count = f"{plays} plays" if plays > 1 else "a play"
            under = f" under {mods_str(parse_mods(mods))}" if parse_mods(mods) else ""
            return f"{count} of {of} by {model}{under}"
        case ScanSongs(folder):
            return f"the maps of {folder}"
        case MeasureMaps(songs):
            return f"stars, BPM and length of {len(songs)} maps"
        case OpenMap(path) | ShowMap(path) | OpenReplay(path):
            return f"opening {Path(path).name}"
        case ReopenPlays(files):
            return f"{len(files)} plays of before"
        case ReadLikedPlays(names=names):
            of = Path(names[0]).name if len(names) == 1 else f"{len(names)} files"
            return f"reading {of} to play like"
        case FindPlayers(folder):
            return f"the players of {folder}"
        case MakePersonModel(player=player):
            return f"a model of {player}"
        case MakeBlindPage(path=path):
            return f"a blind test, {Path(path).name}"
        case SaveReplay() | SaveGif() | SaveVideo() | SavePicture():
            path = command.path
            return f"saving {Path(path).name}"
        case SavePlays(paths=paths):
            return f"saving {len(paths)} plays"
        case DrawCharts():
            return "charts"
        case FindWindow():
            return "looking for the game's window"
        case PlayLive():
            return "a live play"
