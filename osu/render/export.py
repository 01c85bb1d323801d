"""Draw a replay over its map to a file: a picture, or a gif of a window of time."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from osu.files import write_atomic
from osu.formats.beatmap import Beatmap, Kind
from osu.render.painter import Painter, RenderError
from osu.render.scene import Stage

GIF_MAX_BYTES = 2_000_000
GIF_COLOURS = 96
GIF_FRAME_MS = 40  # a gif counts in 10 ms


def lively_window(beatmap: Beatmap, seconds: float = 6.0) -> tuple[float, float]:
    """(start, end) map ms of the window of real time in which most is to be seen.

    Counts objects, how far apart they are and how many kinds there are, each as a share of the
    map's most.
    """
    span_ms = seconds * 1000 * beatmap.rate
    first = np.arange(len(beatmap.start_ms))
    last = np.searchsorted(beatmap.start_ms, beatmap.start_ms + span_ms - beatmap.preempt_ms)
    steps = np.hypot(*np.diff(beatmap.xy, axis=0, prepend=beatmap.xy[:1]).T)
    amounts = [np.ones(len(first)), steps, *(beatmap.kind == kind for kind in Kind)]
    score = np.zeros(len(first))
    for n, amount in enumerate(amounts):
        total = np.concatenate([[0.0], np.cumsum(amount)])
        within = total[last] - total[first]
        within = within if n < 2 else (within > 0)  # of a kind, one is enough
        score += within / max(within.max(), 1)
    start_ms = float(beatmap.start_ms[np.argmax(score)] - 0.8 * beatmap.preempt_ms)
    return start_ms, start_ms + span_ms


def save_png(
    stages: Sequence[Stage],
    path: str | Path,
    t_ms: float,
    width: int = 800,
    height: int = 600,
    labels: Sequence[str] = (),
) -> None:
    """One picture of the stages side by side at map time `t_ms`."""
    data = io.BytesIO()
    Painter(stages, width, height, labels).paint(t_ms).save(data, "PNG", optimize=True)
    write_atomic(path, data.getvalue())


def save_gif(
    stages: Sequence[Stage],
    path: str | Path,
    start_ms: float,
    end_ms: float,
    width: int = 480,
    height: int = 360,
    labels: Sequence[str] = (),
    max_bytes: int = GIF_MAX_BYTES,
    over_one_field: bool = False,
    progress: Callable[[float], None] | None = None,
) -> int:
    """A gif of the map times [start_ms, end_ms] at the speed of play; returns its size in bytes.

    Frames are `GIF_FRAME_MS` apart and share one palette. Where the file would be
    larger than `max_bytes` the picture is made smaller, to no less than half; RenderError where
    even that is too large. `progress` hears 0 to 1 and may raise to give up.
    """
    if not end_ms > start_ms:
        raise RenderError("A gif needs an end that is later than its start.")
    step_ms = GIF_FRAME_MS * stages[0].beatmap.rate
    times = np.arange(start_ms, end_ms, step_ms)
    for shrink in (1.0, 0.85, 0.7, 0.6, 0.5):
        size = round(width * shrink), round(height * shrink)
        painter = Painter(stages, *size, labels, over_one_field)
        frames = []
        for n, t in enumerate(times):
            frames.append(np.asarray(painter.paint(t)))
            if progress:
                progress((n + 1) / len(times))
        images = _with_palette(frames)
        data = io.BytesIO()
        images[0].save(
            data, "GIF", save_all=True, append_images=images[1:], duration=GIF_FRAME_MS, loop=0
        )
        if data.tell() <= max_bytes:
            write_atomic(path, data.getvalue())
            return data.tell()
    raise RenderError(
        f"These {(end_ms - start_ms) / 1000:.0f} s don't fit a gif of {max_bytes} bytes."
    )


def _with_palette(frames: list[np.ndarray]) -> list[Image.Image]:
    """The frames in one palette, made of the colours of a dozen of them.

    A colour weighs less than its count says: else the dark ground takes the palette and
    the cursor's yellow has no place in it.
    """
    pixels = np.concatenate([f.reshape(-1, 3) for f in frames[:: max(1, len(frames) // 12)]])
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colours, counts = np.unique(packed, return_counts=True)
    colours = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], -1).astype(np.uint8)
    weighed = np.repeat(colours, np.ceil(counts**0.4).astype(int), axis=0)
    palette = Image.fromarray(weighed[None]).quantize(
        GIF_COLOURS, Image.Quantize.MEDIANCUT, kmeans=1
    )
    return [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
