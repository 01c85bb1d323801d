"""How long judging takes, and what it is compared with: `uv run -m bench.judge`.

Needs ../shared. Over 200 real replays: the first judging of a map that was just read, which builds
the map's slider events and the game's polylines, and a second one, which has them. In CPU time of
the one thread, so that other work on the machine does not count.
"""

import csv
import statistics
import time
from pathlib import Path

from osu.formats.beatmap import load_beatmap
from osu.formats.replay import load_replay
from osu.rules.judge import judge

DATA = Path(__file__).parents[2] / "shared/data"
OSR2MP4_MS = 498  # a replay, the best known offline judge; ../shared/notes/formats.md
REPLAYS = 200


def main() -> None:
    with open(DATA / "index.csv", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["completed"] == "1" and r["lazer"] == "0"]
    times = {"first": [], "again": []}
    for row in rows[:: max(1, len(rows) // REPLAYS)]:
        replay = load_replay(DATA / "replays" / row["replay"])
        beatmap = load_beatmap(DATA / "beatmaps" / f"{row['beatmap']}.osu").with_mods(replay.mods)
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
