"""The list of maps: search, filter, sort, choose."""

import contextlib
import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from tkinter import ttk

from osu.gui.maps.measures import MapMeasures, can_rate
from osu.gui.maps.query import MapQuery, QueryError, are_of_a_set, ordered
from osu.gui.songs import Song
from osu.gui.widgets.fit import FittedLabel, Tooltip
from osu.gui.widgets.table import Column, ListTable

SHOWN_MAPS = 2000  # rows; more are found by searching
SEARCH_MS = 150  # after the last key
LEARN_MS = 1000  # what came to be known changes the rows no more often
OF_THE_SET = "    "  # before the title of a difficulty whose set has begun above
MAP_COLUMNS = {
    "title": Column("Title", 142, 130),
    "difficulty": Column("Difficulty", 80, 70),
    "stars": Column("Stars", 58, 58, "e", stretch=False),
    "bpm": Column("BPM", 44, 44, "e", stretch=False, optional=True),
    "length": Column("Length", 56, 56, "e", stretch=False, optional=True),
}
SEARCH_TIP = (
    "Words of names and tags, and filters: stars>4 bpm<=200 length<3:00. A click on a heading "
    "sorts."
)
STARS_NEED = "Stars need rosu-pp-py: uv sync --extra stars."


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
        self.known: dict[tuple[str, str], MapMeasures] = {}  # by Song.key
        self._sorted_by: str | None = None  # a column; None: as the folder is listed
        self._descending = False
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
        Tooltip(self.entry, lambda x, y: SEARCH_TIP)
        self.query.trace_add("write", lambda *names: self._later())
        for key in ("<Down>", "<Return>"):
            self.entry.bind(key, lambda event: self._to_rows())

    def _create_tree(self) -> None:
        """Row 1; row 2 says how many there are."""
        self._table = ListTable(self, MAP_COLUMNS, 3, self.sort_by)
        self._table.grid(row=1, column=0, sticky="nsew")
        self.tree = self._table.tree
        for event in ("<Double-1>", "<Return>"):
            self.tree.bind(event, lambda event: self._choose_again())
        self.tree.bind("<<TreeviewSelect>>", lambda event: self.hear_selection())
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

    def learn(self, measures: dict[tuple[str, str], MapMeasures]) -> None:
        """Stars, BPM and length of some maps have come to be known."""
        self.known |= measures
        if self._after is None and measures:
            self._after = self.after(LEARN_MS, self._show_known)

    def _show_known(self) -> None:
        """The rows with what is known now; where it changes which rows there are, all anew."""
        self._after = None
        with contextlib.suppress(QueryError):  # it is said already, and the rows stay
            if self._found() != list(self._rows.values()):
                self.refresh()
                return
        for row, song in self._rows.items():
            values = self._values(song, self._table.whole(row)[0])
            if values != self._table.whole(row):
                self._table.put(row, values)

    def sort_by(self, column: str) -> None:
        """By a column: up, then down, then as the folder is listed."""
        if column != self._sorted_by:
            self._sorted_by, self._descending = column, False
        elif not self._descending:
            self._descending = True
        else:
            self._sorted_by, self._descending = None, False
        self._table.mark_sorted(self._sorted_by, self._descending)
        self.refresh()

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
        self.close()
        try:
            found = self._found(all_of_them=True)
        except QueryError as error:  # the rows stay until it is written to its end
            self._count.configure(style="Error.TLabel")
            self._count.show(str(error))
            return
        self._table.remove(*self.tree.get_children())
        listed, before = found[:SHOWN_MAPS], None
        rows = []
        for song in listed:
            # The title first: in a narrow list the artist alone would be left of many rows.
            title = " · ".join(filter(None, (song.title, song.artist))) or Path(song.path).stem
            if self._sorted_by is None and are_of_a_set(before, song):
                title = OF_THE_SET + title
            rows.append(self._values(song, title))
            before = song
        self._rows = dict(zip(self._table.insert_all(rows), listed, strict=True))
        self._mark_chosen()
        self._count.configure(style="Faint.TLabel")
        self._count.show(self._counted(len(found)))

    def _found(self, all_of_them: bool = False) -> list[Song]:
        """What the search leaves, in the order of the rows; as many as have rows unless told.
        Raises QueryError."""
        query = MapQuery.parse(self.query.get())
        if not can_rate() and any(f.measure == "stars" for f in query.filters):
            raise QueryError(STARS_NEED)
        found = query.find(self.songs, self.known)
        found = ordered(found, self.known, self._sorted_by, self._descending)
        return found if all_of_them else found[:SHOWN_MAPS]

    def _values(self, song: Song, title: str) -> tuple[str, ...]:
        measures = self.known.get(song.key)
        if measures is None:
            return title, song.difficulty, "", "", ""
        stars = "" if measures.stars is None else f"{measures.stars:.2f}"
        minutes, seconds = divmod(round(measures.length_s), 60)
        bpm = f"{measures.bpm:.0f}" if measures.bpm else ""
        return title, song.difficulty, stars, bpm, f"{minutes}:{seconds:02d}"

    def _counted(self, found: int) -> str:
        """How many maps there are, and what is missing of them."""
        parts = [f"{found} of {len(self.songs)} maps"]
        if found > SHOWN_MAPS:
            parts.append(f"the first {SHOWN_MAPS} shown")
        if MapQuery.parse(self.query.get()).filters:
            unknown = sum(song.key not in self.known for song in self.songs)
            parts += [f"{unknown} not measured yet"] * bool(unknown)
        if self._sorted_by == "stars" and not can_rate():
            parts.append(STARS_NEED)
        return ", ".join(parts)

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
            self.tree.see(rows[0])
            self.tree.focus_set()

    def _mark_chosen(self) -> None:
        """The tree's selection follows `chosen`."""
        keys = {song.key for song in self.chosen}
        rows = [row for row, song in self._rows.items() if song.key in keys]
        self.tree.selection_set(*rows)
        if rows:
            self.tree.focus(rows[-1])
            self.tree.see(rows[-1])

    def hear_selection(self) -> None:
        """A person's selection is chosen; one that `_mark_chosen` made has been already."""
        selected = tuple(self._rows[row] for row in self.tree.selection())
        listed = {song.key for song in self._rows.values()}
        if {s.key for s in selected} != {s.key for s in self.chosen if s.key in listed}:
            self.chosen = selected
            self._on_choose(selected)

    def _choose_again(self) -> None:
        if self.tree.selection():
            self._on_choose(self.chosen)
