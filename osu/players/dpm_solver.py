"""Draws plays from the denoiser: EDM's noise levels, DPM-Solver++ (2M) steps.

DPM-Solver++ is arXiv 2211.01095; the second-order multistep form costs one call of the network a
step. Sampling takes its generator: a play depends on its seed and on nothing else in its batch.
"""

from collections.abc import Callable

import torch
from torch import Tensor

SIGMA_MIN = 0.0003  # units of 256 px
RHO = 12.0  # EDM's 7 would spend a third of the steps above 3 units, where little is decided


def noise_levels(steps: int, highest: float) -> Tensor:
    """(steps + 1,) sigmas from `highest` down to SIGMA_MIN, then 0 (EDM, equation 5)."""
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    low, high = SIGMA_MIN ** (1 / RHO), highest ** (1 / RHO)
    return torch.cat([(high + ramp * (low - high)) ** RHO, torch.zeros(1, dtype=torch.float64)])


@torch.no_grad()
def sample(
    denoise: Callable[[Tensor, Tensor], Tensor],
    noise: Tensor,
    levels: Tensor,
    on_progress: Callable[[int], None] | None = None,
    begin: Tensor | None = None,
) -> Tensor:
    """Integrates from `noise` (B, T, C), standard normal, to a clean signal of the same shape.

    levels (steps + 1,) as `noise_levels` gives them. `begin` is a signal to which the noise of the
    first level is added: what is coarser than that noise stays; without it there is no signal.

    denoise(x, sigma (B,)) -> clean. `on_progress` gets the number of each step once it is done and
    may raise to stop.
    """
    levels = levels.tolist()
    x = noise * levels[0]
    x = x if begin is None else x + begin
    clean_before = None
    for n in range(len(levels) - 1):
        sigma, following = levels[n], levels[n + 1]
        clean = denoise(x, torch.full((len(x),), sigma, device=x.device))
        if following == 0:
            x = clean
        else:
            target = clean
            if clean_before is not None:
                step = torch.tensor(sigma / following).log()
                last_step = torch.tensor(levels[n - 1] / sigma).log()
                ratio = (step / (2 * last_step)).item()
                target = (1 + ratio) * clean - ratio * clean_before
            kept = following / sigma
            x = kept * x + (1 - kept) * target
        clean_before = clean
        if on_progress:
            on_progress(n)
    return x
