"""Trees that tell generated plays from people's by a few dozen numbers of each play.

A forest reads the numbers of the level "as written" (numbers/written.py), gradient-boosted trees
those from note to note (numbers/note_numbers.py). Unlike the networks they say which quantities
tell.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from osu.classifiers.numbers.note_numbers import NOTE_NUMBERS
from osu.classifiers.numbers.written import WRITTEN
from osu.data.library import DataError
from osu.likeness import bootstrap
from osu.likeness.bootstrap import Interval

NumbersKind = Literal["written", "notes"]
NUMBERS: dict[NumbersKind, dict[str, str]] = {"written": WRITTEN, "notes": NOTE_NUMBERS}
SHUFFLES = 5  # of each number, for its importance
FEWEST_PLAYS = 4  # units, and plays of either side, to train and to score on


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of P plays, people's and generated ones."""

    values: np.ndarray  # (P, N) float, nan where a play has none
    generated: np.ndarray  # (P,) bool
    unit: np.ndarray  # (P,) int: a human play and the plays generated on its map share one


class Deciles(NamedTuple):
    """Percentiles of a number over plays; nan without any that has it."""

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True)
class NumberScore:
    """What one number tells."""

    name: str
    about: str
    importance: float  # AUC that the trees lose where it is shuffled over the plays
    auc: float  # of the number alone; above .5 it is higher in generated plays
    people: Deciles
    generated: Deciles


@dataclass(frozen=True, eq=False)
class TreeScores:
    """How well trees tell generated plays from people's, on plays that they did not meet."""

    people: int
    generated: int
    auc: Interval  # .5 is chance
    found: Interval  # share of generated plays found at 1 % of people falsely accused
    numbers: tuple[NumberScore, ...]  # the most important first
    probability: np.ndarray  # (P,) of being generated, of the plays of the test side


def tree_scores(train: Numbers, test: Numbers, kind: NumbersKind, seed: int) -> TreeScores:
    """Trains trees on the one side and scores the other.

    The columns of both are those of NUMBERS[kind]. The same seed gives the same scores. DataError
    where a side has too few plays.
    """
    for name, side in (("training", train), ("test", test)):
        people, generated = np.bincount(side.generated, minlength=2)
        if min(people, generated, len(np.unique(side.unit))) < FEWEST_PLAYS:
            raise DataError(
                f"trees need {FEWEST_PLAYS} plays of people and {FEWEST_PLAYS} generated ones on "
                f"each side; the {name} side has {people} and {generated}"
            )
    varies = _varies(train.values)
    trees = _trees(kind, seed).fit(train.values[:, varies], train.generated)

    def probability_of(values: np.ndarray) -> np.ndarray:
        return trees.predict_proba(values[:, varies])[:, 1]

    probability = probability_of(test.values)
    unit = np.unique(test.unit, return_inverse=True)[1]
    weights = bootstrap.draws(unit.max() + 1, seed)
    auc = _auc(probability, test, unit, weights)
    found = bootstrap.share_found(
        probability[~test.generated],
        unit[~test.generated],
        probability[test.generated],
        unit[test.generated],
        weights,
    )
    rng = np.random.default_rng(seed)
    numbers = []
    for column, (name, about) in enumerate(NUMBERS[kind].items()):
        value = test.values[:, column]
        shuffled = np.tile(test.values, (SHUFFLES, 1))
        shuffled[:, column] = np.concatenate([rng.permutation(value) for _ in range(SHUFFLES)])
        scores = probability_of(shuffled).reshape(SHUFFLES, -1)
        known = np.isfinite(value)
        numbers.append(
            NumberScore(
                name=name,
                about=about,
                importance=float(auc[0] - np.mean([_auc(s, test, unit)[0] for s in scores])),
                auc=float(_auc(value, test, unit, where=known)[0]),
                people=_deciles(value[known & ~test.generated]),
                generated=_deciles(value[known & test.generated]),
            )
        )
    return TreeScores(
        people=int((~test.generated).sum()),
        generated=int(test.generated.sum()),
        auc=bootstrap.interval(auc),
        found=bootstrap.interval(found),
        numbers=tuple(sorted(numbers, key=lambda number: -number.importance)),
        probability=probability,
    )


def _varies(values: np.ndarray) -> np.ndarray:
    """(N,) bool: numbers of which the plays (P, N) have more than one value; trees need that."""
    known = np.isfinite(values)
    return np.where(known, values, np.inf).min(0) < np.where(known, values, -np.inf).max(0)


def _trees(kind: NumbersKind, seed: int) -> RandomForestClassifier | HistGradientBoostingClassifier:
    """Both weigh the two sides alike, however many plays each has."""
    if kind == "written":
        return RandomForestClassifier(
            300, min_samples_leaf=2, class_weight="balanced", random_state=seed
        )
    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=200,
        max_leaf_nodes=8,
        l2_regularization=1.0,
        max_features=0.3,
        early_stopping=False,
        class_weight="balanced",
        random_state=seed,
    )


def _auc(
    score: np.ndarray,
    plays: Numbers,
    unit: np.ndarray,
    weights: np.ndarray | None = None,
    where: np.ndarray | bool = True,
) -> np.ndarray:
    """(B,) AUC of a score (P,) under weights (B, U) of the units, each once without them; of the
    plays `where` (P,) bool alone. A person's play is not compared with those on its own map."""
    people, generated = ~plays.generated & where, plays.generated & where
    count = unit.max() + 1
    return bootstrap.grouped_auc(
        score[people],
        unit[people],
        score[generated],
        unit[generated],
        np.zeros(count, int),
        np.ones((1, count)) if weights is None else weights,
    )


def _deciles(values: np.ndarray) -> Deciles:
    if not len(values):
        return Deciles(np.nan, np.nan, np.nan)
    return Deciles(*np.percentile(values, [10, 50, 90]).tolist())
