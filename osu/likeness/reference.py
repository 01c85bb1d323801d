"""models/human.json: percentiles of humans' plays by accuracy, beside which models are read."""

from itertools import pairwise

import numpy as np
from tqdm import tqdm

from osu.errors import UserError
from osu.likeness import comparisons
from osu.likeness.compare import DIVERSITY_MAPS, ContestantResult
from osu.likeness.human_plays import HumanPlay, Subject, select
from osu.likeness.measures import HISTOGRAMS, QUANTITIES, Measured, measure
from osu.likeness.two_sample import CLASSIFIERS

PERCENTILES = (5, 10, 25, 50, 75, 90, 95)
ACCURACY_BANDS = (0.0, 0.85, 0.92, 0.96, 0.98, 1.0)  # about a fifth of the plays each


def reference(humans: list[HumanPlay], human_result: ContestantResult | None) -> dict:
    """The content of human.json: every number and histogram over the plays of the training split.

    human_result: of the contestant "human" of a likeness report, humans against humans: what
    compares plays instead of measuring each.
    """
    subjects: list[Subject] = []
    for human in tqdm(select(humans, "train", None), desc="measuring: humans", unit="play"):
        try:
            subjects.append(Subject(human, measure(*human.load())))
        except UserError:
            continue
    bands = {"all": [play for _, play in subjects]}
    for low, high in pairwise(ACCURACY_BANDS):
        last = high == ACCURACY_BANDS[-1]
        bands[f"{low:.2f}-{high:.2f}"] = [
            play
            for human, play in subjects
            if low <= human.accuracy < high or (last and human.accuracy == high)
        ]
    train = [human for human in humans if human.split == "train"]
    human_px = comparisons.human_distances(train, DIVERSITY_MAPS, dict(subjects))
    content = {
        "plays": len(subjects),
        "split": "train",
        "percentiles": list(PERCENTILES),
        "numbers": {
            name: {"row": about.comparison, "label": about.label, "unit": about.unit}
            for name, about in QUANTITIES.items()
        },
        "bands": {name: _band(plays) for name, plays in bands.items() if plays},
        "edges": {name: edges.tolist() for name, (_, edges) in HISTOGRAMS.items()},
        "two_humans_on_one_map_px": comparisons.percentiles(human_px[:, 0], PERCENTILES)
        if len(human_px)
        else None,
    }
    if human_result:
        nearest = human_result.nearest_windows
        content["human_against_human"] = {
            "classifiers": {name: vars(human_result.classifiers[name]) for name in CLASSIFIERS},
            "kinematics_w1": {name: human_result.kinematics[name].w1 for name in HISTOGRAMS},
            "ks": {name: human_result.numbers[name].ks for name in QUANTITIES},
            "nearest_training_window_px": nearest.px if nearest else None,
        }
    return content


def _band(plays: list[Measured]) -> dict:
    """Percentiles of the numbers, and mean histograms, of the plays of one accuracy band."""
    return {
        "plays": len(plays),
        "numbers": {
            name: comparisons.percentiles(np.array([p.numbers[name] for p in plays]), PERCENTILES)
            for name in QUANTITIES
        },
        "histograms": {
            name: np.nanmean([p.histograms[name] for p in plays], 0).tolist() for name in HISTOGRAMS
        },
    }
