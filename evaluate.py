"""Judges replays, and measures how human they look.

uv run evaluate.py judge REPLAY|DIR ... --maps DIR
uv run evaluate.py likeness --model diffusion --data DIR
uv run evaluate.py classifiers --model diffusion --data DIR
uv run evaluate.py ladder --model diffusion --data DIR
uv run evaluate.py doses --data DIR
uv run evaluate.py humans --data DIR
uv run evaluate.py blind ANSWERS ...
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

from osu.blind.summary import add_command as add_blind_command
from osu.classifiers.commands import add_commands as add_classifier_commands
from osu.data.finding.folders import files_below
from osu.data.library import CHANGED_LINE_ENDS, DataError, find_maps
from osu.errors import run_program, shown
from osu.files import ready_file, ready_folder, write_atomic
from osu.formats.beatmap import Beatmap, BeatmapError
from osu.formats.plays.kind import Rules, kind_of
from osu.formats.replay import Replay, ReplayError, load_replay
from osu.formats.slider_events import SliderPart
from osu.rules.judge import JudgeError
from osu.rules.judge import judge as judge_play

MODELS = Path(__file__).parent / "models"

# judge: replays beside their headers

COUNTS = ("n300", "n100", "n50", "nmiss")
FIELDS = (*COUNTS, "max_combo", "score")
COMBO_ENDS = ("ngeki", "nkatu")
LAZER_PARTS = {"slider_ticks": "large_tick_hit", "slider_tails": "slider_tail_hit"}


@dataclass(frozen=True)
class Record:
    """One replay: what its header says and what the judge counts, and its hit errors in real ms."""

    file: str
    header: dict[str, int | None]  # None where it does not say
    judged: dict[str, int | None]  # None where this program does not count it
    completed: bool  # the header's counts cover every object of the map
    unstable_rate: float
    mean_error_ms: float
    left_out: tuple[str, ...]  # parts of the file that could not be read
    note: str = ""  # what has to be said of its map

    def compared(self, *fields: str) -> bool:
        """Whether these are known of both."""
        sides = (self.header, self.judged)
        return None not in [side.get(name) for name in fields for side in sides]

    def exact(self, *fields: str) -> bool:
        return all(self.header[name] == self.judged[name] for name in fields)


def judge_files(paths: Iterable[str], maps: list[str]) -> tuple[list[Record], Counter]:
    """A record of every .osr of the paths (files, or folders with files below), and the reasons of
    those that could not be judged with their counts.

    Maps are found by MD5 below the folders `maps`. DataError where there is no replay.
    """
    files: list[Path] = []
    skipped: Counter = Counter()
    for path in map(Path, paths):
        files += sorted(files_below(path, (".osr",), skipped)) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{', '.join(map(str, paths))}: there is no replay (.osr) here")
    replays: list[tuple[Path, Replay]] = []
    for file in files:
        try:
            replays.append((file, load_replay(file)))
        except ReplayError as error:
            skipped[str(error).split(": ", 1)[-1]] += 1
    pairs = find_maps(maps, {replay.beatmap_md5 for _, replay in replays})
    records = []
    for file, replay in tqdm(replays, desc="judge", unit="replay"):
        if replay.beatmap_md5 not in pairs:
            skipped["its map is not below --maps"] += 1
            continue
        try:
            pair = pairs[replay.beatmap_md5]
            beatmap = pair.load_map(replay.beatmap_md5)
            notes = [CHANGED_LINE_ENDS] * pair.crlf
            notes += [f"map: {beatmap.left_out}"] * bool(beatmap.left_out)
            records.append(_record(file, replay, beatmap, "; ".join(notes)))
        except (BeatmapError, JudgeError) as error:
            skipped[str(error)] += 1
    return records, skipped


def _record(file: Path, replay: Replay, beatmap: Beatmap, note: str) -> Record:
    judgement = judge_play(beatmap.with_mods(replay.conditions), replay)
    errors = judgement.hit_error_ms[np.isfinite(judgement.hit_error_ms)] / replay.rate
    names = (*FIELDS, *COMBO_ENDS)
    known = replay.counts_known
    header = {name: int(getattr(replay, name)) if known else None for name in names}
    judged = {name: int(getattr(judgement, name)) for name in names}
    kind = kind_of(replay)
    if kind.score_v2 or kind.rules is Rules.CLASSIC:
        judged["score"] = None
    if kind.rules is Rules.LAZER:
        judged |= dict.fromkeys(COMBO_ENDS)
        tail = judgement.beatmap.event_kind == SliderPart.TAIL
        hit = judgement.event_hit & (judgement.tracking.frame < len(judgement.frames.t_ms))
        judged |= {
            "slider_ticks": int((hit & ~tail).sum()),
            "slider_tails": int((hit & tail).sum()),
        }
        header["score"] = _lazer_score(replay)
        if replay.details:
            counted = replay.details.statistics
            header |= {name: counted.get(theirs, 0) for name, theirs in LAZER_PARTS.items()}
    return Record(
        file=str(file),
        header=header,
        judged=judged,
        completed=known and sum(header[name] for name in COUNTS) == len(beatmap.start_ms),
        unstable_rate=round(judgement.unstable_rate, 2),
        mean_error_ms=round(float(errors.mean()), 2) if len(errors) else float("nan"),
        left_out=replay.left_out,
        note=note,
    )


def _lazer_score(replay: Replay) -> int | None:
    """The header's score before its mods' multipliers, which lazer changes from time to time. None
    where that is not known, and of the days before details, which counted otherwise."""
    details = replay.details
    if details is None or (details.mods and details.score_without_mods is None):
        return None
    return replay.score if details.score_without_mods is None else details.score_without_mods


def as_table(records: list[Record], skipped: Counter) -> str:
    """Text of a line a replay (header/judged where they differ), of shares that are exact, and of
    the reasons of those not judged."""
    rows = [f"{'replay':32s} {'300':>11s} {'100':>9s} {'50':>7s} {'miss':>7s} {'combo':>11s} "
            f"{'score':>21s} {'UR':>6s} {'mean':>6s}"]  # fmt: skip
    for record in records:
        cells = [
            str(h) if h == j else "/".join("?" if v is None else str(v) for v in (h, j))
            for h, j in ((record.header[name], record.judged[name]) for name in FIELDS)
        ]
        widths = (11, 9, 7, 7, 11, 21)
        numbers = " ".join(f"{c:>{w}s}" for c, w in zip(cells, widths, strict=True))
        errors = f"{record.unstable_rate:6.1f} {record.mean_error_ms:6.1f}"
        rows.append(f"{shown(Path(record.file).name[-32:]):32s} {numbers} {errors}")
        rows += [f"    left out: {part}" for part in record.left_out]
    for what, name in (
        ("counts, which the header lacks", "n300"),
        ("score, of another kind or before unknown multipliers", "score"),
    ):
        if unknown := sum(not record.compared(name) for record in records):
            rows.append(f"not compared: {what}: {unknown} replays")
    completed = [record for record in records if record.completed]
    for name, group in (("all", records), ("completed", completed)):
        if group:
            rows.append(f"{name}, {len(group)} replays: {shares(group)}")
    notes = Counter(record.note for record in records if record.note)
    rows += [f"{count:6d} judged all the same: {note}" for note, count in notes.most_common()]
    rows += [f"{count:6d} not judged: {shown(reason)}" for reason, count in skipped.most_common()]
    return "\n".join(rows)


def shares(records: list[Record]) -> str:
    """How many of the records are exact, in %, of those that can be compared."""
    fields_of = {
        "all four counts": COUNTS,
        "misses": ("nmiss",),
        "max combo": ("max_combo",),
        "geki and katu": COMBO_ENDS,
        "score": ("score",),
        "lazer's slider ticks and tails": tuple(LAZER_PARTS),
    }
    parts = (
        f"{name} {100 * np.mean(exact):.1f} %"
        for name, fields in fields_of.items()
        if (exact := [record.exact(*fields) for record in records if record.compared(*fields)])
    )
    return "exact: " + (", ".join(parts) or "nothing can be compared")


def judge(args: argparse.Namespace) -> None:
    """Judges replays beside their headers."""
    if args.json:
        ready_file(args.json)
    records, skipped = judge_files(args.replays, args.maps)
    print(as_table(records, skipped))
    if args.json:
        write_atomic(
            args.json, json.dumps([asdict(record) for record in records], indent=1).encode()
        )


# likeness: plays beside human plays

REGRESSOR = "rnn"  # a model that every report shows beside the others
SANITY = MODELS / "sanity.json"  # a report on the controls, which every other report quotes


def readable(paths: list[Path]) -> list[Replay]:
    """The replays among the files that can be read; a line for each other one."""
    replays = []
    for path in paths:
        try:
            replays.append(load_replay(path))
        except ReplayError as error:
            print(f"left out: {shown(error)}")
    return replays


def likeness(args: argparse.Namespace) -> None:
    """Compares plays with human plays and writes a report."""
    from osu.devices import pick_device
    from osu.likeness.compare import compare
    from osu.likeness.contestants import folder_source, model_source
    from osu.likeness.human_plays import read_humans
    from osu.likeness.report import write_likeness_report
    from osu.players.engine import list_models, load_player

    ready_folder(args.out)
    if args.json:
        ready_file(args.json)
    device = str(pick_device(args.device))
    names = list(args.model or [])
    if REGRESSOR in [card.name for card in list_models()] and REGRESSOR not in names:
        names += [] if args.controls else [REGRESSOR]
    sources = {n: model_source(load_player(n, device).play, args.seed) for n in names}
    if args.generated:
        paths = sorted(files_below(Path(args.generated), (".osr",)))
        if not paths:
            raise DataError(f"{args.generated}: there is no replay (.osr) in this folder")
        sources[shown(Path(args.generated).name, 40)] = folder_source(readable(paths))
    human_plays, skipped = read_humans(args.data)
    result = compare(
        human_plays,
        args.split,
        sources,
        seed=args.seed,
        limit=args.limit,
        device=device,
        controls=args.controls,
        player=args.player,
    )
    sanity = json.loads(SANITY.read_text()) if SANITY.exists() and not args.controls else None
    path = write_likeness_report(result, args.out, sanity, skipped)
    if args.json:
        write_atomic(args.json, path.with_suffix(".json").read_bytes())
    print(path.read_text(encoding="utf-8").split("\n## How to read it")[0])
    print(f"written: {path}")


# humans: what human plays measure


def humans(args: argparse.Namespace) -> None:
    """Writes what humans measure, by accuracy: models/human.json."""
    from osu.likeness.compare import compare
    from osu.likeness.contestants import HUMAN
    from osu.likeness.human_plays import read_humans
    from osu.likeness.reference import reference
    from osu.likeness.report import to_json

    ready_file(args.json)
    human_plays, _ = read_humans(args.data)
    human_result = compare(human_plays, "test", {}, args.seed).results[HUMAN]
    write_atomic(args.json, to_json(reference(human_plays, human_result)).encode())
    print(f"written: {args.json}")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("judge", help="judge replays, beside what their headers say")
    command.set_defaults(run=judge)
    command.add_argument("replays", nargs="+", metavar="REPLAY|DIR")
    command.add_argument(
        "--maps", nargs="+", required=True, metavar="DIR", help="folders that hold their maps"
    )
    command.add_argument("--json", metavar="FILE", help="write a record of each replay as JSON")

    command = commands.add_parser("likeness", help="write a report on how human plays look")
    command.set_defaults(run=likeness)
    command.add_argument(
        "--model", action="append", metavar="NAME", help="a model to compare; may be repeated"
    )
    command.add_argument("--generated", metavar="DIR", help="a folder of replays to compare")
    command.add_argument("--data", required=True, metavar="DIR", help="human replays with maps")
    command.add_argument("--player", metavar="NAME", help="compare with this player's plays alone")
    command.add_argument("--split", default="test", choices=["train", "val", "test"])
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--limit", type=int, metavar="N", help="at most N human plays")
    command.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    command.add_argument("--json", metavar="FILE", help="also write report.json to this file")
    command.add_argument(
        "--out", default="runs/likeness", metavar="DIR", help="the report's folder (%(default)s)"
    )
    command.add_argument(
        "--controls", action="store_true", help="add human plays with one fault each, as a test"
    )
    command.add_argument(
        "--spoiled", action="store_true", dest="controls", help=argparse.SUPPRESS
    )  # the option's name before

    command = commands.add_parser("humans", help="write what humans measure, by accuracy")
    command.set_defaults(run=humans)
    command.add_argument("--data", required=True, metavar="DIR", help="human replays with maps")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument(
        "--json", default=str(MODELS / "human.json"), metavar="FILE", help="(default: %(default)s)"
    )

    add_classifier_commands(commands)
    add_blind_command(commands)

    args = parser.parse_args(argv)
    return run_program("evaluate.py", lambda: args.run(args))


if __name__ == "__main__":
    sys.exit(main())
