"""Live play from the window, and how the program ends: nothing may stay behind.

References: /proc for what stays, and osrparse (which shares no code with osu/) for what was saved.
"""

import os
import signal
import subprocess
import sys
import tkinter as tk

import osrparse
import pytest

from osu.gui import messages as msg
from osu.gui.settings import load_settings, settings_path
from osu.gui.widgets.dialogs import files
from tests.display import children, needs_xdotool, needs_xvfb, wait_for
from tests.gui.window import colours, generate, idle, until
from tests.paths import ROOT
from tests.small_map import small_map

pytestmark = needs_xvfb


def live(app, home):
    """Arm the selected play over the whole screen."""
    generate(app, home)
    app.window.live.kind.set("playfield")
    app.window.live.rect.set("0, 0, 1280, 960")
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
    assert app.window.live._says.whole.startswith("Stopped")
    assert "Moves: " in app.window.live._says.whole and "at p99" in app.window.live._says.whole


def test_live_without_a_rectangle_says_so_and_starts_nothing(start, home):
    app = start()
    generate(app, home)
    app.window.buttons["arm"].invoke()
    assert app.worker.state == "idle"
    assert "rectangle" in app.window._status.cget("text")


def answer(monkeypatch, yes) -> list[str]:
    """What is asked from now on, and answered so."""
    asked = []

    def ask(**options):
        asked.append(options["detail"])
        return yes

    monkeypatch.setattr(files.messagebox, "askyesno", ask)
    return asked


def test_closing_asks_while_a_batch_runs_and_only_then(start, home, monkeypatch):
    app = start()
    asked = answer(monkeypatch, yes=False)
    app.opening.open_paths((str(home / "small.osu"),))
    idle(app)
    app.window.form.model.set("endless")
    app.window.press("generate")
    until(app, lambda: app.window._part > 0)
    app.worker.post(msg.Generate(app.chosen_maps(), "endless", "NM", 1, 1, folder=str(home)))
    app.ask_close()
    assert len(asked) == 1 and asked[0].startswith("A batch is running")
    assert app.worker.state == "working"
    app.worker.cancel()
    idle(app)
    app.ask_close()  # nothing that would be lost
    assert len(asked) == 1 and app.worker.state == "closed"


def test_closing_asks_while_a_video_is_drawn(start, home, monkeypatch):
    app = start()
    generate(app, home)
    asked = answer(monkeypatch, yes=False)
    app.worker.post(msg.Generate(app.chosen_maps(), "endless", "NM", 1, 1))  # it waits for this
    app.plays.save_mp4(str(home / "a.mp4"))
    app.ask_close()
    assert asked == ["a.mp4 is not finished and will be lost."]
    app.worker.cancel()
    idle(app)
    app.ask_close()
    assert len(asked) == 1 and app.worker.state == "closed"


def test_closing_asks_once_however_often_the_border_is_pressed(start, home, monkeypatch):
    app = start()
    app.worker.post(msg.MakePersonModel((str(home),), "nobody", "me"))
    asked = []

    def ask(**options):
        asked.append(options["detail"])
        app.ask_close()  # pressed again, beside the question
        return True

    monkeypatch.setattr(files.messagebox, "askyesno", ask)
    app.ask_close()
    assert len(asked) == 1 and "it goes on the next time" in asked[0]
    assert app.worker.state == "closed"


@pytest.mark.parametrize(
    ("rect", "said"),
    [
        ("1400, 0, 1280, 960", "outside the screen"),
        ("0, 0, 8, 6", "too small"),
        ("0, 0, 1600, 900", "four wide and three high"),
    ],
)
def test_live_on_a_rectangle_that_no_game_has_says_so(start, home, rect, said):
    app = start()
    generate(app, home)
    app.window.live.kind.set("playfield")
    app.window.live.rect.set(rect)
    app.window.buttons["arm"].invoke()
    assert app.worker.state == "idle"
    assert said in app.window._status.whole


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


@pytest.mark.parametrize("state", ["idle", "working", "armed", "playing"])
def test_closed_in_any_state_nothing_stays(start, home, state):
    """The fixture looks for threads and processes that stayed."""
    app = start()
    if state in ("armed", "playing"):
        live(app, home)
    if state == "playing":
        app.window.buttons["start"].invoke()
        until(app, lambda: app.worker.state == "playing")
    if state == "working":
        maps = (msg.OpenMap(str(home / "small.osu")),)
        app.worker.post(msg.Generate(maps, "endless", "NM", 1, 1))
    assert app.worker.state == state
    app.close()
    assert app.worker.state == "closed"


def test_ten_starts_and_stops(start, home):
    for _ in range(10):
        app = start()
        app.opening.open_paths((str(home / "small.osu"),))
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


@pytest.mark.parametrize(
    "text",
    [
        '{"mods": "XX"}',
        '{"mods": "HREZ", "theme": "pink", "model": "\\ud800", "live_kind": "\\u0000"}',
        '{"size": [-5, 100000000], "speed": NaN, "plays": -1}',
        '{"size": [1, 1], "speed": 1e308, "live_offset_ms": Infinity}',
        '{"songs_folder": "\\u0000", "recent": ["", "\\u0000"], "save_folder": "\\ud800"}',
        '{"live_rect": "\\ud800{[", "live_keys": "\\u0000", "live_start_key": "{"}',
        '{"listed_plays": [["\\u0000", ""], ["\\ud800", "/"], ["a.osr", "b.osu"]]}',
        '{"listed_plays": [["a"], 5, [1, 2], [[], {}]], "recent": [["a"]]}',
        "[" * 100_000,
        '{"plays": 1' + "0" * 5000 + "}",
        "\x00",
    ],
)
def test_any_settings_file_starts_the_window(start, home, text):
    settings_path().parent.mkdir(parents=True)
    settings_path().write_text(text)
    app = start(load_settings())
    generate(app, home)
    assert app.window.results.rows
    assert app.root.winfo_height() > 500
    app.close()
    assert load_settings().recent[0] == str(home / "small.osu")  # and it is written again


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [(("--help",), 0, "Songs folder"), ((), 1, "no window can be opened"), (("-x",), 2, "usage")],
)
def test_help_and_no_display_are_a_sentence(words, status, said):
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    program = subprocess.run(
        [sys.executable, "gui.py", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert program.returncode == status and said in program.stdout + program.stderr
    assert "Traceback" not in program.stderr


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
