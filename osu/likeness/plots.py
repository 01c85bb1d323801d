"""Pictures of the likeness report, as PNG bytes: humans grey, contestants in a fixed order of
colours."""

import numpy as np
from matplotlib.patches import Circle

from osu import figures
from osu.formats.beatmap import Kind
from osu.likeness.compare import Likeness
from osu.likeness.contestants import HUMAN
from osu.likeness.measures import HISTOGRAMS, Measured
from osu.players.auto import AUTO
from osu.units import HEIGHT_PX, WIDTH_PX

# Okabe and Ito's palette: distinct for most colour-blind people too.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
INK = "#404040"
PASSAGE_MS = 1500.0  # real time of the pictured passage


def errors_figure(likeness: Likeness) -> bytes:
    """Hit errors of the humans and of every contestant."""
    figure, axes = figures.subplots(1, 1, 7, 3)
    edges = np.arange(-80, 81, 4.0)
    for name, plays, style in _lines(likeness):
        pooled = np.concatenate([play.errors_ms for play in plays])
        if len(pooled):
            share = np.histogram(pooled, edges)[0] / len(pooled)
            axes[0].stairs(share, edges, label=name, **style)
    # The axis ends where the humans' shapes are seen: a machine's errors are all in one bin.
    axes[0].set(xlabel="hit error, real ms (negative is early)", ylabel="share", ylim=(0, 0.2))
    axes[0].legend(fontsize=8, frameon=False)
    return figures.png(figure)


def kinematics_figure(likeness: Likeness) -> bytes:
    """Distributions over frames; each play counts once."""
    quantities = ("speed", "acceleration", "jerk")
    figure, axes = figures.subplots(1, len(quantities), 10, 3)
    for axis, quantity in zip(axes, quantities, strict=True):
        label, edges = HISTOGRAMS[quantity]
        for name, plays, style in _lines(likeness):
            share = np.nanmean([play.histograms[quantity] for play in plays], axis=0)
            axis.stairs(share[1:], edges[1:], label=name, **style)  # the first bin is rest
        axis.set(xlabel=label, yticks=[])
    axes[0].legend(fontsize=8, frameon=False)
    return figures.png(figure)


def spinners_figure(likeness: Likeness) -> bytes | None:
    """Cursor paths of one spinner each, up to three plays a panel; None without spinners."""
    panels = []
    for name, plays, _ in _lines(likeness):
        paths = [path for play in plays if (path := _spinner_path(play)) is not None]
        if paths:
            panels.append((name, paths[:3]))
    if not panels:
        return None
    figure, axes = _panels(len(panels), 4, 2.6, 2.3)
    for axis, (name, paths) in zip(axes, panels, strict=True):
        for path, colour in zip(paths, COLOURS, strict=False):
            axis.plot(*path.T, color=colour, linewidth=0.7)
        _playfield(axis, name)
    return figures.png(figure)


def paths_figure(likeness: Likeness) -> bytes:
    """A passage of the pictured map: humans together, and each contestant's plays of it."""
    own = likeness.subjects[likeness.pictured].play
    panels = [("humans", [own, *likeness.reference_plays])]
    for contestant in likeness.contestants:
        if contestant.pictured_plays and contestant.name != HUMAN:
            panels.append((contestant.name, contestant.pictured_plays))
    figure, axes = _panels(len(panels), 3, 4, 3.1)
    start_ms = _busiest(own)
    for axis, (name, plays) in zip(axes, panels, strict=True):
        _passage(axis, plays, start_ms)
        _playfield(axis, f"{name} ({len(plays)})")
    return figures.png(figure)


def _lines(likeness: Likeness) -> list[tuple[str, list[Measured], dict]]:
    """(label, plays, line style) of the compared humans and of the contestants."""
    own = [subject.play for subject in likeness.subjects]
    lines = [("humans", own, {"color": INK, "linewidth": 2.2})]
    for contestant, colour in zip(likeness.contestants, COLOURS * 2, strict=False):
        dashed = "--" if contestant.name in (HUMAN, AUTO) else "-"
        style = {"color": colour, "linewidth": 1.3, "linestyle": dashed}
        label = "other humans" if contestant.name == HUMAN else contestant.name
        lines.append((label, list(contestant.plays.values()), style))
    return lines


def _spinner_path(play: Measured) -> np.ndarray | None:
    """(K, 2) osu!px of a play's first spinner of more than a second that it reached."""
    t_ms, beatmap = play.chart.t_ms[: len(play.play)], play.beatmap
    for i in np.flatnonzero(beatmap.kind == Kind.SPINNER):
        on = (t_ms >= beatmap.start_ms[i]) & (t_ms <= beatmap.end_ms[i])
        if on.sum() > 60:
            return play.xy[on][:180]
    return None


def _busiest(play: Measured) -> float:
    """Map ms at which the passage with the longest way from object to object begins, and no
    spinner."""
    beatmap = play.beatmap
    reached = beatmap.start_ms[beatmap.start_ms < play.chart.t_ms[len(play.play) - 1]]
    reached = reached if len(reached) else beatmap.start_ms
    length_ms = PASSAGE_MS * beatmap.rate
    last = np.searchsorted(beatmap.start_ms, reached + length_ms)
    moved = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(beatmap.xy, axis=0), axis=1))])
    travel = moved[np.minimum(last, len(moved) - 1)] - moved[: len(reached)]
    spinner = np.concatenate([[0], np.cumsum(beatmap.kind == Kind.SPINNER)])
    travel[spinner[last] > spinner[: len(reached)]] = -1
    return float(reached[travel.argmax()])


def _passage(axis, plays: list[Measured], start_ms: float) -> None:
    """Draws the objects from `start_ms` on, and the plays' cursors over them."""
    beatmap = plays[0].beatmap
    end_ms = start_ms + PASSAGE_MS * beatmap.rate
    inside = np.flatnonzero((beatmap.start_ms >= start_ms - 1) & (beatmap.start_ms <= end_ms))
    for number, i in enumerate(inside, 1):
        axis.add_patch(
            Circle(beatmap.xy[i], beatmap.radius_px, fill=False, color="#b0b0b0", lw=0.8)
        )
        axis.text(*beatmap.xy[i], number, fontsize=6, color="#909090", ha="center", va="center")
        path = beatmap.path_xy[beatmap.path_start[i] : beatmap.path_start[i + 1]]
        if beatmap.kind[i] == Kind.SLIDER:
            axis.plot(*path.T, color="#d8d8d8", linewidth=6, solid_capstyle="round", zorder=0)
    for play, colour in zip(plays, COLOURS, strict=False):
        t_ms = play.chart.t_ms[: len(play.play)]
        path = play.xy[(t_ms >= start_ms - 100) & (t_ms <= end_ms)]
        axis.plot(*path.T, color=colour, linewidth=0.8, marker=".", markersize=2)


def _playfield(axis, title: str) -> None:
    axis.set(xlim=(-40, WIDTH_PX + 40), ylim=(HEIGHT_PX + 40, -40), xticks=[], yticks=[])
    axis.set_aspect("equal")
    axis.set_title(title, fontsize=9)


def _panels(count: int, most: int, width: float, height: float):
    """A figure and its `count` axes, at most `most` in a row, of width x height inches each."""
    columns = min(most, count)
    rows = -(-count // columns)
    figure, axes = figures.subplots(rows, columns, width * columns, height * rows)
    for axis in axes[count:]:
        axis.remove()
    return figure, axes[:count]
