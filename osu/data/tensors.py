"""Plays in flat tensors, from which a batch of windows is a handful of gathers on their device.

Shards are put at places of the tensors: one after the other where a set is held whole (PlaySet), or
each in a slot that another takes later (Stream).
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from osu.data.manifest import Sizes
from osu.data.shards import STEPS_PER_UNIT, Shard
from osu.features.chart import Ball, MapConstants, ObjectColumn
from osu.features.condition import condition as condition_of


class Batch(NamedTuple):
    """Windows of T frames of B plays."""

    condition: Tensor  # (B, T, len(features.Condition))
    play: Tensor  # (B, T, len(features.Play))
    mask: Tensor  # (B, T) 1 where the play has a frame, 0 past its end
    index: Tensor  # (B,) which plays


class Flat:
    """Room for P plays of F frames on K tracks of G frames and N objects in all: `room`."""

    def __init__(self, room: Sizes, device: torch.device | str = "cpu") -> None:
        def zeros(*shape: int, dtype: torch.dtype = torch.int64) -> Tensor:
            return torch.zeros(shape, dtype=dtype, device=device)

        self.tensors = {
            "cursor": zeros(room.frames, 2, dtype=torch.int16),  # 1/16 px
            "keys": zeros(room.frames, 2, dtype=torch.uint8),  # share * 255
            "frames": zeros(room.plays),  # of each play, and where they begin
            "frame_at": zeros(room.plays),
            "track": zeros(room.plays),
            "track_frames": zeros(room.charts),
            "track_at": zeros(room.charts),
            "rows": zeros(room.charts),  # objects of each track, and where they begin
            "row_at": zeros(room.charts),
            "objects": zeros(room.objects, len(ObjectColumn), dtype=torch.float32),
            "world": zeros(room.charts, len(MapConstants), dtype=torch.float32),
            "ball": zeros(room.track_frames, len(Ball), dtype=torch.float16),
            "current": zeros(room.track_frames, dtype=torch.int32),
        }

    @staticmethod
    def bytes(room: Sizes) -> int:
        """What such a room takes, but for some 100 bytes a play."""
        return 6 * room.frames + 12 * room.track_frames + 4 * len(ObjectColumn) * room.objects

    @property
    def device(self) -> torch.device:
        return self.tensors["frames"].device

    def to(self, device: torch.device | str) -> None:
        self.tensors = {name: value.to(device) for name, value in self.tensors.items()}

    def put(self, shard: Shard, at: Sizes) -> None:
        """Writes a shard's plays from place `at` on, over what is there."""
        frames = np.array([play["frames"] for play in shard.plays], int)
        track_frames = np.array([chart.frames for chart in shard.charts], int)
        rows = np.array([len(chart.objects) for chart in shard.charts], int)
        row_at = at.objects + np.cumsum(rows) - rows

        def write(name: str, first: int, values: np.ndarray) -> None:
            self.tensors[name][first : first + len(values)] = torch.from_numpy(values)

        write("cursor", at.frames, shard.cursor)
        write("keys", at.frames, shard.keys)
        write("frames", at.plays, frames)
        write("frame_at", at.plays, at.frames + np.cumsum(frames) - frames)
        write("track", at.plays, np.array([at.charts + p["track"] for p in shard.plays], int))
        write("track_frames", at.charts, track_frames)
        write("track_at", at.charts, at.track_frames + np.cumsum(track_frames) - track_frames)
        write("rows", at.charts, rows)
        write("row_at", at.charts, row_at)
        if shard.charts:
            write("objects", at.objects, np.concatenate([t.objects for t in shard.charts]))
            write("world", at.charts, np.stack([t.constants for t in shard.charts]))
            write("ball", at.track_frames, np.concatenate([t.ball for t in shard.charts]))
            current = [t.current() + row for t, row in zip(shard.charts, row_at, strict=True)]
            write("current", at.track_frames, np.concatenate(current))

    def window(self, index: np.ndarray, start: np.ndarray, length: int) -> Batch:
        """Windows of `length` frames: plays index (B,) from frames start (B,)."""
        t = self.tensors
        index_t = torch.as_tensor(index, device=self.device)
        frame = torch.as_tensor(start, device=self.device)[:, None] + torch.arange(
            length, device=self.device
        )  # (B, T)
        chart = t["track"][index_t]
        frames = t["frames"][index_t][:, None]
        mask = (frame < frames).float()
        at = t["frame_at"][index_t][:, None] + torch.minimum(frame, frames - 1)
        play = torch.cat(
            [t["cursor"][at].float() / STEPS_PER_UNIT, t["keys"][at].float() / 255], dim=-1
        )
        # A play that ends before its map leaves frames of the map that are masked, not missing.
        on_track = torch.minimum(frame, t["track_frames"][chart][:, None] - 1)
        at = t["track_at"][chart][:, None] + on_track
        first = t["row_at"][chart][:, None]
        condition = condition_of(
            objects=t["objects"],
            first=first,
            last=first + t["rows"][chart][:, None],
            current=t["current"][at].long(),
            frame=frame,
            ball=t["ball"][at].float(),
            constants=t["world"][chart],
        )
        return Batch(condition, play, mask, index_t)

    def cursor(self, index: int) -> np.ndarray:
        """(T, 2) float32 units: the cursor of one play."""
        at, frames = int(self.tensors["frame_at"][index]), int(self.tensors["frames"][index])
        return self.tensors["cursor"][at : at + frames].cpu().numpy().astype(np.float32) / (
            STEPS_PER_UNIT
        )
