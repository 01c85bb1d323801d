"""The song and the hits beside the preview, in time with its clock at every speed.

What is to be heard at a moment follows from the preview's clock alone: the device's thread asks for
the next frames, the clock says which moment of the map they will be heard at, and where the sound
is off by more than MOST_OFF_MS it jumps there. DT and HT keep the song's pitch, NC raises it, as in
the game.
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from osu.errors import shown
from osu.files import file_beside
from osu.gui.sound.device import Device, SoundCard
from osu.gui.sound.missing import missing_song
from osu.sound.hits import HitSounds
from osu.sound.song import PlayedSong, SoundError, load_song
from osu.sound.stretch import SAMPLE_RATE

MOST_OFF_MS = 20.0  # real time; less is not noticed, and a jump is
QUIET_S = 1.0  # a device that has had nothing to play for so long is stopped
LOOK_S = 0.25  # how often its thread looks, while it is started


@dataclass(frozen=True)
class _Moment:
    """At `at_s` of the counter the map was at `t_ms`, and `rate` map ms pass in a real ms."""

    at_s: float
    t_ms: float
    rate: float


class Audio:
    """One song at a time. No method raises or waits: a song that can't be heard is silence, and
    `remark` says why, once.

    The device is opened, started and stopped and the song decoded on a thread of its own, which
    begins with the first song that there is to hear.
    """

    def __init__(
        self,
        open_device: Callable[[], Device] = SoundCard,
        counter: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._open_device, self._counter = open_device, counter
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._device: Device | None = None  # of the thread alone, as are the next four
        self._started = self._refused = False
        self._quiet_since_s = 0.0
        self._begun_s = -np.inf  # when the device's first frame was heard
        self._given = 0  # frames, since it started
        self._silence = PlayedSong(np.zeros((0, 2), np.int16))
        self._song = self._silence
        self._wanted: object = None  # which song is loaded or being loaded
        self._missing = ""  # why there is none
        self._hits = HitSounds({})
        self._song_heard = self._hits_heard = False
        self._moment: _Moment | None = None  # None: silence
        self._remarks: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._said: set[str] = set()

    def load(self, map_path: str, audio_filename: str, pitch: float = 1.0) -> None:
        """The song of the map at `map_path` (osu.files.file_beside), its pitch times `pitch`."""
        self.stop()
        song = file_beside(map_path, audio_filename)
        self._missing = missing_song(map_path, audio_filename) if song is None else ""
        wanted = None if song is None else (song, pitch)
        if wanted != self._wanted:
            self._wanted, self._song = wanted, self._silence
            if wanted is not None:
                self._do(lambda: self._decode(song, pitch, wanted))

    def show_hits(self, times_ms: dict[str, np.ndarray]) -> None:
        """When hits are to be heard, as HitSounds takes it."""
        self._hits = HitSounds(times_ms)

    def follow(self, t_ms: float, rate: float, song: bool, hits: bool) -> None:
        """The map is at `t_ms` now, and `rate` map ms pass in a real ms; what of it is heard.

        Call it again and again.
        """
        self._song_heard, self._hits_heard = song, hits
        if song and self._missing:
            self._tell(f"The song is not heard: {self._missing}.")
        if not (song or hits):
            self.stop()
            return
        before = self._moment
        self._moment = _Moment(self._counter(), t_ms, rate)
        if before is None:
            self._do(self._start)

    def stop(self) -> None:
        """Be silent; the next `follow` begins at its own time."""
        self._moment = None

    def remark(self) -> str:
        """Why there is silence, where nobody has been told; else ""."""
        try:
            return self._remarks.get_nowait()
        except queue.Empty:
            return ""

    def _tell(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._remarks.put(shown(sentence))

    def close(self) -> None:
        """Stop, and give the sound card back; waits for the thread."""
        self.stop()
        self._wanted = None
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join()
            self._thread = None

    # ---- on the thread

    def _do(self, task: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sound")
            self._thread.start()
        self._tasks.put(task)

    def _run(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=LOOK_S if self._started else None)
            except queue.Empty:
                task = self._stop_if_quiet
            if task is None:
                break
            try:
                task()
            except SoundError as error:
                self._tell(str(error))
        if self._device is not None:
            self._device.close()
            self._device, self._started = None, False

    def _decode(self, path: Path, pitch: float, wanted: object) -> None:
        self._refused = False  # there may be a device by now
        song = load_song(path, pitch, lambda: self._wanted == wanted)
        if song is not None and self._wanted == wanted:
            self._song = song

    def _start(self) -> None:
        if self._refused or self._started:
            return
        try:
            self._device = self._device or self._open_device()
            self._begun_s, self._given = -np.inf, 0
            self._device.start(self._fill)
            self._quiet_since_s = self._counter()
            self._started = True
        except SoundError:
            self._refused = True
            raise

    def _stop_if_quiet(self) -> None:
        if self._moment is not None:
            self._quiet_since_s = self._counter()
        elif self._counter() - self._quiet_since_s > QUIET_S:
            self._device.stop()
            self._started = False
            if self._moment is not None:  # `follow` came meanwhile and saw it started
                self._start()

    # ---- on the device's thread

    def _fill(self, count: int) -> np.ndarray:
        """The next frames, (count, 2) int16.

        A device plays without a gap, but asks for frames ahead of time and in bursts: its first
        frame was heard at the latest moment that all requests so far allow.
        """
        self._begun_s = max(self._begun_s, self._counter() - self._given / SAMPLE_RATE)
        heard_s = self._begun_s + self._given / SAMPLE_RATE
        self._given += count
        moment, song = self._moment, self._song
        if moment is None:
            return np.zeros((count, 2), np.int16)
        t_ms = moment.t_ms + (heard_s - moment.at_s) * 1000 * moment.rate
        block = self._song_block(song, t_ms, count, moment.rate)
        if self._hits_heard:
            self._hits.mix(block, t_ms, t_ms + count * 1000 / SAMPLE_RATE * moment.rate)
        return np.clip(block, -32768, 32767).astype(np.int16)

    def _song_block(self, song: PlayedSong, t_ms: float, count: int, rate: float) -> np.ndarray:
        if not self._song_heard:
            return np.zeros((count, 2), np.float32)
        wanted = t_ms * song.per_ms
        off_ms = (song.stretcher.at - wanted) / song.per_ms / rate
        if abs(off_ms) > MOST_OFF_MS:
            song.stretcher.seek(wanted)
        return song.read(count, rate)
