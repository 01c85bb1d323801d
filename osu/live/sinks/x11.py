"""X11: the XTest extension through libX11 and libXtst; keys are heard through libXi as well.

Calls take about 6 us; Xlib buffers requests, so every call here flushes. None of them waits for an
answer while a play is on, for a server that has no time would hold the pointer up: keys and changes
of the focus come as events.
"""

import ctypes
import os
import select
import time
from collections import deque
from collections.abc import Sequence
from ctypes import (
    POINTER,
    Structure,
    byref,
    c_char,
    c_char_p,
    c_int,
    c_long,
    c_ubyte,
    c_uint,
    c_ulong,
    c_void_p,
    cast,
)
from types import SimpleNamespace

from osu.live.sinks.base import PLACES, SinkError

DISPLAY_GONE = 69  # exit status of a process whose X server went away (sysexits: unavailable)

_ErrorHandler = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)
_LostHandler = ctypes.CFUNCTYPE(c_int, c_void_p)
_PROTOTYPES = {
    "XOpenDisplay": (c_void_p, [c_char_p]),
    "XCloseDisplay": (c_int, [c_void_p]),
    "XConnectionNumber": (c_int, [c_void_p]),
    "XFlush": (c_int, [c_void_p]),
    "XSync": (c_int, [c_void_p, c_int]),
    "XStringToKeysym": (c_ulong, [c_char_p]),
    "XKeysymToKeycode": (c_ubyte, [c_void_p, c_ulong]),
    "XSetErrorHandler": (c_void_p, [_ErrorHandler]),
    "XSetIOErrorHandler": (c_void_p, [_LostHandler]),
    "XQueryKeymap": (c_int, [c_void_p, c_char * 32]),
    "XSelectInput": (c_int, [c_void_p, c_ulong, c_long]),
    "XGetInputFocus": (c_int, [c_void_p, POINTER(c_ulong), POINTER(c_int)]),
    "XTestQueryExtension": (c_int, [c_void_p] + 4 * [POINTER(c_int)]),
    "XTestGrabControl": (c_int, [c_void_p, c_int]),
    "XTestFakeMotionEvent": (c_int, [c_void_p, c_int, c_int, c_int, c_ulong]),
    "XTestFakeKeyEvent": (c_int, [c_void_p, c_uint, c_int, c_ulong]),
    "XDefaultRootWindow": (c_ulong, [c_void_p]),
    "XDefaultScreen": (c_int, [c_void_p]),
    "XDisplayWidth": (c_int, [c_void_p, c_int]),
    "XDisplayHeight": (c_int, [c_void_p, c_int]),
    "XQueryExtension": (c_int, [c_void_p, c_char_p] + 3 * [POINTER(c_int)]),
    "XPending": (c_int, [c_void_p]),
    "XNextEvent": (c_int, [c_void_p, c_void_p]),
    "XGetEventData": (c_int, [c_void_p, c_void_p]),
    "XFreeEventData": (None, [c_void_p, c_void_p]),
    "XIQueryVersion": (c_int, [c_void_p, POINTER(c_int), POINTER(c_int)]),
    "XISelectEvents": (c_int, [c_void_p, c_ulong, c_void_p, c_int]),
}
FIRST_KEYCODE = 8  # X's keycodes are Linux's numbers of the keys and 8
# X.h, XI2.h
_GENERIC_EVENT, _ALL_MASTERS, _RAW_KEY_PRESS, _RAW_KEY_RELEASE = 35, 1, 13, 14
_FOCUS_OUT, _DESTROY_NOTIFY, _UNMAP_NOTIFY = 10, 17, 18
_NOTIFY_GRAB, _NOTIFY_UNGRAB, _NOTIFY_POINTER = 1, 2, 5  # of a focus that is nowhere else
_FOCUS_MASK = 1 << 21 | 1 << 17  # FocusChangeMask, StructureNotifyMask
_MOST_AGE_MS = 1000  # of a key press; more, and the server counts by another clock


class _EventMask(Structure):  # XIEventMask
    _fields_ = (("device", c_int), ("length", c_int), ("mask", c_char_p))


class _RawEvent(Structure):  # the beginning of XIRawEvent
    _fields_ = (
        *(("type", c_int), ("serial", c_ulong), ("sent", c_int), ("display", c_void_p)),
        *(("extension", c_int), ("kind", c_int), ("time", c_ulong)),
        *(("device", c_int), ("source", c_int), ("keycode", c_int)),
    )


class _Cookie(Structure):  # XGenericEventCookie
    _fields_ = (
        *(("type", c_int), ("serial", c_ulong), ("sent", c_int), ("display", c_void_p)),
        *(("extension", c_int), ("kind", c_int), ("cookie", c_uint), ("data", c_void_p)),
    )


class _FocusChange(Structure):  # XFocusChangeEvent
    _fields_ = (
        *(("type", c_int), ("serial", c_ulong), ("sent", c_int), ("display", c_void_p)),
        *(("window", c_ulong), ("mode", c_int), ("detail", c_int)),
    )


class _Event(ctypes.Union):  # XEvent
    _fields_ = (("cookie", _Cookie), ("focus", _FocusChange), ("room", c_ulong * 24))


# Xlib's own handlers end the process: for an error with the keys still down, for a lost server
# with a message on stderr. They belong to the process and have to outlive every sink.
@_ErrorHandler
def _ignore_error(_display, _event) -> int:
    return 0


@_LostHandler
def _leave(_display) -> int:
    os._exit(DISPLAY_GONE)


class X11Sink:
    name = "X11 (XTest)"

    def __init__(self):
        self._lib = _load()
        # For the server: (None, x, y) of a move and (code, down, 0) of a key
        self._waiting: deque[tuple[int | None, int, int]] = deque()
        self._display = self._lib.XOpenDisplay(None)
        if not self._display:
            raise SinkError(f"no X server answers at DISPLAY={os.environ.get('DISPLAY', '')!r}")
        if not self._lib.XTestQueryExtension(self._display, *(byref(c_int()) for _ in range(4))):
            self.close()
            raise SinkError("the X server has no XTEST extension, so nothing can be played on it")
        self._lib.XSetErrorHandler(_ignore_error)
        self._lib.XSetIOErrorHandler(_leave)
        # Requests go through while a full-screen game holds the server for itself.
        self._lib.XTestGrabControl(self._display, True)
        self._keymap = ctypes.create_string_buffer(32)
        self._pressed: set[int] = set()
        self._pressed_ms: dict[int, int] = {}  # the server's time of each key's last press
        self._room = select.poll()
        self._room.register(self._lib.XConnectionNumber(self._display), select.POLLOUT)
        self._focus: int | None = None
        self._watched = 0  # the window that tells when it loses the focus
        self._focus_changed = True
        self._input = self._listen()
        self._held = self._ask_held()

    def code(self, key: str, by_place: bool = False) -> int:
        keysym = self._lib.XStringToKeysym(key.encode())
        code = 0 if by_place else self._lib.XKeysymToKeycode(self._display, keysym)
        return code or FIRST_KEYCODE + PLACES[key]

    def move(self, x: float, y: float) -> None:
        if self._waiting and self._waiting[-1][0] is None:
            self._waiting.pop()  # this one says more
        self._waiting.append((None, round(x), round(y)))
        self._send()

    def key(self, code: int, down: bool) -> None:
        self._waiting.append((code, down, 0))
        self._send()

    def _send(self, at_any_price: bool = False) -> None:
        """Give the server what waits, in its order, as long as it takes something; Xlib would wait
        for a server that has no time."""
        while self._waiting and (at_any_price or self._room.poll(0)):
            code, *what = self._waiting.popleft()
            if code is None:  # screen -1 is the one the pointer is on
                self._lib.XTestFakeMotionEvent(self._display, -1, *what, 0)
            else:
                self._lib.XTestFakeKeyEvent(self._display, code, what[0], 0)
            self._lib.XFlush(self._display)

    def down(self, codes: Sequence[int]) -> list[bool]:
        if not self._input:
            self._held = self._ask_held()
        self._hear()
        result = [code in self._held or code in self._pressed for code in codes]
        self._pressed.difference_update(codes)
        return result

    def _ask_held(self) -> set[int]:
        """The codes of all keys that are down."""
        self._lib.XQueryKeymap(self._display, self._keymap)
        keymap = self._keymap.raw
        return {code for code in range(256) if keymap[code >> 3] >> (code & 7) & 1}

    def age_s(self, code: int) -> float:
        """A server on this machine counts its times by the monotonic clock."""
        if code not in self._pressed_ms:
            return 0.0
        age_ms = (int(time.monotonic() * 1000) - self._pressed_ms[code]) & 0xFFFFFFFF
        return age_ms / 1000 if age_ms <= _MOST_AGE_MS else 0.0

    def focus(self) -> int | None:
        self._hear()
        if self._focus_changed:
            window = c_ulong()
            self._lib.XGetInputFocus(self._display, byref(window), byref(c_int()))
            self._focus = window.value
            # 0 and 1 are no windows: nobody, and whoever is below the pointer.
            watched = window.value if window.value > 1 else self._root()
            if watched == self._watched:
                self._focus_changed = False
            else:  # and ask again: it may have changed before this was heard
                self._watched = watched
                self._lib.XSelectInput(self._display, watched, _FOCUS_MASK)
        return self._focus

    def _root(self) -> int:
        return self._lib.XDefaultRootWindow(self._display)

    def screen(self) -> tuple[int, int, int, int]:
        lib, number = self._lib, self._lib.XDefaultScreen(self._display)
        sides = lib.XDisplayWidth, lib.XDisplayHeight
        return 0, 0, *(side(self._display, number) for side in sides)

    def close(self) -> None:
        if self._display:
            self._send(at_any_price=True)
            self._lib.XSync(self._display, False)
            self._lib.XCloseDisplay(self._display)
            self._display = None

    def _listen(self) -> int:
        """Ask to hear every key, whoever has the focus; -> the input extension, 0 without it."""
        opcode, major, minor = c_int(), c_int(2), c_int(1)
        unused = (byref(c_int()), byref(c_int()))
        lib, display = self._lib, self._display
        if lib.XISelectEvents is None or not lib.XQueryExtension(
            display, b"XInputExtension", byref(opcode), *unused
        ):
            return 0
        lib.XIQueryVersion(display, byref(major), byref(minor))
        mask = (1 << _RAW_KEY_PRESS | 1 << _RAW_KEY_RELEASE).to_bytes(4, "little")
        events = _EventMask(_ALL_MASTERS, len(mask), mask)
        lib.XISelectEvents(display, self._root(), byref(events), 1)
        return opcode.value

    def _hear(self) -> None:
        """Take the events that are there; nothing waits."""
        event = _Event()
        while self._lib.XPending(self._display):
            self._lib.XNextEvent(self._display, byref(event))
            cookie = event.cookie
            if cookie.type == _FOCUS_OUT:
                passing = event.focus.mode in (_NOTIFY_GRAB, _NOTIFY_UNGRAB)
                passing |= event.focus.detail == _NOTIFY_POINTER
                self._focus_changed |= not passing
            if cookie.type in (_DESTROY_NOTIFY, _UNMAP_NOTIFY):
                self._focus_changed = True
            if (cookie.type, cookie.extension) != (_GENERIC_EVENT, self._input):
                continue
            if self._lib.XGetEventData(self._display, byref(event)):
                raw = cast(event.cookie.data, POINTER(_RawEvent)).contents
                if raw.kind == _RAW_KEY_PRESS:
                    self._held.add(raw.keycode)
                    self._pressed.add(raw.keycode)
                    self._pressed_ms[raw.keycode] = raw.time & 0xFFFFFFFF
                else:
                    self._held.discard(raw.keycode)
                self._lib.XFreeEventData(self._display, byref(event))


def _load() -> SimpleNamespace:
    """The functions of both libraries, with their prototypes."""
    try:
        x11, xtst = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
    except OSError as error:
        raise SinkError(f"libX11 and libXtst are needed (package libxtst6): {error}") from None
    try:
        xi = ctypes.CDLL("libXi.so.6")
    except OSError:  # every desktop has it; without it a key has to be held for some ms
        xi = SimpleNamespace(XIQueryVersion=None, XISelectEvents=None)
    libraries = {"XTest": xtst, "XI": xi}
    functions = SimpleNamespace()
    for name, (result, arguments) in _PROTOTYPES.items():
        library = next((lib for start, lib in libraries.items() if name.startswith(start)), x11)
        function = getattr(library, name)
        if function is not None:
            function.restype, function.argtypes = result, arguments
        setattr(functions, name, function)
    return functions
