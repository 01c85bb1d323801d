"""Draw plays over their map to an mp4 with the song, through the package av (PyAV), an extra."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from osu.files import replacing
from osu.formats.mods import Mods
from osu.origin import is_generated
from osu.render.painter import Painter, RenderError
from osu.render.scene import Stage
from osu.sound.song import load_song, soundtrack
from osu.sound.stretch import SAMPLE_RATE

if TYPE_CHECKING:
    import av

FPS = 60
VIDEO_SIZE = (960, 720)
SONG_BIT_RATE = 160_000
VIDEO_QUALITY = "20"  # x264's crf: a playfield of flat colours shows no loss at it
MOST_VIDEO_S = 7200  # real seconds
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
    hits: bool = True,
    progress: Callable[[float], None] | None = None,
) -> None:
    """An mp4 of the map times [start_ms, end_ms] at the speed of play, FPS frames a second.

    The song is heard at the play's rate, its pitch raised under NC alone; with `hits` the last
    stage's hits are heard too. Below its caption a generated play shows its origin in every frame,
    as in a gif, and the file's comment names it. `progress` hears 0 to 1 and may raise to give up.
    Raises RenderError without the package av, SoundError for a song that can't be decoded, OSError
    where the disk refuses.
    """
    if not can_write_video():
        raise RenderError(NO_AV)
    import av

    beatmap = stages[-1].beatmap
    seconds = (end_ms - start_ms) / 1000 / beatmap.rate
    if not 0 < seconds <= MOST_VIDEO_S:
        raise RenderError(
            "A video needs an end that is later than its start, by two hours at most."
        )
    pitch = beatmap.rate if beatmap.mods & Mods.NC else 1.0
    played = None if song is None else load_song(song, pitch, lambda: True)
    width, height = (side // 2 * 2 for side in size)  # H.264 halves the colours' grid
    painter = Painter(stages, width, height, labels, over_one_field)
    frames = max(1, round(seconds * FPS))
    samples = round(frames / FPS * SAMPLE_RATE)
    sound = soundtrack(played, stages[-1].sound_ms if hits else {}, start_ms, beatmap.rate, samples)
    with replacing(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        container.metadata["comment"] = _origins(stages)
        picture = container.add_stream("libx264", rate=FPS)
        picture.width, picture.height, picture.pix_fmt = painter.width, painter.height, "yuv420p"
        picture.options = {"crf": VIDEO_QUALITY, "preset": "veryfast"}
        heard = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        heard.bit_rate = SONG_BIT_RATE
        told = _audio_frames(sound)
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


def _origins(stages: Sequence[Stage]) -> str:
    """Which of the players are this program's."""
    players = [s.replay.player for s in stages if s.replay is not None]
    made = dict.fromkeys(player for player in players if is_generated(player))
    return f"generated plays: {', '.join(made)}" if made else ""


def _audio_frames(blocks: Iterator[np.ndarray]) -> Iterator["av.AudioFrame"]:
    """Blocks of (K, 2) int16 as PyAV's frames, one after the other in time."""
    import av

    at = 0
    for block in blocks:
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, at, Fraction(1, SAMPLE_RATE)
        at += len(block)
        yield frame
