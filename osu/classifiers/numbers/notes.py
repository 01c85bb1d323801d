"""The circles and sliders that a play reached, and what became of each.

Times are real ms, distances radii of the circles, gaps those between the starts of two objects. A
press belongs to the object whose start is nearest (osu.features.presses), so timing and aim are not
cut off where the game's hit window ends; misses are the judge's.
"""

from dataclasses import dataclass

import numpy as np

from osu.features.chart import MapConstants, ObjectColumn
from osu.features.presses import PressField, events_of, played_objects, times_ms
from osu.likeness.measures import Measured
from osu.units import resample

GAPS = {"fast": (0.0, 150.0), "middle": (150.0, 300.0), "slow": (300.0, 1500.0)}  # real ms
STREAM_RADII = 4.0  # objects of a stream are nearer to one another, those of a jump are not
JUMP_GAP_MS = 600.0


@dataclass(frozen=True, eq=False)
class Notes:
    """The circles and sliders that a play reached, N of them, spinners left out."""

    start_ms: np.ndarray  # (N,) real ms of the chart's grid
    xy: np.ndarray  # (N, 2) units
    gap_ms: np.ndarray  # (N,) since the start before; nan for the first and after a spinner
    way: np.ndarray  # (N, 2) radii from the end of the object before; nan where the gap is
    slider: np.ndarray  # (N,) bool
    timing_ms: np.ndarray  # (N,) nan without a press, as the next four
    aim: np.ndarray  # (N, 2) radii, from the object's middle to the cursor at the press
    hold_ms: np.ndarray  # (N,)
    release_ms: np.ndarray  # (N,) after the object's end
    finger: np.ndarray  # (N,) 0 or 1
    presses: np.ndarray  # (N,) how many belong to it
    missed: np.ndarray  # (N,) bool, by the judge

    @property
    def distance(self) -> np.ndarray:
        """(N,) radii, the length of the way."""
        return np.hypot(*self.way.T)

    @property
    def streams(self) -> np.ndarray:
        """(N,) bool: the second of two objects of a stream."""
        return (self.gap_ms < GAPS["fast"][1]) & (self.distance < STREAM_RADII)

    @property
    def jumps(self) -> np.ndarray:
        """(N,) bool: where a jump ends."""
        return (self.gap_ms < JUMP_GAP_MS) & (self.distance >= STREAM_RADII)

    def at_gaps(self, name: str) -> np.ndarray:
        """(N,) bool: those at a gap of GAPS."""
        low, high = GAPS[name]
        return (self.gap_ms >= low) & (self.gap_ms < high)


def notes_of(measured: Measured, cursor: np.ndarray, spans: list[np.ndarray]) -> Notes:
    """The notes of a measured play.

    cursor (F, 3): times and positions of its frames, real ms of the chart's grid and units;
    spans: presses and releases of each key (P, 2), real ms of the grid.
    """
    chart = measured.chart
    start, end = times_ms(chart)
    events, presses = events_of(chart, spans)
    xy = chart.objects[:, [ObjectColumn.X, ObjectColumn.Y]].astype(np.float64)
    end_xy = chart.objects[:, [ObjectColumn.END_X, ObjectColumn.END_Y]]
    radius = float(chart.constants[MapConstants.RADIUS])
    spinner = chart.objects[:, ObjectColumn.SPINNER] > 0
    gap = np.diff(start, prepend=np.nan)
    gap[1:][spinner[:-1]] = np.nan
    way = (xy - np.concatenate([xy[:1], end_xy[:-1]])) / radius
    way[np.isnan(gap)] = np.nan
    press = start + events[:, PressField.OFFSET_MS]
    release = events[:, PressField.RELEASE_MS]
    aim = (resample(press, cursor[:, 0], cursor[:, 1:]) - xy) / radius
    use = ~spinner & (np.arange(len(start)) < played_objects(chart, len(measured.play)))
    missed = measured.judgement.judged & (measured.judgement.result == 0)
    return Notes(
        start_ms=start[use],
        xy=xy[use],
        gap_ms=gap[use],
        way=way[use],
        slider=chart.objects[use, ObjectColumn.SLIDER] > 0,
        timing_ms=events[use, PressField.OFFSET_MS],
        aim=aim[use],
        hold_ms=(end + release - press)[use],
        release_ms=release[use],
        finger=events[use, PressField.FINGER],
        presses=presses[use],
        missed=missed[use],
    )
