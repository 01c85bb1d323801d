"""Stars, BPM and length of maps, computed once and kept on the disk by the map's MD5.

Stars are rosu-pp's, of the map without mods; where it is not installed they are not known.
"""

import hashlib
import importlib.util
import json
import math
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import platformdirs

from osu.errors import UNREADABLE
from osu.files import read_file, write_atomic
from osu.formats.osu_file import OsuFile, read_osu

MOST_KEPT = 50_000  # maps; the ones seen longest ago go first
MOST_KEPT_BYTES = 16 << 20  # of the file that holds them


@dataclass(frozen=True)
class MapMeasures:
    """Of one difficulty, without mods."""

    stars: float | None  # None where nobody can say
    bpm: float  # of most of its time; 0 without a timing point
    length_s: float  # from the first object to where the last one begins or stops spinning


def can_rate() -> bool:
    """Whether stars can be computed here."""
    return importlib.util.find_spec("rosu_pp_py") is not None


def measure_map(data: bytes) -> MapMeasures:
    """Of the bytes of a .osu file. Raises BeatmapError."""
    file = read_osu(data, "the map")
    if not len(file.start_ms):
        return MapMeasures(None, 0.0, 0.0)
    length_s = float(file.end_ms.max() - file.start_ms[0]) / 1000
    return MapMeasures(_stars(data), _bpm(file), length_s)


def _bpm(file: OsuFile) -> float:
    """Beats a minute at the tempo that holds longest, from the first object to the last."""
    points = file.timing[(file.timing[:, 2] == 1) & (file.timing[:, 1] > 0)]
    if not len(points):
        return 0.0
    points = points[np.argsort(points[:, 0], kind="stable")]
    begins, end = file.start_ms[0], file.end_ms.max()
    edges = np.clip(np.append(points[:, 0], end), begins, end)
    edges[0] = begins  # the first tempo holds before its point, too
    beats_ms, which = np.unique(points[:, 1].round(3), return_inverse=True)
    held_ms = np.bincount(which, weights=np.diff(edges))
    return float(60_000 / beats_ms[held_ms.argmax()])


def _stars(data: bytes) -> float | None:
    try:
        import rosu_pp_py as rosu
    except ImportError:
        return None
    try:
        beatmap = rosu.Beatmap(bytes=data)
    except rosu.ParseError:
        return None
    if beatmap.is_suspicious():  # made to take minutes
        return None
    stars = float(rosu.Difficulty().calculate(beatmap).stars)
    return stars if math.isfinite(stars) else None


def measures_path() -> Path:
    return Path(platformdirs.user_cache_dir("osu-players", appauthor=False)) / "maps.json"


class KnownMeasures:
    """Measures by MD5, read from a file and written back with `save`.

    A file that is damaged is as good as none: what is in it can be computed again.
    """

    def __init__(self, path: Path | None = None):
        self._path = path or measures_path()
        self._known: dict[str, MapMeasures] = {}
        self._changed = False
        try:
            stored = json.loads(read_file(self._path, MOST_KEPT_BYTES))
            self._known = {md5: MapMeasures(*map(_number, row)) for md5, row in stored.items()}
        except (*UNREADABLE, RecursionError):
            self._known = {}

    def of(self, data: bytes, measure: Callable[[bytes], MapMeasures] = measure_map) -> MapMeasures:
        """Of a .osu file's bytes, computed where it is not known. Raises BeatmapError."""
        md5 = hashlib.md5(data).hexdigest()
        known = self._known.pop(md5, None)
        if known is None or (known.stars is None and can_rate()):
            known = measure(data)
            self._changed = True
        self._known[md5] = known  # the last of all: seen now
        return known

    def save(self) -> None:
        """Raises OSError."""
        if self._changed:
            kept = dict(list(self._known.items())[-MOST_KEPT:])
            rows = {md5: astuple(measures) for md5, measures in kept.items()}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, json.dumps(rows).encode())
            self._changed = False


def _number(value: object) -> float | None:
    if value is None or (isinstance(value, int | float) and math.isfinite(value)):
        return value
    raise ValueError("no number")
