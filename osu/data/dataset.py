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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from osu import distributed
from osu.data.library import DataError
from osu.data.manifest import Manifest, Sizes, read_manifest, shard_path
from osu.data.prepare import prepare
from osu.data.shards import read_plays, read_shard
from osu.data.stream import Stream
from osu.data.tensors import Batch, Flat
from osu.features.chart import Chart
from osu.features.style import style_of_play
from osu.units import frame_count

LIMIT_BYTES = 4_000_000_000  # a set that takes more is not held whole


@dataclass(frozen=True)
class Described:
    """What is known of one play besides its frames."""

    replay: str
    beatmap: str  # MD5
    player: str
    song: str
    split: str
    mods: str
    accuracy: float
    misses: int
    screen_px: float  # of the player's pixel grid, 0 where there is none
    frames: int
    chart: int


class PlaySet:
    """The plays that are held, and the way to the others.

    `plays` describes the held ones, in the order of every index. Held are all of a set that takes
    at most `limit_bytes`; of a larger one as many shards, evenly spread over it, as take half of
    that: evaluation and whatever scans plays sees those, while `sampler("train")` draws from the
    whole set in the other half. Every `turn` holds the shards after those of the one before.
    """

    def __init__(self, cache: str | Path, limit_bytes: int = LIMIT_BYTES, turn: int = 0) -> None:
        self.manifest = read_manifest(cache)
        shards, sizes = self.manifest.shards, self.manifest.sizes
        self.limit_bytes, total = limit_bytes, _held_bytes(sizes)
        self.whole = total <= limit_bytes
        count = len(shards) if self.whole else max(1, len(shards) * limit_bytes // (2 * total))
        chosen = [(len(shards) * i // count + turn) % len(shards) for i in range(count)]
        room = Sizes()
        for number in chosen:
            room = room.plus(shards[number].sizes)
        if not (self.whole or turn):
            print(
                f"{cache}: {sizes.plays} plays would take {total / 1e9:.1f} GB of the "
                f"{limit_bytes / 1e9:.1f} allowed: {room.plays} are held, the rest read in turn"
            )
        self.plays: list[Described] = []
        self.charts: list[Chart] = []
        self.presses: list[list[np.ndarray]] = []  # of each play and key (N, 2) map ms
        self._flat, self._styles, at = Flat(room), None, Sizes()
        for number in chosen:
            shard = read_shard(shard_path(self.manifest.folder, number), shards[number].sha256)
            self._flat.put(shard, at)
            at = at.plus(shards[number].sizes)
            charts = len(self.charts)
            self.plays += [_described(play, self.manifest, charts) for play in shard.plays]
            self.charts += shard.charts
            self.presses += shard.presses

    def turned(self, turn: int) -> "PlaySet":
        """The same set with other plays held; with all of it held, itself."""
        return self if self.whole else PlaySet(self.manifest.folder, self.limit_bytes, turn)

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
        found = np.array([i for i, play in enumerate(self.plays) if play.split == split], int)
        if not len(found):
            raise DataError(f"no prepared play is in the {split} split")
        return found

    def balanced(self, index: np.ndarray, rows: int = 256) -> np.ndarray:
        """Of the plays `index` at most so many of one player that there are about `rows`, and no
        fewer than four: styles to draw people from, which one player must not be most of."""
        of_player: dict[str, list[int]] = {}
        for i in index:
            of_player.setdefault(self.plays[i].player, []).append(int(i))
        most = max(4, rows // len(of_player))
        kept = [own[:: -(-len(own) // most)] for own in of_player.values()]
        return np.array(sorted(i for own in kept for i in own))

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
            self.charts[play.chart],
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
        if self.whole or split != "train":
            return Sampler(self, self.where(split), rank, world_size)
        room = self.limit_bytes // 2
        return Stream(self.manifest, self.device, room, len(self.plays), rank, world_size)


def _held_bytes(sizes: Sizes) -> int:
    """What held plays take: the flat tensors, and the arrays of their tracks beside them."""
    return Flat.bytes(sizes) + 16 * sizes.track_frames + 36 * sizes.objects


class Sampler:
    """Draws windows of a split: a player by the square root of their play time, then one of their
    plays by its length. One player with 176 of 985 plays would otherwise be a fifth of all.

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
        self.share = weight / weight.sum()

    def draw(self, batch: int, length: int, seed: tuple[int, ...]) -> Batch:
        """This process's rows of `batch` windows of `length` frames; the same `seed` (run, step)
        draws the same."""
        rng = np.random.default_rng(seed)
        chosen = self._own(rng.choice(len(self.index), batch, p=self.share))
        return self._windows(self.index[chosen], length, self._own(rng.random(batch)))

    def again(self, index: Tensor, length: int, seed: tuple[int, ...]) -> Batch:
        """Other windows of the plays `index` (B,) of this process's rows."""
        where = np.random.default_rng(seed).random(len(index) * self.world_size)
        return self._windows(index.cpu().numpy(), length, self._own(where))

    def _own(self, rows: np.ndarray) -> np.ndarray:
        return rows[distributed.own_rows(len(rows), self.rank, self.world_size)]

    def _windows(self, index: np.ndarray, length: int, where: np.ndarray) -> Batch:
        """Windows of the plays `index`, each at the share `where` of the starts that it has."""
        frames = np.array([self.plays.plays[i].frames for i in index])
        starts = np.maximum(frames - length, 0) + 1
        return self.plays.window(index, (where * starts).astype(int), length)

    def styles(self, index: Tensor) -> Tensor:
        """(B, len(osu.features.style.Style)) of the plays of a batch, nan where unknown."""
        return self.plays.styles()[index]


def each_play(cache: str | Path) -> Iterator[Described]:
    """All plays of a cache one after the other, held by nobody, in the order of a whole PlaySet."""
    manifest, charts = read_manifest(cache), 0
    for number, entry in enumerate(manifest.shards):
        for play in read_plays(shard_path(manifest.folder, number)):
            yield _described(play, manifest, charts)
        charts += entry.sizes.charts


def _described(play: dict, manifest: Manifest, charts: int) -> Described:
    """A play as its shard describes it; `charts` are those before the shard's."""
    known = {name: value for name, value in play.items() if name not in ("edges", "track")}
    known |= {"split": manifest.split(play), "chart": charts + play["track"]}
    return Described(**known)


def open_plays(folders: str, cache: str, seed: int = 0) -> PlaySet:
    """The plays below `folders` (separated by commas), prepared into a folder of their own below
    `cache` where they are not yet.

    Where `folders` is empty, `cache` itself is opened: it may have travelled without the data.
    """
    if not folders:
        return PlaySet(cache)
    resolved = [str(Path(folder).resolve()) for folder in folders.split(",")]
    name = hashlib.sha256("|".join(resolved).encode()).hexdigest()[:8]
    with distributed.first_alone():
        prepared = prepare(resolved, Path(cache) / name, seed)
    return PlaySet(prepared)
