"""What the two readers must hold on a folder of real plays, each as a count.

    uv run -m bench.shared FOLDER

FOLDER holds index.csv, replays/ and beatmaps/. A minute on one core for a thousand replays.

Every replay and every map is loaded. Frames are written and read again: to the bit, and with the
very text that the game wrote. The time base: of the completed replays, how many have a press within
the 50 window at nine of ten circles and slider heads that the header counts as hit, with every
delta counted and with osrparse's frames, which lack the lead-in. Generated replays are not used.
"""

import argparse
import csv
import lzma
from pathlib import Path

import numpy as np
import osrparse
from tqdm import tqdm

from osu.formats.beatmap import Beatmap, Kind, load_beatmap
from osu.formats.replay import Replay, clean_frames, load_replay
from osu.formats.replay_frames import dump_frames, parse_frames
from tests.osr import packed_frames


def same_frames(replay: Replay, data: bytes) -> tuple[bool, bool]:
    """Whether the written frames read back to the bit, and whether they are the game's own text."""
    frames = (replay.delta_ms, replay.xy, replay.keys)
    text = dump_frames(*frames, replay.seed, trailing_comma=not replay.is_lazer)
    *again, seed, _ = parse_frames(text)
    same = seed == replay.seed
    same &= all(a.tobytes() == b.tobytes() for a, b in zip(frames, again, strict=True))
    return same, text == lzma.decompress(packed_frames(data))


def pressed_share(beatmap: Beatmap, press_ms: np.ndarray, counted: int) -> float:
    """Circles and slider heads with one of the presses (P,) within the 50 window, as a share of
    those that the header counts as hit (`counted`, spinners included, at most all there are)."""
    start_ms = beatmap.start_ms[beatmap.kind != Kind.SPINNER]
    press_ms = np.concatenate([[-np.inf], np.sort(press_ms), [np.inf]])
    after = np.searchsorted(press_ms, start_ms)
    apart = np.minimum(press_ms[after] - start_ms, start_ms - press_ms[after - 1])
    return (apart < beatmap.window50_ms).sum() / max(min(counted, len(start_ms)), 1)


def press_times(t_ms: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """When one of the two keys goes down."""
    down = keys & ~np.concatenate([[0], keys[:-1]])
    return t_ms[(down & 3) > 0]


def theirs(path: Path) -> np.ndarray:
    """Press times as osrparse's deltas add up."""
    frames = osrparse.Replay.from_path(path).replay_data
    t_ms = np.cumsum([frame.time_delta for frame in frames])
    return press_times(t_ms, np.array([int(frame.keys) for frame in frames]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with an index.csv")
    folder = parser.parse_args().folder
    try:
        with open(folder / "index.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        parser.error(str(error))

    files = sorted((folder / "beatmaps").glob("*.osu"))
    maps = {file.stem: load_beatmap(file) for file in tqdm(files, "maps")}
    print(f"{len(maps)} of {len(files)} maps load")

    bits = text = 0
    shares, lacking = [], []
    for row in tqdm(rows, "replays"):
        path = folder / "replays" / row["replay"]
        replay = load_replay(path)
        same = same_frames(replay, path.read_bytes())
        bits, text = bits + same[0], text + same[1]
        if row["completed"] == "1":
            beatmap = maps[row["beatmap"]].with_mods(replay.conditions)
            counted = replay.n300 + replay.n100 + replay.n50
            t_ms, _, keys = clean_frames(replay)
            shares.append(pressed_share(beatmap, press_times(t_ms, keys), counted))
            lacking.append(pressed_share(beatmap, theirs(path), counted))
    print(f"{len(rows)} of {len(rows)} replays load")
    print(f"{bits} are read, written and read again to the bit; {text} with the game's own text")
    for name, found in (("every delta", shares), ("osrparse 7's deltas", lacking)):
        good = int((np.array(found) >= 0.9).sum())
        print(
            f"{good} of {len(found)} completed replays ({100 * good / len(found):.1f} %) have a "
            f"press within the 50 window at 90 % of what their header counts as hit: {name}"
        )


if __name__ == "__main__":
    main()
