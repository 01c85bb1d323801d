"""The text of a .osu file -> plain columns, as lenient as the game and bounded.

The game skips a line that it cannot read and goes on with the next; so does this. What no real map
needs (the bounds below) is refused instead, so that a hostile file costs no time and no memory.
Rules: the game's open-source decoder (ppy/osu: LegacyBeatmapDecoder, ConvertHitObjectParser). One
is left out: it moves files before v5 by 24 ms. That is between map and audio only; replays of such
maps are timed by the file's own numbers (headers are met exactly so, and by none of the shifted).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import isfinite, nan

import numpy as np

from osu.errors import UserError

# Bounds. The largest of 944 real maps: 1.2 MB, 6,503 objects, 1,488 control points in a slider,
# 95 slides, 3,100 px, 1,787 timing points.
MAX_MAP_BYTES = 8 << 20
MAX_SECTIONS = 1_000
MAX_HEADER_CHARS = 1 << 20  # of a section of keys and values
MAX_BREAKS = 10_000
MAX_OBJECTS = 50_000
MAX_TIMING_POINTS = 100_000
MAX_CONTROL_POINTS = 200_000  # of all sliders
MAX_BARS = 500_000  # "|" in the objects, which part control points and edge sounds
MAX_SLIDES = 9_000  # the game's own
MAX_COORDINATE_PX = 131_072.0  # the game's own, for lengths too
MAX_TIME_MS = 24 * 3600 * 1000.0
MAX_BEAT_MS = 2.0**31  # the game's own
OBJECT_AREA_PX = 512.0  # the game moves objects into 0 .. 512, in y too

LAZER_FORMAT_VERSION = 128
VERSIONS = (*range(3, 15), LAZER_FORMAT_VERSION)

CIRCLE_BIT, SLIDER_BIT, NEW_COMBO_BIT, SPINNER_BIT = 1, 2, 4, 8
_MODES = {1: "taiko", 2: "catch", 3: "mania"}
_VERSION = re.compile(r"\s*osu file format v(\d{1,9})\b")
_BREAK = re.compile(r"^(?:2|Break)[ \t]*,([^,\n]*),([^,\n]*)", re.MULTILINE)
_KEY_VALUE = re.compile(r"^[ \t]*(\w+)[ \t]*:(.*)$", re.MULTILINE)
_UNREADABLE = (ValueError, IndexError, OverflowError)


class BeatmapError(UserError):
    """A beatmap that cannot be used; the message is one sentence saying why."""


@dataclass(frozen=True, eq=False)
class Curves:
    """The control points of all sliders, cut into C curves of one type each (M points in all).

    A slider of the stable game is one curve. Lazer's may change type on the way: then each of its
    curves ends with the next one's first point, and `shared` says so.
    """

    slider: np.ndarray  # (C,) i8, which slider, ascending
    type: np.ndarray  # (C,) one letter: L linear, P perfect circle, B bezier, C catmull
    degree: np.ndarray  # (C,) i8, of lazer's B-splines; 0 elsewhere
    count: np.ndarray  # (C,) i8, points of the curve; a slider's first curve has its head, too
    shared: np.ndarray  # (C,) bool
    xy: np.ndarray  # (M, 2) f8, absolute, but for the heads: those are not meant


@dataclass(frozen=True, eq=False)
class OsuFile:
    """The file's content, nothing computed yet: N objects sorted by time, S of them sliders."""

    format_version: int
    general: dict[str, str]
    metadata: dict[str, str]
    difficulty: dict[str, float]
    breaks_ms: np.ndarray  # (B, 2)
    timing: np.ndarray  # (T, 3) in file order: time ms, beat length ms (may be nan), uninherited
    xy: np.ndarray  # (N, 2)
    start_ms: np.ndarray  # (N,)
    end_ms: np.ndarray  # (N,) the end of spinners, the start elsewhere
    type: np.ndarray  # (N,) i8, the game's bit field
    slides: np.ndarray  # (S,) i8
    length_px: np.ndarray  # (S,) as written; 0 = as long as the curve
    curves: Curves


def read_osu(data: bytes, name: str) -> OsuFile:
    """Bytes of a .osu file -> OsuFile. Raises BeatmapError; `name` is for its message."""
    if len(data) > MAX_MAP_BYTES:
        raise BeatmapError(f"{name} is larger than {MAX_MAP_BYTES >> 20} MB, which no beatmap is")
    # a lone or double line end makes an empty line at worst, and those are skipped
    text = data.decode("utf-8-sig", errors="replace").replace("\r", "\n")
    match = _VERSION.match(text)
    if match is None:
        raise BeatmapError(f"{name} is not a .osu file: it does not begin with its format version")
    version = int(match[1])
    if version not in VERSIONS:
        raise BeatmapError(f"{name} has .osu format v{version}; known are v3 to v14 and v128")
    sections = _sections(text, name)
    general = _key_values(sections, "General", name)
    mode = _float(general.get("Mode", "0"), 0.0)
    if mode != 0:
        raise BeatmapError(f"{name} is a {_MODES.get(mode, 'foreign')} map, not osu!standard")
    difficulty = {
        key: value
        for key, value_text in _key_values(sections, "Difficulty", name).items()
        if isfinite(value := _float(value_text, nan))
    }
    return OsuFile(
        format_version=version,
        general=general,
        metadata=_key_values(sections, "Metadata", name),
        difficulty=difficulty,
        breaks_ms=_breaks(sections.get("Events", "")),
        timing=_timing(sections.get("TimingPoints", ""), name),
        **_objects(sections.get("HitObjects", ""), version, name),
    )


def _sections(text: str, name: str) -> dict[str, str]:
    """Section name -> its lines as one text."""
    blocks = text.split("\n[", MAX_SECTIONS)
    if len(blocks) > MAX_SECTIONS:
        raise BeatmapError(f"{name} has more than {MAX_SECTIONS} sections")
    parts: dict[str, list[str]] = {}
    section = ""
    for part in blocks:
        head, bracket, body = part.partition("]")
        if bracket and head.isalnum() and not body.partition("\n")[0].strip():
            section, part = head, body
        parts.setdefault(section, []).append(part)
    return {section: "\n".join(bodies) for section, bodies in parts.items()}


def _key_values(sections: dict[str, str], section: str, name: str) -> dict[str, str]:
    body = sections.get(section, "")
    if len(body) > MAX_HEADER_CHARS:
        raise BeatmapError(f"{name} has a [{section}] section of more than {MAX_HEADER_CHARS} B")
    return dict(_KEY_VALUE.findall(body))


def _breaks(body: str) -> np.ndarray:
    """(B, 2): start, end."""
    rows = (match.groups() for match in islice(_BREAK.finditer(body), MAX_BREAKS))
    times = ((_float(start, nan), _float(end, nan)) for start, end in rows)
    inside = [pair for pair in times if abs(pair[0]) <= MAX_TIME_MS and abs(pair[1]) <= MAX_TIME_MS]
    return np.array(inside, dtype=np.float64).reshape(-1, 2)


def _float(text: str, default: float) -> float:
    try:
        return float(text)
    except ValueError:
        return default


def _lines(body: str, most: int, what: str, name: str) -> list[str]:
    """The lines of a section but empty ones."""
    lines = body.split("\n", 4 * most)
    crowded = "\n" in lines[-1]
    lines = list(filter(None, lines))
    if crowded or len(lines) > most:
        raise BeatmapError(f"{name} has more than {most} {what}")
    return lines


def _timing(body: str, name: str) -> np.ndarray:
    """(T, 3): time, beat length, 1 where uninherited; lines that the game skips are left out."""
    lines = _lines(body, MAX_TIMING_POINTS, "timing points", name)
    if not lines:
        return np.zeros((0, 3))
    try:
        points = np.loadtxt(lines, delimiter=",", usecols=(0, 1, 6), comments=None, ndmin=2)
    except _UNREADABLE:
        points = np.array([point for line in lines if (point := _timing_point(line))])
    points = points.reshape(-1, 3)
    time_ms, beat_ms, uninherited = points.T
    readable = (np.abs(beat_ms) <= MAX_BEAT_MS) | (np.isnan(beat_ms) & (uninherited != 1))
    return points[readable & (np.abs(time_ms) <= MAX_TIME_MS)]


def _timing_point(line: str) -> tuple[float, float, bool] | None:
    row = line.split(",", 7)
    try:
        return float(row[0]), float(row[1]), len(row) < 7 or row[6].lstrip().startswith("1")
    except _UNREADABLE:
        return None


def _objects(body: str, version: int, name: str) -> dict:
    """The columns of OsuFile from `xy` on."""
    if len(body) > MAX_BARS and body.count("|") > MAX_BARS:
        raise BeatmapError(f"{name} has more than {MAX_CONTROL_POINTS} slider control points")
    lines = _lines(body, MAX_OBJECTS, "hit objects", name)
    if not lines:
        raise BeatmapError(f"{name} has no hit objects")
    try:
        heads = np.loadtxt(lines, delimiter=",", usecols=(0, 1, 2, 3), comments=None, ndmin=2)
        columns = _columns(heads, lines, name)
    except BeatmapError:
        raise
    except _UNREADABLE:
        readable = [(head, line) for line in lines if (head := _readable(line))]
        if not readable:
            raise BeatmapError(f"{name} has no hit objects that can be read") from None
        heads, lines = zip(*readable, strict=True)
        columns = _columns(np.array(heads), lines, name)
    xy, start_ms, kind, spinner_end, slides, length_px, curves = columns
    end_ms = start_ms.copy()
    end_ms[is_spinner(kind)] = np.maximum(spinner_end, end_ms[is_spinner(kind)])
    _check(end_ms, MAX_TIME_MS, f"{name} has an object at a time outside -24 .. 24 h")
    _check(start_ms, MAX_TIME_MS, f"{name} has an object at a time outside -24 .. 24 h")
    most = f"{MAX_COORDINATE_PX:.0f} osu!px"
    _check(xy, MAX_COORDINATE_PX, f"{name} has a coordinate of more than {most}")
    _check(curves.xy, MAX_COORDINATE_PX, f"{name} has a coordinate of more than {most}")
    _check(length_px, MAX_COORDINATE_PX, f"{name} has a slider longer than {most}")
    _check(slides, MAX_SLIDES, f"{name} has a slider of more than {MAX_SLIDES} slides")

    if version < LAZER_FORMAT_VERSION:  # the stable game's editor knows whole pixels only
        xy, curves = np.trunc(xy), replace(curves, xy=np.trunc(curves.xy))
    xy = np.minimum(np.maximum(xy, 0.0), OBJECT_AREA_PX)
    columns = dict(xy=xy, start_ms=start_ms, end_ms=end_ms, type=kind)
    slides = np.maximum(slides, 1).astype(np.int64)
    return _sorted_by_time(columns, slides, np.maximum(length_px, 0.0), curves)


def _check(values: np.ndarray, most: float, sentence: str) -> None:
    if not (np.abs(values) <= most).all():  # true of nan, too
        raise BeatmapError(sentence)


def is_slider(kind: np.ndarray) -> np.ndarray:
    """True for the sliders among type bit fields: a circle bit goes before a slider bit, and that
    before a spinner bit."""
    return (kind & (CIRCLE_BIT | SLIDER_BIT)) == SLIDER_BIT


def is_spinner(kind: np.ndarray) -> np.ndarray:
    """True for the spinners among type bit fields."""
    return (kind & (CIRCLE_BIT | SLIDER_BIT | SPINNER_BIT)) == SPINNER_BIT


def _columns(heads: np.ndarray, lines: Sequence[str], name: str) -> tuple:
    """(N, 4) first four numbers of the lines, and the lines -> columns.

    Raises ValueError or IndexError if a single line is unreadable, BeatmapError if the sliders
    have too many control points.
    """
    if len(heads) != len(lines) or not ((heads[:, 3] >= 0) & (heads[:, 3] < 2**31)).all():
        raise ValueError("an unreadable line")
    kind = heads[:, 3].astype(np.int64)
    if not (kind & (CIRCLE_BIT | SLIDER_BIT | SPINNER_BIT)).all():
        raise ValueError("an object of no known kind")
    sliders = [lines[at].split(",", 8) for at in np.flatnonzero(is_slider(kind)).tolist()]
    spinners = [lines[at].split(",", 6) for at in np.flatnonzero(is_spinner(kind)).tolist()]
    return (
        np.ascontiguousarray(heads[:, :2]),
        heads[:, 2].copy(),
        kind,
        np.array([float(row[5]) for row in spinners]),
        np.array([float(row[6]) for row in sliders]),
        np.array([float(row[7]) if len(row) > 7 else 0.0 for row in sliders]),
        _curves([row[5] for row in sliders], name),
    )


def _readable(line: str) -> tuple[float, float, float, int] | None:
    """The first four numbers of a line that the game would read, None for others."""
    row = line.split(",", 8)
    try:
        kind = int(row[3])
        if kind & (CIRCLE_BIT | SLIDER_BIT) == SLIDER_BIT:
            _split_path(row[5])
            float(row[6])
            float(row[7] if len(row) > 7 else 0)
        elif kind & (CIRCLE_BIT | SPINNER_BIT) == SPINNER_BIT:
            float(row[5])
        playable = kind & (CIRCLE_BIT | SLIDER_BIT | SPINNER_BIT) and 0 <= kind < 2**31
        return (float(row[0]), float(row[1]), float(row[2]), kind) if playable else None
    except _UNREADABLE:
        return None


def _curves(paths: list[str], name: str) -> Curves:
    """Path texts ("B|x:y|x:y") of the sliders -> Curves."""
    count = [path.count("|") + 1 for path in paths]
    if sum(count) > MAX_CONTROL_POINTS:
        raise BeatmapError(f"{name} has more than {MAX_CONTROL_POINTS} slider control points")
    letters = "".join([path[:2] for path in paths])
    if paths and letters[1::2] == "|" * len(paths):
        # a zero head goes where the letter stands: all points of a map are then read in one go
        points = "|".join([f"0:0{path[1:]}" for path in paths]).split("|")
        try:
            xy = np.loadtxt(points, delimiter=":", usecols=(0, 1), comments=None, ndmin=2)
        except ValueError:
            xy = np.empty((0, 2))
        if len(xy) == sum(count):
            none = np.zeros(len(paths), dtype=np.int64)
            return Curves(
                slider=np.arange(len(paths)),
                type=np.array(list(letters[::2]), dtype="U1"),
                degree=none,
                count=np.array(count, dtype=np.int64),
                shared=none.astype(bool),
                xy=xy,
            )
    parts = [(slider, *curve) for slider, path in enumerate(paths) for curve in _split_path(path)]
    slider, letter, degree, shared, points = zip(*parts, strict=True) if parts else ((),) * 5
    return Curves(
        slider=np.array(slider, dtype=np.int64),
        type=np.array(letter, dtype="U1"),
        degree=np.array(degree, dtype=np.int64),
        count=np.array([len(one) for one in points], dtype=np.int64),
        shared=np.array(shared, dtype=bool),
        xy=np.array([point for one in points for point in one], dtype=np.float64).reshape(-1, 2),
    )


def _split_path(path: str) -> list[tuple[str, int, bool, list]]:
    """One path text, lazer's included ("B3|x:y|P|x:y|x:y") -> letter, degree, shared, points.

    The first part has a zero head in front; each but the last ends with the next's first point.
    """
    parts: list[tuple[str, list]] = []
    for item in path.split("|"):
        item = item.strip()
        if not parts or item[:1].isalpha():
            parts.append((item, [] if parts else [(0.0, 0.0)]))
        else:
            x, y, *_ = item.split(":")
            parts[-1][1].append((float(x), float(y)))
    curves = []
    for index, (head, points) in enumerate(parts):
        following = parts[index + 1][1][:1] if index + 1 < len(parts) else []
        degree = int(head[1:]) if head[:1] == "B" and head[1:].isdecimal() else 0
        if points + following:
            degree = min(degree, MAX_CONTROL_POINTS)
            curves.append((head[:1] or "C", degree, bool(following), points + following))
    return curves


def _sorted_by_time(
    columns: dict, slides: np.ndarray, length_px: np.ndarray, curves: Curves
) -> dict:
    """Put the objects in order of time; ties stay as in the file."""
    start_ms = columns["start_ms"]
    if (start_ms[1:] < start_ms[:-1]).any():
        order = np.argsort(start_ms, kind="stable")
        slider_order = np.argsort(start_ms[is_slider(columns["type"])], kind="stable")
        columns = {key: column[order] for key, column in columns.items()}
        slides, length_px = slides[slider_order], length_px[slider_order]
        rank = np.argsort(slider_order)
        by_slider = np.argsort(rank[curves.slider], kind="stable")
        first = np.cumsum(curves.count) - curves.count
        curves = Curves(
            slider=rank[curves.slider][by_slider],
            type=curves.type[by_slider],
            degree=curves.degree[by_slider],
            count=curves.count[by_slider],
            shared=curves.shared[by_slider],
            xy=np.concatenate(
                [curves.xy[first[c] : first[c] + curves.count[c]] for c in by_slider] or [curves.xy]
            ),
        )
    return dict(columns, slides=slides, length_px=length_px, curves=curves)
