"""What a gradient penalty costs a critic's step, and how near its gradient is to the exact one.

    uv run -m bench.penalty                                       a GPU, two minutes
    uv run -m bench.penalty --frames 48 --windows 8 --repeats 3   a CPU, one minute

Critics: a plain LSTM (2 layers of 128) on frames of 823 inputs, of which 8 are the signal, as in
docs/training.md; and both bodies that the training scripts use. A step
is: score real and generated windows, penalty, backward, Adam. Times are medians of whole steps in
this one run; a lazy row is the mean over the steps with and without the penalty.

Wanted at 512 x 64 for the LSTM: 60 times faster than exact, 2.2 times a step without penalty (lazy:
1.5), cosine .999 to the exact gradient.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from osu.nets.cursor_gan import CHANNELS, SIGNAL, Critic
from osu.training.gradient_penalty import (
    around,
    between,
    one_centred,
    one_centred_ends,
    one_centred_exact,
    zero_centred,
)

INPUTS = 823
WEIGHT = 10.0


class FrameLSTM(nn.Module):
    """Signal (B, T, SIGNAL), condition (B, T, C) -> scores (B, T)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(INPUTS, 128, 2, batch_first=True)
        self.score = nn.Linear(128, 1)

    def forward(self, signal: Tensor, condition: Tensor) -> Tensor:
        return self.score(self.lstm(torch.cat([signal, condition], -1))[0]).squeeze(-1)


def scorer(critic: nn.Module, condition: Tensor) -> Callable[[Tensor], Tensor]:
    """Scores (n B, P) of n times as many signals (n B, T, SIGNAL) as conditions."""
    return lambda signal: critic(signal, condition.repeat(len(signal) // len(condition), 1, 1))


def losses(score: Callable, real: Tensor, fake: Tensor, form: str) -> Tensor:
    """The loss of one step, by the form of its penalty."""

    def distance(scores: Tensor) -> Tensor:
        real_scores, fake_scores = scores.chunk(2)
        return fake_scores.mean() - real_scores.mean()

    both = torch.cat([real, fake])
    if form == "none":
        return distance(score(both))
    if form == "first, apart":
        return distance(score(both)) + one_centred(score, between(real, fake), WEIGHT)
    if form == "first, scores in 16 bit":
        with torch.autocast(both.device.type, torch.float16, enabled=both.is_cuda):
            scores = score(both)
        return distance(scores.float()) + one_centred(score, between(real, fake), WEIGHT)
    if form == "first, two streams":
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            penalty = one_centred(score, between(real, fake), WEIGHT)
        found = distance(score(both))
        torch.cuda.current_stream().wait_stream(side)
        return found + penalty
    if form == "first, one batch":
        ends, coefficients = one_centred_ends(score, between(real, fake), WEIGHT)
        scores = score(torch.cat([both, ends]))
        probed = scores[len(both) :].mean(1)
        return distance(scores[: len(both)]) + (coefficients * probed).sum()
    if form == "zero-centred, differences":
        scores = score(around(both, 0.05))
        return distance(scores.chunk(2)[0]) + zero_centred(scores, 0.05)
    with torch.backends.cudnn.flags(enabled=False):
        return distance(score(both)) + one_centred_exact(score, between(real, fake), WEIGHT)


def step_ms(critic: nn.Module, data: tuple[Tensor, ...], form: str, repeats: int) -> float:
    real, fake, condition = data
    on_gpu = real.is_cuda
    score = scorer(critic, condition)
    optimizer = torch.optim.Adam(critic.parameters(), lr=1e-5, fused=on_gpu)
    times = []
    for number in range(repeats + 2):
        if on_gpu:
            torch.cuda.synchronize()
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        losses(score, real, fake, form).backward()
        optimizer.step()
        if on_gpu:
            torch.cuda.synchronize()
        if number >= 2 or form == "exact":
            times.append(1000 * (time.perf_counter() - start))
        if form == "exact" and number >= 2:
            break
    return statistics.median(times)


def gradient(critic: nn.Module, loss: Tensor) -> Tensor:
    weights = list(critic.parameters())
    # The last bias has no slope: its gradient is zero or missing.
    found = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True)
    return torch.cat([g.double().flatten() for g in found])


def cosines(critic: nn.Module, data: tuple[Tensor, ...]) -> dict[str, float]:
    """The penalty's gradient with respect to the weights against the exact one in float64."""
    real, fake, condition = data
    points = between(real, fake)
    forms = {
        f"first, step {step}": lambda score, at, step=step: one_centred(score, at, WEIGHT, step)
        for step in (0.03, 0.1, 0.3, 1.0)
    } | {"exact in float32": lambda score, at: one_centred_exact(score, at, WEIGHT)}

    def of(form: Callable, dtype: torch.dtype) -> Tensor:
        critic.to(dtype)
        score = scorer(critic, condition.to(dtype))
        enabled = form is not forms["exact in float32"] and dtype == torch.float32
        with torch.backends.cudnn.flags(enabled=enabled, allow_tf32=False):
            return gradient(critic, form(score, points.to(dtype)))

    exact = of(forms["exact in float32"], torch.float64)
    found = {name: of(form, torch.float32) for name, form in forms.items()}
    return {name: torch.cosine_similarity(g, exact, dim=0).item() for name, g in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--frames", type=int, default=512, help="T")
    parser.add_argument("--windows", type=int, default=64, help="B")
    parser.add_argument("--repeats", type=int, default=20, help="steps a median is of")
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.backends.cudnn.allow_tf32 = False
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    on_gpu = device.type == "cuda"
    name = torch.cuda.get_device_name() if on_gpu else "CPU"
    print(f"{name}, torch {torch.__version__}, T x B = {args.frames} x {args.windows}")

    shape = (args.windows, args.frames)
    real = torch.randn(*shape, SIGNAL, device=device)
    fake = 0.8 * real.roll(1, 1) + 0.5 * torch.randn_like(real)
    critics = {
        "LSTM on frames": (FrameLSTM(), INPUTS - SIGNAL),
        "lstm, as trained": (Critic(Critic.Config("lstm")), CHANNELS),
        "tcn, as trained": (Critic(Critic.Config("tcn")), CHANNELS),
    }
    forms = ["none", "first, apart", "first, one batch", "first, scores in 16 bit"]
    forms += ["first, two streams"] * on_gpu + ["exact", "zero-centred, differences"]
    for title, (critic, channels) in critics.items():
        critic.to(device)
        torch.cuda.empty_cache()  # the exact form leaves the memory full
        data = (real, fake, 0.5 + 0.1 * torch.randn(*shape, channels, device=device))
        print(f"\n{title}, {sum(p.numel() for p in critic.parameters()) / 1e6:.2f} M weights")
        print("| penalty | ms a step | of none | exact is slower by |\n|---|---|---|---|")
        times = {form: step_ms(critic, data, form, args.repeats) for form in forms}
        for every in (2, 4):
            times[f"first, one batch, lazy {every}"] = (
                times["first, one batch"] + (every - 1) * times["none"]
            ) / every
        for form, ms in times.items():
            ratio, slower = ms / times["none"], times["exact"] / ms
            print(f"| {form} | {ms:.1f} | {ratio:.2f} | {slower:.1f} |")
        for label in ("new", "after 40 steps"):
            found = ", ".join(f"{k} {v:.5f}" for k, v in cosines(critic, data).items())
            print(f"cosine to the exact gradient in float64, {label}: {found}")
            score, optimizer = scorer(critic, data[2]), torch.optim.Adam(critic.parameters(), 1e-3)
            for _ in range(40 if label == "new" else 0):
                optimizer.zero_grad()
                losses(score, real, fake, "first, one batch").backward()
                optimizer.step()


if __name__ == "__main__":
    main()
