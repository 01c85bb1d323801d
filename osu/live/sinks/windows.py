"""Windows: SendInput, with scan codes and absolute positions on the virtual desktop.

Games in raw-input mode ignore SetCursorPos and virtual-key events; they take these. Fields have
their exact sizes rather than the platform's names for them, so that the structures are the same
64-bit ones wherever this is tested.
"""

import ctypes
from collections.abc import Sequence
from ctypes import Structure, Union, c_int32, c_size_t, c_uint16, c_uint32
from types import SimpleNamespace

from osu.live.sinks.base import PLACES, SinkError

INPUT_MOUSE, INPUT_KEYBOARD = 0, 1
MOUSEEVENTF_MOVE, MOUSEEVENTF_VIRTUALDESK, MOUSEEVENTF_ABSOLUTE = 0x0001, 0x4000, 0x8000
KEYEVENTF_KEYUP, KEYEVENTF_SCANCODE = 0x0002, 0x0008
SM_XVIRTUALSCREEN, SM_YVIRTUALSCREEN, SM_CXVIRTUALSCREEN, SM_CYVIRTUALSCREEN = 76, 77, 78, 79
PER_MONITOR_AWARE_V2 = -4
HIGH_PRIORITY_CLASS = 0x80

_VIRTUAL_KEYS = (
    {name: ord(name.upper()) for name in "abcdefghijklmnopqrstuvwxyz0123456789"}
    | {f"F{i}": 0x6F + i for i in range(1, 13)}
    | {f"KP_{i}": 0x60 + i for i in range(10)}
    | {"Escape": 0x1B, "space": 0x20, "Tab": 0x09, "Shift_L": 0xA0, "Control_L": 0xA2}
    | {"Alt_L": 0xA4, "semicolon": 0xBA, "equal": 0xBB, "comma": 0xBC, "minus": 0xBD}
    | {"period": 0xBE, "slash": 0xBF, "grave": 0xC0, "bracketleft": 0xDB, "backslash": 0xDC}
    | {"bracketright": 0xDD, "apostrophe": 0xDE}
)
VIRTUAL_KEY_TO_SCAN_CODE, SCAN_CODE_TO_VIRTUAL_KEY = 0, 1  # MAPVK_


class MouseInput(Structure):
    _fields_ = (
        ("dx", c_int32),
        ("dy", c_int32),
        ("mouseData", c_uint32),
        ("dwFlags", c_uint32),
        ("time", c_uint32),
        ("dwExtraInfo", c_size_t),
    )


class KeyboardInput(Structure):
    _fields_ = (
        ("wVk", c_uint16),
        ("wScan", c_uint16),
        ("dwFlags", c_uint32),
        ("time", c_uint32),
        ("dwExtraInfo", c_size_t),
    )


class _Either(Union):
    _fields_ = (("mi", MouseInput), ("ki", KeyboardInput))


class Input(Structure):
    _anonymous_ = ("either",)
    _fields_ = (("type", c_uint32), ("either", _Either))


class WindowsSink:
    name = "Windows (SendInput)"

    def __init__(self, libraries: SimpleNamespace | None = None):
        """`libraries` holds user32, kernel32 and winmm; a test brings its own."""
        self._dll = libraries or _load()
        # Without this, positions are those of a screen scaled to 96 dpi.
        self._dll.user32.SetProcessDpiAwarenessContext(ctypes.c_void_p(PER_MONITOR_AWARE_V2))
        self._dll.winmm.timeBeginPeriod(1)  # sleeps end within 1 ms instead of 16
        kernel32 = self._dll.kernel32
        kernel32.SetPriorityClass(kernel32.GetCurrentProcess(), HIGH_PRIORITY_CLASS)

    def code(self, key: str, by_place: bool = False) -> int:
        """A virtual key: what a key types, and what can be asked for. Layouts without Latin letters
        have the virtual keys of those in their US places."""
        scan_code = self._dll.user32.MapVirtualKeyW(_VIRTUAL_KEYS[key], VIRTUAL_KEY_TO_SCAN_CODE)
        if not by_place and scan_code:
            return _VIRTUAL_KEYS[key]
        code = self._dll.user32.MapVirtualKeyW(PLACES[key], SCAN_CODE_TO_VIRTUAL_KEY)
        if not code:
            raise SinkError(f"this keyboard has no key {key!r}")
        return code

    def move(self, x: float, y: float) -> None:
        left, top, width, height = self.screen()  # asked each time: games change the resolution
        self._send(
            Input(
                type=INPUT_MOUSE,
                mi=MouseInput(
                    dx=_normalised(round(x) - left, width),
                    dy=_normalised(round(y) - top, height),
                    dwFlags=MOUSEEVENTF_MOVE | MOUSEEVENTF_ABSOLUTE | MOUSEEVENTF_VIRTUALDESK,
                ),
            )
        )

    def key(self, code: int, down: bool) -> None:
        self._send(
            Input(
                type=INPUT_KEYBOARD,
                ki=KeyboardInput(
                    wScan=self._dll.user32.MapVirtualKeyW(code, VIRTUAL_KEY_TO_SCAN_CODE),
                    dwFlags=KEYEVENTF_SCANCODE | (0 if down else KEYEVENTF_KEYUP),
                ),
            )
        )

    def down(self, codes: Sequence[int]) -> list[bool]:
        # The highest bit: held now. The lowest: pressed since the last call.
        return [bool(self._dll.user32.GetAsyncKeyState(code) & 0x8001) for code in codes]

    def age_s(self, code: int) -> float:
        return 0.0

    def focus(self) -> int | None:
        return self._dll.user32.GetForegroundWindow() or None

    def screen(self) -> tuple[int, int, int, int]:
        sides = SM_XVIRTUALSCREEN, SM_YVIRTUALSCREEN, SM_CXVIRTUALSCREEN, SM_CYVIRTUALSCREEN
        return tuple(self._dll.user32.GetSystemMetrics(side) for side in sides)

    def close(self) -> None:
        self._dll.winmm.timeEndPeriod(1)

    def _send(self, event: Input) -> None:
        if self._dll.user32.SendInput(1, ctypes.byref(event), ctypes.sizeof(Input)) != 1:
            raise SinkError(
                "Windows refused the input: a game that runs as administrator takes it only from "
                "a program that does so too"
            )


def _normalised(pixel: int, size: int) -> int:
    """A pixel of a desktop of `size` pixels -> the middle of it in 0..65535."""
    return min(max((2 * pixel + 1) * 65536 // (2 * size), 0), 65535)


def _load() -> SimpleNamespace:
    libraries = SimpleNamespace(
        **{name: ctypes.WinDLL(name) for name in ("user32", "kernel32", "winmm")}
    )
    libraries.user32.GetAsyncKeyState.restype = ctypes.c_int16
    libraries.user32.GetForegroundWindow.restype = c_size_t
    libraries.kernel32.GetCurrentProcess.restype = ctypes.c_void_p
    libraries.kernel32.SetPriorityClass.argtypes = (ctypes.c_void_p, c_uint32)
    if not hasattr(libraries.user32, "SetProcessDpiAwarenessContext"):  # before Windows 10 1703
        libraries.user32.SetProcessDpiAwarenessContext = lambda _: (
            libraries.user32.SetProcessDPIAware()
        )
    return libraries
