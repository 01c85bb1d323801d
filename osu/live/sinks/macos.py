"""macOS: Quartz events through the ApplicationServices framework.

The system asks the user once to allow them, in the privacy settings under Accessibility.
"""

import ctypes
from collections.abc import Sequence
from ctypes import Structure, c_bool, c_double, c_int32, c_uint16, c_uint32, c_void_p

from osu.live.sinks.base import SinkError

FRAMEWORK = "/System/Library/Frameworks/ApplicationServices.framework/ApplicationServices"
MOUSE_MOVED = 5  # kCGEventMouseMoved
HID_TAP = 0  # kCGHIDEventTap: where events of the hardware come in
HID_STATE = 1  # kCGEventSourceStateHIDSystemState

# Carbon's kVK_ constants: places on an ANSI keyboard, not letters.
_KEY_CODES = (
    dict(zip("asdfhgzxcv", range(10), strict=True))
    | dict(zip("bqweryt", range(11, 18), strict=True))
    | {"1": 18, "2": 19, "3": 20, "4": 21, "6": 22, "5": 23, "9": 25, "7": 26, "8": 28, "0": 29}
    | {"o": 31, "u": 32, "i": 34, "p": 35, "l": 37, "j": 38, "k": 40, "n": 45, "m": 46}
    | {"F1": 122, "F2": 120, "F3": 99, "F4": 118, "F5": 96, "F6": 97, "F7": 98, "F8": 100}
    | {"equal": 24, "minus": 27, "bracketright": 30, "bracketleft": 33, "apostrophe": 39}
    | {"semicolon": 41, "backslash": 42, "comma": 43, "slash": 44, "period": 47, "grave": 50}
    | {"Tab": 48, "Shift_L": 56, "Alt_L": 58, "Control_L": 59, "KP_8": 91, "KP_9": 92}
    | {f"KP_{i}": 82 + i for i in range(8)}
    | {"F9": 101, "F10": 109, "F11": 103, "F12": 111, "space": 49, "Escape": 53}
)


class Point(Structure):
    _fields_ = (("x", c_double), ("y", c_double))


_PROTOTYPES = {
    "AXIsProcessTrusted": (c_bool, []),
    "CGEventCreateMouseEvent": (c_void_p, [c_void_p, c_uint32, Point, c_uint32]),
    "CGEventCreateKeyboardEvent": (c_void_p, [c_void_p, c_uint16, c_bool]),
    "CGEventPost": (None, [c_uint32, c_void_p]),
    "CGEventSourceKeyState": (c_bool, [c_int32, c_uint16]),
    "CFRelease": (None, [c_void_p]),
}


class MacSink:
    name = "macOS (Quartz)"

    def __init__(self, library: ctypes.CDLL | None = None):
        """`library` is ApplicationServices; a test brings its own."""
        self._lib = library or _load()
        if not self._lib.AXIsProcessTrusted():
            raise SinkError(
                "macOS does not allow this yet: allow your terminal under System Settings, "
                "Privacy & Security, Accessibility, and start again"
            )

    def code(self, key: str, by_place: bool = False) -> int:
        return _KEY_CODES[key]  # always by place

    def move(self, x: float, y: float) -> None:
        self._post(self._lib.CGEventCreateMouseEvent(None, MOUSE_MOVED, Point(x, y), 0))

    def key(self, code: int, down: bool) -> None:
        self._post(self._lib.CGEventCreateKeyboardEvent(None, code, down))

    def down(self, codes: Sequence[int]) -> list[bool]:
        return [bool(self._lib.CGEventSourceKeyState(HID_STATE, code)) for code in codes]

    def age_s(self, code: int) -> float:
        return 0.0

    def focus(self) -> int | None:
        return None

    def screen(self) -> None:
        return None  # displays lie anywhere beside one another: nothing is asked

    def close(self) -> None:
        pass

    def _post(self, event: int | None) -> None:
        if not event:
            raise SinkError("macOS made no event of it")
        self._lib.CGEventPost(HID_TAP, event)
        self._lib.CFRelease(event)


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(FRAMEWORK)
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
