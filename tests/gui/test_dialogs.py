"""Tk's own file dialogs, on a real (virtual) display.

References: the X server's own picture of the screen, folders on the disk.
"""

import os

import numpy as np
import pytest
from PIL import ImageColor, ImageGrab

from osu.gui.settings import Settings
from osu.gui.widgets.dialogs import files
from osu.gui.widgets.theme import GROUND
from tests.display import needs_xvfb
from tests.gui.window import generate, idle

pytestmark = needs_xvfb
WAIT_MS = 20
FILES, FOLDERS = ".__tk_filedialog", ".__tk_choosedir"
ASK = {
    "open": (FILES, lambda root: files.ask_files(root, ())),
    "save": (FILES, lambda root: files.ask_save(root, "Save", "", "a", ".osr")),
    "folder": (FOLDERS, lambda root: files.ask_folder(root, "A folder", "")),
}


class Dialog:
    """One that is shown."""

    def __init__(self, root, name):
        self.root, self.name = root, name
        self.list = f"{name}.contents.icons"
        self.canvas = f"{self.list}.cHull.canvas"
        self.entry = f"{name}.contents.f2.ent"

    def call(self, *words):
        return self.root.tk.call(*words)

    def press(self, button):
        self.call(f"{self.name}.contents.f2.{button}", "invoke")

    def type(self, text):
        self.call(self.entry, "delete", 0, "end")
        self.call(self.entry, "insert", 0, text)

    def listed(self):
        texts = (i for i in self.call(self.canvas, "find", "all") if self.is_text(i))
        return [self.call(self.canvas, "itemcget", item, "-text") for item in texts]

    def is_text(self, item):
        return self.call(self.canvas, "type", item) == "text"

    def contrast(self, row):
        """How far a row's text is from the ground on the screen, at most -> that, the ground."""
        self.root.update()
        at = [int(self.call("winfo", what, self.canvas)) for what in ("rootx", "rooty")]
        (text,) = (
            item
            for item in self.call(self.canvas, "find", "all")
            if self.is_text(item) and self.call(self.canvas, "itemcget", item, "-text") == row
        )
        x, y, right, low = map(int, self.root.tk.splitlist(self.call(self.canvas, "bbox", text)))
        box = (at[0] + x, at[1] + y, at[0] + right, at[1] + low)
        screen = ImageGrab.grab(xdisplay=os.environ["DISPLAY"]).convert("RGB")
        cell = np.asarray(screen.crop(box)).astype(int)
        ground = np.asarray(screen.getpixel((at[0] + 3, at[1] + 100)))
        return np.abs(cell - ground).max(), tuple(ground)


def ask(app, kind, *acts):
    """What a dialog gives, in which `acts` are done one after the other, and then Cancel."""
    return within(app, *ASK[kind], *acts)


def within(app, name, show, *acts):
    dialog, left, raised, ended = Dialog(app.root, name), list(acts), [], []

    def act():
        viewable = f"expr {{[winfo exists {name}] && [winfo viewable {name}]}}"
        shown = app.root.tk.splitlist(app.root.tk.call("grab", "current"))
        try:
            for other in {str(window) for window in shown} - {name}:  # which would wait for ever
                Dialog(app.root, other).press("cancel")
                raise AssertionError(f"{other} is shown")
            if not int(app.root.tk.eval(viewable)):
                pass
            elif left:
                app.root.update_idletasks()  # the list is filled, and its rows have their places
                left.pop(0)(dialog)
            else:
                dialog.press("cancel")
                return
        except Exception as error:  # pytest cannot see into a callback of Tk
            raised.append(error)
            left.clear()
        if not ended:  # else its callback would be gone
            app.root.after(WAIT_MS, act)

    app.root.after(WAIT_MS, act)
    given = show(app.root)
    ended.append(True)
    if raised:
        raise raised[0]
    assert not left
    return given


@pytest.mark.parametrize("kind", ASK)
@pytest.mark.parametrize("theme", GROUND)
def test_the_list_is_of_the_theme(start, home, kind, theme):
    """Of a row, of one that was selected, and in the other theme: on its ground, to be read."""
    other = {"dark": "light", "light": "dark"}[theme]
    (home / "one").mkdir()
    app = start(Settings(theme=theme))

    def check(name):
        def look(dialog):
            contrast, ground = dialog.contrast("one")
            assert ground == ImageColor.getrgb(GROUND[name])
            assert contrast > 150

        return look

    def select(dialog):
        dialog.call(dialog.list, "selection", "set", 0)
        contrast, _ = dialog.contrast("one")
        assert contrast > 100

    def leave(dialog):
        dialog.call(dialog.list, "selection", "clear", 0, "end")

    def toggle(dialog):
        app.toggle_theme()

    ask(app, kind, check(theme), select, leave, check(theme), toggle, check(other))
    ask(app, kind, check(other))
    app.toggle_theme()
    ask(app, kind, check(theme))


@pytest.mark.parametrize("typed", ["new", "there", "{home}/there", "~/there", " {home}/a b/new "])
def test_a_folder_that_is_typed_is_taken_at_the_first_press(start, home, typed):
    (home / "there").mkdir()
    (home / "another").mkdir()
    app = start()

    def enter(dialog):
        dialog.call(dialog.list, "selection", "set", dialog.listed().index("another"))
        dialog.type(typed.format(home=home))
        dialog.press("ok")

    wanted = typed.strip().replace("~", "{home}").format(home=home)
    assert ask(app, "folder", enter) == str(home / wanted)


def test_a_folder_that_is_selected_in_the_list_is_taken(start, home):
    (home / "there").mkdir()
    app = start()

    def enter(dialog):
        (row,) = (i for i in dialog.call(dialog.canvas, "find", "all") if dialog.is_text(i))
        x, y, *_ = map(int, dialog.root.tk.splitlist(dialog.call(dialog.canvas, "bbox", row)))
        for event in ("<Button-1>", "<ButtonRelease-1>"):
            dialog.call("event", "generate", dialog.canvas, event, "-x", x + 2, "-y", y + 2)
        dialog.root.update()
        dialog.press("ok")

    assert ask(app, "folder", enter) == str(home / "there")


@pytest.mark.parametrize("kind", ASK)
def test_hidden_folders_are_listed_if_asked_for(start, home, kind):
    (home / ".hidden").mkdir()
    (home / "there").mkdir()
    app = start()

    def before(dialog):
        assert ".hidden" not in dialog.listed() and "there" in dialog.listed()
        dialog.press("hidden")

    def after(dialog):
        assert ".hidden" in dialog.listed()

    ask(app, kind, before, after)


def test_the_dialog_of_the_charts_lies_above_them(start, home):
    """Behind their window it would be lost, and no button of any window would work."""
    app = start()
    generate(app, home)
    app.paint_state()
    app.window.press("charts")
    idle(app)
    charts = app.window.charts

    def look(dialog):
        assert str(dialog.call("wm", "transient", dialog.name)) == str(charts)

    within(app, f"{charts}{FILES}", lambda root: charts.save_button.invoke(), look)


def test_no_window_closes_below_its_dialog(start, home):
    """Its border can be pressed all the same."""
    app = start()
    generate(app, home)
    app.paint_state()
    app.window.press("charts")
    idle(app)
    charts = app.window.charts

    def close(window):
        app.root.tk.eval(app.root.tk.call("wm", "protocol", window, "WM_DELETE_WINDOW"))

    def press_borders(dialog):
        close(charts)
        close(app.root)

    within(app, f"{charts}{FILES}", lambda root: charts.save_button.invoke(), press_borders)
    assert charts.winfo_exists() and app.worker.state == "idle"
    close(charts)
    assert not charts.winfo_exists()
    ask(app, "folder", lambda dialog: close(app.root))
    assert app.worker.state == "idle"
    close(app.root)
    assert app.worker.state == "closed"
