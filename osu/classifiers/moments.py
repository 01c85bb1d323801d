"""Trees that read a moment of a play at a time, nine frames of the grid: its finest structure.

A minute of a CPU shows them what takes a network minutes of a GPU: whether the smallest movements
are a person's. What is longer than a seventh of a second they do not see.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from osu.classifiers.plays import FIRST_FRAME, PlayPair
from osu.classifiers.scores import FALSE_ACCUSED, auc_of
from osu.features.play import Play
from osu.likeness import bootstrap
from osu.likeness.bootstrap import Interval
from osu.units import to_px

REACH = 4  # frames to either side of a moment's middle
MOMENTS = 1500  # of a play, at most
SLOWEST_PX = 0.2  # movement in four frames below which it counts as that much


@dataclass(frozen=True)
class MomentScores:
    """How well moments are told. AUCs: .5 is chance."""

    moments: Interval  # AUC of single moments
    plays: Interval  # of their mean over a play
    found: Interval  # share of generated plays found at 1 % of people falsely accused


def moments(play: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N, K) float32: numbers of up to MOMENTS moments of a play (T, len(Play)), in order.

    Second and fourth differences along and across the movement, in px and over its speed; the
    speed; whether a key changes at the five frames around the middle.
    """
    middle = np.arange(FIRST_FRAME + REACH, len(play) - REACH)
    if len(middle) > MOMENTS:
        middle = np.sort(rng.choice(middle, MOMENTS, replace=False))
    xy = to_px(play[:, : Play.K1].astype(np.float64))
    around = xy[middle[:, None] + np.arange(-REACH, REACH + 1)] - xy[middle][:, None]
    way = xy[middle + 2] - xy[middle - 2]
    far = np.linalg.norm(way, axis=1, keepdims=True)
    unit = way / np.maximum(far, 1e-9)
    along = (around * unit[:, None]).sum(2)
    across = around[..., 1] * unit[:, :1] - around[..., 0] * unit[:, 1:]
    bends = [np.diff(side, order, axis=1) for side in (along, across) for order in (2, 4)]
    held = play[:, Play.K1 :] >= 0.5
    change = (np.diff(held, axis=0, prepend=held[:1]) != 0).any(1)
    return np.concatenate(
        [
            *(np.arcsinh(4 * bend) for bend in bends),
            *(bend / np.maximum(far, SLOWEST_PX) for bend in bends),
            np.log(far + 0.01),
            change[middle[:, None] + np.arange(-2, 3)],
        ],
        axis=1,
    ).astype(np.float32)


def moment_scores(train: list[PlayPair], test: list[PlayPair], seed: int) -> MomentScores:
    """Learns from the moments of one side's plays and scores those of the other's. The same seed
    gives the same scores."""
    values, generated, _ = _moments_of(train, seed)
    trees = HistGradientBoostingClassifier(
        max_iter=150, min_samples_leaf=100, class_weight="balanced", early_stopping=False,
        random_state=seed,
    ).fit(np.concatenate(values), np.repeat(generated, [len(of) for of in values]))  # fmt: skip
    values, generated, pair = _moments_of(test, seed)
    counts = [len(of) for of in values]
    logits = trees.decision_function(np.concatenate(values))
    of_play = np.array([part.mean() for part in np.split(logits, np.cumsum(counts)[:-1])])
    weights = bootstrap.draws(len(test), seed)
    moment_auc = auc_of(logits, np.repeat(generated, counts), np.repeat(pair, counts), weights)
    found = bootstrap.share_found(
        of_play[~generated], pair[~generated], of_play[generated], pair[generated], weights,
        FALSE_ACCUSED,
    )  # fmt: skip
    return MomentScores(
        moments=bootstrap.interval(moment_auc),
        plays=bootstrap.interval(auc_of(of_play, generated, pair, weights)),
        found=bootstrap.interval(found),
    )


def _moments_of(
    pairs: list[PlayPair], seed: int
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """The moments of each play that has any, whether it is generated, its pair's number."""
    rng = np.random.default_rng(seed)
    values, generated, number = [], [], []
    for i, pair in enumerate(pairs):
        for play in (pair.own, *pair.generated):
            # As far as the person played: behind that there is nothing to compare.
            found = moments(play.play[: len(pair.own.play)], rng)
            if len(found):
                values.append(found)
                generated.append(play is not pair.own)
                number.append(i)
    return values, np.array(generated), np.array(number)
