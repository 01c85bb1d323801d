"""The prepared plays in memory, and batches of windows cut from them on the fly.

Everything a batch needs lies in a few flat tensors (osu.data.tensors), so a batch is a handful of
gathers on the device the tensors live on; there is no loader. A set that is too large for that is
learned from through a window of shards that moves over it (osu.data.stream); the scripts see no
difference. Which windows a step sees is a function of (seed, step) alone: resuming needs no data
position.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from osu import distributed
from osu.data.library import DataError, split_by_song
from osu.data.manifest import Manifest, Sizes, read_manifest, shard_path
from osu.data.prepare import prepare
from osu.data.shards import check_size, read_plays, read_shard
from osu.data.stream import Stream
from osu.data.tensors import Batch, Flat
from osu.errors import shown
from osu.features.chart import Chart
from osu.features.style import style_of_play
from osu.units import frame_count

LIMIT_BYTES = 4_000_000_000  # of a set that takes more only a part is held
BANK_ROWS = 1024  # people to draw from that are kept with the weights at most


@dataclass(frozen=True)
class Described:
    """The description of one play: everything but its frames."""

    replay: str
    beatmap: str  # MD5
    player: str
    song: str
    split: str
    mods: str
    accuracy: float
    misses: int
    screen_px: float  # of the player's pixel grid, 0 where there is none
    recorder: list[float]  # of osu.features.recorder.Recorder, nan where too short
    frames: int
    chart: int


class PlaySet:
    """The prepared plays: those that are held in memory, and a sampler of all.

    `plays` describes the held ones, in the order of every index. Held are all of a set that takes
    at most `limit_bytes`; of a larger one as many shards, evenly spread over it, as take half of
    that: evaluation and whatever scans plays sees those, while `sampler("train")` draws from the
    whole set in the other half. `rotation` shifts which shards are held, by one shard each.
    """

    def __init__(
        self, cache: str | Path, limit_bytes: int = LIMIT_BYTES, rotation: int = 0
    ) -> None:
        self.manifest = read_manifest(cache)
        shards, sizes = self.manifest.shards, self.manifest.sizes
        self.limit_bytes, total = limit_bytes, _held_bytes(sizes)
        self.in_memory = total <= limit_bytes
        count = len(shards) if self.in_memory else max(1, len(shards) * limit_bytes // (2 * total))
        numbers = [(len(shards) * i // count + rotation) % len(shards) for i in range(count)]
        capacity = Sizes()
        for number in numbers:
            check_size(shard_path(self.manifest.folder, number), shards[number])
            capacity = capacity.plus(shards[number].sizes)
        if not (self.in_memory or rotation):
            print(
                f"{cache}: {sizes.plays} plays would take {total / 1e9:.1f} GB of the "
                f"{limit_bytes / 1e9:.1f} allowed: {capacity.plays} are held, the rest read in turn"
            )
        self.person = ""  # whose set it is, see `of_person`
        self.plays: list[Described] = []
        self.charts: list[Chart] = []
        self.presses: list[list[np.ndarray]] = []  # of each play and key (N, 2) map ms
        self._flat, self._styles, at = Flat(capacity), None, Sizes()
        for number in numbers:
            shard = read_shard(shard_path(self.manifest.folder, number), shards[number])
            self._flat.put(shard, at)
            at = at.plus(shards[number].sizes)
            charts = len(self.charts)
            self.plays += [_described(play, self.manifest, charts) for play in shard.plays]
            self.charts += shard.charts
            self.presses += shard.presses

    def rotated(self, rotation: int) -> "PlaySet":
        """The same set with other plays held; with all of it in memory, itself."""
        if self.in_memory:
            return self
        return PlaySet(self.manifest.folder, self.limit_bytes, rotation)

    def of_person(self, player: str) -> "PlaySet":
        """Makes it a set to learn one person from, in place, by splits of its own.

        `val` are that person's plays of songs in the val and test splits, or, where those are none
        or more than a third of theirs, of a tenth of their songs; `train` are their other plays and
        other people's of other songs of the train split, from which half of each batch is drawn
        where there are any. Everything else is in the split "". DataError, which lists who is
        there, without a play of that person, and where all are of one song.
        """
        names = Counter(play.player for play in self.plays)
        own = [play for play in self.plays if _is_by(play, player)]
        if not own:
            there = ", ".join(f"{shown(name, 40)} ({n})" for name, n in names.most_common(20))
            raise DataError(f"no prepared play is of {player!r}; there are: {there}")
        songs = {play.song for play in own}
        held = {play.song for play in own if play.split != "train"}
        if not 0 < sum(play.song in held for play in own) <= len(own) / 3:
            if len(songs) < 2:
                raise DataError(
                    f"all plays of {player!r} are of one song, and one is held out to compare: "
                    "add plays of another one"
                )
            split = split_by_song(sorted(songs), self.manifest.seed)
            held = {song for song in songs if split[song] == "val"} or {min(songs)}
        self.person = own[0].player

        def split_of(play: Described) -> str:
            if _is_by(play, player):
                return "val" if play.song in held else "train"
            return "train" if play.split == "train" and play.song not in held else ""

        self.plays = [replace(play, split=split_of(play)) for play in self.plays]
        return self

    def own(self, split: str) -> np.ndarray:
        """`where`, but of a person's set only that person's plays."""
        index = self.where(split)
        if not self.person:
            return index
        return np.array([i for i in index if _is_by(self.plays[i], self.person)], int)

    def chart(self, index: int) -> Chart:
        """The chart of one play."""
        return self.charts[self.plays[index].chart]

    def to(self, device: torch.device | str) -> "PlaySet":
        """Moves the tensors to a device, in place."""
        self._flat.to(device)
        return self

    @property
    def device(self) -> torch.device:
        return self._flat.device

    def describe(self) -> dict:
        """Counts of the whole set for a model's card."""
        counts = {name: of["plays"] for name, of in self.manifest.splits.items()}
        hours = self.manifest.sizes.frames / frame_count(0, 3.6e6, 1)
        return {"plays": counts, "hours": round(hours, 1)}

    def where(self, split: str) -> np.ndarray:
        """Indices of the held plays of a split. DataError where there is none."""
        index = np.array([i for i, play in enumerate(self.plays) if play.split == split], int)
        if not len(index):
            raise DataError(f"no prepared play is in the {split} split")
        return index

    def window(self, index: np.ndarray, start: np.ndarray, length: int) -> Batch:
        """Windows of `length` frames: plays index (B,) from frames start (B,)."""
        return self._flat.window(index, start, length)

    def cursor(self, index: int) -> np.ndarray:
        """(T, 2) float32 units: the cursor of one play."""
        return self._flat.cursor(index)

    def style(self, index: int) -> np.ndarray:
        """(len(osu.features.style.Style),) float32 of one play, nan where unknown."""
        play = self.plays[index]
        return style_of_play(
            self.chart(index),
            self.presses[index],
            self.cursor(index),
            play.accuracy,
            play.screen_px,
        )

    def styles(self) -> Tensor:
        """(P, len(osu.features.style.Style)) of all held plays, on the device; computed once."""
        if self._styles is None:
            styles = [self.style(i) for i in range(len(self.plays))]
            self._styles = torch.from_numpy(np.stack(styles))
        return self._styles.to(self.device)

    def sampler(self, split: str, rank: int = 0, world_size: int = 1) -> "Sampler | Stream":
        """Windows of a split, for process `rank` of `world_size`."""
        if self.in_memory or self.person or split != "train":
            return Sampler(self, self.where(split), rank, world_size)
        capacity = self.limit_bytes // 2
        return Stream(self.manifest, self.device, capacity, len(self.plays), rank, world_size)


def _is_by(play: Described, player: str) -> bool:
    """Names of players differ by more than case."""
    return play.player.casefold() == player.casefold()


def _held_bytes(sizes: Sizes) -> int:
    """The bytes that held plays take: flat tensors, and the arrays of their charts beside them."""
    return Flat.bytes(sizes) + 16 * sizes.chart_frames + 36 * sizes.objects


class Sampler:
    """Draws windows of a split: a player by the square root of their play time, then one of their
    plays by its length. One player with 176 of 985 plays would otherwise be a fifth of all. Of a
    person's set (`PlaySet.of_person`) half of the windows are that person's.

    Every process draws the whole batch and takes its own rows, so what is learned from at a step
    does not depend on how many processes there are.
    """

    def __init__(
        self, plays: PlaySet, index: np.ndarray, rank: int = 0, world_size: int = 1
    ) -> None:
        self.plays, self.index, self.rank, self.world_size = plays, index, rank, world_size
        frames = np.array([plays.plays[i].frames for i in index], float)
        total: Counter = Counter()
        for i, count in zip(index, frames, strict=True):
            total[plays.plays[i].player] += count
        weight = frames / np.sqrt([total[plays.plays[i].player] for i in index])
        own = np.array([_is_by(plays.plays[i], plays.person) for i in index])
        if own.any() and not own.all():
            weight[own] /= weight[own].sum()
            weight[~own] /= weight[~own].sum()
        self.share = weight / weight.sum()

    def draw(self, batch: int, length: int, seed: tuple[int, ...]) -> Batch:
        """This process's rows of `batch` windows of `length` frames; the same `seed` (run, step)
        draws the same."""
        rng = np.random.default_rng(seed)
        rows = self._own(rng.choice(len(self.index), batch, p=self.share))
        return self._windows(self.index[rows], length, self._own(rng.random(batch)))

    def again(self, index: Tensor, length: int, seed: tuple[int, ...]) -> Batch:
        """Other windows of the plays `index` (B,) of this process's rows."""
        start_share = np.random.default_rng(seed).random(len(index) * self.world_size)
        return self._windows(index.cpu().numpy(), length, self._own(start_share))

    def _own(self, rows: np.ndarray) -> np.ndarray:
        return rows[distributed.own_rows(len(rows), self.rank, self.world_size)]

    def _windows(self, index: np.ndarray, length: int, start_share: np.ndarray) -> Batch:
        """Windows of the plays `index`, each at the share `start_share` of its possible starts."""
        frames = np.array([self.plays.plays[i].frames for i in index])
        starts = np.maximum(frames - length, 0) + 1
        return self.plays.window(index, (start_share * starts).astype(int), length)

    def styles(self, index: Tensor) -> Tensor:
        """(B, len(osu.features.style.Style)) of the plays of a batch, nan where unknown."""
        return self.plays.styles()[index]


def bank_of(index: np.ndarray) -> np.ndarray:
    """The plays `index` that people are drawn from: all, or BANK_ROWS at most, evenly spread.

    Whoever plays often is in it as often: who plays a map is as frequent as in people's plays.
    """
    return index[:: max(1, -(-len(index) // BANK_ROWS))]


def each_play(cache: str | Path) -> Iterator[Described]:
    """All plays of a cache, read one shard at a time, in the order of a PlaySet in memory."""
    manifest, charts = read_manifest(cache), 0
    for number, entry in enumerate(manifest.shards):
        for play in read_plays(shard_path(manifest.folder, number)):
            yield _described(play, manifest, charts)
        charts += entry.sizes.charts


def _described(play: dict, manifest: Manifest, charts: int) -> Described:
    """A play as its shard describes it; `charts` are those before the shard's."""
    fields = {name: value for name, value in play.items() if name not in ("edges", "track")}
    fields |= {"split": manifest.split(play), "chart": charts + play["track"]}
    return Described(**fields)


def open_plays(folders: str, cache: str, seed: int = 0, person: str = "") -> PlaySet:
    """The plays below `folders` (separated by commas), prepared into a folder of their own below
    `cache` where they are not yet.

    Where `folders` is empty, `cache` itself is opened: it may have travelled without the data. With
    `person` it is made that player's set (`PlaySet.of_person`).
    """
    plays = PlaySet(cache) if not folders else PlaySet(_prepared(folders, cache, seed))
    return plays.of_person(person) if person else plays


def _prepared(folders: str, cache: str, seed: int) -> Path:
    resolved = [str(Path(folder).resolve()) for folder in folders.split(",")]
    name = hashlib.sha256("|".join(resolved).encode()).hexdigest()[:8]
    with distributed.first_alone():
        return prepare(resolved, Path(cache) / name, seed)
