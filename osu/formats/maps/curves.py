"""The control points of a map's sliders: their texts -> arrays."""

from dataclasses import dataclass
from math import inf

import numpy as np

from osu.formats.maps.numbers import MAX_COORDINATE_PX, read_integer, read_number

MAX_CONTROL_POINTS = 200_000  # of all sliders


@dataclass(frozen=True, eq=False)
class Curves:
    """The control points of all sliders, cut into C curves of one type each (M points in all).

    A slider of the stable game is one curve. Lazer's may change type on the way: then each of its
    curves ends with the next one's first point, and `shared` says so.
    """

    slider: np.ndarray  # (C,) i8, which slider, ascending
    type: np.ndarray  # (C,) one letter: L linear, P perfect circle, B bezier, C catmull
    degree: np.ndarray  # (C,) i8, of lazer's B-splines; 0 elsewhere
    count: np.ndarray  # (C,) i8, points of the curve; a slider's first curve has its head, too
    shared: np.ndarray  # (C,) bool
    xy: np.ndarray  # (M, 2) f8, absolute, but for the heads: those are not meant


def read_curves(paths: list[str], playable: np.ndarray) -> tuple[Curves, np.ndarray]:
    """Path texts ("B|x:y|x:y") of S sliders, (S,) which are wanted -> the Curves of those of them
    that can be read, (S,) which these are."""
    count = [path.count("|") + 1 for path in paths]
    letters = "".join([path[:2] for path in paths])
    if paths and playable.all() and letters[1::2] == "|" * len(paths):
        # a zero head goes where the letter stands: all points of a map are then read in one go
        points = "|".join([f"0:0{path[1:]}" for path in paths]).split("|")
        try:
            xy = np.loadtxt(points, delimiter=":", usecols=(0, 1), comments=None, ndmin=2)
        except ValueError:
            xy = np.empty((0, 2))
        if len(xy) == sum(count) and (np.abs(xy) <= MAX_COORDINATE_PX).all():
            none = np.zeros(len(paths), dtype=np.int64)
            curves = Curves(
                slider=np.arange(len(paths)),
                type=np.array(list(letters[::2]), dtype="U1"),
                degree=none,
                count=np.array(count, dtype=np.int64),
                shared=none.astype(bool),
                xy=xy,
            )
            return curves, playable
    split = [
        _split_path(path) if good else None for path, good in zip(paths, playable, strict=True)
    ]
    readable = np.array([curves is not None for curves in split], dtype=bool)
    of_readable = enumerate(filter(None, split))
    parts = [(slider, *curve) for slider, curves in of_readable for curve in curves]
    slider, letter, degree, shared, points = zip(*parts, strict=True) if parts else ((),) * 5
    curves = Curves(
        slider=np.array(slider, dtype=np.int64),
        type=np.array(letter, dtype="U1"),
        degree=np.array(degree, dtype=np.int64),
        count=np.array([len(one) for one in points], dtype=np.int64),
        shared=np.array(shared, dtype=bool),
        xy=np.array([point for one in points for point in one], dtype=np.float64).reshape(-1, 2),
    )
    return curves, readable


def _split_path(path: str) -> list[tuple[str, int, bool, list]] | None:
    """One path text, lazer's included ("B3|x:y|P|x:y|x:y") -> letter, degree, shared, points; None
    where it cannot be read.

    The first part has a zero head in front; each but the last ends with the next's first point.
    """
    parts: list[tuple[str, list]] = []
    for item in path.split("|"):
        item = item.strip()
        if not parts or item[:1].isalpha():
            parts.append((item, [] if parts else [(0.0, 0.0)]))
        else:
            x, y = (read_number(text) for text in (*item.split(":", 2), "", "")[:2])
            if not (abs(x) <= MAX_COORDINATE_PX and abs(y) <= MAX_COORDINATE_PX):
                return None
            parts[-1][1].append((x, y))
    curves = []
    for index, (head, points) in enumerate(parts):
        following = parts[index + 1][1][:1] if index + 1 < len(parts) else []
        degree = read_integer(head[1:]) if head[:1] == "B" else 0
        if points + following:
            degree = int(min(degree, MAX_CONTROL_POINTS)) if 0 < degree < inf else 0
            curves.append((head[:1] or "C", degree, bool(following), points + following))
    return curves
