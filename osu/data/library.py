"""Finds replays and the maps they were played on, in folders as players have them.

A folder holds .osr and .osu, .osz or .olz (lazer's export: a .osz whose maps are as lazer keeps
them) anywhere below it, matched by the map's MD5, or has an index.csv with columns replay, beatmap
and split as the shared research data has. An osu!stable installation is such a folder, in which
the game's own osu!.db and scores.db spare most of the searching; where they cannot be read, the
folder is searched like any other and that is counted among the skipped. Lazer's own folder is one,
too: its files have hashes for names, so their content says what they are. Links to folders are
followed. Files are only ever opened for reading, and nothing here parses one beyond what matching
needs.

A map whose line ends a tool has changed (git does) has another MD5 than the one that was played.
Such a map is found by its MD5 with the game's line ends, read with them, and counted.
"""

import csv
import hashlib
import io
import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from osu.data.finding.folders import GoesOn, files_below, lazer_storage, songs_folder
from osu.data.finding.pair import Pair, maps_in, md5_of
from osu.errors import UNREADABLE, UserError, shown
from osu.files import open_file, read_file
from osu.formats import osu_db
from osu.formats.archive import ARCHIVES
from osu.formats.binary import ByteReader
from osu.formats.osu_db import StableError

SPLITS = ("train", "val", "test")
MAP_SUFFIXES = (".osu", *ARCHIVES)
HEAD_BYTES = 1024  # of a .osr, up to its third text
NAMES_SHOWN = 20
NO_MAP = "replay: its map is not below the folders"
CHANGED_LINE_ENDS = "map: found by its MD5 with CRLF for line ends, which a tool has changed"


class DataError(UserError):
    """Folders that hold nothing to learn from, or a cache that cannot be read."""


@dataclass(frozen=True)
class ReplayHead:
    """How a .osr file begins."""

    mode: int
    beatmap_md5: str
    player: str
    replay_md5: str


@dataclass(frozen=True)
class _Place:
    """A folder to search, and what the game's own files say of it where it is an installation."""

    folder: Path
    songs: Path  # of an installation, which may keep it elsewhere
    listed: list[osu_db.ListedMap]  # empty where osu!.db cannot be used
    local: dict[str, osu_db.LocalPlay]  # absolute path of a replay in Data/r -> its play

    def files(self, suffixes: tuple[str, ...], skipped: Counter) -> Iterator[Path]:
        """What has to be searched: not Songs where osu!.db lists it."""
        yield from files_below(self.folder, suffixes, skipped, self.songs if self.listed else None)
        if not self.listed and not self.songs.is_relative_to(self.folder):
            yield from files_below(self.songs, suffixes, skipped)


def find_pairs(folders: list[str | Path], player: str | None = None) -> tuple[list[Pair], Counter]:
    """`each_pair` as a list sorted by map, and the reasons of the others.

    DataError also where no replay has its map.
    """
    skipped: Counter = Counter()
    pairs = list(each_pair(folders, skipped, player))
    if not pairs:
        raise nothing_found(folders)
    return sorted(pairs, key=lambda p: (p.beatmap, p.member, p.replay)), skipped


def nothing_found(folders: list[str | Path]) -> DataError:
    names = ", ".join(map(str, folders))
    what = "no replay (.osr) with its map (.osu, .osz, .olz)"
    return DataError(f"{what} was found in {names}: open or name the folder of the maps, too")


def each_pair(
    folders: list[str | Path], skipped: Counter, player: str | None = None
) -> Iterator[Pair]:
    """Every replay below the folders with its map, in no order; the reasons of the others are
    counted in `skipped`, and maps that were found by other line ends, too. Memory grows with the
    maps (some 400 bytes each), not with the replays.

    With `player` only theirs (upper and lower case are one). DataError where a folder does not
    exist or no replay is of that player: then the sentence lists who is there.
    """
    names: Counter = Counter()
    places: list[_Place] = []
    for folder in _outermost(folders):
        if not folder.is_dir():
            raise DataError(f"{folder}: there is no such folder")
        if not _has_index(folder, skipped):
            places.append(_place(folder, skipped))
            continue
        for pair in _indexed(folder, skipped):
            if player is None or _is_of(player, replay_head(Path(pair.replay)), names, skipped):
                yield pair
    maps = _Maps(places)
    for place in places:
        for path in place.files(MAP_SUFFIXES, skipped):
            maps.add(path, skipped)
    lost: list[tuple[str, str]] = []
    for path, head in _heads(places, skipped):
        if player is None or _is_of(player, head, names, skipped):
            if maps.find(head.beatmap_md5):
                yield maps.pair(path, head.beatmap_md5, skipped)
            elif any(place.listed for place in places):
                lost.append((path, head.beatmap_md5))
            else:
                skipped[NO_MAP] += 1
    if lost:
        for path in maps.unread(skipped):
            maps.add(path, skipped)
    for path, md5 in lost:
        if maps.find(md5):
            yield maps.pair(path, md5, skipped)
        else:
            skipped[NO_MAP] += 1
    if player is not None and not any(name.casefold() == player.casefold() for name in names):
        found = ", ".join(
            f"{shown(name, 40)} ({count})" for name, count in names.most_common(NAMES_SHOWN)
        )
        more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
        raise DataError(f"no replay is of {player!r}; there are: {found or 'none at all'}{more}")


def find_maps(
    names: Sequence[str | Path], wanted: set[str], goes_on: GoesOn = lambda: True
) -> dict[str, Pair]:
    """MD5 -> where that map is, of the wanted ones in the files and below the folders `names`.

    Ends where `goes_on`, asked before each file that is read, says so.
    """
    skipped: Counter = Counter()
    files = [path for path in map(Path, names) if path.is_file()]
    folders = [path for path in map(Path, names) if path.is_dir()]
    maps = _Maps([_place(folder, skipped) for folder in _outermost(folders)])
    missing = {md5 for md5 in wanted if not maps.find(md5)}
    for path in itertools.chain(files, maps.searched(skipped)):
        if missing <= maps.known.keys() or not goes_on():
            break
        maps.add(path, skipped)
    return {md5: maps.pair("", md5, skipped) for md5 in wanted if maps.find(md5)}


def find_map(files: Iterable[Path], md5: str) -> Pair | None:
    """Where the map of that MD5 is: in the first of `files` (.osu, .osz, .olz) that holds it."""
    for path in files:
        try:
            for map_md5, member, crlf in maps_in(path):
                if map_md5 == md5:
                    return Pair("", str(path), member, crlf=crlf)
        except UNREADABLE:
            continue
    return None


def map_files(names: Iterable[str | Path], skipped: Counter) -> list[Path]:
    """The names that are files, and the maps (.osu, .osz, .olz) below those that are folders, in
    the names' order and by path in a folder, each once.

    Folders that cannot be read are counted in `skipped`. DataError where there is nothing.
    """
    if found := _named_files(names, MAP_SUFFIXES, skipped):
        return found
    raise DataError(f"{', '.join(map(str, names))}: there is no map (.osu, .osz, .olz) here")


def replay_files(
    names: Iterable[str | Path], skipped: Counter, goes_on: GoesOn = lambda: True
) -> list[Path]:
    """`map_files`, of replays (.osr). Ends where `goes_on`, asked at each folder, says so."""
    if found := _named_files(names, (".osr",), skipped, goes_on):
        return found
    raise DataError(f"{', '.join(map(str, names))}: there is no replay (.osr) here")


def _named_files(
    names: Iterable[str | Path],
    suffixes: tuple[str, ...],
    skipped: Counter,
    goes_on: GoesOn = lambda: True,
) -> list[Path]:
    found: dict[str, Path] = {}
    for path in map(Path, names):
        files = [path]
        if path.is_dir():
            files = sorted(files_below(lazer_storage(path), suffixes, skipped, goes_on=goes_on))
        for file in files:
            found.setdefault(os.path.abspath(file), file)
    return list(found.values())


def _outermost(folders: list[str | Path]) -> list[Path]:
    """The folders, lazer's by where it says that it keeps its files, without those that lie in
    another one, so that every file is met once."""
    real = {Path(os.path.realpath(folder)): folder for folder in map(lazer_storage, folders)}
    return [path for key, path in real.items() if not real.keys() & set(key.parents)]


def _has_index(folder: Path, skipped: Counter) -> bool:
    """Whether a folder's index.csv is there and one of replays and beatmaps."""
    try:
        with _open_index(folder) as rows:
            if {"replay", "beatmap"} <= set(rows.fieldnames or ()):
                return True
    except FileNotFoundError:
        return False
    except (OSError, ValueError, csv.Error):
        pass
    skipped["index.csv: not one of replays and beatmaps; the folder was searched instead"] += 1
    return False


def _indexed(folder: Path, skipped: Counter) -> Iterator[Pair]:
    with _open_index(folder) as rows:
        try:
            for row in rows:
                replay = folder / "replays" / (row["replay"] or "")
                beatmap = folder / "beatmaps" / f"{row['beatmap']}.osu"
                if _is_below(replay, folder) and _is_below(beatmap, folder):
                    split = row.get("split") or ""
                    yield Pair(str(replay), str(beatmap), split=split if split in SPLITS else "")
                else:
                    skipped["index.csv: a file it names is missing"] += 1
        except (ValueError, csv.Error):
            skipped["index.csv: damaged, what comes after is left out"] += 1


@contextmanager
def _open_index(folder: Path) -> Iterator[csv.DictReader]:
    with io.TextIOWrapper(open_file(folder / "index.csv"), "utf-8", newline="") as file:
        yield csv.DictReader(file)


def _is_below(path: Path, folder: Path) -> bool:
    """Whether a file is there, and not elsewhere on the disk."""
    try:
        return ".." not in path.parts and path.is_relative_to(folder) and path.is_file()
    except (OSError, ValueError):  # a name that is too long, or holds a null
        return False


def _place(folder: Path, skipped: Counter) -> _Place:
    if not osu_db.is_installation(folder):
        return _Place(folder, folder, [], {})
    listed: list[osu_db.ListedMap] = []
    plays: list[osu_db.LocalPlay] = []
    songs = songs_folder(folder)
    if songs.is_dir():
        try:
            listed = osu_db.read_maps(folder / osu_db.MAPS_DB)
        except StableError as error:
            skipped[f"{error}; Songs was searched instead"] += 1
    else:
        skipped["osu!.db: its Songs folder is elsewhere; name it as a further folder"] += 1
    try:
        plays = osu_db.read_scores(folder / osu_db.SCORES_DB)
    except StableError as error:
        skipped[f"{error}; the replays' own headers were believed instead"] += 1
    replays = folder / osu_db.LOCAL_REPLAYS
    local = {os.path.abspath(replays / play.file_name): play for play in plays}
    return _Place(folder, songs if songs.is_dir() else folder, listed, local)


def _heads(places: list[_Place], skipped: Counter) -> Iterator[tuple[str, ReplayHead]]:
    """Path of every replay that can be used, and how it begins.

    A replay that the player exported from a local play (Replays/ beside Data/r) is that play again;
    scores.db says so by the replay's MD5.
    """
    local = {path: play for place in places for path, play in place.local.items()}
    kept = {p.replay_md5 for path, p in local.items() if p.replay_md5 and os.path.isfile(path)}
    for place in places:
        for path in place.files((".osr",), skipped):
            head, play = replay_head(path), local.get(os.path.abspath(path))
            if head is None:
                skipped["replay: unreadable"] += 1
            elif head.mode:
                skipped["replay: of another game mode"] += 1
            elif play and (play.beatmap_md5, play.player) != (head.beatmap_md5, head.player):
                skipped["replay: not the play that scores.db names"] += 1
            elif not play and head.replay_md5 in kept:
                skipped["replay: exported from a local play that is here too"] += 1
            else:
                yield str(path), head


def replay_head(replay: Path) -> ReplayHead | None:
    """How a .osr file begins, without reading the rest; None where it is none."""
    try:
        source = ByteReader(read_file(replay, HEAD_BYTES))
        mode, _ = source.take("<Bi")
        head = ReplayHead(mode, *(source.string(what) for what in ("map", "player", "replay")))
    except (OSError, ValueError):
        return None
    return head if len(head.beatmap_md5) == 32 else None


def _is_of(player: str, head: ReplayHead | None, names: Counter, skipped: Counter) -> bool:
    """Whether a replay is the player's; counts whose it is."""
    name = head.player if head else ""
    names[name] += 1
    if name.casefold() == player.casefold():
        return True
    skipped["replay: of another player"] += 1
    return False


class _Maps:
    """Where the maps in the places are: MD5 -> (path, member), in `changed` by the MD5 that they
    have with CRLF."""

    def __init__(self, places: list[_Place]) -> None:
        self.places = places
        self.known: dict[str, tuple[str, str]] = {}
        self.changed: dict[str, tuple[str, str]] = {}
        self.told: set[str] = set()  # of the changed ones
        self.listed = {e.md5: place.songs / e.path for place in places for e in place.listed}

    def find(self, md5: str) -> bool:
        """Whether it is there. What osu!.db lists is believed where the file's own MD5 agrees."""
        if md5 not in self.known and md5 in self.listed:
            path = self.listed[md5]
            if md5_of(path) == md5:
                self.known[md5] = (str(path), "")
            else:
                del self.listed[md5]
        return md5 in self.known or md5 in self.changed

    def pair(self, replay: str, md5: str, skipped: Counter) -> Pair:
        """A replay with its map, which is there."""
        if md5 in self.known:
            return Pair(replay, *self.known[md5])
        if md5 not in self.told:
            self.told.add(md5)
            skipped[CHANGED_LINE_ENDS] += 1
        return Pair(replay, *self.changed[md5], crlf=True)

    def searched(self, skipped: Counter) -> Iterator[Path]:
        """All files that may hold missing maps, those in Songs of an installation last."""
        for place in self.places:
            yield from place.files(MAP_SUFFIXES, skipped)
        yield from self.unread(skipped)

    def unread(self, skipped: Counter) -> Iterator[Path]:
        """The files in Songs that were not found to be what osu!.db lists: it can be damaged, and
        a map can have changed since."""
        read = {Path(path) for path, _ in self.known.values()}
        for place in self.places:
            if place.listed:
                for path in files_below(place.songs, MAP_SUFFIXES, skipped):
                    if path not in read:
                        yield path

    def add(self, path: Path, skipped: Counter) -> None:
        """The maps in a file."""
        try:
            for md5, member, crlf in maps_in(path):
                self._keep(self.changed if crlf else self.known, md5, (str(path), member))
        except UNREADABLE:
            skipped["map: unreadable"] += 1

    def _keep(self, kept: dict[str, tuple[str, str]], md5: str, where: tuple[str, str]) -> None:
        """Of a map that lies in several places the first by name, whatever the disk's order."""
        kept[md5] = min(kept.get(md5, where), where)


def split_by_song(songs: list[str], seed: int, held_out=(0.1, 0.1)) -> dict[str, str]:
    """song -> split; `held_out` are the shares of val and test. A song (artist and title) never
    stands on two sides; the same seed and songs give the same split, whatever the order on disk."""
    order = sorted(set(songs), key=lambda s: hashlib.sha256(f"{seed}|{s}".encode()).digest())
    few = [max(1, round(share * len(order))) for share in held_out]  # one song at the least
    cut = max(1, len(order) - sum(few))
    names = ["train"] * cut + ["val"] * few[0] + ["test"] * few[1]
    return dict(zip(order, names, strict=False))
