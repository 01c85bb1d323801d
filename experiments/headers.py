"""How many real headers the judge meets, and why not the others.

    uv run -m experiments.headers --data DIR

DIR holds index.csv, replays/ and beatmaps/. Its completed stable replays are judged, whose headers
the game itself wrote: a minute for a thousand. A replay has one cause, the first below that holds.
Life is compared at the times that the header has points for.
"""

import argparse
import csv
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from osu.formats.beatmap import Beatmap, Kind, load_beatmap
from osu.formats.replay import Replay, load_replay
from osu.rules.judge import Judgement, judge
from osu.rules.spinners import SIXTIETH_MS, SLOW_FRAMES

COUNTS = ("n300", "n100", "n50", "nmiss")
ASKED = {
    "counts": COUNTS,
    "misses": ("nmiss",),
    "max combo": ("max_combo",),
    "perfect": ("perfect",),
    "geki, katu": ("ngeki", "nkatu"),
    "score": ("score",),
}
NEAR = 0.05  # of the life bar
MIN_LIFE_POINTS = 6  # some replays are stored without a bar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="with an index.csv")
    data = parser.parse_args().data
    with open(data / "index.csv", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["completed"] == "1" and r["lazer"] == "0"]
    exact = {split: [] for split in ("train", "val", "test")}
    life = {split: [] for split in exact}
    causes: Counter = Counter()
    for row in tqdm(rows, unit="replay"):
        replay = load_replay(data / "replays" / row["replay"])
        beatmap = load_beatmap(data / "beatmaps" / f"{row['beatmap']}.osu").with_mods(
            replay.conditions
        )
        found = judge(beatmap, replay)
        same = {name: getattr(found, name) == getattr(replay, name) for name in found.header()}
        exact[row["split"]].append([all(same[n] for n in names) for names in ASKED.values()])
        if not all(same.values()):
            causes[cause(beatmap, replay, found, same)] += 1
        if len(replay.life) >= MIN_LIFE_POINTS:
            life[row["split"]].append(near_share(found, replay))
    exact["all"] = list(chain.from_iterable(exact.values()))
    life["all"] = list(chain.from_iterable(life.values()))
    for split, values in exact.items():
        shares = zip(ASKED, 100 * np.mean(values, axis=0), strict=True)
        text = ", ".join(f"{name} {share:.1f}" for name, share in shares)
        bar = f"life within {NEAR} at {100 * np.mean(life[split]):.1f} % of its points"
        print(f"{split:5} {len(values):4} replays, exact %: {text}; {bar}")
    for name, count in causes.most_common():
        print(f"{count:4} {name}")


def near_share(found: Judgement, replay: Replay) -> float:
    after = found.life_after
    at = np.searchsorted(after[:, 0], replay.life[:, 0], side="right") - 1
    ours = np.where(at >= 0, after[np.maximum(at, 0), 1], 1.0)
    return np.mean(np.abs(ours - replay.life[:, 1]) < NEAR)


def cause(beatmap: Beatmap, replay: Replay, found: Judgement, same: dict[str, bool]) -> str:
    """Why a header is not met, told from what differs."""
    if sum(getattr(replay, name) for name in COUNTS) != len(beatmap.start_ms):
        return "counts: the header has more or fewer judgements than the map has objects"
    if not all(same[name] for name in COUNTS):
        if not same["nmiss"]:
            return "counts: a hit taken for a miss, or a miss for a hit"
        if same["n50"] and found.n300 != replay.n300:
            return (
                f"counts: 100 and 300 exchanged, {'above' if found.n300 > replay.n300 else 'below'}"
            )
        return "counts: 50 and another exchanged"
    if not same["max_combo"]:
        return "max combo alone"
    if not same["score"]:
        if not (found.score - replay.score) % 100 and (beatmap.kind == Kind.SPINNER).any():
            slow = mean_spinner_gap(beatmap, replay) > SLOW_FRAMES
            return (
                f"score: half turns of a spinner, {'below 58' if slow else 'at 60'} frames a second"
            )
        return "score: the same judgements, but at other objects"
    return "geki and katu alone"


def mean_spinner_gap(beatmap: Beatmap, replay: Replay) -> float:
    """Mean time between frames during spinners, in sixtieths."""
    spinners = np.flatnonzero(beatmap.kind == Kind.SPINNER)
    clock = np.maximum.accumulate(replay.t_ms)
    first, over = (np.searchsorted(clock, t[spinners]) for t in (beatmap.start_ms, beatmap.end_ms))
    length = (beatmap.end_ms - beatmap.start_ms)[spinners]
    return length.sum() / max(1, (over - first).sum()) / (SIXTIETH_MS * beatmap.rate)


if __name__ == "__main__":
    main()
