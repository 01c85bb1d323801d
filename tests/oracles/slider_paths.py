"""Compare osu/formats/beatmap.py with osu-standard-stable, an independent port of the game (npm).

    npm install --prefix /tmp/oracle osu-parsers@4.1.7 osu-classes@3.1.0 osu-standard-stable@5.0.1
    .venv/bin/python tests/oracles/slider_paths.py --oracle /tmp/oracle ../shared/data/beatmaps

Compared over all objects and all sliders: 33 positions along each path (stacked), stack heights,
start times, span durations, lengths, and the times, kinds and places of ticks, repeats and the
legacy last tick. Needs node; prints a table and the worst sliders.
"""

import argparse
import base64
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from osu.formats.beatmap import Beatmap, Kind, load_beatmap
from osu.formats.slider_events import SliderPart
from osu.formats.slider_paths import along_paths, path_keys

SAMPLES = 33


def oracle_maps(oracle: Path, files: list[Path]):
    """Yields one dict of arrays a map, in the order of `files`."""
    script = Path(__file__).with_name("standard_stable.cjs")
    listing = "\n".join(str(file.resolve()) for file in files)
    with subprocess.Popen(
        ["node", str(script), str(oracle)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdin.write(listing)
        process.stdin.close()
        for line in process.stdout:
            raw = json.loads(line)
            arrays = {"file": Path(raw.pop("file"))}
            for key, text in raw.items():
                single = key in ("stacked", "sampled", "event_xy")
                values = np.frombuffer(base64.b64decode(text), np.float32 if single else np.float64)
                arrays[key] = values.reshape(-1, 2).astype(float) if single else values
            yield arrays
    if process.returncode:
        raise SystemExit(f"node ended with {process.returncode}")


def distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.hypot(*(one - other).T)


def compare(ours: Beatmap, oracle: dict) -> dict[str, np.ndarray]:
    """Absolute differences under names for the table, all arrays."""
    heads = np.flatnonzero(ours.kind == Kind.SLIDER)
    index = np.repeat(heads, SAMPLES)
    share = np.tile(np.linspace(0, 1, SAMPLES), len(heads))
    keys = path_keys(ours.path_dist, ours.path_start)
    sampled = along_paths(ours.path_xy, *keys, index, share * ours.length_px[index])
    off = distance(sampled, oracle["sampled"]).reshape(-1, SAMPLES)
    spinner = ours.kind == Kind.SPINNER
    found = {
        "path position, px": off.ravel(),
        "worst of a slider, px": off.max(axis=1),
        "object position, px": distance(ours.xy, oracle["stacked"])[~spinner],
        "stack height": np.abs(ours.stack - oracle["stack"]),
        "start, ms": np.abs(ours.start_ms - oracle["start"]),
        "span, ms": np.abs(ours.span_ms - oracle["span"]),
        "length, px": np.abs(ours.length_px - oracle["length"]),
    }
    owner = np.repeat(np.arange(len(ours.kind)), np.diff(ours.event_start))
    # The port sorts by time, which may put the legacy last tick before a repeat: tails apart.
    tail, their_tail = ours.event_kind == SliderPart.TAIL, oracle["event_kind"] == SliderPart.TAIL
    begin, end = ours.start_ms[owner[tail]], ours.end_ms[owner[tail]]
    event_ms = ours.event_ms.copy()
    event_ms[tail] = np.maximum((begin + end) / 2, end - 36.0)
    for ours_of, theirs_of in ((tail, their_tail), (~tail, ~their_tail)):
        same = np.array_equal(owner[ours_of], oracle["event_owner"][theirs_of])
        same &= np.array_equal(ours.event_kind[ours_of], oracle["event_kind"][theirs_of])
        found.setdefault("events differ", []).append(not same)
        if same:
            late = np.abs(event_ms[ours_of] - oracle["event_ms"][theirs_of])
            off = distance(ours.event_xy[ours_of], oracle["event_xy"][theirs_of])
            found.setdefault("event, ms", []).extend(late)
            found.setdefault("event position, px", []).extend(off)
    return {key: np.asarray(values) for key, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("maps", type=Path, help="folder of .osu files")
    parser.add_argument("--oracle", type=Path, required=True, help="folder with node_modules")
    parser.add_argument("--worst", type=int, default=10, help="how many sliders to list")
    args = parser.parse_args()
    files = sorted(args.maps.glob("*.osu"))
    total: dict[str, list] = {}
    worst = []
    for oracle in oracle_maps(args.oracle, files):
        ours = load_beatmap(oracle["file"])
        found = compare(ours, oracle)
        for key, values in found.items():
            total.setdefault(key, []).append(values)
        heads = np.flatnonzero(ours.kind == Kind.SLIDER)
        off = found["worst of a slider, px"]
        for at in np.argsort(off)[::-1][: args.worst]:
            worst.append((off[at], oracle["file"].stem, ours.start_ms[heads[at]]))
        for key in ("stack height", "events differ"):
            if found[key].any():
                count = int(np.count_nonzero(found[key]))
                print(f"{oracle['file'].stem} v{ours.format_version}: {key}: {count}")
    print(f"{len(files)} maps")
    print(f"{'absolute difference':24}{'n':>9}{'p50':>11}{'p99':>11}{'max':>11}{'> 0.1':>8}")
    for key, parts in total.items():
        values = np.concatenate(parts).astype(float)
        p50, p99 = np.percentile(values, [50, 99])
        over = np.count_nonzero(values > 0.1)
        print(f"{key:24}{len(values):9}{p50:11.2g}{p99:11.2g}{values.max():11.2g}{over:8}")
    for off, stem, start_ms in sorted(worst, reverse=True)[: args.worst]:
        print(f"{off:10.4f} px  {stem} at {start_ms:.0f} ms")


if __name__ == "__main__":
    main()
