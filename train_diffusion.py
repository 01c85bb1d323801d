"""Trains the diffusion player: whole plays, cursor and keys together, with a style and a skill.

Learns  noise, condition (B, T, F), style of a person -> play (B, T, 4): cursor and both keys
Run     uv run train_diffusion.py --data DIR --minutes 25 --graph          one H100
CPU     uv run train_diffusion.py                   the small form: ten minutes, the sample
Many    uv run torchrun --nproc-per-node 2 train_diffusion.py ...        DistributedDataParallel
After   uv run train_diffusion.py --against runs/diffusion/model ...     learns what tells its plays
You     uv run train_diffusion.py --me "Your Name" --data ~/osu   models/me (osu.person.command)
Expect  47,539 steps (H100, 25 minutes): val_loss .323 after 6,000, .292 at the end, still falling;
        on 6 validation plays aim .38 radii (people .40), offsets spread 11.6 ms (12.8)

EDM (arXiv 2206.00364) on what 60 Hz plays add to an expected path (osu.features.baseline), with
ln(sigma) about uniform so that every scale, from a plan to the tremor of a hand, is learned. What
is constant in a play is given twice: as numbers (spread, hold, accuracy ...:
osu.features.style.Style), and as a code that an encoder reads off another stretch of the same play.
Either is dropped at random, so either may be unknown.

With --against, direct discriminative optimisation (DDO, arXiv 2503.01103): the network learns to
tell people's plays from those of the trained one it starts from, of the same windows and persons.
How much better than that one it denoises a second of play is the logit. It can be done again with
what comes out.
"""

import copy
import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from osu import distributed
from osu.data.dataset import PlaySet, bank_of, open_plays
from osu.features.condition import MIRRORED, mirror
from osu.features.play import Play
from osu.features.style import demand_of, spin_of
from osu.nets import checkpoint
from osu.nets.denoiser import Denoiser, to_play, to_residual
from osu.person.command import make_person
from osu.players.dpm_solver import SIGMA_MIN, STEPS, draw_noise, noise_levels, sample
from osu.training.best import Best
from osu.training.options import launch, option
from osu.training.play_validation import measure_play
from osu.training.run import Run
from osu.training.schedule import closing_rate, set_rate, step_seed, update_average
from osu.training.style_statistics import mean_and_std
from osu.training.watch import Passage
from osu.units import FRAME_HZ

LEVELS = 20  # for the plays that are looked at on the way
HELD_OUT_BATCHES = 8
AGAINST_SIGMA = 3.0  # most noise there: above it a single break outweighs all else


@dataclass(frozen=True)
class Args:
    data: str = option("data/sample", "folders with replays and maps, by commas")
    cache: str = option("cache", "folder of the prepared plays; used as it is where --data is ''")
    out: str = option("runs/diffusion", "folder of this run")
    init: str = option("", "folder of a model whose weights training starts from")
    against: str = option("", "the same, and its plays are learned to be told from people's (DDO)")
    against_windows: int = option(6144, "windows that it plays for that")
    me: str = option("", "a player below --data: make a model of them, from start to end")
    name: str = option("me", "folder below models/ for that model")
    against_scale: float = option(1.0, "of the logits; below 1 they are less sure of themselves")
    seed: int = option(0, "of weights, windows and noise")
    steps: int = option(50000, "optimizer steps")
    minutes: float = option(0.0, "stop after this time instead, where above 0", small=10.0)
    batch: int = option(128, "windows a step, over all processes", small=16)
    length: int = option(768, "frames a window, 60 a second", small=256)
    reference: int = option(768, "frames of the stretch the style is read from", small=256)
    learning_rate: float = option(6e-4, "until the last quarter, in which it falls to 0")
    average: float = option(0.9995, "decay of the averaged weights", small=0.995)
    drop_code: float = option(0.3, "share of windows whose encoded style is not given")
    drop_style: float = option(0.3, "share of windows whose style in numbers is not given")
    code_noise: float = option(0.1, "standard deviation of noise on the encoded style")
    width: int = option(192, "channels at 60 and 30 Hz; a third more at 15 and 7.5 Hz", small=48)
    dropout: float = option(0.15, "share of hidden channels left out at a frame")
    coarse: float = option(1.2, "exponent of the noise levels' draw; above 1 more of them are high")
    graph: bool = option(False, "capture the step as CUDA graphs: kernels need no launching")
    eval_every: int = option(5000, "steps between evaluations", small=250)
    eval_plays: int = option(24, "plays of the validation split that are sampled")
    pictures: bool = option(True, "draw what it plays of a held-out map, once a minute")
    resume: bool = option(False, "go on from --out/last.pt")
    full: bool = option(False, "the full form, where there is no GPU too")
    device: str = option("auto", "auto, cpu or cuda")


# --- Loss ---------------------------------------------------------------------------------------


class Draws(NamedTuple):
    """What is drawn at a step. Uniform in 0 .. 1: whether a window is mirrored (B,), goes without
    its style in numbers (B,), without single numbers of it (B, S), without its code (B,), and how
    noisy it is (B,). Standard normal: noise on the play (B, T, C) and on its code (B, K)."""

    mirrored: Tensor
    styled: Tensor
    known: Tensor
    coded: Tensor
    level: Tensor
    noise: Tensor
    code_noise: Tensor


def draw(model: Denoiser, batch: int, length: int, generator: torch.Generator) -> Draws:
    """For the whole batch, whoever computes which of its rows."""

    def rand(*shape: int) -> Tensor:
        return torch.rand(batch, *shape, generator=generator, device=generator.device)

    def randn(*shape: int) -> Tensor:
        return torch.randn(batch, *shape, generator=generator, device=generator.device)

    styles = len(model.style_mean)
    return Draws(
        rand(), rand(), rand(styles), rand(), rand(),
        randn(length, len(Play)), randn(model.config.style),
    )  # fmt: skip


class Objective(torch.nn.Module):
    """One call is one training loss, so that DistributedDataParallel sees a single forward."""

    def __init__(self, model: Denoiser, args: Args) -> None:
        super().__init__()
        self.model, self.args = model, args
        self.highest = model.config.sigma_max  # noise
        self.register_buffer("mirrored", MIRRORED, persistent=False)

    def forward(
        self, condition, play, mask, style, reference, reference_condition, *drawn
    ) -> Tensor:
        """Denoising loss of a batch: condition (B, T, F), play (B, T, C), mask (B, T), style
        (B, S) with nan for the unknown, another stretch of each play, and Draws. Returns (B,)."""
        other = reference, reference_condition
        errors = self.errors(self.model, condition, play, style, *other, Draws(*drawn))
        return (errors * mask).sum(1) / mask.sum(1).clamp(min=1)

    def errors(
        self, model, condition, play, style, reference, reference_condition, drawn: Draws
    ) -> Tensor:
        """(B, T): weighted square errors of the frames, mean over channels."""
        args = self.args
        mirrored = (drawn.mirrored < 0.5).float()
        condition, play = mirror(condition, play, mirrored, self.mirrored)
        reference_condition, reference = mirror(
            reference_condition, reference, mirrored, self.mirrored
        )
        dtype = torch.bfloat16 if play.is_cuda else torch.float32
        code = model.encoder(reference, reference_condition, dtype)
        code = code + args.code_noise * drawn.code_noise
        unknown = (drawn.styled < args.drop_style)[:, None] | (drawn.known < 0.1)
        style = torch.where(unknown, torch.nan, style)

        low, high = math.log(SIGMA_MIN), math.log(self.highest)
        sigma = torch.exp(high - (high - low) * drawn.level**args.coarse)
        coded = (drawn.coded >= args.drop_code).float()
        embed = model.embedding(sigma, style, code, coded, mirrored)
        clean = to_residual(play, condition)
        noisy = clean + sigma[:, None, None] * drawn.noise
        error = (model(noisy, sigma, condition, embed) - clean).square()  # (B, T, C)
        sigma = sigma[:, None, None]
        weight = (sigma**2 + model.sigma_data**2) / (sigma * model.sigma_data) ** 2
        return (weight * error).mean(-1)


class Discrimination(Objective):
    """The loss of DDO, likewise one call."""

    def __init__(self, model: Denoiser, against: Denoiser, args: Args) -> None:
        super().__init__(model, args)
        self.against, self.scale = against, args.against_scale
        self.highest = min(AGAINST_SIGMA, self.highest)

    def forward(
        self, condition, play, fake, mask, style, reference, reference_condition, *drawn
    ) -> Tensor:
        """Mean logistic loss of the seconds of people's windows `play` (B, T, C) and of those
        played by `against`, `fake` (B, T, C), of the same maps and persons; the rest is
        Objective's. Returns (B,)."""
        given = style, reference, reference_condition, Draws(*drawn)
        losses = []
        for side, sign in ((play, -1.0), (fake, 1.0)):
            learned = self.errors(self.model, condition, side, *given)
            with torch.no_grad():
                before = self.errors(self.against, condition, side, *given)
            # Summed over channels and a second, as the log likelihoods of a second are.
            nats = ((before - learned) * mask * len(Play)).unfold(1, FRAME_HZ, FRAME_HZ).sum(-1)
            losses.append(torch.nn.functional.softplus(sign * self.scale * nats).mean(1))
        return (losses[0] + losses[1]) / 2


# --- Data ---------------------------------------------------------------------------------------


@torch.no_grad()
def fill_bank(model: Denoiser, plays: PlaySet, index: np.ndarray, styles: Tensor) -> None:
    """Keeps the styles, codes, loads, spins and recorders of the plays `index` with the weights."""
    for row, i in enumerate(index):
        chart = plays.chart(i)
        batch = plays.window([i], [0], min(plays.plays[i].frames, 6000))
        model.bank_code[row] = model.encoder(batch.play, batch.condition, torch.float32)[0]
        model.bank_style[row] = styles[i]
        model.bank_load[row] = torch.from_numpy(demand_of(chart))
        model.bank_spin[row] = torch.from_numpy(spin_of(chart, plays.cursor(i)))
        model.bank_recorder[row] = torch.tensor(plays.plays[i].recorder)


def draw_inputs(
    model: Denoiser, sampler, args: Args, step: int, fakes: list[Tensor] | None = None
) -> tuple[Tensor, ...]:
    """What Objective takes at a step: this process's rows of everything. With `fakes`, plays of a
    few batches that `play_batches` made, what Discrimination takes of one of those batches."""
    number = step % len(fakes) if fakes else step
    generator = torch.Generator(model.style_mean.device).manual_seed(step_seed(args.seed, step))
    drawn = draw(model, args.batch, args.length, generator)
    batch = sampler.draw(args.batch, args.length, (args.seed, number))
    other = sampler.again(batch.index, args.reference, (args.seed, number, 1))
    style = sampler.styles(batch.index)
    own = distributed.own_rows(args.batch, sampler.rank, sampler.world_size)
    plays = (batch.play, fakes[number]) if fakes else (batch.play,)
    given = (batch.condition, *plays, batch.mask, style, other.play, other.condition)
    return *given, *(part[own] for part in drawn)


@torch.no_grad()
def play_once(
    model: Denoiser,
    condition: Tensor,
    noise: Tensor,
    levels: Tensor,
    style: Tensor,
    code: Tensor | None = None,
) -> Tensor:
    """(B, T, len(Play)) out of what `draw_noise` gives for the levels, for a condition
    (B, T, F), by persons of a style (B, len(Style)), and of a code (B, K) where one is known."""
    batch = len(condition)
    known = torch.full((batch,), float(code is not None), device=noise.device)
    code = noise.new_zeros(batch, model.config.style) if code is None else code

    def denoise(x: Tensor, sigma: Tensor) -> Tensor:
        embed = model.embedding(sigma, style, code, known, 0 * known)
        return model(x, sigma, condition, embed)

    return to_play(sample(denoise, noise, levels), condition)


@torch.no_grad()
def play_batches(model: Denoiser, sampler, args: Args, count: int) -> list[Tensor]:
    """What the network plays, (B, T, C), in place of the plays of the first `count` batches, by the
    same persons. In full precision: what bfloat16 rounds would tell."""
    played, levels = [], noise_levels(STEPS, model.config.sigma_max)
    for number in range(count):
        batch = sampler.draw(args.batch, args.length, (args.seed, number))
        other = sampler.again(batch.index, args.reference, (args.seed, number, 1))
        code = model.encoder(other.play, other.condition, torch.float32)
        generator = torch.Generator(code.device).manual_seed(step_seed(args.seed, number, 2))
        noise = draw_noise(levels, args.batch, args.length, len(Play), generator=generator)
        own = distributed.own_rows(args.batch, sampler.rank, sampler.world_size)
        styles = sampler.styles(batch.index)
        played.append(play_once(model, batch.condition, noise[:, own], levels, styles, code))
    return played


# --- Evaluation ---------------------------------------------------------------------------------


@torch.no_grad()
def held_out_loss(objective: Objective, sampler, args: Args, fakes=None) -> float:
    """An objective on the same windows and noise of the validation split each time."""
    model, steps = objective.model, range(HELD_OUT_BATCHES)
    losses = [objective(*draw_inputs(model, sampler, args, step, fakes)).mean() for step in steps]
    return torch.stack(losses).mean().item()


@torch.no_grad()
def evaluate(model: Denoiser, plays: PlaySet, index: np.ndarray, styles: Tensor, seed: int) -> dict:
    """Samples the maps of human plays at those plays' own style in numbers, 20 steps, and
    measures both alike (`measure_play`), mean over plays."""
    device, levels = next(model.parameters()).device, noise_levels(LEVELS, model.config.sigma_max)
    found: dict[str, list[float]] = {}
    for i in index:
        play = plays.plays[i]
        chart = plays.charts[play.chart]
        length = play.frames // model.stride * model.stride
        batch = plays.window([i], [0], length)
        generator = torch.Generator(device).manual_seed(seed)
        noise = draw_noise(levels, 1, length, len(Play), generator=generator)
        sampled = play_once(model, batch.condition, noise, levels, styles[i][None])
        real = batch.play[0].cpu().numpy()
        for kind, values in (("human", real), ("generated", sampled[0].cpu().numpy())):
            for name, value in measure_play(chart, values).items():
                found.setdefault(f"{kind}_{name}", []).append(value)
    return {name: float(np.nanmean(values)) for name, values in found.items()}


def main(args: Args) -> dict[str, float]:
    # --- Setup ---
    run = Run(args)
    device = run.device

    # --- Data ---
    plays = open_plays(args.data, args.cache, args.seed, args.me)
    plays.to(device)
    styles = plays.styles()
    sampler = plays.sampler("train", run.rank, run.world_size)
    learned = plays.own("train")
    kept = bank_of(learned)
    checked = plays.own("val")[: args.eval_plays]
    unseen = plays.sampler("val")

    # --- Model and optimizer ---
    w, start = args.width, args.against or args.init
    widths, rows = (w, w, 4 * w // 3, 4 * w // 3), len(kept)
    config = Denoiser.Config(widths, encoder=w // 2, dropout=args.dropout, bank_rows=rows)
    if start:  # it knows no noise above what it was trained with
        sigma_max = checkpoint.load_model(start, Denoiser).config.sigma_max
        config = replace(config, sigma_max=sigma_max)
    model = Denoiser(config).to(device)
    mean, std = mean_and_std(styles[torch.from_numpy(learned).to(device)])
    model.style_mean.copy_(mean)
    model.style_std.copy_(std)
    if start:
        checkpoint.init_from(start, model)
    average = copy.deepcopy(model).requires_grad_(False).eval()
    objective, fakes, told = Objective(model, args), None, None
    if args.against:
        before = copy.deepcopy(average)
        before.precision = torch.float32
        fakes = play_batches(before, sampler, args, max(1, args.against_windows // args.batch))
        unseen_fakes = play_batches(before, unseen, args, HELD_OUT_BATCHES)
        before.precision = model.precision
        # Without dropout: the network it is compared with has none.
        objective = Discrimination(model, before, args).eval()
        told = Discrimination(average, before, args).to(device)
    objective = objective.to(device)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=args.learning_rate, betas=(0.9, 0.99), weight_decay=0.01,
        fused=device.type == "cuda",
    )  # fmt: skip
    parts = {"model": model, "average": average, "optimizer": optimizer}

    # --- Resume ---
    steps, metrics = run.begin(parts)
    best = Best(run.folder, args.resume)
    denoised = Objective(average, args).to(device)
    if args.me and run.first and best.step < 0:  # they may stay the best
        best.see(held_out_loss(denoised, unseen, args), 0, average)

    def play_passage(passage: Passage, generator: torch.Generator) -> Tensor:
        batch, length, _ = passage.condition.shape
        levels = noise_levels(LEVELS, average.config.sigma_max)
        noise = draw_noise(levels, batch, length, len(Play), generator=generator)
        own_style = styles[passage.index].expand(batch, -1)
        return play_once(average, passage.condition, noise, levels, own_style)

    run.watch_plays(plays, play_passage)

    def inputs(step: int) -> tuple[Tensor, ...]:
        return draw_inputs(model, sampler, args, step, fakes)

    trained = distributed.wrap(objective, device, inputs(0) if args.graph else None, [model])

    # --- Loop ---
    for step, done in steps:
        set_rate(closing_rate(step, done, args.learning_rate, warmup=200), optimizer)

        # Update: noise this step's plays, each to its own level, and denoise them.
        optimizer.zero_grad(set_to_none=True)
        loss = trained(*inputs(step)).mean()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        update_average(average, model, min(args.average, (step + 1) / (step + 10)))
        run.check_finite(step, {"loss": loss})

        # Once in a while: log, evaluate, save, draw.
        if step % 50 == 0 or steps.last:
            loss = distributed.mean(loss)
            frames_per_s = steps.per_second(args.batch * args.length)
            run.log(step, loss=loss, norm=norm, frames_per_s=frames_per_s)
            steps.show(loss, frames_per_s)
        if ((step + 1) % args.eval_every == 0 or steps.last) and run.first:
            metrics = evaluate(average, plays, checked, styles, args.seed)
            metrics["val_loss"] = held_out_loss(denoised, unseen, args)
            if args.me:  # a few plays are soon learned by heart
                best.see(metrics["val_loss"], step, average)
            if told:
                metrics["val_told"] = held_out_loss(told, unseen, args, unseen_fakes)
            run.save(step, metrics, parts)
        run.picture(step, parts)

    # --- Done ---
    if run.first:
        best.restore(average)
        fill_bank(average, plays, kept, styles)
    about = "diffusion, EDM" + (" and DDO" if args.against else "")
    run.finish(average, plays, metrics, steps.number, kind="play", about=about)
    return metrics


if __name__ == "__main__":
    launch(lambda args: make_person(args, main) if args.me else main(args), Args)
