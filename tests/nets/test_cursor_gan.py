"""The networks of the generative family, the batches they learn from, what is measured of them.

Independent references: the object tables and balls of the sample maps' tracks for the plan, numpy
for the signal, the machine player of osu.players.auto (which spins at a known pace) for the
measures.
"""

import math

import numpy as np
import pytest
import torch

import train_gan
from osu import distributed
from osu.data.cursor_windows import CursorWindows
from osu.data.dataset import PlaySet
from osu.features.baseline import baseline_path
from osu.features.chart import Ball, ObjectColumn
from osu.features.condition import Condition, chart_condition
from osu.nets.cursor_gan import (
    CHANNELS,
    SIGNAL,
    SPIN_RPM_MEDIAN,
    SPIN_SPREAD,
    Critic,
    CursorGenerator,
    Encoder,
    critic_signal,
    with_baseline,
)
from osu.players.auto import AUTO_SPIN_RPM as AUTO_RPM
from osu.training.adversarial import (
    HUMAN_DISTANCE,
    diversity_loss,
    first_half_twice,
    paired_signals,
)
from osu.training.cursor_validation import measure_cursor
from osu.units import FRAME_HZ, UNIT_PX

SMALL = (8, 12, 16)


@pytest.fixture(scope="module")
def plays(cache) -> PlaySet:
    return PlaySet(cache)


def small(body: str = "tcn", noisy: bool = True) -> CursorGenerator:
    torch.manual_seed(0)
    return CursorGenerator(CursorGenerator.Config(body, SMALL, (1, 2), noisy=noisy)).eval()


def track_with_spinner(plays: PlaySet):
    return next(t for t in plays.charts if t.rate == 1 and t.objects[:, ObjectColumn.SPINNER].any())


def test_plan_meets_every_object_and_ball(plays):
    for chart in plays.charts:
        cursor = baseline_path(chart_condition(chart))[0].numpy()
        assert np.isfinite(cursor).all()
        objects = chart.objects[chart.objects[:, ObjectColumn.SPINNER] == 0]
        at = np.round(objects[:, ObjectColumn.START_S] * FRAME_HZ).astype(int)
        apart = np.linalg.norm(cursor[at] - objects[:, : ObjectColumn.END_X], axis=1) * UNIT_PX
        # The frame is up to half a period (8 ms) off the start. Half a cosine has hardly moved by
        # then, a ball at most 2 px a ms; where a slider ends within the frame, its ball is right.
        assert np.median(apart) < 1 and np.quantile(apart, 0.98) < 16
        on = chart.ball[:, Ball.ON] > 0
        off_ball = np.linalg.norm(cursor - chart.ball[:, : Ball.ON], axis=1)[on] * UNIT_PX
        # Not on the last frame of a slider that the next one follows within it.
        assert np.quantile(off_ball, 0.98) < 1


def test_plan_makes_no_jumps(plays):
    for chart in plays.charts:
        step = np.linalg.norm(
            np.diff(baseline_path(chart_condition(chart))[0].numpy(), axis=0), axis=1
        )
        # The longest way in the shortest time, 380 px in 75 ms (sprint), at DT 50 ms, peaks at
        # 1.9 times its mean: 16.7 ms * 14 px/ms. A missing ball was a jump of 255 px and back.
        jump = (step[1:-1] * UNIT_PX > 60) & (step[:-2] * UNIT_PX < 5) & (step[2:] * UNIT_PX < 5)
        assert step.max() * UNIT_PX < 250 and not jump.any()


def test_signal_is_place_and_derivatives(plays):
    condition = with_baseline(chart_condition(plays.charts[0])[:, 300:400])
    cursor = condition[..., -2:] + 0.1 * torch.randn(1, 100, 2, generator=torch.manual_seed(0))
    signal = critic_signal(cursor, condition)[0].double().numpy()
    assert signal.shape == (100, SIGNAL)
    radius = plays.charts[0].constants[0]
    place = (cursor - condition[..., -2:])[0].numpy() / radius
    np.testing.assert_allclose(signal[:, :2], place, atol=1e-5)
    order = cursor[0].double().numpy() * UNIT_PX
    for first in (2, 4, 6):
        order = np.diff(order, axis=0, prepend=order[:1])
        order[0] = 0
        # float32 differences of positions up to 256 px: 2e-5 px, three times over.
        np.testing.assert_allclose(
            signal[:, first : first + 2], np.arcsinh(4 * order) / 2, atol=2e-3
        )


@pytest.mark.parametrize("body", ["tcn", "lstm"])
def test_a_play_depends_on_its_seed_alone(body, plays):
    model = small(body)
    condition = chart_condition(plays.charts[0])[:, :501]  # not a multiple of the stride

    def cursor(seed):
        return model.play(condition, torch.Generator().manual_seed(seed))

    assert cursor(1).shape == (1, 501, 2) and torch.isfinite(cursor(1)).all()
    torch.manual_seed(5)
    assert torch.equal(cursor(1), cursor(1))
    assert not torch.equal(cursor(1), cursor(2))


def test_no_seams_a_part_of_a_map_is_played_like_the_whole(plays):
    model = small()
    condition = with_baseline(chart_condition(plays.charts[0])[:, :1200])
    latents = model.draw(1, 1200, torch.device("cpu"), torch.Generator().manual_seed(0))
    part = latents._replace(noise=latents.noise[:, 400:800])
    with torch.no_grad():
        whole, alone = model(condition, latents), model(condition[:, 400:800], part)
    # No norm over time: beyond the reach of the convolutions (under 100 frames here) and where no
    # spinner comes before, both are the same up to rounding.
    torch.testing.assert_close(whole[:, 500:700], alone[:, 100:300], rtol=0, atol=1e-5)


def test_an_untrained_generator_spins_at_the_humans_pace(plays):
    chart = track_with_spinner(plays)
    model = small()
    condition = chart_condition(chart)
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        style = torch.randn(1, 16, generator=torch.Generator().manual_seed(seed))
        baseline_path = SPIN_RPM_MEDIAN * math.exp(SPIN_SPREAD * style[0, 0].item())
        found = measure_cursor(chart, model.play(condition, generator)[0].numpy())["rpm"]
        # The untrained offset is a tenth of the circle's radius and comes back every turn.
        assert found == pytest.approx(baseline_path, rel=0.05)


@pytest.mark.parametrize("noisy", [True, False])
def test_the_style_is_heard_through_a_whole_play(noisy, plays):
    model = small(noisy=noisy)
    with torch.no_grad():
        model.out.weight.mul_(100)  # untrained, it hardly leaves the plan
    condition = with_baseline(chart_condition(plays.charts[0])[:, :400])
    latents = model.draw(1, 400, torch.device("cpu"), torch.Generator().manual_seed(0))
    with torch.no_grad():
        one = model(condition, latents)
        other = model(condition, latents._replace(style=-latents.style))
        quiet = model(condition, latents._replace(noise=0 * latents.noise))
    changed = (one - other).norm(dim=-1)
    assert (changed > 0).float().mean() > 0.99
    assert torch.equal(one, quiet) == (not noisy)


@pytest.mark.parametrize("body", ["tcn", "lstm"])
def test_critic_and_encoder_see_condition_and_signal(body):
    torch.manual_seed(0)
    signal, condition = torch.randn(3, 64, SIGNAL), 0.5 + 0.1 * torch.randn(3, 64, CHANNELS)
    config = Critic.Config(body, SMALL, (1, 2), style=5)
    critic, encoder = Critic(config), Encoder(config)
    scores = critic(signal, condition)
    assert scores.shape == (3, 16)
    assert not torch.equal(scores, critic(signal + 0.1, condition))
    assert not torch.equal(scores, critic(signal, condition + 0.1))
    mean, log_variance = encoder(signal, condition)
    assert mean.shape == log_variance.shape == (3, 5)


# --- What they learn from ------------------------------------------------------------------------


def test_one_window_in_eight_spins_and_a_seed_draws_the_same(plays):
    humans = CursorWindows(plays, "train")
    assert len(humans.rare) == 2  # spinners and breaks
    torch.manual_seed(0)
    one = humans.draw(16, 128, (0, 7))
    torch.manual_seed(0)
    other = humans.draw(16, 128, (0, 7))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    condition, cursor, there = one
    assert condition.shape[:2] == cursor.shape[:2] == there.shape[:2] == (16, 128)
    spinning = (condition[..., Condition.SPINNER_ON] > 0).any(1)
    assert spinning[12:14].all()
    nothing = (condition[..., Condition["OBJECT+0_START_FAR"]] > np.tanh(1 / 1.5)).any(1)
    assert nothing[14:].all()  # a second or more to the next object


def test_each_side_of_a_step_moves_only_its_own_weights(plays):
    batch = CursorWindows(plays, "train").draw(2, 64, (0,))
    model, critic = small().train(), Critic(Critic.Config("tcn", SMALL, (1,)))
    train_gan.CriticLoss("r3", critic, model)(*batch)[0].backward()
    assert all(p.grad is None for p in model.parameters())
    assert all(p.grad is not None for p in critic.parameters())
    critic.zero_grad(set_to_none=True)
    loss = train_gan.GeneratorLoss("r3", model, critic)
    loss(*batch)[0].backward(inputs=list(model.parameters()))
    assert all(p.grad is not None for p in model.parameters())
    assert all(p.grad is None for p in critic.parameters())


def test_wrapping_a_loss_holds_the_other_network_still_meanwhile(plays, monkeypatch):
    """A graph and DistributedDataParallel take the weights that need a gradient when they are
    made: only those of the network that is trained. Afterwards both networks can be trained."""
    model, critic = small().train(), Critic(Critic.Config("tcn", SMALL, (1,)))
    loss = train_gan.GeneratorLoss("r3", model, critic)
    seen = []

    def graphed(module, _):
        seen.extend(p for p in module.parameters() if p.requires_grad)
        return module

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", graphed)
    batch = CursorWindows(plays, "train").draw(2, 64, (0,))
    assert distributed.wrap(loss, torch.device("cpu"), batch, [model]) is loss
    assert {id(p) for p in seen} == {id(p) for p in model.parameters()}
    assert all(p.requires_grad for p in loss.parameters())


def test_past_the_end_of_a_play_nothing_can_be_told(plays):
    condition, human, _ = CursorWindows(plays, "train").draw(2, 64, (0,))
    there = torch.ones(2, 64, 1, dtype=torch.bool)
    there[:, 40:] = False
    _, real, fake, _ = paired_signals(small(), condition, human, there)
    assert torch.equal(real[:, 44:], fake[:, 44:])  # derivatives reach three frames back
    assert not torch.equal(real[:, :40], fake[:, :40])


def test_two_plays_of_a_map_that_are_too_alike_are_told():
    """Signals whose places are worked out by hand; derivatives do not count."""
    real, fake = torch.randn(2, 4, 30, SIGNAL)
    real[..., :2], fake[..., :2] = torch.tensor([0.6, 0.8]), 0.0  # people: 1 radius from the plan
    assert diversity_loss(real, fake) == 1
    fake[:2, :, 0] = HUMAN_DISTANCE / 2
    assert diversity_loss(real, fake).item() == pytest.approx(0.5)
    fake[:2, :, 0] = 3.0
    assert diversity_loss(real, fake) == 0
    fake[1, :, 0] = 0.0  # of the second map's plays, both in the middle
    assert diversity_loss(real, fake) == 0.5


def test_a_generator_plays_each_map_twice(plays):
    batch = first_half_twice(*CursorWindows(plays, "train").draw(4, 64, (0,)))
    condition, real, fake, _ = paired_signals(small(), *batch)
    assert torch.equal(condition[:2], condition[2:]) and torch.equal(real[:2], real[2:])
    assert not torch.equal(fake[:2], fake[2:])


def test_processes_share_a_batch(plays):
    """The windows of a step are the same ones however many processes share them. Mirroring is
    drawn by torch's generator, so each side is compared without its sign."""

    def drawn(batch: int, rank: int, world_size: int) -> list[tuple]:
        _, cursor, mask = CursorWindows(plays, "train", rank, world_size).draw(batch, 64, (0, 5))
        return list(map(tuple, torch.cat([cursor.abs(), mask.float()], -1).flatten(1).tolist()))

    for batch in (16, 8):  # of 8, one spins and one rests: each process has one of them
        shared = drawn(batch, 0, 2) + drawn(batch, 1, 2)
        assert sorted(shared) == sorted(drawn(batch, 0, 1))
    with pytest.raises(ValueError, match="cannot be shared equally by 3 processes"):
        CursorWindows(plays, "train", 0, 3).draw(16, 64, (0, 5))


# --- What is measured ----------------------------------------------------------------------------


def test_measures_of_the_machine_player(plays):
    index = next(
        i for i, play in enumerate(plays.plays)
        if plays.charts[play.chart].objects[:, ObjectColumn.SPINNER].any()
        and plays.charts[play.chart].rate == 1
    )  # fmt: skip
    chart = plays.charts[plays.plays[index].chart]
    cursor = plays.cursor(index)
    found = measure_cursor(chart, cursor)
    assert found["inside"] == 1 and found["aim"] < 0.2
    assert found["ball"] < 0.1
    # The grid's interpolation of the player's own frames; it spins from the first to the last ms.
    assert found["rpm"] == pytest.approx(AUTO_RPM, rel=0.02)
    speed = np.linalg.norm(np.diff(cursor, axis=0), axis=1) * UNIT_PX
    assert found["speed"] == pytest.approx(float(np.median(speed)), rel=1e-6)
    assert found["still"] == pytest.approx(float((speed <= 0.005 * 1000 / 60).mean()), rel=1e-6)
