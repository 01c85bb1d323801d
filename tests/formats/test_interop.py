"""The border to slider and osrparse: what comes over it is what our own readers read.

References: our readers on the same files, which are compared with others in test_replay.py,
test_replay_real.py, test_beatmap_real.py and tests/oracles/; and the two packages themselves. What
they do wrong is at the end, one test each, so that a release that mends it is noticed. Two cases
are elsewhere: how much time osrparse drops with the lead-in (test_replay_real.py) and how far off
slider's beziers are (test_beatmap_real.py).
"""

import csv
import dataclasses
import hashlib
import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import osrparse
import pytest
import slider
from slider.curve import Curve
from slider.mod import Mod as SliderMod

from osu.formats.beatmap import Beatmap, load_beatmap
from osu.formats.interop import (
    beatmap_from_slider,
    map_from_library,
    replay_from_osrparse,
    replay_to_osrparse,
)
from osu.formats.mods import Mods
from osu.formats.osu_file import BeatmapError
from osu.formats.replay import Key, Replay, ReplayError, dump_replay, load_replay, parse_replay
from osu.rules.judge import judge
from tests.osr import osr, text_field
from tests.paths import SAMPLE, SHARED

MAPS = sorted(SAMPLE.glob("*.osu"))
PLAYS = sorted(SAMPLE.glob("*.osr"))
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the research data")

SAME = (
    *("title", "artist", "creator", "difficulty", "audio_filename", "format_version", "mods"),
    *("hp", "cs", "od", "ar", "slider_multiplier", "slider_tick_rate", "stack_leniency"),
    *("start_ms", "end_ms", "kind", "raw_xy", "stack", "xy", "new_combo", "combo_number"),
    *("slides", "span_ms", "length_px", "tick_px", "event_ms", "beat_ms"),
)


def assert_same_map(ours: Beatmap, theirs: Beatmap) -> None:
    """Equal, but for what slider does not keep: breaks, MD5, nanoseconds of timing points, and
    which nearly straight arcs are arcs."""
    for name in SAME:
        np.testing.assert_array_equal(getattr(theirs, name), getattr(ours, name), err_msg=name)
    np.testing.assert_allclose(theirs.timing_ms, ours.timing_ms, atol=1e-3)
    every = np.repeat(np.arange(len(ours.kind)), 5)
    share = np.tile(np.linspace(0, 1, 5), len(ours.kind))
    t_ms = ours.start_ms[every] + share * (ours.end_ms - ours.start_ms)[every]
    off = np.abs(theirs.ball_xy(every, t_ms) - ours.ball_xy(every, t_ms))
    assert off.max() < 0.1


def same(a: Replay, b: Replay, but: tuple[str, ...] = ()) -> None:
    for field in dataclasses.fields(Replay):
        if field.name not in but:
            ours, theirs = getattr(a, field.name), getattr(b, field.name)
            if isinstance(ours, np.ndarray):
                assert ours.dtype == theirs.dtype
                assert ours.tobytes() == theirs.tobytes(), field.name
            else:
                assert ours == theirs, field.name
                assert type(ours) is type(theirs), field.name


# Maps


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.stem)
def test_a_sample_map_through_slider_is_the_map(path):
    theirs = beatmap_from_slider(slider.Beatmap.from_path(path))
    assert_same_map(load_beatmap(path), theirs)
    assert len(theirs.breaks_ms) == 0  # slider does not read them
    # A play counts the same on it, but for the score, which depends on breaks.
    replay = load_replay(SAMPLE / f"{path.stem}-diffusion.osr")
    ours, theirs = judge(load_beatmap(path), replay).header(), judge(theirs, replay).header()
    assert {**theirs, "score": 0} == {**ours, "score": 0}


@needs_shared
def test_real_maps_through_slider_are_the_maps():
    refused = []
    files = sorted((SHARED / "beatmaps").glob("*.osu"))[5::23]
    for path in files:
        try:
            theirs = slider.Beatmap.from_path(path)
        except Exception as error:  # "Its errors are not always ValueError"
            refused.append((path.name, repr(error)))
            continue
        assert_same_map(load_beatmap(path), beatmap_from_slider(theirs))
    assert len(files) > 40
    assert len(refused) <= 2, refused


def test_a_map_keeps_the_md5_that_it_is_given():
    path = MAPS[0]
    theirs = slider.Beatmap.from_path(path)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    assert beatmap_from_slider(theirs, md5=md5).md5 == md5 == load_beatmap(path).md5
    assert beatmap_from_slider(theirs).md5 == beatmap_from_slider(theirs).md5 != md5


def test_a_map_made_in_slider():
    theirs = slider.Beatmap.from_path(MAPS[0])
    theirs._hit_objects = [
        slider.Circle(slider.Position(10, 20), timedelta(milliseconds=1000.5), 0, new_combo=True),
        slider.Spinner(
            slider.Position(256, 192), timedelta(seconds=2), 0, timedelta(seconds=3), combo_skip=3
        ),
    ]
    ours = beatmap_from_slider(theirs)
    assert ours.start_ms.tolist() == [1000.5, 2000]
    assert ours.end_ms.tolist() == [1000.5, 3000]
    assert ours.raw_xy.tolist() == [[10, 20], [256, 192]]


def test_what_is_no_standard_map_is_one_sentence():
    with pytest.raises(BeatmapError, match=r"^a slider.Beatmap is wanted, not str$"):
        beatmap_from_slider("circuit.osu")
    theirs = slider.Beatmap.from_path(MAPS[0])
    theirs.mode = slider.GameMode.taiko
    with pytest.raises(BeatmapError, match=r"\[circuit\] is a taiko map, not osu!standard"):
        beatmap_from_slider(theirs)


@pytest.fixture
def library(tmp_path) -> slider.Library:
    (tmp_path / "songs").mkdir()
    for path in MAPS:
        shutil.copy(path, tmp_path / "songs" / path.name)
    with slider.Library.create_db(tmp_path) as library:
        yield library


def test_a_map_of_a_library_is_its_file(library):
    assert len(library.md5s) == len(MAPS) > 0
    for path in MAPS:
        ours = load_beatmap(path)
        found = map_from_library(library, ours.md5)
        assert found.md5 == ours.md5
        assert_same_map(ours, found)
        assert found.breaks_ms.tolist() == ours.breaks_ms.tolist()


def test_what_a_library_lacks_is_one_sentence(library):
    with pytest.raises(BeatmapError, match="has no map with the MD5 0123"):
        map_from_library(library, "0123")
    ours = load_beatmap(MAPS[0])
    copy = library.path / "songs" / MAPS[0].name
    copy.write_bytes(copy.read_bytes() + b"\n")
    with pytest.raises(BeatmapError, match="has changed since the library was made"):
        map_from_library(library, ours.md5)
    copy.unlink()
    with pytest.raises(BeatmapError, match="cannot read"):
        map_from_library(library, ours.md5)


# Replays


def assert_survives(path) -> None:
    """Ours -> osrparse -> ours, and what osrparse itself reads in the file."""
    ours = load_replay(path)
    theirs = replay_to_osrparse(ours)
    back = replay_from_osrparse(theirs)
    same(ours, back, but=("timestamp_ticks", "score_info"))
    assert ours.timestamp_ticks - back.timestamp_ticks == ours.timestamp_ticks % 10
    assert replay_to_osrparse(back) == theirs
    assert sum(frame.time_delta for frame in theirs.replay_data) == ours.t_ms[-1]

    read = osrparse.Replay.from_path(path)
    if ours.is_lazer:
        lost_ms = None
        assert theirs.replay_data == read.replay_data
    else:
        lost_ms = int(ours.delta_ms[:2].sum())
        assert theirs.replay_data[2:] == read.replay_data
        with pytest.raises(ReplayError, match="lacks its lead-in frames"):
            replay_from_osrparse(read)
    for field in dataclasses.fields(osrparse.Replay):
        name = field.name
        if name not in ("replay_data", "timestamp", "replay_hash"):
            assert getattr(theirs, name) == getattr(read, name), name
    assert theirs.replay_hash == (read.replay_hash or "")
    # It computes its timestamps in a float of 8 microseconds' resolution.
    assert abs(theirs.timestamp - read.timestamp) <= timedelta(microseconds=10)
    # The sum of what it dropped is all that is missing.
    mended = replay_from_osrparse(read, lead_in_ms=lost_ms)
    if ours.is_lazer or ours.delta_ms[0] == 0:
        same(ours, mended, but=("timestamp_ticks", "score_info"))
    assert mended.t_ms[-1] == ours.t_ms[-1]


@pytest.mark.parametrize("path", PLAYS, ids=lambda path: path.stem)
def test_a_sample_replay_there_and_back(path):
    assert_survives(path)


@needs_shared
def test_real_replays_there_and_back():
    with open(SHARED / "index.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chosen = rows[3::48] + [row for row in rows if row["lazer"] == "1"]
    assert len(chosen) > 35
    for row in chosen:
        assert_survives(SHARED / "replays" / row["replay"])


def test_a_replay_made_by_hand_there_and_back():
    ours = parse_replay(osr())
    theirs = replay_to_osrparse(ours)
    assert [(f.time_delta, f.x, f.y, f.keys) for f in theirs.replay_data] == [
        (0, 256, -500, 0),
        (-1, 256, -500, 0),
        (-499, 256.5, -12.25, 0),
        (16, 1, 2, osrparse.Key.K1 | osrparse.Key.M1),
        (17, 1.5, 2, osrparse.Key.K2 | osrparse.Key.M2),
    ]
    assert theirs.mods is osrparse.Mod.Hidden | osrparse.Mod.DoubleTime
    unix_us = (638037208738606731 - 621355968000000000) // 10  # .NET ticks of 1970
    assert theirs.timestamp == datetime.fromtimestamp(0, UTC) + timedelta(microseconds=unix_us)
    assert (theirs.rng_seed, theirs.replay_id, theirs.username) == (0, 77, "Ünï 音")
    assert [(s.time, s.life) for s in theirs.life_bar_graph] == [(1000, 1), (2000, 0.5)]
    back = replay_from_osrparse(theirs)
    same(ours, back, but=("timestamp_ticks",))
    assert parse_replay(dump_replay(back)).seed == 0


@pytest.mark.parametrize("version", [20110101, 20130101, 20221104, 30000000, 30000016])
def test_what_comes_back_can_be_written(version):
    ours = dataclasses.replace(
        parse_replay(osr()),
        version=version,
        online_id=-1 if version > 20121008 else 0,
        score=-5,
        life=np.zeros((0, 2)),
        seed=None,
    )
    theirs = replay_to_osrparse(ours)
    assert theirs.life_bar_graph is None
    back = replay_from_osrparse(theirs)
    same(ours, back, but=("timestamp_ticks", "score_info"))
    same(back, parse_replay(dump_replay(back)))


def test_the_lead_in_is_wanted_of_stable_only():
    ours = parse_replay(osr(b"0|256|-500|0,5000|256|-500|0,-4990|1|1|0,16|2|2|5,-12345|0|0|7,"))
    theirs = replay_to_osrparse(ours)
    del theirs.replay_data[:2]  # as osrparse reads it
    with pytest.raises(ReplayError, match=r"osu\.load_replay, or give lead_in_ms"):
        replay_from_osrparse(theirs)
    same(replay_from_osrparse(theirs, lead_in_ms=5000), ours, but=("timestamp_ticks",))
    theirs.game_version = 30000000
    assert replay_from_osrparse(theirs).delta_ms.tolist() == [-4990, 16]
    theirs.game_version, theirs.replay_data = 20221104, []
    assert len(replay_from_osrparse(theirs).delta_ms) == 0


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (osrparse.ReplayEventOsu(1.5, 0, 0, osrparse.Key.M1), "not a whole number of ms"),
        (osrparse.ReplayEventOsu(1, float("nan"), 0, osrparse.Key.M1), "not finite"),
        (osrparse.ReplayEventOsu(1, 1e39, 0, osrparse.Key.M1), "not finite"),
        (osrparse.ReplayEventOsu(1, 0, 0, 256), "key state outside 0 to 255"),
        (osrparse.ReplayEventOsu(1, "left", 0, osrparse.Key.M1), "no osu!standard frame"),
        (osrparse.ReplayEventMania(1, osrparse.KeyMania.K1), "no osu!standard frame"),
    ],
)
def test_frames_that_no_file_holds_are_one_sentence(event, sentence):
    theirs = replay_to_osrparse(parse_replay(osr()))
    theirs.replay_data.append(event)
    with pytest.raises(ReplayError, match=sentence):
        replay_from_osrparse(theirs)


def test_other_modes_and_impossible_times_are_one_sentence():
    ours = parse_replay(osr())
    with pytest.raises(ReplayError, match="only osu!standard"):
        replay_to_osrparse(dataclasses.replace(ours, mode=3))
    with pytest.raises(ReplayError, match="outside the years 1 to 9999"):
        replay_to_osrparse(dataclasses.replace(ours, timestamp_ticks=-1))
    theirs = replay_to_osrparse(ours)
    theirs.mode = osrparse.GameMode.TAIKO
    with pytest.raises(ReplayError, match="only osu!standard"):
        replay_from_osrparse(theirs)


# Enums (those of mods: test_mods.py)


def test_keys_and_modes_are_the_same_bits():
    assert {key.name: int(key) for key in Key} == {key.name: int(key) for key in osrparse.Key}
    assert [mode.value for mode in osrparse.GameMode] == [int(mode) for mode in slider.GameMode]
    assert osrparse.GameMode.STD.value == slider.GameMode.standard == 0
    assert {int(mod) for mod in SliderMod} == {int(mod) for mod in Mods if mod != Mods.MR}


# What they do wrong. Where one of these fails, they have mended it: drop our own way around it.


def written(theirs: osrparse.Replay) -> osrparse.Replay:
    return osrparse.Replay.from_string(theirs.pack())


def test_wrong_osrparse_reads_no_lead_in():
    theirs = replay_to_osrparse(parse_replay(osr(player=text_field("x"))))
    assert written(theirs).replay_data == theirs.replay_data[2:]


def test_wrong_osrparse_writes_no_seed_of_0():
    theirs = replay_to_osrparse(parse_replay(osr(player=text_field("x"))))
    assert theirs.rng_seed == 0
    assert written(theirs).rng_seed is None


def test_wrong_osrparse_breaks_files_of_players_with_other_letters():
    theirs = replay_to_osrparse(parse_replay(osr()))  # "Ünï 音": 6 characters, 10 bytes
    with pytest.raises(ValueError):
        written(theirs)


def test_wrong_osrparse_timestamps_are_some_microseconds_off():
    ticks = parse_replay(osr()).timestamp_ticks
    read = osrparse.Replay.from_string(osr(player=text_field("x"))).timestamp
    off_us = (read.replace(tzinfo=None) - datetime.min) // timedelta(microseconds=1) - ticks // 10
    assert 0 < abs(off_us) < 10


def test_wrong_slider_cannot_follow_a_catmull():
    points = [slider.Position(0, 0), slider.Position(50, 80), slider.Position(100, 0)]
    with pytest.raises(TypeError):  # from NumPy 2.4 on
        Curve.from_kind_and_points("C", points, 150.0)(0.5)


def old_map() -> slider.Beatmap:
    """A map of v5 whose circle and spinner have no hit sample: both begin a combo."""
    text = MAPS[0].read_text().replace("osu file format v14", "osu file format v5")
    head, section, _ = text.partition("[HitObjects]\n")
    objects = ["9,9,1000,1,0", "9,9,1500,5,0", "9,9,2000,12,0,3000"]
    return slider.Beatmap.parse("\n".join([head + section, *objects]))


def test_wrong_slider_loses_new_combos_of_objects_without_a_hit_sample():
    theirs = old_map()
    assert [one.new_combo for one in theirs.hit_objects(stacking=False)] == [0, 0, 0]
    with pytest.raises(ValueError, match="should be a 'str', got 'bool'"):
        theirs.pack()
    ours = beatmap_from_slider(theirs)
    assert ours.new_combo.tolist() == [True, True, True]
    assert ours.combo_number.tolist() == [1, 1, 1]
    assert ours.format_version == 5


def test_wrong_slider_moves_the_objects_that_it_stacks():
    theirs = old_map()  # three objects in one place
    theirs.format_version, theirs.stack_leniency = 14, 1.0
    before = [one.position for one in theirs.hit_objects(stacking=False)]
    assert len(theirs.hit_objects()) == 3  # stacked
    moved = [one.position for one in theirs.hit_objects(stacking=False)]
    assert moved != before
    with pytest.raises(BeatmapError, match="where slider's stacking leaves them"):
        beatmap_from_slider(theirs)


def test_wrong_slider_writes_every_map_as_v14_and_without_breaks():
    path = MAPS[0]
    assert len(load_beatmap(path).breaks_ms) > 0
    text = path.read_text().replace("osu file format v14", "osu file format v5")
    packed = slider.Beatmap.parse(text).pack()
    assert packed.startswith("osu file format v14")
    assert "\n2," not in packed.partition("[Events]")[2].partition("[TimingPoints]")[0]


def test_wrong_slider_says_0_where_the_stack_leniency_is_missing():
    text = "\n".join(
        line for line in MAPS[0].read_text().splitlines() if not line.startswith("StackLeniency")
    )
    theirs = slider.Beatmap.parse(text)
    assert theirs.stack_leniency == 0
    assert beatmap_from_slider(theirs).stack_leniency == np.float32(0.7)  # the game's
