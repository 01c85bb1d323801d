"""Sinks take the pointer and the keys of live playback: a small class for each kind of desktop.

A sink moves the real pointer, presses real keys and asks which keys are down; it knows nothing of
osu!. Each is written against its system's own interface through ctypes, without packages.
"""

from collections.abc import Sequence
from typing import Protocol

from osu.errors import UserError

# The names that every sink knows. X11 and the rest differ in their codes for them.
KEY_NAMES = (
    tuple("abcdefghijklmnopqrstuvwxyz0123456789")
    + tuple(f"F{i}" for i in range(1, 13))
    + ("Escape", "space")
)
_CANONICAL = {name.lower(): name for name in KEY_NAMES} | {"esc": "Escape"}


class SinkError(UserError):
    """A desktop whose pointer and keys cannot be used, with the reason in one sentence."""


class Sink(Protocol):
    """A desktop as playback needs it. Every method raises SinkError where it is refused."""

    name: str

    def code(self, key: str) -> int:
        """The system's code of a key of KEY_NAMES."""

    def move(self, x: float, y: float) -> None:
        """Put the pointer at screen pixels, now: nothing waits in a buffer on return."""

    def key(self, code: int, down: bool) -> None:
        """Press or release a key, now and after every earlier `move`."""

    def down(self, codes: Sequence[int]) -> list[bool]:
        """True for each of these keys that is held, whichever program has the focus.

        Where the system says so, a key counts as well that was pressed and let go since it was last
        asked for.
        """

    def focus(self) -> int | None:
        """A number for the window that gets the keys, None where the system does not say."""

    def close(self) -> None:
        """Give back what was opened. Keys are not touched."""


def key_name(text: str) -> str:
    """A key as a person types it -> its name in KEY_NAMES. Raises SinkError."""
    try:
        return _CANONICAL[text.strip().lower()]
    except KeyError:
        raise SinkError(
            f"there is no key {text!r} here: a letter, a digit, F1 to F12, Escape or space"
        ) from None
