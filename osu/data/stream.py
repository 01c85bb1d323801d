"""Windows of a set that is too large to hold: a window of shards moves over it in a shuffled order.

    sequence   all shards with train plays, shuffled by (seed, epoch), epoch after epoch
    window     LANES * depth consecutive shards of the sequence, in slots of flat tensors
    tick       how far the window has moved: as many shards as the steps before have drawn frames
               of, so that a pass over the shards draws about as many frames as they hold

Shard g of the sequence is in lane g % LANES, and window b of a batch is drawn from lane
b * LANES // batch: by weight among its plays, as osu.data.dataset.Sampler draws (weights are of the
whole set; over 20 passes of 82 shards 1.1 % of the draws fall on other shards than its own would).
So a batch is a function of (seed, step), whatever was drawn before and by however many processes;
and one of several processes reads and holds the lanes of its own rows alone.

The next shard is read by a thread while the current ones are drawn from.
"""

import functools
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from osu import distributed
from osu.data.library import SPLITS, DataError
from osu.data.manifest import Manifest, Sizes, shard_path
from osu.data.shards import STEPS_PER_UNIT, Shard, read_shard
from osu.data.tensors import Batch, Flat
from osu.features.style import Style, style_of_play

LANES = 8  # where there are more processes, some share one


class Stream:
    """Draws windows of the train split with at most `room_bytes` of shards in memory.

    The indices of its batches begin at `first` and hold until the next draw: they are for `again`
    and `styles`, and no index of a PlaySet, which has fewer plays than `first` + 1.
    """

    def __init__(
        self, manifest: Manifest, device: torch.device, room_bytes: int, first: int,
        rank: int = 0, world_size: int = 1,
    ) -> None:  # fmt: skip
        self.manifest, self.device, self.first = manifest, device, first
        self.rank, self.world_size = rank, world_size
        train = SPLITS.index("train")
        self.numbers = np.array([n for n, e in enumerate(manifest.shards) if e.splits[train]])
        if not len(self.numbers):
            raise DataError("no prepared play is in the train split")
        entries = [manifest.shards[n] for n in self.numbers]
        self.slot = functools.reduce(Sizes.most, (entry.sizes for entry in entries))
        self.depth = max(1, room_bytes // (LANES * Flat.bytes(self.slot)))
        self.mean_frames = sum(entry.sizes.frames for entry in entries) // len(entries)
        self.run, self.lanes = -1, range(0)
        self.ahead: dict[int, Future] = {}
        self.reader = ThreadPoolExecutor(1, "shards")
        self.styled = False

    def draw(self, batch: int, length: int, seed: tuple[int, ...]) -> Batch:
        """This process's rows of `batch` windows of `length` frames; the same `seed` (run, step,
        ...) draws the same. DataError where a shard is damaged."""
        mine = self._own(np.arange(batch))
        low = mine * LANES // batch
        high = np.maximum(low + 1, (mine + 1) * LANES // batch)  # several where lanes outnumber
        run, step = seed[:2]
        ticks = [at * batch * length // self.mean_frames for at in (step, step + 1)]
        self._move(run, *ticks, range(int(low[0]), int(high[-1])))
        chosen, where = np.random.default_rng(seed).random((2, batch))[:, mine]
        index = np.empty(len(mine), int)
        lanes = self.weight.reshape(len(self.lanes), -1)
        for a, b in sorted(set(zip(low, high, strict=True))):
            here = (low == a) & (high == b)
            a, b = a - self.lanes.start, b - self.lanes.start
            share = np.cumsum(lanes[a:b])
            found = np.searchsorted(share, chosen[here] * share[-1], "right")
            last = np.searchsorted(share, share[-1])  # a product may round up to the whole
            index[here] = a * lanes.shape[1] + np.minimum(found, last)
        return self._windows(index, length, where)

    def again(self, index: Tensor, length: int, seed: tuple[int, ...]) -> Batch:
        """Other windows of the plays `index` (B,) of the last batch's rows."""
        where = np.random.default_rng(seed).random(len(index) * self.world_size)
        return self._windows(index.cpu().numpy() - self.first, length, self._own(where))

    def styles(self, index: Tensor) -> Tensor:
        """(B, len(osu.features.style.Style)) of the plays of the last batch, nan where unknown."""
        if not self.styled:
            self.styled, self.ahead = True, {}  # what was read ahead came without
            for slot, g in self.held.items():
                self._put(slot, self._read(g))
        return torch.from_numpy(self.style[index.cpu().numpy() - self.first]).to(self.device)

    def _own(self, rows: np.ndarray) -> np.ndarray:
        return rows[distributed.own_rows(len(rows), self.rank, self.world_size)]

    def _windows(self, index: np.ndarray, length: int, where: np.ndarray) -> Batch:
        """Windows of the plays `index`, each at the share `where` of the starts that it has."""
        start = (where * (np.maximum(self.frames[index] - length, 0) + 1)).astype(int)
        batch = self.flat.window(index, start, length)
        return batch._replace(index=batch.index + self.first)

    def _move(self, run: int, tick: int, next_tick: int, lanes: range) -> None:
        """Has the shards of a tick in the slots of the lanes; begins to read the next ones."""
        if lanes != self.lanes:
            slots = len(lanes) * self.depth
            self.flat = Flat(Sizes(*(slots * size for size in self.slot)), self.device)
            self.frames = np.zeros(slots * self.slot.plays, int)
            self.weight = np.zeros(slots * self.slot.plays)
            self.style = np.full((len(self.weight), len(Style)), np.nan, np.float32)
        if lanes != self.lanes or run != self.run:
            self.run, self.lanes, self.held, self.ahead = run, lanes, {}, {}
        size = LANES * self.depth
        soon = range(tick, max(tick + 1, next_tick) + size)
        self.ahead = {g: future for g, future in self.ahead.items() if g in soon}
        for g in soon:
            if g % LANES not in lanes:
                continue
            slot = (g % LANES - lanes.start) * self.depth + g // LANES % self.depth
            if g >= tick + size:
                if g not in self.ahead:
                    self.ahead[g] = self.reader.submit(self._read, g)
            elif self.held.get(slot) != g:
                future = self.ahead.pop(g, None)
                self._put(slot, future.result() if future else self._read(g))
                self.held[slot] = g

    def _read(self, g: int) -> tuple[Shard, np.ndarray | None]:
        """Shard g of the sequence and, where they are wanted, the styles of its plays."""
        epoch, place = divmod(g, len(self.numbers))
        number = self.numbers[_order(self.run, epoch, len(self.numbers))[place]]
        path = shard_path(self.manifest.folder, number)
        shard = read_shard(path, self.manifest.shards[number].sha256)
        return shard, _styles(shard) if self.styled else None

    def _put(self, slot: int, read: tuple[Shard, np.ndarray | None]) -> None:
        shard, style = read
        self.flat.put(shard, Sizes(*(slot * size for size in self.slot)))
        span = slice(slot * self.slot.plays, (slot + 1) * self.slot.plays)
        self.frames[span] = self.weight[span] = 0
        for i, play in enumerate(shard.plays, span.start):
            self.frames[i] = play["frames"]
            if self.manifest.split(play) == "train":
                self.weight[i] = play["frames"] / np.sqrt(self.manifest.players[play["player"]])
        if style is not None:
            self.style[span.start : span.start + len(style)] = style


@functools.lru_cache(4)
def _order(run: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng((run, epoch)).permutation(count)


def _styles(shard: Shard) -> np.ndarray:
    ends = np.cumsum([play["frames"] for play in shard.plays])
    return np.stack(
        [
            style_of_play(
                shard.charts[play["track"]],
                spans,
                shard.cursor[end - play["frames"] : end].astype(np.float32) / STEPS_PER_UNIT,
                play["accuracy"],
                play["screen_px"],
            )
            for play, spans, end in zip(shard.plays, shard.presses, ends, strict=True)
        ]
    )
