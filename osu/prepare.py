"""Replays and maps -> one compact cache of shards, made once with all cores.

    cache/manifest.json        the pairs, the split, what was skipped and why
    cache/shard-00000.npz      up to SHARD_PAIRS pairs, grouped by map

A shard holds tracks (a map under its mods on the 60 Hz grid) and the plays on them, deflated:
cursors are 1/16 px integers stored as second differences, high and low bytes apart, keys as press
and release times in whole map ms. Shards are independent of each other, so a stopped preparation
goes on with the shard it was stopped in, and a shard whose files did not change is kept.
"""

import hashlib
import json
import multiprocessing
import os
from collections import Counter
from itertools import groupby
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from tqdm import tqdm

from osu import features
from osu.beatmap import BeatmapError, parse_beatmap
from osu.features import Ball, Column, Play
from osu.field import UNIT_PX
from osu.library import DataError, Pair, find_pairs, split_by_song
from osu.mods import Mods, mods_str
from osu.replay import ReplayError, clean_frames, load_replay

FORMAT = 5  # of the cache; another number prepares anew
SHARD_PAIRS = 256
STEPS_PER_UNIT = int(UNIT_PX * 16)  # positions are stored in 1/16 px
MIN_FRAMES = 120  # two seconds of play
# The mods that change what is played or seen; the others share a track.
TRACK_MODS = Mods.EZ | Mods.HR | Mods.DT | Mods.HT | Mods.HD


def prepare(
    folders: list[str | Path],
    cache: str | Path,
    seed: int = 0,
    jobs: int | None = None,
    player: str | None = None,
) -> Path:
    """Prepares the replays below the folders into `cache`, unless it is there and up to date.

    With `player` only that player's (see osu.library.find_pairs).

    Prints a table of what was skipped and why. DataError where nothing is usable.
    """
    cache = Path(cache)
    pairs, skipped = find_pairs(folders, player)
    fingerprint = _digest([str(FORMAT), str(seed), *(pair.fingerprint() for pair in pairs)])
    manifest = cache / "manifest.json"
    if manifest.exists() and json.loads(manifest.read_text()).get("fingerprint") == fingerprint:
        return cache
    cache.mkdir(parents=True, exist_ok=True)
    shards = [pairs[i : i + SHARD_PAIRS] for i in range(0, len(pairs), SHARD_PAIRS)]
    plays: list[dict] = []
    jobs = jobs or os.cpu_count() or 1
    with (
        multiprocessing.get_context("spawn").Pool(min(jobs, len(pairs))) as pool,
        tqdm(total=len(pairs), desc="prepare", unit="play") as bar,
    ):
        for number, shard in enumerate(shards):
            meta = _prepare_shard(cache / f"shard-{number:05d}.npz", shard, pool, bar)
            skipped.update(meta["skipped"])
            plays += [play | {"shard": number} for play in meta["plays"]]
    for path in cache.glob("shard-*.npz"):
        if int(path.stem.split("-")[1]) >= len(shards):
            path.unlink()
    if skipped:
        print("skipped:")
        for reason, count in skipped.most_common():
            print(f"{count:8d}  {reason}")
    if not plays:
        names = ", ".join(map(str, folders))
        raise DataError(f"{names}: none of the {len(pairs)} replays found is usable")
    chosen = split_by_song([play["song"] for play in plays], seed)
    for play in plays:
        play["split"] = play["split"] or chosen[play["song"]]
    _write(
        manifest,
        json.dumps(
            {
                "format": FORMAT,
                "fingerprint": fingerprint,
                "seed": seed,
                "shards": len(shards),
                "skipped": dict(skipped),
                "plays": plays,
            }
        ).encode(),
    )
    return cache


def _prepare_shard(path: Path, pairs: list[Pair], pool, bar) -> dict:
    fingerprint = _digest([str(FORMAT), *(pair.fingerprint() for pair in pairs)])
    if path.exists():
        with np.load(path, allow_pickle=False) as old:
            meta = json.loads(bytes(old["meta"]))
        if meta["fingerprint"] == fingerprint:
            bar.update(len(pairs))
            return meta
    groups = [list(group) for _, group in groupby(pairs, key=lambda p: (p.beatmap, p.member))]
    meta = {"fingerprint": fingerprint, "tracks": [], "plays": [], "skipped": {}}
    columns: dict[str, list[np.ndarray]] = {}
    skipped: Counter = Counter()
    for tracks, plays, reasons in pool.imap(_prepare_map, groups):
        skipped.update(reasons)
        first = len(meta["tracks"])
        for described, arrays in tracks:
            meta["tracks"].append(described)
            for name, array in arrays.items():
                columns.setdefault(name, []).append(array)
        for described, arrays in plays:
            meta["plays"].append(described | {"track": described["track"] + first})
            for name, array in arrays.items():
                columns.setdefault(name, []).append(array)
        bar.update(len(plays) + sum(reasons.values()))
    meta["skipped"] = dict(skipped)
    stored = {name: np.concatenate(arrays) for name, arrays in columns.items()}
    stored["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    temporary = path.with_suffix(".tmp")
    with open(temporary, "wb") as file:
        np.savez_compressed(file, **stored)
    os.replace(temporary, path)
    return meta


def _prepare_map(pairs: list[Pair]) -> tuple[list, list, dict]:
    """All plays of one map: ([(track, arrays)], [(play, arrays)], reasons of the skipped)."""
    skipped: Counter = Counter()
    tracks, plays, known = [], [], {}
    try:
        base = parse_beatmap(pairs[0].read_map(), pairs[0].beatmap)
    except (BeatmapError, OSError, BadZipFile) as error:
        return [], [], {f"map: {_reason(error)}": len(pairs)}
    for pair in pairs:
        try:
            replay = load_replay(pair.replay)
            mods = replay.mods & TRACK_MODS
            if mods not in known:
                track = features.track_of(base.with_mods(mods))
                known[mods] = (len(tracks), track)
                tracks.append(_store_track(track))
            number, track = known[mods]
            play, arrays = _store_play(track, replay)
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
            "mods": mods_str(replay.mods),
            "accuracy": round(replay.accuracy, 5),
            "misses": replay.nmiss,
            "screen_px": round(features.screen_grid_px(replay.xy), 6),
        }
        plays.append((described | play, arrays))
    return tracks, plays, dict(skipped)


class SkippedError(ValueError):
    """A replay that was read but holds no play to learn from."""


def _store_track(track: features.Track) -> tuple[dict, dict]:
    described = {
        "start_ms": track.start_ms,
        "rate": track.rate,
        "frames": track.frames,
        "objects": len(track.objects),
        "world": [float(value) for value in track.world],
    }
    columns = {f"object_{c.name.lower()}": track.objects[:, c] for c in Column}
    on = track.ball[:, Ball.ON] > 0
    columns["ball_on"] = np.packbits(on)
    columns["ball_left"] = np.round(track.ball[on, Ball.LEFT] * 255).astype(np.uint8)
    columns |= _store_path("ball", track.ball[on][:, [Ball.X, Ball.Y]])
    return described, columns


def _store_play(track: features.Track, replay) -> tuple[dict, dict]:
    t_ms, xy, keys = clean_frames(replay)
    inside = t_ms[(t_ms >= track.start_ms)] if len(t_ms) else t_ms
    frames = features.frame_count(track.start_ms, inside[-1], track.rate) if len(inside) else 0
    frames = min(frames, track.frames)
    if frames < MIN_FRAMES:
        raise SkippedError("less than two seconds of play")
    play = features.encode_play(t_ms, xy, keys, track.start_ms, frames, track.rate)
    columns = _store_path("cursor", play[:, [Play.X, Play.Y]])
    counts = []
    for key, spans in zip((Play.K1, Play.K2), features.key_spans(t_ms, keys), strict=True):
        edges = np.round(spans.ravel() - track.start_ms).astype(np.int32)
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


def restore_path(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """The inverse of `_store_path` for one axis of one play: (T,) int16, 1/16 px."""
    raw = ((high.astype(np.uint16) << 8) | low).astype(np.int16)
    return np.cumsum(np.cumsum(raw, dtype=np.int16), dtype=np.int16)


def _reason(error: Exception) -> str:
    """The sentence without the file's name, so that equal reasons are counted together."""
    return str(error).split(": ", 1)[-1][:80]


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)
