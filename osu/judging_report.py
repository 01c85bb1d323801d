"""Replays judged and set beside the headers the game wrote: the work of `evaluate.py judge`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from osu.beatmap import BeatmapError, parse_beatmap
from osu.judge import JudgeError, judge
from osu.library import DataError, find_maps
from osu.replay import Replay, ReplayError, load_replay

COUNTS = ("n300", "n100", "n50", "nmiss")
FIELDS = (*COUNTS, "max_combo", "score")
COMBO_ENDS = ("ngeki", "nkatu")


@dataclass(frozen=True)
class Record:
    """One replay: what its header says and what the judge counts, and its hit errors in real ms."""

    file: str
    header: dict[str, int]
    judged: dict[str, int]
    completed: bool  # the header's counts cover every object of the map
    unstable_rate: float
    mean_error_ms: float

    def exact(self, *fields: str) -> bool:
        return all(self.header[name] == self.judged[name] for name in fields)


def judge_files(paths: Iterable[str], maps: list[str]) -> tuple[list[Record], Counter]:
    """Every .osr of the paths (files, or folders with files below), and the reasons of those that
    could not be judged. Maps are found by MD5 below `maps`. DataError where there is no replay."""
    files: list[Path] = []
    for path in map(Path, paths):
        files += sorted(path.rglob("*.osr")) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{', '.join(map(str, paths))}: there is no replay (.osr) here")
    replays: list[tuple[Path, Replay]] = []
    skipped: Counter = Counter()
    for file in files:
        try:
            replays.append((file, load_replay(file)))
        except (ReplayError, OSError) as error:
            skipped[str(error).split(": ", 1)[-1]] += 1
    known = find_maps(maps, {replay.beatmap_md5 for _, replay in replays})
    records = []
    for file, replay in tqdm(replays, desc="judge", unit="replay"):
        if replay.beatmap_md5 not in known:
            skipped["its map is not below --maps"] += 1
            continue
        try:
            pair = known[replay.beatmap_md5]
            records.append(_record(file, replay, parse_beatmap(pair.read_map(), pair.beatmap)))
        except (BeatmapError, JudgeError, OSError) as error:
            skipped[str(error)] += 1
    return records, skipped


def _record(file: Path, replay: Replay, beatmap) -> Record:
    found = judge(beatmap.with_mods(replay.mods), replay)
    errors = found.hit_error_ms[np.isfinite(found.hit_error_ms)] / replay.rate
    names = (*FIELDS, *COMBO_ENDS)
    header = {name: int(getattr(replay, name)) for name in names}
    return Record(
        file=str(file),
        header=header,
        judged={name: int(getattr(found, name)) for name in names},
        completed=sum(header[name] for name in COUNTS) == len(beatmap.start_ms),
        unstable_rate=round(found.unstable_rate, 2),
        mean_error_ms=round(float(errors.mean()), 2) if len(errors) else float("nan"),
    )


def as_table(records: list[Record], skipped: Counter) -> str:
    """A row a replay (header / judged where they differ), then shares that are exact."""
    rows = [f"{'replay':32s} {'300':>11s} {'100':>9s} {'50':>7s} {'miss':>7s} {'combo':>11s} "
            f"{'score':>21s} {'UR':>6s} {'mean':>6s}"]  # fmt: skip
    for record in records:
        cells = [
            str(h) if h == j else f"{h}/{j}"
            for h, j in ((record.header[name], record.judged[name]) for name in FIELDS)
        ]
        widths = (11, 9, 7, 7, 11, 21)
        numbers = " ".join(f"{c:>{w}s}" for c, w in zip(cells, widths, strict=True))
        errors = f"{record.unstable_rate:6.1f} {record.mean_error_ms:6.1f}"
        rows.append(f"{Path(record.file).name[-32:]:32s} {numbers} {errors}")
    for name, chosen in (
        ("all", records),
        ("completed", [record for record in records if record.completed]),
    ):
        if chosen:
            rows.append(f"{name}, {len(chosen)} replays: {shares(chosen)}")
    rows += [f"{count:6d} not judged: {reason}" for reason, count in skipped.most_common()]
    return "\n".join(rows)


def shares(records: list[Record]) -> str:
    """How many of the records are exact, in %."""
    asked = {
        "all four counts": COUNTS,
        "misses": ("nmiss",),
        "max combo": ("max_combo",),
        "geki and katu": COMBO_ENDS,
        "score": ("score",),
    }
    parts = (
        f"{name} {100 * np.mean([record.exact(*fields) for record in records]):.1f} %"
        for name, fields in asked.items()
    )
    return "exact: " + ", ".join(parts)


def as_json(records: list[Record]) -> list[dict]:
    return [asdict(record) for record in records]
