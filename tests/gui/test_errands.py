"""What newcomers tripped over on their errands, on a real (virtual) display.

References: files on the disk, what Tk says of places, and colours' distances.
"""

import itertools
import time

import numpy as np
import pytest

from osu.formats.mods import Mods
from osu.formats.replay import save_replay
from osu.gui import messages as msg
from osu.gui.settings import Settings, load_settings
from osu.gui.widgets import window as window_file
from osu.gui.widgets.dialogs import files
from osu.players.generated import judged_play
from osu.render.painter import play_colours
from osu.render.video import can_write_video
from tests.display import needs_xvfb
from tests.gui.test_plays import key
from tests.gui.window import generate, idle, until
from tests.small_map import OSU, small_map, small_replay

pytestmark = needs_xvfb
NAMES = "Artist:Nobody\nTitleUnicode:夜の階段\nArtistUnicode:誰か".encode()


@pytest.fixture
def songs(home):
    """A Songs folder of three maps, one of which has a Japanese title."""
    for n, data in enumerate((OSU, OSU.replace(b"Artist:Nobody", NAMES), OSU)):
        (home / "Songs" / str(n)).mkdir(parents=True)
        data = data.replace(b"Four Objects", b"Song %d" % n)
        (home / "Songs" / str(n) / "map.osu").write_bytes(data)
    return home / "Songs"


def list_maps(app, folder):
    app.opening.open_paths((str(folder),))
    until(app, lambda: app.window.maps.songs)
    idle(app)


def test_a_title_comes_before_its_artist_and_is_found_in_japanese(start, songs):
    app = start()
    list_maps(app, songs)
    maps = app.window.maps
    shown = [maps._table.whole(row)[0] for row in maps.tree.get_children()]
    assert shown == ["Song 0 · Nobody", "Song 1 · Nobody", "Song 2 · Nobody"]
    maps.query.set("夜の階段")
    until(app, lambda: len(maps.tree.get_children()) == 1)
    maps._to_rows()
    until(app, lambda: app.window.maps.chosen)
    assert app.window.maps.chosen[0].title == "Song 1"


def test_the_chosen_map_is_chosen_again_at_the_next_start(start, songs):
    app = start()
    list_maps(app, songs)
    app.window.maps.tree.selection_set(app.window.maps.tree.get_children()[1])
    until(app, lambda: app.window.maps.chosen)
    song = app.window.maps.chosen[0]
    app.close()
    app = start(load_settings())
    list_maps(app, songs)
    assert app.window.maps.chosen == (song,)
    until(app, lambda: app.window.preview.map_path == song.path)
    assert app.window._map_name.whole == song.label
    assert app.window.buttons["generate"].instate(["!disabled"])
    (songs / "1" / "map.osu").unlink()  # it is not there any more
    app.close()
    app = start(load_settings())
    list_maps(app, songs)
    assert app.window.maps.chosen == ()


def test_what_was_said_stays_beside_works_that_run(start, home, monkeypatch):
    app = start()
    app.opening.open_paths((str(home / "small.osu"),))
    idle(app)
    app.window.form.model.set("endless")
    app.window.buttons["generate"].invoke()
    until(app, lambda: app.window._part > 0)
    app.window.fail("This is to be read.")
    until_s = time.monotonic() + 0.3  # in which the engine says thirty times how far it is
    until(app, lambda: time.monotonic() > until_s)
    assert app.window._status.whole == "This is to be read."
    monkeypatch.setattr(window_file, "READ_S", 0.0)
    until(app, lambda: app.window._status.whole.startswith("Four Objects [small], seed"))


def test_a_replay_that_is_opened_is_told_of(start, home):
    app = start(Settings(sound=False))
    save_replay(judged_play(small_map(), small_replay(second=False)).replay, home / "one.osr")
    app.opening.open_paths((str(home / "small.osu"), str(home / "one.osr")))
    idle(app)
    assert app.window._status.whole.startswith("tester NM: ")
    assert ", 1 miss, unstable rate" in app.window._status.whole


def test_plays_are_saved_to_a_folder_that_is_new(start, home, monkeypatch):
    app = start()
    app.window.form.plays.set("2")
    generate(app, home)
    folder = home / "new" / "plays"
    monkeypatch.setattr(files.filedialog, "askdirectory", lambda **options: str(folder))
    app.window.press("save_all")
    idle(app)
    assert len(list(folder.glob("*.osr"))) == 2
    folder = home / "batch"
    app.window.press("batch")
    idle(app)
    assert len(list(folder.glob("*.osr"))) == 2
    assert app.window._status.whole == f"Saved 2 plays in {folder}."


@pytest.mark.skipif(not can_write_video(), reason="PyAV is an extra")
def test_a_song_that_is_not_there_is_told_of(start, home, monkeypatch):
    app = start()
    generate(app, home)
    app.window.preview.play()
    until(app, lambda: "song.mp3 is not beside the map" in app.window._status.whole)
    app.window.preview.pause()
    path = str(home / "a.mp4")
    monkeypatch.setattr(files.filedialog, "asksaveasfilename", lambda **options: path)
    app.window.press("mp4")
    idle(app)
    said = app.window._status.whole  # what is cut in a small window is the path
    assert said.startswith("Only hits are heard") and said.endswith(f"Saved {path}.")


def test_a_gif_has_a_name_and_a_length_to_choose(start, home, monkeypatch):
    app = start()
    generate(app, home)
    asked, posted = {}, []
    monkeypatch.setattr(files.filedialog, "asksaveasfilename", lambda **o: asked.update(o) or "g")
    monkeypatch.setattr(app.worker, "post", posted.append)
    for seconds in window_file.GIF_SECONDS:
        app.window.gif_seconds.set(seconds)
        app.window.press("gif")
    assert asked["initialfile"].startswith("Nobody - Four Objects [small] NM (auto ")
    assert asked["initialfile"].endswith(").gif")
    lengths_ms = [gif.end_ms - gif.start_ms for gif in posted if isinstance(gif, msg.SaveGif)]
    assert lengths_ms == pytest.approx([1000 * s for s in window_file.GIF_SECONDS])


def test_a_dialog_begins_where_the_person_is(start, home, monkeypatch):
    app = start()
    asked = []
    monkeypatch.setattr(
        files.filedialog, "askdirectory", lambda **options: asked.append(options["initialdir"])
    )
    for folder in ("", str(home / "gone"), str(home / "config")):
        (home / "config").mkdir(exist_ok=True)
        files.ask_folder(app.root, "A folder", folder)
    assert asked == [str(home), str(home), str(home / "config")]


def test_in_a_small_window_no_button_and_no_tab_is_cut(screen, start, home, monkeypatch):
    """A tab that has no room loses its letters: all but the one that counts keep their widths."""
    monkeypatch.setenv("DISPLAY", screen("800x600"))
    app = start()
    app.opening.open_paths((str(home / "small.osu"),))
    idle(app)
    tabs, before = app.window._tabs, tab_widths(app)
    app.window.form.model.set("endless")
    for _ in range(10):
        key(app, app.window.preview.canvas, "<Control-g>")
    until(app, lambda: tabs.tab(app.window._works, "text") == "Queue (10)")
    app.root.update()
    others = [n for n in range(tabs.index("end")) if n != tabs.index(app.window._works)]
    assert [tab_widths(app)[n] for n in others] == [before[n] for n in others]
    row = app.window.buttons["remove"].master
    for button in row.winfo_children():
        assert button.winfo_width() >= button.winfo_reqwidth(), button.cget("text")


def tab_widths(app):
    tabs = app.window._tabs
    at = [tabs.tk.call(tabs, "identify", "tab", x, 20) for x in range(tabs.winfo_width())]
    return [at.count(tab) for tab in range(tabs.index("end"))]


def test_from_the_search_to_a_first_row_that_is_in_sight(screen, start, home, monkeypatch):
    monkeypatch.setenv("DISPLAY", screen("800x600"))
    for n in range(12):
        (home / "Songs" / str(n)).mkdir(parents=True)
        title = b"Song %02d" % n
        (home / "Songs" / str(n) / "map.osu").write_bytes(OSU.replace(b"Four Objects", title))
    app = start()
    list_maps(app, home / "Songs")
    maps = app.window.maps
    maps.tree.selection_set(maps.tree.get_children()[-1])
    until(app, lambda: maps.chosen)
    maps.query.set("0")  # leaves eleven
    until(app, lambda: len(maps.tree.get_children()) == 11)
    maps.tree.see(maps.tree.get_children()[-1])
    maps._to_rows()
    app.root.update()
    assert maps.tree.bbox(maps.tree.get_children()[0])


def test_of_a_play_that_is_removed_the_map_stays_in_the_preview(start, home):
    app = start()
    generate(app, home)
    preview = app.window.preview
    preview.seek(1500.0)
    app.window.press("remove")
    app.root.update()
    (stage,) = preview.stages
    assert stage.replay is None and preview.labels == ("",)
    assert preview.clock.now_ms == 1500.0
    app.window.press("undo")
    app.root.update()
    assert preview.stages[0].replay is not None


def test_shift_and_an_arrow_select_one_more(start, songs):
    app = start()
    list_maps(app, songs)
    tree = app.window.maps.tree
    rows = tree.get_children()
    tree.selection_set(rows[0])
    tree.focus(rows[0])
    for _ in range(3):  # the last one is at the end already
        key(app, tree, "<Shift-Down>")
    assert tree.selection() == rows
    until(app, lambda: len(app.window.maps.chosen) == 3)


def test_plays_under_other_mods_side_by_side_are_told_of(start, home):
    app = start(Settings(sound=False))
    for name, mods in (("one", Mods(0)), ("two", Mods.DT)):
        save_replay(small_replay(mods=mods), home / f"{name}.osr")
    app.opening.open_paths(tuple(str(home / name) for name in ("small.osu", "one.osr", "two.osr")))
    idle(app)
    app.window.results.choose(*app.window.results.tree.get_children())
    assert app.window._status.whole == "Other mods: tester NM, tester DT."


def test_overlay_of_one_play_says_what_it_needs(start, home):
    app = start()
    app.window.form.plays.set("2")
    generate(app, home)
    app.root.update()
    (over,) = (
        w
        for w in app.window.buttons["remove"].master.winfo_children()
        if w.grid_info()["column"] == 0
    )
    over.invoke()
    assert app.window._status.whole.startswith("Select several plays")
    app.window.results.choose(*app.window.results.tree.get_children())
    assert len(app.window.preview.stages) == 2 and app.window.preview.over_one_field


def test_plays_over_one_field_have_unlike_colours():
    for count in range(2, 9):
        colours = np.array(play_colours(count))
        least = min(np.abs(a - b).sum() for a, b in itertools.combinations(colours, 2))
        assert least > 400 / count, count


def test_the_marks_of_misses_say_which_keys_lead_there(start, home):
    app = start(Settings(sound=False))
    save_replay(small_replay(second=False), home / "one.osr")
    app.opening.open_paths((str(home / "small.osu"), str(home / "one.osr")))
    idle(app)
    marks = app.window.preview.transport.marks
    marks.event_generate("<Motion>", x=5, y=2)
    until(app, marks.winfo_children)
    (tip,) = marks.winfo_children()
    assert "N goes to the next, P" in tip.winfo_children()[0].cget("text")
    marks.event_generate("<Button-1>", x=5, y=2)
    assert not marks.winfo_children()
