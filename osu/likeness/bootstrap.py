"""The statistics of the likeness report: bootstraps over replays, AUC, distances of distributions.

Every interval here is a 95 % percentile interval over replays. A draw of the bootstrap is a row of
weights, how often each replay is taken; the first row takes each once, so it is the estimate.
"""

import numpy as np

DRAWS = 1000


def draws(
    count: int, seed: int, folds: np.ndarray | None = None, units: np.ndarray | None = None
) -> np.ndarray:
    """(DRAWS + 1, count) weights; what is drawn is replaced within its fold (count,).

    Replays of one unit (count,) are drawn together; without units each is its own. A unit stands
    in one fold.
    """
    rng = np.random.default_rng(seed)
    folds = np.zeros(count, int) if folds is None else folds
    units = np.arange(count) if units is None else units
    weights = np.ones((DRAWS + 1, count))
    for fold in np.unique(folds):
        members = np.flatnonzero(folds == fold)
        found, unit = np.unique(units[members], return_inverse=True)
        drawn = rng.multinomial(len(found), np.full(len(found), 1 / len(found)), DRAWS)
        weights[1:, members] = drawn[:, unit]
    return weights


def interval(values: np.ndarray) -> list[float]:
    """[estimate, low, high] of the values of the draws (DRAWS + 1,), nan where undefined."""
    if not np.isfinite(values[0]):
        return [float("nan")] * 3
    low, high = np.nanpercentile(values[1:], [2.5, 97.5])
    return [float(values[0]), float(low), float(high)]


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(B,) means of values (R,) under weights (B, R); nan values are left out."""
    known = np.isfinite(values)
    total = weights @ known
    with np.errstate(invalid="ignore"):
        return weights @ np.where(known, values, 0) / np.where(total > 0, total, np.nan)


def grouped_auc(
    human: np.ndarray,
    human_pair: np.ndarray,
    generated: np.ndarray,
    generated_pair: np.ndarray,
    folds: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """(B,) share of (generated, human) score pairs of one fold in which the generated is higher.

    The two plays of one pair are not compared with each other: they are alike in their map, and a
    draw with replacement would hold too many of these comparisons.
    human, generated: scores; *_pair: the pair each belongs to; folds (P,); weights (B, P).
    """
    count = len(folds)
    wins, total = np.zeros((count, count)), np.zeros((count, count))
    for fold in np.unique(folds):
        h, g = folds[human_pair] == fold, folds[generated_pair] == fold
        higher = np.sign(generated[g][:, None] - human[h][None, :]) / 2 + 0.5
        rows = _sum_by(higher, generated_pair[g], count)
        wins += _sum_by(rows.T, human_pair[h], count).T
        total += np.outer(
            np.bincount(generated_pair[g], minlength=count),
            np.bincount(human_pair[h], minlength=count),
        )
    np.fill_diagonal(wins, 0)
    np.fill_diagonal(total, 0)
    above = np.einsum("bi,ij,bj->b", weights, wins, weights, optimize=True)
    compared = np.einsum("bi,ij,bj->b", weights, total, weights, optimize=True)
    return above / np.where(compared > 0, compared, np.nan)


def _sum_by(rows: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    """(count, ...) sums of the rows of each group."""
    order = np.argsort(group, kind="stable")
    found, first = np.unique(group[order], return_index=True)
    summed = np.zeros((count, *rows.shape[1:]))
    if len(found):
        summed[found] = np.add.reduceat(rows[order], first, axis=0)
    return summed


def wasserstein(shares: np.ndarray, others: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(...,) Wasserstein-1 distance of histograms (..., bins) over the same edges (bins + 1,)."""
    gap = np.abs(np.cumsum(shares - others, axis=-1))
    return (gap * np.diff(edges)).sum(-1)


def mixture(histograms: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(B, bins): the mean of the replays' histograms (R, bins) under weights (B, R).

    Each replay counts once, however long; a replay without a value (a row of nan) is left out.
    """
    known = np.isfinite(histograms[:, 0])
    total = (weights @ known)[:, None]
    with np.errstate(invalid="ignore"):
        return (
            weights @ np.where(known[:, None], histograms, 0) / np.where(total > 0, total, np.nan)
        )


def kolmogorov(a: np.ndarray, b: np.ndarray) -> float:
    """The Kolmogorov-Smirnov statistic of two sets of values, nan left out."""
    a, b = np.sort(a[np.isfinite(a)]), np.sort(b[np.isfinite(b)])
    if not len(a) or not len(b):
        return float("nan")
    at = np.concatenate([a, b])
    share_a = np.searchsorted(a, at, "right") / len(a)
    share_b = np.searchsorted(b, at, "right") / len(b)
    return float(np.abs(share_a - share_b).max())
