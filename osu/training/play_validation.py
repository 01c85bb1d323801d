"""A sampled play, cursor and keys, in a few numbers: the validation of the diffusion player."""

import numpy as np

from osu.features.chart import Chart, MapConstants, ObjectColumn
from osu.features.play import Play, key_events
from osu.features.presses import PressField, events_of, played_objects, to_real_ms
from osu.units import FRAME_MS, UNIT_PX, resample


def measure_play(chart: Chart, play: np.ndarray) -> dict[str, float]:
    """Of a play (T, len(Play)) of a chart; nan where it has nothing to measure.

    aim: median distance at the press in radii; spread: of the offsets, ms; presses: share of
    circles and slider heads with a press; extra: presses per object above one; held: share of time;
    still: share of frames with under .08 px of movement; speed: mean, px a frame.
    """
    spans = to_real_ms(key_events(play, chart.start_ms, chart.rate), chart)
    events, counts = events_of(chart, spans)
    played = played_objects(chart, len(play))
    aimed = chart.objects[:played, ObjectColumn.SPINNER] == 0
    offset = events[:played, PressField.OFFSET_MS][aimed]
    there = np.isfinite(offset)
    objects = chart.objects[:played][aimed][there]
    at = objects[:, ObjectColumn.START_S] * 1000 / FRAME_MS + offset[there] / FRAME_MS
    xy = resample(at, np.arange(len(play)), play[:, : Play.K1])
    aim = (
        np.linalg.norm(xy - objects[:, : ObjectColumn.END_X], axis=1)
        / chart.constants[MapConstants.RADIUS]
    )
    step = np.linalg.norm(np.diff(play[:, : Play.K1], axis=0), axis=1) * UNIT_PX
    return {
        "aim": float(np.median(aim)) if len(aim) else np.nan,
        "spread": float(offset[there].std()),
        "presses": float(there.mean()),
        "extra": float(counts[:played][aimed].sum() / max(1, there.sum()) - 1),
        "held": float((play[:, Play.K1 :].max(1) > 0.5).mean()),
        "still": float((step < 0.08).mean()),
        "speed": float(step.mean()),
    }
