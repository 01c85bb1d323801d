"""A song, decoded by the package miniaudio, heard from any moment on at any
rate; and the soundtrack of a stretch of a play."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from osu.errors import UserError
from osu.sound.hits import HitSounds
from osu.sound.stretch import SAMPLE_RATE, Stretcher

try:
    import miniaudio
except ImportError:
    miniaudio = None

BLOCK_FRAMES = 1 << 16
MOST_SONG_S = 1800  # of a song, however long it is: 300 MB
SONG_VOLUME = 0.7
TRACK_FRAMES = 1024  # of a soundtrack at a time


class SoundError(UserError):
    """No sound, with the reason in one sentence."""


class PlayedSong:
    """A song, (N, C) int16, whose `sample_rate` is SAMPLE_RATE or, for another pitch, less or
    more: what was decoded at less of it sounds higher when it is played at SAMPLE_RATE."""

    def __init__(self, recording: np.ndarray, sample_rate: int = SAMPLE_RATE):
        self.stretcher = Stretcher(recording)
        self.per_ms = sample_rate / 1000  # frames a map ms

    def read(self, count: int, rate: float) -> np.ndarray:
        """The next (count, C) float32, as loud as it is heard; `rate` map ms pass in a real ms."""
        return SONG_VOLUME * self.stretcher.read(count, rate * 1000 * self.per_ms / SAMPLE_RATE)


def load_song(path: Path, pitch: float, goes_on: Callable[[], bool]) -> PlayedSong | None:
    """The song, its pitch times `pitch`; None once `goes_on()` is false. Raises SoundError."""
    sample_rate = round(SAMPLE_RATE / pitch)
    recording = decode(path, sample_rate, goes_on)
    return None if recording is None else PlayedSong(recording, sample_rate)


def decode(path: Path, sample_rate: int, goes_on: Callable[[], bool]) -> np.ndarray | None:
    """(N, 2) int16, at most MOST_SONG_S of an mp3, ogg, wav or flac; None once `goes_on()` is
    false. Raises SoundError."""
    if miniaudio is None:
        raise SoundError("There is no sound: the package miniaudio is not installed.")
    blocks, frames = [], 0
    try:
        for block in miniaudio.stream_file(
            str(path), sample_rate=sample_rate, frames_to_read=BLOCK_FRAMES
        ):
            if not goes_on():
                return None
            blocks.append(np.array(block, np.int16).reshape(-1, 2))
            frames += len(blocks[-1])
            if frames >= MOST_SONG_S * sample_rate:
                break
    except (miniaudio.MiniaudioError, OSError, UnicodeError) as error:
        raise SoundError(f"The song {path.name} cannot be decoded.") from error
    return np.concatenate(blocks) if blocks else np.zeros((0, 2), np.int16)


def soundtrack(
    song: PlayedSong | None,
    hits_ms: Mapping[str, np.ndarray],
    start_ms: float,
    rate: float,
    frames: int,
) -> Iterator[np.ndarray]:
    """Blocks of at most TRACK_FRAMES, `frames` in all, (K, 2) int16 at SAMPLE_RATE: what is heard
    from map time `start_ms` on, `rate` map ms in a real ms. `hits_ms` as HitSounds takes it; no
    song is silence."""
    hits, map_ms = HitSounds(dict(hits_ms)), rate * 1000 / SAMPLE_RATE  # of a frame
    if song is not None:
        song.stretcher.seek(start_ms * song.per_ms)
    for first in range(0, frames, TRACK_FRAMES):
        count = min(TRACK_FRAMES, frames - first)
        block = np.zeros((count, 2), np.float32) if song is None else song.read(count, rate)
        begin_ms = start_ms + first * map_ms
        hits.mix(block, begin_ms, begin_ms + count * map_ms)
        yield np.clip(block, -32768, 32767).astype(np.int16)
