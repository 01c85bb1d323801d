"""Gradient penalties of critics: exact, and in a first-order form that needs no double backward.

A critic here is `score(signal) -> (B, P)`, P scores a window (1 or more). Norms are of the
gradient of a window's mean score with respect to its signal (B, T, C).
"""

from collections.abc import Callable

import torch
from torch import Tensor, autograd

ScoreFunction = Callable[[Tensor], Tensor]


def between(real: Tensor, fake: Tensor) -> Tensor:
    """Points a real + (1 - a) fake, one a ~ U[0, 1] a window, detached (arXiv 1704.00028)."""
    share = torch.rand(len(real), 1, 1, device=real.device, dtype=real.dtype)
    return torch.lerp(fake.detach(), real.detach(), share)


def _gradient(score: ScoreFunction, signal: Tensor, create_graph: bool = False) -> Tensor:
    """(B, T, C): the gradient of each window's mean score with respect to its signal."""
    signal = signal.detach().requires_grad_(True)
    return autograd.grad(score(signal).mean(1).sum(), signal, create_graph=create_graph)[0]


def slopes(score: ScoreFunction, signal: Tensor) -> Tensor:
    """(B,) the norm of that gradient, to be logged: the penalties below want it to be 1."""
    return _gradient(score, signal).flatten(1).norm(dim=1)


def one_centred_exact(score: ScoreFunction, signal: Tensor, weight: float) -> Tensor:
    """weight * mean over windows of (|gradient| - 1)^2, by double backward. Not for cuDNN RNNs,
    which have none: there it needs torch.backends.cudnn.flags(enabled=False)."""
    gradient = _gradient(score, signal, create_graph=True)
    return weight * (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def one_centred_ends(
    score: ScoreFunction, signal: Tensor, weight: float, step: float = 0.05
) -> tuple[Tensor, Tensor]:
    """Points (2 B, T, C) and coefficients (2 B,), both constants, such that the gradient of
    sum(coefficients * mean scores of the points) with respect to the critic's weights is that of
    `one_centred_exact` up to O(step^2). The sum's own value is not the penalty's.

    With g the gradient at a window and n = g / |g| held constant, the penalty's gradient is
    2 weight / B * sum (|g| - 1) d(n . grad score); the derivative along n is a central
    difference, so ordinary backward passes suffice, and the caller may score the points in one
    batch with others. Wants a smooth critic (no kinks, no dropout) and float32. `step` is the
    length of the move over the whole window, in the signal's units.
    """
    gradient = _gradient(score, signal)
    norm = gradient.flatten(1).norm(dim=1)
    move = step * gradient / norm.clamp(min=1e-12)[:, None, None]
    slope = weight / step / len(signal) * (norm - 1)
    signal = signal.detach()
    return torch.cat([signal + move, signal - move]), torch.cat([slope, -slope])


def one_centred(score: ScoreFunction, signal: Tensor, weight: float, step: float = 0.05) -> Tensor:
    """The sum that `one_centred_ends` speaks of, where nothing else is scored."""
    ends, coefficients = one_centred_ends(score, signal, weight, step)
    return (coefficients * score(ends).mean(1)).sum()


def around(signal: Tensor, step: float) -> Tensor:
    """(2 B, T, C): each window moved by `step` times a standard normal, ahead and then behind,
    detached."""
    move = step * torch.randn_like(signal)
    return torch.cat([signal + move, signal - move]).detach()


def zero_centred(scores: Tensor, step: float) -> Tensor:
    """E |gradient of a score|^2 over windows and their P scores, up to O(step^2), out of the
    scores (2 B, P) of `around`'s windows: that is R1 on real windows and R2 on generated
    ones (arXiv 2501.05441), without gamma / 2.

    Along a standard normal n the derivative's square has as mean the gradient's square, so a
    difference of scores that are there anyhow is enough: no backward pass, and each of the P
    scores is penalised by itself. (A one-centred penalty cannot be had so.)
    """
    ahead, behind = scores.chunk(2)
    return ((ahead - behind) / (2 * step)).square().mean()


def zero_centred_exact(score: ScoreFunction, signal: Tensor) -> Tensor:
    """The same by double backward, one score after the other."""
    signal = signal.detach().requires_grad_(True)
    scores = score(signal)
    squares = [
        autograd.grad(scores[:, p].sum(), signal, create_graph=True)[0].square().sum()
        for p in range(scores.shape[1])
    ]
    return torch.stack(squares).sum() / scores.numel()
