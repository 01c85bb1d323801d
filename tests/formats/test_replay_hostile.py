"""Hostile replays: one sentence each, within memory bounds, never another exception.

Reference: none is needed to say what broke; the memory bound is the kernel's own (RLIMIT_AS and the
child's peak). The table of seconds is bench/replay.py's; the timeout here only ends a hang.
"""

import lzma
import os
import random
import struct
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osu.formats.replay import ReplayError, load_replay, parse_replay
from tests.osr import TEXT, osr, text_field

VALID = osr()


def sentence_of(data: bytes) -> str | None:
    """What the reader says; None where it reads. Any other exception fails the test."""
    try:
        parse_replay(data, "a.osr")
    except ReplayError as error:
        said = str(error)
        assert said.startswith("a.osr is not a replay that can be read: ")
        assert "\n" not in said
        assert len(said) < 200
        return said
    return None


def test_the_file_that_the_others_are_made_from_is_read():
    assert sentence_of(VALID) is None


LAZER = osr(version=30000016, tail=struct.pack("<qi", 1, 9) + bytes(9))


@pytest.mark.parametrize(("data", "needed"), [(VALID, len(VALID)), (LAZER, len(LAZER) - 13)])
def test_every_truncation_before_the_end_of_the_online_id_is_refused(data, needed):
    # What follows it is lazer's score details, without which the play is whole, or nothing.
    for size in range(len(data)):
        assert (sentence_of(data[:size]) is None) == (size >= needed), size
    assert sentence_of(data + b"\x00") is None


def test_every_single_bit_flip_reads_or_gets_a_sentence():
    read = 0
    for bit in range(8 * len(VALID)):
        data = bytearray(VALID)
        data[bit // 8] ^= 1 << bit % 8
        read += sentence_of(bytes(data)) is None
    # Flips within numbers and names leave a valid file; flips of lengths and LZMA do not.
    assert 0 < read < 8 * len(VALID)


@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), max_size=12))
def test_any_bytes_changed(changes):
    data = bytearray(VALID)
    for at, byte in changes:
        data[at] = byte
    sentence_of(bytes(data))


@given(st.binary(max_size=400))
def test_random_bytes(data):
    assert sentence_of(data) is not None


@given(st.binary(max_size=200))
def test_random_bytes_behind_a_valid_header(data):
    sentence_of(VALID[: len(VALID) // 2] + data)


@given(st.text("0123456789|,.-eE+nainf \n", max_size=80))
@settings(deadline=None)  # the first LZMA call is slow on a busy machine
def test_random_frame_text(text):
    sentence_of(osr(text.encode()))


@given(st.binary(max_size=80))
@settings(deadline=None)
def test_random_bytes_as_frame_text(data):
    sentence_of(osr(data))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it ends within the header"),
        (osr(mode=4), "there is no game mode 4"),
        (osr(md5=b"\x07"), "the beatmap's MD5 begins with byte 0x07"),
        (osr(player=b"\x0b" + b"\xff" * 1_000_000), "player's name has more than five bytes"),
        (osr(player=b"\x0b\xff\xff\xff\xff\x7f"), "it ends within the player's name"),
        (osr(life=text_field("9" * 100 + "|1,")), None),
        (osr(b"0|nan|1|0,"), "a frame has the position 'nan', not a number"),
        (osr(b"0|1|inf|0,"), "a frame has the position 'inf', not a number"),
        (osr(b"0|1|1e39|0,"), "a position that is too large for a float32"),
        (osr(packed=b""), "it has no frames"),
        (osr(packed=b"hello, these are not frames"), "its frames are not LZMA data"),
        (osr(packed=lzma.compress(TEXT)), "its frames are not LZMA data"),  # .xz
        (osr(packed=lzma.compress(TEXT, lzma.FORMAT_ALONE)[:-9]), "its frames are cut off"),
        # A dictionary of 2 GB: LZMA would allocate it.
        (osr(packed=b"\x5d\x00\x00\x00\x80" + bytes(40)), "its frames are not LZMA data"),
        (osr(tail=b""), "it ends within the header"),
        (VALID + bytes(16 << 20), "it has more than 16 MB"),
    ],
)
def test_the_sentence_says_what_is_wrong(data, sentence):
    said = sentence_of(data)
    assert said is None if sentence is None else sentence in said


def test_a_negative_frame_size():
    packed = lzma.compress(TEXT, lzma.FORMAT_ALONE)
    at = VALID.index(packed)
    for size, said in ((-1, "no frames"), (-(2**31), "no frames"), (2**31 - 1, "ends within")):
        data = VALID[: at - 4] + struct.pack("<i", size) + VALID[at:]
        assert said in sentence_of(data)


def test_files_that_are_none(tmp_path):
    for path, sentence in [
        (tmp_path / "missing.osr", "missing.osr cannot be read: No such file"),
        (tmp_path, "is not a file"),
    ]:
        with pytest.raises(ReplayError, match=sentence):
            load_replay(path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev and named pipes")
def test_devices_and_pipes_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.osr")
    for path in ("/dev/zero", tmp_path / "pipe.osr"):
        with pytest.raises(ReplayError, match="is not a file"):
            load_replay(path)


CHILD = """
import resource, sys
from pathlib import Path
from osu.formats.replay import ReplayError, load_replay
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
try:
    load_replay(Path(sys.argv[1]))
except ReplayError as error:
    print(error)
else:
    print("read")
# Not ru_maxrss: that keeps the memory of the process this one was forked from.
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""

MB = 1 << 20
BOMBS = {
    # 32 KB that unpack to 200 MB of valid frames.
    "200 MB of frames": (lambda: osr(b"16|256|192|0," * (200 * MB // 13)), "more than 16 MB"),
    "4 GB of zeros": (
        lambda: osr(packed=b"\x5d\x00\x00\x20\x00" + b"\xff" * 8 + bytes(30_000)),
        None,
    ),
    "12 MB of frames": (lambda: osr(b"16|299.5555|190.6667|0," * (12 * MB // 24)), "read"),
    "half a million frames": (lambda: osr(b"0|1E1|1E1|0," * (1 << 19)), "read"),
    "15 MB of commas": (lambda: osr(b"," * 15 * MB), "more than 524288 frames"),
    "a million commas": (lambda: osr(b"," * (1 << 20)), "not of the form"),
    "frames one by one": (lambda: osr(b"," + b"1|1|1|0," * (1 << 19)), "read"),
    "15 MB of points": (lambda: osr(b"." * 15 * MB), "more than 200 characters"),
    "15 MB of digits": (lambda: osr(b"1" * 15 * MB), "more than 200 characters"),
    "15 MB of bars": (lambda: osr(b"|" * 15 * MB), "more than 524288 frames"),
    "15 MB of life": (
        lambda: osr(life=b"\x0b" + b"\x80\x80\x80\x07" + b"1|1," * (14 * MB // 4)),
        "read",
    ),
    "1 MB of life": (lambda: osr(life=b"\x0b\x80\x80\x3c" + b"1|1," * 245_760), "read"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="needs resource limits")
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_stay_below_500_MB(name, tmp_path):
    make, sentence = BOMBS[name]
    path = tmp_path / "bomb.osr"
    path.write_bytes(make())
    child = subprocess.run(
        [sys.executable, "-c", CHILD, path],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert child.returncode == 0, child.stderr
    said, peak_kb = child.stdout.splitlines()
    assert sentence is None or sentence in said
    assert int(peak_kb) < 500_000


def test_a_real_file_cut_or_damaged_anywhere():
    from tests.paths import SHARED as DATA

    if not DATA.is_dir():
        pytest.skip("the shared replays are not here")
    rng = random.Random(0)
    path = DATA / "replays" / "509a0e8373613051.osr"  # lazer's, with score details
    data = path.read_bytes()
    for _ in range(200):
        sentence_of(data[: rng.randrange(len(data))])
        damaged = bytearray(data)
        for _ in range(3):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        sentence_of(bytes(damaged))
