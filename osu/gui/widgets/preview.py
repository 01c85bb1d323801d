"""The preview: a canvas that shows one play or two side by side, and its transport below."""

import time
import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

from PIL import ImageTk

from osu.gui.audio import Audio
from osu.gui.clock import PreviewClock
from osu.render.painter import Painter
from osu.render.scene import Stage

FRAME_S = 1 / 75  # aimed at; `after` counts in whole ms and so loses some
RESIZED_MS = 120  # a new painter once the window's border has come to rest
SPEEDS = ("0.25x", "0.5x", "0.75x", "1x", "1.5x", "2x")
STEP_MS = 5000.0  # real time, of the arrow keys
NO_MAP_TEXT = "Open a map, a replay or your Songs folder, or drop one here, to begin."


class Preview(ttk.Frame):
    """Shows stages and plays them; everything happens on the window's thread."""

    def __init__(self, parent: tk.Misc, audio: Audio, speed: float = 1.0, sound: bool = True):
        super().__init__(parent)
        self.audio = audio
        self.clock: PreviewClock | None = None
        self.stages: tuple[Stage, ...] = ()
        self.labels: tuple[str, ...] = ()
        self._painter: Painter | None = None
        self._after: str | None = None  # the next frame
        self._resize: str | None = None
        self._speed = tk.StringVar(self, f"{speed:g}x")
        self._sound = tk.BooleanVar(self, sound)
        self._scrubbing = False
        self._shown = ("", "")
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._create_canvas()
        self._create_transport()

    def _create_canvas(self) -> None:
        """Row 0."""
        self.canvas = tk.Canvas(self, background="#11121a", highlightthickness=0, takefocus=True)
        self.canvas.grid(row=0, column=0, sticky="nsew")
        self._picture = self.canvas.create_image(0, 0, anchor="nw")
        self._hint = self.canvas.create_text(
            0, 0, text=NO_MAP_TEXT, fill="#787e96", justify="center"
        )
        self.canvas.bind("<Configure>", self._on_resize)
        self.canvas.bind("<Button-1>", lambda event: (self.canvas.focus_set(), self.toggle()))

    def _create_transport(self) -> None:
        """Row 1: the scrub bar; row 2: play, time, speed, sound."""
        self.scrub = ttk.Scale(self, from_=0.0, to=1.0, takefocus=False)
        self.scrub.grid(row=1, column=0, sticky="ew", pady=(4, 0))
        bar = ttk.Frame(self)
        bar.grid(row=2, column=0, sticky="ew", pady=(2, 0))
        bar.columnconfigure(2, weight=1)
        self.play_button = ttk.Button(bar, text="Play", width=6, command=self.toggle)
        self.play_button.grid(row=0, column=0, padx=(0, 8))
        self._time = ttk.Label(bar, text="0:00 / 0:00", width=11, anchor="center")
        self._time.grid(row=0, column=1)
        for press in ("<Button-1>", "<B1-Motion>"):
            self.scrub.bind(press, self._on_scrub)
        self.scrub.bind("<ButtonRelease-1>", self._on_scrubbed)
        self.speeds = speeds = ttk.Combobox(
            bar, textvariable=self._speed, values=SPEEDS, width=5, state="readonly"
        )
        speeds.grid(row=0, column=3)
        speeds.bind("<<ComboboxSelected>>", lambda event: self._on_speed(speeds))
        sound = ttk.Checkbutton(bar, text="Sound", variable=self._sound, command=self.audio.stop)
        sound.grid(row=0, column=4, padx=(8, 0))

    @property
    def speed(self) -> float:
        return float(self._speed.get().rstrip("x"))

    @property
    def sound(self) -> bool:
        return bool(self._sound.get())

    # ---- what the window calls

    def show(self, stages: Sequence[Stage], labels: Sequence[str], map_path: str) -> None:
        """Show stages on one map side by side, from where they begin; on the same map as before
        the time stays."""
        first = stages[0].beatmap
        same = self.stages and self.stages[0].beatmap.md5 == first.md5
        before_ms = self.clock.now_ms if same and self.clock else None
        playing = bool(same and self.clock and self.clock.playing)
        self.stages, self.labels = tuple(stages), tuple(labels)
        self.clock = PreviewClock(
            min(stage.start_ms for stage in stages),
            max(stage.end_ms for stage in stages),
            first.rate,
        )
        self.clock.speed = self.speed
        if before_ms is not None:
            self.clock.seek(before_ms)
        self.audio.load(map_path, first.audio_filename)
        self.canvas.itemconfigure(self._hint, state="hidden")
        self._new_painter()
        if playing:
            self.play()
        self.draw()

    def play(self) -> None:
        if self.clock is not None:
            self.clock.play()
            self._run()

    def pause(self) -> None:
        if self.clock is not None:
            self.clock.pause()
            self._paint_transport()
        self.audio.stop()

    def toggle(self) -> None:
        if self.clock is None:
            return
        if self.clock.playing and not self.clock.at_end:
            self.pause()
        else:
            self.play()

    def skip(self, steps: int) -> None:
        """Jump by `steps` times five seconds of real time."""
        if self.clock is not None:
            self._seek(self.clock.now_ms + steps * STEP_MS * self.clock.rate)

    def close(self) -> None:
        """Stop for good: no `after` is left behind and the song is silent."""
        for pending in (self._after, self._resize):
            if pending is not None:
                self.after_cancel(pending)
        self._after = self._resize = None
        self.audio.close()

    # ---- painting

    def draw(self) -> None:
        """Paint the moment that the clock shows."""
        if self._painter is None or self.clock is None:
            return
        self._photo.paste(self._painter.paint(self.clock.now_ms))
        self._paint_transport()

    def _paint_transport(self) -> None:
        clock = self.clock
        running = clock.playing and not clock.at_end
        now, end = (_minutes(t / clock.rate) for t in (clock.now_ms, clock.end_ms))
        shown = ("Pause" if running else "Play", f"{now} / {end}")
        if shown != self._shown:  # a ttk widget is laid out anew even for the same text
            self._shown = shown
            self.play_button.configure(text=shown[0])
            self._time.configure(text=shown[1])
        if not self._scrubbing:
            span_ms = clock.end_ms - clock.start_ms
            self.scrub.set((clock.now_ms - clock.start_ms) / span_ms)

    def _run(self) -> None:
        """Paint, and again when the next frame is due, as long as the clock runs."""
        if self._after is not None:
            self.after_cancel(self._after)
        self._after = None
        started_s = time.perf_counter()
        clock = self.clock
        running = clock.playing and not clock.at_end
        heard = running and self.sound and clock.speed * clock.rate == 1.0 and not self._scrubbing
        self.audio.follow(clock.now_ms, heard)
        self.draw()
        if running:
            left_s = FRAME_S - (time.perf_counter() - started_s)
            self._after = self.after(max(1, int(left_s * 1000)), self._run)

    def _new_painter(self) -> None:
        width, height = self.canvas.winfo_width(), self.canvas.winfo_height()
        if not self.stages or width < 64 * len(self.stages) or height < 64:
            return  # not on the screen yet: <Configure> comes
        self._painter = Painter(self.stages, width, height, self.labels)
        self._photo = ImageTk.PhotoImage("RGB", (width, height), master=self)
        self.canvas.itemconfigure(self._picture, image=self._photo)

    # ---- handlers

    def _on_resize(self, event: tk.Event) -> None:
        self.canvas.coords(self._hint, event.width / 2, event.height / 2)
        if self._resize is not None:
            self.after_cancel(self._resize)
        self._resize = self.after(RESIZED_MS, self._resized)

    def _resized(self) -> None:
        self._resize = None
        self._new_painter()
        self.draw()

    def _on_scrub(self, event: tk.Event) -> str:
        """The bar goes where the pointer is, unlike ttk's, which steps towards it."""
        if self.clock is not None:
            self._scrubbing = True
            part = self.scrub.get(event.x, event.y)
            self.scrub.set(part)
            self._seek(self.clock.start_ms + part * (self.clock.end_ms - self.clock.start_ms))
        return "break"

    def _on_scrubbed(self, event: tk.Event) -> str:
        self._scrubbing = False
        self.audio.stop()
        return "break"

    def _seek(self, t_ms: float) -> None:
        self.clock.seek(t_ms)
        self.audio.stop()
        self.draw()

    def _on_speed(self, speeds: ttk.Combobox) -> None:
        speeds.selection_clear()
        self.audio.stop()
        if self.clock is not None:
            self.clock.speed = self.speed


def _minutes(real_ms: float) -> str:
    seconds = max(0, int(real_ms / 1000))
    return f"{seconds // 60}:{seconds % 60:02d}"
