"""What a network plays by now: the same seconds of a map that it does not learn from, again and
again, from the same noise."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from osu.data.dataset import PlaySet
from osu.errors import shown
from osu.features.chart import Chart, ObjectColumn
from osu.files import write_atomic
from osu.training import pictures
from osu.units import FRAME_HZ

PLAYED_FRAMES = 768  # what is played ...
SHOWN_S = 5.0  # ... and shown of that
LEAD_S = 0.5  # shown before the first object
PLAYS = 2  # of the same seconds: do they differ?


@dataclass(frozen=True, eq=False)
class Passage:
    """Frames of a play that is not learned from, T = PLAYED_FRAMES."""

    index: int  # of the play in its PlaySet
    start: int  # frame
    chart: Chart
    condition: Tensor  # (PLAYS, T, len(Condition)), the same twice
    human: np.ndarray  # (T, len(Play)): how it was played
    player: str
    shown: slice  # of the T frames


# Passage, generator of all noise -> (PLAYS, T, 2 or more): the channels of osu.features.play.
PlayPassage = Callable[[Passage, torch.Generator], Tensor]


def busiest_passage(plays: PlaySet, split: str = "val") -> Passage:
    """The seconds of a split's first play with the longest way from object to object."""
    index = int(plays.where(split)[0])
    chart, frames = plays.chart(index), plays.plays[index].frames
    start_s = chart.objects[:, ObjectColumn.START_S]
    xy = chart.objects[:, [ObjectColumn.X, ObjectColumn.Y]]
    way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(xy, axis=0), axis=1))])
    last = np.searchsorted(start_s, start_s + SHOWN_S - 2 * LEAD_S)
    travel = way[np.minimum(last, len(way) - 1)] - way
    travel[start_s > frames / FRAME_HZ - SHOWN_S] = -1  # the play may have ended before its map
    first = max(0, int((start_s[travel.argmax()] - LEAD_S) * FRAME_HZ))
    start = max(0, min(first - PLAYED_FRAMES // 2, frames - PLAYED_FRAMES))
    seen = slice(first - start, first - start + int(SHOWN_S * FRAME_HZ))
    batch = plays.window(np.array([index]), np.array([start]), PLAYED_FRAMES)
    return Passage(
        index, start, chart, batch.condition.repeat(PLAYS, 1, 1), batch.play[0].cpu().numpy(),
        plays.plays[index].player, seen,
    )  # fmt: skip


class Watch:
    """Keeps what a network plays of one passage in a run's folder: plays/STEP.npy and .png, all of
    them in plays.png, and in the end training.gif."""

    def __init__(self, folder: Path, plays: PlaySet, play: PlayPassage, seed: int) -> None:
        self.folder, self.play, self.seed = folder, play, seed
        self.passage = busiest_passage(plays)

    def draw(self, step: int, title: str) -> None:
        """Plays the passage after a step and draws it."""
        where = self.folder / "plays"
        where.mkdir(exist_ok=True)
        generator = torch.Generator(self.passage.condition.device).manual_seed(self.seed)
        with torch.no_grad():
            played = self.play(self.passage, generator).float().cpu().numpy()
        with open(where / f"{step:07d}.npy", "wb") as file:
            np.save(file, played[:, self.passage.shown])
        picture = pictures.passage_figure(self.excerpt(), played[:, self.passage.shown], title)
        write_atomic(where / f"{step:07d}.png", picture)
        steps = sorted(where.glob("*.npy"))
        moments = [(int(path.stem), np.load(path)) for path in _spread(steps, pictures.PANELS)]
        write_atomic(self.folder / "plays.png", pictures.plays_figure(self.excerpt(), moments))

    def excerpt(self) -> pictures.Excerpt:
        """The map and the person's play of what is shown, on its own clock."""
        passage = self.passage
        first = passage.start + passage.shown.start
        chart = passage.chart
        objects = chart.objects.copy()
        objects[:, [ObjectColumn.START_S, ObjectColumn.END_S]] -= first / FRAME_HZ
        seen = (objects[:, ObjectColumn.START_S] < SHOWN_S) & (objects[:, ObjectColumn.END_S] > 0)
        human = passage.human[passage.shown]
        ball = chart.ball[first : first + len(human)]
        name = shown(passage.player, 40).replace("$", r"\$")  # no formula
        return pictures.Excerpt(objects[seen], ball, chart.constants, human, name)

    def finish(self) -> None:
        """training.gif, of all pictures or as many as it takes."""
        paths = sorted((self.folder / "plays").glob("*.png"))
        if paths:
            write_atomic(self.folder / "training.gif", pictures.gif(_spread(paths, 60)))


def _spread(items: list, most: int) -> list:
    """At most `most` of the items, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]
