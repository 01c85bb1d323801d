"""Judges replays, and measures how human they look.

uv run evaluate.py judge REPLAY|DIR ... --maps DIR
uv run evaluate.py likeness --model diffusion --data DIR
uv run evaluate.py humans --data DIR
"""

import argparse
import json
import sys
from pathlib import Path

from osu.beatmap import BeatmapError
from osu.checkpoint import CheckpointError
from osu.files import write_atomic
from osu.library import DataError
from osu.replay import ReplayError

MODELS = Path(__file__).parent / "models"
REGRESSOR = "rnn"  # the third reference column of the likeness report
SANITY = MODELS / "sanity.json"


def judge(args: argparse.Namespace) -> None:
    """Judges replays beside their headers."""
    from osu.judging_report import as_json, as_table, judge_files

    records, skipped = judge_files(args.replays, args.maps)
    print(as_table(records, skipped))
    if args.json:
        write_atomic(args.json, json.dumps(as_json(records), indent=1).encode())


def likeness(args: argparse.Namespace) -> None:
    """Compares plays with human plays and writes a report."""
    from osu.columns import folder_source, model_source
    from osu.engine import list_models, load_player
    from osu.humans import read_humans
    from osu.likeness import compare
    from osu.replay import load_replay
    from osu.report import to_json, write_report
    from osu.run import pick_device

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
    path = write_report(found, args.out, sanity)
    if args.json:
        write_atomic(args.json, to_json(found.numbers).encode())
    print(path.read_text().split("\n## How to read it")[0])
    print(f"written: {path}")


def humans(args: argparse.Namespace) -> None:
    """Writes what humans measure, by accuracy: models/human.json."""
    from osu.humans import read_humans
    from osu.likeness import compare
    from osu.reference import reference
    from osu.report import to_json

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
