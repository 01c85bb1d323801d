"""Watching plays, on a real (virtual) display: misses, single frames, full screen, many at once,
and what a button says that doesn't work.

References: the judge's misses, the replay's frames, and the X server's picture of the screen.
"""

import numpy as np
import pytest

from osu.formats.replay import clean_frames, save_replay
from osu.gui import messages as msg
from osu.gui.settings import Settings
from osu.gui.widgets.preview import MISS_LEAD_MS, MOST_PICTURE_PX
from osu.render.painter import play_colours
from tests.display import needs_xvfb
from tests.gui.window import Endless, canvas_picture, card, generate, idle, until
from tests.small_map import small_replay

pytestmark = needs_xvfb
SILENT = Settings(sound=False)


def type_key(app, key):
    app.root.focus_force()
    app.window.preview.canvas.focus_set()
    app.root.update()
    app.root.event_generate(key)
    app.root.update()


def open_replays(app, home, *late_ms):
    """Plays of the small map that press so late; -> their rows."""
    for n, ms in enumerate(late_ms):
        save_replay(small_replay(late_ms=ms), home / f"{n}.osr")
        app.opening.open_paths((str(home / "small.osu"), str(home / f"{n}.osr")))
        idle(app)
    return app.window.results.tree.get_children()


def test_misses_are_marked_and_jumped_to(start, home, monkeypatch):
    app = start(SILENT)
    save_replay(small_replay(late_ms=250, second=False), home / "misses.osr")
    app.opening.open_paths((str(home / "small.osu"), str(home / "misses.osr")))
    idle(app)
    preview = app.window.preview
    misses_ms = preview.stages[0].miss_ms
    assert len(misses_ms) == preview.stages[0].judgement.nmiss > 1
    assert len(preview.transport.marks.find_all()) == len(misses_ms)
    stops_ms = np.maximum(misses_ms - MISS_LEAD_MS, preview.clock.start_ms)
    preview.clock.seek(preview.clock.end_ms)
    for stop_ms in stops_ms[::-1]:
        type_key(app, "p")
        assert preview.clock.now_ms == pytest.approx(stop_ms)
    type_key(app, "n")
    assert preview.clock.now_ms == pytest.approx(stops_ms[1])
    assert app.window._status.whole.startswith(f"Miss 2 of {len(misses_ms)}")
    preview.clock.seek(preview.clock.end_ms)
    type_key(app, "n")
    assert app.window._status.whole == "No miss after this."
    monkeypatch.setattr(preview, "_combo_ended", lambda t_ms: 9 if t_ms == misses_ms[1] else 2)
    type_key(app, "w")
    assert preview.clock.now_ms == pytest.approx(stops_ms[1])
    assert app.window._status.whole.endswith("which ends a combo of 9.")


def test_single_frames_are_those_of_the_replay(start, home):
    app = start(SILENT)
    open_replays(app, home, 10)
    preview = app.window.preview
    t_ms = clean_frames(preview.stages[0].replay)[0]
    t_ms = t_ms[t_ms > preview.clock.start_ms]
    preview.play()
    preview.clock.seek(t_ms[5] + 0.5)
    type_key(app, "<comma>")
    assert not preview.clock.playing
    preview.clock.seek(t_ms[5])
    for frame in (6, 7):
        type_key(app, "<period>")
        assert preview.clock.now_ms == t_ms[frame]
    type_key(app, "<comma>")
    assert preview.clock.now_ms == t_ms[6]


def test_full_screen_shows_the_preview_alone_and_comes_back(start, home):
    app = start(SILENT)
    generate(app, home)
    canvas = app.window.preview.canvas
    width = canvas.winfo_width()
    for leave in ("<F11>", "<Escape>"):
        type_key(app, "<F11>")
        until(app, lambda: canvas.winfo_width() > 1.3 * width)
        assert not app.window.maps.winfo_viewable() and not app.window.results.winfo_viewable()
        assert app.window.preview.transport.winfo_viewable()
        type_key(app, leave)
        until(app, lambda: canvas.winfo_width() == width)
        assert app.window.maps.winfo_viewable() and app.window.results.winfo_viewable()


def test_all_selected_plays_over_one_field_each_in_its_colour(start, home):
    app = start(SILENT)
    rows = open_replays(app, home, 0, 5, 10, 15)
    tree, preview = app.window.results.tree, app.window.preview
    tree.selection_set(rows)
    app.root.update()
    assert len(preview.stages) == 2  # side by side
    app.window._over_one_field.set(True)
    app.plays.show_selected()
    assert len(preview.stages) == 4
    until(app, lambda: preview._painter is not None)
    preview.clock.seek(400.0)
    preview.draw()
    shown = canvas_picture(app).reshape(-1, 3)
    for colour in play_colours(4):
        assert (np.abs(shown.astype(int) - colour).sum(axis=1) < 12).any(), colour


def test_a_key_whose_button_does_not_work_says_why(start, home):
    app = start(SILENT)
    for key, why in (("<Control-g>", "Choose a map"), ("<Control-s>", "Select a play")):
        type_key(app, key)
        assert app.window._status.whole.startswith(why)
    type_key(app, "<Escape>")
    assert app.window._status.whole == "Nothing is running."


def test_works_are_listed_and_cancelled_one_by_one(start, home):
    app = start(SILENT, Named())
    app.opening.open_paths((str(home / "small.osu"),))
    until(app, lambda: app.window.form.cards)
    idle(app)
    for _ in range(3):
        type_key(app, "<Control-g>")
    works = app.window._works
    until(app, lambda: len(works.table.tree.get_children()) == 3)
    rows = works.table.tree.get_children()
    until(app, lambda: "50%" in works.table._whole[rows[0]][1])
    assert [works.table._whole[row][0] for row in rows] == ["a play of [small] by endless"] * 3
    assert works.table._whole[rows[2]][1].startswith("waits")
    assert app.window._tabs.tab(works, "text") == "Queue (3)"
    works.table.tree.selection_set(rows[1])
    works._cancel_selected()
    type_key(app, "<Escape>")  # what runs: the first
    until(app, lambda: len(app.worker.works) == 1)
    app.opening.open_paths((str(home / "small.osu"),))  # a file opens meanwhile
    until(app, lambda: not app.worker.is_opening())
    works._cancel()
    idle(app)
    until(app, lambda: app.window._tabs.tab(works, "text") == "Queue")


class Named(Endless):
    def list_models(self):
        return [card("endless", "")]


def test_on_a_large_screen_the_picture_has_a_bounded_size(screen, start, home, monkeypatch):
    monkeypatch.setenv("DISPLAY", screen("3840x2160"))
    app = start(SILENT)
    app.root.geometry("3600x2000")
    app.worker.post(msg.OpenMap(str(home / "small.osu")))
    preview = app.window.preview
    until(app, lambda: preview._painter and preview.canvas.winfo_width() > 2000)
    until(app, lambda: preview._painter.width > 1400)
    assert preview._painter.width * preview._painter.height <= MOST_PICTURE_PX * 1.01
    x, y = preview.canvas.coords(preview._picture)
    assert x == pytest.approx((preview.canvas.winfo_width() - preview._painter.width) / 2, abs=1)
    assert y == pytest.approx((preview.canvas.winfo_height() - preview._painter.height) / 2, abs=1)
