"""The manifest of a cache: small files beside the shards, so that nobody opens all of those.

    manifest.json   format, seed, what was skipped and why, counts; written last: without it the
                    cache is unfinished
    shards.jsonl    a line a shard: checksum, sizes, how many of its plays are in which split
    songs.json      song -> split, for the plays whose index.csv does not say it
    players.json    player -> frames in the train split, which is what weighs their plays

In memory a shard is some 450 bytes here and a song or a player up to 180: 180 MB for 100 million
plays, and 300 MB for a million songs and a million players.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, sqrt
from pathlib import Path
from typing import NamedTuple

from osu.data.library import SPLITS, DataError
from osu.errors import UNREADABLE
from osu.files import open_file

FORMAT = 13  # of the cache; another number prepares anew
MOST = 2**63 - 1  # of anything that is counted
# Names of Sizes that are others in the files of this format.
_KEYS = {"charts": "tracks", "chart_frames": "track_frames"}


class Sizes(NamedTuple):
    """Counts of what lies in a shard, or in many."""

    plays: int = 0
    frames: int = 0  # of the plays
    charts: int = 0
    chart_frames: int = 0
    objects: int = 0

    def plus(self, other: "Sizes") -> "Sizes":
        return Sizes(*(a + b for a, b in zip(self, other, strict=True)))

    def most(self, other: "Sizes") -> "Sizes":
        return Sizes(*(max(a, b) for a, b in zip(self, other, strict=True)))


class Entry(NamedTuple):
    """One shard as the manifest knows it."""

    sha256: str
    sizes: Sizes
    splits: tuple[int, ...]  # plays in each of osu.data.library.SPLITS


@dataclass(frozen=True)
class Manifest:
    folder: Path
    seed: int
    splits: dict[str, dict[str, int]]  # split -> how many plays, frames, songs
    shards: list[Entry]
    songs: dict[str, str]
    players: dict[str, int]

    def split(self, play: dict) -> str:
        """The split of a play as its shard describes it."""
        try:
            return play["split"] or self.songs[play["song"]]
        except KeyError:
            raise DataError(f"{self.folder}: a play's song has no split; prepare again") from None

    def weight(self, play: dict) -> float:
        """How often a training play is drawn, see osu.data.dataset.Sampler."""
        frames = self.players.get(play["player"], 0)
        if frames < play["frames"]:
            raise DataError(f"{self.folder}: its players.json is of other plays; prepare again")
        return play["frames"] / sqrt(frames)

    @property
    def sizes(self) -> Sizes:
        """The sizes of all shards together."""
        total = Sizes()
        for entry in self.shards:
            total = total.plus(entry.sizes)
        return total


def shard_path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:05d}.npz"


def entry_line(entry: Entry) -> str:
    sizes = {_KEYS.get(name, name): count for name, count in entry.sizes._asdict().items()}
    return json.dumps({"sha256": entry.sha256} | sizes | {"splits": entry.splits}) + "\n"


def _entries(path: Path) -> Iterator[Entry]:
    with open_file(path) as file:
        for line in file:
            sha256, *sizes, splits = json.loads(line).values()
            check_types(dict(enumerate([*sizes, *splits])), dict.fromkeys(range(8), int))
            entry = Entry(sha256, Sizes(*sizes), tuple(splits))
            if sum(splits) != entry.sizes.plays or entry.sizes.frames < entry.sizes.plays:
                raise ValueError("the numbers of a shard contradict each other")
            yield entry


def _load(path: Path) -> dict:
    """The JSON object in a file. One of UNREADABLE."""
    with open_file(path) as file:
        value = json.load(file)
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} is not an object")
    return value


def check_types(value: object, types: dict) -> None:
    """ValueError where a JSON object has other keys than `types`, or values of other types: finite
    floats (`float | None`: or null), counts (ints from 0 to MOST), texts, lists or objects."""
    if not isinstance(value, dict) or value.keys() != types.keys():
        raise ValueError(f"it has not just {', '.join(map(str, types))}")
    for name, kind in types.items():
        given = value[name]
        if kind == float | None and given is None:
            fits = True
        elif kind in (float, float | None):
            fits = type(given) in (int, float) and isfinite(given)
        else:
            fits = type(given) is kind and (kind is not int or 0 <= given <= MOST)
        if not fits:
            raise ValueError(f"its {name} is {str(given)[:40]!r}")


def read_head(folder: Path) -> dict:
    """manifest.json, or {} where the cache is unfinished, of another format or not there."""
    try:
        head = _load(folder / "manifest.json")
    except UNREADABLE:
        return {}
    return head if head.get("format") == FORMAT else {}


def read_manifest(folder: str | Path) -> Manifest:
    """DataError where there is no finished cache, or one that is damaged."""
    folder = Path(folder)
    head = read_head(folder)
    if not head:
        raise DataError(f"{folder}: no prepared plays here (run: uv run -m osu.data FOLDER)")
    try:
        songs, players = _load(folder / "songs.json"), _load(folder / "players.json")
        check_types(players, dict.fromkeys(players, int))
        if not set(songs.values()) <= set(SPLITS) or type(head["seed"]) is not int:
            raise ValueError("a song is in no split, or the seed no number")
        for split, counts in head["splits"].items():
            check_types({split: counts}, dict.fromkeys({split} & set(SPLITS), dict))
            check_types(counts, dict.fromkeys(("plays", "frames", "songs"), int))
        entries = list(_entries(folder / "shards.jsonl"))
        return Manifest(folder, head["seed"], head["splits"], entries, songs, players)
    except UNREADABLE as error:
        raise DataError(f"{folder}: its manifest is damaged ({error}); prepare again") from None
