"""Pairs of clips without a network: one machine's plays as people's, a shaken one as generated."""

import dataclasses
from pathlib import Path

from osu.blind.pairs import ClipPair, draw_pairs
from osu.likeness.faults import jittered
from osu.players.auto import auto_play
from osu.players.engine import Card
from osu.players.generated import GeneratedPlay, judged_play

MODEL = "shaken"
SHAKEN_PX = 4.0
CARD = Card(MODEL, "", ("like",), {}, "play")


@dataclasses.dataclass
class ShakenPlayer:
    """Plays like the autoplayer, with noise: stands in for osu.players.engine.Player."""

    noise_px: tuple[float, ...] = (SHAKEN_PX,)  # of the draws, in turn
    asked: list = dataclasses.field(default_factory=list)  # maps and seeds
    likes: list = dataclasses.field(default_factory=list)  # of each asked for
    card: Card = CARD

    def generate(self, beatmap, seed, options=None, on_progress=None, cancel=None) -> GeneratedPlay:
        noise_px = self.noise_px[len(self.asked) % len(self.noise_px)]
        self.asked.append((beatmap, seed))
        self.likes.append(options.like)
        if on_progress:
            on_progress(0.5)
        return judged_play(beatmap, jittered(auto_play(beatmap), noise_px, seed))


def two_pairs(folder: Path, seed: int = 0) -> list[ClipPair]:
    """Of tests.conftest's folder."""
    return draw_pairs(folder / "Replays", [str(folder / "Songs")], ShakenPlayer(), 2, seed)[0]
