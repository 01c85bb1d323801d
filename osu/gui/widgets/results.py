"""The plays: generated ones and replays that were opened, each with what the judge says of it."""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import ttk

from osu.errors import shown
from osu.formats.mods import mods_str
from osu.gui.widgets.theme import px
from osu.render.scene import Stage

MOST_CELL = 100  # characters
# heading, width and least width in pixels of a screen of 96 dpi, side
COLUMNS = {
    "player": ("Player", 150, 110, "w"),
    "map": ("Map", 230, 90, "w"),
    "mods": ("Mods", 60, 50, "center"),
    "accuracy": ("Accuracy", 80, 75, "e"),
    "misses": ("Misses", 65, 62, "e"),
    "ur": ("UR", 60, 45, "e"),
    "grade": ("Grade", 60, 55, "center"),
}


@dataclass(frozen=True, eq=False)
class ListedPlay:
    """One row."""

    player: str
    map_path: str
    stage: Stage

    @property
    def map_name(self) -> str:
        return f"{self.stage.beatmap.title} [{self.stage.beatmap.difficulty}]"

    def values(self) -> tuple[str, ...]:
        """The texts of the columns."""
        judged = self.stage.judgement
        names = (shown(name, MOST_CELL) for name in (self.player, self.map_name))
        head = (*names, mods_str(self.stage.beatmap.mods))
        if judged is None:
            return (*head, "", "", "", "")
        return (
            *head,
            f"{judged.accuracy:.2%}",
            str(judged.nmiss),
            f"{judged.unstable_rate:.0f}",
            judged.grade,
        )

    def sentence(self) -> str:
        """What the judge says, for the status line."""
        judged = self.stage.judgement
        return (
            f"{self.player}: {judged.accuracy:.2%}, {judged.nmiss} misses, "
            f"unstable rate {judged.unstable_rate:.0f}."
        )


class Results(ttk.Frame):
    """The list of plays. `on_choose()` hears that another selection is to be shown."""

    def __init__(self, parent: tk.Misc, on_choose: Callable[[], None]):
        super().__init__(parent)
        self.rows: dict[str, ListedPlay] = {}
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.tree = ttk.Treeview(
            self, columns=tuple(COLUMNS), show="headings", selectmode="extended", height=5
        )
        for name, (heading, width, least, anchor) in COLUMNS.items():
            self.tree.heading(name, text=heading, anchor=anchor)
            self.tree.column(
                name,
                width=px(self, width),
                minwidth=px(self, least),
                anchor=anchor,
                stretch=name in ("player", "map"),
            )
        self.tree.grid(row=0, column=0, sticky="nsew")
        scroll = ttk.Scrollbar(self, command=self.tree.yview)
        scroll.grid(row=0, column=1, sticky="ns")
        self.tree.configure(yscrollcommand=scroll.set)
        self.tree.bind("<<TreeviewSelect>>", lambda event: on_choose())

    def add(self, result: ListedPlay) -> None:
        """A new row, selected and in sight."""
        row = self.tree.insert("", "end", values=result.values())
        self.rows[row] = result
        self.tree.selection_set(row)
        self.tree.see(row)

    def selected(self) -> tuple[ListedPlay, ...]:
        return tuple(self.rows[row] for row in self.tree.selection())

    def remove_selected(self) -> None:
        for row in self.tree.selection():
            del self.rows[row]
            self.tree.delete(row)
