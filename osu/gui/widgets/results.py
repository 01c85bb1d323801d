"""The plays: generated ones and replays that were opened, each with what the judge says of it."""

import dataclasses
import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass

from osu.errors import shown
from osu.formats.mods import mods_str
from osu.formats.replay import Replay
from osu.gui.widgets.plays.undo_line import UndoLine
from osu.gui.widgets.table import Column, ListTable
from osu.render.scene import Stage

MOST_CELL = 100  # characters
MOST_REMOVED = 20  # times, for each of which the plays are kept
NEW_MARK = "● "  # before a play that nobody has looked at
PLAY_COLUMNS = {
    "player": Column("Player", 80, 60),
    "seed": Column("Seed", 66, 62, "e", stretch=False),
    "map": Column("Map", 80, 60),
    "mods": Column("Mods", 56, 50, "center", stretch=False, optional=True),
    "accuracy": Column("Accuracy", 75, 72, "e", stretch=False),
    "misses": Column("Misses", 62, 60, "e", stretch=False),
    "ur": Column("UR", 45, 45, "e", stretch=False, optional=True),
    "grade": Column("Grade", 52, 50, "center", stretch=False, optional=True),
}


@dataclass(frozen=True, eq=False)
class ListedPlay:
    """One row."""

    player: str
    map_path: str
    stage: Stage
    seed: int | None = None  # of a generated play
    path: str = ""  # of its file, if it is in one

    @property
    def label(self) -> str:
        """The player's name, with the seed that makes this play of its plays."""
        return self.player if self.seed is None else f"{self.player} {self.seed}"

    @property
    def with_mods(self) -> str:
        """The label and the mods, whose column a small window has no room for."""
        return f"{self.label} {mods_str(self.stage.beatmap.mods)}"

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
        if judged is None:
            return f"{self.with_mods}: a play that is not judged."
        return (
            f"{self.with_mods}: {judged.accuracy:.2%}, {judged.misses_in_words}, "
            f"unstable rate {judged.unstable_rate:.0f}."
        )


class Results(ListTable):
    """The list of plays. `on_choose()` hears that another selection is to be shown, `on_undo()` the
    button that takes a removal back."""

    def __init__(self, parent: tk.Misc, on_choose: Callable[[], None], on_undo: Callable[[], None]):
        super().__init__(parent, PLAY_COLUMNS, height=3)
        self._on_choose = on_choose
        self._undo = UndoLine(self, on_undo)
        self.undo_button = self._undo.button
        self._told: tuple[str, ...] = ()  # the selection that on_choose has heard of
        self.rows: dict[str, ListedPlay] = {}
        # What was removed, the last at the end: place, row and play of each.
        self.removed: list[list[tuple[int, str, ListedPlay]]] = []
        self.tree.bind("<<TreeviewSelect>>", lambda event: self.hear_selection())

    def add(self, result: ListedPlay) -> str:
        """A row in sight, marked as new until it is selected. -> its name."""
        player, *rest = result.values()
        row = self.insert((NEW_MARK + player, *rest))
        self.rows[row] = result
        self.tree.see(row)
        return row

    def add_known(self, result: ListedPlay, place: int) -> None:
        """A row that a person has seen before, where it was."""
        row = self.insert(result.values())
        self.rows[row] = result
        self.tree.move(row, "", place)

    def note_file(self, replay: Replay, path: str) -> None:
        """A play of the list was saved."""
        for row, play in self.rows.items():
            if play.stage.replay is replay:
                self.rows[row] = dataclasses.replace(play, path=path)

    def choose(self, *rows: str) -> None:
        """Select these rows alone, as a click does."""
        self.tree.selection_set(*rows)
        self.hear_selection()

    def selected(self) -> tuple[ListedPlay, ...]:
        return tuple(self.rows[row] for row in self.tree.selection())

    def listed(self) -> tuple[ListedPlay, ...]:
        """All of them, in their order."""
        return tuple(self.rows[row] for row in self.tree.get_children())

    def remove_selected(self) -> None:
        """`undo_remove` lists them again; of the last MOST_REMOVED times that is kept."""
        rows = self.tree.selection()
        if not rows:
            return
        self.removed.append([(self.tree.index(row), row, self.rows.pop(row)) for row in rows])
        self.hide(*rows)
        for _, row, _ in self.removed.pop(0) if len(self.removed) > MOST_REMOVED else ():
            self.remove(row)
        self._undo.show("A play was removed." if len(rows) == 1 else f"{len(rows)} plays removed.")

    def undo_remove(self) -> None:
        """What was removed last is in its place again, and selected."""
        if not self.removed:
            return
        self._undo.hide()
        back = sorted(self.removed.pop(), key=lambda removed: removed[0])
        for place, row, play in back:
            self.tree.move(row, "", place)
            self.rows[row] = play
        self.choose(*(row for _, row, _ in back))
        self.tree.see(back[-1][1])

    def hear_selection(self) -> None:
        """Another selection is told once, and no longer new."""
        selected = self.tree.selection()
        if selected != self._told:
            self._told = selected
            for row in selected:
                self.put(row, self.rows[row].values())
            self._on_choose()
