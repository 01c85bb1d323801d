"""Finds replays and the maps they were played on, in folders as players have them.

A folder holds .osr and .osu / .osz anywhere below it (an osu! Songs and Replays folder as it is),
matched by the map's MD5, or has an index.csv with columns replay, beatmap and split as the shared
research data has. Nothing here parses a file beyond what matching needs.
"""

import csv
import hashlib
import os
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from osu.osufile import MAX_BYTES

SPLITS = ("train", "val", "test")


class DataError(ValueError):
    """Folders that hold nothing to learn from, or a cache that cannot be read."""


@dataclass(frozen=True)
class Pair:
    """A replay and its map: `member` names the .osu inside an .osz, or is empty."""

    replay: str
    beatmap: str
    member: str = ""
    split: str = ""  # empty where the folder does not say

    def read_map(self) -> bytes:
        """The .osu file's bytes. OSError or zipfile.BadZipFile where it has gone."""
        if not self.member:
            return Path(self.beatmap).read_bytes()
        with zipfile.ZipFile(self.beatmap) as archive, archive.open(self.member) as member:
            return member.read(MAX_BYTES)

    def fingerprint(self) -> str:
        """Changes when either file does: names, sizes and times of change."""
        stats = [Path(path).stat() for path in (self.replay, self.beatmap)]
        text = "|".join([str(self), *(f"{s.st_size},{s.st_mtime_ns}" for s in stats)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def find_pairs(folders: list[str | Path]) -> tuple[list[Pair], Counter]:
    """Every replay below the folders with its map, sorted by map, and the reasons of the others.

    DataError where a folder does not exist or no replay has its map.
    """
    skipped: Counter = Counter()
    pairs = list(each_pair(folders, skipped))
    if not pairs:
        raise nothing_found(folders)
    return sorted(pairs, key=lambda p: (p.beatmap, p.member, p.replay)), skipped


def nothing_found(folders: list[str | Path]) -> DataError:
    names = ", ".join(map(str, folders))
    return DataError(f"{names}: no replay (.osr) with its map (.osu or .osz) was found")


def each_pair(folders: list[str | Path], skipped: Counter) -> Iterator[Pair]:
    """Every replay below the folders with its map, in no order; the reasons of the others are
    counted in `skipped`. Memory grows with the maps (some 400 bytes each), not with the replays.

    DataError where a folder does not exist.
    """
    loose: list[Path] = []
    maps: dict[str, tuple[str, str]] = {}
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise DataError(f"{folder}: there is no such folder")
        if (folder / "index.csv").exists():
            yield from _indexed(folder, skipped)
            continue
        loose.append(folder)
        for path in _files(folder):
            if path.suffix.lower() in (".osu", ".osz"):
                _hash_maps(path, maps, skipped)
    for folder in loose:
        for path in _files(folder):
            if path.suffix.lower() != ".osr":
                continue
            md5 = _beatmap_md5(path)
            if not md5:
                skipped["replay: unreadable"] += 1
            elif md5 in maps:
                yield Pair(str(path), *maps[md5])
            else:
                skipped["replay: its map is not below the folders"] += 1


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, in the disk's order: nothing is held, a folder may be huge."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            else:
                yield Path(entry.path)


def find_maps(folders: list[str | Path], wanted: set[str]) -> dict[str, Pair]:
    """MD5 -> where that map is, of the wanted ones that lie below the folders."""
    maps: dict[str, tuple[str, str]] = {}
    for folder in map(Path, folders):
        for path in sorted(folder.rglob("*")):
            if wanted <= maps.keys():
                break
            if path.suffix.lower() in (".osu", ".osz"):
                _hash_maps(path, maps, Counter())
    return {md5: Pair("", *maps[md5]) for md5 in wanted & maps.keys()}


def _indexed(folder: Path, skipped: Counter) -> Iterator[Pair]:
    with open(folder / "index.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            replay = folder / "replays" / row["replay"]
            beatmap = folder / "beatmaps" / (row["beatmap"] + ".osu")
            if replay.exists() and beatmap.exists():
                yield Pair(str(replay), str(beatmap), split=row.get("split") or "")
            else:
                skipped["index.csv: a file it names is missing"] += 1


def _hash_maps(path: Path, maps: dict, skipped: Counter) -> None:
    try:
        if path.suffix.lower() == ".osu":
            if path.stat().st_size <= MAX_BYTES:
                _keep_first(maps, path.read_bytes(), (str(path), ""))
            return
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.lower().endswith(".osu") and info.file_size <= MAX_BYTES:
                    data = Pair("", str(path), info.filename).read_map()
                    _keep_first(maps, data, (str(path), info.filename))
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, ValueError, EOFError):
        skipped["map: unreadable"] += 1


def _keep_first(maps: dict, data: bytes, place: tuple[str, str]) -> None:
    """Of a map that lies in several places the first by name, in whatever order they are found."""
    md5 = hashlib.md5(data).hexdigest()
    maps[md5] = min(maps.get(md5, place), place)


def _beatmap_md5(replay: Path) -> str:
    """The MD5 in a replay's header (mode, version, then the string), or "" where there is none."""
    try:
        with open(replay, "rb") as file:
            head = file.read(39)
    except OSError:
        return ""
    return head[7:].decode("ascii", "replace") if head[5:7] == b"\x0b\x20" else ""


def split_by_song(songs: list[str], seed: int, held_out=(0.1, 0.1)) -> dict[str, str]:
    """song -> split; `held_out` are the shares of val and test. A song (artist and title) never
    stands on two sides; the same seed and songs give the same split, whatever the order on disk."""
    order = sorted(set(songs), key=lambda s: hashlib.sha256(f"{seed}|{s}".encode()).digest())
    few = [max(1, round(share * len(order))) for share in held_out]  # one song at the least
    cut = max(1, len(order) - sum(few))
    names = ["train"] * cut + ["val"] * few[0] + ["test"] * few[1]
    return dict(zip(order, names, strict=False))
