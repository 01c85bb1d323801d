"""The sounds of a play's hits, synthesised: nothing is read from the game or from a skin."""

import numpy as np

from osu.sound.stretch import SAMPLE_RATE

LOUD = 9000.0  # of 32767
MOST_GAP_MS = 50.0  # map time between two stretches of time that are mixed; more is a jump


def _tone(hz: float, decay_ms: float, noise: float) -> np.ndarray:
    """(K,) float32: a tone with a share of noise, dying away."""
    t_s = np.arange(int(6e-3 * decay_ms * SAMPLE_RATE)) / SAMPLE_RATE
    hiss = np.random.default_rng(0).standard_normal(len(t_s))
    tone = (1 - noise) * np.sin(2 * np.pi * hz * t_s) + noise * hiss
    attack = np.minimum(t_s / 0.0005, 1.0)  # no click before it
    return (LOUD * tone * attack * np.exp(-1000 * t_s / decay_ms)).astype(np.float32)


_HIT, _PART, _MISS = (
    _tone(1250.0, 9.0, 0.3),
    0.6 * _tone(2400.0, 5.0, 0.0),
    1.4 * _tone(130.0, 30.0, 0.05),
)


class HitSounds:
    """Sounds at map times, each heard once. `mix` is called for one stretch of time after the
    other; where one does not follow the one before it, what still sounded is dropped."""

    def __init__(self, times_ms: dict[str, np.ndarray]):
        """`times_ms`: of "hit", "part" (of a slider) and "miss"."""
        sounds = {"hit": _HIT, "part": _PART, "miss": _MISS}
        listed = [(t, name) for name, times in times_ms.items() for t in times.tolist()]
        listed.sort()
        self._t_ms = np.array([t for t, _ in listed])
        self._sounds = [sounds[name] for _, name in listed]
        self._rest = np.zeros(0, np.float32)  # what sounds on after what was mixed
        self._until_ms = -np.inf  # of what was mixed

    def mix(self, block: np.ndarray, from_ms: float, to_ms: float) -> None:
        """Add to `block`, (K, C), what begins from `from_ms` to `to_ms`, and what still sounds."""
        if abs(from_ms - self._until_ms) < MOST_GAP_MS:
            from_ms = self._until_ms
        else:
            self._rest = self._rest[:0]
        to_ms = self._until_ms = max(from_ms, to_ms)
        count = len(block)
        first, last = np.searchsorted(self._t_ms, [from_ms, to_ms])
        longest = max((len(sound) for sound in self._sounds[first:last]), default=0)
        mixed = np.zeros(max(len(self._rest), count + longest), np.float32)
        mixed[: len(self._rest)] = self._rest
        for t_ms, sound in zip(self._t_ms[first:last], self._sounds[first:last], strict=True):
            at = int((t_ms - from_ms) / (to_ms - from_ms) * count)
            mixed[at : at + len(sound)] += sound
        block += mixed[:count, None]
        self._rest = mixed[count:]
