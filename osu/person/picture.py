"""One picture of a person's plays: panels of what osu.person.facts tells in lines, as a PNG."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from osu import figures
from osu.errors import shown
from osu.person.facts import FEWEST_PRESSES, Facts, by_tempo

BARS, MEDIAN = "#0072b2", "#d55e00"


def person_figure(facts: Facts) -> bytes:
    """PNG bytes: eight panels."""
    figure, axes = figures.subplots(2, 4, 14, 6.5)
    panels = (_accuracy, _offsets, _tempo, _fingers, _holds, _aim, _spins, _rests)
    for axis, draw in zip(axes, panels, strict=True):
        draw(axis, facts)
    # A name is no formula: a dollar sign would begin one.
    name = shown(facts.player, 40).replace("$", r"\$")
    figure.suptitle(f"{name}: {len(facts.accuracy)} plays, {len(facts.offset_ms)} presses")
    return figures.png(figure, dpi=80)


def _histogram(axis: Axes, values: np.ndarray, bins, label: str, title: str) -> None:
    known = values[np.isfinite(values)]
    axis.set(xlabel=label, title=title)
    if not len(known):
        axis.text(0.5, 0.5, "none", transform=axis.transAxes, ha="center")
        return
    axis.hist(known, bins=bins, color=BARS)
    median = float(np.median(known))
    axis.axvline(median, color=MEDIAN)
    axis.text(
        0.97, 0.93, f"median {median:.3g}", transform=axis.transAxes, ha="right", color=MEDIAN
    )


def _accuracy(axis: Axes, facts: Facts) -> None:
    _histogram(axis, 100 * facts.accuracy, 20, "accuracy, %", "plays")


def _offsets(axis: Axes, facts: Facts) -> None:
    bins = np.arange(-160, 164, 4)
    _histogram(axis, facts.offset_ms, bins, "ms, early is negative", "when presses come")


def _tempo(axis: Axes, facts: Facts) -> None:
    _bars(axis, facts, 3, "unstable rate by tempo")


def _fingers(axis: Axes, facts: Facts) -> None:
    _bars(axis, facts, 4, "share with the other finger")
    axis.set_ylim(0, 1)


def _bars(axis: Axes, facts: Facts, column: int, title: str) -> None:
    """A column of `by_tempo`."""
    rows = by_tempo(facts)
    axis.bar([f"{row[0]:.0f}-\n{row[1]:.0f}" for row in rows], [row[column] for row in rows],
             color=BARS)  # fmt: skip
    axis.set(xlabel="ms since the object before", title=title)


def _holds(axis: Axes, facts: Facts) -> None:
    _histogram(axis, facts.hold_ms, np.arange(0, 305, 5), "ms", "how long circles are held")


def _aim(axis: Axes, facts: Facts) -> None:
    """Where the cursor is at the press; the way comes from the left."""
    axis.set(title="aim: coming from the left", xlabel="radii", aspect="equal")
    aim = facts.aim[np.isfinite(facts.aim).all(1)]
    if len(aim) >= FEWEST_PRESSES:
        edges = np.linspace(-1.5, 1.5, 61)
        axis.hist2d(aim[:, 0], aim[:, 1], bins=[edges, edges], cmap="Blues")
        axis.plot(*np.median(aim, 0), "+", color=MEDIAN, markersize=12)
    axis.add_patch(Circle((0, 0), 1, fill=False, color="#404040"))
    axis.set(xlim=(-1.5, 1.5), ylim=(1.5, -1.5))  # y grows downward


def _spins(axis: Axes, facts: Facts) -> None:
    axis.plot(facts.spins[:, 0], facts.spins[:, 1], ".", color=BARS)
    axis.axvline(0, color="#b0b0b0")
    axis.set(xlabel="rpm, clockwise is positive", ylabel="radius, px", title="spinners of a play")


def _rests(axis: Axes, facts: Facts) -> None:
    _histogram(axis, 100 * facts.still, 20, "% of frames", "rests while objects come")
