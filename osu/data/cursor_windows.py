"""Human cursors to learn from, and sampled cursors beside human ones, without keys: what every
script that trains a cursor generator starts from and reports. The report on files is osu.likeness.
"""

import numpy as np
import torch
from torch import Tensor

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

    def __init__(self, plays: PlaySet, split: str) -> None:
        self.plays, self.sampler = plays, plays.sampler(split)
        self.mirrored = MIRRORED.to(plays.device)
        spins, breaks = [], []
        for i in plays.where(split):
            objects = plays.charts[plays.plays[i].chart].objects
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
        """`batch` windows of `length` frames; the same `seed` draws the same. Half of them are
        mirrored by torch's own generator. Condition (B, T, F), cursor (B, T, 2), and where the
        play has a frame (B, T, 1)."""
        rng = np.random.default_rng((*seed, 1))
        count = batch // self.RARE_EVERY
        windows = [self.sampler.draw(batch - count * len(self.rare), length, seed)]
        for found in self.rare if count else ():
            play, at = found[rng.integers(len(found), size=count)].T
            frames = np.array([self.plays.plays[i].frames for i in play])
            start = at - rng.integers(0, length, count)
            start = np.clip(start, 0, np.maximum(frames - length, 0))
            windows.append(self.plays.window(play, start, length))
        condition, play, mask, _ = (torch.cat(parts) for parts in zip(*windows, strict=True))
        where = (torch.rand(batch, device=self.plays.device) < 0.5).float()
        condition, play = mirror(condition, play, where, self.mirrored)
        return condition, play[..., : Play.K1], mask[..., None] > 0
