"""A play over its map with the song, as an mp4: H.264 and AAC, written by PyAV (an extra, `av`)."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from osu.files import replacing
from osu.formats.mods import Mods
from osu.render.painter import Painter, RenderError
from osu.render.scene import Stage
from osu.render.stretch import SAMPLE_RATE, Stretcher

if TYPE_CHECKING:
    import av

FPS = 60
VIDEO_SIZE = (960, 720)
BIT_RATE = 192_000  # of the song
MOST_VIDEO_S = 7200.0
BLOCK = 1024  # frames of sound
NO_AV = "An mp4 needs the package av: uv sync --extra mp4."


def can_write_video() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("av") is not None


def save_mp4(
    stages: Sequence[Stage],
    path: str | Path,
    start_ms: float,
    end_ms: float,
    song: Path | None = None,
    size: tuple[int, int] = VIDEO_SIZE,
    labels: Sequence[str] = (),
    over_one_field: bool = False,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Writes map times [start_ms, end_ms] at the speed of play, FPS pictures a real second.

    The song is heard at the play's rate: DT and HT keep its pitch, NC raises it; silent without
    one. `progress` hears 0 to 1 and may raise to give up. RenderError without the extra, or where
    the song can't be decoded; OSError from the disk.
    """
    if not can_write_video():
        raise RenderError(NO_AV)
    import av

    beatmap = stages[0].beatmap
    seconds = (end_ms - start_ms) / 1000 / beatmap.rate
    if not 0 < seconds <= MOST_VIDEO_S:
        raise RenderError(f"A video of {seconds:.0f} s is not written: up to {MOST_VIDEO_S:.0f} s.")
    width, height = (side // 2 * 2 for side in size)  # H.264 halves the colours' grid
    painter = Painter(stages, width, height, labels, over_one_field)
    sound = None
    if song:
        raises_pitch = bool(beatmap.mods & Mods.NC)
        sound = _Sound(_decode(song, end_ms / 1000 + 1), beatmap.rate, raises_pitch, start_ms)
    count = max(1, round(seconds * FPS))
    with replacing(path) as temporary, av.open(str(temporary), "w", format="mp4") as file:
        video = file.add_stream("libx264", rate=FPS, options={"crf": "20", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = None
        if sound:
            audio = file.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
            audio.bit_rate = BIT_RATE
        for n in range(count):
            picture = painter.paint(start_ms + n * 1000 / FPS * beatmap.rate)
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame.pts = n
            file.mux(video.encode(frame))
            if sound:
                for block in sound.until((n + 1) / FPS):
                    file.mux(audio.encode(block))
            if progress:
                progress((n + 1) / count)
        for stream in filter(None, (video, audio)):
            file.mux(stream.encode())


class _Sound:
    """The song from a map time on, as it is heard at a rate."""

    def __init__(self, recording: np.ndarray, rate: float, raises_pitch: bool, start_ms: float):
        self._rate, self._made = rate, 0  # frames so far
        if raises_pitch:  # as a record that turns faster: every moment is read at its place
            places = np.arange(int(len(recording) / rate)) * rate
            at = np.arange(len(recording))
            sides = [np.interp(places, at, side) for side in recording.T]
            recording, self._rate = np.stack(sides, 1).astype(np.int16), 1.0
            start_ms /= rate
        self._stretcher = Stretcher(recording)
        self._stretcher.seek(start_ms / 1000 * SAMPLE_RATE)

    def until(self, seconds: float) -> Iterator["av.AudioFrame"]:
        """What is to be heard up to there, in whole blocks."""
        import av

        while self._made < seconds * SAMPLE_RATE:
            heard = self._stretcher.read(BLOCK, self._rate)
            heard = np.clip(heard, -32768, 32767).astype(np.int16).reshape(1, -1)
            block = av.AudioFrame.from_ndarray(heard, format="s16", layout="stereo")
            block.sample_rate, block.pts = SAMPLE_RATE, self._made
            self._made += BLOCK
            yield block


def _decode(path: Path, until_s: float) -> np.ndarray:
    """(N, 2) int16 at SAMPLE_RATE, up to a time. RenderError."""
    import av

    parts, frames = [], 0
    try:
        with av.open(str(path)) as file:
            resampler = av.AudioResampler(format="s16", layout="stereo", rate=SAMPLE_RATE)
            for frame in file.decode(audio=0):
                for part in resampler.resample(frame):
                    parts.append(part.to_ndarray().reshape(-1, 2))
                    frames += len(parts[-1])
                if frames >= until_s * SAMPLE_RATE:
                    break
            parts += [part.to_ndarray().reshape(-1, 2) for part in resampler.resample(None)]
    except (av.FFmpegError, OSError, IndexError, ValueError) as error:
        raise RenderError(f"The song {path.name} cannot be decoded.") from error
    return np.concatenate(parts) if parts else np.zeros((0, 2), np.int16)
