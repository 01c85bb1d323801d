"""Scores of logits against scipy, loops over all pairs, and all thresholds there are."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from osu.classifiers.scores import auc_of, best_threshold, unit_scores
from osu.likeness import bootstrap


def sides(humans: int, generated: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(logits, which are generated) in random order; some are equal."""
    rng = np.random.default_rng(seed)
    is_generated = rng.permutation(np.arange(humans + generated) < generated)
    return (rng.normal(0.5 * is_generated, 1).round(1), is_generated)


def test_auc_of_plays_of_no_common_pair_is_mann_and_whitney_s():
    logits, generated = sides(60, 45)
    pair = np.arange(len(logits))
    found = auc_of(logits, generated, pair, np.ones((1, len(pair))))
    statistic = mannwhitneyu(logits[generated], logits[~generated]).statistic
    assert found == pytest.approx([statistic / (60 * 45)], rel=1e-12)


def test_auc_leaves_out_pairs_and_counts_weights():
    """Each (generated, human) of different pairs, as often as both of them are drawn."""
    rng = np.random.default_rng(1)
    logits, generated = sides(20, 30, seed=2)
    pair = rng.integers(0, 8, 50)
    weights = rng.integers(0, 3, (4, 8)).astype(float)
    found = auc_of(logits, generated, pair, weights)
    for row, weight in zip(found, weights, strict=True):
        wins = total = 0.0
        for i in np.flatnonzero(generated):
            for j in np.flatnonzero(~generated):
                if pair[i] != pair[j]:
                    times = weight[pair[i]] * weight[pair[j]]
                    total += times
                    wins += times * ((logits[i] > logits[j]) + (logits[i] == logits[j]) / 2)
        assert row == pytest.approx(wins / total, rel=1e-12)


@pytest.mark.filterwarnings("error")
def test_auc_without_two_pairs_is_none():
    logits, generated = sides(5, 5)
    assert np.isnan(auc_of(logits, generated, np.zeros(10, int), np.ones((1, 1)))).all()


def balanced(logits: np.ndarray, generated: np.ndarray, threshold: float) -> float:
    right = (logits > threshold) == generated
    return (right[generated].mean() + right[~generated].mean()) / 2


@pytest.mark.parametrize(("humans", "generated"), [(30, 30), (10, 80), (1, 5), (5, 1)])
def test_the_best_threshold_is_the_best_of_all(humans, generated):
    for seed in range(10):
        logits, is_generated = sides(humans, generated, seed)
        logits = logits + np.random.default_rng(seed).uniform(0, 0.01, len(logits))  # none equal
        tried = np.concatenate([logits, [logits.min() - 1]])
        best = max(balanced(logits, is_generated, threshold) for threshold in tried)
        found = balanced(logits, is_generated, best_threshold(logits, is_generated))
        assert found == pytest.approx(max(best, 0.5), abs=1e-12)


def test_scores_of_sides_that_lie_apart_and_of_sides_that_do_not():
    """40 pairs of a human play and three generated ones. Two draws of one distribution have an AUC
    whose standard error is some .05, the bound is four of it."""
    pair = np.repeat(np.arange(40), 4)
    generated = np.tile([False, True, True, True], 40)
    weights = bootstrap.draws(40, seed=0)
    apart = unit_scores(np.where(generated, 1.0, -1.0), generated, pair, 0.0, weights)
    assert apart.accuracy == apart.auc == apart.found == (1, 1, 1)
    noise = np.random.default_rng(0).normal(size=160)
    same = unit_scores(noise, generated, pair, 0.0, weights)
    for score in (same.accuracy, same.auc):
        assert score.low < 0.5 < score.high and abs(score.value - 0.5) < 0.2
    assert same.found.value < 0.1
    # The two sides count alike: all called generated is a half, though three in four are right.
    assert unit_scores(noise, generated, pair, -9.0, weights).accuracy == (0.5, 0.5, 0.5)
