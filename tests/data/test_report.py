"""The report of what a person has: counts that add up, whatever the names in it.

The folder and the cache are conftest's: two players, one with HR and DT, on the three sample maps.
"""

import sys
from dataclasses import replace

import pytest

from osu.data.__main__ import main
from osu.data.dataset import PlaySet
from osu.data.report import NO_STARS, stars_of, total_plays, write_data_report


@pytest.fixture(scope="module")
def plays(cache):
    return PlaySet(cache).plays


def test_the_report_counts_every_play(folder, plays, tmp_path):
    skipped = {"replay: unreadable": 3}
    path = write_data_report(plays, skipped, [str(folder)], tmp_path)
    text = path.read_text()
    assert "6 plays, 0.1 hours, of 2 players on 3 maps (6 with their mods)." in text
    assert "- 3: replay: unreadable" in text
    for row in ("| one | 3 |", "| two | 3 |", "| NM | 3 |", "| HRDT | 3 |"):
        assert row in text
    for name in ("accuracy", "length", "stars", "mods", "players"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"![{name}]({name}.png)" in text


def test_length_is_real_time(plays):
    """The same map under DT is played in two thirds of the time; to a second."""
    minutes = dict(zip([(p.song, p.mods) for p in plays], total_plays(plays).minutes, strict=True))
    for song in {play.song for play in plays}:
        assert minutes[song, "HRDT"] == pytest.approx(minutes[song, "NM"] / 1.5, abs=1 / 60)


def test_stars_count_mods_and_plays(folder, plays):
    """HR and DT make every map harder; stars come once for each play of a map."""
    for beatmap in {play.beatmap for play in plays}:
        plain = stars_of({(beatmap, "NM"): 2}, [str(folder)])
        harder = stars_of({(beatmap, "HRDT"): 1}, [str(folder)])
        assert len(plain) == 2 and len(harder) == 1 and harder[0] > 1.2 * plain[0] > 1
    assert len(stars_of({("0" * 32, "NM"): 1}, [str(folder)])) == 0


def test_without_rosu_stars_are_left_out_and_that_is_said(folder, plays, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rosu_pp_py", None)
    text = write_data_report(plays, {}, [str(folder)], tmp_path).read_text()
    assert NO_STARS in text and "![stars]" not in text and "Nothing." in text
    assert not (tmp_path / "stars.png").exists()


def test_names_cannot_break_the_report(folder, plays, tmp_path):
    names = ["a|b", "$\\frac{", "new\nline", "", "音" * 40, "\u202eright"]
    odd = [replace(play, player=name) for play, name in zip(plays, names, strict=True)]
    text = write_data_report(odd, {}, [str(folder)], tmp_path).read_text()
    assert "| a\\|b | 1 |" in text and "| new\\nline | 1 |" in text and "| (no name) | 1 |" in text


def test_many_names_are_cut_and_counted(folder, plays, tmp_path):
    many = [replace(plays[0], player=f"p{i}") for i in range(25)]
    text = write_data_report(many, {}, [str(folder)], tmp_path).read_text()
    assert "| 5 more | 5 |" in text


def test_the_command(folder, tmp_path, capsys):
    arguments = [str(folder), "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--player", "TWO"]) == 0
    printed = capsys.readouterr().out
    assert "3 plays of 3 maps and mods" in printed and "5  replay: of another player" in printed
    assert (tmp_path / "out" / "report.md").exists()
    assert main([*arguments, "--player", "me"]) == 2
    assert "no replay is of 'me'; there are: one (5), two (3)" in capsys.readouterr().err
