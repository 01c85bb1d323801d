"""What preparing costs, and what it would at any size: core seconds, memory, disk.

    uv run -m bench.size --data DIR --rounds 1     the replays 17 times over: 40 minutes on 2
                                                   cores with a load of 13

Builds a tree of links to the replays and maps of --data under other names, in as many copies as
make --plays replays, each with its own maps, since plays of one map share work. Prepares one copy
on 1 and 2 cores in turn, then the whole tree; matches replays with maps by MD5 as for folders
without an index.csv; and draws from the result as training does. Files come from the page cache
after the first copy. The times are medians of this run; core seconds are the processes' own, so
that neighbours on the machine disturb them less than the wall clock.
"""

import argparse
import csv
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from osu.data.finding.pair import Pair
from osu.data.library import each_pair
from osu.data.manifest import FORMAT, Entry, Sizes, entry_line, read_manifest
from osu.data.prepare import SHARD_PAIRS, Table, prepare

SIZES = (380_000, 100_000_000)
MACHINE_CORES = 64  # of a machine in the arithmetic


def build(data: Path, tree: Path, plays: int) -> list[Path]:
    """Folders like `data`, of links, that hold `plays` replays or some more."""
    with open(data / "index.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    copies = []
    for number in range(-(-plays // len(rows))):
        copy = tree / f"copy-{number:03d}"
        copies.append(copy)
        (copy / "replays").mkdir(parents=True)
        (copy / "beatmaps").mkdir()
        for path in (data / "beatmaps").iterdir():
            (copy / "beatmaps" / path.name).symlink_to(path)
        with open(copy / "index.csv", "w", newline="", encoding="utf-8") as file:
            index = csv.DictWriter(file, ("replay", "beatmap", "split"))
            index.writeheader()
            for row in rows:
                name = f"{number:03d}-{row['replay']}"
                (copy / "replays" / name).symlink_to(data / "replays" / row["replay"])
                index.writerow({"replay": name, "beatmap": row["beatmap"], "split": row["split"]})
    return copies


def alone(function: Callable, *args) -> dict:
    """What a function returns, run in a process of its own, and that process's peak memory."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(_measured, function, args).result()


def _measured(function: Callable, args: tuple) -> dict:
    began = time.perf_counter()
    found = function(*args) or {}
    wall_s = time.perf_counter() - began
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "wall_s": wall_s,
        "core_s": sum(used.ru_utime + used.ru_stime for used in (own, children)),
        "parent_mb": own.ru_maxrss / 1e3,
        "child_mb": children.ru_maxrss / 1e3,
    } | found


def run_prepare(folders: list[Path], cache: Path, jobs: int) -> None:
    prepare(folders, cache, jobs=jobs)


def run_match(folders: list[Path]) -> dict:
    return {"pairs": sum(1 for _ in each_pair(folders, Counter()))}


def run_table(count: int) -> dict:
    """The table of `count` pairs that are only names."""
    far = "/a/folder/as/far/down/as/they/are"
    pairs = (Pair(f"{far}/{i:032d}.osr", f"{far}/{i % 9973:032d}.osu") for i in range(count))
    return {"shards": sum(1 for _ in Table(pairs, SHARD_PAIRS).shards())}


def run_manifest(count: int) -> dict:
    """The manifest of `count` shards that are only lines."""
    entry = Entry("0" * 64, Sizes(256, 2_500_000, 205, 2_100_000, 158_000), (205, 20, 31))
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        with open(cache / "shards.jsonl", "w", encoding="utf-8") as file:
            file.writelines(entry_line(entry) for _ in range(count))
        (cache / "manifest.json").write_text(f'{{"format": {FORMAT}, "seed": 0, "splits": {{}}}}')
        for name in ("songs", "players"):
            (cache / f"{name}.json").write_text("{}")
        size_mb = (cache / "shards.jsonl").stat().st_size / 1e6
        return {"shards": len(read_manifest(cache).shards), "size_mb": size_mb}


def run_draw(cache: Path, steps: int) -> dict:
    """Opens a cache and draws batches of 64 x 512 as training does, without the training."""
    from osu.data.dataset import PlaySet

    began = time.perf_counter()
    plays = PlaySet(cache)
    sampler = plays.sampler("train")
    sampler.draw(64, 512, (0, 0))
    open_s = time.perf_counter() - began
    times = []
    for step in range(1, steps):
        began = time.perf_counter()
        sampler.draw(64, 512, (0, step))
        times.append(1000 * (time.perf_counter() - began))
    return {
        "open_s": open_s,
        "draw_ms": statistics.median(times),
        "mean_ms": statistics.mean(times),
        "whole": plays.in_memory,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True, metavar="DIR", help="a folder with an index.csv")
    parser.add_argument("--plays", type=int, default=20_000, help="replays in the tree")
    parser.add_argument("--rounds", type=int, default=3, help="of one copy on 1 and 2 cores")
    parser.add_argument("--steps", type=int, default=600, help="batches drawn")
    parser.add_argument("--work", default=None, help="where the tree and the caches go")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.work) as folder:
        measure(Path(args.data).resolve(), Path(folder), args)


def measure(data: Path, work: Path, args: argparse.Namespace) -> None:
    copies = build(data, work / "tree", args.plays)
    cores = os.cpu_count() or 1

    print("| prepared | cores | plays/s | core ms/play | parent MB | process MB | disk KB/play |")
    print("|---|---|---|---|---|---|---|")

    def row(folders: list[Path], jobs: int, runs: list[dict], cache: Path) -> dict:
        made = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        plays = read_manifest(cache).sizes.plays
        made["core_ms"] = 1000 * made["core_s"] / plays
        made["disk_kb"] = sum(path.stat().st_size for path in cache.iterdir()) / plays / 1e3
        print(
            f"| {plays} plays | {jobs} | {plays / made['wall_s']:.1f} | {made['core_ms']:.1f} | "
            f"{made['parent_mb']:.0f} | {made['child_mb']:.0f} | {made['disk_kb']:.1f} |",
            flush=True,
        )
        return made

    tried = sorted({1, min(2, cores), cores})
    runs: dict[int, list[dict]] = {jobs: [] for jobs in tried}
    for turn in range(args.rounds):
        for jobs in tried:
            cache = work / f"one-{jobs}-{turn}"
            runs[jobs].append(alone(run_prepare, copies[:1], cache, jobs))
    for jobs in tried:
        row(copies[:1], jobs, runs[jobs], work / f"one-{jobs}-0")
    whole = work / "all"
    made = row(copies, cores, [alone(run_prepare, copies, whole, cores)], whole)

    again = alone(run_prepare, copies, whole, cores)
    print(f"\nasking again whether it is up to date: {again['wall_s']:.1f} s")
    kinds = [copy / kind for copy in copies for kind in ("replays", "beatmaps")]
    match = alone(run_match, kinds)
    match_ms = 1000 * match["core_s"] / match["pairs"]
    print(f"matching by MD5: {match_ms:.2f} ms a replay with its map, {match['parent_mb']:.0f} MB")
    table = alone(run_table, 1_000_000)
    print(f"table of 1,000,000 pairs: {table['wall_s']:.0f} s, {table['parent_mb']:.0f} MB")
    many = SIZES[-1] // SHARD_PAIRS
    lines = alone(run_manifest, many)
    print(
        f"manifest of {many} shards: {lines['size_mb']:.0f} MB on disk, "
        f"{lines['parent_mb']:.0f} MB in memory"
    )
    drawn = alone(run_draw, whole, args.steps)
    print(
        f"drawing 64 x 512, held {'whole' if drawn['whole'] else 'in part'}: first batch after "
        f"{drawn['open_s']:.0f} s, then {drawn['draw_ms']:.0f} ms (mean {drawn['mean_ms']:.0f}), "
        f"{drawn['parent_mb']:.0f} MB"
    )

    print(f"\n| plays | disk | core hours | hours on 2 cores | days on {MACHINE_CORES} cores |")
    print("|---|---|---|---|---|")
    for plays in (read_manifest(whole).sizes.plays, *SIZES):
        hours = plays * (made["core_ms"] + match_ms) / 3.6e6
        print(
            f"| {plays:,} | {plays * made['disk_kb'] / 1e6:,.1f} GB | {hours:,.1f} | "
            f"{hours / 2:,.1f} | {hours / 24 / MACHINE_CORES:.2f} |"
        )


if __name__ == "__main__":
    main()
