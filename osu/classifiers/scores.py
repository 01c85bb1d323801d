"""How well a classifier tells generated plays from people's, with intervals over human plays."""

from dataclasses import dataclass

import numpy as np

from osu.classifiers.evidence_net import Fitted, frame_evidence
from osu.classifiers.play_table import PlayTable
from osu.likeness import bootstrap
from osu.likeness.bootstrap import Interval
from osu.units import FRAME_HZ

WINDOWS_S = (4, 16)
FALSE_ACCUSED = 0.01  # share of people's plays that are called generated


@dataclass(frozen=True)
class UnitScores:
    """Scores of windows of one length, or of whole plays; .5 is chance but for `found`."""

    accuracy: Interval  # at the threshold at which the validation plays are told best
    auc: Interval
    found: Interval  # share of generated ones found at FALSE_ACCUSED


@dataclass(frozen=True)
class EvidenceScores:
    """Scores of one network by window length in seconds, and of whole plays."""

    windows: dict[int, UnitScores]
    plays: UnitScores
    smallest: float  # the smallest whole-play AUC over .5 that would be seen two times in three


def evidence_scores(
    fitted: list[Fitted], val: PlayTable, test: PlayTable, songs: np.ndarray, seed: int
) -> EvidenceScores:
    """Scores of networks that differ in their seeds alone; their evidence is averaged.

    songs (pairs,): a number for each pair of the test table's; one song's are drawn together.
    """
    weights = bootstrap.draws(len(songs), seed, units=songs)
    windows, of_play = {}, {}
    for seconds in WINDOWS_S:
        length = seconds * FRAME_HZ
        values = {}
        for name, table in (("val", val), ("test", test)):
            tiles = table.tiled(length, length // 2)
            logits = np.mean([_logits(one, table, tiles, length) for one in fitted], axis=0)
            values[name] = (logits, table.generated[tiles.play], tiles.play)
        threshold = best_threshold(*values["val"][:2])
        logits, generated, play = values["test"]
        windows[seconds] = unit_scores(logits, generated, test.pair[play], threshold, weights)
        of_play[seconds] = {
            name: _means(logits, play, table)
            for (name, (logits, _, play)), table in zip(values.items(), (val, test), strict=True)
        }
    longest = of_play[max(WINDOWS_S)]
    plays = unit_scores(
        longest["test"],
        test.generated,
        test.pair,
        best_threshold(longest["val"], val.generated),
        weights,
    )
    return EvidenceScores(windows, plays, smallest=smallest_difference(test, weights, seed))


def unit_scores(
    logits: np.ndarray,
    generated: np.ndarray,
    pair: np.ndarray,
    threshold: float,
    weights: np.ndarray,
) -> UnitScores:
    """Scores of logits (N,) of windows or plays, `generated` (N,) bool of pairs (N,); weights
    (B, pairs). The two sides count alike, however many plays each has."""
    pairs = weights.shape[1]
    right = (logits > threshold) == generated
    accuracy = (
        sum(
            (weights @ np.bincount(pair[side], right[side], pairs))
            / (weights @ np.bincount(pair[side], minlength=pairs))
            for side in (generated, ~generated)
        )
        / 2
    )
    return UnitScores(
        accuracy=bootstrap.interval(accuracy),
        auc=bootstrap.interval(auc_of(logits, generated, pair, weights)),
        found=bootstrap.interval(
            bootstrap.share_found(
                logits[~generated],
                pair[~generated],
                logits[generated],
                pair[generated],
                weights,
                FALSE_ACCUSED,
            )
        ),
    )


def auc_of(
    logits: np.ndarray, generated: np.ndarray, pair: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """(B,) AUC of logits (N,), all in one fold."""
    one_fold = np.zeros(weights.shape[1], int)
    human = ~generated
    return bootstrap.grouped_auc(
        logits[human], pair[human], logits[generated], pair[generated], one_fold, weights
    )


def best_threshold(logits: np.ndarray, generated: np.ndarray) -> float:
    """The threshold at which most are told right, the two sides counting alike."""
    order = np.argsort(logits)
    weight = np.where(generated, -1 / generated.sum(), 1 / (~generated).sum())[order]
    best = int(np.cumsum(weight).argmax())
    following = logits[order[min(best + 1, len(order) - 1)]]
    return float((logits[order[best]] + following) / 2)


def smallest_difference(test: PlayTable, weights: np.ndarray, seed: int) -> float:
    """How far from .5 a whole-play AUC is that would be found two times in three: 2.4 standard
    errors of the AUC of scores that say nothing."""
    noise = np.random.default_rng(seed).normal(size=len(test.pair))
    # A map that is hard to tell is so on both sides: half of the variance is the pair's.
    noise += np.random.default_rng(seed + 1).normal(size=weights.shape[1])[test.pair]
    return 2.4 * float(np.nanstd(auc_of(noise, test.generated, test.pair, weights)[1:]))


def _logits(fitted: Fitted, table: PlayTable, tiles, length: int) -> np.ndarray:
    evidence, mask = frame_evidence(fitted, table, tiles, length)
    return (evidence * mask).sum(1) / np.maximum(mask.sum(1), 1)


def _means(logits: np.ndarray, play: np.ndarray, table: PlayTable) -> np.ndarray:
    count = np.bincount(play, minlength=len(table.pair))
    return np.bincount(play, logits, len(table.pair)) / np.maximum(count, 1)
