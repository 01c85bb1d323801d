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
_BAR = re.compile(r"\s*(?:([\w -]+): )?\s*(\d{1,3})%\|.*\| *(\d+)/(\d+)")
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

    def hear(self, piece: str) -> None:
        bar = _BAR.match(piece)
        if bar is None:
            self.last = _PROGRAM.sub("", piece.strip(), count=1)
            if "plays to learn from" in piece:
                self.about = self.last
            return
        name, _, done, of = bar.groups()
        stage = STAGES.get(name or "")
        if stage:
            text, begins, ends = stage
            self.part = begins + (ends - begins) * min(1.0, int(done) / max(1, int(of)))
            self.text = f"{text}, {done} of {of}"
