"""Trains the adversarial VAE cursor player: a style that can be drawn, and read off a play again.

Learns  style (B, S), noise (B, T, N), condition (B, T, F) -> cursor (B, T, 2) in units
Run     uv run train_vae.py --data DIR --minutes 9.5 --graph          one H100
CPU     uv run train_vae.py                       the small form: ten minutes, the sample
Expect  5,245 steps (H100, 9.5 minutes, two other runs beside it): 16 active units, two samples
        33 px apart (people: 32), fresh classifiers .66 (conv), .68 (features) accurate, 40 cursors

Encoder E, decoder D, generator G and discriminator are trained together (arXiv 2012.11551, with
the map as condition of all four). E and D are a beta-VAE. G draws its style from the prior, is
judged by the discriminator, and E must find the style in what G made; nothing compares G with one
human's path. G is what plays. `--variant vae` is E and D alone, and D plays: a mean of humans.
"""

import copy
import itertools
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from osu import distributed
from osu.data.cursor_windows import CursorWindows
from osu.data.dataset import open_plays
from osu.nets import checkpoint
from osu.nets.cursor_gan import (
    Critic,
    CursorGenerator,
    Encoder,
    critic_signal,
    with_baseline,
)
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
    out: str = option("runs/vae", "folder of this run")
    init: str = option("", "folder of a model whose weights training starts from")
    seed: int = option(0, "of weights, windows and latents")
    steps: int = option(20000, "steps, each of critic and generator")
    minutes: float = option(0.0, "stop after this time instead, where above 0", small=10.0)
    batch: int = option(96, "windows a step", small=16)
    length: int = option(512, "frames a window, 60 a second", small=256)
    variant: Literal["avae", "vae"] = option("avae", "adversarial, or the plain beta-VAE")
    beta: float = option(2.0, "weight of the KL divergence against the log-likelihood")
    spread: float = option(0.5, "standard deviation of a play about the decoder's, radii")
    latent: float = option(1.0, "weight of the latent reconstruction loss")
    diversity: float = option(1.0, "weight of the diversity loss: two plays differ as people's do")
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


def elbo_terms(
    mean: Tensor, log_variance: Tensor, decoded: Tensor, real: Tensor, mask: Tensor, spread: float
) -> tuple[Tensor, Tensor]:
    """Both terms of the negative ELBO in nats a window, up to a constant: reconstruction (B,) of
    the signals (B, T, C), whose first two channels are places in radii, as independent Gaussians
    in the frames of the mask (B, T, 1); and KL (B, S) to the prior for each dimension."""
    error = ((decoded - real)[..., :2] / spread).square() * mask
    kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
    return 0.5 * error.sum((1, 2)), kl


def latent_loss(style: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """How far the style (B, S) is from what the encoder finds in the sample made from it; the
    dimensions that the encoder is sure of count most (2012.11551, w without gradient)."""
    weight = (-log_variance.detach()).softmax(-1)  # softmax(-2 ln sigma)
    return 0.5 * (weight * (style - mean).square()).sum(-1).mean()


# Finite-difference step for the gradient penalty, in units of the critic's input.
STEP = 0.05


class CoderLoss(nn.Module):
    """A play through a few numbers and back. One call is one captured graph."""

    def __init__(self, spread: float, encoder: Encoder, decoder: CursorGenerator) -> None:
        super().__init__()
        self.spread, self.encoder, self.decoder = spread, encoder, decoder

    def forward(self, condition: Tensor, human: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """Reconstruction (B,), KL (B, S) and the codes' means (B, S)."""
        condition = with_baseline(condition)
        real = critic_signal(human, condition)
        mean, log_variance = self.encoder(real, condition)
        latents = self.decoder.draw(*condition.shape[:2], condition.device)
        style = mean + (0.5 * log_variance).exp() * latents.style
        cursor = self.decoder(condition, latents._replace(style=style))
        decoded = critic_signal(cursor, condition)
        terms = elbo_terms(mean, log_variance, decoded, real, mask, self.spread)
        return *terms, mean.detach()


def critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross-entropy of scores (..., B, P) of real and generated windows."""
    return (F.softplus(-real) + F.softplus(fake)).mean()


def generator_loss(fake: Tensor) -> Tensor:
    return -fake.mean()


class CriticLoss(nn.Module):
    """Binary cross-entropy between human and generated cursors. One call is one graph."""

    def __init__(self, critic: Critic, generator: CursorGenerator) -> None:
        super().__init__()
        self.critic, self.generator = critic, generator

    def forward(self, condition: Tensor, human: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """A batch of CursorWindows -> the critic's loss, and R1 + R2 (halved, without gamma)."""
        with torch.no_grad():
            condition, real, fake, _ = paired_signals(self.generator, condition, human, mask)
        # The perturbation is small enough to ignore in the loss: the same passes serve both.
        signals = around(torch.cat([real, fake]), STEP)  # (4 B, T, SIGNAL)
        scores = self.critic(signals, condition.repeat(4, 1, 1))  # (4 B, P)
        real, fake = scores.unflatten(0, (2, 2, -1)).unbind(1)
        return critic_loss(real, fake), zero_centred(scores, STEP)


class GeneratorLoss(nn.Module):
    """Generated cursors are scored high, their style can be read off them, and two of one map
    differ. One call is one graph."""

    def __init__(self, generator: CursorGenerator, critic: Critic, encoder: Encoder) -> None:
        super().__init__()
        self.generator, self.critic, self.encoder = generator, critic, encoder

    def forward(self, *batch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """A batch of CursorWindows, half of which is used -> the generator's loss, latent
        reconstruction, diversity loss."""
        condition, real, fake, latents = paired_signals(self.generator, *first_half_twice(*batch))
        latent_recon = latent_loss(latents.style, *self.encoder(fake, condition))
        loss = generator_loss(self.critic(fake, condition))
        return loss, latent_recon, diversity_loss(real, fake)


def main(args: Args) -> dict[str, float]:
    # --- Setup ---
    run = Run(args)
    device = run.device

    # --- Data ---
    plays = open_plays(args.data, args.cache, args.seed).to(device)
    windows = CursorWindows(plays, "train", run.rank, run.world_size)
    checked = plays.where("val")[: args.eval_plays]

    # --- Models and optimizers ---
    adversarial = args.variant == "avae"
    w = args.width
    widths = (w, 2 * w, 3 * w)
    encoder = Encoder(Encoder.Config(widths=widths)).to(device)
    decoder = CursorGenerator(CursorGenerator.Config(widths=widths, noisy=False)).to(device)
    model = CursorGenerator(CursorGenerator.Config(widths=widths)).to(device)
    critic = Critic(Critic.Config(widths=widths)).to(device)
    player = model if adversarial else decoder
    if args.init:
        checkpoint.init_from(args.init, player)
    average = copy.deepcopy(player).requires_grad_(False)
    coders = list(itertools.chain(encoder.parameters(), decoder.parameters()))
    options = {"lr": args.learning_rate, "fused": device.type == "cuda"}
    coders_optimizer = torch.optim.Adam(coders, **options)
    options["betas"] = (0.0, 0.99)  # momentum makes the two chase each other
    model_optimizer = torch.optim.Adam(model.parameters(), **options)
    critic_optimizer = torch.optim.Adam(critic.parameters(), **options)
    optimizers = (coders_optimizer, model_optimizer, critic_optimizer)
    parts = {
        "encoder": encoder, "decoder": decoder, "model": model, "critic": critic,
        "average": average, "coders_optimizer": coders_optimizer,
        "model_optimizer": model_optimizer, "critic_optimizer": critic_optimizer,
    }  # fmt: skip

    # --- Resume ---
    steps, metrics = run.begin(parts)
    run.watch_plays(plays, lambda passage, noise: average.play(passage.condition, noise))

    # --- Steps ---
    def inputs(step: int) -> tuple[Tensor, ...]:
        return windows.draw(args.batch, args.length, (args.seed, step, 0))

    captured = inputs(0) if args.graph else None
    coder_loss_of = distributed.wrap(CoderLoss(args.spread, encoder, decoder), device, captured)
    if adversarial:
        critic_loss_of = distributed.wrap(CriticLoss(critic, model), device, captured, [critic])
        generator_loss_of = distributed.wrap(
            GeneratorLoss(model, critic, encoder), device, captured, [model]
        )

    # --- Loop ---
    for step, done in steps:
        set_rate(closing_rate(step, done, args.learning_rate, warmup=50), *optimizers)
        gamma = args.gamma * 0.1 ** min(1.0, done)

        # Next batch: windows are a function of (seed, step), noise of the process too.
        torch.manual_seed(step_seed(args.seed, step, run.rank))
        batch = inputs(step)

        # Encoder and decoder: the ELBO, both terms in nats summed over a window, then per frame.
        recon, kl, mean = coder_loss_of(*batch)
        loss = (recon.mean() + args.beta * kl.sum(-1).mean()) / args.length
        coders_optimizer.zero_grad(set_to_none=True)
        loss.backward(inputs=coders)
        norms = {"coders_norm": torch.nn.utils.clip_grad_norm_(coders, 10.0)}
        coders_optimizer.step()
        losses = {"recon": recon.mean() / args.length}

        if adversarial:
            # Critic: tell people's cursors from generated ones, with a bounded slope at both.
            d_loss, penalty = critic_loss_of(*batch)
            critic_optimizer.zero_grad(set_to_none=True)
            (d_loss + gamma * penalty).backward(inputs=list(critic.parameters()))
            critic_optimizer.step()

            # Generator: be taken for a person, by a style that the encoder finds again.
            g_loss, latent_recon, diversity = generator_loss_of(*batch)
            total = g_loss + args.latent * latent_recon + args.diversity * diversity
            model_optimizer.zero_grad(set_to_none=True)
            total.backward(inputs=list(model.parameters()))
            norms["generator_norm"] = torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            norms["critic_norm"] = gradient_norm(critic)
            model_optimizer.step()
            losses |= {
                "critic_loss": d_loss, "penalty": penalty, "generator_loss": g_loss,
                "latent_recon": latent_recon, "diversity": diversity,
            }  # fmt: skip
        update_average(average, player, min(args.average, (step + 1) / (step + 10)))
        run.check_finite(step, losses | {"kl": kl})

        # Once in a while: log, evaluate, save, draw. Active units as in arXiv 1509.00519.
        if step % 50 == 0 or steps.last:
            losses = {name: distributed.mean(value) for name, value in losses.items()}
            frames_per_s = steps.per_second(args.batch * args.length)
            active = (mean.var(0) > 0.01).sum()
            dimensions = {
                f"kl_{n}": value for n, value in enumerate(distributed.mean(kl.mean(0)).tolist())
            }
            run.log(
                step, **losses, **norms, kl=distributed.mean(kl.sum(-1).mean()), active=active,
                gamma=gamma, frames_per_s=frames_per_s, **dimensions,
            )  # fmt: skip
            steps.show(losses["recon"], frames_per_s)
        if ((step + 1) % args.eval_every == 0 or steps.last) and run.first:
            metrics = validate_cursors(average, plays, checked, args.seed)
            run.save(step, metrics, parts)
        run.picture(step, parts)

    # --- Done ---
    about = "adversarial VAE" if adversarial else "beta-VAE, a mean of humans"
    run.finish(average, plays, metrics, steps.number, kind="cursor", about=about)
    return metrics


if __name__ == "__main__":
    launch(main, Args)
