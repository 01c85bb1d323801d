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
from pathlib import Path
from typing import NamedTuple

from osu.data.library import DataError

FORMAT = 7  # of the cache; another number prepares anew
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
        return play["split"] or self.songs[play["song"]]

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
    with open(path, encoding="utf-8") as file:
        for line in file:
            sha256, *sizes, splits = json.loads(line).values()
            yield Entry(sha256, Sizes(*sizes), tuple(splits))


def read_head(folder: Path) -> dict:
    """manifest.json, or {} where the cache is unfinished, of another format or not there."""
    try:
        head = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return head if head.get("format") == FORMAT else {}


def read_manifest(folder: str | Path) -> Manifest:
    """DataError where there is no finished cache, or one that is damaged."""
    folder = Path(folder)
    head = read_head(folder)
    if not head:
        raise DataError(f"{folder}: no prepared plays here (run: uv run -m osu.data FOLDER)")
    try:
        return Manifest(
            folder,
            head["seed"],
            head["splits"],
            list(_entries(folder / "shards.jsonl")),
            json.loads((folder / "songs.json").read_text(encoding="utf-8")),
            json.loads((folder / "players.json").read_text(encoding="utf-8")),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder}: its manifest is damaged ({error}); prepare again") from None
