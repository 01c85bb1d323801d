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
NEW = "new"  # the tag of a play that nobody has looked at
NEW_MARK = "● "
# heading, width and least width in pixels of a screen of 96 dpi, side
COLUMNS = {
    "player": ("Player", 110, 80, "w"),
    "seed": ("Seed", 75, 62, "e"),
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
    seed: int | None = None  # of a generated play

    @property
    def label(self) -> str:
        """The player's name, with the seed that makes this play of its plays."""
        return self.player if self.seed is None else f"{self.player} {self.seed}"

    @property
    def map_name(self) -> str:
        return f"{self.stage.beatmap.title} [{self.stage.beatmap.difficulty}]"

    def values(self) -> tuple[str, ...]:
        """The texts of the columns."""
        judged = self.stage.judgement
        player, map_name = (shown(name, MOST_CELL) for name in (self.player, self.map_name))
        seed = "" if self.seed is None else str(self.seed)
        head = (player, seed, map_name, mods_str(self.stage.beatmap.mods))
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
            f"{self.label}: {judged.accuracy:.2%}, {judged.nmiss} misses, "
            f"unstable rate {judged.unstable_rate:.0f}."
        )


class Results(ttk.Frame):
    """The list of plays. `on_choose()` hears that another selection is to be shown."""

    def __init__(self, parent: tk.Misc, on_choose: Callable[[], None]):
        super().__init__(parent)
        self._on_choose = on_choose
        self._told: tuple[str, ...] = ()  # the selection that on_choose has heard of
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
        self.tree.tag_configure(NEW, font=ttk.Style(self).lookup("Strong.TLabel", "font"))
        self.tree.bind("<<TreeviewSelect>>", lambda event: self._on_select())

    def add(self, result: ListedPlay) -> str:
        """A row in sight, marked as new until it is selected. -> its name."""
        player, *rest = result.values()
        row = self.tree.insert("", "end", values=(NEW_MARK + player, *rest), tags=(NEW,))
        self.rows[row] = result
        self.tree.see(row)
        return row

    def choose(self, *rows: str) -> None:
        """Select these rows alone, as a click does."""
        self.tree.selection_set(*rows)
        self._on_select()

    def selected(self) -> tuple[ListedPlay, ...]:
        return tuple(self.rows[row] for row in self.tree.selection())

    def remove_selected(self) -> None:
        for row in self.tree.selection():
            del self.rows[row]
            self.tree.delete(row)

    def _on_select(self) -> None:
        """Another selection is told once, and no longer new."""
        selected = self.tree.selection()
        if selected != self._told:
            self._told = selected
            for row in selected:
                self.tree.item(row, values=self.rows[row].values(), tags=())
            self._on_choose()
