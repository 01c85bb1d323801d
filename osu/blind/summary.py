"""Adds files of answers up: the share told right of each question, by person and by model;
`evaluate.py blind`.

Of a person's answers to one pair the first counts: later ones have been told the truth. Answers
are not independent where one person gives many, or where many people see the same clips, so the
interval of a share is the widest of three, each of 95 %: Wilson's, and bootstraps over people and
over pairs.
"""

import argparse
from collections.abc import Callable, Iterable
from math import ceil, sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np

from osu.blind.answers import Answers, AnswersError, read_answers
from osu.blind.question import QUESTIONS, Question
from osu.data.finding.folders import files_below
from osu.errors import shown
from osu.likeness.bootstrap import Interval, draws, interval, weighted_mean

Z = 1.96  # of 95 %
MARGINS = (0.10, 0.05)
MOST_PERSON = 30  # characters of a person's


class Counted(NamedTuple):
    """One answer that counts."""

    question: str
    person: str
    model: str
    pair: str
    right: bool


def first_answers(files: Iterable[Answers]) -> tuple[list[Counted], int]:
    """The first answer of each person to each pair, and how many later ones are left out."""
    counted: dict[tuple[str, str], Counted] = {}
    count = 0
    for file in sorted(files, key=lambda file: (file.began_s, -len(file.answers))):
        for answer in file.answers:
            count += 1
            one = Counted(file.question, file.person, file.model, answer.pair, answer.right)
            counted.setdefault((one.person, one.pair), one)
    return list(counted.values()), count - len(counted)


def share_right(answers: list[Counted]) -> Interval:
    """The share told right, of one answer or more, with the widest of the three intervals."""
    right = np.array([answer.right for answer in answers], float)
    found = [wilson(int(right.sum()), len(right))]
    for units in ([a.person for a in answers], [a.pair for a in answers]):
        if len(set(units)) > 1:
            weights = draws(len(right), seed=0, units=np.array(units))
            found.append(interval(weighted_mean(right, weights)))
    return Interval(
        float(right.mean()), min(one.low for one in found), max(one.high for one in found)
    )


def wilson(right: int, count: int) -> Interval:
    """The share right / count with Wilson's 95 % interval."""
    share, n = right / count, count + Z**2
    middle = (right + Z**2 / 2) / n
    half = Z / n * sqrt(count * share * (1 - share) + Z**2 / 4)
    return Interval(share, middle - half, middle + half)


def answers_needed(margin: float) -> int:
    """How many independent answers, half of them right, have a Wilson interval of .5 +- margin."""
    return ceil((Z / (2 * margin)) ** 2 - Z**2)


def report(answers: list[Counted], left_out: int = 0) -> str:
    """Text: of each question the share of all, by model and by person; and how much a .50 would
    mean."""
    if not answers:
        return "no answers"
    lines = []
    for question in QUESTIONS.values():
        if own := [answer for answer in answers if answer.question == question.key]:
            lines += [_heading(question, own), _row("all", own)]
            lines += _rows(own, lambda answer: answer.model)
            lines += _rows(own, lambda answer: answer.person)
    if left_out:
        lines.append(f"left out: {left_out} later answers of a person to the same pair")
    needed = ", ".join(f"{answers_needed(m)} answers to ± {m:.2f}" for m in MARGINS)
    lines.append(
        ".50 is what guessing gives. To be believed, a share of .50 needs as many independent "
        f"answers to one question: {needed}."
    )
    return "\n".join(lines)


def _heading(question: Question, answers: list[Counted]) -> str:
    people, pairs = ({getattr(a, field) for a in answers} for field in ("person", "pair"))
    counts = f"{len(answers)} answers, people: {len(people)}, pairs of clips: {len(pairs)}"
    return f"{question.title} {counts}"


def _rows(answers: list[Counted], of: Callable[[Counted], str]) -> list[str]:
    names = sorted({of(answer) for answer in answers})
    return [_row(name, [answer for answer in answers if of(answer) == name]) for name in names]


def _row(name: str, answers: list[Counted]) -> str:
    share = share_right(answers)
    right = sum(answer.right for answer in answers)
    return (
        f"{shown(name, MOST_PERSON):32s} {right:4d} of {len(answers):4d} told right: "
        f"{share.value:.2f} [{share.low:.2f}, {share.high:.2f}]"
    )


def add_up(paths: Iterable[str | Path]) -> str:
    """The report on files of answers, and on the .json files below folders; a line for each that
    cannot be read. AnswersError where none can."""
    files, lines = [], []
    for path in map(Path, paths):
        for file in sorted(files_below(path, (".json",))) if path.is_dir() else [path]:
            try:
                files.append(read_answers(file))
            except AnswersError as error:
                lines.append(f"left out: {shown(error)}")
    if not files:
        raise AnswersError("; ".join(lines) or "there is no file of answers (.json) here")
    return "\n".join([*lines, report(*first_answers(files))])


def add_command(commands: "argparse._SubParsersAction") -> None:
    """The command `blind` of evaluate.py."""
    command = commands.add_parser("blind", help="add up answers to the blind test (docs/blind.md)")
    command.add_argument("answers", nargs="+", metavar="ANSWERS|DIR", help="files of answers")
    command.set_defaults(run=lambda args: print(add_up(args.answers)))
