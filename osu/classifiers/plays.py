"""Human plays and the generated plays that stand against them, as the classifiers read them.

A pair is one human play and the generated plays of its map under its mods. Generated plays go
through the bytes of a file, as the humans' did.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from osu.classifiers.numbers.note_numbers import note_numbers
from osu.classifiers.numbers.written import written_numbers
from osu.features.chart import LEAD_MS, Chart
from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay, as_a_file_has_it
from osu.likeness.contestants import seed_of
from osu.likeness.human_plays import HumanPlay
from osu.likeness.measures import Measured, MeasureError, measure
from osu.players.engine import load_player
from osu.rules.judge import JudgeError
from osu.units import FRAME_MS

FIRST_FRAME = round((LEAD_MS - 500) / FRAME_MS)  # half a second before the first object


@dataclass(frozen=True, eq=False)
class GridPlay:
    """One play on the grid of its map. T frames."""

    chart: Chart
    play: np.ndarray  # (T, len(osu.features.play.Play)) float32
    written: np.ndarray  # (len(WRITTEN),) of its file's frames, nan where undefined
    notes: np.ndarray  # (len(NOTE_NUMBERS),) from note to note


@dataclass(frozen=True, eq=False)
class PlayPair:
    """A human play and the generated ones of its map."""

    human: HumanPlay
    own: GridPlay
    generated: list[GridPlay]  # none where they could not be measured


# A source makes the plays of one pair: (human, map with its mods applied, own play) -> replays.
Source = Callable[[HumanPlay, Beatmap, Replay], Iterable[Replay]]


class ModelSource:
    """Draws of a model's plays, one process's player."""

    def __init__(self, name: str, device: str, draws: int, seed: int) -> None:
        self.name, self.device, self.draws, self.seed = name, device, draws, seed
        self.player = None

    def __call__(self, human: HumanPlay, beatmap: Beatmap, own: Replay) -> Iterable[Replay]:
        if self.player is None:
            self.player = load_player(self.name, self.device)
        for draw in range(self.draws):
            yield self.player.play(beatmap, seed_of(human, draw, self.seed))

    def __getstate__(self) -> dict:
        return self.__dict__ | {"player": None}  # each process loads its own


def play_pairs(
    humans: list[HumanPlay], source: Source, processes: int, description: str = "playing"
) -> list[PlayPair]:
    """The pairs of the humans whose own play can be measured, in their order.

    `processes` work at once; a play is the same whoever makes it.
    """
    bar = tqdm(total=len(humans), desc=description, unit="pair")
    pairs = []

    def keep(made: Iterable[PlayPair | None]) -> None:
        for pair in made:
            bar.update()
            if pair is not None:
                pairs.append(pair)

    with bar:
        if processes == 1:
            keep(_pair(human, source) for human in humans)
            return pairs
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, context, _begin, (source,)) as pool:
            keep(pool.map(_pair_of_process, humans))
    return pairs


_source: Source  # of this process


def _begin(source: Source) -> None:
    global _source
    _source = source
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)


def _pair_of_process(human: HumanPlay) -> PlayPair | None:
    return _pair(human, _source)


def _pair(human: HumanPlay, source: Source) -> PlayPair | None:
    beatmap, replay = human.load()
    own = _grid_play(beatmap, replay)
    if own is None:
        return None
    replays = source(human, beatmap, replay)
    generated = (_grid_play(beatmap, as_a_file_has_it(replay)) for replay in replays)
    return PlayPair(human, own, [play for play in generated if play is not None])


def _grid_play(beatmap: Beatmap, replay: Replay) -> GridPlay | None:
    """None where the play cannot be measured."""
    try:
        measured: Measured = measure(beatmap, replay)
    except (MeasureError, JudgeError):
        return None
    return GridPlay(measured.chart, measured.play, written_numbers(replay), note_numbers(measured))
