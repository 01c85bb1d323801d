"""A tiny evidence network on made-up plays: it finds what is there and nothing that is not."""

import numpy as np
import pytest
import torch

from osu.classifiers.evidence_net import (
    EVIDENCE_FRAMES,
    PART,
    EvidenceNet,
    FitConfig,
    Fitted,
    evidence_loss,
    fit,
    frame_evidence,
    frame_norm,
    masked_mean,
)
from osu.classifiers.inputs import INPUTS, Level, Part
from osu.classifiers.play_table import PlayTable
from osu.classifiers.scores import auc_of
from osu.units import UNIT_PX
from tests.classifiers.test_play_table import chart, grid_play, pair_of

SMALL = FitConfig(
    width=8, dilations=(1, 2), pairs=4, rate=0.05, average=0.9, most_steps=45, check_steps=15
)
TEST_PAIRS = 24


def fitted_auc(noise_px: float, seed: int = 0) -> tuple[float, Fitted]:
    """The AUC of whole plays, where generated plays have so much white noise on their paths."""
    rng, track = np.random.default_rng(seed), chart(18)

    def table(pairs: int) -> PlayTable:
        return PlayTable.of(
            [
                pair_of(
                    grid_play(track, rng), grid_play(track, rng, noise_units=noise_px / UNIT_PX)
                )
                for _ in range(pairs)
            ],
            "cpu",
        )

    train, val, test = table(16), table(6), table(TEST_PAIRS)
    fitted = fit(train, val, Level.RECORDED, Part.BOTH, seed, SMALL)
    windows = test.tiled(EVIDENCE_FRAMES, EVIDENCE_FRAMES)
    assert (windows.play == np.arange(2 * TEST_PAIRS)).all()
    evidence, mask = frame_evidence(fitted, test, windows, EVIDENCE_FRAMES)
    logits = (evidence * mask).sum(1) / mask.sum(1)
    weights = np.ones((1, TEST_PAIRS))
    return float(auc_of(logits, test.generated, test.pair, weights)[0]), fitted


def test_white_noise_of_three_px_is_found():
    """The smooth paths move by some 3 px a frame but bend by .3: the noise bends ten times more."""
    auc, fitted = fitted_auc(3.0)
    assert auc > 0.9
    assert [step for step, _, _ in fitted.losses] == [15, 30, 45]
    assert fitted.losses[-1][2] < np.log(2) / 2 < fitted.losses[0][1]


def test_two_sides_of_one_process_are_not_told_apart():
    """The AUC of scores that say nothing has the standard error of Mann and Whitney's U; the plays
    are independent, and none is of the training's. Three of them: one seed in 400 is outside."""
    error = np.sqrt((2 * TEST_PAIRS + 1) / (12 * TEST_PAIRS**2))
    assert abs(fitted_auc(0.0)[0] - 0.5) < 3 * error


@pytest.fixture(scope="module")
def untrained() -> Fitted:
    torch.manual_seed(0)
    return Fitted(EvidenceNet(SMALL).eval(), Level.RECORDED, Part.BOTH, [])


def test_evidence_is_of_its_place(untrained):
    """Two blocks look 1 and 2 frames to each side, the channels some few further; what is changed
    two seconds away is not seen."""
    rng, track = np.random.default_rng(1), chart(18)
    own, other = grid_play(track, rng), grid_play(track, rng)
    changed = other.play.copy()
    changed[700:, :2] += 0.5
    changed = type(other)(track, changed, other.written, other.notes)
    table = PlayTable.of([pair_of(own, other, changed)], "cpu")
    windows = table.tiled(EVIDENCE_FRAMES, EVIDENCE_FRAMES)
    evidence, _ = frame_evidence(untrained, table, windows, EVIDENCE_FRAMES)
    at = 700 - int(windows.start[0])
    np.testing.assert_allclose(evidence[2, : at - 120], evidence[1, : at - 120], atol=1e-5)
    assert np.abs(evidence[2, at : at + 10] - evidence[1, at : at + 10]).max() > 1e-3


def test_evidence_does_not_depend_on_the_batch(untrained):
    rng, track = np.random.default_rng(2), chart(18)
    table = PlayTable.of([pair_of(*(grid_play(track, rng) for _ in range(5)))], "cpu")
    windows = table.tiled(EVIDENCE_FRAMES, EVIDENCE_FRAMES)
    whole, mask = frame_evidence(untrained, table, windows, EVIDENCE_FRAMES)
    parts, _ = frame_evidence(untrained, table, windows, EVIDENCE_FRAMES, rows=2)
    assert whole.shape == mask.shape == (5, EVIDENCE_FRAMES)
    np.testing.assert_allclose(parts, whole, atol=1e-4)  # float32 sums in another order


def test_what_is_masked_does_not_count():
    generator = torch.Generator().manual_seed(0)
    evidence = torch.randn(4, 5 * PART + 7, generator=generator)
    mask = torch.ones_like(evidence)
    mask[1, 3 * PART :] = 0
    mask[2, PART + 10 :] = 0
    label = torch.tensor([0.0, 1, 1, 0])
    other = torch.where(mask > 0, evidence, 1e3)
    torch.testing.assert_close(
        evidence_loss(other, mask, label), evidence_loss(evidence, mask, label)
    )
    # By hand: windows, and those parts of which more than half is there.
    expected, parts = [], []
    for row in range(4):
        right = evidence[row] * (2 * label[row] - 1)
        inside = int(mask[row].sum())
        expected.append(torch.log1p((-(right[:inside].mean())).exp()))
        for first in range(0, min(inside, 5 * PART), PART):
            part = right[first : min(first + PART, inside)]
            if len(part) > PART / 2:
                parts.append(torch.log1p((-part.mean()).exp()))
    loss = torch.stack(expected).mean() + torch.stack(parts).mean()
    torch.testing.assert_close(evidence_loss(evidence, mask, label), loss)
    means = masked_mean(evidence, mask)
    torch.testing.assert_close(means[2], evidence[2, : PART + 10].mean())
    assert masked_mean(evidence, torch.zeros_like(mask)).tolist() == [0] * 4


def test_norms_are_of_single_frames():
    x = torch.randn(2, 8, 50, generator=torch.Generator().manual_seed(0))
    x[:, :, 25:] *= 100
    size = frame_norm(x).square().mean(1)
    torch.testing.assert_close(size, torch.ones(2, 50), rtol=1e-4, atol=1e-4)


def test_a_network_takes_inputs_of_any_size():
    torch.manual_seed(0)
    inputs = 1e6 * torch.randn(2, 30, INPUTS)
    evidence = EvidenceNet(SMALL)(inputs)
    assert evidence.shape == (2, 30) and evidence.isfinite().all()
