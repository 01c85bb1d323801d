"""The list of maps: open a file or a Songs folder, search, choose."""

import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from tkinter import ttk

from osu.gui.songs import Song, search
from osu.gui.widgets.fit import FittedLabel
from osu.gui.widgets.table import Column, ListTable

SHOWN_MAPS = 2000  # rows; more are found by searching
SEARCH_MS = 150  # after the last key
MAP_COLUMNS = {
    "title": Column("Title", 190, 100),
    "difficulty": Column("Difficulty", 90, 60),
}


class MapList(ttk.Frame):
    """A searchable tree of songs. `on_choose(songs)` hears which ones a person chooses.

    The chosen ones stay so while a search leaves them out.
    """

    def __init__(self, parent: tk.Misc, on_choose: Callable[[tuple[Song, ...]], None]):
        super().__init__(parent)
        self._on_choose = on_choose
        self.chosen: tuple[Song, ...] = ()
        self._opened: tuple[Song, ...] = ()  # by hand
        self._scanned: tuple[Song, ...] = ()
        self.songs: tuple[Song, ...] = ()  # both
        self._rows: dict[str, Song] = {}
        self._after: str | None = None
        self.query = tk.StringVar(self)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        self._create_search()
        self._create_tree()

    def _create_search(self) -> None:
        """Row 0."""
        row = ttk.Frame(self)
        row.grid(row=0, column=0, sticky="ew", pady=(0, 4))
        row.columnconfigure(1, weight=1)
        ttk.Label(row, text="Search").grid(row=0, column=0, padx=(0, 8))
        self.entry = ttk.Entry(row, textvariable=self.query)
        self.entry.grid(row=0, column=1, sticky="ew")
        self.query.trace_add("write", lambda *names: self._later())
        for key in ("<Down>", "<Return>"):
            self.entry.bind(key, lambda event: self._to_rows())

    def _create_tree(self) -> None:
        """Row 1; row 2 says how many there are."""
        self._table = ListTable(self, MAP_COLUMNS, height=3)
        self._table.grid(row=1, column=0, sticky="nsew")
        self.tree = self._table.tree
        for event in ("<Double-1>", "<Return>"):
            self.tree.bind(event, lambda event: self._choose_again())
        self.tree.bind("<<TreeviewSelect>>", lambda event: self._on_select())
        self.tree.bind(
            "<<SelectAll>>", lambda event: self.tree.selection_set(*self.tree.get_children())
        )
        self._count = FittedLabel(self, style="Faint.TLabel")
        self._count.grid(row=2, column=0, sticky="ew", pady=(2, 0))

    def show(self, songs: Sequence[Song]) -> None:
        """What a folder holds, below the files that were opened by hand."""
        self._scanned = tuple(songs)
        self._list()

    def add(self, songs: Sequence[Song]) -> None:
        """The difficulties of a file that was opened by hand."""
        self._opened = tuple(dict.fromkeys((*songs, *self._opened)))
        self._list()

    def choose(self, song: Song) -> None:
        """Choose `song`, in sight where the search finds it."""
        self.chosen = (song,)
        self._mark_chosen()

    def _list(self) -> None:
        known = set(self._scanned)
        opened = (song for song in self._opened if song not in known)
        songs = (*opened, *self._scanned)
        if songs != self.songs:
            self.songs = songs
            self.refresh()

    def refresh(self) -> None:
        """The rows that match the search."""
        self._after = None
        found = search(self.songs, self.query.get())
        self._table.remove(*self.tree.get_children())
        self._rows = {}
        for song in found[:SHOWN_MAPS]:
            title = f"{song.artist} - {song.title}" if song.artist else song.title
            row = self._table.insert((title or Path(song.path).stem, song.difficulty))
            self._rows[row] = song
        self._mark_chosen()
        more = f", the first {SHOWN_MAPS} shown" if len(found) > SHOWN_MAPS else ""
        self._count.show(f"{len(found)} of {len(self.songs)} maps{more}")

    def close(self) -> None:
        if self._after is not None:
            self.after_cancel(self._after)
            self._after = None

    def _later(self) -> None:
        self.close()
        self._after = self.after(SEARCH_MS, self.refresh)

    def _to_rows(self) -> None:
        """From the search to its first row, for who goes on by keyboard."""
        if self._after is not None:
            self.close()
            self.refresh()
        if rows := self.tree.get_children():
            self.tree.focus(rows[0])
            self.tree.selection_set(rows[0])
            self.tree.focus_set()

    def _mark_chosen(self) -> None:
        """The tree's selection follows `chosen`."""
        keys = {song.key for song in self.chosen}
        rows = [row for row, song in self._rows.items() if song.key in keys]
        self.tree.selection_set(*rows)
        if rows:
            self.tree.focus(rows[-1])
            self.tree.see(rows[-1])

    def _on_select(self) -> None:
        """A person's selection is chosen; one that `_mark_chosen` made has been already."""
        selected = tuple(self._rows[row] for row in self.tree.selection())
        listed = {song.key for song in self._rows.values()}
        if {s.key for s in selected} != {s.key for s in self.chosen if s.key in listed}:
            self.chosen = selected
            self._on_choose(selected)

    def _choose_again(self) -> None:
        if self.tree.selection():
            self._on_choose(self.chosen)
