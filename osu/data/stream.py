"""Windows of a set that is too large to hold: a window of shards moves over it in a shuffled order.

    sequence   all shards with train plays, shuffled by (seed, epoch), epoch after epoch
    window     QUEUES * depth consecutive shards of the sequence, in slots of flat tensors
    position   the first shard of the window: the frames drawn so far by the mean frames of a
               shard, so that one pass draws about as many frames as the shards hold

Shard g of the sequence is in queue g % QUEUES, and window b of a batch is drawn from queue
b * QUEUES // batch: by weight among its plays, as osu.data.dataset.Sampler draws (weights are of
the whole set; over 20 passes of 82 shards 1.1 % of the draws fall on other shards than its own
would). So a batch is a function of (seed, step), whatever was drawn before and by however many
processes; and one of several processes reads and holds the queues of its own rows alone.

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
from osu.data.shards import CURE, STEPS_PER_UNIT, Shard, check_size, read_shard
from osu.data.tensors import Batch, Flat
from osu.features.style import Style, style_of_play

QUEUES = 8  # where there are more processes, some share one


class Stream:
    """Draws windows of the train split with at most `capacity_bytes` of shards in memory.

    The indices of its batches begin at `first` and hold until the next draw: they are for `again`
    and `styles`, and no index of a PlaySet, which has fewer plays than `first` + 1.
    """

    def __init__(
        self, manifest: Manifest, device: torch.device, capacity_bytes: int, first: int,
        rank: int = 0, world_size: int = 1,
    ) -> None:  # fmt: skip
        self.manifest, self.device, self.first = manifest, device, first
        self.rank, self.world_size = rank, world_size
        train = SPLITS.index("train")
        self.numbers = np.array([n for n, e in enumerate(manifest.shards) if e.splits[train]])
        if not len(self.numbers):
            raise DataError("no prepared play is in the train split")
        entries = [manifest.shards[n] for n in self.numbers]
        self.slot_sizes = functools.reduce(Sizes.most, (entry.sizes for entry in entries))
        for i in range(len(self.slot_sizes)):  # of a million shards, those that slots are made for
            number = max(self.numbers, key=lambda n: manifest.shards[n].sizes[i])
            check_size(shard_path(manifest.folder, number), manifest.shards[number])
        self.depth = max(1, capacity_bytes // (QUEUES * Flat.bytes(self.slot_sizes)))
        self.mean_frames = sum(entry.sizes.frames for entry in entries) // len(entries)
        self.run, self.queues = -1, range(0)
        self.resident: dict[int, int] = {}  # slot -> shard of the sequence
        self.reading: dict[int, Future] = {}  # shard of the sequence -> what `_read` will return
        self.reader = ThreadPoolExecutor(1, "shards")
        self.with_styles = False  # once they were asked for

    def draw(self, batch: int, length: int, seed: tuple[int, ...]) -> Batch:
        """This process's rows of `batch` windows of `length` frames; the same `seed` (run, step,
        ...) draws the same. DataError where a shard is damaged."""
        own = self._own(np.arange(batch))
        low = own * QUEUES // batch
        high = np.maximum(low + 1, (own + 1) * QUEUES // batch)  # several where queues outnumber
        run, step = seed[:2]
        position, next_position = (
            steps * batch * length // self.mean_frames for steps in (step, step + 1)
        )
        self._move(run, position, next_position, range(int(low[0]), int(high[-1])))
        play_share, start_share = np.random.default_rng(seed).random((2, batch))[:, own]
        index = np.empty(len(own), int)
        weight = self.weight.reshape(len(self.queues), -1)
        for a, b in sorted(set(zip(low, high, strict=True))):
            rows = (low == a) & (high == b)
            a, b = a - self.queues.start, b - self.queues.start
            total = np.cumsum(weight[a:b])
            play = np.searchsorted(total, play_share[rows] * total[-1], "right")
            last = np.searchsorted(total, total[-1])  # a product may round up to the total
            index[rows] = a * weight.shape[1] + np.minimum(play, last)
        return self._windows(index, length, start_share)

    def again(self, index: Tensor, length: int, seed: tuple[int, ...]) -> Batch:
        """Other windows of the plays `index` (B,) of the last batch's rows."""
        start_share = np.random.default_rng(seed).random(len(index) * self.world_size)
        return self._windows(index.cpu().numpy() - self.first, length, self._own(start_share))

    def styles(self, index: Tensor) -> Tensor:
        """(B, len(osu.features.style.Style)) of the plays of the last batch, nan where unknown."""
        if not self.with_styles:
            self.with_styles, self.reading = True, {}  # what was read ahead came without
            for slot, g in self.resident.items():
                self._put(slot, self._read(g))
        return torch.from_numpy(self.style[index.cpu().numpy() - self.first]).to(self.device)

    def _own(self, rows: np.ndarray) -> np.ndarray:
        return rows[distributed.own_rows(len(rows), self.rank, self.world_size)]

    def _windows(self, index: np.ndarray, length: int, start_share: np.ndarray) -> Batch:
        """Windows of the plays `index`, each at the share `start_share` of its possible starts."""
        start = (start_share * (np.maximum(self.frames[index] - length, 0) + 1)).astype(int)
        batch = self.flat.window(index, start, length)
        return batch._replace(index=batch.index + self.first)

    def _move(self, run: int, position: int, next_position: int, queues: range) -> None:
        """Puts the window's shards of `queues` into their slots; begins to read the next ones."""
        if queues != self.queues:
            slots = len(queues) * self.depth
            self.flat = Flat(Sizes(*(slots * size for size in self.slot_sizes)), self.device)
            self.frames = np.zeros(slots * self.slot_sizes.plays, int)
            self.weight = np.zeros(slots * self.slot_sizes.plays)
            self.style = np.full((len(self.weight), len(Style)), np.nan, np.float32)
        if queues != self.queues or run != self.run:
            self.run, self.queues, self.resident, self.reading = run, queues, {}, {}
        size = QUEUES * self.depth
        wanted = range(position, max(position + 1, next_position) + size)
        self.reading = {g: future for g, future in self.reading.items() if g in wanted}
        for g in wanted:
            if g % QUEUES not in queues:
                continue
            slot = (g % QUEUES - queues.start) * self.depth + g // QUEUES % self.depth
            if g >= position + size:
                if g not in self.reading:
                    self.reading[g] = self.reader.submit(self._read, g)
            elif self.resident.get(slot) != g:
                future = self.reading.pop(g, None)
                self._put(slot, future.result() if future else self._read(g))
                self.resident[slot] = g

    def _read(self, g: int) -> tuple[Shard, np.ndarray | None]:
        """Shard g of the sequence and, where they are wanted, the styles of its plays."""
        epoch, place = divmod(g, len(self.numbers))
        number = self.numbers[_order(self.run, epoch, len(self.numbers))[place]]
        path = shard_path(self.manifest.folder, number)
        shard = read_shard(path, self.manifest.shards[number])
        of_train = sum(self.manifest.split(play) == "train" for play in shard.plays)
        if of_train != self.manifest.shards[number].splits[SPLITS.index("train")]:
            raise DataError(f"{path}: its splits are not the manifest's; {CURE}")
        return shard, _styles(shard) if self.with_styles else None

    def _put(self, slot: int, read: tuple[Shard, np.ndarray | None]) -> None:
        """Puts what `_read` returned into a slot, over what is there."""
        shard, style = read
        self.flat.put(shard, Sizes(*(slot * size for size in self.slot_sizes)))
        span = slice(slot * self.slot_sizes.plays, (slot + 1) * self.slot_sizes.plays)
        self.frames[span] = self.weight[span] = 0
        for i, play in enumerate(shard.plays, span.start):
            self.frames[i] = play["frames"]
            if self.manifest.split(play) == "train":
                self.weight[i] = self.manifest.weight(play)
        if style is not None:
            self.style[span.start : span.start + len(style)] = style


@functools.lru_cache(4)
def _order(run: int, epoch: int, count: int) -> np.ndarray:
    """The shuffled order of `count` shards in one epoch."""
    return np.random.default_rng((run, epoch)).permutation(count)


def _styles(shard: Shard) -> np.ndarray:
    """(P, len(Style)) of a shard's plays."""
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
