"""Replays made here: every field, both directions, and the frames as the game writes them.

References: files put together by hand (tests/osr.py), and osrparse 7, an independent reader, for
what we write.
"""

import dataclasses
import lzma
import struct

import numpy as np
import osrparse
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osu.formats.mods import Mods
from osu.formats.replay import (
    Key,
    Replay,
    ReplayError,
    as_a_file_has_it,
    build_replay,
    clean_frames,
    dump_replay,
    load_replay,
    parse_replay,
    save_replay,
)
from tests.osr import osr, text_field

MD5 = "0123456789abcdef" * 2
PLAIN = "mode version beatmap_md5 player replay_md5 n300 n100 n50 ngeki nkatu nmiss score max_combo"
PLAIN = [*PLAIN.split(), "perfect", "mods", "timestamp_ticks", "seed", "online_id", "score_info"]


def same(a: Replay, b: Replay) -> bool:
    arrays = ("life", "delta_ms", "xy", "keys")
    return all(getattr(a, name) == getattr(b, name) for name in PLAIN) and all(
        getattr(a, name).dtype == getattr(b, name).dtype
        and getattr(a, name).tobytes() == getattr(b, name).tobytes()
        for name in arrays
    )


def made(t_ms, xy=None, keys=None, **header) -> Replay:
    xy = np.full((len(t_ms), 2), 100.5) if xy is None else xy
    keys = np.zeros(len(t_ms), int) if keys is None else keys
    seed = header.pop("seed", 0)
    return build_replay(MD5, "osu-players/rnn", Mods(0), t_ms, xy, keys, seed, 5, **header)


def frame_text(data: bytes) -> bytes:
    """The unpacked frames of a file: the LZMA stream is found by stable's first five bytes."""
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE).decompress(
        data[data.index(b"\x5d\x00\x00\x20\x00") :]
    )


def test_every_field_of_a_file_made_by_hand():
    r = parse_replay(osr())
    assert (r.mode, r.version, r.is_lazer) == (0, 20221104, False)
    assert (r.beatmap_md5, r.player, r.replay_md5) == (MD5, "Ünï 音", "")
    assert (r.n300, r.n100, r.n50, r.ngeki, r.nkatu, r.nmiss) == (10, 9, 8, 7, 6, 5)
    assert (r.score, r.max_combo, r.perfect) == (123456, 321, True)
    assert (r.mods, r.rate) == (Mods.HD | Mods.DT, 1.5)
    assert r.life.tolist() == [[1000, 1], [2000, 0.5]]
    assert (r.timestamp_ticks, r.online_id, r.score_info) == (638037208738606731, 77, b"")
    assert r.delta_ms.tolist() == [0, -1, -499, 16, 17]
    assert r.t_ms.tolist() == [0, -1, -500, -484, -467]
    assert r.xy.tolist() == [[256, -500], [256, -500], [256.5, -12.25], [1, 2], [1.5, 2]]
    assert r.keys.tolist() == [0, 0, 0, 5, 10]
    assert r.seed == 0
    assert r.accuracy == pytest.approx((3000 + 900 + 400) / (300 * 32))


def test_writing_gives_the_same_bytes_again():
    # All but the LZMA stream, whose bytes depend on the encoder, and the text that is not there
    # (0x00), which is written as an empty one.
    data, again = osr(), dump_replay(parse_replay(osr()))
    start = data.index(b"\x5d\x00\x00")
    expected = data[: start - 4].replace("音".encode() + b"\x00", "音".encode() + b"\x0b\x00")
    assert again.startswith(expected)
    assert again.endswith(struct.pack("<q", 77))
    assert frame_text(again) == lzma.decompress(data[start:-8])


@pytest.mark.parametrize(
    ("version", "tail", "online_id"),
    [
        (20100101, b"", 0),
        (20131113, struct.pack("<i", -1), -1),
        (20140721, struct.pack("<q", 2**40), 2**40),
        (30000000, struct.pack("<q", 0), 0),
        (30000016, struct.pack("<qi", -1, 3) + b"abc", -1),
    ],
)
def test_ends_of_all_versions(version, tail, online_id):
    r = parse_replay(osr(version=version, tail=tail))
    assert r.online_id == online_id
    assert r.is_lazer == (version >= 30000000)
    assert r.score_info == tail[8:]
    assert dump_replay(r).endswith(tail)
    assert same(parse_replay(dump_replay(r)), r)


def test_target_practice_ends_with_a_number():
    tail = struct.pack("<qd", 1, 0.75)
    r = parse_replay(osr(mods=Mods.TP, tail=tail))
    assert dump_replay(r).endswith(tail)


def test_lazer_has_no_trailing_comma():
    lazer = parse_replay(osr(version=30000000))
    stable = parse_replay(osr())
    assert frame_text(dump_replay(lazer)).endswith(b",-12345|0|0|0")
    assert frame_text(dump_replay(stable)).endswith(b",-12345|0|0|0,")


INT = {bits: st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (32, 64)}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
COUNTS = ["n300", "n100", "n50", "ngeki", "nkatu", "nmiss", "max_combo"]
COUNT = st.integers(0, 2**16 - 1)


@st.composite
def replays(draw) -> Replay:
    frames = draw(st.integers(0, 40))
    deltas = st.integers(-(10**6), 10**6).filter(lambda w: w != -12345)
    floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
    version = draw(st.sampled_from([20110101, 20130101, 20221104, 30000000, 30000016]))
    online_id = draw(INT[64 if version >= 20140721 else 32]) if version > 20121008 else 0
    info = draw(st.binary(max_size=40))
    life = draw(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 100)), max_size=9))
    return Replay(
        mode=draw(st.integers(0, 3)),
        version=version,
        beatmap_md5=draw(TEXT),
        player=draw(TEXT),
        replay_md5=draw(TEXT),
        **{name: draw(COUNT) for name in COUNTS},
        score=draw(INT[32]),
        perfect=draw(st.booleans()),
        mods=Mods(draw(st.integers(0, 2**31 - 1)) & ~Mods.TP),
        life=np.array([(t, v / 100) for t, v in life], np.float64).reshape(-1, 2),
        timestamp_ticks=draw(INT[64]),
        delta_ms=np.array([draw(deltas) for _ in range(frames)], np.int64),
        xy=np.array([(draw(floats), draw(floats)) for _ in range(frames)], "f4").reshape(-1, 2),
        keys=np.array([draw(st.integers(0, 255)) for _ in range(frames)], np.uint8),
        seed=draw(st.none() | INT[32]),
        online_id=online_id,
        score_info=struct.pack("<i", len(info)) + info if version > 30000000 else b"",
    )


@given(replays())
@settings(deadline=None)  # the first LZMA call is slow on a busy machine
def test_write_then_read_is_the_identity(r):
    read = parse_replay(dump_replay(r))
    assert same(read, r)
    assert same(as_a_file_has_it(r), read)


def test_as_a_file_has_it_what_a_file_rounds_is_rounded():
    r = dataclasses.replace(parse_replay(osr()), life=np.array([[1.0, 1 / 3]]))
    read = parse_replay(dump_replay(r))
    assert not same(read, r) and same(as_a_file_has_it(r), read)
    with pytest.raises(ReplayError, match="cannot be written"):
        as_a_file_has_it(dataclasses.replace(r, n300=1 << 16))


@pytest.mark.parametrize("player", ["osu-players/rnn", "Ünï 音", "a" * 200])
@pytest.mark.parametrize("seed", [0, 1305708])
def test_osrparse_reads_what_we_write(player, seed):
    r = parse_replay(osr(player=text_field(player) if len(player) < 100 else text_field("x")))
    theirs = osrparse.Replay.from_string(
        dump_replay(Replay(**{**r.__dict__, "player": player, "seed": seed}))
    )
    assert theirs.username == player
    assert theirs.beatmap_hash == r.beatmap_md5
    assert theirs.mode.value == r.mode
    assert theirs.game_version == r.version
    assert theirs.replay_hash == r.replay_md5
    assert (theirs.count_300, theirs.count_100, theirs.count_50) == (r.n300, r.n100, r.n50)
    assert (theirs.count_geki, theirs.count_katu) == (r.ngeki, r.nkatu)
    assert (theirs.count_miss, theirs.score) == (r.nmiss, r.score)
    assert (theirs.max_combo, theirs.perfect, theirs.mods.value) == (r.max_combo, True, r.mods)
    assert [(p.time, p.life) for p in theirs.life_bar_graph] == [(1000, 1), (2000, 0.5)]
    assert (theirs.replay_id, theirs.rng_seed) == (r.online_id, seed)
    # It drops the lead-in frames together with their deltas; the rest is the same.
    frames = [(f.time_delta, f.x, f.y, f.keys) for f in theirs.replay_data]
    ours = zip(r.delta_ms.tolist(), *r.xy.T.tolist(), r.keys.tolist(), strict=True)
    assert frames == list(ours)[2:]


def test_build_writes_frames_as_stable_does():
    r = made([-300.2, -283.5, 0, 16], [[1, 2], [3.25, 4], [0.1, 384], [5, 6]], [0, 1, 2, 3], seed=0)
    assert frame_text(dump_replay(r)) == (
        b"0|256|-500|0,-1|256|-500|0,-299|1|2|0,16|3.25|4|5,284|0.1|384|10,16|5|6|15,-12345|0|0|0,"
    )
    assert (r.seed, r.is_lazer, r.player) == (0, False, "osu-players/rnn")
    assert same(parse_replay(dump_replay(r)), r)


def test_build_rounds_times_and_not_deltas():
    # 10,000 frames of 16.67 ms: rounded deltas (17) would end 3.3 s late.
    t_ms = np.arange(10_000) * (1000 / 60)
    assert (made(t_ms).t_ms[2:] == np.rint(t_ms)).all()


def test_build_takes_the_judged_header():
    r = made([0, 16], n300=3, n100=1, score=900, max_combo=4, perfect=True, life=np.ones((1, 2)))
    assert (r.n300, r.n100, r.n50, r.score, r.perfect, r.life.shape) == (3, 1, 0, 900, True, (1, 2))


def test_build_gives_other_frames_another_md5():
    assert made([0]).replay_md5 == made([0]).replay_md5
    assert made([0]).replay_md5 != made([1]).replay_md5


@pytest.mark.parametrize(
    ("t_ms", "xy", "sentence"),
    [
        ([0, np.nan], None, "not finite"),
        ([0, 1], [[0, 0], [np.inf, 0]], "not finite"),
        ([1, 0], None, "run backwards"),
    ],
)
def test_build_refuses(t_ms, xy, sentence):
    with pytest.raises(ReplayError, match=sentence):
        made(t_ms, xy)


def frames_of(text: str) -> tuple[list, list, list]:
    return tuple(a.tolist() for a in clean_frames(parse_replay(osr(text.encode()))))


def test_clean_frames_removes_the_lead_in_but_counts_its_deltas():
    text = "0|256|-500|0,5000|256|-500|0,-4990|1|1|0,16|2|2|5,17|9999|-9999|2,"
    t_ms, xy, keys = frames_of(text)
    assert (t_ms, keys) == ([10, 26, 43], [0, 1, 2])
    assert xy == [[1, 1], [2, 2], [9999, -9999]]


def test_clean_frames_removes_a_lead_in_at_the_start_only():
    assert frames_of("0|256|-500|0,16|256|-500|0,16|256|-500|0,")[0] == [32]
    assert frames_of("0|1|1|0,16|256|-500|0,")[0] == [0, 16]
    assert frames_of("0|256|-500|0,")[0] == []
    assert frames_of("")[0] == []


def test_clean_frames_folds_mouse_and_keyboard():
    states = [0, 1, 2, 3, Key.K1, Key.K2, 5, 10, 15, 16, 21]
    text = "".join(f"10|1|1|{int(state)}," for state in states)
    assert frames_of(text)[2] == [0, 1, 2, 3, 1, 2, 1, 2, 3, 0, 1]


def test_clean_frames_merges_frames_of_one_time_but_no_press():
    t_ms, xy, keys = frames_of("10|1|1|0,0|2|2|0,10|3|3|1,0|4|4|0,0|5|5|0,0|6|6|1,9|7|7|1,")
    assert keys == [0, 1, 0, 1, 1]
    assert xy == [[2, 2], [3, 3], [4, 4], [6, 6], [7, 7]]
    assert [int(t) for t in t_ms] == [10, 20, 20, 20, 29]


def test_clean_frames_makes_time_run_forwards():
    t_ms, _, keys = frames_of("100|1|1|0,-50|2|2|0,20|3|3|1,10|4|4|0,30|5|5|0,")
    assert [int(t) for t in t_ms] == [100, 100, 110]
    assert keys == [1, 0, 0]


@given(
    st.lists(st.tuples(st.sampled_from([-400, -1, 0, 0, 0, 1, 16]), st.integers(0, 3)), max_size=60)
)
def test_clean_frames_is_increasing_and_keeps_every_change_of_keys(frames):
    text = "".join(f"{w}|{i}|0|{z}," for i, (w, z) in enumerate(frames))
    t_ms, _, keys = frames_of(text)
    assert (np.diff(t_ms) > 0).all()

    def changes(states):
        return [z for before, z in zip([0, *states], states, strict=False) if z != before]

    assert changes(keys) == changes([z for _, z in frames])


def test_clean_frames_sets_a_thousand_presses_of_one_time_apart():
    t_ms, _, _ = frames_of("5|1|1|0," + "0|1|1|1,0|1|1|0," * 2000 + "1|1|1|0,")
    assert (np.diff(t_ms) > 0).all()
    assert (t_ms[0], t_ms[-1]) == (5, 6)


def test_save_and_load(tmp_path):
    r = parse_replay(osr())
    save_replay(r, tmp_path / "ü.osr")
    assert same(load_replay(tmp_path / "ü.osr"), r)


def test_what_cannot_be_written_leaves_no_file(tmp_path):
    r = Replay(**{**parse_replay(osr()).__dict__, "n300": 70000})
    with pytest.raises(ReplayError, match="the replay cannot be written: "):
        save_replay(r, tmp_path / "a.osr")
    assert list(tmp_path.iterdir()) == []
