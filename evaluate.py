"""Judges replays, and measures how human they look.

uv run evaluate.py judge REPLAY|DIR ... --maps DIR
uv run evaluate.py likeness --model diffusion --data DIR
uv run evaluate.py humans --data DIR
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from osu.data.library import DataError, find_maps
from osu.files import write_atomic
from osu.formats.beatmap import BeatmapError, parse_beatmap
from osu.formats.replay import Replay, ReplayError, load_replay
from osu.nets.checkpoint import CheckpointError
from osu.rules.judge import JudgeError
from osu.rules.judge import judge as judge_play

MODELS = Path(__file__).parent / "models"
REGRESSOR = "rnn"  # the third reference column of the likeness report
SANITY = MODELS / "sanity.json"


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
    found = judge_play(beatmap.with_mods(replay.mods), replay)
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


def judge(args: argparse.Namespace) -> None:
    """Judges replays beside their headers."""
    records, skipped = judge_files(args.replays, args.maps)
    print(as_table(records, skipped))
    if args.json:
        write_atomic(args.json, json.dumps(as_json(records), indent=1).encode())


def likeness(args: argparse.Namespace) -> None:
    """Compares plays with human plays and writes a report."""
    from osu.formats.replay import load_replay
    from osu.likeness.compare import compare
    from osu.likeness.contestants import folder_source, model_source
    from osu.likeness.human_plays import read_humans
    from osu.likeness.report import to_json, write_likeness_report
    from osu.players.engine import list_models, load_player
    from osu.training.run import pick_device

    device = str(pick_device(args.device))
    names = list(args.model or [])
    if REGRESSOR in [card.name for card in list_models()] and REGRESSOR not in names:
        names += [] if args.spoiled else [REGRESSOR]
    sources = {n: model_source(load_player(n, device).play, args.seed) for n in names}
    if args.generated:
        paths = sorted(Path(args.generated).rglob("*.osr"))
        if not paths:
            raise DataError(f"{args.generated}: there is no replay (.osr) in this folder")
        sources[Path(args.generated).name] = folder_source([load_replay(path) for path in paths])
    humans, skipped = read_humans(args.data)
    found = compare(
        humans, args.split, sources, args.seed, args.limit, device, args.spoiled, args.player
    )
    found.numbers["skipped"] = skipped
    sanity = json.loads(SANITY.read_text()) if SANITY.exists() and not args.spoiled else None
    path = write_likeness_report(found, args.out, sanity)
    if args.json:
        write_atomic(args.json, to_json(found.numbers).encode())
    print(path.read_text().split("\n## How to read it")[0])
    print(f"written: {path}")


def humans(args: argparse.Namespace) -> None:
    """Writes what humans measure, by accuracy: models/human.json."""
    from osu.likeness.compare import compare
    from osu.likeness.human_plays import read_humans
    from osu.likeness.reference import reference
    from osu.likeness.report import to_json

    found, _ = read_humans(args.data)
    like = compare(found, "test", {}, args.seed).numbers["columns"]["human"]
    write_atomic(args.json, to_json(reference(found, like)).encode())
    print(f"written: {args.json}")


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("judge", help="header against judged, side by side")
    command.set_defaults(run=judge)
    command.add_argument("replays", nargs="+", metavar="REPLAY|DIR")
    command.add_argument("--maps", nargs="+", required=True, metavar="DIR", help="maps below these")
    command.add_argument("--json", metavar="FILE", help="one record a replay")

    command = commands.add_parser("likeness", help="how human plays look: a report with plots")
    command.set_defaults(run=likeness)
    command.add_argument("--model", action="append", metavar="NAME", help="may be given repeatedly")
    command.add_argument(
        "--generated", metavar="DIR", help="replays to compare, instead of a model"
    )
    command.add_argument(
        "--data", required=True, metavar="DIR", help="human replays and their maps"
    )
    command.add_argument("--player", metavar="NAME", help="only this player's plays are compared")
    command.add_argument("--split", default="test", choices=["train", "val", "test"])
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--limit", type=int, metavar="N", help="at most N human plays")
    command.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    command.add_argument("--json", metavar="FILE", help="everything as JSON, besides --out's")
    command.add_argument(
        "--out", default="runs/likeness", metavar="DIR", help="the report's folder"
    )
    command.add_argument(
        "--spoiled", action="store_true", help="add human plays with one fault each, as a test"
    )

    command = commands.add_parser("humans", help="what humans measure, by accuracy")
    command.set_defaults(run=humans)
    command.add_argument(
        "--data", required=True, metavar="DIR", help="human replays and their maps"
    )
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--json", default=str(MODELS / "human.json"), metavar="FILE")

    args = parser.parse_args(argv)
    try:
        args.run(args)
    except (BeatmapError, ReplayError, DataError, CheckpointError, ValueError) as error:
        sys.exit(f"evaluate.py: {error}")


if __name__ == "__main__":
    main()
