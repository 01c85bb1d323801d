"""Does the judged result follow what was asked? `--accuracy`, `--ur` and `--skill` of generate.py.

    uv run -m experiments.asked --data DIR [--maps 12] [--seeds 1]

DIR holds replays and their maps. Plays maps of the test split, those of middling human accuracy, at
every asked value, and judges the plays. A value is played up to four times (osu.players.target), a
few seconds each on two cores.
"""

import argparse

import numpy as np
from scipy.stats import spearmanr
from tqdm import tqdm

from osu.devices import pick_device
from osu.likeness.human_plays import read_humans, select
from osu.likeness.measures import measure
from osu.players.engine import DEFAULT, load_player
from osu.players.options import SKILLS, PlayOptions

ASKED = {
    "accuracy": (0.90, 0.925, 0.95, 0.97, 0.98, 0.99),
    "unstable_rate": (80.0, 110.0, 150.0, 200.0),
    "skill": tuple(SKILLS),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True, metavar="DIR", help="replays and their maps")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--maps", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=1, help="plays of every map and value")
    parser.add_argument("--only", choices=list(ASKED), help="one option")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    player = load_player(args.model, str(pick_device(args.device)))
    chosen = select(read_humans(args.data)[0], "test", None)
    chosen = [h for h in chosen if 0.9 <= h.accuracy <= 0.99]
    maps = [h.load()[0] for h in chosen[:: max(1, len(chosen) // args.maps)][: args.maps]]
    for option, values in ASKED.items():
        if args.only not in (None, option):
            continue
        of_value = {value: [] for value in values}
        jobs = [(b, v, seed) for b in maps for v in values for seed in range(args.seeds)]
        for beatmap, value, seed in tqdm(jobs, desc=option, leave=False):
            numbers = measure(
                beatmap, player.play(beatmap, seed, PlayOptions(**{option: value}))
            ).numbers
            of_value[value].append(
                numbers["unstable_rate" if option == "unstable_rate" else "accuracy"]
            )
        print(f"--{option}: {len(maps)} maps of the test split, {args.seeds} plays each")
        print("| asked | judged p25 | median | p75 |\n|---|---|---|---|")
        for value, found in of_value.items():
            low, middle, high = np.percentile(found, (25, 50, 75))
            print(f"| {value} | {low:.2f} | {middle:.2f} | {high:.2f} |")
        order = [i for i, found in enumerate(of_value.values()) for _ in found]
        judged = np.concatenate(list(of_value.values()))
        print(f"rank correlation of asked and judged: {spearmanr(order, judged).statistic:.3f}")
        if option != "skill":
            scale = 100 if option == "accuracy" else 1
            asked = np.repeat([scale * value for value in values], len(maps) * args.seeds)
            print(f"median distance of judged from asked: {np.median(np.abs(judged - asked)):.2f}")


if __name__ == "__main__":
    main()
