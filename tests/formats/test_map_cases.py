"""Odd maps and archives in tests/cases, each read as the game reads it.

References: the game's open-source decoders (ppy/osu at e9451fe70b: Decoder, LegacyDecoder,
LegacyBeatmapDecoder, ConvertHitObjectParser, Parsing, SliderPath), and rosu-pp 4.0 on the same
files. The maps are base.osu with one thing changed.
"""

import shutil
import zipfile

import numpy as np
import pytest

from osu.data.library import find_maps
from osu.formats.beatmap import BeatmapError, Kind, load_beatmap, parse_beatmap
from osu.formats.osu_db import read_maps
from osu.gui.songs import list_songs
from tests.maps import ALL_KINDS, BEAT_300, ONE_CIRCLE, osu
from tests.paths import ROOT

CASES = ROOT / "tests" / "cases"
ONE_OF_FIVE = "1 of 5 objects cannot be played and is left out"

# name: (objects, what is said of the rest)
MAPS = {
    "B_slider_point_huge.osu": (4, ONE_OF_FIVE),
    "B_slider_length_huge.osu": (4, ONE_OF_FIVE),
    "B_slider_length_nan.osu": (4, ONE_OF_FIVE),
    "B_time_25h.osu": (5, ""),
    "B_multiplier_0.osu": (4, ""),
    "B_header_missing.osu": (4, ""),
    "B_header_v15.osu": (4, ""),
    "B_utf16.osu": (4, ""),
    "B_section_comment.osu": (4, ""),
    "B_mac.osz": (6, ""),
    "B_first_damaged.osz": (6, ""),
    "B_absolute_picture.osz": (6, ""),
    "C_draft_in_folder.osz": (6, ""),
    "C_slider_doubled_end.osu": (5, ""),
    "C_hold.osu": (4, ""),
    "C_difficulty_twice.osu": (4, ""),
    "C_difficulty_overflow.osu": (4, ""),
    "C_break_new_combo.osu": (4, ""),
    "C_type_decimal.osu": (3, "1 of 4 objects cannot be played and is left out"),
    "C_timing_bad_effects.osu": (5, "1 of 2 timing points cannot be read and is left out"),
}


@pytest.mark.parametrize("name", MAPS)
def test_objects_of_the_map_and_what_is_left_out(name):
    beatmap = load_beatmap(CASES / name)
    assert (len(beatmap.start_ms), beatmap.left_out) == MAPS[name]
    assert (beatmap.title, beatmap.mods) == ("case", 0)


def test_values_that_the_game_clamps_or_skips():
    multiplier = load_beatmap(CASES / "B_multiplier_0.osu")
    assert (multiplier.slider_multiplier, multiplier.slider_tick_rate) == (0.4, 1.0)
    assert load_beatmap(CASES / "C_difficulty_twice.osu").od == 7
    assert load_beatmap(CASES / "C_difficulty_overflow.osu").od == 5
    assert load_beatmap(CASES / "B_header_missing.osu").format_version == 14
    assert load_beatmap(CASES / "B_header_v15.osu").format_version == 15
    assert load_beatmap(CASES / "B_time_25h.osu").start_ms[-1] == 90_000_000


def test_a_path_is_extended_unless_its_last_vertices_coincide():
    b = load_beatmap(CASES / "C_slider_doubled_end.osu")
    # 300 px at 140 px a beat of 500 ms = 1071.4 ms; ticks at 140 and 280 px, and the tail
    np.testing.assert_allclose((b.start_ms[-1], b.end_ms[-1]), (4000, 4000 + 300 / 140 * 500))
    assert (b.event_start[-1] - b.event_start[-2], len(b.start_ms) + len(b.event_ms)) == (3, 8)
    # a doubled end that is flattened to two equal vertices, as lines and short curves are
    for path in ("L|200:100|200:100", "B|200:100|200:100|200:100", "P|200:100|200:100"):
        short = parse_beatmap(osu(f"100,100,1000,2,0,{path},1,300"))
        assert short.length_px[0] == pytest.approx(100)
    # a curve of lazer's with a single point, which is no vertex twice
    assert parse_beatmap(osu("100,100,1000,2,0,B|L|200:100,1,300")).length_px[0] == 300


def test_a_hold_is_a_spinner():
    b = load_beatmap(CASES / "C_hold.osu")
    assert (b.kind[-1], b.start_ms[-1], b.end_ms[-1]) == (Kind.SPINNER, 3000, 3500)
    # without an end it is as long as nothing; a spinner bit goes before a hold bit
    b = parse_beatmap(osu("9,9,1000,128,0\n9,9,2000,136,0,2500"))
    assert b.end_ms.tolist() == [1000, 2500]


def test_a_break_ends_a_combo():
    assert load_beatmap(CASES / "C_break_new_combo.osu").new_combo.tolist() == [1, 0, 1, 0]


def test_a_damaged_timing_point_is_skipped():
    b = load_beatmap(CASES / "C_timing_bad_effects.osu")
    assert (b.start_ms[-1], b.end_ms[-1]) == (4000, 5000)


@pytest.mark.parametrize(
    "line",
    [
        "0,100,-1,1,0,100,1,0",  # no beat in a bar
        "0,100,,1,0,100,1,0",
        "0,100,4,x,0,100,1,0",
        "0,100,4,1,0,1.5,1,0",
        "0,100,4,1,0,100,,0",
        "0,NaN,4,1,0,100,1,0",  # inherited ones may be: it switches ticks off
        "0,1E+300,4,1,0,100,1,0",
        "9e99,100,4,1,0,100,1,0",
        "0",
    ],
)
def test_fields_of_timing_points_that_are_none(line):
    b = parse_beatmap(osu("0,0,1000,2,0,L|140:0,1,140", timing=f"{BEAT_300}\n{line}"))
    assert b.end_ms[0] == pytest.approx(1300)
    assert b.left_out == "1 of 2 timing points cannot be read and is left out"


@pytest.mark.parametrize(
    "line",
    [
        "100,100,1000,1",  # no sound
        "100,100,1000,1,x",
        "100,100,1000,1.0,0",
        "100,100,1000,4294967297,0",  # of more than 32 bits
        "100,100,3e9,1,0",
        "100,131073,1000,1,0",
        "100,100,1000,1,0,0",  # half a pair of sample banks
        "100,100,1000,1,0,0:x",
        "100,100,1000,8,0,NaN",
        "100,100,1000,8,0,2000,0:0:x",
        "100,100,1000,2,0,L|200:100,9001,100",
        "100,100,1000,2,0,L|200:100,1.5,100",
        "100,100,1000,2,0,L|200:100,1,",
        "100,100,1000,2,0,L|200:100||300:100,1,100",
        "100,100,1000,2,0,L|200:131073,1,100",
        "100,100,1000,2,0,L|200:100,1,100,0|0,0:0|0:x,0:0:0:0:",
    ],
)
def test_lines_that_are_no_objects(line):
    whole = parse_beatmap(osu(ALL_KINDS))
    b = parse_beatmap(osu(f"{ALL_KINDS}\n{line}\n{ALL_KINDS.splitlines()[0]}\n{line}"))
    assert b.left_out == "2 of 11 objects cannot be played and are left out"
    np.testing.assert_array_equal(np.unique(b.start_ms), np.unique(whole.start_ms))
    np.testing.assert_array_equal(b.length_px[b.slides > 0], whole.length_px[whole.slides > 0])


def test_comments_end_lines_but_those_of_metadata():
    text = osu(ONE_CIRCLE + " // the only one\n// none\n", difficulty="CircleSize:3 // small")
    text = text.replace(b"Title:Title", b"Title:a//b").replace(b"[Events]", b"[Events] // here")
    b = parse_beatmap(text)
    assert (b.title, b.cs, len(b.start_ms), b.left_out) == ("a//b", 3, 1, "")
    assert b.breaks_ms.tolist() == [[3000, 4000]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-32-be"])
def test_byte_order_marks(encoding):
    mark = "\ufeff" * encoding.endswith("-be")
    text = mark + osu().decode().replace("Title:Title", "Title:\u97f3")
    assert parse_beatmap(text.encode(encoding)).title == "\u97f3"


@pytest.mark.parametrize(
    ("name", "difficulty"),
    [
        ("B_mac.osz", "Real"),
        ("B_first_damaged.osz", "Good"),
        ("B_absolute_picture.osz", "Good"),
        ("C_draft_in_folder.osz", "Real"),
    ],
)
def test_archives_have_the_difficulties_of_their_top_folder(name, difficulty, tmp_path):
    assert [song.difficulty for song in list_songs(CASES / name)] == [difficulty]
    with pytest.raises(BeatmapError, match=f"has no difficulty other; it has: {difficulty}$"):
        load_beatmap(CASES / name, "other")
    shutil.copy(CASES / name, tmp_path)
    md5 = load_beatmap(CASES / name).md5
    assert parse_beatmap(find_maps([tmp_path], {md5})[md5].read_map()).difficulty == difficulty


def test_an_archive_of_which_one_file_is_damaged(tmp_path):
    """The bytes of the first file are others than their checksum says; the second one is whole."""
    path = tmp_path / "a.osz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.osu", osu(ONE_CIRCLE))
        archive.writestr("b.osu", osu(ALL_KINDS))
    path.write_bytes(path.read_bytes().replace(b"Title:Title", b"Title:Other", 1))
    assert len(load_beatmap(path).start_ms) == 8
    assert [song.title for song in list_songs(path)] == ["Title"]


def test_a_database_before_entries_had_sizes():
    (listed,) = read_maps(CASES / "D_osu!_20160403.db")
    assert (listed.path, len(listed.md5)) == ("case/base.osu", 32)
