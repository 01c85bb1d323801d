"""A button that opens a menu."""

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from osu.gui.widgets.fit import Fitter
from osu.gui.widgets.theme import px

SIDES_PX = 44  # beside the text: gaps and the arrow
LEAST_LETTERS = 5


class MenuEntry:
    """An entry of a menu, switched and pressed as a ttk button is."""

    def __init__(self, menu: tk.Menu, text: str, command: Callable[[], Any]):
        menu.add_command(label=text, command=command)
        self._menu, self._index = menu, menu.index("end")

    def state(self, words: tuple[str, ...] | list[str]) -> None:
        word = "disabled" if "disabled" in words else "normal"
        self._menu.entryconfigure(self._index, state=word)

    def instate(self, words: tuple[str, ...] | list[str]) -> bool:
        disabled = str(self._menu.entrycget(self._index, "state")) == "disabled"
        return disabled == ("disabled" in words)

    def invoke(self) -> None:
        self._menu.invoke(self._index)


class MenuButton(ttk.Menubutton):
    """`entries`: name -> (text, command). Its parts are in `entries` by those names."""

    def __init__(
        self, parent: tk.Misc, text: str, entries: dict[str, tuple[str, Callable[[], Any]]]
    ):
        super().__init__(parent, text=f"{text}  ")  # sv-ttk sets its arrow close
        self.whole = text
        menu = self.menu = tk.Menu(self, tearoff=False)
        self.configure(menu=menu)
        self.entries = {
            name: MenuEntry(menu, text, command) for name, (text, command) in entries.items()
        }

    def add_choice(self, text: str, variable: tk.Variable, values: dict[str, Any]) -> None:
        """An entry with a menu of its own: label -> what `variable` is set to."""
        menu = tk.Menu(self.menu, tearoff=False)
        for label, value in values.items():
            menu.add_radiobutton(label=label, variable=variable, value=value)
        self.menu.add_cascade(label=text, menu=menu)

    def fit_text(self) -> None:
        """From now on it asks for little room, and cuts its text to what its grid gives it."""
        self._fitter = Fitter(self, "TMenubutton")
        self.configure(width=LEAST_LETTERS)
        self.bind("<Configure>", lambda event: self.show(self.whole))

    def show(self, text: str) -> None:
        """After `fit_text`: another text."""
        self.whole = text
        fitted = self._fitter.fit(text, self.winfo_width() - px(self, SIDES_PX))
        if fitted != self.cget("text"):
            self.configure(text=fitted)
