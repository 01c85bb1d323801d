"""What the training script says while it makes a model of a person, as a bar and a sentence."""

import re
from collections.abc import Iterator
from typing import BinaryIO

# What a bar of tqdm is about, as it writes it -> the sentence, and where on the whole bar it lies.
STAGES = {
    "prepare": ("reading and preparing the plays", 0.0, 0.15),
    "": ("learning how you play", 0.15, 0.85),
    "held-out plays": ("playing songs that it has not learned from, to compare", 0.85, 1.0),
}
_BAR = re.compile(
    r"\s*(?:([\w -]+): )?\s*(\d{1,3})%\|.*\| *(\d+)/(\d+)(?: \[[\d:]+<((?:\d+:)?\d+:\d\d))?"
)
_COMPARED = "mean difference (± standard error): "
_DRAWN = "drawn: "  # before the file of a picture
_PROGRAM = re.compile(r"[\w.]+\.py: ")  # how an error begins
MOST_LINE = 4096  # characters


def pieces(stream: BinaryIO) -> Iterator[str]:
    """Lines, and the states of bars, which end with a carriage return, as soon as they come."""
    left = b""
    while data := stream.read1(4096):
        *whole, left = re.split(rb"[\r\n]+", left + data)
        yield from (piece.decode(errors="replace") for piece in whole if piece.strip())
        left = left[-MOST_LINE:]
    if left.strip():
        yield left.decode(errors="replace")


class PersonProgress:
    """How far the script is: `hear` takes what it says piece by piece."""

    def __init__(self) -> None:
        self.part: float | None = None  # of the whole, 0 to 1
        self.text = "looking for your plays"
        self.last = ""  # sentence that was no bar
        self.about = ""  # how many plays are learned from, once it is known
        self.compared = ""  # the model's plays of held-out songs less the person's
        self.picture = ""  # file of the picture of what the plays show, once it is drawn

    def hear(self, piece: str) -> None:
        bar = _BAR.match(piece)
        if bar is None:
            self.last = _PROGRAM.sub("", piece.strip(), count=1)
            if "plays to learn from" in piece:
                self.about = self.last.partition(";")[0]  # what follows is about batches
            if self.last.startswith(_COMPARED):
                self.compared = self.last.removeprefix(_COMPARED)
            if self.last.startswith(_DRAWN):
                self.picture = self.last.removeprefix(_DRAWN)
            return
        name, _, done, of, left = bar.groups()
        stage = STAGES.get(name or "")
        if stage:
            text, begins, ends = stage
            self.part = begins + (ends - begins) * min(1.0, int(done) / max(1, int(of)))
            self.text = f"{text}, {done} of {of}"
            if left and done != of:
                self.text += f", {_in_words(left)} left"


def _in_words(left: str) -> str:
    """hh:mm:ss or mm:ss, as a bar has it, in a few words."""
    seconds = 0
    for part in left.split(":"):
        seconds = 60 * seconds + int(part)
    minutes = round(seconds / 60)
    return "less than a minute" if not minutes else f"{minutes} minute{'s' * (minutes > 1)}"
