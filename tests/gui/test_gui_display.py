"""The window on a real (virtual) display: Tk, the worker and live playback as they are.

References: the X server's own picture of the screen, osrparse (which shares no code with osu/) for
what was saved, and /proc for what stays behind. Nothing is stood in for, but an engine that never
ends where a job must be caught in the middle.
"""

import os
from tkinter import ttk

import numpy as np
import osrparse
import pytest
from PIL import ImageGrab

from osu.formats.replay import save_replay
from osu.gui import messages as msg
from osu.gui.settings import Settings
from osu.gui.widgets.form import FormError
from tests.display import needs_xvfb
from tests.gui.window import (
    Endless,
    canvas_picture,
    card,
    generate,
    idle,
    until,
)
from tests.paths import ROOT
from tests.small_map import OSU, small_map, small_replay

pytestmark = needs_xvfb


def test_open_generate_watch_and_save(start, home):
    app = start()
    assert not app.window.buttons["generate"].instate(["!disabled"])
    generate(app, home)
    (result,) = app.window.results.rows.values()
    assert result.values()[4:6] == ("100.00%", "0")
    assert app.window.buttons["save"].instate(["!disabled"])

    preview = app.window.preview
    until(app, lambda: preview._painter is not None)
    preview.clock.seek(900.0)
    preview.draw()
    shown = canvas_picture(app)
    painted = np.asarray(preview._painter.paint(900.0))
    assert shown.shape == painted.shape and (shown == painted).all()

    app.worker.post(msg.SaveReplay(result.stage.replay, str(home / "out.osr")))
    idle(app)
    saved = osrparse.Replay.from_path(home / "out.osr")
    assert (saved.beatmap_hash, saved.username) == (small_map().md5, "osu-players/auto")


def test_the_preview_plays_pauses_scrubs_and_changes_speed(start, home):
    app = start(Settings(sound=False))
    generate(app, home)
    preview = app.window.preview
    until(app, lambda: preview._painter is not None)
    app.root.focus_force()
    preview.canvas.focus_set()
    app.root.update()
    preview.clock.speed = 0.01  # so slow that no load brings it to the map's end meanwhile
    app.root.event_generate("<space>")
    until(app, lambda: preview.clock.now_ms > preview.clock.start_ms + 2)
    assert preview.transport.play_button.cget("text") == "Pause"
    app.root.event_generate("<space>")
    app.root.update()
    stood_ms = preview.clock.now_ms
    assert preview.transport.play_button.cget("text") == "Play"
    app.root.event_generate("<Right>")
    app.root.update()
    assert preview.clock.now_ms == min(stood_ms + 5000, preview.clock.end_ms)
    bar = preview.transport.bar
    bar.event_generate("<Button-1>", x=bar.winfo_width() // 2, y=bar.winfo_height() // 2)
    bar.event_generate("<ButtonRelease-1>", x=bar.winfo_width() // 2, y=bar.winfo_height() // 2)
    middle_ms = (preview.clock.start_ms + preview.clock.end_ms) / 2
    assert preview.clock.now_ms == pytest.approx(middle_ms, rel=0.1)  # the knob has a width
    preview.transport._speed.set("2x")
    preview.transport._on_speed()
    assert preview.clock.speed == 2.0


def test_keys_typed_into_a_field_do_not_play(start, home):
    app = start()
    generate(app, home)
    app.root.focus_force()
    app.window.maps.entry.focus_set()
    app.root.update()
    app.root.event_generate("<space>")
    app.root.update()
    assert not app.window.preview.clock.playing


def test_keys_after_a_click(start, home):
    """A click on a row or a button doesn't take the space and delete keys away."""
    app = start(Settings(sound=False))
    generate(app, home)
    app.root.focus_force()
    tree, preview = app.window.results.tree, app.window.preview
    (row,) = tree.get_children()
    x, y, _, _ = tree.bbox(row)
    for button in ("<Button-1>", "<ButtonRelease-1>"):
        tree.event_generate(button, x=x + 5, y=y + 5)
    app.root.update()
    assert app.root.focus_get() is tree
    app.root.event_generate("<space>")
    app.root.update()
    assert preview.clock.playing
    preview.pause()
    for event in ("<Enter>", "<Button-1>", "<ButtonRelease-1>"):
        preview.transport.play_button.event_generate(event, x=5, y=5)
    app.root.update()
    assert preview.clock.playing and app.root.focus_get() is app.root
    app.window.maps.tree.focus_set()
    app.root.update()
    app.root.event_generate("<Delete>")  # in the list of maps it is no order to remove a play
    app.root.update()
    assert app.window.results.rows
    tree.focus_set()
    app.root.update()
    app.root.event_generate("<Delete>")
    app.root.update()
    assert not app.window.results.rows


def test_the_keyboard_goes_from_the_search_to_the_maps(start, home):
    app = start()
    app.opening.open_paths((str(ROOT / "data" / "sample"),))
    idle(app)
    app.root.focus_force()
    maps = app.window.maps
    maps.entry.focus_set()
    maps.query.set("sprint")
    app.root.update()
    maps.entry.event_generate("<Down>")
    app.root.update()
    assert [song.difficulty for song in maps.chosen] == ["sprint"]
    app.root.event_generate("<Return>")
    idle(app)
    assert app.chosen_maps()[0].path.endswith("sprint.osu")
    maps.query.set("")
    until(app, lambda: len(maps.tree.get_children()) == 3)
    app.root.event_generate("<Control-a>")
    app.root.update()
    assert len(maps.chosen) == 3  # for a batch over all that were found


def test_a_human_beside_a_generated_play(start, home):
    save_replay(small_replay(late_ms=10), home / "human.osr")
    app = start()
    generate(app, home)
    app.opening.open_paths((str(home / "human.osr"),))
    idle(app)
    tree = app.window.results.tree
    tree.selection_set(tree.get_children())
    app.root.update()
    (auto, _) = app.window.results.rows.values()
    assert app.window.preview.labels == (f"auto {auto.seed}", "tester")
    until(app, lambda: app.window.preview._painter is not None)
    left, right = np.array_split(canvas_picture(app), 2, axis=1)
    assert left.std() > 1 and right.std() > 1


def test_the_model_and_what_it_follows(start, home):
    """The remembered model is chosen once it is listed; only its own wishes work."""

    class Two(Endless):
        def list_models(self):
            return [
                card("plain", "A"),
                card("rich", "B", ("accuracy", "skill")),
            ]

    app = start(Settings(), Two())
    app.opening.open_paths((str(home / "small.osu"),))
    idle(app)
    with pytest.raises(FormError, match="being listed"):  # not one that nobody has chosen
        app.window.form.model.set("")
        app.window.form.request(app.chosen_maps())
    for wanted, chosen in (("", "plain"), ("rich", "rich"), ("auto", "auto"), ("gone", "plain")):
        app = start(Settings(model=wanted), Two())
        form = app.window.form
        until(app, lambda form=form: form.cards)
        assert form.model.get() == chosen
        works = {name for name, wish in form._wishes.items() if wish.instate(["!disabled"])}
        assert works == ({"accuracy", "skill"} if chosen == "rich" else set())
        app.close()


@pytest.mark.parametrize(
    ("size", "dpi"), [("1600x1000", 96), ("1920x1080", 144), ("2560x1600", 192)]
)
def test_nothing_is_cut_off_in_the_smallest_window(screen, start, monkeypatch, size, dpi):
    """Every field and button of every tab has the room it asks for, whatever the screen."""
    monkeypatch.setenv("DISPLAY", screen(size, dpi))
    app = start(engine=AllWishes())
    until(app, lambda: app.window.form.cards)
    least = app.root.minsize()
    app.root.geometry("{}x{}".format(*least))
    until(app, lambda: (app.root.winfo_width(), app.root.winfo_height()) == least)
    tabs, cut = app.window._tabs, []
    for tab in tabs.tabs():
        tabs.select(tab)
        for _ in range(5):
            app.root.update()
        cut += [f"{tab}: {part}" for part in parts(app.root) if is_cut(part, app.root)]
    assert (len(tabs.tabs()), cut) == (6, [])
    assert app.window.preview.canvas.winfo_height() > 160


class AllWishes(Endless):
    def list_models(self):
        options = ("like", "accuracy", "unstable_rate", "skill")
        return [card("rich", "A", options)]


def parts(widget):
    """The fields and buttons below a widget that are shown now."""
    for child in widget.winfo_children():
        if child.winfo_viewable():
            if isinstance(child, ttk.Button | ttk.Checkbutton | ttk.Entry | ttk.Scale):
                yield child
            yield from parts(child)


def is_cut(widget, root) -> bool:
    """Whether a part of it lies outside the window or below something else."""
    right = widget.winfo_rootx() + widget.winfo_reqwidth()
    bottom = widget.winfo_rooty() + widget.winfo_reqheight()
    outside = right > root.winfo_rootx() + root.winfo_width()
    outside |= bottom > root.winfo_rooty() + root.winfo_height()
    corner = root.winfo_containing(right - 2, bottom - 2)
    return outside or corner is not widget


def test_files_dropped_on_the_window_are_opened(start, home):
    """What tkdnd does at a drop: the window's own script, with the files in place of %D."""
    app = start()
    spaced = home / "two words.osu"
    spaced.write_bytes(OSU)
    script = app.root.tk.call("bind", ".", "<<Drop:DND_Files>>")
    assert app.root.tk.eval(script.replace("%D", f"{{{{{spaced}}}}}")) == "copy"
    idle(app)
    assert app.chosen_maps()[0].path == str(spaced)


def test_resizing_and_themes(start, home):
    app = start()
    generate(app, home)
    app.root.geometry("1100x760")
    preview = app.window.preview
    until(
        app,
        lambda: (
            preview._painter is not None
            and (preview._painter.width, preview._painter.height)
            == (preview.canvas.winfo_width(), preview.canvas.winfo_height())
            and app.root.winfo_width() == 1100
        ),
    )
    corner = [np.asarray(ImageGrab.grab(xdisplay=os.environ["DISPLAY"]))[2, 2].mean()]
    app.toggle_theme()
    for _ in range(5):
        app.root.update()
    corner.append(np.asarray(ImageGrab.grab(xdisplay=os.environ["DISPLAY"]))[2, 2].mean())
    assert corner[0] < 80 < 200 < corner[1]  # dark, then light


def test_what_is_wrong_with_a_file_is_said_in_the_window(start, home):
    (home / "bad.osu").write_bytes(b"nonsense")
    app = start()
    app.opening.open_paths((str(home / "bad.osu"),))
    idle(app)
    status = app.window._status
    assert status.cget("style") == "Error.TLabel" and status.cget("text").count("\n") == 0
    assert len(status.cget("text")) > 10
