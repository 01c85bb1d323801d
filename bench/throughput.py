"""Frames a second that the networks learn from, and how busy the GPU is.

    uv run -m bench.throughput                                       a GPU, two minutes
    uv run -m bench.throughput --frames 64 --windows 4 --repeats 2   a CPU, one minute

Bodies: the same width and depth at 60 Hz as an LSTM (one step after the other), as a gated
recurrence by parallel scan (minGRU, arXiv 2410.01201), and as dilated convolutions; then the LSTM
on 15 Hz, four times fewer steps. Networks: as trained, forward and backward. Steps: a whole step of
each training script (a GAN's critic and generator, ...), without the drawing of the batch, without
and with CUDA graphs; `busy` is the share of the time in which a kernel ran, by torch's profiler.
Times are medians in this one run.
"""

import argparse
import functools
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import train_gan
import train_vae
import train_wgan
from osu import distributed
from osu.features.condition import Condition
from osu.nets.cursor_gan import (
    CHANNELS,
    SIGNAL,
    Critic,
    CursorGenerator,
    Encoder,
    Recurrence,
    ResidualBlock,
    with_baseline,
)

WIDTH = 192


class Scan(nn.Module):
    """(B, T, C) -> (B, T, C): h[t] = (1 - z[t]) h[t-1] + z[t] c[t] with gates of the input alone,
    so all frames at once, in logarithms."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, 2 * width)

    def forward(self, x: Tensor) -> Tensor:
        gate, candidate = self.gate(x).chunk(2, -1)
        kept = F.logsigmoid(-gate).cumsum(1)
        taken = F.logsigmoid(gate) + F.softplus(candidate).log()
        return (kept + torch.logcumsumexp(taken - kept, 1)).exp()


def median_ms(step: Callable[[], None], device: torch.device, repeats: int) -> float:
    times = []
    for number in range(repeats + 3):
        if device.type == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        if number >= 3:
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def busy(step: Callable[[], None], device: torch.device) -> str:
    """Share of the time in which a kernel ran."""
    if device.type != "cuda":
        return "-"
    step()
    torch.cuda.synchronize()
    activities = [torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        start = time.perf_counter()
        for _ in range(5):
            step()
        torch.cuda.synchronize()
        wall_us = 1e6 * (time.perf_counter() - start)
    kernels = [e for e in profile.events() if e.device_type == torch.autograd.DeviceType.CUDA]
    return f"{sum(e.time_range.elapsed_us() for e in kernels) / wall_us:.0%}"


def learn(net: nn.Module, *inputs: Tensor) -> None:
    """Forward and backward."""
    net.zero_grad(set_to_none=True)
    net(*inputs).square().mean().backward()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--frames", type=int, default=512, help="T")
    parser.add_argument("--windows", type=int, default=64, help="B")
    parser.add_argument("--repeats", type=int, default=20, help="steps a median is of")
    args = parser.parse_args()
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    on_gpu = device.type == "cuda"
    name = torch.cuda.get_device_name() if on_gpu else "CPU"
    shape = (args.windows, args.frames)
    frames = args.windows * args.frames
    print(f"{name}, torch {torch.__version__}, B x T = {args.windows} x {args.frames}")

    def row(title: str, step: Callable[[], None], share: bool = False) -> None:
        ms = median_ms(step, device, args.repeats)
        end = f" {busy(step, device)} |" if share else ""
        print(f"| {title} | {ms:.1f} | {frames / ms / 1e3:.3f} |{end}")

    print("\n| body of 192 channels | ms a step | M frames/s |\n|---|---|---|")
    x = torch.randn(*shape, WIDTH, device=device)
    quarter = x[:, ::4].contiguous()
    bodies = {
        "LSTM, 2 layers": (Recurrence(WIDTH, 2, bidirectional=False), x),
        "LSTM, both ways": (Recurrence(WIDTH, 2, bidirectional=True), x),
        "parallel scan, 2 layers": (nn.Sequential(Scan(WIDTH), Scan(WIDTH)), x),
        "5 dilated blocks": (nn.Sequential(*(ResidualBlock(WIDTH, d) for d in (1, 2, 4, 8, 1))), x),
        "LSTM, 2 layers, at 15 Hz": (Recurrence(WIDTH, 2, bidirectional=False), quarter),
        "5 dilated blocks at 15 Hz": (
            nn.Sequential(*(ResidualBlock(WIDTH, d) for d in (1, 2, 4, 8, 1))),
            quarter,
        ),
    }
    for title, (body, given) in bodies.items():
        row(title, functools.partial(learn, body.to(device), given))

    print("\n| network | ms a step | M frames/s |\n|---|---|---|")
    condition = torch.rand(*shape, len(Condition), device=device)
    planned = torch.rand(*shape, CHANNELS, device=device)
    signal = torch.randn(*shape, SIGNAL, device=device)
    for body in ("tcn", "lstm"):
        model = CursorGenerator(CursorGenerator.Config(body)).to(device)
        latents = model.draw(*shape, device)
        row(f"generator, {body}", lambda: learn(model, with_baseline(condition), latents))  # noqa: B023
        critic = Critic(Critic.Config(body)).to(device)
        row(f"critic, {body}", functools.partial(learn, critic, signal, planned))

    print("\n| step | ms | M frames/s | busy |\n|---|---|---|---|")
    human = 0.3 * torch.randn(*shape, 2, device=device)
    batch = (condition, human, torch.ones(*shape, 1, device=device) > 0)

    def family(title: str, steps: list[nn.Module], weights: list[nn.Module]) -> None:
        def whole(steps: list) -> None:
            for step, nets in zip(steps, weights, strict=True):
                found = step(*batch)
                loss = found[0].mean() + found[1].mean()
                loss.backward(inputs=[p for net in nets for p in net.parameters()])

        row(title, lambda: whole(steps), share=True)
        if on_gpu:
            graphed = [
                distributed.wrap(step, device, batch, nets)
                for step, nets in zip(steps, weights, strict=True)
            ]
            row(f"{title}, graph", lambda: whole(graphed), share=True)

    def networks(body: str) -> tuple[CursorGenerator, Critic]:
        return (
            CursorGenerator(CursorGenerator.Config()).to(device),
            Critic(Critic.Config(body)).to(device),
        )

    model, critic = networks("tcn")
    gan = [
        train_gan.CriticLoss("r3", critic, model),
        train_gan.GeneratorLoss("r3", model, critic),
    ]
    family("train_gan.py --loss r3", gan, [[critic], [model]])
    encoder = Encoder(Encoder.Config()).to(device)
    decoder = CursorGenerator(CursorGenerator.Config(noisy=False)).to(device)
    avae = [
        train_vae.CoderLoss(0.5, encoder, decoder),
        train_vae.CriticLoss(critic, model),
        train_vae.GeneratorLoss(model, critic, encoder),
    ]
    family("train_vae.py", avae, [[encoder, decoder], [critic], [model]])
    torch.backends.cudnn.allow_tf32 = False
    for body in ("lstm", "tcn"):
        model, critic = networks(body)
        wgan = [
            train_wgan.CriticLoss("first", critic, model),
            train_wgan.GeneratorLoss(model, critic),
        ]
        title = f"train_wgan.py --critic {body} --critic-steps 1 --lazy 1"
        family(title, wgan, [[critic], [model]])


if __name__ == "__main__":
    main()
