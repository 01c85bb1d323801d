"""Whole plays from the diffusion network: whose style, which noise, how many steps."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from osu.features.baseline import baseline_path
from osu.features.chart import Chart, chart_of
from osu.features.condition import FAR_S, Condition, chart_condition
from osu.features.play import Play, encode_play, key_spans
from osu.features.presses import events_of, to_real_ms
from osu.features.style import (
    Spin,
    Style,
    draw_similar,
    nearest_grid_px,
    screen_grid_px,
    spin_of,
    spread_of_unstable_rate,
    style_of,
    style_of_accuracy,
)
from osu.formats.replay import Replay, clean_frames
from osu.nets.denoiser import Denoiser, to_play
from osu.players.dpm_solver import sample
from osu.players.hand import apply_dead_zone
from osu.players.spinners import spinner_path
from osu.players.target import target_accuracy, with_sloppiness

STEPS = 16
RESTING_DEAD_ZONE_PX = (
    0.35  # median of osu.players.hand: the network rests by itself in half of the time
)
IDLE_S = 1.5  # to the next object: nobody aims at it yet
GUIDANCE = 1.8  # how far from anyone's play towards a person's; 1 for as the network has it
GUIDANCE_SIGMA = 0.01  # the noise level, units, down to which a play is guided
SPINNER_SIGMA = 0.06  # the noise level, units, down to which spinners are circled for the network


class Person(NamedTuple):
    """Who plays."""

    style: Tensor  # (len(osu.features.style.Style),), nan for the unknown
    code: Tensor  # (style,), the network's own
    spin: np.ndarray  # (len(osu.features.style.Spin),), nan where unknown


@torch.no_grad()
def sample_play(
    model: Denoiser, chart: Chart, seed: int, options, tick: Callable[[float], None],
    sloppiness: float = 0.0,
) -> tuple[np.ndarray, float]:  # fmt: skip
    """A play (T, len(Play)) of a whole track, as the person's device shows it, and the grid of
    that person's screen in osu!px, 0 for none; `tick` gets the share done and may raise. See
    osu.players.target for `sloppiness`."""
    person = draw_person(model, chart, seed, options)
    person = person._replace(style=with_sloppiness(person.style, sloppiness, options))
    play = sample_as(model, chart, person, seed, options.steps or STEPS, tick)
    cursor = apply_dead_zone(
        play[:, : Play.K1], np.random.default_rng((seed, 1)), RESTING_DEAD_ZONE_PX
    )
    play[:, : Play.K1] = cursor
    return play, nearest_grid_px(float(person.style[Style.SCREEN]))


@torch.no_grad()
def sample_as(
    model: Denoiser, chart: Chart, person: Person, seed: int, steps: int,
    tick: Callable[[float], None] = lambda share: None,
) -> np.ndarray:  # fmt: skip
    """A play (T, len(Play)) of a whole track by a person.

    Classifier-free guidance (arXiv 2207.12598): left alone the network plays between the person and
    everybody. On 14 validation plays accuracies follow those of their persons with a slope of .76,
    guided by 1.5 of 1.04; 1.8 was told least from people (1.4: .586, 1.8: .571, 2.4: .565 of
    windows by features, 60 crops; replays by conv .55, .57, .54).
    """
    device = next(model.parameters()).device
    frames = -(-chart.frames // model.stride) * model.stride
    condition = chart_condition(chart, device)
    condition = torch.cat([condition, condition[:, -1:].expand(-1, frames - chart.frames, -1)], 1)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(1, frames, len(Play), generator=generator).to(device)
    # Of the person, and of anyone.
    styles = torch.stack([person.style, torch.full_like(person.style, torch.nan)]).to(device)
    codes = torch.stack([person.code, torch.zeros_like(person.code)]).to(device)
    known, straight = torch.tensor([1.0, 0.0], device=device), torch.zeros(2, device=device)
    conditions = condition.expand(2, -1, -1)
    path, share = spinner_path(chart, np.random.default_rng(seed), person.spin)
    path, share = (torch.from_numpy(x).to(device) for x in (path, share))
    path = path - baseline_path(condition)[0, : chart.frames]

    def denoise(x: Tensor, sigma: Tensor) -> Tensor:
        both = 2 if sigma[0] >= GUIDANCE_SIGMA else 1
        sigma = sigma.expand(both)
        embed = model.embedding(sigma, styles[:both], codes[:both], known[:both], straight[:both])
        clean = model(x.expand(both, -1, -1), sigma, conditions[:both], embed)
        if both == 2:
            clean = torch.lerp(clean[1:], clean[:1], GUIDANCE)
        if sigma[0] >= SPINNER_SIGMA:
            clean[0, : chart.frames, : Play.K1].lerp_(path, share)
        return clean

    free = torch.zeros_like(noise)
    free[..., : Play.K1] = idle_mask(condition)
    signal = sample(denoise, noise, steps, lambda n: tick((n + 1) / (steps + 1)), free)
    return to_play(signal, condition)[0, : chart.frames].cpu().numpy()


def idle_mask(condition: Tensor) -> Tensor:
    """(B, T, 1) 1 where the next object is more than IDLE_S away, else 0."""
    until = condition[..., Condition["OBJECT+0_START_FAR"], None]
    return (until > math.tanh(IDLE_S / FAR_S)).float()


def draw_person(model: Denoiser, chart: Chart, seed: int, options) -> Person:
    """The person of `like`; without it one is drawn among the training plays whose maps ask about
    as much as this one: people choose maps that they can play.

    One who has not been seen to spin spins like somebody of the training plays.
    """
    rng = np.random.default_rng(seed)
    if options.like:
        pairs = list(zip(options.like, options.like_maps, strict=True))
        read = [read_person(model, replay, chart_of(beatmap)) for replay, beatmap in pairs]
        style = torch.stack([person.style for person in read]).nanmean(0)
        style[Style.SCREEN] = read[0].style[Style.SCREEN]  # a mean of two grids is none
        code = torch.stack([person.code for person in read]).mean(0)
        spins = np.stack([person.spin for person in read])
    else:
        far = 0.0
        if target_accuracy(options) is not None:
            have = model.bank_style[:, Style.ACCURACY].cpu().numpy()
            wanted = style_of_accuracy(target_accuracy(options))
            far = np.nan_to_num(((have - wanted) / 0.2) ** 2, nan=100.0)
        row = draw_similar(model.bank_load.cpu().numpy(), chart, rng, far)
        style, code = model.bank_style[row].clone().cpu(), model.bank_code[row].cpu()
        spins = model.bank_spin[row, None].cpu().numpy()
    if np.isnan(spins).all():
        spins = model.bank_spin.cpu().numpy()
    seen = spins[np.isfinite(spins).all(1)]
    spin = rng.choice(seen) if len(seen) else np.full(len(Spin), np.nan)
    if target_accuracy(options) is not None:
        style[Style.ACCURACY] = style_of_accuracy(target_accuracy(options))
    if options.unstable_rate is not None:
        style[Style.SPREAD] = spread_of_unstable_rate(options.unstable_rate)
    return Person(style, code, spin)


@torch.no_grad()
def read_person(model: Denoiser, replay: Replay, chart: Chart) -> Person:
    """Who played a replay on its track."""
    device = next(model.parameters()).device
    t_ms, xy, keys = clean_frames(replay)
    play = encode_play(t_ms, xy, keys, chart.start_ms, chart.frames, chart.rate)
    spans = to_real_ms(key_spans(t_ms, keys), chart)
    events, _ = events_of(chart, spans)
    screen = screen_grid_px(replay.xy)
    style = style_of(chart, events, play[:, : Play.K1], replay.accuracy, screen)
    condition = chart_condition(chart, device)
    code = model.encoder(torch.from_numpy(play[None]).to(device), condition, torch.float32)[0]
    return Person(torch.from_numpy(style), code.cpu(), spin_of(chart, play[:, : Play.K1]))
