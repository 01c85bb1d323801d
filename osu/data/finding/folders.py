"""Folders as players have them: what lies below one, and where the game keeps what is not in its
own. Files are opened for reading only.
"""

import codecs
import contextlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from osu.files import read_file
from osu.formats.osu_db import SONGS

LAZER_NAME_CHARS = 64  # of a file in lazer's folder: files/a/ab/abc..., a SHA-256
MAX_CONFIGURATION_BYTES = 1 << 20
_NAME_BYTES = 64  # that say what a file is

GoesOn = Callable[[], bool]  # whether a search goes on; it may raise to stop


def files_below(
    folder: Path,
    suffixes: tuple[str, ...],
    skipped: Counter | None = None,
    without: Path | None = None,
    goes_on: GoesOn = lambda: True,
) -> Iterator[Path]:
    """The files below a folder that end so, or begin so in lazer's folder, except those below
    `without`, in the disk's order: only folders are held, each may have very many files.

    Links to folders are followed after all else, each folder once, so that loops end and a file
    goes by the name that it has without links. Folders that cannot be read are counted in
    `skipped`. Ends where `goes_on`, asked at each folder, says so.
    """
    skipped = Counter() if skipped is None else skipped
    left, links, seen = [folder], [], set()
    if without is not None:
        with contextlib.suppress(OSError):
            seen.add(_identity(without))
    while (left or links) and goes_on():
        at = left.pop() if left else links.pop()
        try:
            if (identity := _identity(at)) in seen:
                continue
            seen.add(identity)
            with os.scandir(at) as entries:
                for entry in entries:
                    path = Path(entry.path)
                    if entry.is_dir(follow_symlinks=False):
                        left.append(path)
                    elif entry.is_symlink() and path.is_dir():
                        links.append(path)
                    elif content_suffix(path) in suffixes and path.is_file():
                        yield path
        except OSError as error:
            skipped[f"folder: {error.strerror}"] += 1


def _identity(folder: Path) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def content_suffix(path: Path) -> str:
    """How a file's name ends, in small letters; of a file of lazer's folder, whose name is a hash,
    how it would: ".osu" or ".osr" by its first bytes, else ""."""
    name = path.name
    if len(name) != LAZER_NAME_CHARS or path.parent.name != name[:2]:
        return path.suffix.lower()
    try:
        head = read_file(path, _NAME_BYTES)
    except OSError:
        return ""
    if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"osu file format"):
        return ".osu"
    # mode, version, and the 32 characters of the map's MD5
    return ".osr" if head[:1] <= b"\3" and head[5:7] == b"\x0b\x20" else ""


def songs_folder(installation: Path) -> Path:
    """Where an osu!stable installation keeps its maps: Songs, or what the configuration of the user
    who played last (osu!.NAME.cfg) says. It need not be there, as a path of another system is not.
    """
    names = (name for name in os.listdir(installation) if re.fullmatch(r"osu!.*\.cfg", name))
    written = max((installation / name for name in names), key=os.path.getmtime, default=None)
    name = _configured(written, "BeatmapDirectory") if written else ""
    songs = installation / (name or SONGS)
    if songs.is_dir():
        return songs
    # as Wine writes it, for which Z: is the root
    return installation / re.sub("^[Zz]:", "", name or SONGS).replace("\\", "/")


def lazer_storage(folder: str | Path) -> Path:
    """Where lazer keeps its files: in its folder, or where that one's storage.ini says. Any other
    folder is returned as it is."""
    elsewhere = _configured(Path(folder) / "storage.ini", "FullPath")
    return Path(elsewhere) if elsewhere and os.path.isdir(elsewhere) else Path(folder)


def _configured(path: Path, key: str) -> str:
    """The value of a key of one of the game's configuration files, lines of "key = value"; "" where
    there is none."""
    try:
        data = read_file(path, MAX_CONFIGURATION_BYTES)
    except OSError:
        return ""
    lines = data.decode("utf-8-sig", errors="replace").splitlines()
    pairs = (line.partition("=") for line in lines)
    return next((value.strip() for name, _, value in pairs if name.strip() == key), "")
