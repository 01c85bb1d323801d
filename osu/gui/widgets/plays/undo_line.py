"""A line that says for a while what was done, with a button that undoes it."""

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from osu.gui.widgets.theme import px

UNDO_SHOWN_MS = 8000


class UndoLine(ttk.Frame):
    """Lies over the lower end of its parent, so that nothing moves when it comes and goes."""

    def __init__(self, parent: tk.Misc, undo: Callable[[], Any]):
        super().__init__(parent, style="Card.TFrame", padding=px(parent, 4))
        self._label = ttk.Label(self)
        self._label.grid(row=0, column=0, padx=px(self, 6))
        self.button = ttk.Button(self, text="Undo", command=undo)
        self.button.grid(row=0, column=1)
        self._after: str | None = None

    def show(self, text: str) -> None:
        self.hide()
        self._label.configure(text=text)
        self.place(relx=0.5, rely=1.0, anchor="s", y=-px(self, 4))
        self.lift()
        self._after = self.after(UNDO_SHOWN_MS, self.hide)

    def hide(self) -> None:
        if self._after is not None:
            self.after_cancel(self._after)
            self._after = None
        self.place_forget()

    def destroy(self) -> None:
        self.hide()
        super().destroy()
