"""How long a generated play takes, past importing torch, beside the length of its map.

    uv run -m bench.generate [--seconds 180] [--repeat 3] [--model rnn ...] [--steps 8 ...]
                             [--device cuda]

A map of the wanted length is made of the sample map's objects, again and again. Each model plays it
`--repeat` times, one with a sampler also at every number of `--steps`; the table holds medians and
how many times real time that is. CPU s adds all threads up: with OMP_NUM_THREADS=1 it is what the
playing takes on a core that is free.
"""

import argparse
import statistics
import time
from pathlib import Path

from osu.formats.beatmap import parse_beatmap
from osu.players import engine

ROOT = Path(__file__).parent.parent


def long_map(seconds: float) -> bytes:
    """The circuit sample with its objects repeated until the map is `seconds` long."""
    text = (ROOT / "data" / "sample" / "circuit.osu").read_text()
    head, objects = text.split("[HitObjects]")
    rows = [row.split(",") for row in objects.split("\n") if row.strip()]
    first, last = int(rows[0][2]), int(rows[-1][2]) + 2000
    made = []
    for turn in range(int(seconds * 1000 // (last - first)) + 1):
        shift = turn * (last - first)
        for row in rows:
            moved = [*row[:2], str(int(row[2]) + shift), *row[3:]]
            if int(row[3]) & 8:
                moved[5] = str(int(row[5].split(":")[0]) + shift)
            if int(moved[2]) < first + seconds * 1000:
                made.append(",".join(moved))
    return (head + "[HitObjects]\n" + "\n".join(made) + "\n").encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--model", nargs="+", help="all by default")
    parser.add_argument("--steps", type=int, nargs="+", default=[], help="of the sampler")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    args = parser.parse_args()
    beatmap = parse_beatmap(long_map(args.seconds))
    length = (beatmap.end_ms.max() - beatmap.start_ms[0]) / 1000
    print(f"{len(beatmap.start_ms)} objects, {length:.0f} s")
    print("| model | load s | play s | CPU s | times real time |")
    print("|---|---|---|---|---|")
    for name in args.model or [card.name for card in engine.list_models()]:
        begun = time.perf_counter()
        player = engine.load_player(name, args.device)
        loaded = time.perf_counter() - begun
        sampled = "steps" in player.card.options
        for steps in [None, *args.steps] if sampled else [None]:
            walls, cpus = [], []
            for seed in range(args.repeat):
                begun, cpu_begun = time.perf_counter(), time.process_time()
                player.play(beatmap, seed, engine.PlayOptions(steps=steps))
                walls.append(time.perf_counter() - begun)
                cpus.append(time.process_time() - cpu_begun)
            wall, cpu = statistics.median(walls), statistics.median(cpus)
            row = f"{name}, {steps} steps" if steps else name
            print(f"| {row} | {loaded:.2f} | {wall:.2f} | {cpu:.2f} | {length / wall:.0f} |")


if __name__ == "__main__":
    main()
