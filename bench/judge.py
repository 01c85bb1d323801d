"""How long judging takes, and what it is compared with.

    uv run -m bench.judge --data DIR

DIR holds index.csv, replays/ and beatmaps/. Over 200 of its replays: the first judging of a map
that was just read, which builds the map's slider events and the game's polylines, and a second one,
which has them. In CPU time of the one thread, so that other work on the machine does not count.
"""

import argparse
import csv
import statistics
import time
from pathlib import Path

from osu.formats.beatmap import load_beatmap
from osu.formats.replay import load_replay
from osu.rules.judge import judge

OSR2MP4_MS = 498  # a replay, the best known offline judge, as measured on one core
REPLAYS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="with an index.csv")
    data = parser.parse_args().data
    with open(data / "index.csv", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["completed"] == "1" and r["lazer"] == "0"]
    times = {"first": [], "again": []}
    for row in rows[:: max(1, len(rows) // REPLAYS)]:
        replay = load_replay(data / "replays" / row["replay"])
        beatmap = load_beatmap(data / "beatmaps" / f"{row['beatmap']}.osu").with_mods(
            replay.conditions
        )
        for kind in times:
            begin = time.process_time()
            judge(beatmap, replay)
            times[kind].append(1000 * (time.process_time() - begin))
    for kind, values in times.items():
        median, p95 = statistics.median(values), sorted(values)[-len(values) // 20]
        print(
            f"{kind:6} n {len(values)}  median {median:5.1f} ms  p95 {p95:5.1f} ms  "
            f"{OSR2MP4_MS / median:4.0f} times faster than osr2mp4's {OSR2MP4_MS} ms"
        )


if __name__ == "__main__":
    main()
