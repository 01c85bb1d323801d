"""The shipped `rnn` and `keys` on the test split, and cursors of the adversarial models.

    uv run -m experiments.shipped --data DIR [--cursors gan vae wgan] [--device auto]

Prepares the data where it is not yet (a minute), then a few minutes on one core, and two more for
each name of --cursors. The evaluations are those of the training scripts: `keys` presses along each
human's own cursor, in their style; the others are told from 60 human cursors without keys.
"""

import argparse
from pathlib import Path

import torch

import train_keys
import train_rnn
from osu.data.dataset import open_plays
from osu.data.library import SPLITS
from osu.devices import pick_device
from osu.nets.checkpoint import load_model
from osu.training.cursor_validation import validate_cursors

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True, metavar="DIR", help="as in training")
    parser.add_argument("--cache", default="cache", help="opened as it is where --data is ''")
    parser.add_argument("--split", default="test", choices=SPLITS)
    parser.add_argument("--seed", type=int, default=0, help="of the sampled presses")
    parser.add_argument("--cursors", nargs="*", default=[], metavar="NAME", help="gan, vae, wgan")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    args = parser.parse_args()
    device = pick_device(args.device)
    plays = open_plays(args.data, args.cache).to(device)
    index = plays.where(args.split)

    cursor = train_rnn.evaluate(load_model(ROOT / "models/rnn").to(device), plays, index)
    keys_model = load_model(ROOT / "models/keys").to(device)
    with torch.no_grad():
        k = train_keys.evaluate(keys_model, plays, [int(i) for i in index], args.seed)
    human, generated = (
        {name.removeprefix(f"{side}_"): k[name] for name in k if name.startswith(side)}
        for side in ("human", "generated")
    )
    ur = f"{10 * human['spread_p5']:.0f} to {10 * human['spread_p95']:.0f}"
    hold = f"{0.8 * human['hold']:.0f} to {1.2 * human['hold']:.0f}"
    rows = [
        ("rnn: cursor inside the object at its time, %", "97", 100 * cursor["inside"], None),
        ("keys: exactly one press, %", "97", 100 * generated["one"], 100 * human["one"]),
        ("keys: double taps, %", "under 1", 100 * generated["many"], 100 * human["many"]),
        ("keys: hold, median ms", hold, generated["hold"], human["hold"]),
        ("keys: other finger at gaps under 180 ms, %", "as humans",
         100 * generated["alternation"], 100 * human["alternation"]),
        ("keys: lag-1 autocorrelation of errors", ".15", generated["lag1"], human["lag1"]),
        ("keys: unstable rate, median", ur, 10 * generated["spread"], 10 * human["spread"]),
    ]  # fmt: skip
    print(f"{len(index)} plays of the {args.split} split")
    print("| figure | limit | generated | human |\n|---|---|---|---|")
    for name, limit, value, of_humans in rows:
        beside = "" if of_humans is None else f"{of_humans:.2f}"
        print(f"| {name} | {limit} | {value:.2f} | {beside} |")
    for name in args.cursors:
        told = validate_cursors(
            load_model(ROOT / "models" / name).to(device), plays, index[:60], args.seed
        )
        conv, features = told["conv_accuracy"], told["features_accuracy"]
        print(f"{name}: told in {conv:.1%} (conv), {features:.1%} (features) of windows; ", end="")
        print(f"{told['apart']:.1f} px apart, {told['generated_rpm']:.0f} rpm ", end="")
        print(f"(humans {told['human_rpm']:.0f}), still {told['generated_still']:.3f} ", end="")
        print(f"({told['human_still']:.3f})")


if __name__ == "__main__":
    main()
