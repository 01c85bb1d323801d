"""How long reading a .osr takes, side by side with bare LZMA and osrparse, and hostile files.

    uv run -m bench.replay FOLDER [--count 60]

FOLDER holds .osr files. Each file is read by all three, one after the
other, five times, in CPU time of the one thread, so that a busy machine disturbs little; the table
holds medians over the files. Wanted: at most 4 times bare LZMA, at least 2.5
times faster than osrparse. A minute on one core. What is read is checked by bench/shared.py.
"""

import argparse
import lzma
import random
import resource
import statistics
from pathlib import Path
from time import thread_time

import osrparse

from osu.formats.replay import ReplayError, parse_replay
from tests.osr import osr, packed_frames

REPEATS = 5


def median_ms(function) -> float:
    times = []
    for _ in range(REPEATS):
        start = thread_time()
        function()
        times.append(1000 * (thread_time() - start))
    return statistics.median(times)


def compare(paths: list[Path]) -> None:
    rows = []
    for path in paths:
        data = path.read_bytes()
        packed = packed_frames(data)
        rows.append(
            (
                median_ms(lambda packed=packed: lzma.decompress(packed)),
                median_ms(lambda data=data: parse_replay(data)),
                median_ms(lambda data=data: osrparse.Replay.from_string(data)),
            )
        )
    bare, own, theirs = zip(*rows, strict=True)
    print(f"{len(rows)} files, median of {REPEATS} readings each")
    print("| reader | median ms | slowest ms |\n|---|---|---|")
    for name, times in (("bare LZMA", bare), ("osu.formats.replay", own), ("osrparse 7", theirs)):
        print(f"| {name} | {statistics.median(times):.2f} | {max(times):.1f} |")
    over_lzma = [a / b for a, b in zip(own, bare, strict=True)]
    faster = [a / b for a, b in zip(theirs, own, strict=True)]
    print(f"times bare LZMA: median {statistics.median(over_lzma):.2f}, worst {max(over_lzma):.2f}")
    print(f"faster than osrparse: median {statistics.median(faster):.2f}, worst {min(faster):.2f}")


def hostile() -> None:
    mb = 1 << 20
    cases = {
        "200 MB of frames in 32 KB": osr(b"16|256|192|0," * (200 * mb // 13)),
        "12 MB of frames": osr(b"16|299.5555|190.6667|0," * (12 * mb // 24)),
        "half a million frames with exponents": osr(b"0|1E1|1E1|0," * (1 << 19)),
        "16 MB of commas": osr(b"," * (16 * mb)),
        "16 MB of digits": osr(b"1" * (16 * mb)),
        "1 MB of life bar": osr(life=b"\x0b\x80\x80\x3c" + b"1|1," * 245_760),
        "1 MB of 0xff as a length": osr(player=b"\x0b" + b"\xff" * mb),
        "4 GB unpacked": osr(packed=b"\x5d\x00\x00\x20\x00" + b"\xff" * 8 + bytes(30_000)),
    }
    print("\n| hostile file | KB | s | what is said |\n|---|---|---|---|")
    for name, data in cases.items():
        start = thread_time()
        try:
            said = f"{len(parse_replay(data).keys)} frames read"
        except ReplayError as error:
            said = str(error).partition(": ")[2]
        print(f"| {name} | {len(data) / 1e3:.0f} | {thread_time() - start:.2f} | {said} |")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"peak memory of this process, the making of the files included: {peak_mb:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of .osr files")
    parser.add_argument("--count", type=int, default=60, help="files, drawn with a fixed seed")
    args = parser.parse_args()
    paths = sorted(args.folder.glob("*.osr"))
    if not paths:
        parser.error(f"{args.folder} holds no .osr file")
    compare(random.Random(0).sample(paths, min(args.count, len(paths))))
    hostile()


if __name__ == "__main__":
    main()
