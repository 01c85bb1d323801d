"""Mods: the game's bits and letters.

Reference: the bit values are those of the .osr header (osrparse's independent enum), and the
letters of real headers in an index of the replays, written by others.
"""

import csv

import osrparse
import pytest

from osu.formats.mods import Mods, ModsError, mods_str, parse_mods, rate
from tests.paths import SHARED

INDEX = SHARED / "index.csv"


THEIR_NAMES = {
    **{"NF": "NoFail", "EZ": "Easy", "TD": "TouchDevice", "HD": "Hidden", "HR": "HardRock"},
    **{"SD": "SuddenDeath", "DT": "DoubleTime", "RX": "Relax", "HT": "HalfTime"},
    **{"NC": "Nightcore", "FL": "Flashlight", "AT": "Autoplay", "SO": "SpunOut"},
    **{"AP": "Autopilot", "PF": "Perfect", "FI": "FadeIn", "RD": "Random", "CN": "Cinema"},
    **{"TP": "Target", "CP": "KeyCoop", "SV2": "ScoreV2", "MR": "Mirror"},
    **{f"K{count}": f"Key{count}" for count in range(1, 10)},
}


def test_bits_are_those_of_the_header():
    """Every bit, both ways: so `Mods(theirs)` and `osrparse.Mod(ours)` convert."""
    assert {ours.name: int(ours) for ours in Mods} == {
        ours: int(osrparse.Mod[theirs]) for ours, theirs in THEIR_NAMES.items()
    }
    assert set(THEIR_NAMES.values()) | {"NoMod"} == set(osrparse.Mod.__members__)


def test_letters_to_bits_and_back():
    assert parse_mods("HDDT") == Mods.HD | Mods.DT == 72
    assert parse_mods(" +dt, hd ") == Mods.HD | Mods.DT
    assert parse_mods("") == parse_mods("NM") == 0
    assert parse_mods("NC") == Mods.NC | Mods.DT
    assert parse_mods("PF") == Mods.PF | Mods.SD
    assert parse_mods("HRSV2") == Mods.HR | Mods.SV2
    assert mods_str(0) == "NM"
    assert mods_str(576) == "NC"
    assert mods_str(Mods.PF | Mods.SD | Mods.HR) == "HRPF"
    for text in ("EZHD", "HTHDFL", "HDHRDT", "NFSO"):
        assert parse_mods(mods_str(parse_mods(text))) == parse_mods(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("XX", "unknown mod 'XX'"),
        ("HDD", "unknown mod 'D'"),
        ("4K", "unknown mod '4K'"),
        ("K4", "unknown mod 'K4'"),  # mania's
        ("EZHR", "EZ and HR exclude each other"),
        ("HTNC", "HT and DT exclude each other"),
        ("NFPF", "NF and SD exclude each other"),
        ("RXAP", "RX and AP exclude each other"),
    ],
)
def test_what_the_game_does_not_know_is_one_sentence(text, says):
    with pytest.raises(ModsError, match=says):
        parse_mods(text)


def test_rate_is_map_time_per_real_time():
    assert rate(parse_mods("DT")) == rate(parse_mods("NC")) == 1.5
    assert rate(parse_mods("HT")) == 0.75
    assert rate(parse_mods("HDHR")) == 1.0


def test_letters_of_real_headers():
    if not INDEX.exists():
        pytest.skip("needs the real replays")
    with open(INDEX, newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 1000
    for row in rows:
        # index.csv's order of letters is its own: compare as sets
        ours = mods_str(int(row["mods"]))
        pairs = {ours[i : i + 2] for i in range(0, len(ours), 2)}
        theirs = row["mods_str"]
        assert pairs == {theirs[i : i + 2] for i in range(0, len(theirs), 2)}
