"""A .osz archive, or lazer's .olz: the .osu files of one song, zipped.

Every archive is opened here, and read in memory only; nothing is ever unpacked.
"""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import inf
from pathlib import Path, PurePosixPath

from osu.errors import UNREADABLE, shown
from osu.files import open_file
from osu.formats.osu_file import MAX_MAP_BYTES, BeatmapError, read_names

ARCHIVES = (".osz", ".olz")
MAX_ARCHIVE_BYTES = 1 << 30  # with songs and videos, which are not read
MAX_MEMBERS = 10_000
MAX_DIRECTORY_BYTES = 400 * MAX_MEMBERS  # of the list of members, which is read whole
MAX_DIFFICULTIES = 256
MAX_EXPANDED_BYTES = 4 * MAX_MAP_BYTES  # of all .osu files
MOST_NAME = 100  # characters of a member's name in a message


class DifficultyError(BeatmapError):
    """A file without the difficulty that was asked for."""


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
    """(file name, first `most_bytes` bytes) of each .osu file in an archive, by name: of those in
    its top folder, since drafts and copies lie in folders below.

    What the archive says of their sizes is not believed, and damaged ones are left out. Raises
    BeatmapError for an archive that holds or expands to too much, else one of UNREADABLE: also
    where every .osu file is damaged.
    """
    with _open(path) as archive:
        names = sorted(archive.namelist())
        depth = {name: len(PurePosixPath(name.replace("\\", "/")).parts) for name in names}
        maps = [name for name in names if _is_map(name)]
        if len(names) > MAX_MEMBERS or len(maps) > MAX_DIFFICULTIES:
            raise BeatmapError(f"{path.name} holds too many files to be a beatmap")
        top = min((depth[name] for name in maps), default=0)
        maps = [name for name in maps if depth[name] == top]
        damaged = []
        total = 0
        for name in maps:
            try:
                with archive.open(name) as file:
                    data = file.read(most_bytes)
            except UNREADABLE as error:
                damaged.append(error)
                continue
            total += len(data)
            if total > MAX_EXPANDED_BYTES:
                raise BeatmapError(f"{path.name} expands to more than a beatmap can hold")
            yield name, data
        if damaged and len(damaged) == len(maps):
            raise damaged[0]


def read_osu_file(path: Path, name: str) -> bytes:
    """The .osu file of that name in an archive. Raises one of UNREADABLE."""
    stat = path.stat()
    return _contents(path, stat.st_size, stat.st_mtime_ns)[name]


@lru_cache(maxsize=1)  # its maps are asked for one after the other: it is opened once for all
def _contents(path: Path, size: int, mtime_ns: int) -> dict[str, bytes]:
    return dict(read_osu_files(path))


def difficulties_of_osz(path: Path, difficulty: str | None) -> list[tuple[bytes, str]]:
    """The bytes of .osu files and their names for messages: of the difficulty of that name, or of
    every osu!standard difficulty. BeatmapError where there is none, a DifficultyError where there
    are only others."""
    difficulties = _difficulties(path)
    chosen = [
        (data, f"{path.name}: {shown(file_name, MOST_NAME)}")
        for name, data, file_name in difficulties
        if difficulty is None or name == difficulty
    ]
    if not chosen:
        names = ", ".join(shown(name, MOST_NAME) for name, _, _ in difficulties[:20])
        raise DifficultyError(
            f"{path.name} has no difficulty {shown(difficulty, MOST_NAME)}; it has: {names}"
        )
    return chosen


def _is_map(name: str) -> bool:
    """Not what macOS keeps beside a file: __MACOSX/._song.osu."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return name.lower().endswith(".osu") and "__MACOSX" not in parts and parts[-1][:2] != "._"


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
    if any(len(data) > MAX_MAP_BYTES for _, data in files):
        raise BeatmapError(f"{path.name} expands to more than a beatmap can hold")
    difficulties = [
        (names.get("Version", "").strip() or file_name, data, file_name)
        for file_name, data in files
        if (names := read_names(data)) is not None
    ]
    if not difficulties:
        raise BeatmapError(f"{path.name} holds no osu!standard difficulty")
    return difficulties
