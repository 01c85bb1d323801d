"""The controls: people's own plays with one fault each, in graded doses.

A classifier that says .50 may be one that did not learn. What it does not find here, at the dose at
which a generated play has the fault, its .50 does not exclude. Doses of 0 are people's plays whose
keys are written anew without any fault: they must not be found.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from osu.classifiers.inputs import Level
from osu.classifiers.protocol import ClassifierReport, Protocol, classify
from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay
from osu.likeness import faults
from osu.likeness.contestants import seed_of
from osu.likeness.human_plays import HumanPlay


class Fault(NamedTuple):
    """A fault and its doses; `put` takes (replay, map, dose, seed)."""

    unit: str
    doses: tuple[float, ...]
    put: Callable[[Replay, Beatmap, float, int], Replay]


FAULTS = {
    "cursor smoothed": Fault(
        "frames", (0.33, 0.6, 1.0), lambda r, _, dose, __: faults.smoothed(r, dose)
    ),
    "noise on the cursor": Fault(
        "px", (0.1, 0.3, 1.0), lambda r, _, dose, seed: faults.jittered(r, dose, seed)
    ),
    "cursor late": Fault("ms", (2.0, 5.0, 10.0), lambda r, _, dose, __: faults.lagging(r, dose)),
    "cursor on a lattice": Fault(
        "px", (0.25, 0.5, 1.0), lambda r, _, dose, __: faults.snapped(r, dose)
    ),
    "frames at equal times": Fault(
        "ms", (16.0, 20.0), lambda r, _, dose, __: faults.resampled(r, dose)
    ),
    "aim assisted": Fault(
        "of the way", (0.05, 0.15, 0.4), lambda r, m, dose, _: faults.aimed(r, m, dose)
    ),
    "presses timed": Fault(
        "of the error", (0.0, 0.15, 0.4, 0.8), lambda r, m, dose, _: faults.timed(r, m, dose)
    ),
    "independent timing": Fault(
        "of presses", (0.3, 1.0), lambda r, m, dose, seed: faults.independent(r, m, dose, seed)
    ),
}


@dataclass
class Faulty:
    """A source: the human's own play with a fault."""

    fault: str
    dose: float
    seed: int = 0

    def __call__(self, human: HumanPlay, beatmap: Beatmap, own: Replay) -> Iterable[Replay]:
        yield FAULTS[self.fault].put(own, beatmap, self.dose, seed_of(human, 0, self.seed))


def dose_reports(
    humans: list[HumanPlay],
    protocol: Protocol,
    levels: tuple[Level, ...] = tuple(Level),
    seed: int = 0,
    device: str = "cpu",
    processes: int = 1,
) -> Iterator[tuple[str, float, ClassifierReport]]:
    """(fault, dose, what the classifiers tell) of all doses, each as it is done. Without levels the
    trees alone."""
    once = replace(protocol, draws=dict.fromkeys(protocol.draws, 1))  # a dose has one play
    for name, fault in FAULTS.items():
        for dose in fault.doses:
            source = Faulty(name, dose, seed)
            yield name, dose, classify(
                humans, lambda draws, source=source: source, once,
                levels=levels, seed=seed, device=device, processes=processes,
            )  # fmt: skip


def dose_row(name: str, dose: float, report: ClassifierReport) -> str:
    """A row of the dose table (markdown): windows of 16 s told and whole plays' AUC of each level,
    then the AUC of the trees."""
    cells = [
        f"{scores.windows[16].accuracy.value:.2f}, {scores.plays.auc.value:.2f}"
        for scores in report.evidence.values()
    ]
    cells += [f"{trees.auc.value:.2f}" for trees in report.trees.values()]
    cells += [f"{report.moments.moments.value:.2f}, {report.moments.plays.value:.2f}"]
    return f"| {name}, {dose:g} {FAULTS[name].unit} | {' | '.join(cells)} |"


def dose_header(levels: tuple[Level, ...]) -> str:
    heads = [*(level.value for level in levels), "as written", "from note to note", "nine frames"]
    return f"| fault | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}"
