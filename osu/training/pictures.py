"""Pictures of a training run, as PNG and GIF bytes: how its numbers went, and what it plays."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from PIL import Image

from osu import figures
from osu.features.chart import Ball, MapConstants, ObjectColumn
from osu.features.play import Play
from osu.units import FRAME_HZ, UNIT_PX, to_px

PANELS = 7  # of moments of a training, and one of the person
_FIELD_S = 1.6  # seconds of the cursor that are drawn over the playfield
_HUMAN, _GENERATED, _INK = "#404040", ("#d55e00", "#0072b2"), "#b0b0b0"
_GIF_FRAME_MS, _GIF_LAST_MS = 350, 2500
_BOTH_SIDES = ("critic_loss", "generator_loss")


@dataclass(frozen=True, eq=False)
class Excerpt:
    """Some seconds of a map, from time 0 on, and how somebody played them."""

    objects: np.ndarray  # (N, len(ObjectColumn)) of a chart
    ball: np.ndarray  # (T, len(Ball))
    constants: np.ndarray  # (len(MapConstants),)
    human: np.ndarray  # (T, len(Play))
    player: str


def losses_figure(lines: list[dict]) -> bytes:
    """Every logged quantity over the steps. On the same axes: the losses of both sides, gradient
    norms, a loss and that of the validation split, and what was measured of people's and of
    generated plays of the same maps."""
    names = dict.fromkeys(name for line in lines for name in line)
    groups: dict[str, list[str]] = {}
    for name in names:
        if name not in ("step", "seconds"):
            groups.setdefault(_group(name, names), []).append(name)
    columns = min(3, len(groups))
    rows = -(-len(groups) // columns)
    figure, axes = figures.subplots(rows, columns, 4 * columns, 2.4 * rows)
    for axis, (title, group) in zip(axes, groups.items(), strict=False):
        for name in group:
            # A step that was logged again after --resume counts as it was then.
            points = {line["step"]: line[name] for line in lines if name in line}
            human = name.startswith("human_")
            style = {"color": _HUMAN, "linestyle": "--"} if human else {}
            label = name if len(group) > 1 else None
            if len(points) < 20:
                style["marker"] = "."
            axis.plot(points.keys(), points.values(), linewidth=1, label=label, **style)
        if 1 < len(group) < 10:
            axis.legend(fontsize=6, frameon=False)
        axis.set_title(title, fontsize=9)
    for axis in axes[len(groups) :]:
        axis.remove()
    return figures.png(figure, dpi=90)


def _group(name: str, names: dict) -> str:
    """The title of the axes that a quantity is drawn on."""
    if name.endswith("norm"):
        return "gradient norms"
    if name.startswith("kl_"):
        return "kl of each dimension"
    for prefix in ("human_", "generated_"):
        measure = name.removeprefix(prefix)
        if measure != name and {f"human_{measure}", f"generated_{measure}"} <= set(names):
            return measure
    return "losses of both sides" if name in _BOTH_SIDES else name.removeprefix("val_")


def passage_figure(excerpt: Excerpt, played: np.ndarray, title: str) -> bytes:
    """Plays (P, T, 2 or more) of an excerpt over its map, and their cursors and keys over time,
    beside the person's."""
    has_keys = played.shape[-1] > Play.K1
    figure, axes = figures.subplots(1, 2, 11, 4.2)
    grid = axes[0].get_gridspec()
    axes[1].remove()
    over_time = grid[1].subgridspec(2 + has_keys, 1).subplots(sharex=True)
    figure.suptitle(title, fontsize=10)
    _field(axes[0], excerpt, [excerpt.human, *played], (_HUMAN, *_GENERATED))
    seconds = np.arange(len(excerpt.human)) / FRAME_HZ
    starts_s = excerpt.objects[:, ObjectColumn.START_S]
    labels = [excerpt.player, *(f"generated, noise {n + 1}" for n in range(len(played)))]
    for axis, channel in zip(over_time, (Play.X, Play.Y), strict=False):
        place = to_px(excerpt.objects[:, [ObjectColumn.X, ObjectColumn.Y]])[:, channel]
        axis.errorbar(
            starts_s, place, excerpt.constants[MapConstants.RADIUS] * UNIT_PX,
            fmt="none", ecolor=_INK, elinewidth=3, zorder=0,
        )  # fmt: skip
        for play, colour, label in zip(
            [excerpt.human, *played], (_HUMAN, *_GENERATED), labels, strict=True
        ):
            path = to_px(play[:, : Play.K1])[:, channel]
            axis.plot(
                seconds, path, color=colour, linewidth=1, linestyle=_line(colour), label=label
            )
        axis.set_ylabel(f"{'xy'[channel]}, osu!px", fontsize=8)
    over_time[0].legend(fontsize=7, frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    if has_keys:
        _keys(over_time[2], [excerpt.human, *played], starts_s)
    over_time[-1].set(xlim=(0, seconds[-1]))
    over_time[-1].set_xlabel("seconds; bars are circles and slider heads at their time", fontsize=8)
    return figures.png(figure, dpi=80)


def plays_figure(excerpt: Excerpt, moments: Sequence[tuple[int, np.ndarray]]) -> bytes:
    """What was played after some steps, (P, T, 2 or more) each, and the person's play last."""
    panels = [(f"after step {step}", list(played), _GENERATED) for step, played in moments]
    panels.append((excerpt.player, [excerpt.human], (_HUMAN,)))
    columns = min(4, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = figures.subplots(rows, columns, 3 * columns, 2.5 * rows)
    for axis, (title, plays, colours) in zip(axes, panels, strict=False):
        _field(axis, excerpt, plays, colours)
        axis.set_title(title, fontsize=9)
    for axis in axes[len(panels) :]:
        axis.remove()
    return figures.png(figure, dpi=80)


def gif(pictures: Sequence[Path]) -> bytes:
    """The pictures one after the other, each on the palette of the last."""
    images = [Image.open(path).convert("RGB") for path in pictures]
    palette = images[-1].quantize(32)
    frames = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    durations = [_GIF_FRAME_MS] * (len(frames) - 1) + [_GIF_LAST_MS]
    data = io.BytesIO()
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
    return data.getvalue()


def _field(axis: Axes, excerpt: Excerpt, plays: list[np.ndarray], colours: Sequence[str]) -> None:
    """The first seconds of plays (T, 2 or more) over the playfield, a dot where a key goes down."""
    frames = int(_FIELD_S * FRAME_HZ)
    ball = excerpt.ball[:frames]
    ball = to_px(np.where(ball[:, Ball.ON :][:, :1] > 0, ball[:, :2], np.nan))
    axis.plot(*ball.T, color="#e0e0e0", linewidth=7, solid_capstyle="round", zorder=0)
    near = excerpt.objects[excerpt.objects[:, ObjectColumn.START_S] < _FIELD_S]
    radius_px = excerpt.constants[MapConstants.RADIUS] * UNIT_PX
    for number, place in enumerate(to_px(near[:, [ObjectColumn.X, ObjectColumn.Y]]), 1):
        axis.add_patch(Circle(place, radius_px, fill=False, color=_INK, linewidth=0.8))
        axis.text(*place, number, fontsize=6, color=_INK, ha="center", va="center")
    for play, colour in zip(plays, colours, strict=False):
        path = to_px(play[:frames, : Play.K1])
        axis.plot(*path.T, color=colour, linewidth=0.9, linestyle=_line(colour))
        for key in range(Play.K1, play.shape[1]):
            down = np.flatnonzero(np.diff((play[:frames, key] > 0.5).astype(int)) > 0) + 1
            axis.plot(*path[down].T, ".", color=colour, markersize=4)
    # As much of the playfield as is played on, 4 to 3.
    seen = np.concatenate([to_px(near[:, : ObjectColumn.END_X]), to_px(excerpt.human[:frames, :2])])
    centre, half = (
        (seen.max(0) + seen.min(0)) / 2,
        (seen.max(0) - seen.min(0)) / 2 + 1.5 * radius_px,
    )
    half = max(half[0], half[1] * 4 / 3) * np.array([1, 3 / 4])
    (left, top), (right, bottom) = centre - half, centre + half
    axis.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[], aspect="equal")


def _line(colour: str) -> str:
    """Dashed for the last generated play: where two are the same, both are seen."""
    return "--" if colour == _GENERATED[-1] else "-"


def _keys(axis: Axes, plays: list[np.ndarray], starts_s: np.ndarray) -> None:
    """When each of the two keys is down, a row a key, and when objects start."""
    for row, (play, colour) in enumerate(zip(plays, (_HUMAN, *_GENERATED), strict=False)):
        for key in (Play.K1, Play.K2):
            down = np.concatenate([[False], play[:, key] > 0.5, [False]])
            edges = np.flatnonzero(np.diff(down.astype(int))).reshape(-1, 2) / FRAME_HZ
            spans = np.stack([edges[:, 0], edges[:, 1] - edges[:, 0]], 1)
            at = -row - 0.4 * (key - Play.K1)
            axis.broken_barh(list(map(tuple, spans)), (at - 0.15, 0.3), color=colour)
    axis.vlines(starts_s, -len(plays), 0.5, color=_INK, linewidth=0.8, zorder=0)
    axis.set_yticks([])
    axis.set_ylabel("keys", fontsize=8)
