"""The list of works: what runs and what waits, how long it takes, and a way to cancel each."""

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import Any

from osu.gui.widgets.fit import FittedLabel
from osu.gui.widgets.table import Column, ListTable
from osu.gui.works import Work

WORK_COLUMNS = {
    "work": Column("What", 200, 100),
    "state": Column("State", 200, 100),
}
_HINT = "One after the other; files open and save meanwhile."


class WorkList(ttk.Frame):
    """`cancel(*numbers)` is called for the selected works, or for all of them."""

    def __init__(self, parent: tk.Misc, cancel: Callable[..., Any]):
        super().__init__(parent, padding=8)
        self._cancel = cancel
        self._rows: dict[int, str] = {}  # number -> row
        self._shown: dict[int, tuple[str, str]] = {}
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.table = ListTable(self, WORK_COLUMNS, height=3)
        self.table.grid(row=0, column=0, sticky="nsew")
        row = ttk.Frame(self)
        row.grid(row=1, column=0, sticky="ew", pady=(6, 0))
        row.columnconfigure(0, weight=1)
        FittedLabel(row, _HINT, "Faint.TLabel").grid(row=0, column=0, sticky="ew")
        selected = ttk.Button(row, text="Cancel selected", command=self._cancel_selected)
        selected.grid(row=0, column=1, padx=6)
        every = ttk.Button(row, text="Cancel all", command=self._cancel)
        every.grid(row=0, column=2)
        self._buttons = (selected, every)
        self._enable(False)

    def show(self, works: Sequence[Work], left_s: Callable[[Work], float | None]) -> None:
        """The works that are not finished, in their order."""
        shown = {work.number: (work.name, state_of(work, left_s(work))) for work in works}
        for number in tuple(self._rows):
            if number not in shown:
                self.table.remove(self._rows.pop(number))
        for number, values in shown.items():
            if number not in self._rows:
                self._rows[number] = self.table.insert(values)
            elif values != self._shown.get(number):
                self.table.put(self._rows[number], values)
        if bool(shown) != bool(self._shown):
            self._enable(bool(shown))
        self._shown = shown

    def _enable(self, works: bool) -> None:
        for button in self._buttons:
            button.state(["!disabled" if works else "disabled"])

    def _cancel_selected(self) -> None:
        selected = self.table.tree.selection()
        numbers = [number for number, row in self._rows.items() if row in selected]
        if numbers:
            self._cancel(*numbers)


def state_of(work: Work, left_s: float | None) -> str:
    """How far a work is, in words."""
    if work.cancel.is_set():
        return "stops"
    about = "" if left_s is None else about_s(left_s)
    if work.started_s is None:
        return f"waits; takes {about}" if about else "waits"
    done = "" if work.part is None else f"{work.part:.0%}"
    return ", ".join(filter(None, (done, about and f"{about} left", work.text))) or "runs"


def about_s(seconds: float) -> str:
    """A duration as a person says it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
