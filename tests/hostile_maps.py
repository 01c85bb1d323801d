"""Beatmaps made to hurt their reader, and what has to be said of them (part of the sentence, or
"loaded" with the number of objects where the game would play them).

Shared by tests/test_beatmap_hostile.py and bench/hostile_beatmap.py.
"""

import random
import zipfile
from pathlib import Path

from tests.maps import BEAT_300, ONE_CIRCLE, osu

FAR = 131_072


def slider(slides: object = 1, length: object = 100, time: object = 1000) -> str:
    return f"256,192,{time},2,0,L|300:300,{slides},{length}"


def lines(line: str, count: int) -> bytes:
    """`count` objects, {i} being their number."""
    return osu("\n".join(line.format(i=i) for i in range(count)))


def random_beziers(points: int, count: int) -> bytes:
    generator = random.Random(0)
    paths = (
        "|".join(f"{generator.randint(-FAR, FAR)}:{generator.randint(-FAR, FAR)}" for _ in range(n))
        for n in [points] * count
    )
    return osu("\n".join(f"0,0,{i},2,0,B|{path},1,100" for i, path in enumerate(paths)))


def noise(size: int) -> bytes:
    return random.Random(0).randbytes(size)


CIRCLE = "256,192,1000,1,0"
VERTICES, PARTS, UNREAD = "path vertices", "ticks and repeats", "no hit objects that can be read"

# name: (bytes when called, what is said)
MAPS = {
    "10^6 circles": (lambda: lines("256,192,{i},1,0,0:0:0:0:", 10**6), "larger than 8 MB"),
    "300,000 circles": (lambda: lines("2,2,{i},1,0", 300_000), "more than 50000 hit objects"),
    "50,000 circles": (lambda: lines("9,9,{i}00,1,0", 50_000), "loaded 50000"),
    "50,000 at one time": (lambda: osu("\n".join(
        f"{i % 500},{i // 500 * 3},1000,1,0" for i in range(50_000))), "same time to be stacked"),
    "50,000 at one place and time": (lambda: lines(CIRCLE, 50_000), "loaded 50000"),
    "tick rate 0": (lambda: osu(difficulty="SliderTickRate:0"), "loaded 8"),
    "tick rate -1": (lambda: osu(difficulty="SliderTickRate:-1"), "loaded 8"),
    "multiplier 0": (lambda: osu(difficulty="SliderMultiplier:0"), "loaded 8"),
    "slides 10^9": (lambda: osu(slider(10**9)), UNREAD),
    "slides of 5000 digits": (
        lambda: osu(slider("9" * 5000)), UNREAD),
    "9000 slides, 50,000 times": (
        lambda: lines(slider(9000), 50_000), PARTS),
    "slider length 10^9": (lambda: osu(slider(1, 10**9)), UNREAD),
    "slider length nan": (lambda: osu(slider(1, "nan")), UNREAD),
    "slider length inf": (lambda: osu(slider(1, "inf")), UNREAD),
    "ticks": (lambda: lines(slider(1, FAR), 50_000), PARTS),
    "a slider of weeks": (lambda: osu(slider(9, FAR),
        timing="0,60000,4,1,0,100,1,0\n0,-1000,4,1,0,100,0,0"), "for weeks"),
    "beat length 0": (lambda: osu(slider(), timing="0,0,4,1,0,100,1,0"), "loaded 1"),
    "place nan": (lambda: osu("nan,192,1000,1,0"), UNREAD),
    "place 10^400": (lambda: osu("1e400,192,1000,1,0"), UNREAD),
    "time 10^300": (lambda: osu("1,192,1e300,1,0"), UNREAD),
    "time -inf": (lambda: osu("1,192,-inf,1,0"), UNREAD),
    "type of 23 digits": (lambda: osu("1,1,1,99999999999999999999999,0\n" + CIRCLE), "loaded 1"),
    "far beziers": (lambda: lines(
        f"0,0,{{i}},2,0,B|{FAR}:0|-{FAR}:{FAR}|0:{FAR},1,100", 50_000), VERTICES),
    "beziers of 998 points": (lambda: random_beziers(998, 100), VERTICES),
    "beziers of 98 points": (lambda: random_beziers(98, 2000), VERTICES),
    "a bezier of 150,000 points": (lambda: osu("0,0,1000,2,0,B|" + "|".join(
        f"{i % 500}:{i % 300}" for i in range(150_000)) + ",1,100"), "more than 1000 points"),
    "10^6 control points": (
        lambda: osu("0,0,1000,2,0,B" + "|1:1" * 10**6 + ",1,100"), "control points"),
    "arcs": (lambda: lines("0,0,{i},2,0,P|100:100|200:0,1,100", 50_000), VERTICES),
    "far arcs": (lambda: lines(f"0,0,{{i}},2,0,P|{FAR}:99|0:{FAR},1,100", 50_000), VERTICES),
    "catmulls": (lambda: lines("0,0,{i},2,0,C|100:100|200:0,1,100", 50_000), VERTICES),
    "a catmull of 190,000 knots": (lambda: osu("0,0,1000,2,0,C|" + "|".join(
        f"{i % 500}:{i % 300}" for i in range(190_000)) + ",1,100"), VERTICES),
    "B-splines": (lambda: lines("0,0,{i},2,0,B900" + "|7:9|500:8|3:300" * 330 + ",1,100", 40),
        "B-spline"),
    "a degree of 20 digits": (lambda: osu(f"0,0,1,2,0,B{'9' * 20}|1:1|5:9|9:9,1,9"), "loaded 1"),
    "paths of many types": (
        lambda: lines("0,0,{i},2,0,B|1:1|2:5|P|5:5|8:1|9:3|L|50:50,1,9", 40_000), "control points"),
    "bad samples": (lambda: lines("9,9,{i},1,0,{i}:x", 50_000), UNREAD),
    "bad timing fields": (lambda: osu(CIRCLE, timing="\n".join(
        f"{i},300,{i},x,{i},{i},1,{i}" for i in range(90_000))), "loaded 1"),
    "bad paths of many sliders": (lambda: lines("0,0,{i},2,0,B|1:1|2:1e9,1,9", 50_000), UNREAD),
    "50,000 holds": (lambda: lines("9,9,{i},128,0,{i}:0:0", 50_000), "loaded 50000"),
    "7 MB of comments": (lambda: osu(CIRCLE + "\n//" * 2_300_000), "more than 50000 hit objects"),
    "3 MB of slashes": (lambda: osu(CIRCLE + "\n" + "/" * 3_000_000), "loaded 1"),
    "unreadable lines": (lambda: osu(
        "256,192,1000,2,0,L|300:x,1,100\n" * 49_000 + CIRCLE), "loaded 1"),
    "every second line unreadable": (lambda: osu("\n".join(
        f"2,1,1,2,0,L|3:x,1,9\n{slider(time=100 * i)}" for i in range(24_000))), "loaded 24000"),
    "7 MB of new lines": (lambda: osu("\n" * 7_000_000), "more than 50000 hit objects"),
    "7 MB of returns": (lambda: osu("\r" * 7_000_000 + CIRCLE), "more than 50000 hit objects"),
    "7 MB of brackets": (lambda: osu("\n[" * 3_500_000), "more than 1000 sections"),
    "300,000 sections": (lambda: osu("\n[HitObjects]\n1,1,1,1,0" * 300_000), "1000 sections"),
    "700,000 keys": (lambda: osu(general="\n".join(
        f"k{i}:1" for i in range(700_000))), "[General] section"),
    "10^6 breaks": (lambda: osu(CIRCLE, events="2,1,2\n" * 10**6), "loaded 1"),
    "10^6 timing points": (lambda: osu(CIRCLE, timing="0,300\n" * 10**6), "timing points"),
    "99,000 unreadable timing points": (
        lambda: osu(CIRCLE, timing="0,x,4,1,0,100,1,0\n" * 99_000 + BEAT_300), "loaded 1"),
    "a number of 7 MB": (lambda: osu("9" * 7_000_000 + ",1,1,1,0"), UNREAD),
    "7 MB of commas": (lambda: osu("," * 7_000_000 + "\n" + CIRCLE), "loaded 1"),
    "7 MB of emoji": (lambda: osu(CIRCLE + "\n" + "\U0001f600" * 1_700_000), "loaded 1"),
    "7 MB of noise": (lambda: noise(7_000_000), "is not a .osu file"),
    "7 MB of noise in a map": (lambda: osu(CIRCLE) + noise(7_000_000), "hit objects"),
    "1 MB of 0xff": (lambda: b"\xff" * 1_000_000, "is not a .osu file"),
    "1 MB of zeros": (lambda: bytes(1_000_000), "is not a .osu file"),
    "UTF-16": (lambda: osu(CIRCLE).decode().encode("utf-16"), "loaded 1"),
}  # fmt: skip


def archive(path: Path, entries: list[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries:
            file.writestr(name, data)


def bomb(path: Path) -> None:
    """Some 0.6 MB that expand to 640, more than test_bounds leaves its reader."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("a.osu", "w", force_zip64=True) as entry,
    ):
        entry.write(osu(ONE_CIRCLE))
        for _ in range(160):
            entry.write(bytes(1 << 22))


def encrypted(path: Path) -> None:
    archive(path, [("a.osu", osu(ONE_CIRCLE))])
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


def one(name: str, data: bytes | None = None):
    return lambda path: archive(path, [(name, data or osu(ONE_CIRCLE))])


# name: (writes a file when called with its path, what is said)
ARCHIVES = {  # nothing is ever unpacked, so a name cannot lead out of the archive
    "a bomb": (bomb, "expands to more than"),
    "many large maps": (lambda path: archive(
        path, [(f"{i}.osu", osu() + bytes(7_000_000)) for i in range(40)]), "expands to more"),
    "20,000 entries": (lambda path: archive(
        path, [(f"{i}.osu", b"") for i in range(20_000)]), "too many files"),
    "traversal": (one("../../a.osu"), "loaded 1"),
    "traversal, other slashes": (one("..\\..\\a.osu"), "loaded 1"),
    "absolute": (one("/etc/a.osu"), "loaded 1"),
    "a drive": (one("C:/a.osu"), "loaded 1"),
    "a name of control characters": (one("a\n\x1b[2J.osu", b"[A]\n[B]\n"), "has no hit objects"),
    "encrypted": (encrypted, "damaged or not a .osz"),
    "empty": (lambda path: archive(path, []), "no osu!standard difficulty"),
    "a folder": (lambda path: archive(path, [("a.osu/", b"")]), "no osu!standard difficulty"),
    "noise": (lambda path: path.write_bytes(noise(100_000)), "damaged or not a .osz"),
    "no bytes": (lambda path: path.write_bytes(b""), "damaged or not a .osz"),
    "a .osu in disguise": (lambda path: path.write_bytes(osu()), "damaged or not a .osz"),
}  # fmt: skip
