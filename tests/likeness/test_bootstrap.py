"""The report's statistics against scipy's, which are written independently of ours.

Tolerances are those of floating point: both sides compute the same exact quantity.
"""

import numpy as np
import pytest
from scipy import stats

from osu.likeness import bootstrap


def test_auc_of_one_fold_is_the_mann_whitney_statistic():
    rng = np.random.default_rng(0)
    human, generated = rng.normal(0, 1, 60).round(1), rng.normal(0.5, 1, 60).round(1)  # with ties
    # Two plays of a pair are not compared, so here every score stands in a pair of its own.
    auc = bootstrap.grouped_auc(
        human, np.arange(60), generated, np.arange(60, 120), np.zeros(120, int), np.ones((1, 120))
    )
    expected = stats.mannwhitneyu(generated, human).statistic / 60**2
    assert auc[0] == pytest.approx(expected, abs=1e-12)


def test_auc_compares_within_folds_and_never_within_a_pair():
    # Fold 1's scores lie far above fold 0's; within a fold every generated score is the lower one
    # but for its own pair's.
    human, generated = np.array([1.0, 3.0, 101.0, 103.0]), np.array([2.0, 0.0, 102.0, 100.0])
    auc = bootstrap.grouped_auc(
        human, np.arange(4), generated, np.arange(4), np.array([0, 0, 1, 1]), np.ones((1, 4))
    )
    assert auc[0] == 0


def test_weights_count_pairs_as_often_as_they_are_drawn():
    rng = np.random.default_rng(1)
    pairs = np.repeat(np.arange(5), 3)
    human, generated = rng.normal(size=15), rng.normal(size=15)
    folds, weights = np.zeros(5, int), np.array([[2.0, 1, 0, 1, 1]])
    auc = bootstrap.grouped_auc(human, pairs, generated, pairs, folds, weights)
    drawn = np.array([0, 0, 1, 3, 4])
    above = total = 0
    for i in drawn:
        for j in drawn[drawn != i]:
            wins = generated[pairs == i][:, None] > human[pairs == j]
            above, total = above + wins.sum(), total + wins.size
    assert auc[0] == pytest.approx(above / total, abs=1e-12)


def test_share_found_by_hand():
    """Of 200 people two may be accused, those with 200 and 199: 198 is the bound, or 200 where 199
    and 198 are tied with it and three would be."""
    people = np.arange(1.0, 201.0)
    generated = np.array([197.5, 198.0, 198.5, 250.0])
    units, ones = np.arange(200), np.ones((1, 200))
    found = bootstrap.share_found(people, units, generated, units[:4], ones)
    assert found[0] == 2 / 4
    tied = np.where(people > 197, 200.0, people)
    assert bootstrap.share_found(tied, units, generated, units[:4], ones)[0] == 1 / 4
    none = bootstrap.share_found(people[:50], units[:50], np.array([50.0, 50.5]), units[:2], ones)
    assert none[0] == 1 / 2  # of 50 people nobody may be accused


def test_share_found_counts_units_as_often_as_they_are_drawn():
    rng = np.random.default_rng(3)
    people, generated = rng.normal(size=150), rng.normal(2, 1, 300)
    units, plays = np.arange(150), np.repeat(np.arange(150), 2)
    weights = bootstrap.draws(150, seed=0)[:20]
    found = bootstrap.share_found(people, units, generated, plays, weights)
    for drawn, share in zip(weights.astype(int), found, strict=True):
        bound = np.sort(np.repeat(people, drawn))[::-1]
        # The lowest score that at most one person of the 150 drawn exceeds.
        bound = min(b for b in bound if (bound > b).sum() <= 1)
        assert share == np.mean(np.repeat(generated, drawn[plays]) > bound)
    assert np.isnan(bootstrap.share_found(people, units, generated[:0], plays[:0], weights)).all()
    assert np.isnan(bootstrap.share_found(people[:0], units[:0], generated, plays, weights)).all()


def test_wasserstein_distance_is_scipys():
    rng = np.random.default_rng(2)
    edges = np.linspace(-1, 3, 41)
    middles = (edges[1:] + edges[:-1]) / 2
    a, b = rng.dirichlet(np.ones(40)), rng.dirichlet(np.ones(40))
    expected = stats.wasserstein_distance(middles, middles, a, b)
    assert bootstrap.wasserstein(a, b, edges) == pytest.approx(expected, abs=1e-12)


def test_interval_covers_the_mean_of_a_known_distribution():
    """95 % intervals of 200 samples of 40 cover the true mean in 86 to 99 % of them: five standard
    deviations of a binomial share around .94, what a percentile bootstrap has at this size."""
    rng = np.random.default_rng(4)
    weights = bootstrap.draws(40, seed=0)
    covered = 0
    for _ in range(200):
        values = rng.normal(1.0, 1.0, 40)
        _, low, high = bootstrap.interval(bootstrap.weighted_mean(values, weights))
        covered += low <= 1.0 <= high
    assert 0.86 * 200 <= covered <= 0.99 * 200


def test_draws_keep_folds_and_begin_with_the_estimate():
    folds = np.array([0, 0, 0, 1, 1])
    weights = bootstrap.draws(5, seed=1, folds=folds)
    assert np.all(weights[0] == 1)
    assert np.all(weights[:, folds == 0].sum(1) == 3) and np.all(weights[:, folds == 1].sum(1) == 2)
    assert np.array_equal(weights, bootstrap.draws(5, seed=1, folds=folds))


def test_a_unit_is_drawn_together():
    units = np.array([0, 0, 1, 2, 2, 2])
    weights = bootstrap.draws(6, seed=1, units=units)
    for unit in range(3):
        assert np.all(np.ptp(weights[:, units == unit], axis=1) == 0)
    assert np.all(weights[:, [0, 2, 3]].sum(1) == 3)
