"""Hostile beatmaps: what each costs before it is refused or loaded. The bound is 1 s and 500 MB.

    uv run -m bench.hostile_beatmap

Each file is read in a process of its own: wall seconds of the reading alone, peak memory of the
process with Python and NumPy in it (about 30 MB).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.hostile_maps import ARCHIVES, MAPS

ROOT = Path(__file__).parents[1]
CHILD = """
import sys, time
from osu.formats.beatmap import BeatmapError, load_beatmap
start = time.perf_counter()
try:
    beatmap = load_beatmap(sys.argv[1])
    beatmap.event_ms, beatmap.path_xy
    said = f"loaded {len(beatmap.kind)}"
except BeatmapError as error:
    said = str(error)
took = time.perf_counter() - start
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(f"{took:7.2f} {int(peak) / 1024:7.0f}  {said}")
"""


def main() -> None:
    print(f"{'':32}{'s':>7} {'MB':>7}")
    worst = [0.0, 0.0]
    with tempfile.TemporaryDirectory() as folder:
        for name, (make, _) in (MAPS | ARCHIVES).items():
            path = Path(folder) / ("a.osu" if name in MAPS else "a.osz")
            if name in MAPS:
                path.write_bytes(make())
            else:
                make(path)
            child = subprocess.run(
                [sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, cwd=ROOT
            )
            print(f"{name:32}{child.stdout.rstrip()[:120] or child.stderr[-200:]}", flush=True)
            figures = map(float, child.stdout.split()[:2])
            worst = [max(pair) for pair in zip(worst, figures, strict=True)]
    print(f"{'the worst':32}{worst[0]:7.2f} {worst[1]:7.0f}")


if __name__ == "__main__":
    main()
