"""The plan of a live play, made before it starts: the pointer's path and the keys' events.

Positions are screen pixels here, times map ms. Nothing in this file touches the screen.
"""

import math
from dataclasses import dataclass

import numpy as np

from osu.errors import UserError
from osu.formats.plays.kind import why_not_human
from osu.formats.replay import Replay, clean_frames
from osu.units import CENTRE_PX, HEIGHT_PX, WIDTH_PX

FIRST = "first object"  # the start, unless it is a time
MOST_SHIFT_MS = 1e7
LEAST_HEIGHT_PX = 144  # a game in a window of 320 x 180
MOST_STRETCH = 0.04  # of a rectangle that was dragged by hand


class LiveError(UserError):
    """A play that cannot be played live, with the reason in one sentence."""


@dataclass(frozen=True)
class Rect:
    """A rectangle on the screen, in its own pixels."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self):
        values = (self.left, self.top, self.width, self.height)
        if not all(map(math.isfinite, values)) or min(self.width, self.height) < 1:
            raise LiveError(f"a rectangle of {self.width:g} x {self.height:g} pixels is not usable")

    @classmethod
    def parse(cls, text: str) -> "Rect":
        """ "X,Y,W,H" -> Rect; "X;Y;W;H" may have decimal commas. Raises LiveError."""
        parts = text.replace(",", ".").split(";") if ";" in text else text.split(",")
        try:
            left, top, width, height = map(float, parts)
        except ValueError:
            raise LiveError(f"a rectangle is written X,Y,W,H, not {text!r}") from None
        return cls(left, top, width, height)


def playfield_rect(window: Rect) -> Rect:
    """The playfield of stable and lazer in the game's window (its inside, without a title bar).

    The game draws 640 x 480 units as large as the window allows and the playfield's 512 x 384 in
    their middle, 8 units below it.
    """
    scale = min(window.width / 640, window.height / 480)
    width, height = WIDTH_PX * scale, HEIGHT_PX * scale
    return Rect(
        left=window.left + (window.width - width) / 2,
        top=window.top + (window.height - height) / 2 + 8 * scale,
        width=width,
        height=height,
    )


def check_playfield(playfield: Rect, screen: Rect | None = None) -> None:
    """LiveError where the game cannot have its playfield there: `screen` is all that there is."""
    p = playfield
    size = f"{p.width:g} x {p.height:g} pixels"
    if p.height < LEAST_HEIGHT_PX:
        raise LiveError(f"a playfield of {size} is too small to be the game's")
    if abs(p.width * HEIGHT_PX / (p.height * WIDTH_PX) - 1) > MOST_STRETCH:
        raise LiveError(f"a playfield is four wide and three high, not {size}")
    if screen is not None and not (
        screen.left <= p.left
        and screen.top <= p.top
        and p.left + p.width <= screen.left + screen.width
        and p.top + p.height <= screen.top + screen.height
    ):
        raise LiveError(
            f"a playfield of {size} at {p.left:g}, {p.top:g} lies outside the screen "
            f"of {screen.width:g} x {screen.height:g}"
        )


def parse_ms(text: str) -> float:
    """A number of milliseconds as a person writes it, with a decimal comma too. LiveError."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        value = math.nan
    if not abs(value) < MOST_SHIFT_MS:
        raise LiveError(f"{text.strip()!r} is no number of milliseconds")
    return value


# The farthest that the pointer goes, osu!px from the window's centre: the inside of a 16:9 one.
# Real frames lie as far as 21,622 px away, on other monitors or where a tablet jumped.
_REACH_PX = np.array([240 * 16 / 9, 240])
_WINDOW_CENTRE_PX = CENTRE_PX - [0, 8]


@dataclass(frozen=True, eq=False)
class Plan:
    """A play as pointer path and key events, on the screen."""

    t_ms: np.ndarray  # (F,) f8 increasing
    xy: np.ndarray  # (F, 2) f8 screen pixels
    event_ms: np.ndarray  # (K,) f8 not decreasing
    event_key: np.ndarray  # (K,) i8, 0 or 1: which of the two keys
    event_down: np.ndarray  # (K,) bool
    rate: float  # map ms per real ms


def make_plan(replay: Replay, playfield: Rect) -> Plan:
    """The plan of a replay; between its frames the player interpolates. Raises LiveError."""
    if replay.mode:
        raise LiveError(f"the replay cannot be played live: {why_not_human(replay)}")
    t_ms, xy, keys = clean_frames(replay)
    if not t_ms.size:
        raise LiveError("the replay holds no frames")
    xy = _WINDOW_CENTRE_PX + np.clip(xy - _WINDOW_CENTRE_PX, -_REACH_PX, _REACH_PX)
    scale = np.array([playfield.width / WIDTH_PX, playfield.height / HEIGHT_PX])
    down = np.stack([keys & 1, keys >> 1], axis=1).astype(np.int8)  # (F, 2)
    change = np.diff(down, axis=0, prepend=np.zeros((1, 2), np.int8))
    frame, key = np.nonzero(change)
    return Plan(
        t_ms=t_ms,
        xy=xy * scale + [playfield.left, playfield.top],
        event_ms=t_ms[frame],
        event_key=key,
        event_down=change[frame, key] > 0,
        rate=replay.rate,
    )
