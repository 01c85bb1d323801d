"""Plays of one map beside one another as charts: when they hit, and where."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from osu.errors import shown
from osu.figures import fonts, png, subplots
from osu.origin import is_generated
from osu.render.painter import RenderError
from osu.render.scene import Stage

WIDTH_IN, HEIGHT_IN, DPI = 8.4, 3.9, 100
PLAY_COLOURS = ("#2a7ab8", "#d9822b", "#3a9a5b", "#a05195")
MOST_CHARTED = len(PLAY_COLOURS)
BINS = 61  # over the 50 window
MOST_PLAY_NAME = 40  # characters
SHOWN_RADII = 1.6


def draw_charts(stages: Sequence[Stage], labels: Sequence[str]) -> bytes:
    """A PNG of at most MOST_CHARTED plays of one map: a histogram of hit errors with the unstable
    rate, in real ms, and where each press was in the frame of its object, in circle radii.

    The frame's first axis is the way from the object before. RenderError where no play is judged.
    """
    charted = [(s, shown(name, MOST_PLAY_NAME)) for s, name in zip(stages, labels, strict=True)]
    charted = [(s, name) for s, name in charted if s.judgement is not None][:MOST_CHARTED]
    if not charted:
        raise RenderError("No play that is judged is selected: there is nothing to chart.")
    figure, (timing, aim) = subplots(1, 2, WIDTH_IN, HEIGHT_IN)
    for (stage, name), colour in zip(charted, PLAY_COLOURS, strict=False):
        made = " (generated)" if is_generated(stage.replay.player) else ""
        _add_timing(timing, stage, f"{name}{made}", colour)
        _add_aim(aim, stage, colour)
    beatmap = charted[-1][0].beatmap
    for window_ms in (beatmap.window300_ms, beatmap.window100_ms, beatmap.window50_ms):
        for side_ms in (-window_ms, window_ms):
            timing.axvline(side_ms / beatmap.rate, color="0.8", linewidth=0.8, zorder=0)
    timing.set_xlabel("hit error, real ms (below 0: early)")
    timing.set_ylabel("hits a ms, share")
    timing.legend(prop={"family": fonts(), "size": 8}, loc="upper left")
    timing.set_ylim(0, 1.35 * timing.get_ylim()[1])  # the legend above the curves
    angle = np.linspace(0, 2 * np.pi, 200)
    aim.plot(np.cos(angle), np.sin(angle), color="0.6", linewidth=1)
    aim.set(xlim=(-SHOWN_RADII, SHOWN_RADII), ylim=(-SHOWN_RADII, SHOWN_RADII), aspect="equal")
    aim.set_xlabel("along the way from the object before, radii")
    aim.set_ylabel("across it, radii")
    figure.suptitle(
        shown(f"{beatmap.title} [{beatmap.difficulty}]", 2 * MOST_PLAY_NAME),
        fontsize=10,
        fontfamily=fonts(),
    )
    return png(figure, DPI)


def _add_timing(axes: Axes, stage: Stage, name: str, colour: str) -> None:
    judged, beatmap = stage.judgement, stage.beatmap
    error_ms = judged.hit_error_ms[np.isfinite(judged.hit_error_ms)] / beatmap.rate
    edge_ms = beatmap.window50_ms / beatmap.rate
    rate = judged.unstable_rate
    label = f"{name}: UR {rate:.0f}" if np.isfinite(rate) else f"{name}: no hit"
    counts, edges = np.histogram(error_ms, np.linspace(-edge_ms, edge_ms, BINS + 1))
    share = counts / max(1, counts.sum()) / (edges[1] - edges[0])
    axes.stairs(share, edges, color=colour, label=label, fill=True, alpha=0.3)
    axes.stairs(share, edges, color=colour)


def _add_aim(axes: Axes, stage: Stage, colour: str) -> None:
    radii = np.stack([stage.judgement.along, stage.judgement.across], -1)  # (N, 2)
    radii = radii[np.isfinite(radii).all(1)]
    axes.scatter(*radii.T, s=6, color=colour, alpha=0.45, linewidths=0)
