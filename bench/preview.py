"""How many frames a second the preview paints at 800 x 600 on a dense map.

    xvfb-run -a uv run -m bench.preview         (or on any display)

The map is made here: a stream of 180 bpm quarter notes under a long preempt, a slider every eighth
note, so that 20 objects and more are on the screen at once, played by osu.players.auto. Three
figures:

- paint: the picture alone, CPU ms
- shown: the picture, handed to Tk and drawn by the X server, wall ms; the quickest tenth is what
  the machine does while nothing else runs on it
- running: frames a second as the window plays it, through `after`; it aims at 75
"""

import argparse
import time
import tkinter as tk

import numpy as np

from osu.formats.beatmap import parse_beatmap
from osu.gui.sound.audio import Audio
from osu.gui.widgets.preview import Preview
from osu.players.auto import auto_play
from osu.render.painter import Painter
from osu.render.scene import Stage


def dense_map(objects: int = 400, approach_rate: float = 3.0, beat_ms: float = 1000 / 3):
    """A stream that winds over the playfield; every eighth object is a slider."""
    lines = []
    for n in range(objects):
        angle = n * 0.35
        x = round(256 + 170 * np.cos(angle) + 30 * np.cos(5.1 * angle))
        y = round(192 + 110 * np.sin(1.3 * angle) + 30 * np.sin(4.7 * angle))
        at_ms = 2000 + round(n * beat_ms / 4)
        if n % 8:
            lines.append(f"{x},{y},{at_ms},{5 if n % 16 == 1 else 1},0,0:0:0:0:")
        else:
            lines.append(f"{x},{y},{at_ms},2,0,B|{x + 60}:{y - 80}|{x + 120}:{y},1,130")
    head = (
        "osu file format v14\n\n[General]\nMode: 0\n\n[Metadata]\nTitle:Dense\nArtist:bench\n"
        f"Version:stream\n\n[Difficulty]\nHPDrainRate:5\nCircleSize:4\nOverallDifficulty:8\n"
        f"ApproachRate:{approach_rate}\nSliderMultiplier:1.6\nSliderTickRate:1\n\n"
        f"[TimingPoints]\n0,{beat_ms},4,2,1,60,1,0\n\n[HitObjects]\n"
    )
    return parse_beatmap((head + "\n".join(lines) + "\n").encode(), "the dense map")


def main(seconds: float, size: tuple[int, int]) -> None:
    beatmap = dense_map()
    stage = Stage(beatmap, auto_play(beatmap))
    times = np.arange(6000.0, 6000.0 + seconds * 1000, 1000 / 60)
    crowd = [len(stage.at(t).objects) for t in times]

    painter = Painter((stage,), *size)
    paint_ms = []
    for t in times:
        started_s = time.process_time()
        painter.paint(t)
        paint_ms.append((time.process_time() - started_s) * 1000)

    root = tk.Tk()
    preview = Preview(root, Audio(), sound=False)
    preview.pack(fill="both", expand=True)
    root.update()
    width, height = preview.canvas.winfo_width(), preview.canvas.winfo_height()
    root.geometry(
        f"{root.winfo_width() + size[0] - width}x{root.winfo_height() + size[1] - height}"
    )
    root.update()
    preview.show((stage,), ("auto",), "")
    root.after(300, root.quit)
    root.mainloop()  # until the canvas has its painter of this size
    assert size == (preview.canvas.winfo_width(), preview.canvas.winfo_height())

    shown_ms, started_cpu_s = [], time.process_time()
    for t in times:
        started_s = time.perf_counter()
        preview.clock.seek(t)
        preview.draw()
        root.update()
        shown_ms.append((time.perf_counter() - started_s) * 1000)
    shown_cpu_ms = (time.process_time() - started_cpu_s) / len(times) * 1000

    drawn = []
    draw = preview.draw
    preview.draw = lambda: (drawn.append(time.perf_counter()), draw())
    preview.clock.seek(times[0])
    preview.play()
    root.after(int(seconds * 1000), root.quit)
    root.mainloop()
    gaps_ms = np.diff(drawn) * 1000
    preview.close()
    root.destroy()

    print(
        f"{size[0]} x {size[1]}, {np.mean(crowd):.0f} objects on the screen, at most {max(crowd)}"
    )
    print(f"{'paint':<8} median {np.median(paint_ms):5.2f} ms of CPU, p99 {_p99(paint_ms):5.2f}")
    quick_ms = float(np.percentile(shown_ms, 10))
    print(
        f"{'shown':<8} median {np.median(shown_ms):5.2f} ms, quickest tenth {quick_ms:.2f} ms "
        f"({1000 / quick_ms:.0f} frames/s), mean {shown_cpu_ms:.2f} ms of CPU"
    )
    print(
        f"{'running':<8} mean {1000 / np.mean(gaps_ms):.0f} frames/s, "
        f"frame to frame median {np.median(gaps_ms):.1f} ms, p99 {_p99(gaps_ms):.1f}"
    )


def _p99(values) -> float:
    return float(np.percentile(values, 99))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="of play that are painted")
    parser.add_argument("--size", default="800x600", help="of the preview, px")
    args = parser.parse_args()
    main(args.seconds, tuple(map(int, args.size.split("x"))))
