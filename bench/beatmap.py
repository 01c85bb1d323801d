"""Loading a .osu with slider paths sampled every 16.7 ms: osu/formats/beatmap.py beside `slider`.

    uv run -m bench.beatmap --maps DIR [--count 60]

Both load the same random maps in this process, twenty at a time and turn by turn, in CPU time of
the one thread, so that a busy machine disturbs little; a map's ratio is of its own two times. Ours
includes stacking; slider is timed without and with its own. Maps that slider cannot read are
counted, not timed.
"""

import argparse
import gc
import statistics
import sys
from pathlib import Path
from time import thread_time

import numpy as np
import slider

from osu.formats.beatmap import Beatmap, Kind, load_beatmap
from osu.units import FRAME_MS

BLOCK = 20


def sample_ours(beatmap: Beatmap) -> int:
    """Positions of all slider balls every FRAME_MS; returns how many."""
    heads = np.flatnonzero(beatmap.kind == Kind.SLIDER)
    duration_ms = beatmap.end_ms[heads] - beatmap.start_ms[heads]
    count = (duration_ms // FRAME_MS).astype(np.int64) + 1
    index = np.repeat(heads, count)
    nth = np.arange(len(index)) - np.repeat(np.cumsum(count) - count, count)
    return len(beatmap.ball_xy(index, beatmap.start_ms[index] + nth * FRAME_MS))


def sample_theirs(beatmap: slider.Beatmap, stacking: bool) -> int:
    total = 0
    for one in beatmap.hit_objects(circles=False, spinners=False, stacking=stacking):
        duration_ms = (one.end_time - one.time).total_seconds() * 1000
        for nth in range(int(duration_ms // FRAME_MS) + 1):
            progress = nth * FRAME_MS / duration_ms * one.repeat
            back = int(progress) % 2 == 1
            one.curve(1 - progress % 1 if back else progress % 1)
            total += 1
    return total


def timed(work, file: Path) -> float | None:
    """ms of CPU time, None where it failed."""
    start = thread_time()
    try:
        work(file)
    except Exception:
        return None
    return (thread_time() - start) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--maps", type=Path, required=True, metavar="DIR", help="of .osu files")
    parser.add_argument("--count", type=int, default=60, help="how many maps, 0 = all")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    files = sorted(args.maps.glob("*.osu"))
    if not files:
        raise SystemExit(f"no .osu files in {args.maps}")
    if args.count:
        chosen = np.random.default_rng(args.seed).permutation(len(files))[: args.count]
        files = [files[i] for i in chosen]

    ways = {
        "osu/formats/beatmap.py load": lambda file: load_beatmap(file),
        "osu/formats/beatmap.py load + paths": lambda file: sample_ours(load_beatmap(file)),
        "slider load": lambda file: slider.Beatmap.from_path(file),
        "slider load + paths": lambda file: sample_theirs(slider.Beatmap.from_path(file), False),
        "slider load + stacks + paths": lambda file: sample_theirs(
            slider.Beatmap.from_path(file), True
        ),
    }
    for work in ways.values():  # warm caches and lazy imports
        timed(work, files[0])
    times = {name: [] for name in ways}
    for at in range(0, len(files), BLOCK):
        for name, work in ways.items():
            gc.collect()  # nobody pays for what another left behind
            times[name] += [timed(work, file) for file in files[at : at + BLOCK]]
        print(f"\r{min(at + BLOCK, len(files))} / {len(files)}", end="", file=sys.stderr)
    print(file=sys.stderr)

    base = times["osu/formats/beatmap.py load + paths"]
    print(f"{len(files)} maps; ratio = median over maps of the time divided by ours with paths")
    print(f"{'':30}{'median ms':>10}{'p90':>9}{'max':>9}{'failed':>8}{'ratio':>8}")
    for name, values in times.items():
        good = [value for value in values if value is not None]
        ratios = [v / b for v, b in zip(values, base, strict=True) if v is not None and b]
        print(
            f"{name:30}{statistics.median(good):10.2f}{np.percentile(good, 90):9.2f}"
            f"{max(good):9.1f}{len(values) - len(good):8}{statistics.median(ratios):8.1f}"
        )


if __name__ == "__main__":
    main()
