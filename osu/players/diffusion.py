"""Plays from the diffusion network: whose style, which noise, how many steps."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from osu.features.baseline import baseline_path
from osu.features.chart import Chart
from osu.features.condition import chart_condition
from osu.features.play import Play
from osu.formats.beatmap import Beatmap
from osu.nets.checkpoint import load_model
from osu.nets.denoiser import Denoiser, to_play, to_residual
from osu.players.dpm_solver import STEPS, draw_noise, noise_levels, sample
from osu.players.generated import GeneratedPlay, chart_to_play, finish_play
from osu.players.hand import apply_dead_zone
from osu.players.options import LikedPlay, OnProgress, PlayOptions
from osu.players.person import KnownPlays, Person, draw_person, known_plays
from osu.players.spinners import spinner_path
from osu.players.target import play_to_target, with_sloppiness

# Median reach for osu.players.hand: the network rests by itself in half of the time.
RESTING_DEAD_ZONE_PX = 0.6
# While sigma >= 0.06, blend the prediction inside spinners with a synthetic spin: the network alone
# turns at a third of human speed (osu.players.spinners).
SPINNER_SIGMA = 0.06


@dataclass(frozen=True)
class Sampling:
    """The sampler's numbers. Sigmas are its noise levels in units of 256 px."""

    steps: int = STEPS
    # How far from anyone's play towards the person's; 1 is the network's own prediction.
    guidance: float = 1.0
    guidance_sigma: float = 0.01  # a play is guided while sigma >= this
    precision: torch.dtype = torch.float32  # of the network on a GPU


# Plays that are to come out as wanted follow that more closely. Those like somebody's need not:
# guided they miss more than that person does (docs/own-plays.md).
GUIDED = Sampling(guidance=1.8)


class DiffusionPlayer:
    """One network that moves the cursor and presses the keys, in the style of a person."""

    OPTIONS = ("like", "accuracy", "unstable_rate", "skill", "steps")

    def __init__(self, folder: Path, name: str, device: torch.device) -> None:
        self.name = name
        self.model = load_model(folder / name, Denoiser).to(device)
        self.liked: tuple[LikedPlay, ...] = ()  # the last person to play like, who is read once
        self.known: KnownPlays | None = None

    def generate(
        self, beatmap: Beatmap, seed: int, options: PlayOptions, on_progress: OnProgress
    ) -> GeneratedPlay:
        """A judged play of the map, its mods applied."""
        if options.like and options.like is not self.liked:
            self.known, self.liked = known_plays(self.model, options.like), options.like
        known = self.known if options.like else None
        chart = chart_to_play(beatmap, seed)

        def play_once(sloppiness: float, on_progress: OnProgress) -> GeneratedPlay:
            play, recorder = sample_play(
                self.model, chart, seed, options, on_progress, sloppiness, known=known
            )
            return finish_play(beatmap, chart, play, None, recorder, self.name, seed)

        return play_to_target(play_once, options, on_progress)


@torch.no_grad()
def sample_play(
    model: Denoiser,
    chart: Chart,
    seed: int,
    options: PlayOptions,
    on_progress: OnProgress,
    sloppiness: float = 0.0,
    sampling: Sampling | None = None,
    known: KnownPlays | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """A play (T, len(Play)) of a whole map, and the person's recorder. `sloppiness` is
    osu.players.target's; `known` are the plays of `like`, read before."""
    person = draw_person(model, chart, seed, options, known)
    person = person._replace(style=with_sloppiness(person.style, sloppiness, options))
    if sampling is None:
        wished = options.target_accuracy or options.unstable_rate
        sampling = GUIDED if wished else Sampling()
    sampling = replace(sampling, steps=options.steps or sampling.steps)
    play = sample_as(model, chart, person, seed, sampling, on_progress)
    rng = np.random.default_rng((seed, 1))
    play[:, : Play.K1] = apply_dead_zone(play[:, : Play.K1], rng, RESTING_DEAD_ZONE_PX)
    return play, person.recorder


@torch.no_grad()
def sample_as(
    model: Denoiser,
    chart: Chart,
    person: Person,
    seed: int,
    sampling: Sampling = Sampling(),
    on_progress: OnProgress = lambda share: None,
    begin: np.ndarray | None = None,
    highest: float | None = None,
) -> np.ndarray:
    """A play (T, len(Play)) of a whole map by a person.

    With `begin`, a play (T, len(Play)) of the map, what is coarser than the noise of level
    `highest` stays as it is in that play; else that level is the network's highest.

    Classifier-free guidance (arXiv 2207.12598): left alone the network plays between the person and
    everybody. Measured once on 14 validation plays: accuracies followed those of their persons with
    a slope of 0.76, guided by 1.5 with 1.04. By guidance 1.4, 1.8 and 2.4 a classifier told windows
    from people's with an AUC of 0.586, 0.571 and 0.565 (by features, 60 crops), whole replays with
    0.55, 0.57 and 0.54 (by convolutions).
    """
    device = next(model.parameters()).device
    frames = -(-chart.frames // model.stride) * model.stride
    condition = chart_condition(chart, device)
    condition = torch.cat([condition, condition[:, -1:].expand(-1, frames - chart.frames, -1)], 1)
    generator = torch.Generator().manual_seed(seed)
    levels = noise_levels(sampling.steps, highest or model.config.sigma_max)
    noise = draw_noise(levels, 1, frames, len(Play), generator=generator).to(device)
    # Two rows: the person, and anyone.
    styles = torch.stack([person.style, torch.full_like(person.style, torch.nan)]).to(device)
    embeddings = torch.stack([person.style_embedding, torch.zeros_like(person.style_embedding)])
    embeddings = embeddings.to(device)
    has_embedding = torch.tensor([1.0, 0.0], device=device)
    mirrored = torch.zeros(2, device=device)
    conditions = condition.expand(2, -1, -1)
    path, share = spinner_path(chart, np.random.default_rng(seed), person.spin)
    path, share = (torch.from_numpy(x).to(device) for x in (path, share))
    path = path - baseline_path(condition)[0, : chart.frames]

    def denoise(x: Tensor, sigma: Tensor) -> Tensor:
        guided = sampling.guidance != 1 and sigma[0] >= sampling.guidance_sigma
        rows = 2 if guided else 1
        sigma = sigma.expand(rows)
        embed = model.embedding(
            sigma, styles[:rows], embeddings[:rows], has_embedding[:rows], mirrored[:rows]
        )
        clean = model(x.expand(rows, -1, -1), sigma, conditions[:rows], embed)
        if rows == 2:
            clean = torch.lerp(clean[1:], clean[:1], sampling.guidance)
        if sigma[0] >= SPINNER_SIGMA and begin is None:
            clean[0, : chart.frames, : Play.K1].lerp_(path, share)
        return clean

    signal = None
    if begin is not None:
        signal = torch.zeros_like(noise[0])
        signal[0, : len(begin)] = torch.from_numpy(begin).to(device)
        signal = to_residual(signal, condition)
    model.precision = sampling.precision
    signal = sample(
        denoise,
        noise,
        levels,
        lambda n: on_progress((n + 1) / (sampling.steps + 1)),
        signal,
    )
    return to_play(signal, condition)[0, : chart.frames].cpu().numpy()
