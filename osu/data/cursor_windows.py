"""Windows of people's cursors, without keys: the batches that cursor generators learn from."""

import numpy as np
import torch
from torch import Tensor

from osu import distributed
from osu.data.dataset import PlaySet
from osu.features.chart import ObjectColumn
from osu.features.condition import MIRRORED, mirror
from osu.features.play import Play
from osu.units import FRAME_HZ


class CursorWindows:
    """Windows of a split to learn cursors from.

    One in RARE_EVERY holds a part of a spinner and one a part of a break: a network that meets
    them as seldom as players do (one frame in sixty) forgets how to spin and how to idle.
    """

    RARE_EVERY = 8
    BREAK_S = 2.5  # from one object's end to the next one's start

    def __init__(self, plays: PlaySet, split: str, rank: int = 0, world_size: int = 1) -> None:
        self.plays, self.rank, self.world_size = plays, rank, world_size
        self.sampler = plays.sampler(split, rank, world_size)
        self.mirrored = MIRRORED.to(plays.device)
        spins, breaks = [], []
        for i in plays.where(split):
            objects = plays.chart(i).objects
            start, ended = (
                objects[:, ObjectColumn.START_S],
                np.maximum.accumulate(objects[:, ObjectColumn.END_S]),
            )
            resting = np.append(start[1:] - ended[:-1] > self.BREAK_S, False)
            for found, at in (
                (spins, start[objects[:, ObjectColumn.SPINNER] > 0]),
                (breaks, ended[resting]),
            ):
                at = np.floor(at * FRAME_HZ).astype(int)
                found += [(i, frame) for frame in at if frame < plays.plays[i].frames]
        self.rare = [np.array(found) for found in (spins, breaks) if found]  # play, first frame

    def draw(self, batch: int, length: int, seed: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
        """This process's windows of a batch of `batch` windows of `length` frames.

        The same `seed` draws the same windows, however many processes share them; a batch that
        they cannot share equally is a ValueError. Half of the windows are mirrored, by torch's own
        generator. Returns the condition (B, T, F), the cursor (B, T, 2) in units, and the mask
        (B, T, 1), true where the play has a frame.
        """
        distributed.own_rows(batch, self.rank, self.world_size)  # raises where it does not divide
        rng = np.random.default_rng((*seed, 1))
        rare_count = batch // self.RARE_EVERY
        windows = [self.sampler.draw(batch - rare_count * len(self.rare), length, seed)]
        rare = []
        for found in self.rare if rare_count else ():
            play, at = found[rng.integers(len(found), size=rare_count)].T
            frames = np.array([self.plays.plays[i].frames for i in play])
            start = at - rng.integers(0, length, rare_count)
            start = np.clip(start, 0, np.maximum(frames - length, 0))
            rare.append(np.stack([play, start]))
        if rare:  # every world_size-th, so that each process has spinners and breaks
            play, start = np.concatenate(rare, 1)[:, self.rank :: self.world_size]
            windows.append(self.plays.window(play, start, length))
        condition, play, mask, _ = (torch.cat(parts) for parts in zip(*windows, strict=True))
        mirrored = (torch.rand(len(play), device=self.plays.device) < 0.5).float()
        condition, play = mirror(condition, play, mirrored, self.mirrored)
        return condition, play[..., : Play.K1], mask[..., None] > 0
