"""The panel for live play: where the playfield is, which keys, when it starts."""

import dataclasses
import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk
from typing import Any

from osu.gui.messages import PlayLive
from osu.gui.settings import LIVE_KINDS, Settings
from osu.gui.widgets.fit import FittedLabel
from osu.gui.widgets.form import FormError
from osu.gui.widgets.live.overlay import drag_rect, show_rect
from osu.gui.widgets.theme import px
from osu.live import protocol
from osu.live.plan import FIRST, LiveError, Rect, check_playfield, parse_ms, playfield_rect
from osu.live.player import NOTICE
from osu.live.protocol import LiveSettings
from osu.render.scene import Stage

START_KEYS = tuple(f"F{n}" for n in range(1, 13))
NUDGE_MS = 2
RECT_HINT = "left, top, width, height"
KEYS_HINT = "ms, above 0 later; by place is for lazer"
ARM_TIP = "Get ready: nothing moves before the start key is pressed."
NO_PLAY = "no play is selected"
NOTICE_PX = 340  # of the notice's lines: it is always whole
IDLE = "Select a play, arm, then press the start key at the first object."


class LivePanel(ttk.Frame):
    """The fields of a PlayLive command; `request` reads them. Buttons are made by the window."""

    def __init__(self, parent: tk.Misc, settings: Settings, button: Any, actions: Any):
        super().__init__(parent, padding=8)
        self.kind = tk.StringVar(self, settings.live_kind)
        self.rect = tk.StringVar(self, settings.live_rect)
        self.keys = tk.StringVar(self, settings.live_keys)
        self.by_place = tk.BooleanVar(self, settings.live_by_place)
        self.start_key = tk.StringVar(self, settings.live_start_key)
        self.start_at = tk.StringVar(self, FIRST)
        self.offset = tk.StringVar(self, f"{settings.live_offset_ms:g}")
        self.columnconfigure(1, weight=1)
        self._actions = actions
        for row, (name, create) in enumerate(
            {
                "Where": self._create_place,
                "Start": self._create_start,
                "Keys": self._create_keys,
            }.items()
        ):
            ttk.Label(self, text=name).grid(row=row, column=0, sticky="nw", padx=(0, 10), pady=6)
            create(button).grid(row=row, column=1, sticky="ew", pady=(0, 6))
        self._create_buttons(button).grid(row=3, column=0, columnspan=2, sticky="ew")
        notice = ttk.Label(self, text=NOTICE, style="Warn.TLabel")
        notice.configure(wraplength=px(self, NOTICE_PX))
        self._says = FittedLabel(self, IDLE, "Faint.TLabel")
        for row, label in enumerate((notice, self._says), 4):
            label.grid(row=row, column=0, columnspan=2, sticky="ew", pady=(4, 0))

    def _create_place(self, button: Any) -> ttk.Frame:
        """The rectangle, and what it is the rectangle of."""
        row = ttk.Frame(self)
        row.columnconfigure(0, weight=1)
        rectangle = ttk.Frame(row)
        rectangle.grid(row=0, column=0, sticky="ew")
        rectangle.columnconfigure(1, weight=1)
        kinds = ttk.Combobox(rectangle, textvariable=self.kind, values=LIVE_KINDS, width=12)
        kinds.configure(state="readonly")
        kinds.grid(row=0, column=0, padx=(0, 6))
        ttk.Entry(rectangle, textvariable=self.rect, width=12).grid(row=0, column=1, sticky="ew")
        ways = ttk.Frame(row)
        ways.grid(row=1, column=0, sticky="ew", pady=(4, 0))
        widgets = (
            button(ways, "find", "Find", self._actions.find_window),
            ttk.Button(ways, text="Drag...", command=self._drag),
            ttk.Button(ways, text="Show", command=self._show),
            FittedLabel(ways, RECT_HINT, "Faint.TLabel"),
        )
        _in_a_line(ways, widgets)
        return row

    def _create_start(self, button: Any) -> ttk.Frame:
        row = ttk.Frame(self)
        widgets = (
            ttk.Combobox(row, textvariable=self.start_key, values=START_KEYS, width=5),
            ttk.Label(row, text="pressed at"),
            ttk.Entry(row, textvariable=self.start_at, width=11),
            FittedLabel(row, "or a time of the map in ms", "Faint.TLabel"),
        )
        return _in_a_line(row, widgets)

    def _create_keys(self, button: Any) -> ttk.Frame:
        row = ttk.Frame(self)
        widgets = (
            ttk.Entry(row, textvariable=self.keys, width=6),
            ttk.Checkbutton(row, text="by place", variable=self.by_place),
            ttk.Label(row, text="Offset"),
            ttk.Entry(row, textvariable=self.offset, width=6),
            FittedLabel(row, KEYS_HINT, "Faint.TLabel"),
        )
        return _in_a_line(row, widgets)

    def _create_buttons(self, button: Any) -> ttk.Frame:
        """Arm, start, stop, nudge, and which play it is about."""
        row = ttk.Frame(self)
        arm = button(row, "arm", "Arm", self._actions.arm, ARM_TIP)
        arm.configure(style="Accent.TButton")
        self._play = FittedLabel(row, NO_PLAY, "Faint.TLabel")
        nudges = ((f"-{NUDGE_MS} ms", -NUDGE_MS), (f"+{NUDGE_MS} ms", NUDGE_MS))
        widgets = (
            arm,
            button(row, "start", "Start now", self._actions.start_live),
            button(row, "stop", "Stop", self._actions.cancel),
            *(
                button(row, f"nudge{ms}", text, lambda ms=ms: self._actions.nudge(ms))
                for text, ms in nudges
            ),
            self._play,
        )
        return _in_a_line(row, widgets)

    # ---- what the window calls

    def request(self, stage: Stage) -> PlayLive:
        """The command that plays `stage` live; FormError names the field that can't be used."""
        at = self.start_at.get().strip()
        first_ms = float(stage.beatmap.start_ms[0])
        settings = LiveSettings(
            start_at_ms=first_ms if at in ("", FIRST) else _ms("The start time", at),
            keys=tuple(key.strip() for key in self.keys.get().split(",")),
            by_place=self.by_place.get(),
            start_key=self.start_key.get(),
            offset_ms=_ms("The offset", self.offset.get()),
            nudge_ms=NUDGE_MS,
        )
        return PlayLive(stage.replay, self.playfield(), settings)

    def show_play(self, name: str) -> None:
        """Which play Arm is about; "" where none is selected."""
        self._play.show(name or NO_PLAY)

    def on_window(self, inside: Rect) -> None:
        """The game's window was found."""
        self.kind.set(LIVE_KINDS[0])
        self.rect.set(", ".join(f"{v:g}" for v in dataclasses.astuple(inside)))

    def playfield(self) -> Rect:
        """The playfield on the screen; FormError where the rectangle is missing or wrong."""
        try:
            rect = Rect.parse(self.rect.get())
        except LiveError:
            raise FormError(
                "Type the rectangle as left, top, width, height in pixels, or drag it."
            ) from None
        playfield = playfield_rect(rect) if self.kind.get() == LIVE_KINDS[0] else rect
        root = self.winfo_toplevel()
        left, top = root.winfo_vrootx(), root.winfo_vrooty()
        screen = Rect(left, top, root.winfo_vrootwidth(), root.winfo_vrootheight())
        try:
            check_playfield(playfield, screen)
        except LiveError as error:
            raise FormError(f"{str(error)[0].upper()}{str(error)[1:]}.") from None
        return playfield

    def on_event(self, event: protocol.LiveEvent) -> None:
        """Say what the playback process says, and keep the offset that was found."""
        match event:
            case protocol.Armed(sink=sink):
                self.say(
                    f"Armed on {sink}: {self.start_key.get()} starts, Escape stops, "
                    "F6 and F7 shift it."
                )
            case protocol.LiveProgress(map_ms):
                self.say(f"Playing: {map_ms / 1000:.0f} s. Escape stops.")
            case protocol.Nudged(offset_ms):
                self.offset.set(f"{offset_ms:g}")
                self.say(f"Offset {offset_ms:+g} ms.")
            case protocol.Stopped(reason, completed, offset_ms, motion, keys):
                self.offset.set(f"{offset_ms:g}")
                late = (("moves", motion), ("keys", keys))
                sentences = [f" {of.sentence(what).capitalize()}." for what, of in late if of]
                how = "Played to the end." if completed else f"Stopped: {reason}."
                self.say(how + "".join(sentences))

    def say(self, sentence: str) -> None:
        self._says.show(sentence)

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
            live_by_place=self.by_place.get(),
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


def _in_a_line(row: ttk.Frame, widgets: Sequence[tk.Widget]) -> ttk.Frame:
    """Side by side; the last one has what room is left."""
    for column, widget in enumerate(widgets):
        widget.grid(row=0, column=column, padx=(0, 6), sticky="ew")
    row.columnconfigure(len(widgets) - 1, weight=1)
    return row


def _ms(what: str, text: str) -> float:
    try:
        return parse_ms(text)
    except LiveError:
        raise FormError(f"{what} must be a number of milliseconds.") from None
