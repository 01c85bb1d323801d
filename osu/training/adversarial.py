"""What adversarial losses share: real and generated signals in pairs, and the diversity loss."""

import torch
from torch import Tensor
from torch.nn import functional as F

from osu.nets.cursor_gan import CursorGenerator, Latents, critic_signal, with_baseline

# Mean distance between two people's cursors on one map, over their distance from the baseline
# path. Measured once on the training plays.
HUMAN_DISTANCE = 0.94


def paired_signals(
    generator: CursorGenerator, condition: Tensor, human: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor, Tensor, Latents]:
    """A batch as a critic sees it: people's and generated cursors on the same windows.

    Condition (B, T, F), human cursor (B, T, 2) in units, mask (B, T, 1) of the frames that the play
    has. Returns the condition with the baseline path (B, T, CHANNELS), real and generated signal
    (B, T, SIGNAL), and the latents of the latter. Outside the mask both cursors are the same, so
    nothing is learned there.
    """
    condition = with_baseline(condition)
    latents = generator.draw(*condition.shape[:2], condition.device)
    cursor = torch.where(mask, generator(condition, latents), human)
    return condition, critic_signal(human, condition), critic_signal(cursor, condition), latents


def first_half_twice(*batch: Tensor) -> tuple[Tensor, ...]:
    """The first half of each (B, ...) tensor, twice: every window is then played two times, so
    that the plays of a map can be compared (`diversity_loss`)."""
    return tuple(part.chunk(2)[0].repeat(2, 1, 1) for part in batch)


def diversity_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Mode-seeking diversity loss (arXiv 1901.09024): 0 where two generated plays of a window are
    as far apart as two people's would be, 1 where they are the same; mean over windows.

    Signals (B, T, SIGNAL) of `first_half_twice`: row b and row b + B / 2 are one window. How far
    apart people would be follows from the real cursors' distance to the baseline path. Critics see
    one window at a time, so a generator that always plays alike costs nothing with them.
    """
    one, other = fake[..., :2].chunk(2)
    target = HUMAN_DISTANCE * real[..., :2].chunk(2)[0].norm(dim=-1).mean(1)
    return F.relu(1 - (one - other).norm(dim=-1).mean(1) / target.clamp(min=1e-3)).mean()
