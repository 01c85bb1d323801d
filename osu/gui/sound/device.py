"""The sound card, through the package miniaudio; without it there is no sound."""

import contextlib
import ctypes
import sys
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from osu.sound.song import SoundError
from osu.sound.stretch import SAMPLE_RATE

try:
    import miniaudio
except ImportError:
    miniaudio = None

PERIOD_MS, PERIODS = 40, 3  # painting a frame holds Python for up to 10 ms

Fill = Callable[[int], np.ndarray]  # frames wanted -> (frames, 2) int16; on the device's thread


class Device(Protocol):
    """A sound card that asks for SAMPLE_RATE stereo frames while it is started."""

    def start(self, fill: Fill) -> None: ...

    def stop(self) -> None:
        """No call of `fill` runs on return, nor comes later."""

    def close(self) -> None: ...


class SoundCard:
    """The system's default device. Raises SoundError where there is none."""

    def __init__(self, backends: tuple["miniaudio.Backend", ...] = ()):
        if miniaudio is None:
            raise SoundError("There is no sound: the package miniaudio is not installed.")
        # Its own list of backends ends with one that plays to nobody.
        heard = [b for b in miniaudio.get_enabled_backends() if b != miniaudio.Backend.NULL]
        heard.sort(key=lambda backend: backend.value)  # in miniaudio's order of preference
        quiet_alsa()
        try:
            self._device = miniaudio.PlaybackDevice(
                sample_rate=SAMPLE_RATE,
                buffersize_msec=PERIOD_MS,
                callback_periods=PERIODS,
                backends=list(backends) or heard,
                app_name="osu-players",
            )
        except miniaudio.MiniaudioError as error:
            raise SoundError("There is no sound: no playback device was found.") from error

    def start(self, fill: Fill) -> None:
        asked = _answers(fill)
        next(asked)
        try:
            self._device.start(asked)
        except miniaudio.MiniaudioError as error:
            raise SoundError("There is no sound: the playback device does not start.") from error

    def stop(self) -> None:
        self._device.stop()

    def close(self) -> None:
        self._device.close()


def _answers(fill: Fill) -> Iterator[np.ndarray]:
    """The generator that miniaudio sends counts of frames to."""
    count = yield np.zeros((0, 2), np.int16)
    while True:
        count = yield fill(count)


@ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int)
def _say_nothing(_file, _line, _function, _error) -> None:
    pass


def quiet_alsa() -> None:
    """Without a card ALSA writes forty lines to stderr, where one sentence is enough."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # it is not there, and writes nothing
            ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_say_nothing)
