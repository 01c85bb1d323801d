"""Pairs of clips -> one HTML file that needs no server and no network, and writes down answers.

It can be sent to anybody. Two clips of a pair are drawn by the same script (page.js) from the same
map. Which side is the human is not written in plain sight, but it is there: whoever wants to cheat
can read it out of the page. Generated clips are called that after each answer.

The page holds pieces of people's replays, without names: whoever makes it decides whether their
files may be sent around.
"""

import dataclasses
import hashlib
import json
from pathlib import Path

from osu.blind.answers import ANSWERS_FORMAT, ANSWERS_VERSION
from osu.blind.clip import CLIP_MS, STEPS_A_PX
from osu.blind.pairs import BLIND_PROTOCOL, ClipPair
from osu.blind.question import WHICH_IS_HUMAN, Question
from osu.origin import origin

WHAT_IS_IN_IT = (
    "The page holds six seconds of each person's replay used, without names: "
    "send it only if those may be sent."
)
_HERE = Path(__file__).parent


def blind_page(
    pairs: list[ClipPair], model: str, seed: int, question: Question = WHICH_IS_HUMAN
) -> str:
    """The HTML text. The same pairs, model, seed and question give the same."""
    ids = [pair.id for pair in pairs]
    page_id = _digest([BLIND_PROTOCOL, model, seed, *ids])
    page = {
        "format": ANSWERS_FORMAT,
        "version": ANSWERS_VERSION,
        "protocol": BLIND_PROTOCOL,
        "id": page_id,
        "question": question.key,
        "real": question.real,
        "model": model,
        "origin": origin(model),
        "seed": seed,
        "clip_ms": CLIP_MS,
        "steps_a_px": STEPS_A_PX,
        "pairs": [
            {
                "id": pair.id,
                "key": _fnv1a(f"{page_id}/{pair.id}/{pair.human}"),
                "map": pair.cut,
                "left": pair.left,
                "right": pair.right,
            }
            for pair in pairs
        ],
    }
    data = json.dumps(page, separators=(",", ":")).replace("<", "\\u003c")
    text = (_HERE / "page.html").read_text(encoding="utf-8")
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    for name, words in dataclasses.asdict(question).items():
        text = text.replace(f"[[{name}]]", words)
    return text.replace("/*SCRIPT*/", script).replace("/*PAGE*/", data)


def _digest(parts: list) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _fnv1a(text: str) -> int:
    """The hash of page.js, 32 bits."""
    value = 0x811C9DC5
    for byte in text.encode("ascii"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
