"""A button that opens a menu of what can be drawn of plays."""

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any


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


class DrawMenu(ttk.Menubutton):
    """`entries`: name -> (text, command). Its parts are in `entries` by those names."""

    def __init__(self, parent: tk.Misc, entries: dict[str, tuple[str, Callable[[], Any]]]):
        super().__init__(parent, text="Draw  ")  # sv-ttk sets its arrow close
        menu = tk.Menu(self, tearoff=False)
        self.configure(menu=menu)
        self.entries = {
            name: MenuEntry(menu, text, command) for name, (text, command) in entries.items()
        }
