"""Both sides of an adversarial step, each a module: one call is one batch's losses, and can be
captured as a CUDA graph. What is lost and how slopes are bounded is the training script's.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from osu.nets.cursor_gan import Critic, CursorGenerator, Latents, critic_signal, with_baseline
from osu.training.gradient_penalty import ScoreFunction

HUMAN_DISTANCE = 0.94  # of two people's cursors on a map, where their distance from the plan is 1

Batch = tuple[
    Tensor, Tensor, Tensor
]  # of osu.data.cursor_windows.CursorWindows: condition, cursor, where there


def paired_signals(model: CursorGenerator, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Latents]:
    """What a critic sees of a batch: condition with plan (B, T, CHANNELS), real and generated
    signal (B, T, SIGNAL), and the latents of the latter. Past the end of a play both cursors are
    the same, so nothing is learned there."""
    condition, human, there = batch
    condition = with_baseline(condition)
    latents = model.draw(*condition.shape[:2], condition.device)
    cursor = torch.where(there, model(condition, latents), human)
    return condition, critic_signal(human, condition), critic_signal(cursor, condition), latents


def scorer(critic: Critic, condition: Tensor) -> ScoreFunction:
    """The critic's scores (n B, P) of n times as many signals (n B, T, SIGNAL) as conditions."""
    return lambda signal: critic(signal, condition.repeat(len(signal) // len(condition), 1, 1))


def diversity_loss(real: Tensor, fake: Tensor) -> Tensor:
    """How much nearer to each other two cursors of the same map and window are than two people's
    would be: 0 where they are as far apart, 1 where they are the same; mean over windows.

    Signals (2 B, T, SIGNAL): the second half are others' on the maps of the first half. Critics
    judge one window at a time, so a generator that always plays alike costs nothing with them;
    that two samples must differ is arXiv 1901.09024. How far, real cursors say by their distance
    from the plan, and nothing says where to.
    """
    one, other = fake[..., :2].chunk(2)
    wanted = HUMAN_DISTANCE * real[..., :2].chunk(2)[0].norm(dim=-1).mean(1)
    return F.relu(1 - (one - other).norm(dim=-1).mean(1) / wanted.clamp(min=1e-3)).mean()


class CriticStep(nn.Module):
    """judge(score, real, fake) -> losses, with the generator as it is."""

    def __init__(self, critic: Critic, model: CursorGenerator, judge: Callable) -> None:
        super().__init__()
        self.critic, self.judge = critic, judge
        self.given = (model,)  # in a tuple: its weights are not this module's

    def forward(self, *batch: Tensor) -> tuple[Tensor, ...]:
        with torch.no_grad():
            condition, real, fake, _ = paired_signals(*self.given, batch)
        return self.judge(scorer(self.critic, condition), real, fake)


class GeneratorStep(nn.Module):
    """please(score, real, fake, condition, latents) -> losses, with the critic as it is. The first
    half of the batch is played twice, so that plays of a map can be compared (`diversity_loss`)."""

    def __init__(self, model: CursorGenerator, critic: Critic, please: Callable) -> None:
        super().__init__()
        self.model, self.please = model, please
        self.given = (critic,)

    def forward(self, *batch: Tensor) -> tuple[Tensor, ...]:
        batch = tuple(part.chunk(2)[0].repeat(2, 1, 1) for part in batch)
        condition, real, fake, latents = paired_signals(self.model, batch)
        return self.please(scorer(*self.given, condition), real, fake, condition, latents)
