"""The databases of an osu!stable installation: osu!.db and scores.db.

osu!.db lists every installed map with its folder, file name and MD5, scores.db every local play
with its player; the replay of a local play is Data/r/<MD5 of the map>-<time>.osr. Files are
opened for reading, read whole and closed: nothing is written, locked or changed.

Source: github.com/ppy/osu/wiki/Legacy-database-file-structure. The game names no layout in its
files but its own version, so a file is believed only where everything in it is as documented, to
the last byte. Measured on files made up to that layout: no real ones are at hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from osu.errors import UserError
from osu.files import path_below
from osu.formats.binary import ByteReader, is_md5
from osu.formats.mods import Mods
from osu.formats.replay import LONG_ID_VERSION, SHORT_ID_VERSION

MAPS_DB, SCORES_DB = "osu!.db", "scores.db"
SONGS, LOCAL_REPLAYS = "Songs", Path("Data", "r")

FLOATS_VERSION = 20140609  # difficulties are floats and stars are stored from here on
SIZES_VERSION, NO_SIZES_VERSION = 20160408, 20191106  # an entry begins with its size in between
NEWEST_VERSION = 20250107  # of a documented change: stars as floats, which their own tag says

MAX_DATABASE_BYTES = 512 << 20  # an entry of osu!.db has 1 to 3 KB: more than 150,000 maps
MAX_LISTED = 500_000
FILETIME_TICKS = 504_911_232_000_000_000  # .NET counts from year 1, Windows file times from 1601

# Bytes of fixed fields that are passed over together, in the order of the file.
_COUNTS_AND_CHANGED = 1 + 3 * 2 + 8  # ranked status, circles, sliders, spinners, time of change
_DRAIN_TOTAL_PREVIEW = 3 * 4
_TIMING_POINT = 8 + 8 + 1
_IDS_GRADES_OFFSET_LENIENCY = 3 * 4 + 4 + 2 + 4
_UNPLAYED_PLAYED_OSZ2 = 1 + 8 + 1
_CHECKED_SWITCHES = 8 + 5
_CHANGED_SCROLL = 4 + 1
_STARS = {0x0C: 1 + 4 + 1 + 4, 0x0D: 1 + 4 + 1 + 8}  # tag of the number -> bytes of a pair


class StableError(UserError):
    """A file of the game that cannot be read; the message is one sentence."""


@dataclass(frozen=True)
class ListedMap:
    """An osu!standard map as osu!.db lists it; the file may have changed or gone since."""

    md5: str
    path: str  # below Songs, with forward slashes


@dataclass(frozen=True)
class LocalPlay:
    """A play as scores.db lists it."""

    mode: int
    beatmap_md5: str
    player: str
    replay_md5: str
    timestamp_ticks: int  # of 100 ns since 0001-01-01 UTC

    @property
    def file_name(self) -> str:
        """The name of its replay in Data/r, where the game kept one."""
        return f"{self.beatmap_md5}-{self.timestamp_ticks - FILETIME_TICKS}.osr"


def is_installation(folder: Path) -> bool:
    return (folder / MAPS_DB).is_file() or (folder / SCORES_DB).is_file()


def read_maps(path: Path) -> list[ListedMap]:
    """The osu!standard maps of an osu!.db. Raises StableError."""
    return _read(path, _maps)


def read_scores(path: Path) -> list[LocalPlay]:
    """The plays of a scores.db, of every game mode. Raises StableError."""
    return _read(path, _scores)


def _read(path: Path, parse) -> list:
    version = 0
    try:
        if not path.is_file():
            raise StableError(f"{path.name} is not there")
        with open(path, "rb") as file:
            data = file.read(MAX_DATABASE_BYTES + 1)
        if len(data) > MAX_DATABASE_BYTES:
            raise ValueError(f"it has more than {MAX_DATABASE_BYTES >> 20} MB")
        source = ByteReader(data)
        version = source.take("<i")[0]
        entries = list(parse(source, version))
        if source.offset != len(data):
            raise ValueError("it goes on after its end")
        return entries
    except OSError as error:
        raise StableError(f"{path.name} cannot be read: {error.strerror}") from None
    except StableError:
        raise
    except ValueError as error:
        newer = version > NEWEST_VERSION
        hint = f" (version {version}; the last known change of layout is {NEWEST_VERSION})"
        raise StableError(f"{path.name} cannot be read: {error}{hint if newer else ''}") from None


def _maps(source: ByteReader, version: int) -> Iterator[ListedMap]:
    source.skip(4 + 1 + 8, "the header")  # folders, account unlocked, and when
    source.skip_string("the player's name")
    for _ in range(_count(source, "maps")):
        listed = _map(source, version)
        if listed:
            yield listed
    source.skip(4, "the permissions")


def _map(source: ByteReader, version: int) -> ListedMap | None:
    """One entry; None for another game mode, and for a map without a file that can be named."""
    if SIZES_VERSION <= version < NO_SIZES_VERSION:
        source.skip(4, "an entry's size")
    for _ in range(7):  # artist and title, each also in Unicode; creator, difficulty, audio file
        source.skip_string("a map's names")
    md5 = _md5(source, "a map's MD5")
    file = source.string("a map's file name")
    source.skip(_COUNTS_AND_CHANGED, "a map's counts")
    source.skip(4 * (4 if version >= FLOATS_VERSION else 1), "a map's difficulty")
    source.skip(8, "a map's slider velocity")
    if version >= FLOATS_VERSION:
        for _ in range(4):  # game modes
            _skip_stars(source)
    source.skip(_DRAIN_TOTAL_PREVIEW, "a map's times")
    source.skip(_TIMING_POINT * source.take("<I")[0], "a map's timing points")
    source.skip(_IDS_GRADES_OFFSET_LENIENCY, "a map's ids")
    mode = _mode(source)
    source.skip_string("a map's source")
    source.skip_string("a map's tags")
    source.skip(2, "a map's online offset")
    source.skip_string("a map's font")
    source.skip(_UNPLAYED_PLAYED_OSZ2, "when a map was played")
    folder = source.string("a map's folder")
    source.skip(_CHECKED_SWITCHES, "a map's switches")
    source.skip(0 if version >= FLOATS_VERSION else 2, "a map's end")
    source.skip(_CHANGED_SCROLL, "a map's end")
    path = path_below(f"{folder}/{file}") if file else ""
    return ListedMap(md5, path) if mode == 0 and md5 and path else None


def _skip_stars(source: ByteReader) -> None:
    """Pairs of mods and stars. The tag before the stars says how wide they are."""
    count = source.take("<I", "a map's stars")[0]
    if count:
        tag = source.data[source.offset + 5 : source.offset + 6]
        width = _STARS.get(tag[0] if tag else -1)
        if width is None:
            raise ValueError("a map's stars are not pairs of mods and a number")
        source.skip(width * count, "a map's stars")


def _scores(source: ByteReader, version: int) -> Iterator[LocalPlay]:
    plays_left = MAX_LISTED
    for _ in range(_count(source, "maps")):
        _md5(source, "a map's MD5")
        count = _count(source, "plays")
        plays_left -= count
        if plays_left < 0:
            raise ValueError(f"it lists more than {MAX_LISTED} plays")
        for _ in range(count):
            yield _score(source)


def _score(source: ByteReader) -> LocalPlay:
    """One play: the header of a .osr, without frames."""
    mode = _mode(source)
    version = source.take("<i")[0]
    beatmap_md5 = _md5(source, "a play's map")
    player = source.string("a player's name")
    replay_md5 = source.string("a replay's MD5")
    source.skip(6 * 2 + 4 + 2 + 1, "a play's counts")
    mods = source.take("<I", "a play's mods")[0]
    source.skip_string("a play's life bar")
    ticks = source.take("<q", "a play's time")[0]
    source.skip(4, "a play's size")  # -1: there are no frames here
    if version >= SHORT_ID_VERSION:
        source.skip(8 if version >= LONG_ID_VERSION else 4, "a play's online id")
    source.skip(8 if mods & Mods.TP else 0, "a play's accuracy")
    return LocalPlay(mode, beatmap_md5, player, replay_md5, ticks)


def _count(source: ByteReader, what: str) -> int:
    count = source.take("<I")[0]
    if count > MAX_LISTED:
        raise ValueError(f"it lists more than {MAX_LISTED} {what}")
    return count


def _mode(source: ByteReader) -> int:
    mode = source.take("<B", "a game mode")[0]
    if mode > 3:
        raise ValueError(f"there is no game mode {mode}")
    return mode


def _md5(source: ByteReader, what: str) -> str:
    """A map's MD5; empty where the game had none."""
    md5 = source.string(what)
    if md5 and not is_md5(md5):
        raise ValueError(f"{what} is no MD5")
    return md5
