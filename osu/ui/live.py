"""The panel for live play: where the playfield is, which keys, when it starts."""

import dataclasses
import tkinter as tk
from tkinter import ttk
from typing import Any

from osu import livewire
from osu.live import NOTICE
from osu.liveplan import LiveError, Rect, playfield_rect
from osu.livewire import LiveSettings
from osu.messages import PlayLive
from osu.scene import Stage
from osu.settings import Settings
from osu.ui.form import FormError
from osu.ui.overlay import drag_rect, show_rect

START_KEYS = tuple(f"F{n}" for n in range(1, 13))
KINDS = ("game's window", "playfield")
NUDGE_MS = 2
IDLE = "Select one play, say where the game is, arm, then press the start key at the first object."


class LivePanel(ttk.Frame):
    """The fields of a PlayLive command; `request` reads them. Buttons are made by the window."""

    def __init__(self, parent: tk.Misc, settings: Settings, button: Any, actions: Any):
        super().__init__(parent, padding=8)
        self.kind = tk.StringVar(self, settings.live_kind)
        self.rect = tk.StringVar(self, settings.live_rect)
        self.keys = tk.StringVar(self, settings.live_keys)
        self.start_key = tk.StringVar(self, settings.live_start_key)
        self.start_at = tk.StringVar(self)
        self.offset = tk.StringVar(self, f"{settings.live_offset_ms:g}")
        self.columnconfigure(1, weight=1)
        self._actions = actions
        self._create_place(button)
        self._create_keys()
        self._create_buttons(button)
        ttk.Label(self, text=NOTICE, style="Warn.TLabel").grid(
            row=4, column=0, columnspan=2, sticky="w", pady=(4, 0)
        )

    def _create_place(self, button: Any) -> None:
        """Row 0: the rectangle, and what it is the rectangle of."""
        ttk.Label(self, text="Where").grid(row=0, column=0, sticky="w", padx=(0, 10))
        row = ttk.Frame(self)
        row.grid(row=0, column=1, sticky="ew")
        ttk.Combobox(row, textvariable=self.kind, values=KINDS, state="readonly", width=14).grid(
            row=0, column=0
        )
        ttk.Entry(row, textvariable=self.rect, width=20).grid(row=0, column=1, padx=6)
        ttk.Label(row, text="left, top, width, height", style="Faint.TLabel").grid(row=0, column=2)
        button(row, "find", "Find", self._actions.find_window).grid(row=0, column=3, padx=(12, 0))
        ttk.Button(row, text="Drag...", command=self._drag).grid(row=0, column=4, padx=6)
        ttk.Button(row, text="Show", command=self._show).grid(row=0, column=5)

    def _create_keys(self) -> None:
        """Row 1: keys, start key, start time, offset."""
        ttk.Label(self, text="Keys").grid(row=1, column=0, sticky="w")
        row = ttk.Frame(self)
        row.grid(row=1, column=1, sticky="ew", pady=8)
        ttk.Entry(row, textvariable=self.keys, width=5).grid(row=0, column=0)
        ttk.Label(row, text="Start key").grid(row=0, column=1, padx=(14, 6))
        ttk.Combobox(row, textvariable=self.start_key, values=START_KEYS, width=5).grid(
            row=0, column=2
        )
        ttk.Label(row, text="at").grid(row=0, column=3, padx=6)
        ttk.Entry(row, textvariable=self.start_at, width=8).grid(row=0, column=4)
        ttk.Label(row, text="ms (empty: first object)", style="Faint.TLabel").grid(
            row=0, column=5, padx=6
        )
        ttk.Label(row, text="Offset").grid(row=0, column=6, padx=(14, 6))
        ttk.Entry(row, textvariable=self.offset, width=5).grid(row=0, column=7)
        ttk.Label(row, text="ms").grid(row=0, column=8, padx=6)

    def _create_buttons(self, button: Any) -> None:
        """Row 2: arm, start, stop, nudge; row 3: what the playback process says."""
        row = ttk.Frame(self)
        row.grid(row=2, column=0, columnspan=2, sticky="ew")
        arm = button(row, "arm", "Arm", self._actions.arm)
        arm.configure(style="Accent.TButton")
        nudges = ((f"-{NUDGE_MS} ms", -NUDGE_MS), (f"+{NUDGE_MS} ms", NUDGE_MS))
        buttons = [
            arm,
            button(row, "start", "Start now", self._actions.start_live),
            button(row, "stop", "Stop", self._actions.cancel),
            *(
                button(row, f"nudge{ms}", text, lambda ms=ms: self._actions.nudge(ms))
                for text, ms in nudges
            ),
        ]
        for column, widget in enumerate(buttons):
            widget.grid(row=0, column=column, padx=(0, 6))
        self._says = ttk.Label(self, text=IDLE, style="Faint.TLabel")
        self._says.grid(row=3, column=0, columnspan=2, sticky="w", pady=(8, 0))

    # ---- what the window calls

    def request(self, stage: Stage) -> PlayLive:
        """The command that plays `stage` live; FormError names the field that can't be used."""
        first_ms = float(stage.beatmap.start_ms[0])
        start_at_ms = (
            _ms("The start time", self.start_at.get()) if self.start_at.get() else first_ms
        )
        settings = LiveSettings(
            start_at_ms=start_at_ms,
            keys=tuple(key.strip() for key in self.keys.get().split(",")),
            start_key=self.start_key.get(),
            offset_ms=_ms("The offset", self.offset.get()),
            nudge_ms=NUDGE_MS,
        )
        return PlayLive(stage.replay, self.playfield(), settings)

    def on_window(self, inside: Rect) -> None:
        """The game's window was found."""
        self.kind.set(KINDS[0])
        self.rect.set(", ".join(f"{v:g}" for v in dataclasses.astuple(inside)))

    def playfield(self) -> Rect:
        """The playfield on the screen; FormError where the rectangle is missing or wrong."""
        try:
            rect = Rect.parse(self.rect.get())
        except LiveError:
            raise FormError(
                "Type the rectangle as left, top, width, height in pixels, or drag it."
            ) from None
        return playfield_rect(rect) if self.kind.get() == KINDS[0] else rect

    def on_event(self, event: livewire.Event) -> None:
        """Say what the playback process says, and keep the offset that was found."""
        match event:
            case livewire.Armed(sink):
                self.say(
                    f"Armed ({sink}): {self.start_key.get()} starts, Escape stops, "
                    "F6 and F7 shift it."
                )
            case livewire.Progress(map_ms):
                self.say(f"Playing: {map_ms / 1000:.0f} s. Escape stops.")
            case livewire.Nudged(offset_ms):
                self.offset.set(f"{offset_ms:g}")
                self.say(f"Offset {offset_ms:+g} ms.")
            case livewire.Stopped(reason, completed, offset_ms):
                self.offset.set(f"{offset_ms:g}")
                self.say("Played to the end." if completed else f"Stopped: {reason}.")

    def say(self, sentence: str) -> None:
        self._says.configure(text=sentence)

    def remembered(self, settings: Settings) -> Settings:
        """`settings` with this panel's fields."""
        try:
            offset_ms = _ms("", self.offset.get())
        except FormError:
            offset_ms = 0.0
        return dataclasses.replace(
            settings,
            live_kind=self.kind.get(),
            live_rect=self.rect.get(),
            live_keys=self.keys.get(),
            live_start_key=self.start_key.get(),
            live_offset_ms=offset_ms,
        )

    # ---- handlers

    def _drag(self) -> None:
        window = self.winfo_toplevel()
        drag_rect(window, lambda rect: self.rect.set(", ".join(f"{v:g}" for v in rect)))

    def _show(self) -> None:
        try:
            show_rect(self, dataclasses.astuple(self.playfield()))
        except FormError as error:
            self.say(str(error))


def _ms(what: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < 1e7:
        raise FormError(f"{what} must be a number of milliseconds.")
    return value
