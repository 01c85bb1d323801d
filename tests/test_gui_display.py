"""The window on a real (virtual) display: Tk, the worker and live playback as they are.

References: the X server's own picture of the screen, osrparse (which shares no code with osu/) for
what was saved, and /proc for what stays behind. Nothing is stood in for, but an engine that never
ends where a job must be caught in the middle.
"""

import os
import signal
import subprocess
import sys
import threading
import tkinter as tk
from pathlib import Path
from tkinter import ttk
from types import SimpleNamespace

import numpy as np
import osrparse
import pytest
from PIL import ImageGrab

import gui
from osu import messages as msg
from osu.replay import save_replay
from osu.settings import Settings, load_settings
from osu.ui.form import FormError
from osu.worker import Worker
from tests.display import children, needs_xdotool, needs_xvfb, start_xvfb, wait_for
from tests.small_map import OSU, small_map, small_replay

pytestmark = needs_xvfb
DEFAULTS = Settings()
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def display():
    server, name = start_xvfb()
    yield name
    server.terminate()
    server.wait(10)


@pytest.fixture
def home(tmp_path, monkeypatch, display):
    """A folder of its own for settings, files and this display."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DISPLAY", display)
    (tmp_path / "small.osu").write_bytes(OSU)
    return tmp_path


class Endless:
    """An engine whose plays take for ever."""

    PlayOptions = staticmethod(lambda **fields: None)

    def list_models(self):
        return []

    def load_player(self, name):
        return self

    def play(self, beatmap, seed, options, progress, cancel):
        while True:
            progress(0.5)
            cancel.wait(0.01)


@pytest.fixture
def start(home):
    """start() -> a running program; all are closed at the end, and nothing may be left."""
    before = set(threading.enumerate())
    apps = []

    def start(settings=DEFAULTS, engine=None):
        root = tk.Tk()
        apps.append(gui.App(root, Worker(engine or Endless()), settings))
        root.update()
        return apps[-1]

    yield start
    for app in apps:
        if app.worker.state != "closed":
            app.close()
    assert set(threading.enumerate()) == before
    assert not [c for c in children(os.getpid()) if "osu.playback" in c]


def until(app, condition):
    return wait_for(condition, step=app.root.update)


def idle(app):
    until(app, lambda: app.worker.state == "idle")


def generate(app, home):
    """Open the small map and play it with the autoplayer."""
    app.open_paths((str(home / "small.osu"),))
    idle(app)
    app.window.form.model.set(msg.AUTO)
    app.window.buttons["generate"].invoke()
    idle(app)


def colours() -> int:
    """How many the screen shows: black alone while no window is there."""
    screen = ImageGrab.grab(xdisplay=os.environ["DISPLAY"]).convert("RGB").reduce(4)
    return len(np.unique(np.asarray(screen).reshape(-1, 3), axis=0))


def canvas_picture(app) -> np.ndarray:
    """What the X server shows where the preview's canvas is."""
    app.root.update()
    canvas = app.window.preview.canvas
    x, y = canvas.winfo_rootx(), canvas.winfo_rooty()
    box = (x, y, x + canvas.winfo_width(), y + canvas.winfo_height())
    return np.asarray(ImageGrab.grab(xdisplay=os.environ["DISPLAY"]).convert("RGB").crop(box))


def test_open_generate_watch_and_save(start, home):
    app = start()
    assert not app.window.buttons["generate"].instate(["!disabled"])
    generate(app, home)
    (result,) = app.window.results.rows.values()
    assert result.values()[3:5] == ("100.00%", "0")
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
    assert preview.play_button.cget("text") == "Pause"
    app.root.event_generate("<space>")
    app.root.update()
    stood_ms = preview.clock.now_ms
    assert preview.play_button.cget("text") == "Play"
    app.root.event_generate("<Right>")
    app.root.update()
    assert preview.clock.now_ms == min(stood_ms + 5000, preview.clock.end_ms)
    bar = preview.scrub
    bar.event_generate("<Button-1>", x=bar.winfo_width() // 2, y=bar.winfo_height() // 2)
    bar.event_generate("<ButtonRelease-1>", x=bar.winfo_width() // 2, y=bar.winfo_height() // 2)
    middle_ms = (preview.clock.start_ms + preview.clock.end_ms) / 2
    assert preview.clock.now_ms == pytest.approx(middle_ms, rel=0.1)  # the knob has a width
    preview._speed.set("2x")
    preview._on_speed(bar.master.winfo_children()[3])
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
        preview.play_button.event_generate(event, x=5, y=5)
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
    app.open_paths((str(ROOT / "data" / "sample"),))
    idle(app)
    app.root.focus_force()
    maps = app.window.maps
    maps.entry.focus_set()
    maps.query.set("sprint")
    app.root.update()
    maps.entry.event_generate("<Down>")
    app.root.update()
    assert [song.difficulty for song in maps.selected()] == ["sprint"]
    app.root.event_generate("<Return>")
    idle(app)
    assert app.map.path.endswith("sprint.osu")
    maps.query.set("")
    until(app, lambda: len(maps.tree.get_children()) == 3)
    app.root.event_generate("<Control-a>")
    app.root.update()
    assert len(maps.selected()) == 3  # for a batch over all that were found


def test_a_human_beside_a_generated_play(start, home):
    save_replay(small_replay(late_ms=10), home / "human.osr")
    app = start()
    generate(app, home)
    app.open_paths((str(home / "human.osr"),))
    idle(app)
    tree = app.window.results.tree
    tree.selection_set(tree.get_children())
    app.root.update()
    assert app.window.preview.labels == ("auto #1", "tester")
    until(app, lambda: app.window.preview._painter is not None)
    left, right = np.array_split(canvas_picture(app), 2, axis=1)
    assert left.std() > 1 and right.std() > 1


def test_the_model_and_what_it_follows(start, home):
    """The remembered model is chosen once it is listed; only its own wishes are shown."""

    class Two(Endless):
        def list_models(self):
            return [
                SimpleNamespace(name="plain", about="A", options=()),
                SimpleNamespace(name="rich", about="B", options=("accuracy", "skill")),
            ]

    app = start(Settings(), Two())
    app.open_paths((str(home / "small.osu"),))
    idle(app)
    with pytest.raises(FormError, match="still being listed"):  # not one that nobody has chosen
        app.window.form.model.set("")
        app.window.form.request((app.map,))
    for wanted, chosen in (("", "plain"), ("rich", "rich"), ("auto", "auto"), ("gone", "plain")):
        app = start(Settings(model=wanted), Two())
        form = app.window.form
        until(app, lambda form=form: form.cards)
        assert form.model.get() == chosen
        shown = {name for name, (label, _) in form._wish_rows.items() if label.winfo_manager()}
        assert shown == ({"accuracy", "skill"} if chosen == "rich" else set())
        app.close()


@pytest.fixture(scope="module")
def screens():
    """Displays by their dpi, all there until the last test: Tk keeps its connections open."""
    sizes = {96: "1600x1000", 144: "1920x1080", 192: "2560x1600"}
    servers = {dpi: start_xvfb(f"{size}x24", dpi) for dpi, size in sizes.items()}
    yield {dpi: name for dpi, (_, name) in servers.items()}
    for server, _ in servers.values():
        server.terminate()
        server.wait(10)


@pytest.mark.parametrize("dpi", [96, 144, 192])
def test_nothing_is_cut_off_in_the_smallest_window(screens, start, monkeypatch, dpi):
    """Every field and button of every tab has the room it asks for, whatever the screen."""
    monkeypatch.setenv("DISPLAY", screens[dpi])
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
    assert (len(tabs.tabs()), cut) == (3, [])
    assert app.window.preview.canvas.winfo_height() > 200


class AllWishes(Endless):
    def list_models(self):
        options = ("like", "accuracy", "unstable_rate", "skill")
        return [SimpleNamespace(name="rich", about="A", options=options)]


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
    assert app.map.path == str(spaced)


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
    app.open_paths((str(home / "bad.osu"),))
    idle(app)
    status = app.window._status
    assert status.cget("style") == "Error.TLabel" and status.cget("text").count("\n") == 0
    assert len(status.cget("text")) > 10


def live(app, home):
    """Arm the selected play over the whole screen."""
    generate(app, home)
    app.window.live.kind.set("playfield")
    app.window.live.rect.set("0, 0, 1600, 1000")
    app.window.buttons["arm"].invoke()
    until(app, lambda: app.worker.state == "armed")


def test_live_is_armed_started_nudged_and_stopped(start, home):
    app = start()
    live(app, home)
    assert app.window.buttons["start"].instate(["!disabled"])
    assert not app.window.buttons["generate"].instate(["!disabled"])
    app.window.buttons["start"].invoke()
    until(app, lambda: app.worker.state == "playing")
    app.window.buttons["nudge2"].invoke()
    until(app, lambda: app.window.live.offset.get() == "2")
    app.window.buttons["stop"].invoke()
    idle(app)
    assert app.window.live._says.cget("text").startswith("Stopped")


def test_live_without_a_rectangle_says_so_and_starts_nothing(start, home):
    app = start()
    generate(app, home)
    app.window.buttons["arm"].invoke()
    assert app.worker.state == "idle"
    assert "rectangle" in app.window._status.cget("text")


def test_the_games_window_is_found_by_its_title(start, home):
    app = start()
    app.window.buttons["find"].invoke()
    idle(app)
    assert app.window._status.cget("style") == "Error.TLabel"  # there is none
    game = tk.Toplevel(app.root)
    game.title("osu! - a song")
    game.geometry("640x480+300+200")
    app.root.update()
    app.window.buttons["find"].invoke()
    idle(app)
    assert app.window.live.rect.get() == "300, 200, 640, 480"
    # stable's layout: 512 x 384 in the middle of 640 x 480, 8 below
    playfield = app.window.live.playfield()
    assert (playfield.left, playfield.top) == (300 + 64, 200 + 48 + 8)


@pytest.mark.parametrize("state", ["idle", "working", "cancelling", "armed", "playing"])
def test_closed_in_any_state_nothing_stays(start, home, state):
    """The fixture looks for threads and processes that stayed."""
    app = start()
    if state in ("armed", "playing"):
        live(app, home)
    if state == "playing":
        app.window.buttons["start"].invoke()
        until(app, lambda: app.worker.state == "playing")
    if state in ("working", "cancelling"):
        maps = (msg.OpenMap(str(home / "small.osu")),)
        app.worker.post(msg.Generate(maps, "endless", "NM", 1, 1))
    if state == "cancelling":
        app.worker.cancel()
    assert app.worker.state == state
    app.close()
    assert app.worker.state == "closed"


def test_ten_starts_and_stops(start, home):
    for _ in range(10):
        app = start()
        app.open_paths((str(home / "small.osu"),))
        app.window.preview.play()
        app.root.update()
        app.close()


def test_settings_are_remembered(start, home):
    app = start()
    generate(app, home)
    app.window.form.mods["HD"].set(True)
    app.toggle_theme()
    app.close()
    settings = load_settings()
    assert (settings.theme, settings.mods) == ("light", "HD")
    assert settings.recent == (str(home / "small.osu"),)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_program_ended_from_outside_leaves_nothing(home, how):
    before = children(os.getpid())  # another test's pool may have left its tracker to this process
    program = subprocess.Popen([sys.executable, "gui.py", str(home / "small.osu")], cwd=ROOT)
    settings = home / "config" / "osu-players"
    wait_for(lambda: colours() > 100)  # the window is there
    program.send_signal(how)
    assert program.wait(60) == (0 if how == signal.SIGINT else -how)
    assert not [c for c in children(os.getpid()) if "python" in c and c not in before]
    assert settings.exists() == (how == signal.SIGINT)  # who is asked to end still remembers


@needs_xdotool
def test_the_program_itself(home):
    """`python gui.py MAP` by pointer and keyboard: generate, look, save in the dialog, quit."""
    (home / "config" / "osu-players").mkdir(parents=True)
    settings = home / "config" / "osu-players" / "settings.json"
    settings.write_text('{"model": "auto"}')
    before = children(os.getpid())  # another test's pool may have left its tracker to this process
    program = subprocess.Popen(
        [sys.executable, "gui.py", str(home / "small.osu")],
        cwd=ROOT,
    )

    def xdotool(*words):
        subprocess.run(["xdotool", *words], check=True, timeout=30, stdout=subprocess.DEVNULL)

    def saved() -> bool:
        """Ctrl+S, a path typed into Tk's dialog, Return: whether the file is there afterwards."""
        xdotool("mousemove", "900", "300", "key", "ctrl+s", "sleep", "1")
        xdotool("type", "--delay", "1", str(home / "play.osr"))
        xdotool("key", "Return", "sleep", "1")
        return (home / "play.osr").exists()

    try:
        wait_for(lambda: colours() > 100)  # the window is there
        blank = colours()
        xdotool("mousemove", "900", "300")
        wait_for(saved, step=lambda: xdotool("key", "ctrl+g", "sleep", "1"))
        xdotool("key", "Right", "sleep", "1")
        assert colours() > blank  # a cursor, a circle or a slider, and a row
        assert osrparse.Replay.from_path(home / "play.osr").beatmap_hash == small_map().md5
        xdotool("mousemove", "900", "300", "key", "ctrl+q")
        assert program.wait(60) == 0
    finally:
        program.kill()
        program.wait()
    assert not [c for c in children(os.getpid()) if "python" in c and c not in before]
    assert load_settings(settings).recent == (str(home / "small.osu"),)
