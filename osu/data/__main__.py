"""Prepares the replays below folders, prints what is there and writes a report of it.

    uv run -m osu.data FOLDER ... [--player NAME] [--cache DIR] [--out DIR]

See osu.data.library, osu.data.prepare and osu.data.report.
"""

import argparse
import sys

from osu.data.dataset import each_play
from osu.data.manifest import read_manifest
from osu.data.prepare import prepare
from osu.errors import run_program, shown
from osu.files import ready_folder
from osu.units import frame_count


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "folders", nargs="+", help="osu! folders, or any with .osr and .osu, .osz, .olz below"
    )
    parser.add_argument("--player", metavar="NAME", help="only this player's plays")
    parser.add_argument("--cache", default="cache", help="where the prepared plays go")
    parser.add_argument("--out", default="runs/data", help="the report's folder")
    parser.add_argument("--seed", type=int, default=0, help="of the split by song")
    args = parser.parse_args(argv)
    return run_program("osu.data", lambda: prepare_and_report(args))


def prepare_and_report(args: argparse.Namespace) -> None:
    from osu.data.report import skipped_of, write_data_report

    ready_folder(args.out)
    cache = prepare(args.folders, args.cache, args.seed, player=args.player)
    report = write_data_report(each_play(cache), skipped_of(cache), args.folders, args.out)
    manifest = read_manifest(cache)
    sizes, hours = manifest.sizes, manifest.sizes.frames / frame_count(0, 3.6e6, 1)
    size_mb = sum(path.stat().st_size for path in cache.iterdir()) / 1e6
    maps = len({(play.beatmap, play.mods) for play in each_play(cache)})
    print(f"{shown(cache)}: {sizes.plays} plays of {maps} maps and mods, ", end="")
    print(f"{hours:.1f} h, {size_mb:.1f} MB")
    for split, counts in manifest.splits.items():
        print(f"  {split:5s} {counts['plays']:6d} plays of {counts['songs']} songs")
    print(f"written: {shown(report)}")


if __name__ == "__main__":
    sys.exit(main())
