"""A model's plays told from people's by classifiers that learn from the other splits.

The protocol fixes everything that figures of different days must share: classifiers learn from the
train split and stop by the validation split, and only the test split is scored. Its version stands
in every report. Figures of the small one, for CPUs, compare with those of the small one alone: with
so few plays a classifier does not learn to see what is finer than some pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from osu.classifiers.evidence_net import FitConfig, fit
from osu.classifiers.inputs import Level, Part
from osu.classifiers.moments import MomentScores, moment_scores
from osu.classifiers.play_table import PlayTable
from osu.classifiers.plays import PlayPair, Source, play_pairs
from osu.classifiers.scores import EvidenceScores, UnitScores, evidence_scores
from osu.classifiers.surest import LOOKS, SureWindow, surest
from osu.classifiers.trees import NUMBERS, Numbers, NumbersKind, TreeScores, tree_scores
from osu.classifiers.where import Place, places
from osu.data.library import SPLITS, DataError
from osu.likeness.human_plays import HumanPlay, select

VERSION = 2  # 2: with the clock of key changes among the written numbers
SHOWN_NUMBERS = 5  # that tell most, of each kind


@dataclass(frozen=True)
class Protocol:
    """How many plays and which training."""

    name: str
    draws: dict[str, int]  # generated plays a human play, of each split
    most: dict[str, int | None]  # human plays of each split; None is all
    fit: FitConfig = field(default_factory=FitConfig)


FULL_PROTOCOL = Protocol("full", dict(train=1, val=1, test=2), dict.fromkeys(SPLITS))
SMALL_PROTOCOL = Protocol(
    "small",
    dict(train=1, val=1, test=1),
    dict(train=60, val=16, test=24),
    FitConfig(width=48, pairs=8, most_steps=200, check_steps=25),
)


@dataclass(frozen=True, eq=False)
class ClassifierReport:
    """What the classifiers tell of one source's plays."""

    protocol: str
    version: int
    pairs: dict[str, int]  # of each split
    evidence: dict[tuple[Level, Part], EvidenceScores]
    where: dict[Level, dict[str, Place]]  # of cursor and keys together
    surest: dict[Level, dict[str, list[SureWindow]]]  # by side; of `tested`
    tested: list[PlayPair]
    trees: dict[NumbersKind, TreeScores]
    moments: MomentScores


def classify(
    humans: list[HumanPlay],
    source: Callable[[int], Source],
    protocol: Protocol,
    parts: tuple[Part, ...] = (Part.BOTH,),
    levels: tuple[Level, ...] = tuple(Level),
    seed: int = 0,
    device: str = "cpu",
    processes: int = 1,
    on_fit: Callable[[str], None] = lambda line: None,
) -> ClassifierReport:
    """Plays the humans' maps and trains all classifiers.

    source: how many draws a human play -> the source of them. DataError where a split is empty.
    """
    pairs = {}
    for split in SPLITS:
        some = select(humans, split, protocol.most[split])
        found = play_pairs(some, source(protocol.draws[split]), processes, f"playing: {split}")
        pairs[split] = [pair for pair in found if pair.generated]
        if not pairs[split]:
            raise DataError(f"the {split} split has no play that can be compared")
    tables = {split: PlayTable.of(found, device) for split, found in pairs.items()}
    songs = np.unique([pair.human.song for pair in pairs["test"]], return_inverse=True)[1]
    evidence, where, sure = {}, {}, {}
    for level in levels:
        for part in parts:
            fitted = fit(
                tables["train"], tables["val"], level, part, seed, protocol.fit,
                lambda step, loss, val_loss, what=f"{level.value}, {part.value}": on_fit(
                    f"{what}: step {step}, loss {loss:.3f}, validation loss {val_loss:.3f}"
                ),
            )  # fmt: skip
            scores = evidence_scores([fitted], tables["val"], tables["test"], songs, seed)
            evidence[level, part] = scores
            if part is Part.BOTH:
                where[level] = places(fitted, tables["test"], pairs["test"])
                sure[level] = {
                    name: surest(fitted, tables["test"], pairs["test"], generated)
                    for generated, (name, _) in LOOKS.items()
                }
    trees: dict[NumbersKind, TreeScores] = {
        kind: tree_scores(
            _numbers(pairs["train"] + pairs["val"], kind), _numbers(pairs["test"], kind), kind, seed
        )
        for kind in NUMBERS
    }
    counts = {split: len(found) for split, found in pairs.items()}
    told = moment_scores(pairs["train"] + pairs["val"], pairs["test"], seed)
    return ClassifierReport(
        protocol.name, VERSION, counts, evidence, where, sure, pairs["test"], trees, told
    )


def _numbers(pairs: list[PlayPair], kind: NumbersKind) -> Numbers:
    plays = [(unit, play, play is not pair.own) for unit, pair in enumerate(pairs)
             for play in (pair.own, *pair.generated)]  # fmt: skip
    return Numbers(
        values=np.stack([getattr(play, kind) for _, play, _ in plays]),
        generated=np.array([generated for _, _, generated in plays]),
        unit=np.array([unit for unit, _, _ in plays]),
    )


def as_table(report: ClassifierReport, name: str) -> str:
    """The report as text."""
    counts = ", ".join(f"{split} {count}" for split, count in report.pairs.items())
    rows = [
        f"{name}: protocol {report.version}, {report.protocol}; pairs: {counts}",
        f"{'':36s} {'told':>19s} {'AUC':>19s} {'found at 1 %':>13s}",
    ]
    for (level, part), scores in report.evidence.items():
        what = f"{level.value}, {part.value}"
        for seconds, unit in scores.windows.items():
            rows.append(_row(f"{what}, {seconds} s", unit))
        rows.append(_row(f"{what}, plays", scores.plays))
    for kind, trees in report.trees.items():
        rows.append(
            f"{'as written, plays' if kind == 'written' else 'from note to note, plays':36s} "
            f"{'':19s} {_interval(trees.auc)} {trees.found.value:13.2f}"
        )
        for number in trees.numbers[:SHOWN_NUMBERS]:
            rows.append(
                f"    {number.about}: people {number.people.p50:.3g}, generated "
                f"{number.generated.p50:.3g}; alone AUC {number.auc:.2f}"
            )
    single, plays, share = report.moments.moments, report.moments.plays, report.moments.found
    rows += [
        f"{'nine frames at a time':36s} {'':19s} {_interval(single)}",
        f"{'nine frames at a time, plays':36s} {'':19s} {_interval(plays)} {share.value:13.2f}",
    ]
    for level, found in report.where.items():
        rows.append(f"evidence a frame, {level.value}: generated, human (share of the time)")
        rows += [
            f"    {situation:22s} {place.generated:6.2f} {place.human:6.2f}  ({place.share:.2f})"
            for situation, place in found.items()
        ]
    smallest = max((scores.smallest for scores in report.evidence.values()), default=np.nan)
    rows.append(
        f"A whole-play AUC nearer to .5 than {smallest:.3f} would not have been seen"
        + (", nor anything finer than some pixels: see the full form." if report.protocol == "small"
           else ".")
    )  # fmt: skip
    return "\n".join(rows)


def _row(what: str, unit: UnitScores) -> str:
    accuracy, auc = _interval(unit.accuracy), _interval(unit.auc)
    return f"{what:36s} {accuracy} {auc} {unit.found.value:13.2f}"


def _interval(value) -> str:
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]".rjust(19)
