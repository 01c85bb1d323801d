"""The preview: a canvas that shows plays of one map, side by side or over one field."""

import math
import time
import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

import numpy as np
from PIL import ImageTk

from osu.formats.mods import Mods
from osu.gui.clock import PreviewClock
from osu.gui.sound.audio import Audio
from osu.gui.widgets.transport import Transport
from osu.render.painter import Painter
from osu.render.scene import Stage

FRAME_S = 1 / 75  # aimed at; `after` counts in whole ms and so loses some
RESIZED_MS = 120  # a new painter once the window's border has come to rest
# A larger canvas has the picture in its middle: what a picture takes grows with its pixels, and
# 2500 x 1700 of them left a tenth of the frames.
MOST_PICTURE_PX = 1_600_000
SKIP_MS = 5000.0  # real time, of the arrow keys
MISS_LEAD_MS = 800.0  # real time, from where a jump leads to the miss
WATCHED_MS = 1000.0  # real time: a jump back while it plays skips the miss that was just jumped to
NO_MAP_TEXT = "Open a map, a replay or your Songs folder, or drop one here, to begin."


class Preview(ttk.Frame):
    """Shows stages and plays them; everything but the sound happens on the window's thread.

    `on_remark` hears a sentence about the sound, where there is none.
    """

    def __init__(
        self,
        parent: tk.Misc,
        audio: Audio,
        speed: float = 1.0,
        sound: bool = True,
        hits: bool = False,
        on_remark: Callable[[str], None] = print,
    ):
        super().__init__(parent)
        self.audio = audio
        self.clock: PreviewClock | None = None
        self.stages: tuple[Stage, ...] = ()
        self.labels: tuple[str, ...] = ()
        self.map_path = ""
        self.over_one_field = False
        self._on_remark = on_remark
        self._painter: Painter | None = None
        self._after: str | None = None  # the next frame
        self._resize: str | None = None
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._create_canvas()
        self.transport = Transport(self, self, speed, sound, hits)
        self.transport.grid(row=1, column=0, sticky="ew")

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

    # ---- what the window calls

    def show(
        self,
        stages: Sequence[Stage],
        labels: Sequence[str],
        map_path: str,
        over_one_field: bool = False,
    ) -> None:
        """Show stages on one map side by side or over one field, from where they begin; on the same
        map as before the time stays. The last one's hits are heard."""
        first, last = stages[0].beatmap, stages[-1]
        same = self.stages and self.stages[0].beatmap.md5 == first.md5
        before_ms = self.clock.now_ms if same and self.clock else None
        playing = bool(same and self.clock and self.clock.playing)
        self.stages, self.labels = tuple(stages), tuple(labels)
        self.over_one_field, self.map_path = over_one_field, map_path
        self.clock = PreviewClock(
            min(stage.start_ms for stage in stages),
            max(stage.end_ms for stage in stages),
            first.rate,
        )
        self.clock.speed = self.transport.speed
        if before_ms is not None:
            self.clock.seek(before_ms)
        self.transport.show(self.clock, self._misses_ms().tolist())
        pitch = first.rate if first.mods & Mods.NC else 1.0
        self.audio.load(map_path, first.audio_filename, pitch)
        self.audio.show_hits(last.sound_ms)
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
            self.transport.paint()
        self.audio.stop()

    def toggle(self) -> None:
        if self.clock is None:
            return
        if self.clock.playing and not self.clock.at_end:
            self.pause()
        else:
            self.play()

    def seek(self, t_ms: float) -> None:
        self.clock.seek(t_ms)
        self.audio.stop()
        self.draw()

    def skip(self, steps: int) -> None:
        """Jump by `steps` times five seconds of real time."""
        if self.clock is not None:
            self.seek(self.clock.now_ms + steps * SKIP_MS * self.clock.rate)

    def step(self, frames: int) -> None:
        """Stand still, so many frames of the last play's replay further on."""
        if self.clock is not None:
            self.pause()
            self.seek(self.stages[-1].step_ms(self.clock.now_ms, frames))

    def jump_to_miss(self, direction: int) -> str:
        """To shortly before the next miss, the one before for -1, or for 0 the one that ended the
        longest combo -> what there is to say."""
        if self.clock is None:
            return ""
        rate, now_ms = self.clock.rate, self.clock.now_ms
        stops_ms = np.maximum(self._misses_ms() - MISS_LEAD_MS * rate, self.clock.start_ms)
        if direction > 0:
            there = stops_ms[stops_ms > now_ms + 1]
        elif direction == 0:
            combos = [self._combo_ended(miss_ms) for miss_ms in self._misses_ms()]
            there = stops_ms[np.argsort(combos, kind="stable")[::-1]]
        else:
            just_ms = WATCHED_MS * rate * self.clock.speed if self.clock.playing else 1.0
            there = stops_ms[stops_ms < now_ms - just_ms][::-1]
        if not len(there):
            where = {1: "after this", -1: "before this", 0: "in this play"}
            return f"No miss {where[direction]}."
        self.seek(float(there[0]))
        at = int(np.searchsorted(stops_ms, there[0]))
        combo = self._combo_ended(self._misses_ms()[at])
        ended = f", which ends a combo of {combo}" if combo else ""
        return f"Miss {1 + at} of {len(stops_ms)}{ended}."

    def _misses_ms(self) -> np.ndarray:
        """Of the plays whose objects are shown."""
        return np.unique(np.concatenate([stage.miss_ms for stage in self._judged_stages()]))

    def _combo_ended(self, miss_ms: float) -> int:
        """The longest combo that a miss at that time ended."""
        ended = [s.miss_combos[s.miss_ms == miss_ms] for s in self._judged_stages()]
        return int(np.concatenate(ended).max(initial=0))

    def _judged_stages(self) -> tuple[Stage, ...]:
        return self.stages[-1:] if self.over_one_field else self.stages

    def change_speed(self) -> None:
        if self.clock is not None:
            self.clock.speed = self.transport.speed

    def change_sound(self) -> None:
        """What is to be heard has changed; the next frame begins with it."""
        self.audio.stop()

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
        self.transport.paint()

    def _run(self) -> None:
        """Paint, and again when the next frame is due, as long as the clock runs."""
        if self._after is not None:
            self.after_cancel(self._after)
        self._after = None
        started_s = time.perf_counter()
        clock, transport = self.clock, self.transport
        running = clock.playing and not clock.at_end
        if running and not transport.scrubbing:
            rate = clock.rate * clock.speed
            self.audio.follow(clock.now_ms, rate, transport.sound, transport.hits)
        else:
            self.audio.stop()
        if remark := self.audio.remark():
            self._on_remark(remark)
        self.draw()
        if running:
            left_s = FRAME_S - (time.perf_counter() - started_s)
            self._after = self.after(max(1, int(left_s * 1000)), self._run)

    def _new_painter(self) -> None:
        width, height = self.canvas.winfo_width(), self.canvas.winfo_height()
        if not self.stages or width < 64 * len(self.stages) or height < 64:
            return  # not on the screen yet: <Configure> comes
        shrink = min(1.0, math.sqrt(MOST_PICTURE_PX / (width * height)))
        size = round(width * shrink), round(height * shrink)
        self._painter = Painter(self.stages, *size, self.labels, self.over_one_field)
        self._photo = ImageTk.PhotoImage("RGB", size, master=self)
        self.canvas.itemconfigure(self._picture, image=self._photo)
        self.canvas.coords(self._picture, (width - size[0]) // 2, (height - size[1]) // 2)

    # ---- handlers

    def _on_resize(self, event: tk.Event) -> None:
        self.canvas.coords(self._hint, event.width / 2, event.height / 2)
        self.canvas.itemconfigure(self._hint, width=event.width)
        if self._resize is not None:
            self.after_cancel(self._resize)
        self._resize = self.after(RESIZED_MS, self._resized)

    def _resized(self) -> None:
        self._resize = None
        self._new_painter()
        self.draw()
