"""The keyboard: what each key does, bound and listed from one table."""

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tkinter import ttk
from typing import Any

from osu.gui.widgets.fit import FittedLabel

# Where these have the keyboard, plain keys are theirs.
TYPING = ("TEntry", "TSpinbox", "TCombobox", "TButton", "TCheckbutton", "TMenubutton")
SHORTCUTS = 12


@dataclass(frozen=True)
class Shortcut:
    shown: str
    does: str
    key: str = ""  # Tk's name; none where the playback process hears it
    action: Callable[[], Any] | None = None
    plain: bool = False  # a key that is also typed into fields


def bind_shortcuts(root: tk.Tk, shortcuts: Sequence[Shortcut]) -> None:
    for shortcut in shortcuts:
        if shortcut.key:
            root.bind(shortcut.key, lambda event, s=shortcut: _do(root, s))
    root.event_delete("<<LineStart>>", "<Control-a>")  # Emacs' meaning, on X11
    root.event_add("<<SelectAll>>", "<Control-a>")
    # Who has clicked a button is done with it: the next space plays instead of clicking it again.
    for kind, event in (
        ("TButton", "<ButtonRelease-1>"),
        ("TCheckbutton", "<ButtonRelease-1>"),
        ("TCombobox", "<<ComboboxSelected>>"),
    ):
        root.bind_class(kind, event, lambda event: _leave(root, event.widget), add="+")


def _do(root: tk.Tk, shortcut: Shortcut) -> None:
    focus = root.focus_get() if shortcut.plain else None
    if focus is None or focus.winfo_class() not in TYPING:
        shortcut.action()


def _leave(root: tk.Tk, widget: Any) -> None:
    """Give the keyboard to the window; those of Tk's dialogs are no widgets here, but names."""
    if isinstance(widget, ttk.Widget) and widget.winfo_exists():
        root.focus_set()


class ShortcutList(ttk.Frame):
    """The table for a person to read, `SHORTCUTS` high."""

    def __init__(self, parent: tk.Misc, shortcuts: Sequence[Shortcut]):
        super().__init__(parent, padding=12)
        for n, shortcut in enumerate(shortcuts):
            row, column = n % SHORTCUTS, 2 * (n // SHORTCUTS)
            self.columnconfigure(column + 1, weight=1)
            ttk.Label(self, text=shortcut.shown).grid(row=row, column=column, sticky="w", pady=1)
            does = FittedLabel(self, shortcut.does, "Faint.TLabel")
            does.grid(row=row, column=column + 1, sticky="ew", padx=(8, 8))
