"""What the window and its worker say to each other: commands one way, events the other.

Both sides share only this file. All are frozen dataclasses; the comment or docstring of a command
names the event that answers it.
"""

from dataclasses import dataclass, field
from typing import Any

from osu.formats.replay import Replay
from osu.gui.maps.measures import MapMeasures
from osu.gui.songs import Song
from osu.live import protocol
from osu.live.plan import Rect
from osu.live.protocol import LiveSettings
from osu.players.options import LikedPlay
from osu.render.scene import Stage

# ---- commands


@dataclass(frozen=True)
class ScanSongs:
    """-> SongsListed"""

    folder: str


@dataclass(frozen=True)
class MeasureMaps:
    """-> MapsMeasured, again and again. Goes on beside all others; nobody waits for it."""

    songs: tuple[Song, ...]


@dataclass(frozen=True)
class OpenMap:
    """-> MapOpened. `difficulty` chooses within an .osz; None takes its first one."""

    path: str
    difficulty: str | None = None


@dataclass(frozen=True)
class ShowMap:
    """-> MapShown: a map of the list that has been chosen there."""

    path: str
    difficulty: str


@dataclass(frozen=True)
class OpenReplay:
    """-> ReplayOpened. The map is looked for by MD5: in the files opened before, in `maps`, and
    beside the replay."""

    path: str
    maps: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReopenPlays:
    """-> PlayReopened for each. Goes on beside all others; nobody waits for it."""

    files: tuple[tuple[str, str], ...]  # of each the replay and its map


@dataclass(frozen=True)
class ReadLikedPlays:
    """-> LikesRead"""

    names: tuple[str, ...]  # replays, and folders of them
    maps: tuple[str, ...]  # files and folders that may hold their maps


@dataclass(frozen=True)
class Generate:
    """-> one Played for each map and seed, `seed` to `seed + plays - 1`."""

    maps: tuple[OpenMap, ...]
    model: str
    mods: str
    seed: int
    plays: int
    like: tuple[LikedPlay, ...] = ()  # whose style is followed
    accuracy: float | None = None  # 0 to 1
    unstable_rate: float | None = None
    skill: str | None = None
    folder: str | None = None  # each play is saved there as well


@dataclass(frozen=True)
class SaveReplay:
    """-> PlaySaved, Saved"""

    replay: Replay
    path: str


@dataclass(frozen=True)
class SavePlays:
    """-> PlaySaved for each, Saved. Into one folder."""

    replays: tuple[Replay, ...]
    paths: tuple[str, ...]  # of each


@dataclass(frozen=True)
class SaveGif:
    """-> Saved. Map times of the window of time; stages lie side by side or over one field."""

    stages: tuple[Stage, ...]
    labels: tuple[str, ...]
    path: str
    start_ms: float
    end_ms: float
    over_one_field: bool = False


@dataclass(frozen=True)
class SaveVideo:
    """-> Saved. As SaveGif, with the song of the map at `map_path`."""

    stages: tuple[Stage, ...]
    labels: tuple[str, ...]
    path: str
    start_ms: float
    end_ms: float
    over_one_field: bool
    map_path: str


@dataclass(frozen=True)
class DrawCharts:
    """-> ChartsDrawn: timing and aim of plays of one map."""

    stages: tuple[Stage, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class SavePicture:
    """-> Saved"""

    png: bytes
    path: str


@dataclass(frozen=True)
class FindWindow:
    """-> WindowFound: the game's window, by its title."""


@dataclass(frozen=True)
class PlayLive:
    """-> Live, again and again, until the play has ended or is cancelled."""

    replay: Replay
    playfield: Rect  # on the screen
    settings: LiveSettings


@dataclass(frozen=True)
class MakeBlindPage:
    """-> BlindPageMade"""

    replays: str  # a folder
    maps: tuple[str, ...]  # folders
    model: str
    pairs: int
    seed: int
    path: str
    me: str = ""  # the player of whom it is asked which one is me


@dataclass(frozen=True)
class FindPlayers:
    """-> PlayersFound"""

    folder: str


@dataclass(frozen=True)
class MakePersonModel:
    """-> PersonModelMade"""

    folders: tuple[str, ...]  # with replays and their maps
    player: str
    model: str  # its name


Command = (
    ScanSongs
    | MeasureMaps
    | OpenMap
    | ShowMap
    | OpenReplay
    | ReopenPlays
    | ReadLikedPlays
    | Generate
    | SaveReplay
    | SavePlays
    | SaveGif
    | SaveVideo
    | DrawCharts
    | SavePicture
    | FindWindow
    | PlayLive
    | MakeBlindPage
    | FindPlayers
    | MakePersonModel
)


# ---- events


@dataclass(frozen=True)
class ModelsListed:
    """Comes once, unasked."""

    cards: tuple[Any, ...]  # osu.players.engine's cards


@dataclass(frozen=True)
class SongsListed:
    folder: str
    songs: tuple[Song, ...]


@dataclass(frozen=True)
class MapsMeasured:
    measures: dict[tuple[str, str], MapMeasures]  # by Song.key: some of those that were asked for


@dataclass(frozen=True)
class MapOpened:
    path: str
    difficulties: tuple[Song, ...]  # all of its file
    stage: Stage  # without a replay


@dataclass(frozen=True)
class MapShown:
    path: str
    stage: Stage  # without a replay


@dataclass(frozen=True)
class ReplayOpened:
    path: str
    map_path: str
    stage: Stage
    remark: str = ""  # what is unusual about the replay and its map


@dataclass(frozen=True)
class PlayReopened:
    path: str
    map_path: str
    stage: Stage | None  # None where a file is gone or is another one by now


@dataclass(frozen=True)
class LikesRead:
    plays: tuple[LikedPlay, ...]
    names: str  # of who played them, each with how many
    sentence: str  # how many were read and skipped


@dataclass(frozen=True)
class Played:
    model: str
    seed: int
    map_path: str
    stage: Stage
    path: str | None  # where it was saved


@dataclass(frozen=True)
class PlaySaved:
    replay: Replay  # the command's own
    path: str


@dataclass(frozen=True)
class Saved:
    path: str  # of a file, or how many are in which folder
    remark: str = ""  # what is missing in it, a sentence


@dataclass(frozen=True)
class ChartsDrawn:
    png: bytes


@dataclass(frozen=True)
class BlindPageMade:
    path: str
    pairs: str  # how many there are, and why not more


@dataclass(frozen=True)
class PlayersFound:
    folder: str
    players: tuple[tuple[str, int], ...]  # name and number of replays, most first


@dataclass(frozen=True)
class PersonModelMade:
    model: str
    about: str  # how many plays it was learned from
    compared: str  # its plays of held-out songs less the person's, "" where that is not known
    picture: bytes  # PNG of what the plays show of the person, empty without one
    cards: tuple[Any, ...]  # of all models


@dataclass(frozen=True)
class Progress:
    number: int  # of the work
    part: float | None  # 0 to 1, None where it isn't known
    text: str


@dataclass(frozen=True)
class WindowFound:
    inside: Rect


@dataclass(frozen=True)
class Live:
    """What the playback process says, but its last word where that is a failure."""

    event: protocol.LiveEvent


@dataclass(frozen=True)
class Failed:
    sentence: str
    command: Command | None = None  # in which it went wrong, if in one


@dataclass(frozen=True)
class Begun:
    """The first event of every command that is not cancelled before."""

    number: int


@dataclass(frozen=True)
class Finished:
    """The last event of every command."""

    number: int
    cancelled: bool
    command: Command | None = field(default=None, compare=False)
