"""The likeness report's results: how human plays look, and what gives them away.

    humans, _ = read_humans("data")
    likeness = compare(humans, "test", {"diffusion": model_source(player.play, seed=0)})
    likeness.results["diffusion"].diversity.ratio.low
    likeness.giveaways["diffusion"]["aim"]      {} where the aim is human-like

The contestants "human" (other humans of like skill) and "auto" (a straight-line autoplayer) are
always there: a value says something only beside theirs.
"""

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from osu.data.library import DataError
from osu.errors import UserError
from osu.likeness import comparisons
from osu.likeness.bootstrap import Interval
from osu.likeness.comparisons import (
    Band,
    Diversity,
    KinematicDistance,
    NearestWindows,
    NumberComparison,
)
from osu.likeness.contestants import (
    HUMAN,
    Contestant,
    PlaySource,
    auto_source,
    fault_sources,
    human_contestant,
    measured_or_none,
    memorised_contestant,
    source_contestant,
    training_maps_of,
)
from osu.likeness.human_plays import HumanPlay, Subject, select
from osu.likeness.measures import QUANTITIES, Measured, measure
from osu.likeness.two_sample import ClassifierScores
from osu.players.auto import AUTO

DIVERSITY_MAPS = 40  # maps that two humans played, for the diversity's unit
COMPARISONS = {
    1: "classifiers",
    2: "diversity",
    3: "kinematics",
    4: "timing",
    5: "aim",
    6: "keys",
    7: "sliders, spinners, breaks",
    8: "result",
    9: "memory",
}
# What counts as human-like, beside the other humans' value where that matters. A number is not if
# its median lies outside the humans' p5 to p95, if the interval of its share of plays inside lies
# wholly below LEAST_INSIDE (nine in ten humans are inside by definition), or if KS > its bound.
DIVERSITY = (0.7, 1.3)
MOST_DISTANCE = 1.5  # times the other humans' Wasserstein distance
LEAST_INSIDE = 0.8
SURE_KS = 1.95  # Kolmogorov's bound: two equal sets of n are further apart once in 1000 times
MOST_NEARER = 0.05  # share of the humans' own windows that are so near to a training play
LEAST_TRAINING_MAP_RATIO = 0.5

# Comparison -> quantity -> a phrase that says how the contestant differs from humans.
Giveaways = dict[str, dict[str, str]]


@dataclass(frozen=True)
class ContestantResult:
    """Everything that was compared of one contestant's plays."""

    pairs: int
    classifiers: dict[str, ClassifierScores]  # of CLASSIFIERS
    diversity: Diversity | None  # None where nothing shows it
    kinematics: dict[str, KinematicDistance]  # of HISTOGRAMS
    numbers: dict[str, NumberComparison]  # of QUANTITIES
    nearest_windows: NearestWindows | None  # None where no window moves
    training_map_ratio: Interval  # distance to humans over that between humans; undefined without


@dataclass(frozen=True, eq=False)
class Likeness:
    """The likeness report, and the plays it is of for pictures; results by contestant's name."""

    split: str
    seed: int
    subjects: list[Subject]
    bands: dict[str, Band]  # of QUANTITIES, over the subjects and the other humans
    contestants: list[Contestant]
    results: dict[str, ContestantResult]
    giveaways: dict[str, Giveaways]
    pictured: int  # the pair whose map is drawn
    reference_plays: list[Measured]  # other humans on that map


def compare(
    humans: list[HumanPlay],
    split: str,
    sources: dict[str, PlaySource],
    seed: int = 0,
    limit: int | None = None,
    device: str = "cpu",
    controls: bool = False,
    player: str | None = None,
) -> Likeness:
    """Compares the plays of `sources` with the humans of a split.

    humans: all human plays, of all splits: other humans and training plays are taken from them.
    limit: at most that many human plays are compared.
    controls: adds contestants that test the report itself: humans with one fault each.
    player: compares with this player's plays alone; other humans are then other people.
    DataError where the split has too few usable plays.
    """
    subjects = _measure_subjects(humans, split, limit, player)
    same_map = [[h for h in humans if h.on == own.on and h is not own] for own, _ in subjects]
    pictured = int(np.argmax([len(others) for others in same_map]))
    references = (measured_or_none(HUMAN, human.load) for human in same_map[pictured][:2])
    reference_plays = [play for play in references if play]

    other = human_contestant(subjects, humans)
    training_maps = [each for each in training_maps_of(humans) if len(each.plays) > 1]
    auto, *played = (
        source_contestant(name, source, subjects, training_maps, pictured)
        for name, source in {AUTO: auto_source, **sources}.items()
    )
    contestants = [other, auto, *played]
    if controls:  # on training maps, a copy with a fault is near to its play and says nothing
        for name, source in fault_sources(seed).items():
            contestants.append(source_contestant(name, source, subjects, [], pictured))
        contestants.append(memorised_contestant(other, training_maps))

    measured = dict(subjects) | {other.partners[i]: play for i, play in other.plays.items()}
    human_px = comparisons.human_distances(humans, DIVERSITY_MAPS, measured)
    nearest = comparisons.nearest_windows(subjects, contestants, humans, seed)
    bands = {
        name: Band(*comparisons.percentiles(np.array([p.numbers[name] for p in measured.values()])))
        for name in QUANTITIES
    }
    results = {
        contestant.name: ContestantResult(
            pairs=len(contestant.plays),
            classifiers=comparisons.classifiers(subjects, contestant, seed, device),
            diversity=comparisons.diversity(subjects, contestant, auto, human_px, seed),
            kinematics=comparisons.kinematic_distances(subjects, contestant, other, seed),
            numbers=comparisons.numbers(subjects, contestant, bands, seed),
            nearest_windows=nearest.get(contestant.name),
            training_map_ratio=comparisons.training_map_ratio(contestant, seed),
        )
        for contestant in contestants
    }
    return Likeness(
        split=split,
        seed=seed,
        subjects=subjects,
        bands=bands,
        contestants=contestants,
        results=results,
        giveaways={
            name: giveaways(result, results[HUMAN], bands) for name, result in results.items()
        },
        pictured=pictured,
        reference_plays=reference_plays,
    )


def giveaways(
    result: ContestantResult, human: ContestantResult, bands: dict[str, Band]
) -> Giveaways:
    """What gives a contestant away, {} for a comparison in which it is human-like.

    human: the other humans' result; bands: the humans' percentiles of each number.
    """
    phrases: dict[int, dict[str, str]] = {number: {} for number in COMPARISONS}
    for kind, scores in result.classifiers.items():
        for unit in ("window", "replay"):
            quantity = f"{unit}_auc"
            auc, human_auc = (getattr(s, quantity) for s in (scores, human.classifiers[kind]))
            # Chance is .5, and what the nets make of other humans where that is more.
            if auc.low > max(0.5, human_auc.value):
                phrase = f"{kind} net tells {unit}s apart, AUC {auc.value:.2f}"
                phrases[1][f"{kind} {quantity}"] = phrase
    if result.diversity:
        ratio = result.diversity.ratio.value
        if not DIVERSITY[0] <= ratio <= DIVERSITY[1]:
            phrases[2]["ratio"] = f"two plays of a map differ {ratio:.2f} times as much as humans'"
    for quantity, distance in result.kinematics.items():
        if (times := distance.to_human.value) > MOST_DISTANCE:
            phrases[3][quantity] = f"{quantity} {times:.1f} times as far off as other humans'"
    for quantity, number in result.numbers.items():
        if not number.plays:
            continue
        band, about, median = bands[quantity], QUANTITIES[quantity], number.percentiles.median
        outside = not band.p5 <= median <= band.p95 or number.inside.high < LEAST_INSIDE
        # Plays that are all the same can lie inside too: then their distribution is another.
        if outside or number.ks > SURE_KS * np.sqrt(2 / number.plays):
            value = f"{median:.3g} {about.unit}".strip()
            phrases[about.comparison][quantity] = f"{about.label} {value}" + (
                "" if outside else f", spread unlike humans' (KS {number.ks:.2f})"
            )
    if result.nearest_windows and result.nearest_windows.nearer.low > MOST_NEARER:
        share = result.nearest_windows.nearer.value
        phrases[9]["nearer"] = f"{share:.0%} of its windows are very near to training plays"
    if (ratio := result.training_map_ratio.value) < LEAST_TRAINING_MAP_RATIO:
        phrases[9]["familiar"] = f"on training maps {ratio:.2f} of the distance between humans"
    return {COMPARISONS[number]: by_quantity for number, by_quantity in phrases.items()}


def _measure_subjects(
    humans: list[HumanPlay], split: str, limit: int | None, player: str | None
) -> list[Subject]:
    """The plays to compare with, those that can be measured. DataError with fewer than four."""
    plays = [human for human in humans if player in (None, human.player)]
    if not plays:
        raise DataError(f"there is no play of {player}")
    subjects = []
    for human in tqdm(select(plays, split, limit), desc="measuring: humans", unit="play"):
        try:
            subjects.append(Subject(human, measure(*human.load())))
        except UserError:
            continue
    if len(subjects) < 4:
        raise DataError(f"the {split} split has {len(subjects)} usable plays; four are the least")
    return subjects
