"""Statistics of the likeness report: bootstraps over replays, AUC, distances of distributions.

Every interval here is a 95 % percentile interval over replays. A draw of the bootstrap is a row of
weights, how often each replay is taken; the first row takes each once, so it is the estimate.
"""

from typing import NamedTuple

import numpy as np

DRAWS = 1000


class Interval(NamedTuple):
    """An estimate and its 95 % bootstrap interval; nan in all three where it is undefined."""

    value: float
    low: float
    high: float


UNDEFINED = Interval(float("nan"), float("nan"), float("nan"))


def draws(
    count: int, seed: int, folds: np.ndarray | None = None, units: np.ndarray | None = None
) -> np.ndarray:
    """(DRAWS + 1, count) weights of `count` replays, drawn with replacement within each fold.

    folds: (count,) the fold of each replay; without it all are in one.
    units: (count,) replays of one unit, which lies in one fold, are drawn together; without it
    each replay is a unit.
    """
    rng = np.random.default_rng(seed)
    folds = np.zeros(count, int) if folds is None else folds
    units = np.arange(count) if units is None else units
    weights = np.ones((DRAWS + 1, count))
    for fold in np.unique(folds):
        members = np.flatnonzero(folds == fold)
        names, unit = np.unique(units[members], return_inverse=True)
        times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS)
        weights[1:, members] = times[:, unit]
    return weights


def interval(values: np.ndarray) -> Interval:
    """The percentile interval of a statistic's values over the draws (DRAWS + 1,)."""
    if not np.isfinite(values[0]):
        return UNDEFINED
    low, high = np.nanpercentile(values[1:], [2.5, 97.5])
    return Interval(float(values[0]), float(low), float(high))


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(B,) means of values (R,) under weights (B, R); nan values are left out."""
    finite = np.isfinite(values)
    total = weights @ finite
    with np.errstate(invalid="ignore"):
        return weights @ np.where(finite, values, 0) / np.where(total > 0, total, np.nan)


def grouped_auc(
    human: np.ndarray,
    human_pair: np.ndarray,
    generated: np.ndarray,
    generated_pair: np.ndarray,
    folds: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """(B,) area under the ROC curve, within folds: the share of (generated, human) scores of one
    fold in which the generated one is higher, ties counting half.

    The two plays of one pair are not compared with each other: they are alike in their map, and a
    draw with replacement would hold too many of these comparisons.
    human (H,), generated (G,): scores; *_pair: the pair, 0 .. P - 1, that each belongs to;
    folds (P,); weights (B, P).
    """
    count = len(folds)
    wins, total = np.zeros((count, count)), np.zeros((count, count))
    for fold in np.unique(folds):
        g = folds[generated_pair] == fold
        pairs, scores = generated_pair[g], generated[g]
        for other in np.flatnonzero(folds == fold):
            below = np.sort(human[human_pair == other])
            higher = np.searchsorted(below, scores) + np.searchsorted(below, scores, "right")
            wins[:, other] += np.bincount(pairs, higher / 2, count)
            total[:, other] += np.bincount(pairs, minlength=count) * len(below)
    np.fill_diagonal(wins, 0)
    np.fill_diagonal(total, 0)
    above = np.einsum("bi,ij,bj->b", weights, wins, weights, optimize=True)
    compared = np.einsum("bi,ij,bj->b", weights, total, weights, optimize=True)
    return above / np.where(compared > 0, compared, np.nan)


def share_found(
    human: np.ndarray,
    human_unit: np.ndarray,
    generated: np.ndarray,
    generated_unit: np.ndarray,
    weights: np.ndarray,
    accused: float = 0.01,
) -> np.ndarray:
    """(B,) share of generated plays with scores above a bound that at most the share `accused` of
    people exceeds: plays found without accusing more people than that.

    human (H,), generated (G,): scores; *_unit: the unit, 0 .. U - 1, that each belongs to;
    weights (B, U). The bound is a person's score, the lowest that will do. nan in a draw without
    plays of either side.
    """
    order = np.argsort(-human, kind="stable")
    people = weights[:, human_unit[order]]
    above = np.cumsum(people, axis=1) - people  # people with a higher score than each
    total = people.sum(1, keepdims=True)
    # Those of one score are accused together, so none of them is unless all can be.
    _, first, group = np.unique(-human[order], return_index=True, return_inverse=True)
    above = above[:, first][:, group]
    allowed = (above <= accused * total + 1e-9) & (people > 0)
    bound = np.where(allowed, human[order], np.inf).min(1, initial=np.inf)
    play_weights = weights[:, generated_unit]
    found = (play_weights * (generated > bound[:, None])).sum(1)
    plays = play_weights.sum(1)
    return found / np.where((plays > 0) & (total[:, 0] > 0), plays, np.nan)


def wasserstein(shares: np.ndarray, others: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(...,) Wasserstein-1 distance of histograms (..., bins) over the same edges (bins + 1,)."""
    gap = np.abs(np.cumsum(shares - others, axis=-1))
    return (gap * np.diff(edges)).sum(-1)


def mixture(histograms: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(B, bins): the mean of the replays' histograms (R, bins) under weights (B, R).

    Each replay counts once, however long; a replay without a value (a row of nan) is left out.
    """
    finite = np.isfinite(histograms[:, 0])
    total = (weights @ finite)[:, None]
    with np.errstate(invalid="ignore"):
        return (
            weights @ np.where(finite[:, None], histograms, 0) / np.where(total > 0, total, np.nan)
        )
