"""The likeness report's pictures, as PNG bytes. Colours: humans grey, columns in a fixed order."""

import io

import numpy as np

from osu.formats.beatmap import Kind
from osu.likeness.compare import Likeness
from osu.likeness.contestants import HUMAN
from osu.likeness.measures import HISTOGRAMS, Measured
from osu.players.auto import AUTO
from osu.units import HEIGHT_PX, WIDTH_PX

# Okabe and Ito's palette: told apart by most colour-blind people too.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
INK = "#404040"
PASSAGE_MS = 1500.0  # real time of the pictured passage


def errors_figure(likeness: Likeness) -> bytes:
    """Hit errors of the humans and of every column."""
    figure, axes = _figure(1, 1, 7, 3)
    edges = np.arange(-80, 81, 4.0)
    for name, plays, style in _lines(likeness):
        pooled = np.concatenate([play.errors_ms for play in plays])
        if len(pooled):
            share = np.histogram(pooled, edges)[0] / len(pooled)
            axes[0].stairs(share, edges, label=name, **style)
    # A machine's errors are all in one bin; the humans' shapes are what is looked at.
    axes[0].set(xlabel="hit error, real ms (negative is early)", ylabel="share", ylim=(0, 0.2))
    axes[0].legend(fontsize=8, frameon=False)
    return _png(figure)


def kinematics_figure(likeness: Likeness) -> bytes:
    """Distributions over frames; each play counts once."""
    shown = ("speed", "acceleration", "jerk")
    figure, axes = _figure(1, len(shown), 10, 3)
    for axis, quantity in zip(axes, shown, strict=True):
        label, edges = HISTOGRAMS[quantity]
        for name, plays, style in _lines(likeness):
            share = np.nanmean([play.histograms[quantity] for play in plays], axis=0)
            axis.stairs(share[1:], edges[1:], label=name, **style)  # the first bin is rest
        axis.set(xlabel=label, yticks=[])
    axes[0].legend(fontsize=8, frameon=False)
    return _png(figure)


def spinners_figure(likeness: Likeness) -> bytes | None:
    """Cursor paths of one spinner each, up to three plays a panel; None without spinners."""
    panels = []
    for name, plays, _ in _lines(likeness):
        paths_figure = [path for play in plays if (path := _spinner_path(play)) is not None]
        if paths_figure:
            panels.append((name, paths_figure[:3]))
    if not panels:
        return None
    figure, axes = _panels(len(panels), 4, 2.6, 2.3)
    for axis, (name, paths_figure) in zip(axes, panels, strict=True):
        for path, colour in zip(paths_figure, COLOURS, strict=False):
            axis.plot(*path.T, color=colour, linewidth=0.7)
        _playfield(axis, name)
    return _png(figure)


def paths_figure(likeness: Likeness) -> bytes:
    """A passage of the pictured map: humans together, and each column's plays of it."""
    i = likeness.pictured
    humans = [likeness.measured[i], *likeness.witnesses]
    panels = [("humans", humans)]
    panels += [(c.name, c.samples) for c in likeness.columns if c.samples and c.name != HUMAN]
    figure, axes = _panels(len(panels), 3, 4, 3.1)
    start_ms = _busiest(likeness.measured[i])
    for axis, (name, plays) in zip(axes, panels, strict=True):
        _passage(axis, plays, start_ms)
        _playfield(axis, f"{name} ({len(plays)})")
    return _png(figure)


def _lines(likeness: Likeness) -> list[tuple[str, list[Measured], dict]]:
    """(label, plays, line style) of the compared humans and the columns."""
    lines = [("humans", likeness.measured, {"color": INK, "linewidth": 2.2})]
    for column, colour in zip(likeness.columns, COLOURS * 2, strict=False):
        dashed = "--" if column.name in (HUMAN, AUTO) else "-"
        style = {"color": colour, "linewidth": 1.3, "linestyle": dashed}
        label = "other humans" if column.name == HUMAN else column.name
        lines.append((label, list(column.plays.values()), style))
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
    """Where the passage begins: most objects, but not all in one place."""
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
    import matplotlib.pyplot as plt

    beatmap = plays[0].beatmap
    end_ms = start_ms + PASSAGE_MS * beatmap.rate
    inside = np.flatnonzero((beatmap.start_ms >= start_ms - 1) & (beatmap.start_ms <= end_ms))
    for number, i in enumerate(inside, 1):
        axis.add_patch(
            plt.Circle(beatmap.xy[i], beatmap.radius_px, fill=False, color="#b0b0b0", lw=0.8)
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


def _figure(rows: int, columns: int, width: float, height: float):
    """(figure, list of its axes), row by row, sizes in inches."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        rows, columns, figsize=(width, height), squeeze=False, layout="constrained"
    )
    return figure, list(axes.flat)


def _panels(count: int, most: int, width: float, height: float):
    """(figure, its axes): `count` panels, at most `most` in a row, each of that size in inches."""
    columns = min(most, count)
    rows = -(-count // columns)
    figure, axes = _figure(rows, columns, width * columns, height * rows)
    for axis in axes[count:]:
        axis.remove()
    return figure, axes[:count]


def _png(figure) -> bytes:
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()
