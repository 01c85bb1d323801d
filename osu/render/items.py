"""What is to be seen at one moment of a play, for any toolkit to paint: osu.render.scene makes it.

Positions are osu!px, times map time in ms, sizes in circle radii, opacities 0 to 1.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Circle:
    """A hit circle or a slider's head."""

    x: float
    y: float
    combo: int  # which combo: the painter's colour
    number: int
    alpha: float
    scale: float  # 1, growing while it bursts
    approach: float  # radius of the approach circle in circle radii, 0 where there is none


@dataclass(frozen=True, slots=True)
class Slider:
    """A slider: its body, and whatever moves on it."""

    # Which object: its path is `Beatmap.path_xy` between `path_start[index : index + 2]`.
    index: int
    combo: int
    alpha: float
    head: Circle
    ball: tuple[float, float] | None
    follow: float  # radius of the follow circle in circle radii, 0 while it is not tracked
    ticks: tuple[tuple[float, float], ...]  # still to come in this slide
    arrows: tuple[tuple[float, float, float], ...]  # x, y, direction (radians, y down)


@dataclass(frozen=True, slots=True)
class Spinner:
    x: float
    y: float
    alpha: float
    angle: float  # radians turned so far, signed
    turns: float
    rpm: float  # of real time
    left: float  # share of its time that is left, 1 to 0


@dataclass(frozen=True, slots=True)
class Pop:
    """A judgement popping up at its object."""

    x: float
    y: float
    result: int  # 300, 100, 50 or 0
    age: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Scene:
    t_ms: float
    objects: tuple[Circle | Slider | Spinner, ...]  # first one lowest
    pops: tuple[Pop, ...]
    cursor: tuple[float, float] | None
    trail: np.ndarray  # (K, 2) osu!px, newest first
    keys: tuple[bool, bool]
    presses: tuple[int, int]  # so far
    errors: np.ndarray  # (M, 2): hit error in map ms, age 0 to 1; oldest first
    combo: int
    accuracy: float  # 0 to 1, of what was judged so far
    unstable_rate: float  # of real time; 0 before the second hit
    progress: float  # 0 to 1, of the map
    sight_px: float | None  # how far around the cursor FL lets anything be seen, osu!px
