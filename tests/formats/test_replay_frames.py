"""The frame text: digits to arrays and back.

Reference: Python's own `int`, `float` and `str.split`, one token at a time, and `struct` for the
rounding to float32. None of them shares code with the eight-digit windows of
osu/formats/replay_frames.py.
"""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osu.formats.replay_frames import MAX_FRAMES, PART_BYTES, dump_frames, parse_frames

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
COORDINATES = st.one_of(
    FINITE.map(lambda v: f"{v:.9g}"),
    FINITE.map(repr),
    st.floats(-1000, 1000).map(repr),
    st.decimals(-9999, 9999, places=4).map(str),
    st.integers(-(10**9), 10**9).map(str),
    st.sampled_from(["0", "-0", "-0.0", "5.", ".5", "-.25", "007", "+3", "1E2", "3.0517578E-05"]),
    st.sampled_from(["99999999.99999999", "9007199.254740993", "16777217", "0.1234567890123456"]),
)
FRAMES = st.tuples(
    st.integers(-(10**6), 10**6).filter(lambda w: w != -12345),
    COORDINATES,
    COORDINATES,
    st.integers(0, 255),
)


def by_hand(text: str) -> tuple[list[int], bytes, list[int]]:
    """-> deltas, the positions' float32 bytes, key states; token by token."""
    rows = [frame.split("|") for frame in text.split(",") if frame]
    positions = [float(token) for row in rows for token in row[1:3]]
    return (
        [int(row[0]) for row in rows],
        struct.pack(f"<{len(positions)}f", *positions),
        [int(row[3]) for row in rows],
    )


@given(st.lists(FRAMES, max_size=60), st.sampled_from(["", ","]))
def test_parses_what_python_parses_to_the_bit(frames, end):
    text = ",".join("|".join(map(str, frame)) for frame in frames)
    text += end if frames else ""
    delta_ms, xy, keys, seed, _ = parse_frames(text.encode())
    expected = by_hand(text)
    assert (delta_ms.tolist(), xy.tobytes(), keys.tolist()) == expected
    assert seed is None


@given(st.lists(st.tuples(st.integers(-(10**6), 10**6), FINITE, FINITE, st.integers(0, 255))))
def test_dump_then_parse_is_the_identity(frames):
    frames = [frame for frame in frames if frame[0] != -12345]
    delta_ms = np.array([f[0] for f in frames], np.int64)
    xy = np.array([f[1:3] for f in frames], np.float32).reshape(-1, 2)
    keys = np.array([f[3] for f in frames], np.uint8)
    again = parse_frames(dump_frames(delta_ms, xy, keys, 0, trailing_comma=True))
    assert again[0].tolist() == delta_ms.tolist()
    assert again[1].tobytes() == xy.tobytes()
    assert again[2].tolist() == keys.tolist()
    assert again[3] == 0


def test_frames_across_the_parts_borders():
    # 16 to 29 characters a frame and three parts: the borders fall anywhere within a frame.
    rng = np.random.default_rng(0)
    count = 3 * PART_BYTES // 20
    text = "".join(
        f"{w}|{x:.{d}f}|{y:.4f}|{z},"
        for w, x, y, z, d in zip(
            rng.integers(0, 200, count).tolist(),
            rng.uniform(-99, 600, count).tolist(),
            rng.uniform(-99, 600, count).tolist(),
            rng.integers(0, 32, count).tolist(),
            rng.integers(0, 6, count).tolist(),
            strict=True,
        )
    )
    delta_ms, xy, keys, _, _ = parse_frames(text.encode())
    assert (delta_ms.tolist(), xy.tobytes(), keys.tolist()) == by_hand(text)


def test_text_as_the_game_writes_it():
    text = b"0|256|-500|0,-1|256|-500|0,17|472.8889|3.051758E-05|5,-12345|0|0|0,"
    delta_ms, xy, keys, seed, _ = parse_frames(text)
    assert (delta_ms.tolist(), keys.tolist(), seed) == ([0, -1, 17], [0, 0, 5], 0)
    assert dump_frames(delta_ms, xy, keys, seed, trailing_comma=True) == text
    assert dump_frames(delta_ms, xy, keys, seed, trailing_comma=False) == text[:-1]


@pytest.mark.parametrize("seed", [0, -7, 2**31 - 1, -(2**31)])
def test_seeds(seed):
    assert parse_frames(f"-12345|0|0|{seed},".encode())[3] == seed


def test_no_frames_at_all():
    delta_ms, xy, keys, seed, _ = parse_frames(b"")
    assert (delta_ms.shape, xy.shape, keys.shape, seed) == ((0,), (0, 2), (0,), None)
    assert dump_frames(delta_ms, xy, keys, None, trailing_comma=True) == b""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1|1|1|x,", "a frame has the key state 'x', not a whole number"),
        ("|1|1|1,", "a frame has the time '', not a number"),
        ("1|nan|1|0,", "a frame has the position 'nan', not a number"),
        ("1|1|-inf|0,", "a frame has the position '-inf', not a number"),
        ("1|1_0|1|0,", "a frame has the position '1_0', not a number"),
        ("1| 1|1|0,", "a frame has the position ' 1', not a number"),
        ("1|0x1|1|0,", "a frame has the position '0x1', not a number"),
        ("1|1.2.3|1|0,", "not a number"),
        ("1||1|0,", "not a number"),
        ("1|-|1|0,", "not a number"),
        ("1|1e39|1|0,", "too large for a float32"),
        ("1|1e999|1|0,", "too large for a float32"),
        ("nan|1|1|0,", "a frame has the time 'nan', not a number"),
        ("1e999|1|1|0,", "a time that is not finite"),
        ("123456789|1|1|0,", "its times leave the range"),
        ("1|1|1,", "not of the form w|x|y|z"),
        ("hello", "not of the form w|x|y|z"),
        ("1|1|1|" + "0" * 2 * PART_BYTES + ",", "a frame of more than 200 characters"),
        ("99999999|1|1|0,99999999|1|1|0,", "its times leave the range"),
        ("0|0|0|0," * (MAX_FRAMES + 1), f"more than {MAX_FRAMES} frames"),
    ],
    ids=lambda value: value[:24],
)
def test_what_is_not_a_frame_gets_a_sentence(text, sentence):
    with pytest.raises(ValueError) as caught:
        parse_frames(text.encode())
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("text", "deltas", "seed", "skipped"),
    [
        ("1|1|1|0,2|1|1|0,,-12345|0|0|7,", [1, 2], 7, 1),
        ("1|1|1|0,2|1,3|1|1|0,", [1, 3], None, 1),
        ("1|1|1|0,-12345|0|0|7,2|1|1|0,", [1, 2], 7, 0),
        ("-12345|0|0|7,2|1|1|0,-12345|0|0|8,", [2], 8, 0),
        ("1|1|1|0,-12345|0|0|x,", [1], None, 0),
        ("1|1|1|0|5,2|1|1|0,", [1, 2], None, 0),  # a field too many
        ("1|1|1|256,2|1|1|-1,", [1, 2], None, 0),  # bits that no key has
    ],
)
def test_what_the_game_skips_is_skipped(text, deltas, seed, skipped):
    """By the game's decoder (ppy/osu, LegacyScoreDecoder.readLegacyReplay)."""
    found = parse_frames(text.encode())
    assert (found[0].tolist(), found[3], found[4]) == (deltas, seed, skipped)


def test_fractions_of_a_ms_are_rounded_as_times_not_as_deltas():
    # 0.5 ms each: rounded one by one, three seconds of them would come to 0 or to 6 s.
    delta_ms, *_ = parse_frames(b"0.5|1|1|0," * 6000)
    assert np.abs(np.cumsum(delta_ms) - np.arange(1, 6001) / 2).max() <= 0.5


def test_bytes_that_are_no_text_get_a_sentence():
    with pytest.raises(ValueError, match="a frame has the position"):
        parse_frames(b"1|\xff\x00|1|0,")


@pytest.mark.parametrize(
    ("delta_ms", "position", "sentence"),
    [
        (-12345, 0, "would be read as the seed frame"),
        (10**8, 0, "more than eight digits"),
        (1, np.nan, "not finite"),
        (1, np.inf, "not finite"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(delta_ms, position, sentence):
    with pytest.raises(ValueError, match=sentence):
        dump_frames(
            np.array([delta_ms]),
            np.array([[position, 0]], np.float32),
            np.zeros(1, np.uint8),
            0,
            True,
        )
