"""How human plays look: the likeness report's numbers, and what they say.

    humans, _ = read_humans("data")
    likeness = compare(humans, "test", {"diffusion": model_source(player.play, seed=0)})
    likeness.numbers        everything, ready for JSON
    likeness.columns        the plays, for pictures

The columns "human" (other humans of like skill) and "auto" (a straight-line autoplayer) are always
there: a value says something only beside theirs.
"""

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from osu.data.library import DataError
from osu.likeness import comparisons
from osu.likeness.contestants import (
    HUMAN,
    Contestant,
    PlaySource,
    auto_source,
    familiar_groups,
    human_column,
    memorised_column,
    played_column,
    spoiled_sources,
)
from osu.likeness.human_plays import HumanPlay, select
from osu.likeness.measures import QUANTITIES, Measured, MeasureError, measure
from osu.players.auto import AUTO
from osu.rules.judge import JudgeError

FLOOR_MAPS = 40  # maps that two humans played, for the diversity's unit
ROWS = {
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
# What counts as human-like. Nine in ten humans lie inside p5 to p95 by definition; a column tells
# itself where its median lies outside, where the interval of its share inside ends below this, or
# where its distribution over plays is another.
DIVERSITY = (0.7, 1.3)
MOST_DISTANCE = 1.5  # times the other humans' Wasserstein distance
LEAST_INSIDE = 0.8
SURE_KS = 1.95  # Kolmogorov's bound: two equal sets of n are further apart once in 1000 times
NEARER = 0.05  # share of the humans' own windows that are so near to a training play
LEAST_FAMILIAR = 0.5


@dataclass(frozen=True, eq=False)
class Likeness:
    numbers: dict
    chosen: list[HumanPlay]
    measured: list[Measured]  # the chosen humans' own plays
    columns: list[Contestant]
    pictured: int  # the pair whose map is drawn
    witnesses: list[Measured]  # other humans on that map


def compare(
    humans: list[HumanPlay],
    split: str,
    sources: dict[str, PlaySource],
    seed: int = 0,
    limit: int | None = None,
    device: str = "cpu",
    spoiled: bool = False,
    player: str | None = None,
) -> Likeness:
    """Compares the plays of `sources`, and of the reference columns, with the humans of a split,
    or with one `player`'s plays there: others of `humans` are then the other people.

    `spoiled` adds the columns that test the report itself: humans with one fault each.
    DataError where the split has too few usable plays.
    """
    chosen, measured = [], []
    own = [human for human in humans if player in (None, human.player)]
    if not own:
        raise DataError(f"there is no play of {player}")
    for human in tqdm(select(own, split, limit), desc="measuring: humans", unit="play"):
        try:
            play = measure(*human.load())
        except (MeasureError, JudgeError):
            continue
        chosen.append(human)
        measured.append(play)
    if len(chosen) < 4:
        raise DataError(f"the {split} split has {len(chosen)} usable plays; four are the least")
    crowd = [[h for h in humans if h.on == human.on and h is not human] for human in chosen]
    pictured = int(np.argmax([len(others) for others in crowd]))
    witnesses = [measure(*human.load()) for human in crowd[pictured][:2]]

    columns = [human_column(chosen, humans)]
    familiar = familiar_groups(humans)
    for name, source in {AUTO: auto_source, **sources}.items():
        columns.append(played_column(name, source, chosen, measured, familiar, pictured))
    other, auto = columns[:2]
    if spoiled:  # on training maps, a spoiled copy of a play is near to it and says nothing
        for name, source in spoiled_sources(seed).items():
            columns.append(played_column(name, source, chosen, measured, [], pictured))
        columns.append(memorised_column(other, familiar))
    floor = comparisons.human_distances(humans, FLOOR_MAPS)
    memory = comparisons.memory(chosen, measured, columns, humans, seed)
    bands = {
        name: comparisons.percentiles(
            np.array([play.numbers[name] for play in [*measured, *other.plays.values()]])
        )
        for name in QUANTITIES
    }
    results = {
        column.name: {
            "pairs": len(column.plays),
            "classifiers": comparisons.classifiers(chosen, measured, column, seed, device),
            "diversity": comparisons.diversity(measured, column, auto, floor, seed)
            if len(floor)
            else {},
            "kinematics": comparisons.kinematic_distances(measured, column, other, seed),
            "numbers": comparisons.numbers(measured, column, bands, seed),
            "memory": memory.get(column.name, {})
            | {"familiar": comparisons.familiar_ratio(column, seed)},
        }
        for column in columns
    }
    for result in results.values():
        result["tells"] = giveaways(result, results[HUMAN], bands)
    numbers = {
        "split": split,
        "seed": seed,
        "humans": {
            "plays": len(chosen),
            "players": len({human.player for human in chosen}),
            "songs": len({human.song for human in chosen}),
            "bands": bands,
        },
        "columns": results,
    }
    return Likeness(numbers, chosen, measured, columns, pictured, witnesses)


def giveaways(result: dict, human: dict, bands: dict) -> dict[str, dict[str, str]]:
    """Row -> what gives the column away, a phrase each; a row without any is human-like."""
    found: dict[int, dict[str, str]] = {row: {} for row in ROWS}
    for kind, scores in result["classifiers"].items():
        for quantity in ("window_auc", "replay_auc"):
            value, low, _ = scores[quantity]
            # Chance is .5, and what the nets make of other humans where that is more.
            if low > max(0.5, human["classifiers"][kind][quantity][0]):
                unit = quantity.removesuffix("_auc")
                found[1][f"{kind} {quantity}"] = f"{kind} net tells {unit}s apart, AUC {value:.2f}"
    if result["diversity"]:
        ratio = result["diversity"]["ratio"][0]
        if not DIVERSITY[0] <= ratio <= DIVERSITY[1]:
            found[2]["ratio"] = f"two plays of a map differ {ratio:.2f} times as much as humans'"
    for quantity, distance in result["kinematics"].items():
        if (times := distance["to_human"][0]) > MOST_DISTANCE:
            found[3][quantity] = f"{quantity} {times:.1f} times as far off as other humans'"
    for quantity, known in result["numbers"].items():
        if not known["plays"]:
            continue
        low, _, high = bands[quantity]
        median, about = known["percentiles"][1], QUANTITIES[quantity]
        outside = not low <= median <= high or known["inside"][2] < LEAST_INSIDE
        # All plays alike lie inside too: their distribution is what tells.
        spread = known["ks"] > SURE_KS * np.sqrt(2 / known["plays"])
        if outside or spread:
            value = f"{median:.3g} {about.unit}".strip()
            found[about.row][quantity] = f"{about.label} {value}" + (
                "" if outside else f", spread unlike humans' (KS {known['ks']:.2f})"
            )
    memory = result["memory"]
    if memory.get("nearer", [0, 0])[1] > NEARER:
        share = memory["nearer"][0]
        found[9]["nearer"] = f"{share:.0%} of its windows are very near to training plays"
    if (ratio := memory["familiar"][0]) < LEAST_FAMILIAR:
        found[9]["familiar"] = f"on training maps {ratio:.2f} of the distance between humans"
    return {ROWS[row]: phrases for row, phrases in found.items()}
