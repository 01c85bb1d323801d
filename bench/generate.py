"""How long generated plays take, past importing torch, beside the length of their maps.

    uv run -m bench.generate [--seconds 180] [--maps data/sample ...] [--repeat 3]
                             [--model rnn ...] [--steps 8 ...] [--device cuda]

A map of the wanted length is made of the sample map's objects, again and again. Each model plays it
`--repeat` times, one with a sampler also at every number of `--steps`, and as often the maps of
`--maps`, one after the other as generate.py does. Reading them is counted, too. The table holds
medians and how many times real time that is. CPU s adds all threads up: with OMP_NUM_THREADS=1 it
is what the playing takes on a core that is free. The device is the GPU where there is one.
"""

import argparse
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

from osu.data.library import map_files
from osu.devices import pick_device
from osu.formats.beatmap import Beatmap
from osu.formats.mods import Mods
from osu.players import engine
from osu.players.generated import GeneratedPlay
from osu.players.many import ChosenMap, Opened, play_maps
from osu.players.options import OnProgress

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "data" / "sample"


def long_map(seconds: float) -> bytes:
    """The circuit sample with its objects repeated until the map is `seconds` long."""
    text = (SAMPLES / "circuit.osu").read_text()
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


def play_files(
    player: engine.Player, files: list[Path], seed: int, options: engine.PlayOptions
) -> float:
    """Plays every map that can be; how many seconds they last."""
    seconds = 0.0

    def play_one(beatmap: Beatmap, seed: int, on_share: OnProgress) -> GeneratedPlay:
        return player.generate(beatmap, seed, options, on_share)

    maps = [ChosenMap(path) for path in files]
    for event in play_maps(play_one, maps, Mods(0), [seed], lambda share: None):
        if isinstance(event, Opened):
            seconds += (event.beatmap.end_ms.max() - event.beatmap.start_ms[0]) / 1000
    return seconds


def timed(
    player: engine.Player, files: list[Path], options: engine.PlayOptions, repeat: int
) -> tuple[float, float, float]:
    """How many seconds the maps last, and the medians, over seeds from 0 on, of the wall and the
    CPU seconds that playing them takes."""
    walls, cpus = [], []
    for seed in range(repeat):
        begun, cpu_begun = time.perf_counter(), time.process_time()
        length = play_files(player, files, seed, options)
        walls.append(time.perf_counter() - begun)
        cpus.append(time.process_time() - cpu_begun)
    return length, statistics.median(walls), statistics.median(cpus)


def print_table(rows: dict[str, list[Path]], args: argparse.Namespace) -> None:
    device = pick_device(args.device)
    print(torch.cuda.get_device_name(device) if device.type == "cuda" else device)
    print("| model | maps | seconds | load s | play s | CPU s | times real time |")
    print("|---|---|---|---|---|---|---|")
    for name in args.model or [card.name for card in engine.list_models()]:
        begun = time.perf_counter()
        player = engine.load_player(name, str(device))
        loaded = time.perf_counter() - begun
        sampled = "steps" in player.card.options
        for steps in [None, *args.steps] if sampled else [None]:
            model = f"{name}, {steps} steps" if steps else name
            for maps, files in rows.items():
                options = engine.PlayOptions(steps=steps)
                length, wall, cpu = timed(player, files, options, args.repeat)
                times = f"{loaded:.2f} | {wall:.2f} | {cpu:.2f} | {length / wall:.0f}"
                print(f"| {model} | {maps} | {length:.0f} | {times} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--maps", nargs="+", default=[str(SAMPLES)], help="files or folders")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--model", nargs="+", help="all by default")
    parser.add_argument("--steps", type=int, nargs="+", default=[], help="of the sampler")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (%(default)s)")
    args = parser.parse_args()
    files = map_files(args.maps, Counter())
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.osu"
        long.write_bytes(long_map(args.seconds))
        print_table({"one": [long], f"{len(files)} files": files}, args)


if __name__ == "__main__":
    main()
