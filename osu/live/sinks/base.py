"""Sinks take the pointer and the keys of live playback: a small class for each kind of desktop.

A sink moves the real pointer, presses real keys and asks which keys are down; it knows nothing of
osu!. Each is written against its system's own interface through ctypes, without packages.
"""

from collections.abc import Sequence
from typing import Protocol

from osu.errors import UserError

# The keys that every sink knows, by X's names -> their places on a US keyboard, row by row, as
# Linux numbers them (linux/input-event-codes.h); Windows' scan codes are the same numbers.
PLACES = (
    dict(zip("1234567890", range(2, 12), strict=True))
    | {"minus": 12, "equal": 13, "Tab": 15}
    | dict(zip("qwertyuiop", range(16, 26), strict=True))
    | {"bracketleft": 26, "bracketright": 27, "Control_L": 29}
    | dict(zip("asdfghjkl", range(30, 39), strict=True))
    | {"semicolon": 39, "apostrophe": 40, "grave": 41, "Shift_L": 42, "backslash": 43}
    | dict(zip("zxcvbnm", range(44, 51), strict=True))
    | {"comma": 51, "period": 52, "slash": 53, "Alt_L": 56}
    | {f"F{i}": 58 + i for i in range(1, 11)}
    | {f"KP_{i}": place for i, place in enumerate((82, 79, 80, 81, 75, 76, 77, 71, 72, 73))}
    | {"F11": 87, "F12": 88, "Escape": 1, "space": 57}
)
KEY_NAMES = tuple(PLACES)
_SIGNS = {
    **{"-": "minus", "=": "equal", "[": "bracketleft", "]": "bracketright", ";": "semicolon"},
    **{"'": "apostrophe", "`": "grave", "\\": "backslash", ".": "period", "/": "slash"},
    **{"esc": "Escape", "shift": "Shift_L", "ctrl": "Control_L", "alt": "Alt_L"},
}
_CANONICAL = {name.lower(): name for name in KEY_NAMES} | _SIGNS


class SinkError(UserError):
    """A desktop whose pointer and keys cannot be used, with the reason in one sentence."""


class Sink(Protocol):
    """A desktop as playback needs it. Every method raises SinkError where it is refused."""

    name: str

    def code(self, key: str, by_place: bool = False) -> int:
        """The system's code of a key of KEY_NAMES: of the one that types it, or of the one that is
        where a US keyboard has it. Where no key types it, as no Russian one does a z, and where the
        system does not say what keys type, the place counts."""

    def move(self, x: float, y: float) -> None:
        """Put the pointer at screen pixels, now, or as soon as the desktop takes it."""

    def key(self, code: int, down: bool) -> None:
        """Press or release a key, now or as soon as the desktop takes it, after every earlier
        `move`."""

    def down(self, codes: Sequence[int]) -> list[bool]:
        """True for each of these keys that is held, whichever program has the focus.

        Where the system says so, a key counts as well that was pressed and let go since it was last
        asked for.
        """

    def age_s(self, code: int) -> float:
        """How long ago this key went down last; 0 where the system does not say."""

    def focus(self) -> int | None:
        """A number for the window that gets the keys, None where the system does not say."""

    def screen(self) -> tuple[int, int, int, int] | None:
        """Left, top, width, height of all that the pointer can reach, in its pixels; None where the
        system does not say."""

    def close(self) -> None:
        """Give back what was opened. Keys are not touched."""


def key_name(text: str) -> str:
    """A key as a person types it -> its name in KEY_NAMES. Raises SinkError."""
    try:
        return _CANONICAL[text.strip().lower()]
    except KeyError:
        raise SinkError(
            f"there is no key {text!r} here: a letter, a digit, a sign of a US keyboard (comma by "
            "its name), F1 to F12, KP_0 to KP_9, Tab, Shift, Ctrl, Alt, Escape or space"
        ) from None
