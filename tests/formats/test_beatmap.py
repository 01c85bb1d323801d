"""The meaning of a .osu file: times, positions, difficulty, stacks, nested events, mods.

References: numbers worked out by hand from the rules of the .osu format, given beside
each assertion. Against an independent port of the game see tests/oracles/slider_paths.py.
"""

import hashlib
import zipfile

import numpy as np
import pytest

from osu.formats.beatmap import (
    BeatmapError,
    Kind,
    load_beatmap,
    parse_beatmap,
)
from osu.formats.mods import Mods
from osu.formats.slider_events import SliderPart
from tests.maps import ALL_KINDS, BEAT_300, ONE_CIRCLE, osu


def test_a_map_of_every_kind():
    data = osu()
    b = parse_beatmap(data)
    assert b.md5 == hashlib.md5(data).hexdigest()
    assert (b.title, b.artist, b.creator, b.difficulty) == ("Title", "Artist", "Creator", "Version")
    assert (b.audio_filename, b.format_version, b.mods) == ("song.mp3", 14, Mods(0))
    assert (b.hp, b.cs, b.od, b.ar) == (5, 4, 7, 9)
    np.testing.assert_array_equal(b.kind, [0, 0, 0, 1, 1, 1, 1, 2])
    np.testing.assert_array_equal(b.start_ms, [1000, 1150, 1300, 2000, 4500, 6000, 8000, 10000])
    np.testing.assert_array_equal(b.slides, [0, 0, 0, 1, 2, 3, 1, 0])
    # 140 px a beat of 300 ms: 140 px = 300 ms, 200 px = 428.57 ms, 180 px = 385.71 ms
    np.testing.assert_allclose(
        b.end_ms, [1000, 1150, 1300, 2300, 5100, 6000 + 3 * 3000 / 7, 8000 + 2700 / 7, 12000]
    )
    np.testing.assert_allclose(b.span_ms[3:7], [300, 300, 3000 / 7, 2700 / 7])
    np.testing.assert_allclose(b.length_px[3:7], [140, 140, 200, 180])
    np.testing.assert_array_equal(b.breaks_ms, [[3000, 4000]])
    np.testing.assert_array_equal(b.timing_ms, [0])
    np.testing.assert_array_equal(b.beat_ms, [300])
    np.testing.assert_array_equal(b.path_start[:4], [0, 0, 0, 0])
    assert b.path_start[-1] == len(b.path_xy) == len(b.path_dist)
    assert b.event_start[-1] == len(b.event_ms) == len(b.event_xy) == len(b.event_kind)
    for array in (b.xy, b.raw_xy, b.path_xy, b.path_dist, b.event_ms, b.start_ms):
        assert array.dtype == np.float64


def test_stacks_rise_to_the_left_and_up():
    b = parse_beatmap(osu())
    np.testing.assert_array_equal(b.stack, [2, 1, 0, 0, 0, 0, 0, 0])
    # scale at CS 4: (1 - 0.7 * (4 - 5) / 5) / 2 = 0.57; a level is 6.4 * 0.57 = 3.648 px
    assert b.scale == pytest.approx(0.57, abs=1e-6)  # float32
    np.testing.assert_allclose(b.xy[0], [100 - 7.296] * 2, atol=1e-5)
    np.testing.assert_allclose(b.xy[1], [100 - 3.648] * 2, atol=1e-5)
    np.testing.assert_array_equal(b.raw_xy[:3], [[100, 100]] * 3)


def test_circles_on_a_sliders_end_go_down_and_right():
    slider = "100,100,1000,2,0,L|240:100,1,140\n"  # ends at 1300
    b = parse_beatmap(osu(slider + "240,100,1400,1,0\n240,100,1500,1,0"))
    np.testing.assert_array_equal(b.stack, [0, -1, -2])
    back = slider.replace("1,140", "2,140")  # ends where it began, at 1600
    b = parse_beatmap(osu(back + "240,100,1700,1,0\n100,100,1800,1,0"))
    np.testing.assert_array_equal(b.stack, [0, 0, -1])


def test_stacking_ends_at_the_threshold():
    # AR 9: 600 ms * 0.7 = 420.0 in float32: 420 ms apart still stacks, 421 doesn't
    for apart, stack in ((420, 1), (421, 0)):
        b = parse_beatmap(osu(f"9,9,1000,1,0\n9,9,{1000 + apart},1,0"))
        np.testing.assert_array_equal(b.stack, [stack, 0])


def test_files_before_v6_stack_forwards():
    circles = "50,50,1000,1,0\n50,50,1100,1,0\n50,50,1200,1,0"
    b = parse_beatmap(osu(circles, version=5))
    np.testing.assert_array_equal(b.stack, [2, 1, 0])
    # forwards, an object under a slider's far end moves down even when the slider comes back
    lines = "100,100,1000,2,0,L|240:100,2,140\n240,100,1700,1,0"
    np.testing.assert_array_equal(parse_beatmap(osu(lines, version=5)).stack, [0, -1])
    np.testing.assert_array_equal(parse_beatmap(osu(lines, version=6)).stack, [0, 0])


def test_difficulty_in_the_games_numbers():
    b = parse_beatmap(osu())
    assert b.radius_px == pytest.approx((54.4 - 4.48 * 4) * 1.00041, abs=1e-5)
    assert b.preempt_ms == 600  # 1200 - 750 * 4 / 5
    assert b.fade_in_ms == 400
    assert (b.window300_ms, b.window100_ms, b.window50_ms) == (38, 84, 130)
    # OD 7.3 in float32 is a little more than 7.3: 200 - 73.000002 is cut to 126
    b = parse_beatmap(osu(difficulty="OverallDifficulty:7.3\nApproachRate:3"))
    assert (b.window300_ms, b.window100_ms, b.window50_ms) == (36, 81, 126)
    assert b.preempt_ms == 1440  # 1200 + 600 * 2 / 5
    # out of range is cut, a missing approach rate is the overall difficulty
    no_ar = osu(difficulty="OverallDifficulty:12\nCircleSize:-1").replace(b"ApproachRate:9\n", b"")
    b = parse_beatmap(no_ar)
    assert (b.od, b.cs, b.ar) == (10, 0, 10)


def test_mods_change_what_they_change():
    b = parse_beatmap(osu())
    hr = b.with_mods(Mods.HR)
    assert hr.cs == pytest.approx(5.2, abs=1e-6)
    assert (hr.od, hr.ar) == (pytest.approx(9.8, abs=1e-6), 10)
    assert hr.hp == 7
    np.testing.assert_allclose(hr.raw_xy, [1, -1] * b.raw_xy + [0, 384])
    np.testing.assert_allclose(hr.path_xy, [1, -1] * b.path_xy + [0, 384], atol=1e-9)
    tick = b.event_xy[b.event_start[5]]
    np.testing.assert_allclose(hr.event_xy[b.event_start[5]], [1, -1] * tick + [0, 384], atol=1e-9)
    # the stack is as high, each level 6.4 * 0.486 px: still up and left, not mirrored
    np.testing.assert_array_equal(hr.stack, b.stack)
    np.testing.assert_allclose(hr.xy[0], [100 - 2 * 3.1104, 284 - 2 * 3.1104], atol=1e-4)
    ez = b.with_mods(Mods.EZ)
    assert (ez.cs, ez.ar, ez.od, ez.hp) == (2, 4.5, 3.5, 2.5)
    assert b.with_mods(Mods.DT).rate == b.with_mods(Mods.NC | Mods.DT).rate == 1.5
    assert b.with_mods(Mods.HT).rate == 0.75
    dt = hr.with_mods(Mods.DT | Mods.HD)  # from the map as loaded, not on top of HR
    np.testing.assert_array_equal(dt.xy, b.xy)
    np.testing.assert_array_equal(dt.start_ms, b.start_ms)
    assert (dt.cs, dt.mods) == (b.cs, Mods.DT | Mods.HD)


def test_easier_approach_stacks_more():
    # 500 ms apart: beyond 600 * 0.7 = 420, within 1260 * 0.7 = 882 under EZ (AR 4.5)
    b = parse_beatmap(osu("50,50,1000,1,0\n50,50,1500,1,0"))
    np.testing.assert_array_equal(b.stack, [0, 0])
    np.testing.assert_array_equal(b.with_mods(Mods.EZ).stack, [1, 0])


def test_ticks_repeats_and_tail():
    # 400 px at 140 px a tick (a beat): ticks at 140, 280; a slide takes 857.14 ms
    b = parse_beatmap(osu("0,100,1000,2,0,L|400:100,2,400"))
    T, R, E = SliderPart.TICK, SliderPart.REPEAT, SliderPart.TAIL
    np.testing.assert_array_equal(b.event_kind, [T, T, R, T, T, E])
    beats = np.array([140, 280, 400, 520, 660, 800]) / 140
    np.testing.assert_allclose(b.event_ms, 1000 + 300 * beats)
    np.testing.assert_allclose(b.event_xy[:, 0], [140, 280, 400, 280, 140, 0], atol=1e-4)
    np.testing.assert_allclose(b.event_xy[:, 1], 100)


def test_no_tick_within_10_ms_of_the_end():
    # 10 ms = 4.667 px: a tick at 140 px of a path of 144 is too late, of 146 isn't
    assert len(parse_beatmap(osu("0,9,1000,2,0,L|400:9,1,144")).event_ms) == 1
    assert len(parse_beatmap(osu("0,9,1000,2,0,L|400:9,1,146")).event_ms) == 2


def test_slider_velocity_of_the_point_at_the_sliders_start():
    timing = "\n".join(
        [
            "0,300,4,2,1,60,1,0",
            "2000,-50,4,2,1,60,0,0",  # twice as fast
            "3000,-5,4,2,1,60,0,0",  # cut to 10 times
            "4000,-5000,4,2,1,60,0,0",  # cut to a tenth
            "5000,600,4,2,1,60,1,0",  # a new beat: 1 again
            "6000,-200,4,2,1,60,0,0",
            "6000,300,4,2,1,60,1,0",  # at one time the inherited point wins, wherever it stands
            "7000,nan,4,2,1,60,0,0",  # no ticks
        ]
    )
    starts = (-500, 0, 1999, 2000, 3000, 4000, 5000, 6000, 7000)
    lines = "\n".join(f"0,9,{t},2,0,L|400:9,1,280" for t in starts)
    b = parse_beatmap(osu(lines, timing=timing))
    # 280 px are two beats at velocity 1; before the first point its beat holds
    np.testing.assert_allclose(
        b.span_ms, [600, 600, 600, 300, 60, 6000, 1200, 1200, 600], rtol=1e-6
    )
    ticks = np.diff(b.event_start) - 1
    # one tick in the middle; at 2 x the tick's 280 px are the end, at 0.5 x there are three
    np.testing.assert_array_equal(ticks, [1, 1, 1, 0, 0, 19, 1, 3, 0])


def test_before_v8_velocity_does_not_change_the_distance_between_ticks():
    timing = BEAT_300 + "\n500,-50,4,2,1,60,0,0"
    line = "0,9,1000,2,0,L|400:9,1,400"
    for version, ticks in ((7, 2), (8, 1)):  # every 140 px, every 280 px
        b = parse_beatmap(osu(line, version=version, timing=timing))
        assert len(b.event_ms) - 1 == ticks
        assert b.span_ms[0] == pytest.approx(300 * 400 / 280)


def test_combos():
    lines = "\n".join(
        f"{50 * i},50,{1000 + 500 * i},{kind},0" + (f",{1400 + 500 * i}" if kind & 8 else "")
        for i, kind in enumerate((1, 1, 5, 1, 8, 1, 1, 5))
    )
    b = parse_beatmap(osu(lines))
    np.testing.assert_array_equal(b.new_combo, [1, 0, 1, 0, 1, 1, 0, 1])
    np.testing.assert_array_equal(b.combo_index, [0, 0, 1, 1, 2, 3, 3, 4])
    np.testing.assert_array_equal(b.combo_number, [1, 2, 1, 2, 1, 1, 2, 1])


def test_the_ball():
    b = parse_beatmap(osu("0,100,1000,2,0,L|280:100,2,280\n50,60,3000,1,0\n9,9,4000,8,0,5000"))
    assert b.span_ms[0] == pytest.approx(600)
    t_ms = np.array([0, 1000, 1300, 1600, 1900, 2200, 9999, 3000, 4500])
    xy = b.ball_xy(np.array([0] * 7 + [1, 2]), t_ms)
    x = [0, 0, 140, 280, 140, 0, 0, 50, 256]
    y = [100] * 7 + [60, 192]
    np.testing.assert_allclose(xy, np.array([x, y]).T, atol=1e-4)
    assert b.ball_xy(np.array([], dtype=int), np.array([])).shape == (0, 2)


@pytest.mark.parametrize("version", [*range(3, 15), 128])
def test_every_version(version):
    b = parse_beatmap(osu(version=version))
    assert b.format_version == version
    np.testing.assert_array_equal(b.kind, [0, 0, 0, 1, 1, 1, 1, 2])
    assert b.start_ms[0] == 1000  # also before v5: no shift, see osu/formats/osu_file.py


def test_line_ends_byte_order_mark_comments_and_blank_lines():
    plain = parse_beatmap(osu())
    text = osu().decode()
    for other in (
        text.replace("\n", "\r\n"),
        text.replace("\n", "\r"),
        "\ufeff" + text,
        "\n\n" + text,
        text.replace("[HitObjects]\n", "[HitObjects]\n// a comment\n\n  \n"),
        text.replace("[TimingPoints]\n", "[TimingPoints]\n//x\n"),
        text.replace("[Difficulty]", "[Difficulty]  "),
    ):
        b = parse_beatmap(other.encode())
        np.testing.assert_array_equal(b.xy, plain.xy)
        np.testing.assert_array_equal(b.path_xy, plain.path_xy)


def test_lines_the_game_skips_are_skipped():
    bad = [
        "garbage",
        "1,2",
        "100,x,1000,1,0",
        "100,100,1000,0,0",  # no known kind
        "100,100,1000,128,0,x",  # mania's hold without an end
        "100,100,1000,2,0",  # a slider of nothing
        "100,100,1000,2,0,L|1:x,1,100",
        "100,100,1000,2,0,L|1:1,x,100",
        "100,100,1000,8,0",  # a spinner without an end
    ]
    for line in bad:
        b = parse_beatmap(osu(f"{line}\n{ALL_KINDS}\n{line}"))
        assert len(b.kind) == 8, line


def test_odd_but_readable_lines():
    lines = "\n".join(
        [
            " 100 , 100 ,1000,1,0",
            "100.7,100.2,1100,1,0",  # whole pixels before lazer
            "-20,600,1200,1,0",  # the game moves objects into 0 .. 512
            "100,100,900,1,0",  # out of order
            "100,100,1300,2,0,L|200:100",  # no slides
            "100,100,1400,2,0,L|200:100,1",  # no length: as long as it is
            "100,100,1600,2,0,L|200:100,0,50",  # at least one slide
            "100,100,1700,2,0,L,1,50",  # no points: no path
            "100,100,1800,12,0,1700",  # ends before it starts
        ]
    )
    b = parse_beatmap(osu(lines))
    np.testing.assert_array_equal(b.start_ms, [900, 1000, 1100, 1200, 1400, 1600, 1700, 1800])
    np.testing.assert_array_equal(b.raw_xy[:4], [[100, 100]] * 3 + [[0, 512]])
    np.testing.assert_allclose(b.length_px[4:7], [100, 50, 0])
    np.testing.assert_array_equal(b.slides[4:7], [1, 1, 1])
    assert b.end_ms[6] == 1700
    assert b.end_ms[7] == 1800
    exact = parse_beatmap(osu("100.7,100.2,1100.5,1,0", version=128))
    np.testing.assert_array_equal(exact.raw_xy, [[100.7, 100.2]])
    assert exact.start_ms[0] == 1100.5


def test_sliders_out_of_order_keep_their_own_paths():
    first, second = "0,0,3000,2,0,L|100:0|100:50,1,150", "0,9,1000,2,0,L|70:9,2,70"
    b = parse_beatmap(osu(f"{first}\n{second}"))
    np.testing.assert_array_equal(b.slides, [2, 1])
    np.testing.assert_allclose(b.path_xy, [[0, 9], [70, 9], [0, 0], [100, 0], [100, 50]])
    np.testing.assert_array_equal(b.path_start, [0, 2, 5])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "has neither a format version nor sections"),
        (b"hello", "has neither a format version nor sections"),
        (b"osu file format v14\n", "has no hit objects"),
        (osu(general="Mode: 1"), "is a taiko map, not osu!standard"),
        (osu(general="Mode: 2"), "is a catch map"),
        (osu(general="Mode: 3"), "is a mania map"),
        (osu(""), "has no hit objects"),
        (osu("garbage"), "has no hit objects that can be read"),
    ],
)
def test_what_is_no_map_is_one_sentence(data, says):
    with pytest.raises(BeatmapError, match=says) as caught:
        parse_beatmap(data, "a.osu")
    assert str(caught.value).startswith("a.osu ")


def test_osz_with_a_choice(tmp_path):
    path = tmp_path / "song.osz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.osu", osu().replace(b"Version:Version", b"Version:Easy"))
        archive.writestr("b.osu", osu(ONE_CIRCLE).replace(b"Version:Version", b"Version:Hard"))
        archive.writestr("taiko.osu", osu().replace(b"Mode: 0", b"Mode: 1"))
        archive.writestr("song.mp3", b"")
    assert load_beatmap(path).difficulty == "Easy"
    assert len(load_beatmap(path, "Hard").kind) == 1
    with pytest.raises(BeatmapError, match=r"no difficulty Insane; it has: Easy, Hard"):
        load_beatmap(path, "Insane")


def test_files_that_cannot_be_read(tmp_path):
    for path in (tmp_path / "none.osu", tmp_path / "none.osz", tmp_path, "a\0b"):
        with pytest.raises(BeatmapError, match="cannot read"):
            load_beatmap(path)
    loaded = tmp_path / "a.osu"
    loaded.write_bytes(osu())
    assert len(load_beatmap(loaded).kind) == 8
    assert load_beatmap(str(loaded)).kind[-1] == Kind.SPINNER
