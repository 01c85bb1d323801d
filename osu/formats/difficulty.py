"""The quantities that a map's difficulty settings stand for, in stable's float32 arithmetic."""

import numpy as np

from osu.formats.mods import Mods


def difficulty_range(value: float, easy: float, middle: float, hard: float) -> float:
    """The game's map from a setting of 0, 5, 10 to a quantity, linear between."""
    if value > 5:
        return middle + (hard - middle) * (value - 5) / 5
    return middle - (middle - easy) * (5 - value) / 5


def preempt(ar: float) -> int:
    """The ms by which an object appears before its time: an integer, as in stable."""
    return int(difficulty_range(ar, 1800, 1200, 450))


def circle_scale(cs: float) -> float:
    """The size of circles and of stack offsets: 0.5 at CS 5."""
    return float(np.float32(1 - np.float32(0.7) * np.float32(cs - 5) / np.float32(5)) / 2)


def setting(values: dict[str, float], key: str, default: float) -> float:
    """One of HP, CS, OD, AR of the file, kept in 0 .. 10 as the game does, in float32."""
    return float(np.float32(clamp(values.get(key, default), 0, 10)))


def settings_with_mods(hp: float, cs: float, od: float, ar: float, mods: int) -> dict[str, float]:
    """The four settings under EZ or HR."""
    values = np.array([hp, cs, od, ar], dtype=np.float32)
    if mods & Mods.EZ:
        values *= np.float32(0.5)
    elif mods & Mods.HR:
        values *= np.array([1.4, 1.3, 1.4, 1.4], dtype=np.float32)
        values = np.minimum(values, np.float32(10))
    return dict(zip(("hp", "cs", "od", "ar"), values.tolist(), strict=True))


def stack_leniency(values: dict[str, float]) -> float:
    return float(np.float32(clamp(values.get("StackLeniency", 0.7), 0, 10)))


def clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)  # a hundred times faster than np.clip for one number
