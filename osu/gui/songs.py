"""What an osu! Songs folder holds, by artist, title and difficulty: a list to choose from.

Only the top of each .osu is read, up to its first timing points; nothing is decoded.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from osu.data.finding.folders import content_suffix, files_below, lazer_storage
from osu.data.library import MAP_SUFFIXES
from osu.errors import UNREADABLE, UserError
from osu.files import read_file
from osu.formats.archive import read_osu_files
from osu.formats.beatmap import Beatmap
from osu.formats.osu_file import read_names

# General, metadata and difficulty sections fit; long event lists come later.
MAP_HEAD_BYTES = 16 << 10


class SongsError(UserError):
    """A folder that can't be listed, in one sentence."""


@dataclass(frozen=True, order=True)
class Song:
    """One difficulty of one song."""

    artist: str
    title: str
    difficulty: str
    creator: str
    path: str  # the .osu, or the archive that holds it
    known_as: str = field(default="", compare=False)  # its names in Unicode, source and tags

    @property
    def label(self) -> str:
        return f"{self.artist} - {self.title} [{self.difficulty}]"

    @functools.cached_property
    def searched(self) -> str:
        """What a search looks through, in lower case."""
        return f"{self.label} {self.creator} {self.known_as}".lower()

    @property
    def key(self) -> tuple[str, str]:
        """What tells two songs apart."""
        return self.path, self.difficulty


def song_of(beatmap: Beatmap, path: str) -> Song:
    """A map that was read, as its file's list has it."""
    return Song(beatmap.artist, beatmap.title, beatmap.difficulty, beatmap.creator, path)


def scan(
    folder: str | Path,
    progress: Callable[[int], None] | None = None,
    cancel: threading.Event | None = None,
) -> list[Song]:
    """Every osu!standard difficulty below `folder`, sorted; unreadable files are left out.

    `progress` hears how many were found so far; a set `cancel` returns what was found. Raises
    SongsError where the folder holds none.
    """
    folder = lazer_storage(folder)
    if not folder.is_dir():
        raise SongsError(f"{folder} is not a folder.")
    songs: list[Song] = []

    def goes_on() -> bool:
        return cancel is None or not cancel.is_set()

    for path in files_below(folder, MAP_SUFFIXES, goes_on=goes_on):
        if not goes_on():
            break
        songs += list_songs(path)
        if progress:
            progress(len(songs))
    if not songs and goes_on():
        raise SongsError(f"{folder} holds no osu!standard map (.osu, .osz or .olz).")
    return sorted(songs, key=_place)


def _place(song: Song) -> tuple[str, ...]:
    """In the list: the difficulties of a set, one song by one mapper, are together."""
    names = (song.title, song.artist, song.creator, song.difficulty)
    return *(name.lower() for name in names), song.path


def list_songs(path: Path) -> list[Song]:
    """The osu!standard difficulties of one .osu, .osz or .olz file; none where it can't be read."""
    return [song for song, _ in read_songs(path, MAP_HEAD_BYTES)]


def read_songs(path: Path, most_bytes: int) -> list[tuple[Song, bytes]]:
    """The songs of one file, each with the first `most_bytes` of its .osu."""
    try:
        if content_suffix(path) == ".osu":
            heads = [("", read_file(path, most_bytes))]
        else:
            heads = list(read_osu_files(path, most_bytes))
        return [(song, data) for _, data in heads for song in _song(data, path)]
    except UNREADABLE:
        return []


def _song(data: bytes, path: Path) -> Iterator[Song]:
    """The song of one .osu file that begins so, or nothing for another game mode."""
    fields = read_names(data[:MAP_HEAD_BYTES])
    if fields is not None:
        names = (fields.get(k, "").strip() for k in ("Artist", "Title", "Version", "Creator"))
        known_as = (fields.get(k, "") for k in ("ArtistUnicode", "TitleUnicode", "Source", "Tags"))
        yield Song(*names, path=str(path), known_as=" ".join(filter(None, known_as)))
