"""Finds replays and the maps they were played on, in folders as players have them.

A folder holds .osr and .osu, .osz or .olz (lazer's export: a .osz whose maps are as lazer keeps
them) anywhere below it, matched by the map's MD5, or has an index.csv with columns replay, beatmap
and split as the shared research data has. An osu!stable installation is such a folder, in which
the game's own osu!.db and scores.db spare most of the searching; where they cannot be read, the
folder is searched like any other and that is counted among the skipped. Files are only ever opened
for reading, and nothing here parses one beyond what matching needs.
"""

import csv
import hashlib
import lzma
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from osu import stable
from osu.binary import Source
from osu.osufile import MAX_BYTES
from osu.stable import StableError

SPLITS = ("train", "val", "test")
MAP_SUFFIXES = (".osu", ".osz", ".olz")
HEAD_BYTES = 1024  # of a .osr, up to its third text
NAMES_SHOWN = 20
_BAD_ARCHIVE = (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error,
                lzma.LZMAError)  # fmt: skip


class DataError(ValueError):
    """Folders that hold nothing to learn from, or a cache that cannot be read."""


@dataclass(frozen=True)
class Pair:
    """A replay and its map: `member` names the .osu inside an .osz or .olz, or is empty."""

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


@dataclass(frozen=True)
class _Head:
    """How a .osr file begins."""

    mode: int
    beatmap_md5: str
    player: str
    replay_md5: str


@dataclass(frozen=True)
class _Place:
    """A folder to search, and what the game's own files say of it where it is an installation."""

    folder: Path
    listed: list[stable.ListedMap]  # empty where osu!.db cannot be used
    local: dict[str, stable.LocalPlay]  # absolute path of a replay in Data/r -> its play

    @property
    def songs(self) -> Path:
        return self.folder / stable.SONGS

    def files(self, suffixes: tuple[str, ...], skipped: Counter) -> Iterator[Path]:
        """What has to be searched: not Songs where osu!.db lists it."""
        return _files(self.folder, suffixes, self.songs if self.listed else None, skipped)


def find_pairs(folders: list[str | Path], player: str | None = None) -> tuple[list[Pair], Counter]:
    """Every replay below the folders with its map, sorted by map, and the reasons of the others.

    With `player` only theirs (upper and lower case are one). DataError where a folder does not
    exist, no replay has its map, or none is of that player: then the sentence lists who is there.
    """
    indexed: list[Pair] = []
    skipped: Counter = Counter()
    places: list[_Place] = []
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise DataError(f"{folder}: there is no such folder")
        if (folder / "index.csv").exists():
            indexed += _indexed(folder, skipped)
        else:
            places.append(_place(folder, skipped))
    heads = _heads(places, skipped)
    if player is not None:
        indexed, heads = _only(player, indexed, heads, skipped)
    maps = _find_maps(places, {head.beatmap_md5 for head in heads.values()}, skipped)
    pairs = indexed
    for path, head in heads.items():
        if head.beatmap_md5 in maps:
            pairs.append(Pair(path, *maps[head.beatmap_md5]))
        else:
            skipped["replay: its map is not below the folders"] += 1
    if not pairs:
        names = ", ".join(map(str, folders))
        raise DataError(f"{names}: no replay (.osr) with its map (.osu, .osz, .olz) was found")
    return sorted(pairs, key=lambda p: (p.beatmap, p.member, p.replay)), skipped


def find_maps(folders: list[str | Path], wanted: set[str]) -> dict[str, Pair]:
    """MD5 -> where that map is, of the wanted ones that lie below the folders."""
    skipped: Counter = Counter()
    maps = _find_maps([_place(Path(folder), skipped) for folder in folders], wanted, skipped)
    return {md5: Pair("", *maps[md5]) for md5 in wanted & maps.keys()}


def _indexed(folder: Path, skipped: Counter) -> list[Pair]:
    pairs = []
    with open(folder / "index.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            replay = folder / "replays" / row["replay"]
            beatmap = folder / "beatmaps" / (row["beatmap"] + ".osu")
            if replay.exists() and beatmap.exists():
                pairs.append(Pair(str(replay), str(beatmap), split=row.get("split") or ""))
            else:
                skipped["index.csv: a file it names is missing"] += 1
    return pairs


def _place(folder: Path, skipped: Counter) -> _Place:
    if not stable.is_installation(folder):
        return _Place(folder, [], {})
    listed: list[stable.ListedMap] = []
    plays: list[stable.LocalPlay] = []
    if (folder / stable.SONGS).is_dir():
        try:
            listed = stable.read_maps(folder / stable.MAPS_DB)
        except StableError as error:
            skipped[f"{error}; Songs was searched instead"] += 1
    else:
        skipped["osu!.db: its Songs folder is elsewhere; name it as a further folder"] += 1
    try:
        plays = stable.read_scores(folder / stable.SCORES_DB)
    except StableError as error:
        skipped[f"{error}; the replays' own headers were believed instead"] += 1
    replays = folder / stable.LOCAL_REPLAYS
    local = {os.path.abspath(replays / play.file_name): play for play in plays}
    return _Place(folder, listed, local)


def _heads(places: list[_Place], skipped: Counter) -> dict[str, _Head]:
    """Path of every replay that can be used -> how it begins; a file is taken once.

    A replay that the player exported from a local play (Replays/ beside Data/r) is that play again;
    scores.db says so by the replay's MD5.
    """
    found: dict[str, Path] = {}
    local: dict[str, stable.LocalPlay] = {}
    for place in places:
        for path in place.files((".osr",), skipped):
            found.setdefault(os.path.abspath(path), path)
        local |= place.local
    kept = {play.replay_md5 for path, play in local.items() if path in found and play.replay_md5}
    heads = {}
    for absolute, path in found.items():
        head, play = _head(path), local.get(absolute)
        if head is None:
            skipped["replay: unreadable"] += 1
        elif head.mode:
            skipped["replay: of another game mode"] += 1
        elif play and (play.beatmap_md5, play.player) != (head.beatmap_md5, head.player):
            skipped["replay: not the play that scores.db names"] += 1
        elif not play and head.replay_md5 in kept:
            skipped["replay: exported from a local play that is here too"] += 1
        else:
            heads[str(path)] = head
    return heads


def _head(replay: Path) -> _Head | None:
    try:
        with open(replay, "rb") as file:
            source = Source(file.read(HEAD_BYTES))
        mode, _ = source.take("<Bi")
        head = _Head(mode, *(source.string(what) for what in ("map", "player", "replay")))
    except (OSError, ValueError):
        return None
    return head if len(head.beatmap_md5) == 32 else None


def _only(
    player: str, indexed: list[Pair], heads: dict[str, _Head], skipped: Counter
) -> tuple[list[Pair], dict[str, _Head]]:
    """The pairs and heads of one player's replays."""
    of_pairs = [head.player if (head := _head(Path(pair.replay))) else "" for pair in indexed]
    names = Counter([*of_pairs, *(head.player for head in heads.values())])
    chosen = {name for name in names if name.casefold() == player.casefold()}
    if not chosen:
        shown = ", ".join(f"{name} ({count})" for name, count in names.most_common(NAMES_SHOWN))
        more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
        raise DataError(f"no replay is of {player!r}; there are: {shown or 'none at all'}{more}")
    others = names.total() - sum(names[name] for name in chosen)
    if others:
        skipped["replay: of another player"] += others
    return (
        [pair for pair, name in zip(indexed, of_pairs, strict=True) if name in chosen],
        {path: head for path, head in heads.items() if head.player in chosen},
    )


def _find_maps(
    places: list[_Place], wanted: set[str], skipped: Counter
) -> dict[str, tuple[str, str]]:
    """MD5 -> (path, member) of maps in the places; it ends where all that are wanted are found.

    What osu!.db lists is believed where the file's own MD5 agrees. Last, the files in Songs are
    searched that osu!.db does not list, or that changed since.
    """
    maps: dict[str, tuple[str, str]] = {}
    for place in places:
        for entry in place.listed:
            if entry.md5 in wanted and entry.md5 not in maps:
                path = place.songs / entry.path
                if _md5_of(path) == entry.md5:
                    maps[entry.md5] = (str(path), "")
    for path in _searched_maps(places, wanted, skipped):
        if wanted <= maps.keys():
            break
        _hash_maps(path, maps, skipped)
    return maps


def _searched_maps(places: list[_Place], wanted: set[str], skipped: Counter) -> Iterator[Path]:
    for place in places:
        yield from place.files(MAP_SUFFIXES, skipped)
    for place in places:
        if place.listed:
            others = {place.songs / entry.path for entry in place.listed if entry.md5 not in wanted}
            for path in _files(place.songs, MAP_SUFFIXES, None, skipped):
                if path not in others:
                    yield path


def _files(
    folder: Path, suffixes: tuple[str, ...], without: Path | None, skipped: Counter
) -> Iterator[Path]:
    """The files below a folder that end so, sorted, except those below `without`."""

    def refused(error: OSError) -> None:
        skipped[f"folder: {error.strerror}"] += 1

    for parent, folders, names in os.walk(folder, onerror=refused):
        folders[:] = sorted(name for name in folders if Path(parent, name) != without)
        for name in sorted(names):
            path = Path(parent, name)
            if path.suffix.lower() in suffixes and path.is_file():
                yield path


def _md5_of(path: Path) -> str:
    """Of a .osu file; "" where it has gone, cannot be read or is too large for one."""
    try:
        if path.is_file() and path.stat().st_size <= MAX_BYTES:
            return hashlib.md5(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        pass
    return ""


def _hash_maps(path: Path, maps: dict, skipped: Counter) -> None:
    if path.suffix.lower() == ".osu":
        md5 = _md5_of(path)
        if md5:
            maps.setdefault(md5, (str(path), ""))
        else:
            skipped["map: unreadable"] += 1
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.lower().endswith(".osu") and info.file_size <= MAX_BYTES:
                    data = Pair("", str(path), info.filename).read_map()
                    maps.setdefault(hashlib.md5(data).hexdigest(), (str(path), info.filename))
    except _BAD_ARCHIVE:
        skipped["map: unreadable"] += 1


def split_by_song(songs: list[str], seed: int, held_out=(0.1, 0.1)) -> dict[str, str]:
    """song -> split; `held_out` are the shares of val and test. A song (artist and title) never
    stands on two sides; the same seed and songs give the same split, whatever the order on disk."""
    order = sorted(set(songs), key=lambda s: hashlib.sha256(f"{seed}|{s}".encode()).digest())
    few = [max(1, round(share * len(order))) for share in held_out]  # one song at the least
    cut = max(1, len(order) - sum(few))
    names = ["train"] * cut + ["val"] * few[0] + ["test"] * few[1]
    return dict(zip(order, names, strict=False))
