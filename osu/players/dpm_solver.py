"""Draws plays from the denoiser: EDM's noise levels, DPM-Solver++ (2M) steps.

DPM-Solver++ is arXiv 2211.01095; the second-order multistep form costs one call of the network a
step. Sampling takes its generator: a play depends on its seed and on nothing else in its batch.

A network's errors stay in the signal, which is thus noisier than the level of its step says. The
network is told a higher level (`inflate_sigma`), as in time-shifted sampling (arXiv 2305.15583),
and takes those errors out too. How much higher, and down to which level, was chosen on the
validation split: of the errors of a plan or an aim some are left, those of a hand's tremor the
network hardly makes. A cursor that aims at nothing, in breaks, would only lose by it what it does
there: such frames are `free`, and as noisy as the network is told.
"""

from collections.abc import Callable

import torch
from torch import Tensor

SIGMA_MIN, SIGMA_MAX, RHO = 0.0003, 3.0, 7.0  # units of 256 px
AIM = 0.1  # levels below move the cursor by less than 25 px
TOLD_AIM = 1.12  # times the level


def inflate_sigma(sigma: float) -> float:
    """The noise level that the network is told of at a step of level `sigma`."""
    return sigma * TOLD_AIM if sigma >= AIM else sigma


def noise_levels(steps: int) -> Tensor:
    """(steps + 1,) sigmas from SIGMA_MAX down to SIGMA_MIN, then 0 (EDM, equation 5)."""
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    low, high = SIGMA_MIN ** (1 / RHO), SIGMA_MAX ** (1 / RHO)
    return torch.cat([(high + ramp * (low - high)) ** RHO, torch.zeros(1, dtype=torch.float64)])


@torch.no_grad()
def sample(
    denoise: Callable[[Tensor, Tensor], Tensor],
    noise: Tensor,
    steps: int,
    tick: Callable[[int], None] | None = None,
    free: Tensor | None = None,
) -> Tensor:
    """Integrates from `noise` (B, T, C), standard normal, to a clean signal of the same shape.

    denoise(x, noise level told (B,)) -> clean; `tick` is called after each step and may raise to
    stop; `free` (B, T, C) is 1 for what aims at nothing, else 0.
    """
    levels = noise_levels(steps).tolist()
    noisier = 1 if free is None else 1 + (TOLD_AIM - 1) * free
    x = noise * levels[0] * noisier
    before = None
    for n in range(steps):
        sigma, following = levels[n], levels[n + 1]
        clean = denoise(x, torch.full((len(x),), inflate_sigma(sigma), device=x.device))
        if following == 0:
            x = clean
        else:
            guess = clean
            if before is not None:
                step = torch.tensor(sigma / following).log()
                last = torch.tensor(levels[n - 1] / sigma).log()
                ratio = (step / (2 * last)).item()
                guess = (1 + ratio) * clean - ratio * before
            kept = following / sigma / (noisier if following < AIM <= sigma else 1)
            x = kept * x + (1 - kept) * guess
        before = clean
        if tick:
            tick(n)
    return x
