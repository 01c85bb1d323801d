"""Hostile beatmaps: one sentence each, within memory bounds, never another exception.

Reference: none is needed to say what broke; the memory bound is the kernel's own (RLIMIT_AS). The
table of seconds and megabytes is bench/hostile_beatmap.py's; the timeout here only ends a hang.
"""

import random
import subprocess
import sys
import warnings
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osu.formats.beatmap import Beatmap, BeatmapError, load_beatmap, parse_beatmap
from tests.hostile_maps import ARCHIVES, MAPS
from tests.maps import ALL_KINDS, osu
from tests.paths import ROOT

VALID = osu()
TAIL_AT = VALID.index(b"[HitObjects]")


def read(data: bytes) -> Beatmap | None:
    """The map, None where the reader says that it isn't one. Anything else fails the test, numpy's
    warnings included."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            beatmap = parse_beatmap(data, "a.osu")
            assert len(beatmap.event_ms) == beatmap.event_start[-1]
            assert beatmap.with_mods(16).path_xy.shape == beatmap.path_xy.shape
        except BeatmapError as error:
            assert str(error).startswith("a.osu")
            assert str(error).isprintable()
            assert len(str(error)) < 200
            return None
    return beatmap


def test_every_truncation():
    """Before the first object it is no map; from then on it is one, of what is there."""
    whole = read(VALID)
    assert whole is not None
    assert len(whole.kind) == 8
    for end in range(len(VALID)):
        beatmap = read(VALID[:end])
        complete = VALID[TAIL_AT + 13 : end].count(b"\n")
        if beatmap is None:
            assert complete == 0
        else:
            assert complete <= len(beatmap.kind) <= complete + 1


def test_flipped_bits():
    generator = random.Random(0)
    for _ in range(3000):
        data = bytearray(VALID)
        for _ in range(generator.choice((1, 1, 2, 8))):
            data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        read(bytes(data))


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_random_bytes(data):
    read(data)
    read(VALID[: TAIL_AT + 13] + data)


NUMBER = st.one_of(
    st.integers(-(10**12), 10**12).map(str),
    st.floats().map(str),
    st.sampled_from(
        ["", " ", "x", "nan", "-inf", "1e999", "0x1", "1_0", "９", "-0", "+5", "1e-320"]
    ),
)
FIELD = st.one_of(NUMBER, st.text(alphabet="BLPC|:0123456789.-,/ \t", max_size=40))
LINE = st.lists(FIELD, max_size=11).map(",".join)


@given(objects=st.lists(LINE, max_size=6), timing=st.lists(LINE, max_size=4), number=NUMBER)
@settings(max_examples=300, deadline=None)
def test_random_fields(objects, timing, number):
    keys = ("SliderMultiplier", "SliderTickRate", "CircleSize", "ApproachRate")
    data = osu(
        "\n".join([*objects, ALL_KINDS]),
        timing="\n".join(timing),
        difficulty="\n".join(f"{key}:{number}" for key in keys),
        general=f"StackLeniency:{number}",
        events=f"2,{number},{number}",
    )
    read(data)


# Run apart, in a process of limited memory: what is in these files is meant to hurt.
CHILD = """
import resource, sys
from osu.formats.beatmap import BeatmapError, load_beatmap
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (450 << 20),) * 2)
for path in sys.stdin.read().split():
    try:
        beatmap = load_beatmap(path)
        beatmap.event_ms, beatmap.path_xy
        print("loaded", len(beatmap.kind))
    except BeatmapError as error:
        print("refused", error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_AS is Linux's")
def test_bounds(tmp_path):
    expected = []
    for i, (make, says) in enumerate([*MAPS.values(), *ARCHIVES.values()]):
        if i < len(MAPS):
            (tmp_path / f"{i:02}.osu").write_bytes(make())
        else:
            make(tmp_path / f"{i:02}.osz")
        expected.append(says)
    child = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD],
        input="\n".join(map(str, sorted(tmp_path.iterdir()))),
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
        env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert child.returncode == 0, child.stderr[-2000:]
    said = child.stdout.splitlines()
    assert len(said) == len(expected)
    for name, sentence, says in zip([*MAPS, *ARCHIVES], said, expected, strict=True):
        assert says in sentence, name


def test_archives_broken_anywhere(tmp_path):
    path = tmp_path / "a.osz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.osu", VALID)
    whole = path.read_bytes()
    generator = random.Random(0)
    broken = [whole[:end] for end in range(0, len(whole), 7)]
    for _ in range(400):
        data = bytearray(whole)
        data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        broken.append(bytes(data))
    refused = 0
    for data in broken:
        path.write_bytes(data)
        try:
            load_beatmap(path)
        except BeatmapError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > len(broken) / 2
