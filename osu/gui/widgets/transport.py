"""Below the preview: the scrub bar with a mark at each miss, play, speed, what is heard."""

import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk
from typing import Any

from osu.gui.clock import PreviewClock
from osu.gui.widgets.fit import Tooltip
from osu.gui.widgets.theme import ground, px

SPEEDS = ("0.25x", "0.5x", "0.75x", "1x", "1.5x", "2x")
MARKS_PX = 6  # the height of the strip of marks
MISS_MARK = "#f45464"
MARKS_TIP = "Each mark is a miss: the key N goes to the next, P to the one before, W to the worst."


class Transport(ttk.Frame):
    """Shows a clock and asks `preview` to `toggle`, `seek(t_ms)`, `scrubbed`, `change_speed` and
    `change_sound`."""

    def __init__(self, parent: tk.Misc, preview: Any, speed: float, sound: bool, hits: bool):
        super().__init__(parent)
        self._clock: PreviewClock | None = None
        self._preview = preview
        self._speed = tk.StringVar(self, f"{speed:g}x")
        self._sound = tk.BooleanVar(self, sound)
        self._hits = tk.BooleanVar(self, hits)
        self.scrubbing = False
        self._shown = ("", "")
        self._misses_ms: Sequence[float] = ()
        self.columnconfigure(0, weight=1)
        self._create_bar()
        self._create_buttons()

    def _create_bar(self) -> None:
        """Row 0: marks; row 1: the bar."""
        self.marks = tk.Canvas(self, height=px(self, MARKS_PX), highlightthickness=0)
        self.marks.grid(row=0, column=0, sticky="ew", pady=(3, 0))
        self.bar = ttk.Scale(self, from_=0.0, to=1.0, takefocus=False)
        self.bar.grid(row=1, column=0, sticky="ew")
        for widget in (self.bar, self.marks):
            for press in ("<Button-1>", "<B1-Motion>"):
                widget.bind(press, self._on_scrub)
            widget.bind("<ButtonRelease-1>", self._on_scrubbed)
        self._tips = [Tooltip(widget, self._tip_at) for widget in (self.bar, self.marks)]
        self.marks.bind("<Configure>", lambda event: self._draw_marks())
        self.bind("<<ThemeChanged>>", lambda event: self._paint_ground())
        self._paint_ground()

    def _create_buttons(self) -> None:
        """Row 2: play, time, speed, sound."""
        row = ttk.Frame(self)
        row.grid(row=2, column=0, sticky="ew", pady=(2, 0))
        row.columnconfigure(2, weight=1)
        self.play_button = ttk.Button(row, text="Play", width=6, command=self._preview.toggle)
        self.play_button.grid(row=0, column=0, padx=(0, 8))
        self._time = ttk.Label(row, text="0:00 / 0:00", width=11, anchor="center")
        self._time.grid(row=0, column=1)
        self.speeds = ttk.Combobox(
            row, textvariable=self._speed, values=SPEEDS, width=5, state="readonly"
        )
        self.speeds.grid(row=0, column=3)
        self.speeds.bind("<<ComboboxSelected>>", lambda event: self._on_speed())
        heard = ttk.Menubutton(row, text="Sound  ")  # sv-ttk sets its arrow close
        menu = tk.Menu(heard, tearoff=False)
        changed = self._preview.change_sound
        menu.add_checkbutton(label="The song", variable=self._sound, command=changed)
        menu.add_checkbutton(
            label="Hits, slider parts, misses", variable=self._hits, command=changed
        )
        heard.configure(menu=menu)
        heard.grid(row=0, column=4, padx=(8, 0))

    @property
    def speed(self) -> float:
        return float(self._speed.get().rstrip("x"))

    @property
    def sound(self) -> bool:
        return bool(self._sound.get())

    @property
    def hits(self) -> bool:
        return bool(self._hits.get())

    def show(self, clock: PreviewClock, misses_ms: Sequence[float]) -> None:
        """Follow another clock; marks at these map times."""
        self._clock, self._misses_ms = clock, misses_ms
        self._draw_marks()

    def paint(self) -> None:
        """What the clock says now."""
        clock = self._clock
        running = clock.playing and not clock.at_end
        now, end = (_minutes(t / clock.rate) for t in (clock.now_ms, clock.end_ms))
        shown = ("Pause" if running else "Play", f"{now} / {end}")
        if shown != self._shown:  # a ttk widget is laid out anew even for the same text
            self._shown = shown
            self.play_button.configure(text=shown[0])
            self._time.configure(text=shown[1])
        if not self.scrubbing:
            self.bar.set(self._part(clock.now_ms))

    def _part(self, t_ms: float) -> float:
        return (t_ms - self._clock.start_ms) / (self._clock.end_ms - self._clock.start_ms)

    def _draw_marks(self) -> None:
        self.marks.delete("all")
        height = self.marks.winfo_height()
        for t_ms in self._misses_ms:
            x = self.bar.coords(self._part(t_ms))[0]
            self.marks.create_line(x, 0, x, height, fill=MISS_MARK, width=px(self, 2))

    def _paint_ground(self) -> None:
        self.marks.configure(background=ground(self))

    def _tip_at(self, x: int, y: int) -> str:
        return MARKS_TIP if len(self._misses_ms) else ""

    # ---- handlers

    def _on_scrub(self, event: tk.Event) -> str:
        """The bar goes where the pointer is, unlike ttk's, which steps towards it."""
        for tip in self._tips:
            tip.hide()
        if self._clock is not None:
            self.scrubbing = True
            part = self.bar.get(event.x, self.bar.winfo_height() // 2)
            self.bar.set(part)
            clock = self._clock
            self._preview.seek(clock.start_ms + part * (clock.end_ms - clock.start_ms))
        return "break"

    def _on_scrubbed(self, event: tk.Event) -> str:
        self.scrubbing = False
        self._preview.change_sound()
        return "break"

    def _on_speed(self) -> None:
        self.speeds.selection_clear()
        self._preview.change_speed()


def _minutes(real_ms: float) -> str:
    seconds = max(0, int(real_ms / 1000))
    return f"{seconds // 60}:{seconds % 60:02d}"
