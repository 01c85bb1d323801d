"""The baseline path: about where a cursor is, computed from the condition. Networks add to it.

Nothing here copies from the CPU (no lists as indices, no Python numbers in `where`), so a step
can be captured as a CUDA graph.
"""

import math

import torch
from torch import Tensor

from osu.features.condition import FAR_S, Condition


def baseline_path(condition: Tensor) -> Tensor:
    """(B, T, 2) units: a cursor that goes from one object to the next along half a cosine, follows
    the balls of sliders, and rests in the middle of spinners.

    People are .15 units from there (root mean square), and .41 from the middle of the field.
    """

    def channels(name: str, count: int = 1) -> Tensor:
        return condition[..., Condition[name] : Condition[name] + count]

    def seconds(far: Tensor) -> Tensor:
        return far.clamp(-0.999, 0.999).atanh() * FAR_S

    since, until = -seconds(channels("OBJECT-1_END_FAR")), seconds(channels("OBJECT+0_START_FAR"))
    share = (since / (since + until).clamp(min=1e-3)).clamp(0, 1)
    share = (1 - torch.cos(math.pi * share)) / 2
    before, after = channels("OBJECT-1_EXISTS"), channels("OBJECT+0_EXISTS")
    share = after * (1 - before + before * share)  # before the first object, after the last one
    path = torch.lerp(channels("OBJECT-1_END_X", 2), channels("OBJECT+0_X", 2), share)
    # Whole ms may leave a slider's last frame without a ball.
    started = after * (until <= 0).float()
    path = torch.lerp(path, channels("OBJECT+0_END_X", 2), started)
    return torch.lerp(path, channels("BALL_X", 2), started * channels("BALL_ON"))
