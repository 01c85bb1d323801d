"""A file of answers: what a page of osu.blind.page writes down, JSON.

format, version    ANSWERS_FORMAT, ANSWERS_VERSION
protocol, page     of the clips (osu.blind.pairs), and which page
question           a key of osu.blind.question.QUESTIONS; files from before there were two have none
model, seed        what the page was made with
session, began_s   one opening of the page, and when that was (unix time)
name               of who answered; "" where they did not say
answers            of each answered pair: pair, picked and human ("left" or "right")
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from osu.blind.question import QUESTIONS, WHICH_IS_HUMAN
from osu.errors import UserError
from osu.files import read_file

ANSWERS_FORMAT = "osu-players blind answers"
ANSWERS_VERSION = 1
MOST_BYTES, MOST_ANSWERS, MOST_TEXT = 1 << 20, 1000, 64
LAST_S = 1 << 40  # of a time


class AnswersError(UserError):
    """A file of answers that cannot be read; the message is one sentence."""


@dataclass(frozen=True)
class Answer:
    """What was said of one pair."""

    pair: str
    right: bool


@dataclass(frozen=True)
class Answers:
    """The answers of one person to one page, in their order."""

    page: str
    protocol: int
    question: str
    model: str
    session: str
    began_s: int
    name: str
    answers: tuple[Answer, ...]

    @property
    def person(self) -> str:
        """Who answered; without a name everybody who opens a page is somebody else."""
        return self.name or f"unnamed {self.session[:6]}"


def read_answers(path: str | os.PathLike) -> Answers:
    """A file of answers. Raises AnswersError, also where the file cannot be read."""
    path = Path(path)
    try:
        data = read_file(path, MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise AnswersError(f"{path} cannot be read: {error}") from None
    try:
        return parse_answers(data)
    except ValueError as error:
        raise AnswersError(f"{path} is not a file of answers that can be read: {error}") from None


def parse_answers(data: bytes) -> Answers:
    """The bytes of a file of answers. Raises ValueError with a reason, a phrase."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES >> 20} MB")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(value, dict) or value.get("format") != ANSWERS_FORMAT:
        raise ValueError(f"its format is not {ANSWERS_FORMAT!r}")
    if value.get("version") != ANSWERS_VERSION:
        raise ValueError(f"its version is not {ANSWERS_VERSION}")
    rows = value.get("answers")
    if not isinstance(rows, list) or len(rows) > MOST_ANSWERS:
        raise ValueError(f"its answers are not a list of at most {MOST_ANSWERS}")
    answers = tuple(_answer(row) for row in rows)
    if len({answer.pair for answer in answers}) < len(answers):
        raise ValueError("it answers a pair twice")
    return Answers(
        page=_text(value, "page"),
        protocol=_whole(value, "protocol"),
        question=_question(value),
        model=_text(value, "model"),
        session=_text(value, "session"),
        began_s=_whole(value, "began_s"),
        name=_text(value, "name").strip().casefold(),
        answers=answers,
    )


def _answer(row: object) -> Answer:
    if not isinstance(row, dict):
        raise ValueError("an answer is not an object")
    sides = [row.get(name) for name in ("picked", "human")]
    if any(side not in ("left", "right") for side in sides):
        raise ValueError("an answer's sides are not left or right")
    return Answer(_text(row, "pair"), sides[0] == sides[1])


def _question(value: dict) -> str:
    key = value.get("question", WHICH_IS_HUMAN.key)
    if not isinstance(key, str) or key not in QUESTIONS:
        raise ValueError(f"its question is none of {', '.join(QUESTIONS)}")
    return key


def _text(value: dict, name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or len(text) > MOST_TEXT:
        raise ValueError(f"its {name} is not a text of at most {MOST_TEXT} characters")
    return text


def _whole(value: dict, name: str) -> int:
    number = value.get(name)
    if type(number) is not int or not 0 <= number < LAST_S:
        raise ValueError(f"its {name} is not a whole number")
    return number
