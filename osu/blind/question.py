"""The questions of the blind test, and their words on the page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One is asked which of two clips is real. Texts are HTML, or go into it."""

    key: str  # in a file of answers
    title: str
    about: str  # whose plays the two are; the model's name follows
    task: str
    choice: str  # "The left one ..."
    real: str  # what the real clip is called after the answer
    source: str  # where the real clips are from
    send: str  # what to do with the answers


WHICH_IS_HUMAN = Question(
    "human",
    "Which one is the human?",
    "One play is a person's. The other was <b>generated</b> by a neural network,",
    "Say which one is the person's",
    "is the human",
    "a person",
    "The people's clips were cut from replays that the maker of this page chose; no name of a "
    "player is in it.",
    "Send them to whoever sent you this page.",
)
WHICH_IS_ME = Question(
    "me",
    "Which one is me?",
    "I made this page, and one play is mine. The other was <b>generated</b> by a neural network "
    "that imitates me,",
    "Say which one is mine",
    "is me",
    "me",
    "My clips were cut from replays of mine; my name is not in the page.",
    "Save them as a file; if somebody sent you this page, send them back.",
)
QUESTIONS = {question.key: question for question in (WHICH_IS_HUMAN, WHICH_IS_ME)}
