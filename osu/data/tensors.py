"""Plays in flat tensors, from which a batch of windows is a handful of gathers on their device.

Shards are put at places of the tensors: one after the other where all of a set is in memory
(PlaySet), or each in a slot that another takes later (Stream).
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from osu.data.library import DataError
from osu.data.manifest import Sizes
from osu.data.shards import STEPS_PER_UNIT, Shard
from osu.features.chart import Ball, MapConstants, ObjectColumn
from osu.features.condition import condition as condition_of


class Batch(NamedTuple):
    """Windows of T frames of B plays."""

    condition: Tensor  # (B, T, len(osu.features.condition.Condition))
    play: Tensor  # (B, T, len(osu.features.play.Play))
    mask: Tensor  # (B, T) 1 where the play has a frame, 0 past its end
    index: Tensor  # (B,) indices of the plays


def _too_large(plays: int, device: torch.device | str) -> DataError:
    return DataError(f"{plays} prepared plays do not fit into the memory of the {device}")


class Flat:
    """Preallocated tensors for up to `capacity` plays, frames, charts and objects.

    Each holds one thing of all plays, charts or objects, one after the other; the `_at` tensors
    say where a play's frames, a chart's frames and a chart's objects begin. With `exact` cursors
    and keys are floats, in the same units.
    """

    def __init__(
        self, capacity: Sizes, device: torch.device | str = "cpu", exact: bool = False
    ) -> None:
        def zeros(*shape: int, dtype: torch.dtype = torch.int64) -> Tensor:
            try:
                return torch.zeros(shape, dtype=dtype, device=device)
            except RuntimeError:  # which is all that torch says where there is too little memory
                raise _too_large(capacity.plays, device) from None

        self.tensors = {
            "cursor": zeros(
                capacity.frames, 2, dtype=torch.float32 if exact else torch.int16
            ),  # 1/16 px
            "keys": zeros(
                capacity.frames, 2, dtype=torch.float32 if exact else torch.uint8
            ),  # share * 255
            "frames": zeros(capacity.plays),  # of each play
            "frame_at": zeros(capacity.plays),
            "chart": zeros(capacity.plays),
            "chart_frames": zeros(capacity.charts),
            "chart_at": zeros(capacity.charts),
            "rows": zeros(capacity.charts),  # objects of each chart
            "row_at": zeros(capacity.charts),
            "objects": zeros(capacity.objects, len(ObjectColumn), dtype=torch.float32),
            "constants": zeros(capacity.charts, len(MapConstants), dtype=torch.float32),
            "ball": zeros(capacity.chart_frames, len(Ball), dtype=torch.float16),
            "current": zeros(capacity.chart_frames, dtype=torch.int32),
        }

    @staticmethod
    def bytes(capacity: Sizes) -> int:
        """The bytes that such tensors take, but for some 100 a play."""
        of_objects = 4 * len(ObjectColumn) * capacity.objects
        return 6 * capacity.frames + 12 * capacity.chart_frames + of_objects

    @property
    def device(self) -> torch.device:
        return self.tensors["frames"].device

    def to(self, device: torch.device | str) -> None:
        try:
            self.tensors = {name: value.to(device) for name, value in self.tensors.items()}
        except torch.OutOfMemoryError:
            raise _too_large(len(self.tensors["frames"]), device) from None

    def put(self, shard: Shard, at: Sizes) -> None:
        """Writes a shard's plays from place `at` on, over what is there."""
        frames = np.array([play["frames"] for play in shard.plays], int)
        chart_frames = np.array([chart.frames for chart in shard.charts], int)
        rows = np.array([len(chart.objects) for chart in shard.charts], int)
        row_at = at.objects + np.cumsum(rows) - rows

        def write(name: str, first: int, values: np.ndarray) -> None:
            self.tensors[name][first : first + len(values)] = torch.from_numpy(values)

        write("cursor", at.frames, shard.cursor)
        write("keys", at.frames, shard.keys)
        write("frames", at.plays, frames)
        write("frame_at", at.plays, at.frames + np.cumsum(frames) - frames)
        write("chart", at.plays, np.array([at.charts + p["track"] for p in shard.plays], int))
        write("chart_frames", at.charts, chart_frames)
        write("chart_at", at.charts, at.chart_frames + np.cumsum(chart_frames) - chart_frames)
        write("rows", at.charts, rows)
        write("row_at", at.charts, row_at)
        if shard.charts:
            write("objects", at.objects, np.concatenate([c.objects for c in shard.charts]))
            write("constants", at.charts, np.stack([c.constants for c in shard.charts]))
            write("ball", at.chart_frames, np.concatenate([c.ball for c in shard.charts]))
            current = [c.current() + row for c, row in zip(shard.charts, row_at, strict=True)]
            write("current", at.chart_frames, np.concatenate(current))

    def window(self, index: np.ndarray, start: np.ndarray, length: int) -> Batch:
        """Windows of `length` frames: plays index (B,) from frames start (B,)."""
        t = self.tensors
        index_t = torch.as_tensor(index, device=self.device)
        frame = torch.as_tensor(start, device=self.device)[:, None] + torch.arange(
            length, device=self.device
        )  # (B, T)
        chart = t["chart"][index_t]
        frames = t["frames"][index_t][:, None]
        mask = (frame < frames).float()
        row = t["frame_at"][index_t][:, None] + torch.minimum(frame, frames - 1)
        play = torch.cat(
            [t["cursor"][row].float() / STEPS_PER_UNIT, t["keys"][row].float() / 255], dim=-1
        )
        # A play that ends before its map leaves frames of the map that are masked, not missing.
        chart_frame = torch.minimum(frame, t["chart_frames"][chart][:, None] - 1)
        row = t["chart_at"][chart][:, None] + chart_frame
        first = t["row_at"][chart][:, None]
        condition = condition_of(
            objects=t["objects"],
            first=first,
            last=first + t["rows"][chart][:, None],
            current=t["current"][row].long(),
            frame=frame,
            ball=t["ball"][row].float(),
            constants=t["constants"][chart],
        )
        return Batch(condition, play, mask, index_t)

    def cursor(self, index: int) -> np.ndarray:
        """(T, 2) float32 units: the cursor of one play."""
        at, frames = int(self.tensors["frame_at"][index]), int(self.tensors["frames"][index])
        return self.tensors["cursor"][at : at + frames].cpu().numpy().astype(np.float32) / (
            STEPS_PER_UNIT
        )
