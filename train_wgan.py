"""Trains the WGAN-GP cursor player: a critic whose slope is one between humans and generator.

Learns  style (B, S), noise (B, T, N), condition (B, T, F) -> cursor (B, T, 2) in units
Run     uv run train_wgan.py --data DIR --minutes 9.5 --graph          one H100
CPU     uv run train_wgan.py                      the small form: ten minutes, the sample
Expect  2,538 steps (H100, 9.5 minutes, two other runs beside it): slope 1.23, two samples 24 px
        apart (people: 32), fresh classifiers .56 (conv) and .49 (features) accurate on 40 cursors

WGAN-GP (arXiv 1704.00028): the two-sided penalty at points between a real and a generated window
on the same map. cuDNN's LSTM has no double backward; `--penalty first` needs none
(osu/training/gradient_penalty.py), `--penalty exact` is the same by double backward, without cuDNN,
and slow.
"""

import copy
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from osu import distributed
from osu.data.cursor_windows import CursorWindows
from osu.data.dataset import open_plays
from osu.nets import checkpoint
from osu.nets.cursor_gan import Critic, CursorGenerator
from osu.training.adversarial import diversity_loss, first_half_twice, paired_signals
from osu.training.cursor_validation import validate_cursors
from osu.training.gradient_penalty import (
    between,
    one_centred_ends,
    one_centred_exact,
    slopes,
)
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
    out: str = option("runs/wgan", "folder of this run")
    init: str = option("", "folder of a model whose weights training starts from")
    seed: int = option(0, "of weights, windows and latents")
    steps: int = option(20000, "generator steps")
    minutes: float = option(0.0, "stop after this time instead, where above 0", small=10.0)
    batch: int = option(96, "windows a step", small=16)
    length: int = option(512, "frames a window, 60 a second", small=256)
    critic: Literal["lstm", "tcn"] = option("lstm", "body of the critic", small="tcn")
    generator: Literal["tcn", "lstm"] = option("tcn", "body of the generator")
    penalty: Literal["first", "exact", "none"] = option("first", "form of the gradient penalty")
    diversity: float = option(1.0, "weight of the diversity loss: two plays differ as people's do")
    weight: float = option(10.0, "weight of the gradient penalty")
    lazy: int = option(2, "lazy regularisation: penalty every N critic steps, weight x N")
    critic_steps: int = option(3, "critic steps before a generator step")
    learning_rate: float = option(3e-4, "until the last quarter, in which it falls to 0")
    average: float = option(0.999, "decay of the averaged weights")
    width: int = option(64, "channels at 60 Hz", small=16)
    graph: bool = option(False, "capture the steps as CUDA graphs: kernels need no launching")
    eval_every: int = option(5000, "steps between evaluations", small=100)
    eval_plays: int = option(40, "plays of the validation split that are sampled")
    pictures: bool = option(True, "draw what it plays of a held-out map, once a minute")
    resume: bool = option(False, "go on from --out/last.pt")
    full: bool = option(False, "the full form, where there is no GPU too")
    device: str = option("auto", "auto, cpu or cuda")


# --- Losses -------------------------------------------------------------------------------------


def critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Of scores (B, P) of real and generated windows on the same maps: minus their distance."""
    return fake.mean() - real.mean()


def generator_loss(fake: Tensor) -> Tensor:
    return -fake.mean()


class CriticLoss(nn.Module):
    """Minus the distance between human and generated cursors on the same map, with a slope of 1
    between them. `penalty` is a form of the gradient penalty. One call is one graph."""

    def __init__(self, penalty: str, critic: Critic, generator: CursorGenerator) -> None:
        super().__init__()
        self.penalty, self.critic, self.generator = penalty, critic, generator

    def forward(self, condition: Tensor, human: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """A batch of CursorWindows -> the critic's loss, and the penalty or what has its
        gradient, both without weight."""
        with torch.no_grad():
            condition, real, fake, _ = paired_signals(self.generator, condition, human, mask)

        def score(signals: Tensor) -> Tensor:  # (n B, T, SIGNAL) -> (n B, P)
            return self.critic(signals, condition.repeat(len(signals) // len(condition), 1, 1))

        if self.penalty == "first":
            ends, coefficients = one_centred_ends(score, between(real, fake), 1.0)
            # All in one batch: an LSTM's time hardly depends on it.
            real, fake, *ends = score(torch.cat([real, fake, ends])).chunk(4)
            return critic_loss(real, fake), (coefficients * torch.cat(ends).mean(1)).sum()
        loss = critic_loss(*score(torch.cat([real, fake])).chunk(2))
        if self.penalty == "exact":
            with torch.backends.cudnn.flags(enabled=False):
                return loss, one_centred_exact(score, between(real, fake), 1.0)
        return loss, torch.zeros_like(loss)


class GeneratorLoss(nn.Module):
    """Generated cursors are scored high, and two of one map differ. One call is one graph."""

    def __init__(self, generator: CursorGenerator, critic: Critic) -> None:
        super().__init__()
        self.generator, self.critic = generator, critic

    def forward(self, *batch: Tensor) -> tuple[Tensor, Tensor]:
        """A batch of CursorWindows, half of which is used -> generator's loss, diversity loss."""
        condition, real, fake, _ = paired_signals(self.generator, *first_half_twice(*batch))
        return generator_loss(self.critic(fake, condition)), diversity_loss(real, fake)


def mean_slope(critic: Critic, generator: CursorGenerator, batch: tuple[Tensor, ...]) -> float:
    """The critic's mean slope between people's and generated windows: the penalty wants 1."""
    with torch.no_grad():
        condition, real, fake, _ = paired_signals(generator, *batch)
    return slopes(lambda s: critic(s, condition), between(real, fake)).mean().item()


def main(args: Args) -> dict[str, float]:
    # --- Setup ---
    torch.backends.cudnn.allow_tf32 = False  # the penalty's differences need all of float32
    run = Run(args)
    device = run.device

    # --- Data ---
    plays = open_plays(args.data, args.cache, args.seed).to(device)
    windows = CursorWindows(plays, "train", run.rank, run.world_size)
    checked = plays.where("val")[: args.eval_plays]

    # --- Models and optimizers ---
    w = args.width
    widths = (w, 2 * w, 3 * w)
    model = CursorGenerator(CursorGenerator.Config(args.generator, widths)).to(device)
    critic = Critic(Critic.Config(args.critic, widths)).to(device)
    if args.init:
        checkpoint.init_from(args.init, model)
    average = copy.deepcopy(model).requires_grad_(False)
    betas = (0.0, 0.9)  # momentum makes the two chase each other
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
    def inputs(step: int, k: int) -> tuple[Tensor, ...]:
        return windows.draw(args.batch, args.length, (args.seed, step, k, 0))

    captured = inputs(0, 0) if args.graph else None
    penalised_loss_of = distributed.wrap(
        CriticLoss(args.penalty, critic, model), device, captured, [critic]
    )
    plain_loss_of = distributed.wrap(CriticLoss("none", critic, model), device, captured, [critic])
    generator_loss_of = distributed.wrap(GeneratorLoss(model, critic), device, captured, [model])

    # --- Loop ---
    for step, done in steps:
        set_rate(
            closing_rate(step, done, args.learning_rate, warmup=50),
            model_optimizer,
            critic_optimizer,
        )

        # Critic: several steps on batches of their own. Lazy regularisation: a penalty every
        # `lazy` steps, as many times as heavy.
        torch.manual_seed(step_seed(args.seed, step, run.rank))
        for k in range(args.critic_steps):
            with_penalty = (step * args.critic_steps + k) % args.lazy == 0
            critic_loss_of = penalised_loss_of if with_penalty else plain_loss_of
            d_loss, penalty = critic_loss_of(*inputs(step, k))
            critic_optimizer.zero_grad(set_to_none=True)
            weight = args.weight * args.lazy
            (d_loss + weight * penalty).backward(inputs=list(critic.parameters()))
            critic_optimizer.step()

        # Generator: be scored high, and play a map as variously as people do.
        g_loss, diversity = generator_loss_of(*inputs(step, args.critic_steps))
        model_optimizer.zero_grad(set_to_none=True)
        (g_loss + args.diversity * diversity).backward(inputs=list(model.parameters()))
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        model_optimizer.step()
        update_average(average, model, min(args.average, (step + 1) / (step + 10)))
        losses = {
            "critic_loss": d_loss, "generator_loss": g_loss, "diversity": diversity
        }  # fmt: skip
        run.check_finite(step, losses)

        # Once in a while: log, evaluate, save, draw. Not the penalty: its value has no meaning.
        if step % 50 == 0 or steps.last:
            frames_per_s = steps.per_second(args.batch * (args.critic_steps + 1) * args.length)
            losses = {name: distributed.mean(value) for name, value in losses.items()}
            slope = mean_slope(critic, model, inputs(step, 0))
            run.log(
                step, **losses, critic_norm=gradient_norm(critic), generator_norm=norm,
                slope=slope, frames_per_s=frames_per_s,
            )  # fmt: skip
            steps.show(d_loss, frames_per_s)
        if ((step + 1) % args.eval_every == 0 or steps.last) and run.first:
            metrics = validate_cursors(average, plays, checked, args.seed)
            run.save(step, metrics, parts)
        run.picture(step, parts)

    # --- Done ---
    about = f"WGAN-GP, {args.critic}"
    run.finish(average, plays, metrics, steps.number, kind="cursor", about=about)
    return metrics


if __name__ == "__main__":
    launch(main, Args)
