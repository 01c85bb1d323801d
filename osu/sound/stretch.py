"""A recording played faster or slower, its pitch kept: WSOLA, a piece of 15 ms at a time.

Verhelst and Roelands 1993, "An overlap-add technique based on waveform similarity": pieces of the
recording are laid over one another, and each is taken from where it continues the one before it
best, within 10 ms of the place that the rate asks for. So every moment stays where it belongs.
"""

import numpy as np

SAMPLE_RATE = 44100
PIECE = 662  # frames: 15 ms
SEARCH = 440  # frames: 10 ms to either side
COARSE = 2  # pieces are compared at half the sample rate


class Stretcher:
    """Reads `recording`, (N, C) int16, from any place on at any rate; silence lies around it."""

    def __init__(self, recording: np.ndarray):
        self._recording = recording
        self._next = 0.0  # frame of the recording that the next piece is to begin with
        self._continues = 0  # the frame with which the last piece would go on
        self._jumped = True  # the next piece begins anew
        self._ready = np.zeros((0, recording.shape[1]), np.float32)  # made, but not read yet
        self._rate = 1.0
        rise = np.sin(np.linspace(0, np.pi / 2, PIECE, endpoint=False, dtype=np.float32)) ** 2
        self._rise = rise[:, None]

    @property
    def at(self) -> float:
        """The frame of the recording that `read` gives next."""
        return self._next - len(self._ready) * self._rate

    def seek(self, at: float) -> None:
        """Go on from frame `at`, faded into from what was heard before."""
        self._next = at
        self._jumped = True
        self._ready = self._ready[:0]

    def read(self, count: int, rate: float) -> np.ndarray:
        """(count, C) float32, -32768 to 32767; `rate` frames of the recording pass in one."""
        parts, missing = [self._ready], count - len(self._ready)
        self._rate = rate
        while missing > 0:
            parts.append(self._piece(rate))
            missing -= PIECE
        made = np.concatenate(parts)
        self._ready = made[count:]
        return made[:count]

    def _piece(self, rate: float) -> np.ndarray:
        """The next piece: what was heard fades into what belongs here."""
        # Halfway through, where the piece is loudest, it is in time.
        wanted = round(self._next + PIECE * (rate - 1))
        begin = wanted if self._jumped else self._similar(wanted)
        self._jumped = False
        old, new = self._frames(self._continues, PIECE), self._frames(begin, PIECE)
        self._continues = begin + PIECE
        self._next += PIECE * rate
        return old + self._rise * (new - old)

    def _similar(self, wanted: int) -> int:
        """The frame near `wanted` from which the recording is most like what would come next."""
        if abs(self._continues - wanted) <= 1:
            return self._continues  # unchanged, as at rate 1
        template = self._coarse(self._continues, PIECE)
        around = self._coarse(wanted - SEARCH, PIECE + 2 * SEARCH)
        energy = np.concatenate([[0.0], np.cumsum(around.astype(np.float64) ** 2)])
        energy = energy[len(template) :] - energy[: -len(template)]
        likeness = np.correlate(around, template) / np.sqrt(np.maximum(energy, 1.0))
        if likeness.max() <= 0.0:  # silence, or nothing alike
            return wanted
        return wanted - SEARCH + COARSE * int(likeness.argmax())

    def _coarse(self, begin: int, count: int) -> np.ndarray:
        """(count // COARSE,) mono."""
        return self._frames(begin, count).mean(axis=1).reshape(-1, COARSE).mean(axis=1)

    def _frames(self, begin: int, count: int) -> np.ndarray:
        """(count, C) float32 of the recording; zeros before and after it."""
        frames = np.zeros((count, self._recording.shape[1]), np.float32)
        first, last = max(begin, 0), min(begin + count, len(self._recording))
        if first < last:
            frames[first - begin : last - begin] = self._recording[first:last]
        return frames
