"""Draw plays over their map to an mp4 with the song, through the package av (PyAV), an extra."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from osu.errors import UserError
from osu.files import replacing
from osu.formats.mods import Mods
from osu.origin import is_generated
from osu.render.painter import Painter, RenderError
from osu.render.scene import Stage
from osu.sound.song import load_song, song_path, soundtrack
from osu.sound.stretch import SAMPLE_RATE

FPS = 60
VIDEO_QUALITY = "20"  # x264's crf: a playfield of flat colours shows no loss at it
MOST_VIDEO_S = 7200  # real seconds
VIDEO_NEEDS = (
    "An mp4 needs the package av, which is not installed: `uv sync --extra video` gets it, or "
    "`pip install av`."
)


class VideoError(UserError):
    """A video that can't be made, in one sentence."""


def save_mp4(
    stages: Sequence[Stage],
    path: str | Path,
    start_ms: float,
    end_ms: float,
    map_path: str | Path = "",
    width: int = 960,
    height: int = 720,
    labels: Sequence[str] = (),
    over_one_field: bool = False,
    hits: bool = True,
    progress: Callable[[float], None] | None = None,
) -> None:
    """An mp4 of the map times [start_ms, end_ms] at the speed of play, FPS frames a second.

    The song is the one of the .osu file at `map_path`, at the play's rate, its pitch raised under
    NC alone; with `hits` the last stage's hits are heard too. A map without a song that is there
    has a video without one. Below its caption a generated play shows its origin in every frame, as
    in a gif, and the file's comment names it. `progress` hears 0 to 1 and may raise to give up.
    Raises VideoError without the package av, RenderError, SoundError for a song that is damaged,
    OSError where the disk refuses.
    """
    av = video_package()
    beatmap = stages[-1].beatmap
    seconds = (end_ms - start_ms) / 1000 / beatmap.rate
    if not 0 < seconds <= MOST_VIDEO_S:
        raise RenderError(
            "A video needs an end that is later than its start, by two hours at most."
        )
    pitch = beatmap.rate if beatmap.mods & Mods.NC else 1.0
    place = song_path(map_path, beatmap.audio_filename)
    song = None if place is None else load_song(place, pitch, lambda: True)
    painter = Painter(stages, width & ~1, height & ~1, labels, over_one_field)  # yuv420p: even
    frames = max(1, round(seconds * FPS))
    samples = round(frames / FPS * SAMPLE_RATE)
    sound = soundtrack(song, stages[-1].sound_ms if hits else {}, start_ms, beatmap.rate, samples)
    with replacing(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        container.metadata["comment"] = _origins(stages)
        picture = container.add_stream("libx264", rate=FPS)
        picture.width, picture.height, picture.pix_fmt = painter.width, painter.height, "yuv420p"
        picture.options = {"crf": VIDEO_QUALITY, "preset": "veryfast"}
        heard = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        heard.bit_rate = 160_000
        told = _audio_frames(av, sound)
        given = 0  # samples
        for n in range(frames):
            image = painter.paint(start_ms + n * 1000 / FPS * beatmap.rate)
            frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, FPS)
            container.mux(picture.encode(frame))
            while given < (n + 1) / FPS * SAMPLE_RATE and (block := next(told, None)) is not None:
                given += block.samples
                container.mux(heard.encode(block))
            if progress:
                progress((n + 1) / frames)
        for stream in (picture, heard):
            container.mux(stream.encode(None))


def video_package() -> Any:
    """The module av. Raises VideoError where it is not installed, before any work is done."""
    try:
        import av
    except ImportError:
        raise VideoError(VIDEO_NEEDS) from None
    return av


def _origins(stages: Sequence[Stage]) -> str:
    """Which of the players are this program's."""
    players = [s.replay.player for s in stages if s.replay is not None]
    made = dict.fromkeys(player for player in players if is_generated(player))
    return f"generated plays: {', '.join(made)}" if made else ""


def _audio_frames(av: Any, blocks: Iterator[np.ndarray]) -> Iterator[Any]:
    """Blocks of (K, 2) int16 as PyAV's frames, one after the other in time."""
    at = 0
    for block in blocks:
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, at, Fraction(1, SAMPLE_RATE)
        at += len(block)
        yield frame
