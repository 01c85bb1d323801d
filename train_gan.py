"""Trains the GAN cursor player: plain, which collapses, or relativistic with R1 and R2.

Learns  style (B, S), noise (B, T, N), condition (B, T, F) -> cursor (B, T, 2) in units
Run     uv run train_gan.py --data DIR --minutes 9.5 --graph          one H100
CPU     uv run train_gan.py                       the small form: ten minutes, the sample
Expect  8,441 steps (H100, 9.5 minutes, two other runs beside it): two samples 29 px apart (people:
        32), fresh classifiers .49 (conv) and .59 (features) accurate on 40 cursors, .5 is best. On
        one CPU core (--width 16 --batch 8 --length 256 --minutes 6): .86 and .84; with --loss ns
        --diversity 0: .95 and .86, 10 px apart

A real cursor and a generated one on the same map are scored in pairs, stretch by stretch:
`--loss r3` is R3GAN (arXiv 2501.05441). `--loss ns` is the plain non-saturating loss of
arXiv 1406.2661 without a penalty, the baseline that fails. No term asks for one human's path;
`--diversity` asks that two plays of a map differ as much as people's do, which no critic sees.
"""

import copy
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from osu import distributed
from osu.data.cursor_windows import CursorWindows
from osu.data.dataset import open_plays
from osu.nets import checkpoint
from osu.nets.cursor_gan import Critic, CursorGenerator
from osu.training.adversarial import diversity_loss, first_half_twice, paired_signals
from osu.training.cursor_validation import validate_cursors
from osu.training.gradient_penalty import around, zero_centred
from osu.training.options import launch, option
from osu.training.run import Run
from osu.training.schedule import (
    closing_rate,
    gradient_norm,
    set_rate,
    step_seed,
    update_average,
)


@dataclass(frozen=True)
class Args:
    data: str = option("data/sample", "folders with replays and maps, by commas")
    cache: str = option("cache", "folder of the prepared plays; used as it is where --data is ''")
    out: str = option("runs/gan", "folder of this run")
    init: str = option("", "folder of a model whose weights training starts from")
    seed: int = option(0, "of weights, windows and latents")
    steps: int = option(20000, "steps, each of critic and generator")
    minutes: float = option(0.0, "stop after this time instead, where above 0", small=10.0)
    batch: int = option(96, "windows a step", small=16)
    length: int = option(512, "frames a window, 60 a second", small=256)
    loss: Literal["r3", "ns"] = option("r3", "relativistic with R1 + R2, or plain non-saturating")
    diversity: float = option(0.5, "weight of the diversity loss: two plays differ as people's do")
    gamma: float = option(0.2, "weight of R1 and R2 at first; a tenth of it in the end")
    learning_rate: float = option(3e-4, "until the last quarter, in which it falls to 0")
    average: float = option(0.999, "decay of the averaged weights")
    width: int = option(64, "channels at 60 Hz", small=16)
    graph: bool = option(False, "capture the steps as CUDA graphs: kernels need no launching")
    eval_every: int = option(5000, "steps between evaluations", small=250)
    eval_plays: int = option(40, "plays of the validation split that are sampled")
    pictures: bool = option(True, "draw what it plays of a held-out map, once a minute")
    resume: bool = option(False, "go on from --out/last.pt")
    full: bool = option(False, "the full form, where there is no GPU too")
    device: str = option("auto", "auto, cpu or cuda")


# --- Losses -------------------------------------------------------------------------------------

# Finite-difference step for the gradient penalty, in units of the critic's input.
STEP = 0.05


def critic_loss(loss: str, real: Tensor, fake: Tensor) -> Tensor:
    """Of scores (B, P) of real and generated windows on the same maps."""
    if loss == "r3":
        return F.softplus(fake - real).mean()
    return (F.softplus(-real) + F.softplus(fake)).mean()


def generator_loss(loss: str, real: Tensor, fake: Tensor) -> Tensor:
    if loss == "r3":
        return F.softplus(real - fake).mean()
    return F.softplus(-fake).mean()


class CriticLoss(nn.Module):
    """Human cursors are scored above generated ones on the same map. One call is one graph."""

    def __init__(self, loss: str, critic: Critic, generator: CursorGenerator) -> None:
        super().__init__()
        self.loss, self.critic, self.generator = loss, critic, generator

    def forward(self, condition: Tensor, human: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """A batch of CursorWindows -> the critic's loss, and R1 + R2 (halved, without gamma)."""
        with torch.no_grad():
            condition, real, fake, _ = paired_signals(self.generator, condition, human, mask)
        signals = torch.cat([real, fake])  # (2 B, T, SIGNAL)
        if self.loss == "ns":
            scores = self.critic(signals, condition.repeat(2, 1, 1))  # (2 B, P)
            return critic_loss("ns", *scores.chunk(2)), signals.new_zeros(())
        # The perturbation is small enough to ignore in the loss, so the same passes serve both:
        # scores of (real, fake) moved ahead, then of (real, fake) moved behind.
        scores = self.critic(around(signals, STEP), condition.repeat(4, 1, 1))  # (4 B, P)
        ahead, behind = (critic_loss("r3", *side.chunk(2)) for side in scores.chunk(2))
        return (ahead + behind) / 2, zero_centred(scores, STEP)


class GeneratorLoss(nn.Module):
    """Generated cursors are scored above human ones, and two of one map differ. One graph."""

    def __init__(self, loss: str, generator: CursorGenerator, critic: Critic) -> None:
        super().__init__()
        self.loss, self.generator, self.critic = loss, generator, critic

    def forward(self, *batch: Tensor) -> tuple[Tensor, Tensor]:
        """A batch of CursorWindows, half of which is used -> generator's loss, diversity loss."""
        condition, real, fake, _ = paired_signals(self.generator, *first_half_twice(*batch))
        with torch.no_grad():
            real_scores = self.critic(real, condition)  # (B, P)
        loss = generator_loss(self.loss, real_scores, self.critic(fake, condition))
        return loss, diversity_loss(real, fake)


def main(args: Args) -> dict[str, float]:
    # --- Setup ---
    run = Run(args)
    device = run.device

    # --- Data ---
    plays = open_plays(args.data, args.cache, args.seed).to(device)
    windows = CursorWindows(plays, "train", run.rank, run.world_size)
    checked = plays.where("val")[: args.eval_plays]

    # --- Models and optimizers ---
    w = args.width
    model = CursorGenerator(CursorGenerator.Config(widths=(w, 2 * w, 3 * w))).to(device)
    critic = Critic(Critic.Config(widths=(w, 2 * w, 3 * w))).to(device)
    if args.init:
        checkpoint.init_from(args.init, model)
    average = copy.deepcopy(model).requires_grad_(False)
    betas = (0.0, 0.99)  # momentum makes the two chase each other
    options = {"lr": args.learning_rate, "betas": betas, "fused": device.type == "cuda"}
    model_optimizer = torch.optim.Adam(model.parameters(), **options)
    critic_optimizer = torch.optim.Adam(critic.parameters(), **options)
    parts = {
        "model": model, "critic": critic, "average": average,
        "model_optimizer": model_optimizer, "critic_optimizer": critic_optimizer,
    }  # fmt: skip

    # --- Resume ---
    steps, metrics = run.begin(parts)
    run.watch_plays(plays, lambda passage, noise: average.play(passage.condition, noise))

    # --- Steps ---
    def inputs(step: int) -> tuple[Tensor, ...]:
        return windows.draw(args.batch, args.length, (args.seed, step, 0))

    captured = inputs(0) if args.graph else None
    critic_loss_of = distributed.wrap(
        CriticLoss(args.loss, critic, model), device, captured, [critic]
    )
    generator_loss_of = distributed.wrap(
        GeneratorLoss(args.loss, model, critic), device, captured, [model]
    )

    # --- Loop ---
    for step, done in steps:
        set_rate(
            closing_rate(step, done, args.learning_rate, warmup=50),
            model_optimizer,
            critic_optimizer,
        )
        gamma = args.gamma * 0.1 ** min(1.0, done)

        # Next batch: windows are a function of (seed, step), noise of the process too.
        torch.manual_seed(step_seed(args.seed, step, run.rank))
        batch = inputs(step)

        # Critic: rank people's cursors above generated ones, with a bounded slope at both.
        d_loss, penalty = critic_loss_of(*batch)
        critic_optimizer.zero_grad(set_to_none=True)
        (d_loss + gamma * penalty).backward(inputs=list(critic.parameters()))
        critic_optimizer.step()

        # Generator: be ranked above people, and play a map as variously as they do.
        g_loss, diversity = generator_loss_of(*batch)
        model_optimizer.zero_grad(set_to_none=True)
        (g_loss + args.diversity * diversity).backward(inputs=list(model.parameters()))
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        model_optimizer.step()
        update_average(average, model, min(args.average, (step + 1) / (step + 10)))
        losses = {
            "critic_loss": d_loss, "penalty": penalty,
            "generator_loss": g_loss, "diversity": diversity,
        }  # fmt: skip
        run.check_finite(step, losses)

        # Once in a while: log, evaluate, save, draw.
        if step % 50 == 0 or steps.last:
            rate = steps.per_second(args.batch * args.length)
            losses = {name: distributed.mean(value) for name, value in losses.items()}
            run.log(
                step, **losses, critic_norm=gradient_norm(critic), generator_norm=norm,
                gamma=gamma, frames_per_s=rate,
            )  # fmt: skip
            steps.show(d_loss, rate)
        if ((step + 1) % args.eval_every == 0 or steps.last) and run.first:
            metrics = validate_cursors(average, plays, checked, args.seed)
            run.save(step, metrics, parts)
        run.picture(step, parts)

    # --- Done ---
    run.finish(average, plays, metrics, steps.number, kind="cursor", about=f"GAN, {args.loss}")
    return metrics


if __name__ == "__main__":
    launch(main, Args)
