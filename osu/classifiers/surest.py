"""The windows that a network tells most surely, as pictures, so that a person sees what gives a
generated play away, and what no generated play would do."""

from typing import NamedTuple

import numpy as np
from matplotlib.patches import Circle

from osu import figures
from osu.classifiers.evidence_net import Fitted, frame_evidence
from osu.classifiers.play_table import PlayTable
from osu.classifiers.plays import GridPlay, PlayPair
from osu.features.chart import ObjectColumn
from osu.features.play import Play
from osu.units import FRAME_HZ, FRAME_MS, HEIGHT_PX, WIDTH_PX, to_px

SECONDS = 4
LOOKS = {False: ("person", "#0072b2"), True: ("generated", "#d55e00")}


class SureWindow(NamedTuple):
    """A window and how its evidence for "generated" lies over time."""

    pair: int  # of the pairs that the table was made of
    generated: bool
    first: int  # frame
    play: GridPlay
    evidence: np.ndarray  # (SECONDS * FRAME_HZ,)


def surest(
    fitted: Fitted, table: PlayTable, pairs: list[PlayPair], generated: bool, count: int = 10
) -> list[SureWindow]:
    """The windows of one side that are told most surely, the surest first, one a play."""
    length = SECONDS * FRAME_HZ
    tiles = table.tiled(length, length // 2)
    evidence, mask = frame_evidence(fitted, table, tiles, length)
    sure = (evidence * mask).sum(1) / np.maximum(mask.sum(1), 1) * (1 if generated else -1)
    plays = [play for pair in pairs if pair.generated for play in (pair.own, *pair.generated)]
    order = [i for i in np.argsort(-sure, kind="stable")
             if table.generated[tiles.play[i]] == generated and mask[i].all()]  # fmt: skip
    found: dict[int, SureWindow] = {}
    for i in order:
        number = int(tiles.play[i])
        if number not in found:
            found[number] = SureWindow(
                int(table.pair[number]), generated, int(tiles.start[i]), plays[number], evidence[i]
            )
        if len(found) == count:
            break
    return list(found.values())


def surest_figure(windows: list[SureWindow], pairs: list[PlayPair]) -> bytes:
    """PNG: a row for each window with its path over the objects, cursor speed, and evidence; beside
    it, thin, the same place of the other side's play."""
    figure, axes = figures.subplots(len(windows), 3, 13, 2.6 * len(windows))
    for row, window in enumerate(windows):
        pair = pairs[window.pair]
        other = pair.generated[0] if not window.generated else pair.own
        path, speed, evidence = axes[3 * row : 3 * row + 3]
        _draw_objects(path, window)
        for play, side, width in (
            (other, not window.generated, 0.8), (window.play, window.generated, 1.6)
        ):  # fmt: skip
            name, colour = LOOKS[side]
            frames = slice(window.first, window.first + SECONDS * FRAME_HZ)
            xy = to_px(play.play[frames, : Play.K1].astype(np.float64))
            at_s = (window.first + np.arange(len(xy))) * FRAME_MS / 1000
            path.plot(*xy.T, color=colour, linewidth=width)
            steps = np.linalg.norm(np.diff(xy, axis=0), axis=1) * FRAME_HZ
            speed.plot(at_s[1:], steps, color=colour, linewidth=width, label=name)
            down = (play.play[frames, Play.K1 :] >= 0.5).any(1)
            speed.fill_between(
                at_s, 0, -150 * (1 + side), where=down, color=colour, alpha=0.4, linewidth=0
            )
        evidence.plot(at_s, window.evidence[: len(at_s)], color=LOOKS[window.generated][1])
        evidence.axhline(0, color="#404040", linewidth=0.5)
        path.set(xlim=(-60, WIDTH_PX + 60), ylim=(HEIGHT_PX + 50, -50), aspect="equal", xticks=[],
                 yticks=[], title=f"pair {window.pair}, {pair.human.md5[:8]}")  # fmt: skip
        speed.set(ylabel="px/s; keys below", xlabel="s of the chart")
        evidence.set(ylabel="evidence for generated", xlabel="s of the chart")
    axes[1].legend(fontsize=8, frameon=False)
    return figures.png(figure, dpi=70)


def _draw_objects(axis, window: SureWindow) -> None:
    objects = window.play.chart.objects
    from_s = window.first * FRAME_MS / 1000
    near = (objects[:, ObjectColumn.END_S] > from_s) & (
        objects[:, ObjectColumn.START_S] < from_s + SECONDS
    )
    for one in objects[near]:
        middle = to_px(one[[ObjectColumn.X, ObjectColumn.Y]].astype(np.float64))
        axis.add_patch(Circle(middle, 8, fill=False, color="#b0b0b0"))
