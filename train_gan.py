"""Trains the GAN cursor player: plain, which collapses, or relativistic with R1 and R2.

Learns  style (B, S), noise (B, T, N), condition (B, T, F) -> cursor (B, T, 2) in units
Run     uv run train_gan.py --data ../shared/data --minutes 10 --graph   one H100
CPU     uv run train_gan.py --steps 20 --batch 4 --width 16         the sample, a minute
Expect  8,441 steps (H100, 9.5 minutes, two other runs beside it): two samples 29 px apart (people:
        32), fresh classifiers .49 (conv) and .59 (features) accurate on 40 cursors, .5 is best. On
        one CPU core (--width 16 --batch 8 --length 256 --minutes 6): .86 and .84; with --loss ns
        --apart 0: .95 and .86, 10 px apart

A real cursor and a generated one on the same map are scored in pairs, stretch by stretch:
`--loss r3` is R3GAN (arXiv 2501.05441). `--loss ns` is the plain non-saturating loss of
arXiv 1406.2661 without a penalty, the baseline that fails. No term asks for one human's path;
`--apart` asks that two plays of a map differ as much as people's do, which no critic sees.
"""

import copy
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from osu import distributed
from osu.data.cursor_windows import CursorWindows
from osu.data.dataset import open_plays
from osu.nets import checkpoint
from osu.nets.cursor_gan import Critic, CursorGenerator
from osu.training.adversarial import CriticStep, GeneratorStep, diversity_loss
from osu.training.cursor_validation import validate_cursors
from osu.training.gradient_penalty import ScoreFunction, around, zero_centred
from osu.training.run import Run, launch, option
from osu.training.schedule import (
    Steps,
    check_finite,
    closing_rate,
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
    minutes: float = option(0.0, "stop after this time instead, where above 0")
    batch: int = option(96, "windows a step")
    length: int = option(512, "frames a window, 60 a second")
    loss: Literal["r3", "ns"] = option("r3", "relativistic with R1 + R2, or plain non-saturating")
    apart: float = option(0.5, "weight of two samples' being as far apart as two people")
    gamma: float = option(0.2, "weight of R1 and R2 at first; a tenth of it in the end")
    learning_rate: float = option(3e-4, "until the last quarter, in which it falls to 0")
    average: float = option(0.999, "decay of the averaged weights")
    width: int = option(64, "channels at 60 Hz")
    graph: bool = option(False, "capture the steps as CUDA graphs: kernels need no launching")
    eval_every: int = option(5000, "steps between evaluations")
    eval_plays: int = option(40, "plays of the validation split that are sampled")
    resume: bool = option(False, "go on from --out/last.pt")
    device: str = option("auto", "auto, cpu or cuda")


# --- Losses -------------------------------------------------------------------------------------


def critic_loss(loss: str, real: Tensor, fake: Tensor) -> Tensor:
    """Scores (B, P) of real and generated windows on the same maps."""
    if loss == "r3":
        return F.softplus(fake - real).mean()
    return (F.softplus(-real) + F.softplus(fake)).mean()


def generator_loss(loss: str, real: Tensor, fake: Tensor) -> Tensor:
    if loss == "r3":
        return F.softplus(real - fake).mean()
    return F.softplus(-fake).mean()


STEP = 0.05  # of the differences that the critic's slope is made of, in its signal's units


def judge(loss: str, score: ScoreFunction, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """The critic's loss and slope."""
    windows = torch.cat([real, fake])
    if loss == "ns":
        return critic_loss("ns", *score(windows).chunk(2)), windows.new_zeros(())
    # Moves this small do not count for the loss, so the same passes give it and the slope.
    scores = score(around(windows, STEP))
    ahead, behind = (critic_loss("r3", *part.chunk(2)) for part in scores.chunk(2))
    # The mean over real and generated windows together is half of R1 + R2.
    return (ahead + behind) / 2, zero_centred(scores, STEP)


def please(
    loss: str, score: ScoreFunction, real: Tensor, fake: Tensor, *_
) -> tuple[Tensor, Tensor]:
    """The generator's loss, and how much its plays are alike."""
    with torch.no_grad():
        real_scores = score(real)
    return generator_loss(loss, real_scores, score(fake)), diversity_loss(real, fake)


def main(args: Args) -> dict[str, float]:
    # --- Setup ---
    run = Run(args)
    device = run.device

    # --- Data ---
    plays = open_plays(args.data, args.cache, args.seed).to(device)
    humans = CursorWindows(plays, "train")
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
    steps, metrics = Steps(run.resume(parts), args.steps, device, args.minutes), {}

    # --- Steps ---
    critic_step = CriticStep(critic, model, partial(judge, args.loss))
    model_step = GeneratorStep(model, critic, partial(please, args.loss))

    def inputs(step: int) -> tuple[Tensor, ...]:
        return humans.draw(args.batch // run.world_size, args.length, (args.seed, step, run.rank))

    captured = inputs(0) if args.graph else None
    critic_step, model_step = (
        distributed.wrap(s, device, captured) for s in (critic_step, model_step)
    )

    # --- Loop ---
    for step, done in steps:
        set_rate(
            closing_rate(step, done, args.learning_rate, warmup=50),
            model_optimizer,
            critic_optimizer,
        )
        gamma = args.gamma * 0.1 ** min(1.0, done)

        torch.manual_seed(step_seed(args.seed, step, run.rank))
        batch = inputs(step)
        told, slope = critic_step(*batch)
        critic_optimizer.zero_grad(set_to_none=True)
        (told + gamma * slope).backward(inputs=list(critic.parameters()))
        critic_optimizer.step()

        taken, near = model_step(*batch)
        model_optimizer.zero_grad(set_to_none=True)
        (taken + args.apart * near).backward(inputs=list(model.parameters()))
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        model_optimizer.step()
        update_average(average, model, min(args.average, (step + 1) / (step + 10)))

        if step % 100 == 0 or steps.last:
            check_finite(step, critic=told, slope=slope, generator=taken)
            rate = steps.per_second(args.batch * args.length)
            run.log(
                step, critic=told, slope=slope, generator=taken, norm=norm, gamma=gamma,
                near=near, frames_per_s=rate,
            )  # fmt: skip
            steps.show(told, rate)
        if ((step + 1) % args.eval_every == 0 or steps.last) and run.first:
            metrics = validate_cursors(average, plays, checked, args.seed)
            run.save(step, metrics, parts)

    # --- Done ---
    run.finish(average, plays, metrics, step + 1, kind="cursor", about=f"GAN, {args.loss}")
    return metrics


if __name__ == "__main__":
    launch(main, Args)
