"""models/human.json: what humans' plays measure, by accuracy, for models and for the report."""

from itertools import pairwise

import numpy as np
from tqdm import tqdm

from osu.likeness import comparisons
from osu.likeness.compare import FLOOR_MAPS
from osu.likeness.human_plays import HumanPlay, select
from osu.likeness.measures import HISTOGRAMS, QUANTITIES, Measured, MeasureError, measure
from osu.likeness.two_sample import CLASSIFIERS
from osu.rules.judge import JudgeError

PERCENTILES = (5, 10, 25, 50, 75, 90, 95)
ACCURACY_BANDS = (0.0, 0.85, 0.92, 0.96, 0.98, 1.0)  # about a fifth of the plays each


def reference(humans: list[HumanPlay], like: dict | None) -> dict:
    """Percentiles of every measured number over the plays of the training split.

    `like` is the column "human" of a likeness report, humans against humans: the rows that
    compare plays instead of measuring each.
    """
    plays: list[Measured] = []
    accuracies = []
    for human in tqdm(select(humans, "train", None), desc="measuring: humans", unit="play"):
        try:
            plays.append(measure(*human.load()))
        except (MeasureError, JudgeError):
            continue
        accuracies.append(human.accuracy)
    accuracy = np.array(accuracies)
    bands = {"all": np.ones(len(plays), bool)}
    for low, high in pairwise(ACCURACY_BANDS):
        last = high == ACCURACY_BANDS[-1]
        bands[f"{low:.2f}-{high:.2f}"] = (accuracy >= low) & ((accuracy < high) | last)
    floor = comparisons.human_distances([h for h in humans if h.split == "train"], FLOOR_MAPS)
    found = {
        "plays": len(plays),
        "split": "train",
        "percentiles": list(PERCENTILES),
        "numbers": {
            name: {"row": about.row, "label": about.label, "unit": about.unit}
            for name, about in QUANTITIES.items()
        },
        "bands": {
            name: {
                "plays": int(chosen.sum()),
                "numbers": {
                    quantity: comparisons.percentiles(
                        np.array(
                            [p.numbers[quantity] for p, c in zip(plays, chosen, strict=True) if c]
                        ),
                        PERCENTILES,
                    )
                    for quantity in QUANTITIES
                },
                "histograms": {
                    quantity: np.nanmean(
                        [p.histograms[quantity] for p, c in zip(plays, chosen, strict=True) if c], 0
                    ).tolist()
                    for quantity in HISTOGRAMS
                },
            }
            for name, chosen in bands.items()
            if chosen.any()
        },
        "edges": {name: edges.tolist() for name, (_, edges) in HISTOGRAMS.items()},
        "two_humans_on_one_map_px": comparisons.percentiles(floor[:, 0], PERCENTILES)
        if len(floor)
        else None,
    }
    if like:
        found["human_against_human"] = {
            "classifiers": {name: like["classifiers"][name] for name in CLASSIFIERS},
            "kinematics_w1": {name: like["kinematics"][name]["w1"] for name in HISTOGRAMS},
            "ks": {name: like["numbers"][name]["ks"] for name in QUANTITIES},
            "nearest_training_window_px": like["memory"]["px"],
        }
    return found
