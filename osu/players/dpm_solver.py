"""Draws plays from the denoiser: EDM's noise levels, DPM-Solver++ (3M) steps.

DPM-Solver++ is arXiv 2211.01095. Its multistep form costs one call of the network a step; of third
order 24 steps are as near to where 128 end as 32 of second order (docs/results.md).

Above STOCHASTIC_SIGMA steps are those of SDE-DPM-Solver++: some of the noise is drawn afresh. Where
which finger plays and what is a miss is decided, a network that is not perfect makes plays of parts
that do not fit together; fresh noise lets it mend what it has begun wrongly, the probability flow
does not (EDM, section 4). What is drawn depends on the noise and on nothing else in its batch.
"""

import itertools
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

SIGMA_MIN = 0.0003  # units of 256 px
STEPS = 24  # of a play
ORDER = 3
STOCHASTIC_SIGMA = 0.12
RHO = 12.0  # EDM's 7 would spend a third of the steps above 3 units, where little is decided


def noise_levels(steps: int, highest: float) -> Tensor:
    """(steps + 1,) sigmas from `highest` down to SIGMA_MIN, then 0 (EDM, equation 5)."""
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    low, high = SIGMA_MIN ** (1 / RHO), highest ** (1 / RHO)
    return torch.cat([(high + ramp * (low - high)) ** RHO, torch.zeros(1, dtype=torch.float64)])


def draw_noise(levels: Tensor, *shape: int, generator: torch.Generator) -> Tensor:
    """What `sample` takes for signals of a `shape` (B, T, C): (N, B, T, C) standard normal, one to
    begin with and one for each step above STOCHASTIC_SIGMA, on the generator's device."""
    draws = 1 + int((levels[:-1] > STOCHASTIC_SIGMA).sum())
    return torch.randn(draws, *shape, generator=generator, device=generator.device)


@torch.no_grad()
def sample(
    denoise: Callable[[Tensor, Tensor], Tensor],
    noise: Tensor,
    levels: Tensor,
    on_progress: Callable[[int], None] | None = None,
    begin: Tensor | None = None,
    stochastic_above: float = STOCHASTIC_SIGMA,
) -> Tensor:
    """Integrates from noise to a clean signal (B, T, C).

    noise (N, B, T, C) of `draw_noise`; levels (steps + 1,) as `noise_levels` gives them. `begin` is
    a signal to which the noise of the first level is added: what is coarser than that noise stays;
    without it there is no signal. `stochastic_above` inf makes it the probability flow.

    denoise(x, sigma (B,)) -> clean. `on_progress` gets the number of each step once it is done and
    may raise to stop.
    """
    levels = levels.tolist()
    fresh = iter(noise)
    x = next(fresh) * levels[0]
    x = x if begin is None else x + begin
    seen: list[Tensor] = []  # clean signals of the last steps
    for n, (sigma, following) in enumerate(itertools.pairwise(levels)):
        seen = [*seen[1 - ORDER :], denoise(x, torch.full((len(x),), sigma, device=x.device))]
        if following == 0:
            x = seen[-1]
        else:
            pull = 2 if sigma > stochastic_above else 1
            weights = step_weights(levels[n + 1 - len(seen) : n + 1], following, pull)
            x = (following / sigma) ** pull * x
            for weight, clean in zip(weights, seen, strict=True):
                x = x + weight * clean
            if pull == 2:
                x = x + following * (1 - (following / sigma) ** 2) ** 0.5 * next(fresh)
        if on_progress:
            on_progress(n)
    return x


def step_weights(sigmas: list[float], following: float, pull: int = 1) -> list[float]:
    """What the clean signals at the last K `sigmas` weigh in the step from the last of them to
    `following`, which is exact where they are a polynomial of ln(sigma) of degree K - 1.

    With s = ln(following / sigma) the step adds the integral of p exp(p s) clean(s) up to s = 0,
    where p, the `pull` towards the clean signal, is 1 in the probability flow and 2 where as much
    noise is drawn afresh as that takes away.
    """
    s = np.log(following / np.array(sigmas))
    left = np.exp(pull * s[-1])
    moments = [1 - left]  # integrals of p exp(p s) s^k
    for k in range(1, len(s)):
        moments.append(-left * s[-1] ** k - k / pull * moments[-1])
    return np.linalg.solve(np.vander(s, increasing=True).T, moments).tolist()
