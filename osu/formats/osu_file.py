"""The text of a .osu file -> plain columns, as lenient as the game and bounded.

The game skips a line that it cannot read and goes on with the next; so does this, and counts the
objects and timing points left out. What no real map needs (the bounds below) is refused instead, so
that a hostile file costs no time and no memory. Rules: the game's open-source decoder (ppy/osu:
Decoder, LegacyDecoder, LegacyBeatmapDecoder, ConvertHitObjectParser, Parsing). One is left out: it
moves files before v5 by 24 ms. That is between map and audio only; replays of such maps are timed
by the file's own numbers (headers are met exactly so, and by none of the shifted).
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from math import inf, nan

import numpy as np

from osu.errors import UserError
from osu.formats.maps.curves import MAX_CONTROL_POINTS, Curves, read_curves
from osu.formats.maps.numbers import (
    MAX_COORDINATE_PX,
    MAX_NUMBER,
    read_each,
    read_integer,
    read_number,
    read_numbers,
)

# Bounds. The largest of 944 real maps: 1.2 MB, 6,503 objects, 1,488 control points in a slider,
# 95 slides, 3,100 px, 1,787 timing points.
MAX_MAP_BYTES = 8 << 20
MAX_SECTIONS = 1_000
MAX_HEADER_CHARS = 1 << 20  # of a section of keys and values
MAX_BREAKS = 10_000
MAX_OBJECTS = 50_000
MAX_TIMING_POINTS = 100_000
MAX_BARS = 500_000  # "|" in the objects, which part control points and edge sounds
# The game's own: it skips a line that holds more.
MAX_SLIDES = 9_000
OBJECT_AREA_PX = 512.0  # the game moves objects into 0 .. 512, in y too

NEWEST_FORMAT_VERSION = 14  # of the stable game; a file that names no version is read so
LAZER_FORMAT_VERSION = 128  # and above

CIRCLE_BIT, SLIDER_BIT, NEW_COMBO_BIT, SPINNER_BIT, HOLD_BIT = 1, 2, 4, 8, 128
_MODES = {1: "taiko", 2: "catch", 3: "mania"}
_BYTE_ORDER_MARKS = {  # those of UTF-32 first: UTF-16's is the beginning of one of them
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_VERSION = re.compile(r"\s*osu file format v(\d{1,9})\b")
_COMMENT = re.compile("//[^\n]*")
_BREAK = re.compile(r"^(?:2|Break)[ \t]*,([^,\n]*),([^,\n]*)", re.MULTILINE)
_KEY_VALUE = re.compile(r"^[ \t]*(\w+)[ \t]*:(.*)$", re.MULTILINE)


class BeatmapError(UserError):
    """A beatmap that cannot be used; the message is one sentence saying why."""


@dataclass(frozen=True, eq=False)
class OsuFile:
    """The file's content, nothing computed yet: N objects sorted by time, S of them sliders."""

    format_version: int
    general: dict[str, str]
    metadata: dict[str, str]
    numbers: dict[str, float]  # of [General] and [Difficulty]
    breaks_ms: np.ndarray  # (B, 2)
    timing: np.ndarray  # (T, 3) in file order: time ms, beat length ms (may be nan), uninherited
    xy: np.ndarray  # (N, 2)
    start_ms: np.ndarray  # (N,)
    end_ms: np.ndarray  # (N,) the end of spinners, the start elsewhere
    type: np.ndarray  # (N,) i8, the game's bit field
    slides: np.ndarray  # (S,) i8
    length_px: np.ndarray  # (S,) as written; 0 = as long as the curve
    curves: Curves
    skipped_objects: int  # lines that the game cannot read either
    skipped_timing: int

    @property
    def left_out(self) -> str:
        """What of the file cannot be read, in a sentence without its stop; "" for nothing."""
        counts = (
            (self.skipped_objects, len(self.start_ms), "objects", "played"),
            (self.skipped_timing, len(self.timing), "timing points", "read"),
        )
        return "; ".join(
            f"{skipped:,} of {skipped + kept:,} {what} cannot be {verb} and "
            f"{'is' if skipped == 1 else 'are'} left out"
            for skipped, kept, what, verb in counts
            if skipped
        )


def read_osu(data: bytes, name: str) -> OsuFile:
    """Bytes of a .osu file -> OsuFile. Raises BeatmapError; `name` is for its message."""
    if len(data) > MAX_MAP_BYTES:
        raise BeatmapError(f"{name} is larger than {MAX_MAP_BYTES >> 20} MB, which no beatmap is")
    text = _text(data)
    match = _VERSION.match(text)
    version = int(match[1]) if match else NEWEST_FORMAT_VERSION
    sections = _sections(text, name)
    if match is None and len(sections) < 2:
        raise BeatmapError(
            f"{name} is not a .osu file: it has neither a format version nor sections"
        )
    general = _key_values(sections, "General", name)
    numbers = _valid_numbers(general)
    mode = numbers.get("Mode")
    if mode in _MODES:
        raise BeatmapError(f"{name} is a {_MODES[mode]} map, not osu!standard")
    numbers |= _valid_numbers(_key_values(sections, "Difficulty", name))
    timing, skipped_timing = _timing(sections.get("TimingPoints", ""), name)
    return OsuFile(
        format_version=version,
        general=dict(general),
        metadata=dict(_key_values(sections, "Metadata", name)),
        numbers=numbers,
        breaks_ms=_breaks(sections.get("Events", "")),
        timing=timing,
        skipped_timing=skipped_timing,
        **_objects(sections.get("HitObjects", ""), version, name),
    )


def with_objects_between(data: bytes, from_ms: float, until_ms: float) -> bytes:
    """A .osu file's bytes with those objects alone that begin between two map times."""
    head, section, objects = data.partition(b"[HitObjects]")
    kept = [line for line in objects.splitlines() if from_ms <= _begin_of(line) <= until_ms]
    return b"\n".join([head + section, *kept, b""])


def _begin_of(line: bytes) -> float:
    """When an object of a .osu file begins, map ms; nan where the line is none."""
    try:
        return float(line.split(b",")[2])
    except (IndexError, ValueError):
        return nan


def with_crlf(data: bytes) -> bytes:
    """A .osu file's bytes with the line ends that the game writes."""
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def read_names(head: bytes) -> dict[str, str] | None:
    """The keys and values of [General] and [Metadata] in the first bytes of a .osu file; None where
    they are no osu!standard map's."""
    text = _text(head)
    try:
        sections = _sections(text, "")
        pairs = [p for name in ("General", "Metadata") for p in _key_values(sections, name, "")]
    except BeatmapError:
        return None
    if _VERSION.match(text) is None and len(sections) < 2:
        return None
    return None if _valid_numbers(pairs).get("Mode") in _MODES else dict(pairs)


def _text(data: bytes) -> str:
    """The file's text by its byte order mark, UTF-8 without one, with "\\n" for every line end."""
    marks = (code for mark, code in _BYTE_ORDER_MARKS.items() if data.startswith(mark))
    text = data.decode(next(marks, "utf-8"), errors="replace").removeprefix("\ufeff")
    # a lone or double line end makes an empty line at worst, and those are skipped
    return text.replace("\r", "\n")


def _sections(text: str, name: str) -> dict[str, str]:
    """Section name -> its lines as one text, without comments; what stands before the first one
    belongs to General."""
    blocks = ("\n" + text).split("\n[", MAX_SECTIONS)
    if len(blocks) > MAX_SECTIONS:
        raise BeatmapError(f"{name} has more than {MAX_SECTIONS} sections")
    parts: dict[str, list[str]] = {"General": [blocks[0]]}
    section = "General"
    for part in blocks[1:]:
        head, bracket, body = part.partition("]")
        after = body.partition("\n")[0].partition("//")[0]
        if bracket and head.isalnum() and not after.strip():
            section, part = head, body
        parts.setdefault(section, []).append(part)
    return {
        section: _without_comments(section, "\n".join(bodies)) for section, bodies in parts.items()
    }


def _without_comments(section: str, body: str) -> str:
    """Titles, sources and tags may hold addresses: there, "//" begins no comment."""
    return _COMMENT.sub("", body) if section != "Metadata" and "//" in body else body


def _key_values(sections: dict[str, str], section: str, name: str) -> list[tuple[str, str]]:
    body = sections.get(section, "")
    if len(body) > MAX_HEADER_CHARS:
        raise BeatmapError(f"{name} has a [{section}] section of more than {MAX_HEADER_CHARS} B")
    return _KEY_VALUE.findall(body)


def _valid_numbers(pairs: Iterable[tuple[str, str]]) -> dict[str, float]:
    """The values that are numbers, the last of each key: empty ones and others are skipped."""
    numbers = ((key, read_number(text)) for key, text in pairs)
    return {key: number for key, number in numbers if abs(number) <= MAX_NUMBER}


def _breaks(body: str) -> np.ndarray:
    """(B, 2): start, end."""
    rows = (match.groups() for match in islice(_BREAK.finditer(body), MAX_BREAKS))
    times = ((read_number(start), read_number(end)) for start, end in rows)
    valid = [
        (start, max(start, end))
        for start, end in times
        if abs(start) <= MAX_NUMBER and abs(end) <= MAX_NUMBER
    ]
    return np.array(valid, dtype=np.float64).reshape(-1, 2)


def _rows(body: str, most: int, what: str, name: str) -> list[list[str]]:
    """The lines of a section but blank ones, cut at commas into twelve fields at most."""
    lines = body.split("\n", 4 * most)
    crowded = "\n" in lines[-1]
    lines = list(filter(str.strip, lines))
    if crowded or len(lines) > most:
        raise BeatmapError(f"{name} has more than {most} {what}")
    return [line.split(",", 11) for line in lines]


def _timing(body: str, name: str) -> tuple[np.ndarray, int]:
    """(T, 3): time, beat length, 1 where uninherited; and how many lines cannot be read."""
    every = _rows(body, MAX_TIMING_POINTS, "timing points", name)
    rows = [row for row in every if len(row) >= 2]
    if not rows:
        return np.zeros((0, 3)), len(every)
    time_ms, beat_ms = (read_numbers([row[place] for row in rows]) for place in (0, 1))
    uninherited = np.array([len(row) < 7 or row[6][:1] == "1" for row in rows])
    good = np.abs(time_ms) <= MAX_NUMBER
    good &= (np.abs(beat_ms) <= MAX_NUMBER) | (np.isnan(beat_ms) & ~uninherited)
    good &= read_each(_are_timing_fields, [tuple(row[2:8]) for row in rows])
    points = np.stack([time_ms, beat_ms, uninherited], axis=1)[good]
    return points, len(every) - len(points)


def _are_timing_fields(fields: tuple[str, ...]) -> bool:
    """Whether the game can read the third to eighth field of a timing point: a meter of a beat or
    more, integers, and fifth a flag that is not empty."""
    meter, flag, integers = fields[:1], fields[4:5], fields[1:4] + fields[5:]
    if meter and meter[0][:1] != "0" and not 1 <= read_integer(meter[0]) <= MAX_NUMBER:
        return False
    return flag != ("",) and all(read_integer(text) < inf for text in integers)


def _objects(body: str, version: int, name: str) -> dict:
    """The columns of OsuFile from `xy` on, but for those of the timing points."""
    if len(body) > MAX_BARS and body.count("|") > MAX_BARS:
        raise BeatmapError(f"{name} has more than {MAX_CONTROL_POINTS} slider control points")
    every = _rows(body, MAX_OBJECTS, "hit objects", name)
    if not every:
        raise BeatmapError(f"{name} has no hit objects")
    rows = [row for row in every if len(row) >= 5]
    if not rows:
        raise BeatmapError(f"{name} has no hit objects that can be read")
    order = np.argsort(read_numbers([row[2] for row in rows]), kind="stable").tolist()
    rows = [rows[at] for at in order]  # by time; ties stay as in the file
    x, y, start_ms = (read_numbers([row[place] for row in rows]) for place in range(3))
    kind = read_each(read_integer, [row[3] for row in rows])
    good = (np.abs(x) <= MAX_COORDINATE_PX) & (np.abs(y) <= MAX_COORDINATE_PX)
    good &= (np.abs(start_ms) <= MAX_NUMBER) & np.isfinite(kind)
    kind = np.where(good, kind, 0).astype(np.int64)
    good &= (kind & (CIRCLE_BIT | SLIDER_BIT | SPINNER_BIT | HOLD_BIT)) != 0
    good &= read_each(read_integer, [row[4] for row in rows]) < inf  # the sound

    slider, spinner = is_slider(kind) & good, is_spinner(kind) & good
    good &= read_each(_are_samples, list(map(_samples, rows, kind.tolist())))
    of_sliders = [rows[at] for at in np.flatnonzero(slider)]
    slides = read_each(read_integer, [row[6] if len(row) > 6 else "" for row in of_sliders])
    length_px = read_numbers([row[7] if len(row) > 7 else "0" for row in of_sliders])
    playable = (slides <= MAX_SLIDES) & (np.abs(length_px) <= MAX_COORDINATE_PX) & good[slider]
    paths = [row[5] if len(row) > 5 else "" for row in of_sliders]
    if sum(path.count("|") + 1 for path in paths) > MAX_CONTROL_POINTS:
        raise BeatmapError(f"{name} has more than {MAX_CONTROL_POINTS} slider control points")
    curves, readable = read_curves(paths, playable)
    good[slider] = readable

    end_ms = start_ms.copy()
    end_ms[spinner] = _spinner_ends([rows[at] for at in np.flatnonzero(spinner)], kind[spinner])
    good &= np.abs(end_ms) <= MAX_NUMBER
    if not good.any():
        raise BeatmapError(f"{name} has no hit objects that can be read")
    end_ms = np.maximum(end_ms, start_ms)
    xy = np.stack([x, y], axis=1)[good]
    if version < LAZER_FORMAT_VERSION:  # the stable game's editor knows whole pixels only
        xy, curves = np.trunc(xy), replace(curves, xy=np.trunc(curves.xy))
    return dict(
        xy=np.minimum(np.maximum(xy, 0.0), OBJECT_AREA_PX),
        start_ms=start_ms[good],
        end_ms=end_ms[good],
        type=kind[good],
        slides=np.maximum(slides[readable], 1).astype(np.int64),
        length_px=np.maximum(length_px[readable], 0.0),
        curves=curves,
        skipped_objects=len(every) - len(xy),
    )


def is_slider(kind: np.ndarray) -> np.ndarray:
    """True for the sliders among type bit fields: a circle bit goes before a slider bit, that
    before a spinner bit, and that before a hold bit."""
    return (kind & (CIRCLE_BIT | SLIDER_BIT)) == SLIDER_BIT


def is_spinner(kind: np.ndarray) -> np.ndarray:
    """True for the spinners among type bit fields. A mania map's hold is one, too."""
    return ((kind & (CIRCLE_BIT | SLIDER_BIT)) == 0) & ((kind & (SPINNER_BIT | HOLD_BIT)) != 0)


def _spinner_ends(rows: list[list[str]], kind: np.ndarray) -> np.ndarray:
    """(n,) ms. A hold's end shares its field with its samples; without one it ends at its start."""
    ends = [row[5] if len(row) > 5 else "" for row in rows]
    for at in np.flatnonzero((kind & SPINNER_BIT) == 0):
        ends[at] = ends[at].partition(":")[0] if ends[at] else rows[at][2]
    return read_numbers(ends)


def _samples(row: list[str], kind: int) -> tuple[str, ...]:
    """The texts of an object that name its samples: banks, an index, a volume and a file."""
    if kind & CIRCLE_BIT:
        return tuple(row[5:6])
    if kind & SLIDER_BIT:  # one for each end, and of its own the banks only
        own = (":".join(text.split(":", 2)[:2]) for text in row[10:11])
        return (*own, *"".join(row[9:10]).split("|"))
    if kind & SPINNER_BIT:
        return tuple(row[6:7])
    return ("".join(row[5:6]).partition(":")[2],)


def _are_samples(texts: tuple[str, ...]) -> bool:
    """Whether the game can read these: nothing, or two to four integers and a name."""
    parts = [text.split(":", 4)[:4] for text in texts if text]
    return all(len(one) >= 2 and max(map(read_integer, one)) < inf for one in parts)
