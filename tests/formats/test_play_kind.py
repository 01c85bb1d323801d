"""What a replay is, and what the game reads of a damaged one.

The files in tests/cases are of our own making, most from base.osr, a play of base.osu's twelve
circles; cases.md beside the research data says where each right value is known from.
"""

import dataclasses
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from osu.features.chart import chart_of
from osu.features.play import played_frames
from osu.formats.beatmap import load_beatmap
from osu.formats.binary import pack_stream
from osu.formats.mods import Mods
from osu.formats.plays.conditions import Conditions, of_mods
from osu.formats.plays.kind import Rules, kind_of, why_not_human, why_not_judged
from osu.formats.replay import ReplayError, clean_frames, dump_replay, load_replay, parse_replay
from osu.rules.judge import JudgeError, judge

CASES = Path(__file__).parents[1] / "cases"
BASE = load_replay(CASES / "base.osr")
MAP = load_beatmap(CASES / "base.osu")


def case(name: str):
    return load_replay(CASES / f"{name}.osr")


def lazer(mods: list | None = None, **details):
    """base.osr as lazer would have written it, with these mods in its score details."""
    text = json.dumps({"mods": mods or [], "statistics": {"great": 12}} | details)
    packed = pack_stream(text.encode())
    block = struct.pack("<i", len(packed)) + packed
    return dataclasses.replace(BASE, version=30000016, score_info=block)


def test_a_plain_play_is_a_persons_by_stables_rules():
    kind = kind_of(BASE)
    assert (kind.rules, kind.by_hand, kind.counts_known) == (Rules.STABLE, True, True)
    assert why_not_human(BASE) == why_not_judged(BASE) == ""
    assert BASE.conditions == of_mods(0) and BASE.left_out == ()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("A_relax", "relax, under which the game presses the keys"),
        ("A_autopilot", "autopilot, under which the game moves the cursor"),
        ("A_autoplay", "autoplay, which the game itself played"),
        ("A_mode_taiko", "another game mode, osu!taiko"),
        ("A_mode_catch", "another game mode, osu!catch"),
        ("B_target_no_double", "target practice, which moves the objects"),
    ],
)
def test_what_no_hand_played_on_the_map_is_neither_judged_nor_learned_from(name, said):
    replay = case(name)
    assert said in why_not_human(replay)
    with pytest.raises(JudgeError, match=said):
        judge(MAP.with_mods(replay.conditions), replay)


def test_cinema_by_its_bit_and_by_its_acronym():
    for replay in (dataclasses.replace(BASE, mods=Mods.CN), lazer([{"acronym": "CN"}])):
        assert "cinema" in why_not_human(replay)


def test_this_programs_own_plays_are_judged_but_no_persons():
    replay = case("A_own_generated")
    assert why_not_human(replay) == "it was made by this program"
    assert judge(MAP, replay).n300 == replay.n300 == 9


def test_score_v2_is_a_persons_play_whose_score_is_not_compared():
    replay = case("A_scorev2")
    assert (why_not_human(replay), kind_of(replay).score_v2) == ("", True)
    assert judge(MAP.with_mods(replay.conditions), replay).n300 == replay.n300 == 12


def test_counts_of_0_are_unknown():
    replay, full = case("A_zero_counts"), case("A_zero_counts_full_header")
    assert np.isnan(replay.accuracy) and full.accuracy == 1
    assert (replay.counts_known, why_not_human(replay)) == (False, "")
    beatmap = load_beatmap(CASES / "A_zero_counts_map.osu")
    assert judge(beatmap, replay).n300 == judge(beatmap, full).n300 == full.n300 == 52


def test_a_rate_of_lazers_own():
    replay = case("A_lazer_dt_1.2")
    assert replay.rate == 1.2 and str(replay.conditions) == "DT (1.2x)"
    chart = chart_of(MAP.with_mods(replay.conditions))
    # 6.5 s of map time and 1.5 s of lead: at 1.2 some 390 frames, at 1.5 it would be 330.
    assert played_frames(chart, clean_frames(replay)[0]) == pytest.approx(390, abs=30)
    assert chart.rate == 1.2


def test_difficulty_adjust():
    replay = case("A_lazer_difficulty_adjust")
    beatmap = MAP.with_mods(replay.conditions)
    assert (beatmap.cs, beatmap.od, beatmap.ar) == (7.5, MAP.od, MAP.ar)
    assert str(replay.conditions) == "NM (CS 7.5)"


def test_mirror_flips_the_field_left_to_right_but_not_the_stacks():
    replay = case("A_lazer_mirror")
    mirrored = MAP.with_mods(replay.conditions)
    assert (mirrored.raw_xy == [512, 0] + MAP.raw_xy * [-1, 1]).all()
    assert (mirrored.xy - mirrored.raw_xy == MAP.xy - MAP.raw_xy).all()
    assert mirrored.with_mods(0).xy.tolist() == MAP.xy.tolist()


@pytest.mark.parametrize(
    ("mods", "rate", "flips"),
    [
        ([{"acronym": "DT"}], 1.5, (False, False)),
        ([{"acronym": "NC", "settings": {"speed_change": 2.0}}], 2.0, (False, False)),
        ([{"acronym": "HT", "settings": {"speed_change": 0.5}}], 0.5, (False, False)),
        ([{"acronym": "DC"}], 0.75, (False, False)),
        ([{"acronym": "MR", "settings": {"reflection": 1}}], 1.0, (False, True)),
        ([{"acronym": "MR", "settings": {"reflection": 2}}], 1.0, (True, True)),
    ],
)
def test_settings_by_the_games_source(mods, rate, flips):
    """ppy/osu: ModDoubleTime, ModHalfTime, ModDaycore and OsuModMirror with their defaults."""
    conditions = lazer(mods).conditions
    assert (conditions.rate, conditions.flips) == (rate, flips)


@pytest.mark.parametrize("acronym", ["RD", "WU", "AS", "MG", "TP", "??"])
def test_what_cannot_be_placed_is_not_learned_from(acronym):
    replay = lazer([{"acronym": acronym}])
    assert why_not_human(replay) and why_not_judged(replay)


def test_classic_is_told_from_lazers_own_rules():
    assert kind_of(lazer()).rules is Rules.LAZER
    assert kind_of(lazer([{"acronym": "CL"}])).rules is Rules.CLASSIC


@pytest.mark.parametrize(
    "block",
    [
        b"\x00",
        struct.pack("<i", 2**31 - 1),
        struct.pack("<i", 9) + bytes(9),
        *(
            struct.pack("<i", len(packed)) + packed
            for text in ("[]", "3", '{"mods": 3}', '{"mods": [3]}', '{"mods": [{}]}', "[" * 99_999,
                         '{"mods": [{"acronym": "DT", "settings": 5}]}', " " * (2 << 20),
                         '{"statistics": {"a": "x"}}', '{"statistics": {"a": 1e999}}')
            for packed in [pack_stream(text.encode())]
        ),
    ],
)  # fmt: skip
def test_damaged_details_leave_a_play_by_its_header(block):
    replay = dataclasses.replace(BASE, version=30000016, mods=Mods.DT, score_info=block)
    read = parse_replay(dump_replay(replay))
    assert read.details is None and read.conditions == Conditions(Mods.DT, 1.5)
    # Less than a length is no block at all, as of the lazer plays that stable writes again.
    assert read.left_out == () if len(block) < 4 else "score details" in read.left_out[0]


@pytest.mark.parametrize(
    ("settings", "rate"),
    [({"speed_change": value}, 1.5) for value in ("x", None, [], 1e999, 10**400)]
    + [({"speed_change": 1e9}, 1.5), ({"speed_change": -1}, 1.5)],
)
def test_odd_settings_do_not_reach_a_map(settings, rate):
    replay = dataclasses.replace(
        lazer([{"acronym": "DT", "settings": settings}, {"acronym": "MR", "settings": settings}]),
        mods=Mods.DT,
    )
    assert replay.rate == rate


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("B_old_id64", None),
        ("B_trailing_bytes", None),
        ("B_target_no_double", None),
        ("B_lazer_without_details", None),
        ("B_seed_not_last", None),
        ("B_name_latin1", None),
        ("B_empty_frame", "1 of its frames, which have fewer than four fields"),
        ("B_short_frame", "1 of its frames, which have fewer than four fields"),
        ("B_life_not_finite", "its life bar, which is damaged"),
        ("B_life_fraction", "its life bar, which is damaged"),
    ],
)
def test_one_odd_thing_does_not_cost_the_play(name, left_out):
    replay = case(name)
    frames = len(BASE.delta_ms) + (1 if name == "B_seed_not_last" else 0)
    assert len(replay.delta_ms) == frames
    assert replay.delta_ms[: len(BASE.delta_ms)].tolist() == BASE.delta_ms.tolist()
    assert replay.left_out == ((left_out,) if left_out else ())
    assert (replay.n300, replay.counts_known) == (12, True)
    assert dump_replay(parse_replay(dump_replay(replay))) == dump_replay(replay)


def test_a_name_that_is_not_utf_8():
    assert case("B_name_latin1").player == "caf\ufffd"


def test_fractional_deltas_are_rounded_as_times():
    replay = case("B_fractional_deltas")
    # Every second frame is half a ms later than in base.osr.
    halves = np.cumsum(np.where(np.arange(len(BASE.delta_ms)) % 2 == 1, 0.5, 0.0))[:-1]
    assert np.abs(replay.t_ms[3:] - BASE.t_ms[3:] - (halves[2:] - halves[2])).max() <= 1
    assert why_not_human(replay) == ""


def test_no_frames_is_what_is_said_of_none():
    with pytest.raises(ReplayError, match="it has no frames"):
        case("B_no_frames")
