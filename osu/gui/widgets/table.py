"""A table: rows of texts under headings, cut with a mark where a column is too narrow."""

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tkinter import ttk

from osu.gui.widgets.fit import Fitter, Tooltip
from osu.gui.widgets.theme import px

CELL_PX = 10  # of a column's width are its gaps
SORT_MARKS = {None: "", False: " ▴", True: " ▾"}  # by whether it descends
INSERT_ROWS = "::osu_players::insert_rows"  # a procedure in Tcl, see ListTable.insert_all
REFIT_MS = 60  # texts are cut anew once the borders have come to rest


@dataclass(frozen=True)
class Column:
    """Widths are pixels of a screen of 96 dpi."""

    heading: str
    width: int
    least: int
    anchor: str = "w"
    stretch: bool = True
    optional: bool = False  # gone where there is no room for all


class ListTable(ttk.Frame):
    """A tree without branches, and its scroll bar. Values are changed through `insert`, `put`.

    `on_heading` hears which column's heading is clicked.
    """

    def __init__(
        self,
        parent: tk.Misc,
        columns: dict[str, Column],
        height: int,
        on_heading: Callable[[str], None] | None = None,
    ):
        super().__init__(parent)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.tk.eval(
            f"namespace eval ::osu_players {{}}; proc {INSERT_ROWS} {{tree rows}} {{"
            "lmap values $rows {$tree insert {} end -values $values}}"
        )
        self.tree = tree = ttk.Treeview(
            self, columns=tuple(columns), show="headings", selectmode="extended", height=height
        )
        for name, column in columns.items():
            tree.heading(name, text=column.heading, anchor=column.anchor)
            if on_heading:
                tree.heading(name, command=lambda name=name: on_heading(name))
            tree.column(
                name,
                width=px(self, column.width),
                minwidth=px(self, column.least),
                anchor=column.anchor,
                stretch=column.stretch,
            )
        tree.grid(row=0, column=0, sticky="nsew")
        scroll = ttk.Scrollbar(self, command=tree.yview)
        scroll.grid(row=0, column=1, sticky="ns")
        tree.configure(yscrollcommand=scroll.set)
        self._columns = columns
        self._fitter = Fitter(self, "Treeview")
        self._whole: dict[str, tuple[str, ...]] = {}  # the values of each row
        self._widths = self._column_widths()
        self._shown = tuple(name for name, column in columns.items() if not column.optional)
        tree.configure(displaycolumns=self._shown)
        self._after: str | None = None
        for event in ("<Configure>", "<ButtonRelease-1>"):
            tree.bind(event, lambda event: self._later(), add="+")
        tree.bind("<Shift-Up>", lambda event: self._select_on(-1))
        tree.bind("<Shift-Down>", lambda event: self._select_on(1))
        Tooltip(tree, self._cut_text_at)

    def _select_on(self, step: int) -> str:
        """From the row that has the focus to the next one, which is selected as well; ttk's own
        keys leave the others."""
        rows = self.tree.get_children()
        at = rows.index(self.tree.focus()) + step if self.tree.focus() in rows else 0
        if 0 <= at < len(rows):
            self.tree.selection_add(rows[at])
            self.tree.focus(rows[at])
            self.tree.see(rows[at])
        return "break"

    def mark_sorted(self, sorted_by: str | None, descending: bool) -> None:
        """Which heading shows that the rows are sorted by it."""
        for name, column in self._columns.items():
            mark = SORT_MARKS[descending if name == sorted_by else None]
            self.tree.heading(name, text=column.heading + mark)

    def insert(self, values: Sequence[str]) -> str:
        """A row at the end -> its name."""
        return self.insert_all([values])[0]

    def insert_all(self, rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
        """Rows at the end -> their names. In one call: of two thousand calls from Python each would
        take as long as Tk needs for eight rows."""
        fitted = tuple(map(self._fitted, rows))
        names = self.tk.splitlist(self.tk.call(INSERT_ROWS, self.tree, fitted))
        self._whole |= {name: tuple(row) for name, row in zip(names, rows, strict=True)}
        return names

    def destroy(self) -> None:
        if self._after is not None:
            self.after_cancel(self._after)
        super().destroy()

    def put(self, row: str, values: Sequence[str]) -> None:
        self._whole[row] = tuple(values)
        self.tree.item(row, values=self._fitted(values))

    def whole(self, row: str) -> tuple[str, ...]:
        """A row's texts, uncut."""
        return self._whole[row]

    def remove(self, *rows: str) -> None:
        self.tree.delete(*rows)
        for row in rows:
            del self._whole[row]

    def hide(self, *rows: str) -> None:
        """Out of the list, but kept: `tree.move` brings them back."""
        self.tree.selection_remove(*rows)
        self.tree.detach(*rows)

    def _fitted(self, values: Sequence[str]) -> tuple[str, ...]:
        return tuple(map(self._fitter.fit, values, self._widths))

    def _column_widths(self) -> list[int]:
        return [self.tree.column(name, "width") - px(self, CELL_PX) for name in self._columns]

    def _later(self) -> None:
        if self._after is not None:
            self.after_cancel(self._after)
        self._after = self.after(REFIT_MS, self._refit)

    def _refit(self) -> None:
        self._after = None
        self._show_columns()
        widths = self._column_widths()
        if widths != self._widths:
            self._widths = widths
            for row, values in self._whole.items():
                self.tree.item(row, values=self._fitted(values))

    def _show_columns(self) -> None:
        """All of them, or those that are needed."""
        columns = self._columns
        least = sum(px(self, column.least) for column in columns.values())
        narrow = self.tree.winfo_width() < least
        names = tuple(n for n, column in columns.items() if not (narrow and column.optional))
        too_wide = sum(self.tree.column(n, "width") for n in names) > self.tree.winfo_width()
        if names != self._shown or too_wide:
            self._shown = names
            self.tree.configure(displaycolumns=names)
            self._share_room()

    def _share_room(self) -> None:
        """The columns that stretch have what the others leave."""
        shown = [(name, self._columns[name]) for name in self._shown]
        stretched = [(name, column) for name, column in shown if column.stretch]
        room = self.tree.winfo_width() - px(self, CELL_PX)
        room -= sum(px(self, column.width) for _, column in shown if not column.stretch)
        whole = sum(column.width for _, column in stretched)
        for name, column in stretched:
            width = max(px(self, column.least), room * column.width // whole)
            self.tree.column(name, width=width)

    def _cut_text_at(self, x: int, y: int) -> str:
        """The whole text of a cell that shows only a part of it."""
        row, column = self.tree.identify_row(y), self.tree.identify_column(x)
        if row not in self._whole or not column:
            return ""
        n = tuple(self._columns).index(self.tree.column(column, "id"))
        whole = self._whole[row][n]
        return whole.strip() if self._fitter.fit(whole, self._widths[n]) != whole else ""
