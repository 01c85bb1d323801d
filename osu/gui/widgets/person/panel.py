"""The panel for a model of oneself: a folder, who of its players one is, start, how far it is."""

import tkinter as tk
from tkinter import ttk
from typing import Any

from osu.errors import shown
from osu.gui.widgets.fit import FittedLabel, Tooltip
from osu.gui.widgets.theme import px

LEARNS = (
    "Learns to play like you from a folder with your replays, such as osu!'s own; their maps are "
    "found there and in the open Songs folder. Ten minutes and more on two cores; after a stop "
    "Make model goes on."
)
LEARNS_PX = 340  # of its lines, at least
NAME_TIP = "The model's name: 1 to 40 of A-Z a-z 0-9 _ . -"
NO_FOLDER = "No folder is chosen."


class PersonPanel(ttk.Frame):
    """What a MakePersonModel command needs. Its buttons are made by the window."""

    def __init__(self, parent: tk.Misc, button: Any, actions: Any):
        super().__init__(parent, padding=8)
        self.folder = ""
        self._players: tuple[tuple[str, int], ...] = ()
        self.columnconfigure(1, weight=1)
        about = self._lines("TLabel")
        about.configure(text=LEARNS)
        about.grid(row=0, column=0, columnspan=4, sticky="ew", pady=(0, 6))
        button(self, "person_folder", "Folder...", actions.ask_folder).grid(
            row=1, column=0, sticky="w"
        )
        self._folder_name = FittedLabel(self, NO_FOLDER, "Faint.TLabel")
        self._folder_name.grid(row=1, column=1, columnspan=3, sticky="ew", padx=(6, 0))
        self._create_names().grid(row=2, column=0, columnspan=4, sticky="ew", pady=4)
        button(self, "person_start", "Make model", actions.start).grid(row=3, column=0, sticky="w")
        self._bar = ttk.Progressbar(self, maximum=1.0)
        self._bar.grid(row=3, column=1, columnspan=2, sticky="ew", padx=6)
        button(self, "person_stop", "Stop", actions.stop).grid(row=3, column=3, sticky="ew")
        self._sentence = self._lines("Faint.TLabel")
        self._sentence.grid(row=4, column=0, columnspan=4, sticky="ew", pady=(4, 0))

    def _lines(self, style: str) -> ttk.Label:
        """A text in as many lines as its width asks for."""
        least = px(self, LEARNS_PX)
        label = ttk.Label(self, style=style, wraplength=least)
        label.bind("<Configure>", lambda event: label.configure(wraplength=max(least, event.width)))
        return label

    def _create_names(self) -> ttk.Frame:
        """Who one is, and what the model is called."""
        row = ttk.Frame(self)
        row.columnconfigure(1, weight=1)
        ttk.Label(row, text="You are").grid(row=0, column=0)
        self.who = ttk.Combobox(row, state="disabled", width=12)
        self.who.grid(row=0, column=1, sticky="ew", padx=6)
        ttk.Label(row, text="Model").grid(row=0, column=2)
        self.model = tk.StringVar(self, "me")
        model = ttk.Entry(row, textvariable=self.model, width=7)
        model.grid(row=0, column=3, padx=(6, 0))
        Tooltip(model, lambda x, y: NAME_TIP)
        return row

    def show_players(self, folder: str, players: tuple[tuple[str, int], ...]) -> None:
        """Whose replays are in a folder, the one with most chosen."""
        self.folder, self._players = folder, players
        self._folder_name.show(shown(folder))
        lines = [f"{shown(name, 40)} ({count})" for name, count in players]
        self.who.configure(values=lines, state="readonly")
        self.who.current(0)

    @property
    def player(self) -> str:
        """Who is chosen; "" before players are there."""
        return self._players[self.who.current()][0] if self._players else ""

    def show_progress(self, part: float, sentence: str) -> None:
        if part != self._bar.cget("value"):
            self._bar.configure(value=part)
        if shown(sentence) != self._sentence.cget("text"):
            self._sentence.configure(text=shown(sentence))
