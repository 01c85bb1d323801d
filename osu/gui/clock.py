"""The preview's clock: map time that runs, stands, jumps and changes speed. No Tk."""

import time
from collections.abc import Callable


class PreviewClock:
    """Map time between `start_ms` and `end_ms`; `rate` map ms pass in a real ms at speed 1.

    Time is taken from one counter at each question, so that slow painting never slows it down.
    """

    def __init__(
        self,
        start_ms: float,
        end_ms: float,
        rate: float = 1.0,
        counter: Callable[[], float] = time.perf_counter,
    ):
        self.start_ms, self.end_ms, self.rate = start_ms, end_ms, rate
        self.playing = False
        self._counter = counter
        self._speed = 1.0
        self._anchor_ms, self._anchor_s = start_ms, 0.0

    @property
    def now_ms(self) -> float:
        if not self.playing:
            return self._anchor_ms
        real_ms = (self._counter() - self._anchor_s) * 1000
        return min(self._anchor_ms + real_ms * self.rate * self._speed, self.end_ms)

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self.seek(self.now_ms)
        self._speed = speed

    @property
    def at_end(self) -> bool:
        return self.now_ms >= self.end_ms

    def play(self) -> None:
        """Go on, from the start when it has reached the end."""
        self.seek(self.start_ms if self.at_end else self.now_ms)
        self.playing = True

    def pause(self) -> None:
        self.seek(self.now_ms)
        self.playing = False

    def seek(self, t_ms: float) -> None:
        self._anchor_ms = min(max(t_ms, self.start_ms), self.end_ms)
        self._anchor_s = self._counter()
