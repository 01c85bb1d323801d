"""Numbers of a .osu file, as the game reads them: what it takes for none is infinite here, so that
one comparison with a bound leaves that out, too.
"""

from collections.abc import Callable, Hashable, Sequence
from math import inf

import numpy as np

MAX_NUMBER = 2.0**31 - 1  # times (24.8 days), beat lengths, settings
MAX_COORDINATE_PX = 131_072.0  # lengths too


def read_number(text: str) -> float:
    """A number of the file: nan where it says so, infinite where it is none."""
    try:
        return float(text)
    except ValueError:
        return inf


def read_integer(text: str) -> float:
    """A 32-bit integer of the file, infinite where it is none: the game takes no 1.0 for a 1."""
    try:
        value = int(text)
    except ValueError:
        return inf
    return float(value) if abs(value) <= MAX_NUMBER else inf


def read_numbers(texts: list[str]) -> np.ndarray:
    """(n,) f8, as `read_number` reads each."""
    try:
        return np.array(list(map(float, texts)), dtype=np.float64)
    except ValueError:
        return np.array(list(map(read_number, texts)), dtype=np.float64)


def read_each(read: Callable, fields: Sequence[Hashable]) -> np.ndarray:
    """(n,) what `read` says of each; the same few texts stand in most lines of a map."""
    known = {field: read(field) for field in set(fields)}
    return np.array([known[field] for field in fields])
