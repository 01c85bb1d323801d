"""Gradient penalties of osu.training.gradient_penalty.

Independent references: double backward and finite differences of the penalty's own definition, in
float64; a linear critic, whose slope is |w| whatever the point; eight Gaussians on a circle.
"""

import math

import pytest
import torch
from torch import nn
from torch.func import functional_call

import train_gan
import train_wgan
from osu.nets.cursor_gan import CHANNELS, SIGNAL, Critic
from osu.training.gradient_penalty import (
    around,
    between,
    one_centred,
    one_centred_exact,
    slopes,
    zero_centred,
    zero_centred_exact,
)

FORMS = ("tcn", "lstm")


def small_critic(body: str, seed: int = 0):
    """A critic in float64 with its score of windows (5, 24, SIGNAL), and a signal."""
    torch.manual_seed(seed)
    critic = Critic(Critic.Config(body, (6, 8), (1, 2))).double()
    condition = 0.5 * torch.randn(5, 24, CHANNELS, dtype=torch.float64)
    signal = torch.randn(5, 24, SIGNAL, dtype=torch.float64)

    def score(x):
        return critic(x, condition.repeat(len(x) // 5, 1, 1))

    return critic, score, signal


def parameter_gradient(critic: nn.Module, loss: torch.Tensor) -> torch.Tensor:
    gradients = torch.autograd.grad(loss, list(critic.parameters()), allow_unused=True)
    return torch.cat(
        [
            (torch.zeros_like(p) if g is None else g).flatten()
            for p, g in zip(critic.parameters(), gradients, strict=True)
        ]
    )


@pytest.mark.parametrize("body", FORMS)
def test_first_order_form_has_the_gradient_of_double_backward(body):
    critic, score, signal = small_critic(body)
    exact = parameter_gradient(critic, one_centred_exact(score, signal, 10.0))
    # The error falls with the square of the step until rounding (1e-16 / step) takes over; at
    # 1e-3 both are below 1e-7 for critics whose third derivatives are of the order of 1.
    errors = []
    for step in (1e-1, 1e-2, 1e-3):
        first = parameter_gradient(critic, one_centred(score, signal, 10.0, step))
        errors.append(((first - exact).norm() / exact.norm()).item())
    assert errors[2] <= 1e-6
    assert 50 < errors[0] / errors[1] < 200  # second order: a hundredth for a tenth of the step


def test_first_order_form_has_the_gradient_of_the_penalty_by_differences():
    critic, score, signal = small_critic("lstm", seed=1)
    gradient = parameter_gradient(critic, one_centred(score, signal, 10.0, 1e-3))
    parameters = list(critic.parameters())
    along = [torch.randn_like(p) for p in parameters]
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            for p, a in zip(parameters, along, strict=True):
                p.add_(a, alpha=sign * 1e-5)
        values.append(10.0 * (slopes(score, signal) - 1).square().mean().item())
        with torch.no_grad():
            for p, a in zip(parameters, along, strict=True):
                p.sub_(a, alpha=sign * 1e-5)
    there = torch.cat([a.flatten() for a in along]) @ gradient
    # Differences of step 1e-5 are good to about 1e-9 of the value.
    assert (values[0] - values[1]) / 2e-5 == pytest.approx(there.item(), rel=1e-5)


@pytest.mark.parametrize("penalty", [one_centred_exact, one_centred])
def test_penalties_pass_gradcheck_in_a_weight(penalty):
    critic, _, signal = small_critic("tcn")
    condition = torch.ones(5, 24, CHANNELS, dtype=torch.float64)
    name = "reader.shrink.0.weight"

    def value(weight):
        def score(x):
            given = condition.repeat(len(x) // 5, 1, 1)
            return functional_call(critic, {name: weight}, (x, given))

        found = penalty(score, signal, 10.0)
        # The first-order sum has the penalty's gradient, not its value, which gradcheck needs.
        exact = one_centred_exact(score, signal.detach(), 10.0)
        return found + (exact - found).detach()

    weight = critic.get_parameter(name).detach().clone().requires_grad_(True)
    assert torch.autograd.gradcheck(value, weight, atol=1e-4 if penalty is one_centred else 1e-5)


@pytest.mark.parametrize("start", [0.2, 3.0])
def test_penalty_alone_drives_a_linear_critic_to_slope_one(start):
    torch.manual_seed(0)
    weight = torch.randn(12, 4, dtype=torch.float64)
    weight = (start * weight / weight.norm()).requires_grad_(True)
    optimizer = torch.optim.SGD([weight], lr=0.02)
    for _ in range(100):
        signal = torch.randn(8, 12, 4, dtype=torch.float64)
        optimizer.zero_grad()
        one_centred(lambda x: (x * weight).sum((1, 2))[:, None], signal, 10.0).backward()
        optimizer.step()
    # The gradient is 20 (|w| - 1), so the distance shrinks by .6 a step: nothing is left after 100.
    assert weight.norm().item() == pytest.approx(1.0, abs=1e-6)


def test_zero_centred_is_the_mean_square_over_scores():
    critic, score, signal = small_critic("tcn")
    exact = zero_centred_exact(score, signal)
    expected = parameter_gradient(critic, exact)
    torch.manual_seed(1)
    found, gradient = [], torch.zeros_like(expected)
    for _ in range(600):
        drawn = zero_centred(score(around(signal, 1e-3)), 1e-3)
        found.append(drawn.item())
        gradient += parameter_gradient(critic, drawn) / 600
    # An unbiased estimate: the mean lies within four standard errors; and so does the gradient
    # with respect to the weights, whose direction is then the exact one's.
    error = torch.tensor(found).std().item() / math.sqrt(len(found))
    assert error < 0.03 * exact.item()
    assert sum(found) / len(found) == pytest.approx(exact.item(), abs=4 * error)
    assert torch.cosine_similarity(gradient, expected, dim=0) > 0.99


def test_between_lies_on_the_segments_and_is_detached():
    real = torch.zeros(50, 3, 2, requires_grad=True)
    fake = torch.ones(50, 3, 2, requires_grad=True)
    found = between(real, fake)
    assert not found.requires_grad
    assert (found == found[:, :1, :1]).all() and found.min() > 0 and found.max() < 1
    assert found[:, 0, 0].std() > 0.2  # of U[0, 1]: .29


# --- Eight Gaussians ----------------------------------------------------------------------------


def perceptron(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inputs, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, outputs)
    )


def eight_gaussians(count: int) -> torch.Tensor:
    """(count, 1, 2): eight Gaussians of spread .05 on a circle of radius 1."""
    angle = torch.randint(8, (count,)) * (math.pi / 4)
    centre = torch.stack([angle.cos(), angle.sin()], -1)
    return (centre + 0.05 * torch.randn(count, 2))[:, None]


def covered(points: torch.Tensor) -> tuple[int, float]:
    """How many Gaussians have at least 2 % of the points within .15, and the share within."""
    angle = torch.arange(8) * (math.pi / 4)
    apart = torch.cdist(points[:, 0], torch.stack([angle.cos(), angle.sin()], -1))
    near = apart < 0.15
    return int((near.float().mean(0) > 0.02).sum()), near.any(1).float().mean().item()


STEP = 0.01  # small against the Gaussians


def toy(form: str, steps: int) -> tuple[int, float]:
    torch.manual_seed(0)
    model, critic = perceptron(2, 2), perceptron(2, 1)
    betas = (0.0, 0.9)
    model_optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, betas=betas)
    critic_optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=betas)

    def score(x):
        return critic(x).squeeze(-1)

    for step in range(steps):
        for group in model_optimizer.param_groups + critic_optimizer.param_groups:
            group["lr"] = 3e-3 * min(1.0, 2 * (1 - step / steps))
        for _ in range(3 if form == "wgan" else 1):
            real, fake = eight_gaussians(128), model(torch.randn(128, 1, 2)).detach()
            if form == "wgan":
                loss = train_wgan.critic_loss(score(real), score(fake))
                loss = loss + one_centred(score, between(real, fake), 0.1, STEP)
            else:
                scores = score(around(torch.cat([real, fake]), STEP))
                loss = train_gan.critic_loss("r3", *scores.chunk(2)[0].chunk(2))
                loss = loss + 0.05 * zero_centred(scores, STEP)
            critic_optimizer.zero_grad()
            loss.backward()
            critic_optimizer.step()
        fake = model(torch.randn(128, 1, 2))
        if form == "wgan":
            loss = train_wgan.generator_loss(score(fake))
        else:
            loss = train_gan.generator_loss("r3", score(eight_gaussians(128)), score(fake))
        model_optimizer.zero_grad()
        loss.backward()
        model_optimizer.step()
    with torch.no_grad():
        return covered(model(torch.randn(2000, 1, 2)))


@pytest.mark.parametrize("form", ["wgan", "r3"])
def test_eight_gaussians_are_all_found(form):
    modes, near = toy(form, 1200 if form == "wgan" else 2000)
    # A generator that collapses finds one or two; one that only spreads over the disc has a share
    # of 8 * .15^2 = .18 near a centre. Measured: .38 and .34.
    assert modes == 8
    assert near > 0.28
