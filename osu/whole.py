"""Whole plays from the diffusion network: whose style, which noise, how many steps."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from osu import features, presses
from osu.circling import Spin, circles, spin_of
from osu.denoiser import Denoiser, to_play
from osu.device import as_shown
from osu.expected import expected
from osu.features import FAR_S, Condition, Play, Track, track_of
from osu.presses import Style
from osu.replay import Replay, clean_frames
from osu.sampler import sample
from osu.tracks import nearest_grid_px

STEPS = 16
SKILLS = {"low": 0.91, "mid": 0.96, "high": 0.985}  # accuracies
REACH_PX = 0.35  # median of osu.device: the network rests by itself in half of the time
FREE_S = 1.5  # to the next object: nobody aims at it yet
GUIDANCE = 1.8  # how far from anyone's play towards a person's; 1 for as the network has it
GUIDED = 0.01  # the noise level, units, down to which a play is guided
CIRCLING = 0.06  # the noise level, units, down to which spinners are circled for the network


class Person(NamedTuple):
    """Who plays."""

    style: Tensor  # (len(osu.presses.Style),), nan for the unknown
    code: Tensor  # (style,), the network's own
    spin: np.ndarray  # (len(osu.circling.Spin),), nan where unknown


@torch.no_grad()
def sample_play(
    model: Denoiser, track: Track, seed: int, options, tick: Callable[[float], None],
    loosened: float = 0.0,
) -> tuple[np.ndarray, float]:  # fmt: skip
    """A play (T, len(Play)) of a whole track, as the person's device shows it, and the grid of
    that person's screen in osu!px, 0 for none; `tick` gets the share done and may raise. See
    osu.asked for `loosened`."""
    person = who_plays(model, track, seed, options)
    person = person._replace(style=loosen(person.style, loosened, options))
    play = sample_with(model, track, person, seed, options.steps or STEPS, tick)
    cursor = as_shown(play[:, : Play.K1], np.random.default_rng((seed, 1)), REACH_PX)
    play[:, : Play.K1] = cursor
    return play, nearest_grid_px(float(person.style[Style.SCREEN]))


@torch.no_grad()
def sample_with(
    model: Denoiser, track: Track, person: Person, seed: int, steps: int,
    tick: Callable[[float], None] = lambda share: None,
) -> np.ndarray:  # fmt: skip
    """A play (T, len(Play)) of a whole track by a person.

    Classifier-free guidance (arXiv 2207.12598): left alone the network plays between the person and
    everybody. On 14 validation plays accuracies follow those of their persons with a slope of .76,
    guided by 1.5 of 1.04; 1.8 was told least from people (1.4: .586, 1.8: .571, 2.4: .565 of
    windows by features, 60 crops; replays by conv .55, .57, .54).
    """
    device = next(model.parameters()).device
    frames = -(-track.frames // model.stride) * model.stride
    condition = features.track_condition(track, device)
    condition = torch.cat([condition, condition[:, -1:].expand(-1, frames - track.frames, -1)], 1)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(1, frames, len(Play), generator=generator).to(device)
    # Of the person, and of anyone.
    styles = torch.stack([person.style, torch.full_like(person.style, torch.nan)]).to(device)
    codes = torch.stack([person.code, torch.zeros_like(person.code)]).to(device)
    known, straight = torch.tensor([1.0, 0.0], device=device), torch.zeros(2, device=device)
    conditions = condition.expand(2, -1, -1)
    path, share = circles(track, np.random.default_rng(seed), person.spin)
    path, share = (torch.from_numpy(x).to(device) for x in (path, share))
    path = path - expected(condition)[0, : track.frames]

    def denoise(x: Tensor, sigma: Tensor) -> Tensor:
        both = 2 if sigma[0] >= GUIDED else 1
        sigma = sigma.expand(both)
        embed = model.embedding(sigma, styles[:both], codes[:both], known[:both], straight[:both])
        clean = model(x.expand(both, -1, -1), sigma, conditions[:both], embed)
        if both == 2:
            clean = torch.lerp(clean[1:], clean[:1], GUIDANCE)
        if sigma[0] >= CIRCLING:
            clean[0, : track.frames, : Play.K1].lerp_(path, share)
        return clean

    free = torch.zeros_like(noise)
    free[..., : Play.K1] = aimless(condition)
    signal = sample(denoise, noise, steps, lambda n: tick((n + 1) / (steps + 1)), free)
    return to_play(signal, condition)[0, : track.frames].cpu().numpy()


def aimless(condition: Tensor) -> Tensor:
    """(B, T, 1) 1 where the next object is more than FREE_S away, else 0."""
    until = condition[..., Condition["OBJECT+0_START_FAR"], None]
    return (until > math.tanh(FREE_S / FAR_S)).float()


def who_plays(model: Denoiser, track: Track, seed: int, options) -> Person:
    """The person of `like`; without it one is drawn among the training plays whose maps ask about
    as much as this one: people choose maps that they can play.

    One who has not been seen to spin spins like somebody of the training plays.
    """
    rng = np.random.default_rng(seed)
    if options.like:
        pairs = list(zip(options.like, options.like_maps, strict=True))
        read = [read_person(model, replay, track_of(beatmap)) for replay, beatmap in pairs]
        style = torch.stack([person.style for person in read]).nanmean(0)
        style[Style.SCREEN] = read[0].style[Style.SCREEN]  # a mean of two grids is none
        code = torch.stack([person.code for person in read]).mean(0)
        spins = np.stack([person.spin for person in read])
    else:
        far = 0.0
        if asked_accuracy(options) is not None:
            have = model.bank_style[:, Style.ACCURACY].cpu().numpy()
            wanted = presses.style_of_accuracy(asked_accuracy(options))
            far = np.nan_to_num(((have - wanted) / 0.2) ** 2, nan=100.0)
        row = presses.draw_alike(model.bank_load.cpu().numpy(), track, rng, far)
        style, code = model.bank_style[row].clone().cpu(), model.bank_code[row].cpu()
        spins = model.bank_spin[row, None].cpu().numpy()
    if np.isnan(spins).all():
        spins = model.bank_spin.cpu().numpy()
    seen = spins[np.isfinite(spins).all(1)]
    spin = rng.choice(seen) if len(seen) else np.full(len(Spin), np.nan)
    if asked_accuracy(options) is not None:
        style[Style.ACCURACY] = presses.style_of_accuracy(asked_accuracy(options))
    if options.unstable_rate is not None:
        style[Style.SPREAD] = presses.spread_of_unstable_rate(options.unstable_rate)
    return Person(style, code, spin)


def loosen(style: Tensor, by: float, options) -> Tensor:
    """The style (len(Style),) of the same person on a worse day, or a better one where `by` is
    below 0. An unstable rate that was asked for moves alone, or stays where accuracy moves."""
    style = style.clone()
    accuracy, rate = asked_accuracy(options), options.unstable_rate
    if rate is None or accuracy is None:
        style[Style.SPREAD] += by
    if rate is None or accuracy is not None:
        style[Style.AIM] += 0.7 * by
        style[Style.ACCURACY] += 2 * by
    return style


def asked_accuracy(options) -> float | None:
    return SKILLS[options.skill] if options.skill else options.accuracy


@torch.no_grad()
def read_person(model: Denoiser, replay: Replay, track: Track) -> Person:
    """Who played a replay on its track."""
    device = next(model.parameters()).device
    t_ms, xy, keys = clean_frames(replay)
    play = features.encode_play(t_ms, xy, keys, track.start_ms, track.frames, track.rate)
    spans = presses.to_real_ms(features.key_spans(t_ms, keys), track)
    events, _ = presses.events_of(track, spans)
    screen = features.screen_grid_px(replay.xy)
    style = presses.style_of(track, events, play[:, : Play.K1], replay.accuracy, screen)
    condition = features.track_condition(track, device)
    code = model.encoder(torch.from_numpy(play[None]).to(device), condition, torch.float32)[0]
    return Person(torch.from_numpy(style), code.cpu(), spin_of(track, play[:, : Play.K1]))
