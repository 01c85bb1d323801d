"""Pairs of plays in flat tensors on a device, and windows of them in batches."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from osu.classifiers.plays import FIRST_FRAME, GridPlay, PlayPair
from osu.data.manifest import Sizes
from osu.data.shards import STEPS_PER_UNIT, Shard
from osu.data.tensors import Batch, Flat
from osu.features.play import Play


class Windows(NamedTuple):
    """Where the windows of a table's plays begin, one after the other."""

    play: np.ndarray  # (N,) row of the table
    start: np.ndarray  # (N,) frame


@dataclass(frozen=True, eq=False)
class PlayTable:
    """P plays of pairs, the human of a pair and the generated ones of its map."""

    flat: Flat
    pair: np.ndarray  # (P,) the pair of each play
    generated: np.ndarray  # (P,) bool
    frames: np.ndarray  # (P,) frames that are compared: a generated play up to the human's last one

    @classmethod
    def of(cls, pairs: list[PlayPair], device: torch.device | str) -> "PlayTable":
        """The pairs that have a generated play, numbered as in `pairs`."""
        plays: list[GridPlay] = []
        charts, chart_of, pair, generated, frames = [], [], [], [], []
        for number, one in enumerate(pairs):
            if not one.generated:
                continue
            charts.append(one.own.chart)
            for play in (one.own, *one.generated):
                plays.append(play)
                chart_of.append(len(charts) - 1)
                pair.append(number)
                generated.append(play is not one.own)
                frames.append(min(len(play.play), len(one.own.play)))
        values = np.concatenate([play.play for play in plays])
        shard = Shard(
            charts=charts,
            plays=[
                {"frames": len(play.play), "track": chart}
                for play, chart in zip(plays, chart_of, strict=True)
            ],
            cursor=values[:, : Play.K1] * STEPS_PER_UNIT,
            keys=values[:, Play.K1 :] * 255,
            presses=[],
        )
        sizes = Sizes(
            plays=len(plays),
            frames=len(values),
            charts=len(charts),
            chart_frames=sum(chart.frames for chart in charts),
            objects=sum(len(chart.objects) for chart in charts),
        )
        flat = Flat(sizes, exact=True)
        flat.put(shard, Sizes(0, 0, 0, 0, 0))
        flat.to(device)
        return cls(flat, np.array(pair), np.array(generated), np.array(frames))

    def tiled(self, length: int, stride: int) -> Windows:
        """Windows of `length` frames of every play, `stride` apart; a play that is shorter has one,
        which its mask ends."""
        play, start = [], []
        for number, frames in enumerate(self.frames):
            starts = np.arange(FIRST_FRAME, max(frames - length, FIRST_FRAME) + 1, stride)
            start.append(starts)
            play.append(np.full(len(starts), number))
        return Windows(np.concatenate(play), np.concatenate(start))

    def drawn(self, pairs: int, length: int, rng: np.random.Generator) -> tuple[Windows, Tensor]:
        """2 * `pairs` windows: of human plays, drawn by their length, and the same place of one
        generated play against each; and (2 * pairs,) 1.0 where a window is of a generated play.

        The map is then the same on both sides, and all that differs is how it is played.
        """
        human = np.flatnonzero(~self.generated)
        share = self.frames[human] / self.frames[human].sum()
        human = rng.choice(human, pairs, p=share)
        # A pair's plays follow each other, the human's first.
        count = np.bincount(self.pair)[self.pair[human]]
        other = human + rng.integers(1, count)
        play = np.concatenate([human, other])
        last = np.maximum(self.frames[other] - length, FIRST_FRAME)
        start = np.tile(rng.integers(FIRST_FRAME, last + 1), 2)
        label = torch.arange(2).repeat_interleave(pairs).float()
        return Windows(play, start), label

    def batch(self, windows: Windows, length: int) -> Batch:
        """The windows' plays and conditions; the mask ends where the comparison does."""
        batch = self.flat.window(windows.play, windows.start, length)
        left = torch.as_tensor(self.frames[windows.play] - windows.start, device=self.flat.device)
        mask = torch.arange(length, device=self.flat.device) < left[:, None]
        return batch._replace(mask=batch.mask * mask)
