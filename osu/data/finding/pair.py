"""A replay with its map, and the maps that a file holds, by their MD5."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from osu.data.finding.folders import content_suffix
from osu.errors import UNREADABLE
from osu.files import read_file
from osu.formats.archive import read_osu_file, read_osu_files
from osu.formats.beatmap import Beatmap, BeatmapError, parse_beatmap
from osu.formats.osu_file import MAX_MAP_BYTES, with_crlf

CHANGED = "its map has changed since it was found"


@dataclass(frozen=True)
class Pair:
    """A replay and its map: `member` names the .osu inside an .osz or .olz, or is empty."""

    replay: str
    beatmap: str
    member: str = ""
    split: str = ""  # empty where the folder does not say
    crlf: bool = field(default=False, repr=False)  # the map is read with these line ends

    def read_map(self) -> bytes:
        """The .osu file's bytes, as they were when it was played. BeatmapError where it has gone or
        is damaged."""
        try:
            if self.member:
                data = read_osu_file(Path(self.beatmap), self.member)
            else:
                data = read_file(self.beatmap, MAX_MAP_BYTES + 1)
        except UNREADABLE:
            raise BeatmapError(f"{self.beatmap}: it has gone or is damaged") from None
        return with_crlf(data) if self.crlf else data

    def load_map(self, md5: str) -> Beatmap:
        """The map without mods. BeatmapError also where it is no longer the one of that MD5."""
        beatmap = parse_beatmap(self.read_map(), self.beatmap)
        if beatmap.md5 != md5:
            raise BeatmapError(f"{self.beatmap}: {CHANGED}")
        return beatmap

    def fingerprint(self) -> str:
        """Changes when either file does: names, sizes and times of change."""
        versions = map(_version, (self.replay, self.beatmap))
        text = "|".join([f"{self}{' CRLF' * self.crlf}", *versions])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _version(path: str) -> str:
    try:
        stat = os.stat(path)
    except OSError:
        return "gone"
    return f"{stat.st_size},{stat.st_mtime_ns}"


def maps_in(path: Path) -> Iterator[tuple[str, str, bool]]:
    """(MD5, member, whether it is the MD5 with CRLF) of each map in a .osu file, whose member is
    empty, or in an archive. A map whose line ends are others has both.

    Raises one of UNREADABLE.
    """
    if content_suffix(path) == ".osu":
        data = read_file(path, MAX_MAP_BYTES + 1)
        if len(data) > MAX_MAP_BYTES:
            raise OSError(f"{path} is too large for a map")
        files = iter([("", data)])
    else:
        files = read_osu_files(path, MAX_MAP_BYTES + 1)
    for name, data in files:
        if len(data) <= MAX_MAP_BYTES:
            yield hashlib.md5(data).hexdigest(), name, False
            if (changed := with_crlf(data)) != data:
                yield hashlib.md5(changed).hexdigest(), name, True


def md5_of(path: Path) -> str:
    """Of a .osu file; "" where it has gone, cannot be read or is too large for one."""
    try:
        data = read_file(path, MAX_MAP_BYTES + 1)
    except (OSError, ValueError):
        return ""
    return hashlib.md5(data).hexdigest() if len(data) <= MAX_MAP_BYTES else ""
