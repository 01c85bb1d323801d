"""What the window knows without a display: its clock, its songs, its settings, names of files.

The reference is arithmetic for the clock, and what was written for what is read back.
"""

import json
from dataclasses import replace

import pytest

from osu.files import write_atomic
from osu.formats.beatmap import load_beatmap
from osu.formats.mods import Mods
from osu.gui.clock import PreviewClock
from osu.gui.maps.query import MapQuery
from osu.gui.settings import RECENT_FILES, Settings, load_settings, save_settings
from osu.gui.songs import Song, list_songs
from osu.gui.widgets.results import ListedPlay
from osu.players.naming import play_file_name
from osu.render.scene import Stage
from tests.paths import ROOT
from tests.small_map import OSU, small_map, small_replay


def test_a_row_says_what_the_judge_says():
    values = ListedPlay("tester", "a.osu", Stage(small_map(), small_replay(second=False))).values()
    # Three of four objects: the second circle was left out. 20 ms late each time: no spread.
    assert values[:4] == ("tester", "", "Four Objects [small]", "NM")
    assert values[4:7] == ("75.00%", "1", "0")


def test_names_are_fit_for_every_file_system():
    beatmap = replace(small_map().with_mods(Mods.HD | Mods.DT), title='a/b\\c:d*e?f"g<h>i|j')
    assert play_file_name("rnn 3", beatmap) == (
        "Nobody - a_b_c_d_e_f_g_h_i_j [small] HDDT (rnn 3).osr"
    )
    assert "/" not in play_file_name("a/b", beatmap)
    long = replace(beatmap, title="y" * 999)
    assert len(play_file_name("x" * 999, long)) < 200


def test_names_have_no_more_bytes_than_a_file_system_takes(tmp_path):
    """255, of which a Japanese letter takes three; and they are cut between letters."""
    beatmap = load_beatmap(ROOT / "tests" / "cases" / "D_long_title.osu")
    for player in ("diffusion 0", "\u97f3" * 60):
        name = play_file_name(player, beatmap)
        assert len(name.encode()) <= 255 and name.endswith(").osr") and "\ufffd" not in name
        write_atomic(tmp_path / name, b"a play")
        assert (tmp_path / name).read_bytes() == b"a play"


def search(songs, query):
    return MapQuery.parse(query).find(songs, {})


# ---- time, songs, settings


def test_the_clock_runs_stands_jumps_and_changes_speed():
    now_s = [100.0]
    clock = PreviewClock(-500.0, 10_000.0, rate=1.5, counter=lambda: now_s[0])
    assert clock.now_ms == -500
    now_s[0] += 5
    assert clock.now_ms == -500  # it stands
    clock.play()
    now_s[0] += 1
    assert clock.now_ms == 1000  # a second of DT is 1500 ms of map
    clock.speed = 0.5
    now_s[0] += 1
    assert clock.now_ms == 1750
    clock.pause()
    now_s[0] += 9
    assert clock.now_ms == 1750
    clock.seek(9900)
    clock.play()
    now_s[0] += 9
    assert clock.now_ms == 10_000 and clock.at_end
    clock.play()  # from the start again
    assert clock.now_ms == -500 and not clock.at_end
    clock.seek(-9999)
    assert clock.now_ms == -500


def test_a_search_needs_every_word_somewhere():
    songs = [Song("Foo", "Bar", "Hard", "Me", "1"), Song("Foo", "Baz", "Easy", "You", "2")]
    assert [s.path for s in search(songs, "foo")] == ["1", "2"]
    assert [s.path for s in search(songs, "HARD foo")] == ["1"]
    assert [s.path for s in search(songs, "you ba")] == ["2"]
    assert search(songs, "foo nothing") == []


def test_a_search_knows_names_in_unicode_and_tags(tmp_path):
    names = "TitleUnicode:\u97f3\u697d\nSource:Somewhere\nTags:jazz piano\nTitle:"
    path = tmp_path / "map.osu"
    path.write_bytes(OSU.replace(b"Title:", names.encode()))
    songs = list_songs(path)
    for query in ("\u97f3\u697d", "JAZZ four", "somewhere"):
        assert search(songs, query) == songs != []
    assert search(songs, "rock") == []


def test_settings_come_back_as_they_were(tmp_path):
    path = tmp_path / "new" / "settings.json"
    settings = Settings(
        theme="light",
        mods="HDDT",
        size=(1000, 700),
        live_rect="1, 2, 3, 4",
        listed_plays=(("a.osr", "a.osu"), ("b.osr", "b.osz")),
    ).with_recent("a")
    save_settings(settings, path)
    assert load_settings(path) == settings


@pytest.mark.parametrize("text", ["", "[]", "{", '{"theme": 5, "plays": "x", "unknown": 1}'])
def test_settings_that_make_no_sense_are_the_default(tmp_path, text):
    path = tmp_path / "settings.json"
    path.write_text(text)
    assert load_settings(path) == Settings()


def test_settings_keep_what_makes_sense(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"plays": 4, "recent": ["a", 5], "size": [1], "live_rect": "1, 2"}))
    assert load_settings(path) == Settings(plays=4, live_rect="1, 2")


def test_recent_files_are_few_and_newest_first():
    settings = Settings()
    for name in [*map(str, range(30)), "7"]:
        settings = settings.with_recent(name)
    assert settings.recent[0] == "7" and len(settings.recent) == RECENT_FILES
    assert len(set(settings.recent)) == RECENT_FILES
