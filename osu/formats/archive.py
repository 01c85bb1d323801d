"""A .osz archive, or lazer's .olz: the .osu files of one song, zipped.

Every archive is opened here, and read in memory only; nothing is ever unpacked.
"""

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from osu.formats.osu_file import MAX_MAP_BYTES, BeatmapError

ARCHIVES = (".osz", ".olz")
MAX_ARCHIVE_BYTES = 1 << 30  # with songs and videos, which are not read
MAX_MEMBERS = 10_000
MAX_DIFFICULTIES = 256
MAX_EXPANDED_BYTES = 4 * MAX_MAP_BYTES  # of all .osu files
# What zipfile raises for damaged, encrypted and exotic archives; a BeatmapError is a ValueError.
UNREADABLE = (OSError, ValueError, RuntimeError, EOFError, LookupError, struct.error,
              zipfile.BadZipFile, zlib.error, lzma.LZMAError)  # fmt: skip
_VERSION_LINE = re.compile(rb"^Version[ \t]*:[ \t]*([^\r\n]*)", re.MULTILINE)
_MODE_LINE = re.compile(rb"^Mode[ \t]*:[ \t]*([0-9]+)", re.MULTILINE)


def read_osu_files(path: Path, most_bytes: int = MAX_MAP_BYTES) -> Iterator[tuple[str, bytes]]:
    """(file name, first `most_bytes` bytes) of each .osu file in an archive, by name.

    What the archive says of their sizes is not believed. Raises BeatmapError for an archive that
    holds too much or names a file outside itself, else one of UNREADABLE.
    """
    if path.stat().st_size > MAX_ARCHIVE_BYTES:
        raise BeatmapError(f"{path.name} is larger than {MAX_ARCHIVE_BYTES >> 20} MB")
    with zipfile.ZipFile(path) as archive:
        names = sorted(archive.namelist())
        maps = [name for name in names if name.lower().endswith(".osu")]
        if len(names) > MAX_MEMBERS or len(maps) > MAX_DIFFICULTIES:
            raise BeatmapError(f"{path.name} holds too many files to be a beatmap")
        for name in names:
            parts = PurePosixPath(name.replace("\\", "/")).parts
            if ".." in parts or name[:1] in ("/", "\\") or name[1:2] == ":":
                raise BeatmapError(f"{path.name} names a file outside itself: {_shown(name)}")
        for name in maps:
            with archive.open(name) as file:
                yield name, file.read(most_bytes)


def read_osu_file(path: Path, name: str) -> bytes:
    """The .osu file of that name in an archive. Raises one of UNREADABLE."""
    with zipfile.ZipFile(path) as archive, archive.open(name) as file:
        return file.read(MAX_MAP_BYTES)


def difficulty_from_osz(path: Path, difficulty: str | None) -> tuple[bytes, str]:
    """The bytes of one .osu file and its name for messages; without a name the first one."""
    difficulties = _difficulties(path)
    for name, data, file_name in difficulties:
        if difficulty is None or name == difficulty:
            return data, f"{path.name}: {_shown(file_name)}"
    names = ", ".join(_shown(name) for name, _, _ in difficulties[:20])
    raise BeatmapError(f"{path.name} has no difficulty {_shown(difficulty)}; it has: {names}")


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
    difficulties = []
    for file_name, data in files:
        mode = _MODE_LINE.search(data)
        if mode is None or not mode[1].strip(b"0"):
            version = _VERSION_LINE.search(data)
            name = version[1].decode("utf-8", errors="replace").strip() if version else file_name
            difficulties.append((name, data, file_name))
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
