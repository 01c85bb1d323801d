"""The condition: what a player sees at each frame of a chart, as channels that networks read.

It is computed with torch from gathered rows of the object table, so the same lines serve a
training batch on a GPU and a whole map at generation. The arrays are those of osu.features.chart.
"""

from enum import IntEnum

import numpy as np
import torch
from torch import Tensor

from osu.features.chart import Ball, Chart, MapConstants, ObjectColumn
from osu.units import FRAME_MS

SLOTS = (-2, -1, 0, 1, 2, 3, 4)  # objects seen from a frame; 0 is the first that has not ended

# The channels of each slot's object at a frame. Times pass through three tanh of different
# width, so that both the coming second and the last ten milliseconds are resolved.
_SLOT = (
    *("x", "y", "end_x", "end_y", "start_near", "start_mid", "start_far", "end_near", "end_far"),
    *("slider", "spinner", "visible", "exists"),
)
Condition = IntEnum(
    "Condition",
    [f"MAP_{c.name}" for c in MapConstants]
    + [f"BALL_{c.name}" for c in Ball]
    + ["SPINNER_ON", "SPINNER_PROGRESS"]
    + [f"OBJECT{slot:+d}_{name.upper()}" for slot in SLOTS for name in _SLOT],
    start=0,
)
NEAR_S, MID_S, FAR_S = 0.04, 0.25, 1.5


def condition(
    objects: Tensor, first: Tensor, last: Tensor, current: Tensor, frame: Tensor,
    ball: Tensor, constants: Tensor,
) -> Tensor:  # fmt: skip
    """(B, T, len(Condition)) float32: the condition of B windows of T frames.

    For each frame it holds the map's constants, the slider ball, the spinner in play, and of the
    objects in SLOTS, counted from the first that has not ended, the place, the times to start and
    end and the kind; an object that the map does not have is zero in all its channels.

    objects (M, len(ObjectColumn)) float32 -- the object tables of one or many charts, concatenated
    first, last (B, 1) -- rows [first, last) of that table are the window's chart
    current (B, T) -- the row of the first object that has not ended
    frame (B, T) -- the frame's number on its chart's grid
    ball (B, T, len(Ball)) float32, constants (B, len(MapConstants)) float32 -- of the chart
    """
    batch, frames = current.shape
    offset = torch.tensor(SLOTS, device=current.device)
    index = current[..., None] + offset  # (B, T, S)
    exists = ((index >= first[..., None]) & (index < last[..., None])).float()
    row = objects[index.clamp(min=first[..., None], max=last[..., None] - 1)]  # (B, T, S, O)

    now = (frame * (FRAME_MS / 1000)).float()[..., None]  # (B, T, 1) s
    to_start, to_end = row[..., ObjectColumn.START_S] - now, row[..., ObjectColumn.END_S] - now
    preempt = constants[:, None, None, MapConstants.PREEMPT_S]
    visible = ((preempt - to_start) / (0.66 * preempt)).clamp(0, 1) * (to_end > 0)
    slots = torch.stack(
        [
            row[..., ObjectColumn.X], row[..., ObjectColumn.Y], row[..., ObjectColumn.END_X],
            row[..., ObjectColumn.END_Y], (to_start / NEAR_S).tanh(), (to_start / MID_S).tanh(),
            (to_start / FAR_S).tanh(), (to_end / NEAR_S).tanh(), (to_end / FAR_S).tanh(), row[...,
            ObjectColumn.SLIDER], row[..., ObjectColumn.SPINNER], visible, torch.ones_like(exists),
        ],
        dim=-1,
    ) * exists[..., None]  # fmt: skip

    current_row = row[..., SLOTS.index(0), :]
    to_start, to_end = to_start[..., SLOTS.index(0)], to_end[..., SLOTS.index(0)]
    spinning = current_row[..., ObjectColumn.SPINNER] * (to_start <= 0) * (to_end >= 0)
    progress = spinning * -to_start / (to_end - to_start).clamp(min=1e-3)
    return torch.cat(
        [
            constants[:, None].expand(batch, frames, len(MapConstants)),
            ball,
            torch.stack([spinning, progress], dim=-1),
            slots.flatten(2),
        ],
        dim=-1,
    )


def chart_condition(chart: Chart, device: torch.device | str = "cpu") -> Tensor:
    """(1, T, len(Condition)) float32: the condition of a whole chart."""

    def tensor(array: np.ndarray) -> Tensor:
        return torch.as_tensor(array, device=device)

    return condition(
        objects=tensor(chart.objects),
        first=tensor(np.array([[0]])),
        last=tensor(np.array([[len(chart.objects)]])),
        current=tensor(chart.current()[None]),
        frame=tensor(np.arange(chart.frames)[None]),
        ball=tensor(chart.ball[None]),
        constants=tensor(chart.constants[None]),
    )


# 1 for the channels whose sign changes where left and right are exchanged.
MIRRORED = torch.tensor([float(channel.name.endswith("_X")) for channel in Condition])


def mirror(
    condition: Tensor, play: Tensor, where: Tensor, mirrored: Tensor
) -> tuple[Tensor, Tensor]:
    """Condition and play of a batch, left and right exchanged where `where` (B,) is 1.

    condition (B, T, len(Condition)), play (B, T, C) with x first; `mirrored` is MIRRORED on their
    device.
    """
    where = where[:, None, None]
    flipped = torch.cat([play[..., :1] * (1 - 2 * where), play[..., 1:]], -1)
    return condition * (1 - 2 * where * mirrored), flipped
