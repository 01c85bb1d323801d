"""A .osz archive, or lazer's .olz: the .osu files of one song, zipped.

Every archive is opened here, and read in memory only; nothing is ever unpacked.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import inf
from pathlib import Path, PurePosixPath

from osu.errors import UNREADABLE, shown
from osu.files import open_file
from osu.formats.osu_file import MAX_MAP_BYTES, BeatmapError

ARCHIVES = (".osz", ".olz")
MAX_ARCHIVE_BYTES = 1 << 30  # with songs and videos, which are not read
MAX_MEMBERS = 10_000
MAX_DIRECTORY_BYTES = 400 * MAX_MEMBERS  # of the list of members, which is read whole
MAX_DIFFICULTIES = 256
MAX_EXPANDED_BYTES = 4 * MAX_MAP_BYTES  # of all .osu files
MOST_NAME = 100  # characters of a member's name in a message
_VERSION_LINE = re.compile(rb"^Version[ \t]*:[ \t]*([^\r\n]*)", re.MULTILINE)
_MODE_LINE = re.compile(rb"^Mode[ \t]*:[ \t]*([0-9]+)", re.MULTILINE)


class _Reader(io.BufferedReader):
    """An archive's file, whose reads are bounded as long as its list of members is read."""

    most_bytes: float = MAX_DIRECTORY_BYTES

    def read(self, size: int | None = -1) -> bytes:
        if (size or 0) > self.most_bytes:
            raise BeatmapError("its list of files is too long for a beatmap")
        return super().read(size)


@contextmanager
def _open(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive whose list of members is no longer than one of beatmaps has."""
    with _Reader(open_file(path).detach()) as file:
        if file.seek(0, io.SEEK_END) > MAX_ARCHIVE_BYTES:
            raise BeatmapError(f"{path.name} is larger than {MAX_ARCHIVE_BYTES >> 20} MB")
        with zipfile.ZipFile(file) as archive:
            file.most_bytes = inf
            yield archive


def read_osu_files(path: Path, most_bytes: int = MAX_MAP_BYTES) -> Iterator[tuple[str, bytes]]:
    """(file name, first `most_bytes` bytes) of each .osu file in an archive, by name.

    What the archive says of their sizes is not believed. Raises BeatmapError for an archive that
    holds or expands to too much, or names a file outside itself, else one of UNREADABLE.
    """
    with _open(path) as archive:
        names = sorted(archive.namelist())
        maps = [name for name in names if name.lower().endswith(".osu")]
        if len(names) > MAX_MEMBERS or len(maps) > MAX_DIFFICULTIES:
            raise BeatmapError(f"{path.name} holds too many files to be a beatmap")
        for name in names:
            parts = PurePosixPath(name.replace("\\", "/")).parts
            if ".." in parts or name[:1] in ("/", "\\") or name[1:2] == ":":
                raise BeatmapError(
                    f"{path.name} names a file outside itself: {shown(name, MOST_NAME)}"
                )
        total = 0
        for name in maps:
            with archive.open(name) as file:
                data = file.read(most_bytes)
            total += len(data)
            if total > MAX_EXPANDED_BYTES:
                raise BeatmapError(f"{path.name} expands to more than a beatmap can hold")
            yield name, data


def read_osu_file(path: Path, name: str) -> bytes:
    """The .osu file of that name in an archive. Raises one of UNREADABLE."""
    stat = path.stat()
    return _contents(path, stat.st_size, stat.st_mtime_ns)[name]


@lru_cache(maxsize=1)  # its maps are asked for one after the other: it is opened once for all
def _contents(path: Path, size: int, mtime_ns: int) -> dict[str, bytes]:
    return dict(read_osu_files(path))


def difficulty_from_osz(path: Path, difficulty: str | None) -> tuple[bytes, str]:
    """The bytes of one .osu file and its name for messages; without a name the first one."""
    difficulties = _difficulties(path)
    for name, data, file_name in difficulties:
        if difficulty is None or name == difficulty:
            return data, f"{path.name}: {shown(file_name, MOST_NAME)}"
    names = ", ".join(shown(name, MOST_NAME) for name, _, _ in difficulties[:20])
    wanted = shown(difficulty, MOST_NAME)
    raise BeatmapError(f"{path.name} has no difficulty {wanted}; it has: {names}")


def _difficulties(path: Path) -> list[tuple[str, bytes, str]]:
    """(difficulty name, bytes, file name) of each osu!standard .osu in the archive."""
    try:
        files = list(read_osu_files(path, MAX_MAP_BYTES + 1))
    except BeatmapError:
        raise
    except OSError as error:
        raise BeatmapError(f"cannot read {path}: {error.strerror or error}") from None
    except UNREADABLE:
        raise BeatmapError(f"{path.name} is damaged or not a .osz archive") from None
    difficulties = []
    for file_name, data in files:
        if len(data) > MAX_MAP_BYTES:
            raise BeatmapError(f"{path.name} expands to more than a beatmap can hold")
        mode = _MODE_LINE.search(data)
        if mode is None or not mode[1].strip(b"0"):
            version = _VERSION_LINE.search(data)
            name = version[1].decode("utf-8", errors="replace").strip() if version else file_name
            difficulties.append((name, data, file_name))
    if not difficulties:
        raise BeatmapError(f"{path.name} holds no osu!standard difficulty")
    return difficulties
