"""Where a network finds its evidence: by what is going on in the map, by keys, by cursor speed."""

import itertools
from dataclasses import dataclass

import numpy as np

from osu.classifiers.evidence_net import EVIDENCE_FRAMES, Fitted, frame_evidence
from osu.classifiers.play_table import PlayTable
from osu.classifiers.plays import GridPlay, PlayPair
from osu.features.chart import Ball, ObjectColumn
from osu.features.play import Play
from osu.units import FRAME_MS, UNIT_PX

BREAK_S, SLOW_S, FAST_S = 2.0, 0.3, 0.13  # between the end of an object and the next one's start
KEY_FRAMES = 2  # to each side of a key change
STEPS_PX = (0.0, 0.3, 1.0, 3.0, np.inf)
SITUATIONS = (
    *("spinner", "slider", "break", "slow gap", "middle gap", "fast gap", "near a key change"),
    *(f"step {low:g} to {high:g} px" for low, high in itertools.pairwise(STEPS_PX)),
)


@dataclass(frozen=True)
class Place:
    """The evidence in one situation."""

    share: float  # of all frames
    generated: float  # mean evidence a frame of generated plays
    human: float


def situations(play: GridPlay, frames: int) -> np.ndarray:
    """(frames, len(SITUATIONS)) bool: what is going on in the first frames of a play."""
    chart, grid = play.chart, play.play[:frames]
    frame_s = np.arange(frames) * (FRAME_MS / 1000)
    current = chart.current()[:frames]
    objects = chart.objects
    start, end = objects[:, ObjectColumn.START_S], objects[:, ObjectColumn.END_S]
    inside = (frame_s >= start[current]) & (frame_s <= end[current])
    spinner = inside & (objects[current, ObjectColumn.SPINNER] > 0)
    slider = (chart.ball[:frames, Ball.ON] > 0) & ~spinner
    before = np.where(current > 0, end[current - 1], -np.inf)
    gap = np.where(frame_s > end[-1], np.inf, start[current] - before)
    between = ~spinner & ~slider
    down = grid[:, Play.K1 :] >= 0.5
    change = np.flatnonzero((np.diff(down, axis=0, prepend=down[:1]) != 0).any(1))
    near = np.zeros(frames + 2 * KEY_FRAMES, bool)
    for offset in range(2 * KEY_FRAMES + 1):
        near[change + offset] = True
    step = np.linalg.norm(np.diff(grid[:, : Play.K1], axis=0, prepend=grid[:1, : Play.K1]), axis=1)
    step_px = step * UNIT_PX
    return np.stack(
        [
            spinner,
            slider,
            between & (gap > BREAK_S),
            between & (gap > SLOW_S) & (gap <= BREAK_S),
            between & (gap > FAST_S) & (gap <= SLOW_S),
            between & (gap <= FAST_S),
            near[KEY_FRAMES:-KEY_FRAMES],
            *((step_px >= low) & (step_px < high) for low, high in itertools.pairwise(STEPS_PX)),
        ],
        axis=1,
    )


def places(fitted: Fitted, table: PlayTable, pairs: list[PlayPair]) -> dict[str, Place]:
    """The evidence of a table's plays by situation; `pairs` are what the table was made of."""
    tiles = table.tiled(EVIDENCE_FRAMES, EVIDENCE_FRAMES)
    evidence, mask = frame_evidence(fitted, table, tiles, EVIDENCE_FRAMES)
    rows = [play for pair in pairs if pair.generated for play in (pair.own, *pair.generated)]
    total = np.zeros((2, len(SITUATIONS)))
    count = np.zeros((2, len(SITUATIONS)))
    for number, play in enumerate(rows):
        of_play = np.flatnonzero(tiles.play == number)
        there = situations(play, table.frames[number])
        side = int(table.generated[number])
        for row in of_play:
            first = tiles.start[row]
            length = int(mask[row].sum())
            where = there[first : first + length]
            total[side] += evidence[row, :length] @ where
            count[side] += where.sum(0)
    mean = total / np.maximum(count, 1)
    frames = sum(table.frames)
    return {
        name: Place(float(count[:, i].sum() / frames), float(mean[1, i]), float(mean[0, i]))
        for i, name in enumerate(SITUATIONS)
    }
