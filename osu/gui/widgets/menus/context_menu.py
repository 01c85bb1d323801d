"""The menu of a list: what its buttons do, where the pointer is or at the row of the keyboard."""

import contextlib
import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

KEYS = ("<Menu>", "<App>", "<Shift-F10>")  # of X11, of Windows, of both


class ContextMenu(tk.Menu):
    """`entries`: name of a button -> text; `press(name)` does what its button does.

    A right click first selects the row below it, unless that is selected. `refusals()`, asked
    then, has the names of what does not work now.
    """

    def __init__(
        self,
        tree: ttk.Treeview,
        entries: dict[str, str],
        press: Callable[[str], None],
        refusals: Callable[[], dict[str, str]],
    ):
        super().__init__(tree, tearoff=False)
        self._tree, self._names, self._refusals = tree, tuple(entries), refusals
        for name, text in entries.items():
            self.add_command(label=text, command=lambda name=name: press(name))
        is_mac = tree.tk.call("tk", "windowingsystem") == "aqua"
        for click in ("<Button-2>", "<Control-Button-1>") if is_mac else ("<Button-3>",):
            tree.bind(click, self._at_pointer)
        for key in KEYS:
            with contextlib.suppress(tk.TclError):  # a key that this system does not know
                tree.bind(key, lambda event: self._at_row())

    def _at_pointer(self, event: tk.Event) -> None:
        tree = self._tree
        if tree.identify_region(event.x, event.y) == "heading":
            return
        row = tree.identify_row(event.y)
        if row and row not in tree.selection():
            tree.selection_set(row)
            tree.focus(row)
        tree.focus_set()
        self._open(event.x_root, event.y_root)

    def _at_row(self) -> None:
        """Below the row that has the keyboard, or the last one that is selected."""
        tree, selected = self._tree, self._tree.selection()
        x, y = tree.winfo_rootx(), tree.winfo_rooty()
        if selected:
            row = tree.focus() if tree.focus() in selected else selected[-1]
            tree.see(row)
            tree.update_idletasks()
            left, top, _, height = tree.bbox(row)
            x, y = x + left, y + top + height
        self._open(x, y)

    def _open(self, x: int, y: int) -> None:
        refused = self._refusals()
        for n, name in enumerate(self._names):
            self.entryconfigure(n, state="disabled" if name in refused else "normal")
        self.tk_popup(x, y)
