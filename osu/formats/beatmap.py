""".osu and .osz -> Beatmap: plain arrays, ms of map time and osu!px, mods applied.

Everything that a player sees and a judge needs: stacked positions, slider paths as polylines, the
nested events of sliders, difficulty as the stable game computes it (in float32).
"""

import hashlib
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from functools import cached_property
from pathlib import Path

import numpy as np

from osu.files import read_file
from osu.formats.archive import ARCHIVES, difficulties_of_osz
from osu.formats.difficulty import (
    circle_scale,
    clamp,
    difficulty_range,
    preempt,
    setting,
    settings_with_mods,
    stack_leniency,
)
from osu.formats.mods import Mods
from osu.formats.osu_file import (
    MAX_MAP_BYTES,
    MAX_NUMBER,
    NEW_COMBO_BIT,
    BeatmapError,
    OsuFile,
    is_slider,
    is_spinner,
    read_osu,
)
from osu.formats.plays.conditions import Conditions, of_mods
from osu.formats.slider_events import nested_events, tick_counts, timing_at
from osu.formats.slider_paths import along_paths, build_paths, fit_length, path_keys
from osu.formats.stacking import stack_heights
from osu.units import CENTRE_PX, HEIGHT_PX, WIDTH_PX

STACK_OFFSET_PX = 6.4  # up and left, per stack level and unit of scale
RADIUS_PX = 64.0  # at scale 1
RADIUS_FUDGE = 1.00041  # stable's playfield is a little larger than it says


class Kind(IntEnum):
    CIRCLE = 0
    SLIDER = 1
    SPINNER = 2


@dataclass(frozen=True, eq=False)
class Beatmap:
    """One difficulty of N objects in order of time, E nested slider events, P path vertices.

    Arrays that follow from the fields (path_xy, event_ms, ...) are computed when first asked for.
    Times are map time in ms, positions osu!px. Arrays are read, never written.
    """

    md5: str
    format_version: int
    title: str
    artist: str
    creator: str
    difficulty: str  # its name
    audio_filename: str
    conditions: Conditions  # its mods, and what of a lazer play's they do not say

    hp: float  # the four after EZ and HR, rounded to float32
    cs: float
    od: float
    ar: float
    slider_multiplier: float
    slider_tick_rate: float
    stack_leniency: float
    breaks_ms: np.ndarray  # (B, 2) f8
    timing_ms: np.ndarray  # (T,) f8, uninherited timing points
    beat_ms: np.ndarray  # (T,) f8

    start_ms: np.ndarray  # (N,) f8
    end_ms: np.ndarray  # (N,) f8
    kind: np.ndarray  # (N,) i1, Kind
    raw_xy: np.ndarray  # (N, 2) f8 flipped by HR, not stacked
    stack: np.ndarray  # (N,) i4 stack height
    xy: np.ndarray  # (N, 2) f8 stacked
    new_combo: np.ndarray  # (N,) bool; spinners, too, end a combo
    combo_index: np.ndarray  # (N,) i4 which combo, from 0
    combo_number: np.ndarray  # (N,) i4 shown on the circle, from 1
    slides: np.ndarray  # (N,) i4, 0 but for sliders
    span_ms: np.ndarray  # (N,) f8 duration of one slide
    length_px: np.ndarray  # (N,) f8 length of the path

    path_offset: np.ndarray  # (P, 2) f8 vertices from the head
    path_dist: np.ndarray  # (P,) f8 path length from the head
    path_start: np.ndarray  # (N + 1,) i8 slices
    tick_px: np.ndarray  # (N,) f8 path length between ticks, inf where there are none

    file: OsuFile  # its source
    unmodded: "Beatmap | None" = None  # the same one without mods; None where it is this one

    @property
    def mods(self) -> Mods:
        """The bits of its conditions."""
        return self.conditions.mods

    @property
    def left_out(self) -> str:
        """What the game could not play of the file either, to be said wherever a map is loaded: "3
        of 1,508 objects cannot be played and are left out"; "" where all is here."""
        return self.file.left_out

    @property
    def rate(self) -> float:
        """ms of map time in a real ms."""
        return self.conditions.rate

    @property
    def scale(self) -> float:
        """Size of the circles: 0.5 at CS 5."""
        return circle_scale(self.cs)

    @property
    def radius_px(self) -> float:
        return RADIUS_PX * self.scale * RADIUS_FUDGE

    @property
    def preempt_ms(self) -> int:
        """The time from an object's appearance to its start."""
        return preempt(self.ar)

    @property
    def fade_in_ms(self) -> float:
        return 400.0 * min(1.0, self.preempt_ms / 450.0)

    @property
    def window300_ms(self) -> int:
        """Half width; a hit's error must be strictly smaller."""
        return int(difficulty_range(self.od, 80, 50, 20))

    @property
    def window100_ms(self) -> int:
        return int(difficulty_range(self.od, 140, 100, 60))

    @property
    def window50_ms(self) -> int:
        return int(difficulty_range(self.od, 200, 150, 100))

    @cached_property
    def path_xy(self) -> np.ndarray:
        """(P, 2) f8 stacked vertices."""
        return np.repeat(self.xy, np.diff(self.path_start), axis=0) + self.path_offset

    @property
    def event_ms(self) -> np.ndarray:
        """(E,) f8 times of ticks, repeats and tails, in order within a slider."""
        return self._events[0]

    @property
    def event_kind(self) -> np.ndarray:
        """(E,) i1, SliderPart; each slider's last one is its true end."""
        return self._events[1]

    @property
    def event_xy(self) -> np.ndarray:
        """(E, 2) f8 stacked."""
        return self._events[2]

    @property
    def event_start(self) -> np.ndarray:
        """(N + 1,) i8 slices."""
        return self._events[3]

    @cached_property
    def _events(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        heads = np.flatnonzero(self.slides)
        columns = (self.start_ms, self.slides, self.span_ms, self.length_px, self.tick_px)
        event_ms, kind, dist, owner = nested_events(*(column[heads] for column in columns))
        owner = heads[owner]
        offset = along_paths(self.path_offset, *self._path_keys, owner, dist)
        count = np.bincount(owner, minlength=len(self.slides))
        return event_ms, kind, self.xy[owner] + offset, _starts(count)

    def with_mods(self, mods: int | Conditions) -> "Beatmap":
        """The same difficulty under other mods, or under a replay's conditions: HR flips, EZ and HR
        change the difficulty and with it the stacks, DT and HT only the rate; the rest change
        nothing but the field. Lazer's have rates, flips and settings of their own."""
        conditions = mods if isinstance(mods, Conditions) else of_mods(mods)
        raw, mods = self.unmodded or self, conditions.mods
        under = {"conditions": conditions, "unmodded": raw}
        flips = conditions.flips
        if not (mods & (Mods.EZ | Mods.HR) or any(flips) or conditions.settings):
            return replace(raw, **under)
        columns = {field.name: getattr(raw, field.name) for field in fields(raw)}
        columns |= settings_with_mods(raw.hp, raw.cs, raw.od, raw.ar, mods)
        columns |= {name: float(np.float32(value)) for name, value in conditions.settings}
        sign = np.where(flips, -1.0, 1.0)
        columns["raw_xy"] = raw.raw_xy * sign + np.where(flips, [WIDTH_PX, HEIGHT_PX], 0.0)
        columns["path_offset"] = raw.path_offset * sign
        return _stacked({**columns, **under})

    @cached_property
    def stable_path(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """path_xy, path_dist and path_start once more, with arcs in stable's pieces of 8 px.

        For judging plays of the stable game: its coarse arcs, up to some px off, decide where its
        ball was (93 instead of 91 % of real headers are met). Drawings and lazer have path_xy.
        """
        slider = self.kind == Kind.SLIDER
        vertices, start, fixed = build_paths(
            self.file.curves, self.file.xy[slider], stable_arcs=True
        )
        path_xy, path_dist, start = fit_length(vertices, start, self.file.length_px, fixed)
        path_xy *= np.where(self.conditions.flips, -1.0, 1.0)
        count = np.zeros(len(slider), dtype=np.int64)
        count[slider] = np.diff(start)
        path_xy += np.repeat(self.xy, count, axis=0)
        return path_xy, path_dist, _starts(count)

    def ball_xy(self, index: np.ndarray, t_ms: np.ndarray) -> np.ndarray:
        """(K,) objects and times -> (K, 2): a slider's ball (before its start at the head, after
        its end where it ends), a circle's place, the centre for spinners."""
        index, t_ms = np.asarray(index), np.asarray(t_ms, dtype=np.float64)
        xy, slides = self._ball_base_xy[index], self.slides[index]
        on = slice(None) if slides.all() else slides.nonzero()[0]
        which = index[on]
        if len(which):
            span, elapsed = self.span_ms[which], t_ms[on] - self.start_ms[which]
            progress = np.divide(elapsed, span, out=np.zeros_like(span), where=span > 0)
            progress = np.minimum(np.maximum(progress, 0), slides[on])
            share = 1 - np.abs(1 - progress % 2)  # there and back
            xy[on] += along_paths(
                self.path_offset, *self._path_keys, which, share * self.length_px[which]
            )
        return xy

    @cached_property
    def _path_keys(self) -> tuple[np.ndarray, np.ndarray]:
        return path_keys(self.path_dist, self.path_start)

    @cached_property
    def _ball_base_xy(self) -> np.ndarray:
        return np.where((self.kind == Kind.SPINNER)[:, None], CENTRE_PX, self.xy)


def parse_beatmap(data: bytes, name: str = "the beatmap") -> Beatmap:
    """The bytes of a .osu file -> Beatmap without mods. Raises BeatmapError."""
    file = read_osu(data, name)
    try:
        return _build(file, hashlib.md5(data).hexdigest())
    except BeatmapError as error:
        raise BeatmapError(f"{name}: {error}") from None


def load_beatmap(path: str | Path, difficulty: str | None = None) -> Beatmap:
    """A .osu file, or one difficulty of a .osz or .olz by its name (its only one, or the first by
    file name that can be read).

    Raises BeatmapError for a file that cannot be read or used.
    """
    path = Path(path)
    if path.suffix.lower() not in ARCHIVES:
        return parse_beatmap(_read_bytes(path), path.name)
    first_error = None
    for data, name in difficulties_of_osz(path, difficulty):
        try:
            return parse_beatmap(data, name)
        except BeatmapError as error:
            first_error = first_error or error
    raise first_error


def _read_bytes(path: Path) -> bytes:
    try:
        return read_file(path, MAX_MAP_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null in the name
        reason = getattr(error, "strerror", None) or error
        raise BeatmapError(f"cannot read {path}: {reason}") from None


def _build(file: OsuFile, md5: str) -> Beatmap:
    slider, spinner = is_slider(file.type), is_spinner(file.type)
    heads = slider.nonzero()[0]
    count = len(slider)
    od = file.numbers.get("OverallDifficulty", 5.0)
    multiplier = clamp(file.numbers.get("SliderMultiplier", 1.4), 0.4, 3.6)
    tick_rate = clamp(file.numbers.get("SliderTickRate", 1.0), 0.5, 8.0)

    vertices, start, fixed = build_paths(file.curves, file.xy[heads])
    path, path_dist, start = fit_length(vertices, start, file.length_px, fixed)
    length = path_dist[start[1:] - 1]
    beat_ms, factor, has_ticks = timing_at(file.timing, file.start_ms[heads])
    span = length * beat_ms * factor / (100 * multiplier)
    # before v8 a tick's distance knew nothing of inherited points
    tick_px = 100 * multiplier / tick_rate / (factor if file.format_version >= 8 else 1.0)
    tick_px = np.where(has_ticks, tick_px, np.inf)
    tick_counts(file.slides, span, length, tick_px)  # not too many
    slider_end_ms = file.start_ms[heads] + file.slides * span
    if (slider_end_ms > MAX_NUMBER).any():
        raise BeatmapError("it has a slider that goes on for weeks")

    def per_object(of_sliders: np.ndarray, kind: type) -> np.ndarray:
        values = np.zeros(count, dtype=kind)
        values[heads] = of_sliders
        return values

    uninherited = file.timing[file.timing[:, 2] == 1]
    new_combo, combo_index, combo_number = _combos(file, spinner)
    columns = dict(
        md5=md5,
        format_version=file.format_version,
        title=file.metadata.get("Title", "").strip(),
        artist=file.metadata.get("Artist", "").strip(),
        creator=file.metadata.get("Creator", "").strip(),
        difficulty=file.metadata.get("Version", "").strip(),
        audio_filename=file.general.get("AudioFilename", "").strip(),
        conditions=of_mods(0),
        hp=setting(file.numbers, "HPDrainRate", 5.0),
        cs=setting(file.numbers, "CircleSize", 5.0),
        od=setting(file.numbers, "OverallDifficulty", 5.0),
        ar=setting(file.numbers, "ApproachRate", od),
        slider_multiplier=multiplier,
        slider_tick_rate=tick_rate,
        stack_leniency=stack_leniency(file.numbers),
        breaks_ms=file.breaks_ms,
        timing_ms=uninherited[:, 0],
        beat_ms=uninherited[:, 1],
        start_ms=file.start_ms,
        end_ms=np.where(slider, per_object(slider_end_ms, float), file.end_ms),
        kind=slider * np.int8(Kind.SLIDER) + spinner * np.int8(Kind.SPINNER),
        raw_xy=file.xy,
        new_combo=new_combo,
        combo_index=combo_index,
        combo_number=combo_number,
        slides=per_object(file.slides, np.int32),
        span_ms=per_object(span, float),
        length_px=per_object(length, float),
        path_offset=path,
        path_dist=path_dist,
        path_start=_starts(per_object(start[1:] - start[:-1], int)),
        tick_px=per_object(tick_px, float),
        file=file,
    )
    return _stacked(columns)


def _stacked(columns: dict) -> Beatmap:
    """A Beatmap of its fields, for which `stack` and `xy` are computed."""
    xy, kind, slides = columns["raw_xy"], columns["kind"], columns["slides"]
    slider = slides > 0
    path_end = xy.copy()
    path_end[slider] += columns["path_offset"][columns["path_start"][1:][slider] - 1]
    preempt_ms = np.float32(preempt(columns["ar"]))
    stack = stack_heights(
        columns["format_version"],
        columns["start_ms"],
        columns["end_ms"],
        slider,
        kind == Kind.SPINNER,
        xy,
        np.where((slides % 2 == 0)[:, None], xy, path_end),
        path_end,
        float(preempt_ms * np.float32(columns["stack_leniency"])),
    )
    shift = stack * (-STACK_OFFSET_PX * circle_scale(columns["cs"]))
    return Beatmap(**{**columns, "stack": stack, "xy": xy + shift[:, None]})


def _starts(count: np.ndarray) -> np.ndarray:
    """(N,) lengths of runs -> (N + 1,): run i is the slice from the i-th to the next."""
    return np.concatenate([[0], count.cumsum()])


def _combos(file: OsuFile, spinner: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """New combo, combo index, number in the combo. A spinner is a combo of its own, and the first
    object after a break begins one."""
    new_combo = (file.type & NEW_COMBO_BIT).astype(bool) | spinner
    new_combo[0] = True
    new_combo[1:] |= spinner[:-1]
    over_ms = np.maximum.accumulate(file.breaks_ms[:, 1])  # the game looks at them in file order
    new_combo[1:] |= np.diff(np.searchsorted(over_ms, file.start_ms)) > 0
    index = new_combo.cumsum() - 1
    first = new_combo.nonzero()[0][index]
    number = np.arange(len(spinner)) - first + 1
    return new_combo, index.astype(np.int32), number.astype(np.int32)
