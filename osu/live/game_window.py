"""Finds the game's window: `-m osu.live.game_window ['osu!']` prints X,Y,W,H of its inside.

Only windows' titles and places are looked at, never what is in them or in the game's memory.
`find_window` asks in a process of its own, because Xlib's error handlers belong to a whole process
and a window program has its own.
"""

import ctypes
import subprocess
import sys
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_int32, c_uint, c_ulong, c_void_p
from pathlib import Path

from osu.live.plan import Rect
from osu.live.sinks.base import SinkError

TITLE = "osu!"  # stable adds the song while it plays, lazer nothing


def find_window(title: str = TITLE) -> Rect:
    """The inside of the largest window whose title begins so. Raises SinkError."""
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "osu.live.game_window", title],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except subprocess.TimeoutExpired:
        raise SinkError("the desktop does not say where its windows are") from None
    if answer.returncode:
        raise SinkError(answer.stderr.strip() or "the desktop does not say where its windows are")
    return Rect.parse(answer.stdout)


def windows_rects(title: str) -> list[Rect]:
    """Windows: the client areas of visible windows, in real pixels."""

    class Corners(Structure):
        _fields_ = tuple((side, c_int32) for side in ("left", "top", "right", "bottom"))

    user32 = ctypes.WinDLL("user32")
    user32.SetProcessDpiAwarenessContext(c_void_p(-4))
    rects = []

    @ctypes.WINFUNCTYPE(c_int, c_void_p, c_void_p)
    def visit(window, _):
        text = ctypes.create_unicode_buffer(256)
        user32.GetWindowTextW(c_void_p(window), text, 256)
        if text.value.startswith(title) and user32.IsWindowVisible(c_void_p(window)):
            inside, corner = Corners(), Corners()
            user32.GetClientRect(c_void_p(window), byref(inside))
            user32.ClientToScreen(c_void_p(window), byref(corner))  # its first two fields
            if inside.right and inside.bottom:  # not minimised
                rects.append(Rect(corner.left, corner.top, inside.right, inside.bottom))
        return True

    user32.EnumWindows(visit, None)
    return rects


def x11_rects(title: str) -> list[Rect]:
    """X11: the visible windows below the root, at any depth (window managers wrap them)."""
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError as error:
        raise SinkError(f"libX11 is needed: {error}") from None
    x11.XOpenDisplay.restype, x11.XOpenDisplay.argtypes = c_void_p, [c_char_p]
    if not (opened := x11.XOpenDisplay(None)):
        raise SinkError("no X server answers")
    display = c_void_p(opened)
    # Windows may go while they are asked; the answer is then a failure status.
    ignore = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)(lambda *_: 0)
    x11.XSetErrorHandler(ignore)
    x11.XDefaultRootWindow.restype = c_ulong
    root = x11.XDefaultRootWindow(display)
    rects, todo = [], [root]
    while todo:
        window = c_ulong(todo.pop())
        todo += _children(x11, display, window)
        if _title(x11, display, window).startswith(title):
            rects += _rect(x11, display, window, c_ulong(root))
    return rects


def _children(x11, display: c_void_p, window: c_ulong) -> list[int]:
    children, count, unused = POINTER(c_ulong)(), c_uint(), c_ulong()
    x11.XQueryTree(display, window, byref(unused), byref(unused), byref(children), byref(count))
    windows = [children[i] for i in range(count.value)]
    if children:
        x11.XFree(children)
    return windows


def _title(x11, display: c_void_p, window: c_ulong) -> str:
    name = c_char_p()
    if not x11.XFetchName(display, window, byref(name)) or not name.value:
        return ""
    title = name.value.decode("utf-8", "replace")
    x11.XFree(name)
    return title


def _rect(x11, display: c_void_p, window: c_ulong, root: c_ulong) -> list[Rect]:
    # XWindowAttributes: x, y, width, height, ... 136 bytes; map_state is its 92nd.
    attributes = ctypes.create_string_buffer(136)
    if not x11.XGetWindowAttributes(display, window, attributes):
        return []
    _, _, width, height = (c_int32 * 4).from_buffer(attributes)
    is_viewable = c_int32.from_buffer(attributes, 92).value == 2
    left, top, unused = c_int(), c_int(), c_ulong()
    x11.XTranslateCoordinates(display, window, root, 0, 0, byref(left), byref(top), byref(unused))
    return [Rect(left.value, top.value, width, height)] if is_viewable else []


def main() -> None:
    title = sys.argv[1] if len(sys.argv) > 1 else TITLE
    try:
        if sys.platform == "darwin":
            raise SinkError("on macOS the window's place has to be typed")
        rects = windows_rects(title) if sys.platform == "win32" else x11_rects(title)
        if not rects:
            raise SinkError(f"no window called {title!r} is open")
    except SinkError as error:
        sys.exit(str(error))
    rect = max(rects, key=lambda rect: rect.width * rect.height)
    print(f"{rect.left:g},{rect.top:g},{rect.width:g},{rect.height:g}")


if __name__ == "__main__":
    main()
