"""The sampler against a denoiser known in closed form, and a generated play's
lattice and seed.

For data that is normal with standard deviation S, EDM's optimal denoiser is x S² / (S² + sigma²).
"""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.integrate
import torch

from osu.features.chart import chart_of
from osu.features.play import Play
from osu.features.recorder import Recorder, pixel_of
from osu.features.style import Spin, Style
from osu.formats.beatmap import Kind, load_beatmap
from osu.formats.replay import clean_frames, dump_replay, load_replay
from osu.nets.denoiser import KEY_SCALE, Denoiser
from osu.players.diffusion import (
    GUIDED,
    Sampling,
    sample_as,
    sample_play,
)
from osu.players.dpm_solver import draw_noise, noise_levels, sample, step_weights
from osu.players.engine import load_player
from osu.players.generated import draw_recorder
from osu.players.options import LikedPlay, PlayOptions
from osu.players.person import Person, draw_person
from osu.units import CENTRE_PX
from tests.paths import SAMPLE as SAMPLES
from tests.small_map import small_map

S = 0.4
SAMPLE = SAMPLES / "circuit.osu"


def gaussian(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    return x * S**2 / (S**2 + sigma[:, None, None] ** 2)


@pytest.mark.parametrize(("steps", "off"), [(16, 0.008), (24, 0.003), (64, 0.0003)])
def test_samples_have_the_spread_of_the_data(steps, off):
    noise = torch.randn(1, 1, 20000, 1, generator=torch.Generator().manual_seed(0))
    # The path of the probability flow is known: the noise's own spread, shrunk. `off` is the
    # sampler's error, a tenth more than was measured; the same noise on every machine.
    levels = noise_levels(steps, 3.0)
    found = sample(gaussian, noise, levels, stochastic_above=math.inf).std() / noise.std()
    assert found.item() == pytest.approx(S * 3 / math.hypot(S, 3), rel=off)


def test_fresh_noise_leaves_the_spread_of_the_data():
    """24 steps, of which 11 draw noise, are 1.6 % off; the spread of so much noise is by .5 %."""
    levels = noise_levels(24, 3.0)
    generator = torch.Generator().manual_seed(0)
    noise = draw_noise(levels, 1, 20000, 1, generator=generator)
    assert len(noise) == 1 + 11
    assert sample(gaussian, noise, levels).std().item() == pytest.approx(S, rel=0.03)


def test_a_step_is_exact_for_a_quadratic_of_the_logarithm_of_the_noise():
    """Against the integral by quadrature: of the ordinary equation of the probability flow,
    dx / d ln(sigma) = x - clean(ln(sigma))."""
    sigmas, following = [0.9, 0.5, 0.3], 0.1

    def clean(log_sigma):
        return 2 - 3 * log_sigma + 0.7 * log_sigma**2

    for pull in (1, 2):
        weights = step_weights(sigmas, following, pull)
        added = sum(w * clean(math.log(sigma)) for w, sigma in zip(weights, sigmas, strict=True))
        expected, error = scipy.integrate.quad(
            lambda u, pull=pull: pull * following**pull * math.exp(-pull * u) * clean(u),
            math.log(following),
            math.log(sigmas[-1]),
        )
        assert error < 1e-9 and added == pytest.approx(expected, abs=1e-9)
        assert sum(weights) == pytest.approx(1 - (following / sigmas[-1]) ** pull)
    assert step_weights([0.3], 0.1) == pytest.approx([1 - 0.1 / 0.3])  # first order: Euler's


@pytest.mark.parametrize(("highest", "share"), [(Denoiser.Config().sigma_max, 1.0), (3.0, 0.6)])
def test_what_is_slow_has_its_spread_where_the_first_noise_hides_it(highest, share):
    """Where a cursor waits for a break of 4 s: one number of spread .25 units for 256 frames. Noise
    of 3 units still tells it to within 3 / 16, and of noise alone the probability flow makes
    (3 / 16) / hypot(.25, 3 / 16) = .6 of the spread."""
    frames, spread = 256, 0.25

    def slow(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        seen = sigma[:, None, None] ** 2 / frames
        return (x.mean(1, keepdim=True) * spread**2 / (spread**2 + seen)).expand_as(x)

    noise = torch.randn(1, 3000, frames, 1, generator=torch.Generator().manual_seed(0))
    waits = noise[0].mean(1) * math.sqrt(frames)  # standard normal: its own spread is 1.3 % off
    levels = noise_levels(32, highest)
    found = sample(slow, noise, levels, stochastic_above=math.inf).mean(1)
    assert (found.std() / waits.std() / spread).item() == pytest.approx(share, rel=0.03)


@pytest.mark.parametrize("highest", [0.02, 0.5, 3.0])
def test_a_signal_is_noised_to_a_level_and_denoised(highest):
    """For such data a path of the probability flow shrinks as the spread of data and noise does.
    64 steps are at most .4 % off."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(1, 1, 2000, 1, generator=generator)
    begin = torch.randn(1, 2000, 1, generator=generator)
    levels = noise_levels(64, highest)
    assert levels[0].item() == pytest.approx(highest) and levels[-1] == 0
    found = sample(gaussian, noise, levels, begin=begin, stochastic_above=math.inf)
    expected = (begin + highest * noise[0]) * S / np.hypot(S, highest)
    torch.testing.assert_close(found, expected, rtol=0.01, atol=0.005)


class Opinion(torch.nn.Module):
    """Says that all is what the style's first number is, or 0 where it knows no style."""

    stride = 8
    config = Denoiser.Config()

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.asked: list[tuple[float, int]] = []

    def embedding(self, sigma, style, style_embedding, has_embedding, mirrored):
        assert (style_embedding[has_embedding == 0] == 0).all()
        return style[:, :1].nan_to_num(0.0)

    def forward(self, noisy, sigma, condition, embed):
        self.asked.append((sigma[0].item(), len(sigma)))
        return embed[:, None].repeat(1, noisy.shape[1], noisy.shape[2])


class Echo(Opinion):
    """Says that all is as it should be."""

    def forward(self, noisy, sigma, condition, embed):
        return noisy.clone()


PERSON = Person(
    torch.full((len(Style),), 0.1),
    torch.ones(24),
    np.full(len(Spin), np.nan),
    np.zeros(len(Recorder)),
)


def test_a_play_is_led_past_the_person_away_from_anyone():
    chart, model = chart_of(small_map()), Opinion()
    sampling = replace(GUIDED, steps=16)
    play = sample_as(model, chart, PERSON, 3, sampling)
    assert {rows for _, rows in model.asked} == {1, 2}
    assert all(rows == (2 if sigma >= GUIDED.guidance_sigma else 1) for sigma, rows in model.asked)
    keys = play[:, Play.K1 :]
    np.testing.assert_allclose(keys, 0.5 + 0.1 / KEY_SCALE, atol=1e-6)  # the last word is unguided
    everywhere = replace(sampling, guidance_sigma=0.0)
    keys = sample_as(model, chart, PERSON, 3, everywhere)[:, Play.K1 :]
    np.testing.assert_allclose(keys, 0.5 + GUIDED.guidance * 0.1 / KEY_SCALE, atol=1e-6)


def test_a_network_left_alone_is_asked_once_a_step():
    chart, model = chart_of(small_map()), Opinion()
    keys = sample_as(model, chart, PERSON, 3, Sampling(steps=16))[:, Play.K1 :]
    assert [rows for _, rows in model.asked] == [1] * 16
    np.testing.assert_allclose(keys, 0.5 + 0.1 / KEY_SCALE, atol=1e-6)


def test_what_is_coarser_than_the_noise_stays_as_it_is_in_the_begin():
    """A network that changes nothing leaves the noise of the first level on the play. Over some 800
    numbers of each channel the spread is known to 3 %."""
    chart, highest = chart_of(small_map()), 0.01
    begin = np.zeros((chart.frames, len(Play)), np.float32)
    begin[:, : Play.K1] = np.cumsum(np.random.default_rng(0).normal(0, 0.05, (chart.frames, 2)), 0)
    begin[100:200, Play.K1] = 1
    sampling = Sampling(steps=8)
    play = sample_as(Echo(), chart, PERSON, 3, sampling, begin=begin, highest=highest)
    assert play.shape == begin.shape
    left = play[:, : Play.K1] - begin[:, : Play.K1]
    assert left.std() == pytest.approx(highest, rel=0.15)
    assert np.abs(left).max() < 6 * highest
    assert (np.round(play[:, Play.K1 :]) == begin[:, Play.K1 :]).all()
    other = sample_as(Echo(), chart, PERSON, 4, sampling, begin=begin, highest=highest)
    assert not np.array_equal(play, other)


def test_a_play_stands_on_its_person_s_lattice_and_repeats():
    """Positions of seven digits, kept as float32: 1e-4 px at most from the counts that they are."""
    player, beatmap, options = load_player("diffusion"), small_map(), PlayOptions(steps=2)
    lattices = set()
    for seed in range(12):
        replay = player.play(beatmap, seed, options)
        person = draw_person(player.implementation.model, chart_of(beatmap), seed, options)
        count_px, phase = person.recorder[[Recorder.COUNT_X_PX, Recorder.PHASE_X]]
        if count_px > 0 and np.isfinite(phase) and not person.recorder[Recorder.WANDER_X_PX]:
            lattices.add(count_px)
            count_px = pixel_of(count_px)
            counts = replay.xy[2:, 0].astype(np.float64) / count_px - phase  # past the lead-in
            assert (np.abs(counts - np.round(counts)) * count_px).max() < 1e-4
    assert dump_replay(replay) == dump_replay(player.play(beatmap, seed, options))
    assert len(lattices) > 1


def test_who_was_never_recorded_has_the_device_of_somebody_of_the_bank():
    own, other, unknown = (np.full(len(Recorder), value) for value in (1.0, 2.0, np.nan))
    bank, rng = torch.tensor(np.stack([unknown, other])), np.random.default_rng(0)
    assert (draw_recorder(np.stack([unknown, own]), bank, rng) == own).all()
    assert (draw_recorder(unknown[None], bank, rng) == other).all()
    assert (draw_recorder(unknown[None], bank[:1], rng) == 0).all()


def test_a_person_who_was_not_seen_to_spin_spins_like_one_who_was():
    model, chart = load_player("diffusion").implementation.model, chart_of(small_map())
    bank = model.bank_spin
    bank[:] = torch.nan
    assert np.isnan(draw_person(model, chart, 1, PlayOptions()).spin).all()
    bank[7] = torch.tensor([-300.0, 60.0])
    assert draw_person(model, chart, 1, PlayOptions()).spin.tolist() == [-300, 60]
    beatmap = load_beatmap(SAMPLE)
    liked = load_replay(SAMPLE.with_name("circuit-diffusion.osr"))
    t_ms, xy, _ = clean_frames(liked)
    spinner = int(np.flatnonzero(beatmap.kind == Kind.SPINNER)[0])
    inside = (t_ms > beatmap.start_ms[spinner] + 500) & (t_ms < beatmap.end_ms[spinner])
    turned = np.unwrap(np.arctan2(*(xy[inside] - CENTRE_PX).T[::-1]))
    options = PlayOptions(like=(LikedPlay(liked, beatmap),))
    spin = draw_person(model, chart, 1, options).spin
    assert np.sign(spin[Spin.RPM]) == np.sign(turned[-1] - turned[0])
    radius_px = np.median(np.linalg.norm(xy[inside] - CENTRE_PX, axis=1))
    assert spin[Spin.RADIUS_PX] == pytest.approx(radius_px, rel=0.1)  # other frames of the path


@pytest.mark.parametrize(
    ("wish", "guided"), [("nothing", False), ("like", False), ("accuracy", True)]
)
def test_only_a_play_that_is_to_come_out_as_wanted_is_guided(wish, guided, monkeypatch):
    model, beatmap = load_player("diffusion").implementation.model, load_beatmap(SAMPLE)
    liked = LikedPlay(load_replay(SAMPLE.with_name("circuit-diffusion.osr")), beatmap)
    values = {"like": (liked,), "accuracy": 0.9}
    options = PlayOptions(**{name: value for name, value in values.items() if name == wish})
    asked = []

    def sample_nothing(model, chart, person, seed, sampling, on_progress):
        asked.append(sampling.guidance)
        return np.zeros((chart.frames, len(Play)), np.float32)

    monkeypatch.setattr("osu.players.diffusion.sample_as", sample_nothing)
    sample_play(model, chart_of(beatmap), 1, options, lambda share: None)
    assert asked == [GUIDED.guidance if guided else 1.0]
