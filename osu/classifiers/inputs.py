"""What the classifiers are shown of a play: the level of detail, the part, the channels.

Levels:  as recorded, the file's frames on the 60 Hz grid, and as seen, with what no viewer can see
         taken away: Gaussian noise of SEEN_PX on each coordinate, keys by the frame.
Parts:   cursor and keys together; the cursor without keys; the keys with the cursor on the
         baseline path, which is the same for all plays of a map.
"""

from enum import Enum

import torch
from torch import Tensor

from osu.features.baseline import baseline_path
from osu.features.condition import Condition
from osu.features.play import Play
from osu.likeness.classifier_inputs import Channel, classifier_channels
from osu.units import UNIT_PX

SEEN_PX = 2.0


class Level(Enum):
    RECORDED = "as recorded"
    SEEN = "as seen"


class Part(Enum):
    BOTH = "cursor and keys"
    CURSOR = "cursor alone"
    KEYS = "keys alone"


FINE = 4  # channels of small steps
INPUTS = len(Channel) + FINE + 2 + len(Condition)


def shown_part(
    play: Tensor, condition: Tensor, level: Level, part: Part, generator: torch.Generator
) -> Tensor:
    """(B, T, len(Play)): a play (B, T, len(Play)) at a level of detail, and the part of it."""
    cursor, keys = play[..., : Play.K1], play[..., Play.K1 :]
    if level is Level.SEEN:
        noise = torch.randn(cursor.shape, generator=generator, device=generator.device)
        cursor = cursor + noise.to(cursor.device) * (SEEN_PX / UNIT_PX)
        keys = (keys >= 0.5).float()
    if part is Part.CURSOR:
        keys = torch.zeros_like(keys)
    if part is Part.KEYS:
        cursor = baseline_path(condition)
    return torch.cat([cursor, keys], -1)


def evidence_inputs(play: Tensor, condition: Tensor) -> Tensor:
    """(B, T, INPUTS) of a play (B, T, len(Play)) and its condition (B, T, len(Condition)).

    The channels of the small classifiers; first and second differences again at the scale of a
    hundredth of a pixel; the distance from the baseline path, asinh of px; the condition.
    """
    px = play[..., : Play.K1] * UNIT_PX
    fine = []
    for _ in range(2):
        px = torch.diff(px, dim=1, prepend=px[:, :1])
        px = torch.cat([torch.zeros_like(px[:, :1]), px[:, 1:]], 1)
        fine.append((64 * px).asinh() / 4)
    away = (play[..., : Play.K1] - baseline_path(condition)) * UNIT_PX
    return torch.cat([classifier_channels(play, condition), *fine, away.asinh(), condition], -1)
