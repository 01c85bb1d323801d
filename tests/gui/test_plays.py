"""The list of plays and the menus of both lists, on a real (virtual) display.

References: the order and the plays that were there before, and osrparse for files.
"""

import osrparse

from osu.gui.program import app as program
from osu.gui.widgets.plays import undo_line
from osu.gui.widgets.results import MOST_REMOVED
from osu.players.naming import AUTO
from tests.display import needs_xvfb
from tests.gui.test_choosing import click, open_samples
from tests.gui.window import generate, idle, until

pytestmark = needs_xvfb


def five_plays(app, home):
    """-> the rows."""
    app.window.form.plays.set("5")
    generate(app, home)
    return app.window.results.tree.get_children()


def press(app, name):
    app.paint_state()
    app.window.press(name)
    app.root.update()


def key(app, widget, name):
    widget.focus_force()
    until(app, lambda: app.root.focus_get() is widget)  # the screen has to say so
    app.paint_state()  # a key does what its button may do by now
    widget.event_generate(name)
    app.root.update()


def test_removed_plays_come_back_where_they_were(start, home):
    app = start()
    rows, results = five_plays(app, home), app.window.results
    plays = dict(results.rows)
    tree = results.tree
    results.choose(rows[1], rows[3])
    press(app, "remove")
    assert tree.get_children() == (rows[0], rows[2], rows[4]) and results.selected() == ()
    results.choose(rows[0])
    key(app, tree, "<Delete>")
    assert tree.get_children() == (rows[2], rows[4])
    assert results._undo.winfo_ismapped() and "removed" in results._undo._label.cget("text")
    results.undo_button.invoke()
    app.root.update()
    assert tree.get_children() == (rows[0], rows[2], rows[4]) and tree.selection() == (rows[0],)
    assert not results._undo.winfo_ismapped()
    key(app, tree, "<Control-z>")
    assert tree.get_children() == rows and results.rows == plays
    assert results.selected() == (plays[rows[1]], plays[rows[3]])
    key(app, tree, "<Control-z>")  # nothing is left
    assert app.window._status.whole == "No play was removed."


def test_the_line_goes_by_itself_and_old_removals_are_given_up(start, home, monkeypatch):
    monkeypatch.setattr(undo_line, "UNDO_SHOWN_MS", 1)
    app = start()
    app.window.form.plays.set(str(MOST_REMOVED + 2))
    generate(app, home)
    results = app.window.results
    for row in results.tree.get_children():
        results.choose(row)
        press(app, "remove")
    until(app, lambda: not results._undo.winfo_ismapped())
    while results.removed:
        press(app, "undo")
    assert len(results.tree.get_children()) == len(results.rows) == MOST_REMOVED
    assert len(results._whole) == MOST_REMOVED


def test_all_plays_are_saved(start, home, monkeypatch):
    app = start()
    five_plays(app, home)
    folder = home / "out"
    folder.mkdir()
    monkeypatch.setattr(program, "ask_folder", lambda *asked: str(folder))
    press(app, "save_all")
    idle(app)
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 5 and all("(auto " in name for name in names)
    assert osrparse.Replay.from_path(folder / names[0]).username == "osu-players/auto"
    assert app.window._status.whole == f"Saved 5 plays in {folder}."


def opened(menu) -> dict[str, str]:
    """Its entries that work, or not; it is closed again."""
    menu.update()
    assert menu.winfo_ismapped()
    last = menu.index("end")
    states = {menu.entrycget(n, "label"): menu.entrycget(n, "state") for n in range(last + 1)}
    menu.tk.call("tk::MenuUnpost", menu)
    menu.update()
    return states


def right_click(app, tree, row):
    x, y, _, _ = tree.bbox(row)
    tree.event_generate("<Button-3>", x=x + 5, y=y + 5)


def test_a_right_click_selects_and_offers_what_the_buttons_do(start, home):
    app = start()
    rows, results = five_plays(app, home), app.window.results
    _, menu = app.window.menus
    app.window.results.tree.see(rows[1])
    click(app, results.tree, rows[0])
    right_click(app, results.tree, rows[1])
    states = opened(menu)
    assert results.tree.selection() == (rows[1],)
    assert states["Save..."] == states["Remove"] == "normal"
    assert states["Undo remove"] == "disabled"
    results.choose(rows[0], rows[1])
    right_click(app, results.tree, rows[0])  # a selection that it lies in stays
    opened(menu)
    assert results.tree.selection() == (rows[0], rows[1])
    menu.invoke(list(states).index("Remove"))
    app.root.update()
    assert results.tree.get_children() == rows[2:]
    key(app, results.tree, "<Menu>")
    assert opened(menu)["Undo remove"] == "normal"
    menu.invoke(list(states).index("Undo remove"))
    assert results.tree.get_children() == rows


def test_the_menu_of_the_maps_plays_the_map_that_was_clicked(start, home):
    app = start()
    rows = open_samples(app)
    menu, _ = app.window.menus
    assert app.window.form.model.get() == AUTO
    key(app, app.window.maps.tree, "<Shift-F10>")
    assert opened(menu) == {"Generate": "disabled", "Batch...": "disabled"}
    right_click(app, app.window.maps.tree, rows["sprint"])
    assert opened(menu) == {"Generate": "normal", "Batch...": "normal"}
    menu.invoke(0)
    idle(app)
    (play,) = app.window.results.rows.values()
    assert play.stage.beatmap.difficulty == "sprint"
