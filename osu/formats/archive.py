"""A .osz archive, or lazer's .olz: the .osu files of one song, zipped.

Every archive is opened here, and read in memory only; nothing is ever unpacked.
"""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from osu.formats.osu_file import MAX_MAP_BYTES, BeatmapError, read_names

ARCHIVES = (".osz", ".olz")
MAX_ARCHIVE_BYTES = 1 << 30  # with songs and videos, which are not read
MAX_MEMBERS = 10_000
MAX_DIFFICULTIES = 256
MAX_EXPANDED_BYTES = 4 * MAX_MAP_BYTES  # of all .osu files
# What zipfile raises for damaged, encrypted and exotic archives; a BeatmapError is a ValueError.
UNREADABLE = (OSError, ValueError, RuntimeError, EOFError, LookupError, struct.error,
              zipfile.BadZipFile, zlib.error, lzma.LZMAError)  # fmt: skip


def read_osu_files(path: Path, most_bytes: int = MAX_MAP_BYTES) -> Iterator[tuple[str, bytes]]:
    """(file name, first `most_bytes` bytes) of each .osu file in an archive, by name: of those in
    its top folder, since drafts and copies lie in folders below.

    What the archive says of their sizes is not believed, and damaged ones are left out. Raises
    BeatmapError for an archive that holds too much, else one of UNREADABLE: also where every .osu
    file is damaged.
    """
    if path.stat().st_size > MAX_ARCHIVE_BYTES:
        raise BeatmapError(f"{path.name} is larger than {MAX_ARCHIVE_BYTES >> 20} MB")
    with zipfile.ZipFile(path) as archive:
        names = sorted(archive.namelist())
        depth = {name: len(PurePosixPath(name.replace("\\", "/")).parts) for name in names}
        maps = [name for name in names if _is_map(name)]
        if len(names) > MAX_MEMBERS or len(maps) > MAX_DIFFICULTIES:
            raise BeatmapError(f"{path.name} holds too many files to be a beatmap")
        top = min((depth[name] for name in maps), default=0)
        maps = [name for name in maps if depth[name] == top]
        damaged = []
        for name in maps:
            try:
                with archive.open(name) as file:
                    data = file.read(most_bytes)
            except UNREADABLE as error:
                damaged.append(error)
            else:
                yield name, data
        if damaged and len(damaged) == len(maps):
            raise damaged[0]


def read_osu_file(path: Path, name: str) -> bytes:
    """The .osu file of that name in an archive. Raises one of UNREADABLE."""
    with zipfile.ZipFile(path) as archive, archive.open(name) as file:
        return file.read(MAX_MAP_BYTES)


def difficulties_of_osz(path: Path, difficulty: str | None) -> list[tuple[bytes, str]]:
    """The bytes of .osu files and their names for messages: of the difficulty of that name, or of
    every osu!standard difficulty. BeatmapError where there is none."""
    difficulties = _difficulties(path)
    chosen = [
        (data, f"{path.name}: {_shown(file_name)}")
        for name, data, file_name in difficulties
        if difficulty is None or name == difficulty
    ]
    if not chosen:
        names = ", ".join(_shown(name) for name, _, _ in difficulties[:20])
        raise BeatmapError(f"{path.name} has no difficulty {_shown(difficulty)}; it has: {names}")
    return chosen


def _is_map(name: str) -> bool:
    """Not what macOS keeps beside a file: __MACOSX/._song.osu."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return name.lower().endswith(".osu") and "__MACOSX" not in parts and parts[-1][:2] != "._"


def _difficulties(path: Path) -> list[tuple[str, bytes, str]]:
    """(difficulty name, bytes, file name) of each osu!standard .osu in the archive."""
    try:
        files = _read_all(path)
    except BeatmapError:
        raise
    except OSError as error:
        raise BeatmapError(f"cannot read {path}: {error.strerror or error}") from None
    except UNREADABLE:
        raise BeatmapError(f"{path.name} is damaged or not a .osz archive") from None
    difficulties = [
        (names.get("Version", "").strip() or file_name, data, file_name)
        for file_name, data in files
        if (names := read_names(data)) is not None
    ]
    if not difficulties:
        raise BeatmapError(f"{path.name} holds no osu!standard difficulty")
    return difficulties


def _read_all(path: Path) -> list[tuple[str, bytes]]:
    """`read_osu_files` of an archive that expands to no more than a beatmap can hold."""
    files = []
    total = 0
    for name, data in read_osu_files(path, MAX_MAP_BYTES + 1):
        total += len(data)
        if len(data) > MAX_MAP_BYTES or total > MAX_EXPANDED_BYTES:
            raise BeatmapError(f"{path.name} expands to more than a beatmap can hold")
        files.append((name, data))
    return files


def _shown(text: str) -> str:
    """A name from a file, fit for a one-line message."""
    return text[:100] if text.isprintable() else ascii(text[:100])
