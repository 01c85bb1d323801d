"""Trees on numbers whose distributions are known, and on people's plays with a known fault."""

import csv

import numpy as np
import pytest

from osu.classifiers.numbers.note_numbers import NOTE_NUMBERS
from osu.classifiers.numbers.written import WRITTEN, written_numbers
from osu.classifiers.trees import NUMBERS, Numbers, tree_scores
from osu.data.library import DataError
from osu.formats.replay import load_replay
from osu.likeness.faults import jittered
from tests.paths import SHARED

KINDS = list(NUMBERS)


def sides(kind: str, shift: float, seed: int, units: int = 80) -> tuple[Numbers, Numbers]:
    """A training and a test side of normal numbers; in generated plays, two a unit, the fourth is
    higher by `shift`. Of the others one in ten is missing."""
    rng = np.random.default_rng(seed)
    both = []
    for _ in range(2):
        unit = np.tile(np.arange(units), 3)
        generated = np.arange(3 * units) >= units
        values = rng.normal(size=(3 * units, len(NUMBERS[kind])))
        values[rng.random(values.shape) < 0.1] = np.nan
        values[:, 3] = rng.normal(size=3 * units) + shift * generated
        both.append(Numbers(values, generated, unit))
    return both[0], both[1]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_drawn_alike_is_not_told(kind):
    """80 against 160 plays have an AUC of .5 with a standard error of .040; the interval is one of
    95 %, so another seed would leave it in one case of twenty."""
    scores = tree_scores(*sides(kind, 0.0, seed=0), kind, seed=0)
    assert scores.auc.low < 0.5 < scores.auc.high and abs(scores.auc.value - 0.5) < 0.12
    assert scores.found.value < 0.15
    assert (scores.people, scores.generated) == (80, 160)


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_that_tells_is_found_and_named_first(kind):
    """Two unit normals 4 apart have an AUC of .998."""
    scores = tree_scores(*sides(kind, 4.0, seed=1), kind, seed=0)
    first, second, *_ = scores.numbers
    assert first.name == list(NUMBERS[kind])[3] and first.about == NUMBERS[kind][first.name]
    assert first.auc == pytest.approx(0.998, abs=0.01) and first.importance > 0.2
    assert abs(second.importance) < 0.05
    assert first.generated.p50 - first.people.p50 == pytest.approx(4, abs=0.6)
    assert first.people.p10 < first.people.p50 < first.people.p90
    assert scores.auc.value > 0.95 and scores.auc.low > 0.9 and scores.found.value > 0.3


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_scores(kind):
    train, test = sides(kind, 1.0, seed=2, units=20)
    a, b = (tree_scores(train, test, kind, seed=5) for _ in range(2))
    assert np.array_equal(a.probability, b.probability)
    assert (a.auc, a.found, a.numbers) == (b.auc, b.found, b.numbers)


@pytest.mark.parametrize("kind", KINDS)
def test_the_names_of_units_and_an_empty_number_do_not_matter(kind):
    train, test = sides(kind, 2.0, seed=3, units=20)
    for side in (train, test):
        side.values[:, 5] = np.nan
    other = Numbers(test.values, test.generated, 1000 - 7 * test.unit)
    a, b = (tree_scores(train, side, kind, seed=0) for side in (test, other))
    assert a.auc.value == b.auc.value
    empty = next(number for number in a.numbers if number.name == list(NUMBERS[kind])[5])
    assert np.isnan(empty.auc) and np.isnan(empty.people.p50) and abs(empty.importance) < 1e-12


def test_too_few_plays_are_refused():
    train, test = sides("written", 0.0, seed=0, units=3)
    with pytest.raises(DataError, match="the training side has 3 and 6"):
        tree_scores(train, test, "written", seed=0)
    train, _ = sides("written", 0.0, seed=0, units=10)
    with pytest.raises(DataError, match="the test side has 3 and 6"):
        tree_scores(train, test, "written", seed=0)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared research data is not here")
def test_people_are_not_told_from_people_and_a_twentieth_of_a_pixel_is():
    """Plays of half the players against those of the others, 40 a side for training and for test:
    a standard error of .065. Their files with white noise of .05 osu!px must be found."""
    with open(SHARED / "index.csv", encoding="utf-8") as file:
        rows = {row["player"]: row["replay"] for row in csv.DictReader(file)}
    replays = [load_replay(SHARED / "replays" / name) for _, name in sorted(rows.items())[:160]]
    numbers = np.array([written_numbers(replay) for replay in replays])
    half = np.arange(80) % 2 == 1
    halves = [Numbers(side, half, np.arange(80)) for side in (numbers[:80], numbers[80:])]
    assert tree_scores(*halves, "written", seed=0).auc.low < 0.5
    noisy = np.array(
        [written_numbers(jittered(replay, 0.05, i)) for i, replay in enumerate(replays)]
    )
    mixed = [
        Numbers(np.where(half[:, None], b, a), half, np.arange(80))
        for a, b in ((numbers[:80], noisy[:80]), (numbers[80:], noisy[80:]))
    ]
    assert tree_scores(*mixed, "written", seed=0).auc.value > 0.95


def test_the_names_are_one_each():
    assert not set(WRITTEN) & set(NOTE_NUMBERS)
