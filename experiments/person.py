r"""Does a model that was tuned on a person's plays look like that person?

    uv run -m experiments.person --data DIR prepare
    uv run train_diffusion.py --data "" --cache runs/person/base --out runs/person/run/base \
        --minutes 15 --graph
    for each person NAME and each part K, 0 to 2:
    uv run train_diffusion.py --data "" --cache runs/person/NAME-K --out runs/person/run/NAME-K \
        --init runs/person/run/base/model --steps 1000 --learning-rate 3e-4 --average 0.995 --graph
    uv run -m experiments.person --data DIR compare NAME

The base has met none of the people. A person's songs are cut into three parts; three models learn
from at most 50 plays of two parts each, and play the maps of the third, so that every song is held
out once: one person's songs are too few for a part of their own. Compared are at most --limit of
the held-out plays, as various in their songs as can be, with the plays of the base and of the
tuned models on the same maps (the likeness report of evaluate.py).
"""

import argparse
import csv
import dataclasses
import os
from collections import defaultdict
from pathlib import Path

from osu.data.prepare import prepare
from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay, load_replay, save_replay
from osu.likeness.compare import compare
from osu.likeness.contestants import PlaySource, model_source
from osu.likeness.human_plays import HumanPlay, read_humans
from osu.likeness.report import write_likeness_report
from osu.players.engine import load_player

PEOPLE = ("p0077", "p0419")  # who have most plays in the research data
PARTS = 3
LEARNED = 50  # plays that a model is tuned on


def rows_of(data: Path) -> list[dict[str, str]]:
    with open(data / "index.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def parts_of(rows: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    """One person's plays in PARTS parts that share no song: the song with most plays first, each
    to the smallest part."""
    songs = defaultdict(list)
    for row in rows:
        songs[row["artist"], row["title"]].append(row)
    parts: list[list[dict[str, str]]] = [[] for _ in range(PARTS)]
    for song in sorted(songs, key=lambda song: (-len(songs[song]), song)):
        min(parts, key=len).extend(songs[song])
    return parts


def write_folder(folder: Path, data: Path, rows: list[dict[str, str]]) -> None:
    """A folder like `data` with some of its plays, whose files stay where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("replays", "beatmaps"):
        if not (folder / name).is_symlink():
            os.symlink((data / name).resolve(), folder / name)
    with open(folder / "index.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def prepare_all(args: argparse.Namespace) -> None:
    """The caches of the base and of every person and part; the part is that cache's val split."""
    rows = rows_of(args.data)
    sets = {"base": [row for row in rows if row["player"] not in PEOPLE]}
    for name in PEOPLE:
        parts = parts_of([row for row in rows if row["player"] == name])
        for k, held_out in enumerate(parts):
            others = [row for part in parts if part is not held_out for row in part]
            count = min(LEARNED, len(others))
            learned = [others[i * len(others) // count] for i in range(count)]
            sets[f"{name}-{k}"] = [row | {"split": "train"} for row in learned] + [
                row | {"split": "val"} for row in held_out
            ]
    for name, chosen in sets.items():
        write_folder(args.out / "folders" / name, args.data, chosen)
        prepare([args.out / "folders" / name], args.out / name)
        counts = {s: sum(row["split"] == s for row in chosen) for s in ("train", "val", "test")}
        print(f"{args.out / name}: {counts}")


def kept(folder: Path, source: PlaySource) -> PlaySource:
    """The source's plays from the folder, where they are there already, else into it."""
    folder.mkdir(parents=True, exist_ok=True)

    def play(human: HumanPlay, beatmap: Beatmap, draw: int) -> tuple[Beatmap, Replay]:
        path = folder / f"{Path(human.pair.replay).stem}-{draw}.osr"
        if not path.exists():
            save_replay(source(human, beatmap, draw)[1], path)
        return beatmap, load_replay(path)

    return play


def compare_one(args: argparse.Namespace) -> None:
    rows = [row for row in rows_of(args.data) if row["player"] == args.name]
    part_of = {row["replay"]: k for k, part in enumerate(parts_of(rows)) for row in part}
    humans = [
        dataclasses.replace(human, split="held") if human.player == args.name else human
        for human in read_humans(str(args.data))[0]
    ]
    runs = args.out / "run"
    base = load_player("model", folder=runs / "base")
    tuned = [load_player("model", folder=runs / f"{args.name}-{k}") for k in range(PARTS)]

    def tuned_play(human: HumanPlay, beatmap: Beatmap, draw: int) -> tuple[Beatmap, Replay]:
        k = part_of.get(Path(human.pair.replay).name, 0)
        return model_source(tuned[k].play, 0)(human, beatmap, draw)

    sources = {"before": model_source(base.play, 0), "after": tuned_play}
    sources = {n: kept(args.out / "plays" / args.name / n, s) for n, s in sources.items()}
    found = compare(humans, "held", sources, limit=args.limit, player=args.name)
    path = write_likeness_report(found, args.out / f"likeness-{args.name}", None)
    print(path.read_text().split("\n## How to read it")[0])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path("runs/person"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("prepare", help="the data of the base and of each part")
    command.set_defaults(run=prepare_all)
    command = commands.add_parser("compare", help="the likeness report of one person")
    command.set_defaults(run=compare_one)
    command.add_argument("name", choices=PEOPLE)
    command.add_argument("--limit", type=int, default=40)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
