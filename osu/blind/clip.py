"""A clip: a few seconds of a map and of a play of it, as plain numbers for a page.

Times are real ms from the clip's start. Everything drawn of the map is the same whoever plays it:
a circle fades at its own time, hit or not. Only cursor and keys differ between two clips of a pair.
"""

from dataclasses import dataclass

import numpy as np

from osu.features.play import key_spans
from osu.formats.beatmap import Beatmap, Kind
from osu.formats.mods import mods_str
from osu.formats.replay import Replay, clean_frames
from osu.units import FRAME_MS, frame_count, resample

CLIP_S = 6.0
CLIP_MS = 1000 * CLIP_S
STEPS_A_PX = 4  # positions are counted in quarters of an osu!px
FADE_MS = 150.0  # an object is gone so long after its end
PATH_STEP_PX, MOST_PATH_POINTS = 8.0, 64  # of a slider's body


@dataclass(frozen=True)
class ClipWindow:
    """Where a clip begins in its map."""

    start_ms: float  # map time
    rate: float

    @property
    def end_ms(self) -> float:
        return self.start_ms + CLIP_MS * self.rate

    def to_clip_ms(self, t_ms: np.ndarray | float) -> np.ndarray | float:
        """Map ms -> real ms from the clip's start."""
        return (t_ms - self.start_ms) / self.rate


def seen_objects(beatmap: Beatmap, window: ClipWindow) -> np.ndarray:
    """The indices of the objects that are on the screen at some time of the window."""
    from_ms = beatmap.start_ms - beatmap.preempt_ms
    until_ms = beatmap.end_ms + FADE_MS * beatmap.rate
    return np.flatnonzero((from_ms < window.end_ms) & (until_ms > window.start_ms))


def cut_map(beatmap: Beatmap, window: ClipWindow) -> dict:
    """What is drawn of the map, its mods applied: sizes and the objects, ready for JSON."""
    return {
        "mods": mods_str(beatmap.mods),
        "radius": round(beatmap.radius_px, 1),
        "preempt": round(beatmap.preempt_ms / beatmap.rate),
        "fadeIn": round(beatmap.fade_in_ms / beatmap.rate),
        "objects": [_object(beatmap, i, window) for i in seen_objects(beatmap, window).tolist()],
    }


def _object(beatmap: Beatmap, i: int, window: ClipWindow) -> dict:
    kind = Kind(beatmap.kind[i])
    cut = {
        "kind": kind.name.lower(),
        "start": round(window.to_clip_ms(beatmap.start_ms[i])),
        "end": round(window.to_clip_ms(beatmap.end_ms[i])),
    }
    if kind is Kind.SPINNER:
        return cut
    cut |= {
        "xy": beatmap.xy[i].round().astype(int).tolist(),
        "combo": int(beatmap.combo_index[i]),
        "number": int(beatmap.combo_number[i]),
    }
    if kind is Kind.SLIDER:
        cut |= {"slides": int(beatmap.slides[i]), "path": _path(beatmap, i)}
    return cut


def _path(beatmap: Beatmap, i: int) -> list[float]:
    """x, y, x, y ... of a slider's body, points at even distances along it."""
    vertices = slice(*beatmap.path_start[i : i + 2])
    length_px = float(beatmap.length_px[i])
    count = int(np.clip(np.ceil(length_px / PATH_STEP_PX) + 1, 2, MOST_PATH_POINTS))
    at_px = np.linspace(0, length_px, count)
    points = resample(at_px, beatmap.path_dist[vertices], beatmap.path_xy[vertices])
    return points.round(1).ravel().tolist()


def cut_play(replay: Replay, window: ClipWindow) -> dict:
    """A play in the window, ready for JSON.

    x, y: positions on a grid of 60 frames a second, in steps of 1 / STEPS_A_PX osu!px: the first
    one, then differences. keys: press, release, press ... of each of the two keys.
    """
    t_ms, xy, keys = clean_frames(replay)
    at_ms = window.start_ms + np.arange(frame_count(0, CLIP_MS, 1)) * FRAME_MS * window.rate
    steps = np.rint(resample(at_ms, t_ms, xy) * STEPS_A_PX).astype(int)
    x, y = np.diff(steps, axis=0, prepend=0).T.tolist()
    return {"x": x, "y": y, "keys": [_presses(s, window) for s in key_spans(t_ms, keys)]}


def _presses(spans: np.ndarray, window: ClipWindow) -> list[int]:
    inside = spans[(spans[:, 1] > window.start_ms) & (spans[:, 0] < window.end_ms)]
    return np.clip(window.to_clip_ms(inside), 0, CLIP_MS).round().astype(int).ravel().tolist()
