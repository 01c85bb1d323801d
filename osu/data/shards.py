"""A shard of a cache, there and back: plays of a few hundred replays and the maps they are on.

    write_shard(path, pairs, fingerprint) -> the numbers that the manifest keeps of it
    read_shard(path, entry) -> Shard, or a DataError that names the file
    read_plays(path) -> the descriptions of its plays, without the arrays

One .npz holds charts (a map under its mods on the 60 Hz grid) and the plays on them, deflated:
cursors are 1/16 px integers stored as second differences, high and low bytes apart, keys as press
and release times in whole map ms; `meta` is JSON on each of them. A shard needs nothing but its
own files, so any process on any machine can make any of them; and equal files give equal bytes (no
time is written), so it does not matter which of them did, or how often.
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from osu.data.finding.pair import CHANGED, Pair
from osu.data.library import SPLITS, DataError
from osu.data.manifest import Entry, Sizes, check_types
from osu.errors import UNREADABLE, shown
from osu.features.chart import Ball, Chart, MapConstants, ObjectColumn, chart_of
from osu.features.play import MIN_FRAMES, Play, coverage, encode_cursor, key_spans, played_frames
from osu.features.recorder import Recorder, clock_of, fit_recorder
from osu.features.style import screen_grid_px
from osu.files import open_file, read_file, write_atomic
from osu.formats.beatmap import BeatmapError, parse_beatmap
from osu.formats.mods import Mods
from osu.formats.plays.kind import why_not_human
from osu.formats.replay import Replay, ReplayError, clean_frames, load_replay
from osu.units import FRAME_HZ, UNIT_PX

STEPS_PER_UNIT = int(UNIT_PX * 16)  # positions are stored in 1/16 px
SAMPLE = Path(__file__).parents[2] / "data" / "sample"
LEAST_SHARE = 1 / FRAME_HZ  # of the grid's frames; people's plays have half as many at the least
MAX_SHARD_BYTES = 1 << 30  # expanded, too; one of 256 plays has some 100 MB
MOST_EXPANSION = 1100  # deflate makes of a byte no more
CURE = "delete manifest.json beside it and prepare again, which keeps what is whole"
# The mods that change what is played or seen; the others share a chart.
CHART_MODS = Mods.EZ | Mods.HR | Mods.DT | Mods.HT | Mods.HD


@dataclass(frozen=True)
class Shard:
    """The content of a shard: P plays of F frames in all, on K charts."""

    charts: list[Chart]
    plays: list[dict]  # see `_prepare_map`; "track" is an index into the charts
    cursor: np.ndarray  # (F, 2) int16, 1/16 px, one play after the other
    keys: np.ndarray  # (F, 2) uint8, share of the frame * 255
    presses: list[list[np.ndarray]]  # of each play and key (N, 2) press and release, map ms


# --- Writing ------------------------------------------------------------------------------------


def write_shard(path: Path, pairs: list[Pair], fingerprint: str) -> dict:
    """Prepares the pairs, sorted by map, into `path`, unless an undamaged shard with this
    fingerprint is there.

    Returns sha256 (of the file), sizes (see Sizes), skipped (reason -> count), maps_in_part (of how
    many maps a part was left out), and plays: of each (song, split or "", player, frames).
    """
    try:
        data = read_file(path, MAX_SHARD_BYTES)
        stored = _unpack(data)
        meta = _meta(stored)
        fresh = meta["fingerprint"] == fingerprint
    except UNREADABLE:
        fresh = False
    if not fresh:
        meta, stored = _prepare(pairs, fingerprint)
        data = _pack(stored)
        write_atomic(path, data)
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "sizes": _sizes(meta),
        "skipped": meta["skipped"],
        "maps_in_part": meta["maps_in_part"],
        "plays": [(p["song"], p["split"], p["player"], p["frames"]) for p in meta["plays"]],
    }


def _prepare(pairs: list[Pair], fingerprint: str) -> tuple[dict, dict[str, np.ndarray]]:
    meta = {"fingerprint": fingerprint, "tracks": [], "plays": [], "skipped": {}, "maps_in_part": 0}
    columns: dict[str, list[np.ndarray]] = {}
    skipped: Counter = Counter()
    for _, group in groupby(pairs, key=lambda p: (p.beatmap, p.member, p.crlf)):
        charts, plays, reasons, in_part = _prepare_map(list(group))
        if in_part:
            meta["maps_in_part"] += 1
        skipped.update(reasons)
        first = len(meta["tracks"])
        meta["tracks"] += [described for described, _ in charts]
        meta["plays"] += [play | {"track": play["track"] + first} for play, _ in plays]
        for _, arrays in charts + plays:
            for name, array in arrays.items():
                columns.setdefault(name, []).append(array)
    meta["skipped"] = dict(skipped)
    stored = {name: np.concatenate(arrays) for name, arrays in columns.items()}
    stored["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    return meta, stored


def _prepare_map(pairs: list[Pair]) -> tuple[list, list, dict, bool]:
    """All plays of one map: ([(chart, arrays)], [(play, arrays)], reasons of the skipped, whether
    a part of the map could not be read)."""
    skipped: Counter = Counter()
    charts, plays, charted = [], [], {}
    try:
        base = parse_beatmap(pairs[0].read_map(), pairs[0].beatmap)
    except BeatmapError as error:
        return [], [], {f"map: {_reason(error)}": len(pairs)}, False
    for pair in pairs:
        try:
            replay = load_replay(pair.replay)
            if replay.beatmap_md5 != base.md5:
                raise SkippedError(CHANGED)
            if (reason := why_not_human(replay)) and not _is_sample(pair):
                raise SkippedError(reason)
            conditions = replace(replay.conditions, mods=replay.mods & CHART_MODS)
            chart = chart_of(base.with_mods(conditions), clock_of(replay))
            if (conditions, chart.start_ms) not in charted:
                charted[conditions, chart.start_ms] = (len(charts), chart)
                charts.append(_store_chart(chart))
            number, chart = charted[conditions, chart.start_ms]
            play, arrays = _store_play(chart, replay)
        except (ReplayError, BeatmapError, OSError, SkippedError) as error:
            skipped[f"replay: {_reason(error)}"] += 1
            continue
        described = {
            "replay": pair.replay,
            "track": number,
            "split": pair.split,
            "song": f"{base.artist} - {base.title}",
            "beatmap": base.md5,
            "player": replay.player,
            "mods": str(replay.conditions),
            "accuracy": round(replay.accuracy, 5) if replay.counts_known else None,
            "misses": replay.nmiss,
            "screen_px": round(screen_grid_px(replay.xy), 6),
            "recorder": [_or_none(x) for x in fit_recorder(replay).tolist()],
        }
        plays.append((described | play, arrays))
    return charts, plays, dict(skipped), bool(base.left_out)


def _is_sample(pair: Pair) -> bool:
    """Whether a pair is of the sample, whose plays are this program's own: no person's may be
    shipped, and whoever has none yet can try every script on it."""
    return Path(pair.replay).resolve().parent == SAMPLE


def _or_none(value: float) -> float | None:
    """JSON has no nan."""
    return value if np.isfinite(value) else None


class SkippedError(ValueError):
    """A replay that was read but holds no play to learn from."""


def _reason(error: Exception) -> str:
    """The sentence without the file's name, so that equal reasons are counted together."""
    return shown(str(error).split(": ", 1)[-1][:80])


# --- Reading ------------------------------------------------------------------------------------


def check_size(path: Path, entry: Entry) -> None:
    """DataError where the file is gone or cannot hold what the manifest says of it: asked before
    memory is made ready for that, since a manifest can say anything."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); {CURE}") from None
    if _least_bytes(entry.sizes) > min(MOST_EXPANSION * size, MAX_SHARD_BYTES):
        raise DataError(f"{path}: cannot hold what the manifest says of it; {CURE}")


def _least_bytes(sizes: Sizes) -> int:
    """What a shard of these sizes expands to at the least: the columns of its arrays, and the names
    alone of what `meta` says of each play and chart."""
    described = 100 * sizes.plays + 50 * sizes.charts
    columns = 4 * sizes.frames + sizes.chart_frames // 8 + 4 * len(ObjectColumn) * sizes.objects
    return described + columns


def read_shard(path: Path, entry: Entry) -> Shard:
    """A shard as the manifest knows it. DataError where the file is gone, damaged or another."""
    check_size(path, entry)
    try:
        data = read_file(path, MAX_SHARD_BYTES)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); {CURE}") from None
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise DataError(f"{path}: damaged, its checksum is not the manifest's; {CURE}")
    try:
        shard, sizes = _read(data)
    except UNREADABLE as error:  # right by its checksum, and still no shard
        raise DataError(f"{path}: it holds no plays ({error}); {CURE}") from None
    if sizes != entry.sizes:
        raise DataError(f"{path}: its sizes are not the manifest's; {CURE}")
    return shard


def _sizes(meta: dict) -> Sizes:
    return Sizes(
        plays=len(meta["plays"]),
        frames=sum(play["frames"] for play in meta["plays"]),
        charts=len(meta["tracks"]),
        chart_frames=sum(chart["frames"] for chart in meta["tracks"]),
        objects=sum(chart["objects"] for chart in meta["tracks"]),
    )


def _read(data: bytes) -> tuple[Shard, Sizes]:
    stored = _unpack(data)
    meta = _meta(stored)
    charts = _charts(meta["tracks"], stored)
    cursors, keys, presses = [np.zeros((0, 2), np.int16)], [np.zeros((0, 2), np.uint8)], []
    at, edge_at = 0, [0, 0]
    for play in meta["plays"]:
        chart = charts[play["track"]]
        span = slice(at, at + play["frames"])
        at = span.stop
        cursors.append(_path("cursor", stored, span))
        spans = []
        for key, count in enumerate(play["edges"]):
            edges = _taken(stored[f"edges_k{key + 1}"], edge_at[key], count)
            edge_at[key] += count
            spans.append(np.cumsum(edges).reshape(-1, 2) + chart.start_ms)
        presses.append(spans)
        shares = [coverage(s, chart.start_ms, play["frames"], chart.rate) for s in spans]
        keys.append(np.round(np.stack(shares, -1) * 255).astype(np.uint8))
    shard = Shard(charts, meta["plays"], np.concatenate(cursors), np.concatenate(keys), presses)
    return shard, _sizes(meta)


def read_plays(path: Path) -> list[dict]:
    """The descriptions of a shard's plays, without their arrays and unchecked. DataError where it
    cannot be read."""
    try:
        with open_file(path) as file, np.load(file, allow_pickle=False) as stored:
            return _meta(stored)["plays"]
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read ({error})") from None


# The types of what `meta` says, of a chart and of a play, too.
_META = {"fingerprint": str, "tracks": list, "plays": list, "skipped": dict, "maps_in_part": int}
_CHART = {"start_ms": float, "rate": float, "frames": int, "objects": int, "world": list}
_PLAY = {
    **dict.fromkeys(("replay", "split", "song", "beatmap", "player", "mods"), str),
    **dict.fromkeys(("track", "misses", "frames"), int),
    "accuracy": float | None,
    "recorder": list,
    "screen_px": float,
    "edges": list,
}


def _meta(stored: Mapping[str, np.ndarray]) -> dict:
    """A shard's `meta`, with nan for an accuracy that is not known. ValueError where it is not as
    `_prepare` writes it."""
    meta = json.loads(bytes(stored["meta"]))
    check_types(meta, _META)
    for chart in meta["tracks"]:
        check_types(chart, _CHART)
        check_types(dict(enumerate(chart["world"])), dict.fromkeys(range(len(MapConstants)), float))
    for play in meta["plays"]:
        check_types(play, _PLAY)
        check_types(dict(enumerate(play["edges"])), {0: int, 1: int})
        if play["track"] >= len(meta["tracks"]) or play["split"] not in ("", *SPLITS):
            raise ValueError("a play is of no chart or split")
        if not play["frames"]:
            raise ValueError("a play has no frames")
        play["accuracy"] = np.nan if play["accuracy"] is None else play["accuracy"]
        recorder = dict(enumerate(play["recorder"]))
        check_types(recorder, dict.fromkeys(map(int, Recorder), float | None))
        play["recorder"] = [np.nan if x is None else x for x in recorder.values()]
    check_types(meta["skipped"], dict.fromkeys(meta["skipped"], int))
    return meta


# --- The arrays, there and back -----------------------------------------------------------------


def _store_chart(chart: Chart) -> tuple[dict, dict]:
    described = {
        "start_ms": chart.start_ms,
        "rate": chart.rate,
        "frames": chart.frames,
        "objects": len(chart.objects),
        "world": [float(value) for value in chart.constants],
    }
    columns = {f"object_{c.name.lower()}": chart.objects[:, c] for c in ObjectColumn}
    on = chart.ball[:, Ball.ON] > 0
    columns["ball_on"] = np.packbits(on)
    columns["ball_left"] = np.round(chart.ball[on, Ball.LEFT] * 255).astype(np.uint8)
    columns |= _store_path("ball", chart.ball[on][:, [Ball.X, Ball.Y]])
    return described, columns


def _charts(described: list[dict], stored: dict) -> list[Chart]:
    charts, row_at, bit_at, on_at = [], 0, 0, 0
    for chart in described:
        columns = [stored[f"object_{column.name.lower()}"] for column in ObjectColumn]
        objects = np.stack([_taken(c, row_at, chart["objects"]) for c in columns], -1)
        row_at += chart["objects"]
        size = -(-chart["frames"] // 8)
        bits = _taken(stored["ball_on"], bit_at, size)
        bit_at += size
        on = np.unpackbits(bits, count=chart["frames"]).astype(bool)
        span = slice(on_at, on_at + int(on.sum()))
        on_at = span.stop
        ball = np.zeros((chart["frames"], len(Ball)), np.float32)
        ball[np.ix_(on, [Ball.X, Ball.Y])] = _path("ball", stored, span) / STEPS_PER_UNIT
        ball[on, Ball.ON] = 1
        ball[on, Ball.LEFT] = stored["ball_left"][span] / 255
        charts.append(
            Chart(
                start_ms=chart["start_ms"],
                rate=chart["rate"],
                frames=chart["frames"],
                objects=objects,
                ball=ball,
                constants=np.array(chart["world"], np.float32),
            )
        )
    return charts


def _store_play(chart: Chart, replay: Replay) -> tuple[dict, dict]:
    t_ms, xy, keys = clean_frames(replay)
    frames = played_frames(chart, t_ms)
    if frames < MIN_FRAMES:
        raise SkippedError("less than two seconds of play")
    if (t_ms >= chart.start_ms).sum() < frames * LEAST_SHARE:
        raise SkippedError("less than one frame for each second of play")
    columns = _store_path("cursor", encode_cursor(t_ms, xy, chart.start_ms, frames, chart.rate))
    counts = []
    for key, spans in zip((Play.K1, Play.K2), key_spans(t_ms, keys), strict=True):
        edges = np.round(spans.ravel() - chart.start_ms).astype(np.int32)
        columns[f"edges_{key.name.lower()}"] = np.diff(edges, prepend=np.int32(0))
        counts.append(len(edges))
    return {"frames": frames, "edges": counts}, columns


def _store_path(name: str, xy_unit: np.ndarray) -> dict[str, np.ndarray]:
    """(T, 2) units as second differences of 1/16 px, wrapping in 16 bits, bytes apart."""
    limit = np.iinfo(np.int16).max / STEPS_PER_UNIT
    steps = np.round(np.clip(xy_unit, -limit, limit) * STEPS_PER_UNIT).astype(np.int16)
    for _ in range(2):
        steps = np.diff(steps, axis=0, prepend=np.zeros((1, 2), np.int16))
    raw = steps.astype(np.uint16)
    return {
        f"{name}_{axis}_{part}": ((raw[:, i] >> shift) & 0xFF).astype(np.uint8)
        for i, axis in enumerate("xy")
        for part, shift in (("low", 0), ("high", 8))
    }


def _path(name: str, stored: dict, span: slice) -> np.ndarray:
    """The inverse of `_store_path`: (T, 2) int16, 1/16 px."""
    axes = []
    for axis in "xy":
        parts = (stored[f"{name}_{axis}_{part}"] for part in ("high", "low"))
        high, low = (_taken(part, span.start, span.stop - span.start) for part in parts)
        raw = ((high.astype(np.uint16) << 8) | low).astype(np.int16)
        axes.append(np.cumsum(np.cumsum(raw, dtype=np.int16), dtype=np.int16))
    return np.stack(axes, -1)


def _taken(column: np.ndarray, start: int, count: int) -> np.ndarray:
    """`count` rows, from `start` on. ValueError where the column has fewer."""
    if not 0 <= count <= len(column) - start:
        raise ValueError("a column is too short")
    return column[start : start + count]


def _pack(stored: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **stored)
    return file.getvalue()


def _unpack(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        if sum(member.file_size for member in stored.zip.infolist()) > MAX_SHARD_BYTES:
            raise ValueError("it expands to more than a shard holds")
        arrays = {name: stored[name] for name in stored.files}
    if any(array.dtype.kind not in "iuf" for array in arrays.values()):
        raise ValueError("it holds what are no numbers")
    return arrays
