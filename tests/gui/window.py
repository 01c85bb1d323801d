"""The window on a virtual display: fixtures, and what tests read of it."""

import functools
import gc
import os
import threading
import tkinter as tk
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import ImageGrab

from osu.gui.program.app import App
from osu.gui.settings import Settings
from osu.gui.worker import Worker
from osu.players.naming import AUTO
from tests.display import children, start_xvfb, wait_for
from tests.small_map import OSU

DEFAULTS = Settings()
ENDS_S = 30.0  # at most, of a thread that was asked to


@pytest.fixture(scope="session")
def screen():
    """screen(size, dpi) -> the name of a display, there until the last test of this process.

    Tk keeps a connection to every display that it was on, and ends the process without a word when
    one of them goes.
    """
    servers = []

    @functools.cache
    def screen(size: str = "1600x1000", dpi: int = 96) -> str:
        server, name = start_xvfb(f"{size}x24", dpi)
        servers.append(server)
        return name

    yield screen
    for server in servers:
        server.terminate()
        server.wait(10)


@pytest.fixture
def display(screen):
    return screen()


@pytest.fixture
def home(tmp_path, monkeypatch, display):
    """A folder of its own for settings, files and this display."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DISPLAY", display)
    (tmp_path / "small.osu").write_bytes(OSU)
    return tmp_path


def card(name, about="", options=(), kind="play", person=""):
    """What the window reads of a model's card."""
    return SimpleNamespace(name=name, about=about, options=options, kind=kind, person=person)


class Endless:
    """An engine whose plays take for ever."""

    def list_models(self):
        return []

    def load_player(self, name):
        return self

    def generate(self, beatmap, seed, options, on_progress, cancel):
        while True:
            on_progress(0.5)
            cancel.wait(0.01)


@pytest.fixture
def start(home):
    """start() -> a running program; all are closed at the end, and nothing may be left.

    Garbage is collected here alone: a thread that came to collect a closed window would wait a
    second for each of its thirty variables, since no main loop runs to delete them in.
    """
    gc.disable()
    before = set(threading.enumerate())
    apps = []

    def start(settings=DEFAULTS, engine=None):
        root = tk.Tk()
        apps.append(App(root, Worker(engine or Endless()), settings))
        root.update()
        return apps[-1]

    yield start
    for app in apps:
        if app.worker.state != "closed":
            app.close()
    left = set(threading.enumerate()) - before
    for thread in left:  # on a busy machine one may need longer than a person is kept waiting
        thread.join(ENDS_S)
    apps.clear()
    gc.collect()
    gc.enable()
    alive = [thread.name for thread in left if thread.is_alive()]
    assert not alive, alive
    assert not [c for c in children(os.getpid()) if "osu.live.process" in c]


def until(app, condition):
    return wait_for(condition, step=app.root.update)


def idle(app):
    until(app, lambda: app.worker.state == "idle")


def generate(app, home):
    """Open the small map and play it with the autoplayer."""
    app.opening.open_paths((str(home / "small.osu"),))
    idle(app)
    app.window.form.model.set(AUTO)
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
