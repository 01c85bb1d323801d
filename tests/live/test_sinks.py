"""The sinks of desktops that are not here, down to the bytes they send.

References: sizes, offsets and constants as the systems' own headers have them (winuser.h,
CGEvent.h), typed here as numbers and not imported from the sinks.
The X11 sink is tested against a real server in test_live_x11.py, Wayland's in test_sinks_uinput.py.
"""

import ctypes
import struct
from types import SimpleNamespace

import pytest

from osu.live import game_window, sinks
from osu.live.plan import Rect
from osu.live.sinks import macos, open_sink, uinput
from osu.live.sinks import windows as windows_sink
from osu.live.sinks.base import KEY_NAMES, SinkError, key_name

# ---- Windows


class FakeUser32:
    """Records the bytes that SendInput is given. Two screens, the left one at -1920."""

    def __init__(self):
        self.sent, self.accepted, self.held, self.aware = [], 1, {0x77}, None
        self.metrics = {76: -1920, 77: 0, 78: 3840, 79: 1080}

    def SendInput(self, count, pointer, size):
        assert count == 1
        self.sent.append(ctypes.string_at(ctypes.addressof(pointer._obj), size))
        return self.accepted

    def GetSystemMetrics(self, index):
        return self.metrics[index]

    def MapVirtualKeyW(self, virtual_key, kind):
        assert kind == 0  # to a scan code
        return {0x5A: 0x2C, 0x58: 0x2D}.get(virtual_key, 1)  # Z and X on a US keyboard

    def GetAsyncKeyState(self, virtual_key):
        return -32768 if virtual_key in self.held else int(virtual_key == 0x5A)

    def GetForegroundWindow(self):
        return 4711

    def SetProcessDpiAwarenessContext(self, context):
        self.aware = context.value


@pytest.fixture
def windows():
    calls = []
    user32 = FakeUser32()
    kernel32 = SimpleNamespace(
        GetCurrentProcess=lambda: -1, SetPriorityClass=lambda *a: calls.append(a)
    )
    winmm = SimpleNamespace(
        timeBeginPeriod=lambda ms: calls.append(("begin", ms)),
        timeEndPeriod=lambda ms: calls.append(("end", ms)),
    )
    sink = windows_sink.WindowsSink(SimpleNamespace(user32=user32, kernel32=kernel32, winmm=winmm))
    return sink, user32, calls


def test_windows_keys_are_scan_codes(windows):
    sink, user32, _ = windows
    sink.key(sink.code("z"), True)
    sink.key(sink.code("x"), False)
    # INPUT of 64-bit Windows: type 1, 4 bytes of padding, wVk, wScan, dwFlags, time, 4 bytes of
    # padding, dwExtraInfo, 8 bytes that only MOUSEINPUT uses: 40 bytes.
    down = struct.pack("<I4xHHII4xQ8x", 1, 0, 0x2C, 0x0008, 0, 0)
    up = struct.pack("<I4xHHII4xQ8x", 1, 0, 0x2D, 0x0008 | 0x0002, 0, 0)
    assert user32.sent == [down, up]
    assert len(down) == 40


@pytest.mark.parametrize(
    ("x", "y", "dx", "dy"),
    [
        # The middle of the pixel in 65536ths of the whole desktop, which begins at -1920.
        (-1920, 0, int(0.5 / 3840 * 65536), int(0.5 / 1080 * 65536)),
        (0, 540, int(1920.5 / 3840 * 65536), int(540.5 / 1080 * 65536)),
        (1919.4, 1079.4, int(3839.5 / 3840 * 65536), int(1079.5 / 1080 * 65536)),
        (9999, -9999, 65535, 0),
    ],
)
def test_windows_moves_are_absolute_on_the_virtual_desktop(windows, x, y, dx, dy):
    sink, user32, _ = windows
    sink.move(x, y)
    # MOUSEINPUT: dx, dy, mouseData, dwFlags (ABSOLUTE | VIRTUALDESK | MOVE), time, dwExtraInfo
    assert user32.sent == [struct.pack("<I4xiiIII4xQ", 0, dx, dy, 0, 0x8000 | 0x4000 | 1, 0, 0)]


def test_windows_puts_the_pointer_on_the_very_pixel(windows):
    # Whether Windows floors dx * width / 65536 or rounds dx * (width - 1) / 65535 (both are
    # described), the pixel is the one that was asked for.
    sink, user32, _ = windows
    for x in range(-1920, 1920, 7):
        sink.move(x, 0)
        dx = struct.unpack_from("<i", user32.sent[-1], 8)[0]
        assert dx * 3840 // 65536 == round(dx * 3839 / 65535) == x + 1920


def test_windows_keys_by_place_and_by_what_they_type(windows):
    """On a French keyboard the key that types z lies where a US one has w, scan code 0x11; where a
    US one has z, scan code 0x2C, lies one that types w, virtual key 0x57."""
    sink, user32, _ = windows
    user32.MapVirtualKeyW = lambda code, kind: (
        {0x5A: 0x11, 0x57: 0x2C}[code] if kind == 0 else {0x2C: 0x57, 0x11: 0x5A}[code]
    )
    sent = []
    for code in (sink.code("z"), sink.code("z", by_place=True)):
        sink.key(code, True)
        sent.append(struct.unpack_from("<H", user32.sent[-1], 10)[0])
    assert sent == [0x11, 0x2C]


def test_windows_state_of_keys_and_focus(windows):
    sink, _, _ = windows
    # F8 is held, z (0x5A) was tapped since the last question: 1 in the lowest bit
    assert sink.down([sink.code(key) for key in ("F8", "z", "x")]) == [True, True, False]
    assert sink.focus() == 4711
    assert [sink.code(key) for key in ("a", "9", "F1", "F12", "Escape", "space")] == [
        0x41,
        0x39,
        0x70,
        0x7B,
        0x1B,
        0x20,
    ]


def test_windows_is_asked_for_real_pixels_and_short_sleeps(windows):
    sink, user32, calls = windows
    assert ctypes.c_ssize_t(user32.aware).value == -4  # per-monitor aware, version 2
    assert calls == [("begin", 1), (-1, 0x80)]
    sink.close()
    assert calls[-1] == ("end", 1)


def test_windows_that_refuses_is_an_error(windows):
    sink, user32, _ = windows
    user32.accepted = 0
    with pytest.raises(SinkError, match="runs as administrator"):
        sink.move(0, 0)


def test_windows_finds_the_inside_of_the_games_window(monkeypatch):
    # handle: (title, visible, size of the inside, its corner on the screen)
    there = {
        1: ("osu!  - a song", True, (1920, 1080), (-1920, 0)),
        2: ("osu! settings", False, (3000, 3000), (0, 0)),
        3: ("osu!", True, (0, 0), (-32000, -32000)),  # minimised
        4: ("my osu! notes", True, (800, 600), (5, 5)),
    }

    def numbers(pointer, count):
        return (ctypes.c_int32 * count).from_address(ctypes.addressof(pointer._obj))

    class User32:
        def EnumWindows(self, visit, _):
            assert all(visit(window, None) for window in there)

        def GetWindowTextW(self, window, text, size):
            text.value = there[window.value][0][: size - 1]

        def IsWindowVisible(self, window):
            return there[window.value][1]

        def GetClientRect(self, window, rect):  # left, top, right, bottom
            numbers(rect, 4)[:] = (0, 0, *there[window.value][2])

        def ClientToScreen(self, window, point):  # x, y
            corner = there[window.value][3]
            numbers(point, 2)[:] = [a + b for a, b in zip(numbers(point, 2), corner, strict=True)]

        def SetProcessDpiAwarenessContext(self, context):
            pass

    monkeypatch.setattr(ctypes, "WinDLL", {"user32": User32()}.__getitem__, raising=False)
    monkeypatch.setattr(ctypes, "WINFUNCTYPE", lambda *_: lambda visit: visit, raising=False)
    assert game_window.windows_rects("osu!") == [Rect(-1920, 0, 1920, 1080)]


# ---- macOS


class FakeQuartz:
    def __init__(self, trusted=True):
        self.trusted, self.posted, self.alive = trusted, [], {}

    def AXIsProcessTrusted(self):
        return self.trusted

    def _made(self, *event):
        self.alive[len(self.alive) + 1] = event
        return len(self.alive)

    def CGEventCreateMouseEvent(self, source, kind, point, button):
        return self._made("mouse", source, kind, (point.x, point.y), button)

    def CGEventCreateKeyboardEvent(self, source, code, down):
        return self._made("key", source, code, down)

    def CGEventPost(self, tap, event):
        self.posted.append((tap, *self.alive[event]))

    def CFRelease(self, event):
        self.alive[event] = None

    def CGEventSourceKeyState(self, state, code):
        return (state, code) == (1, 100)  # the hardware's F8


def test_macos_posts_and_releases_events():
    quartz = FakeQuartz()
    sink = macos.MacSink(quartz)
    sink.move(12.5, 99)
    sink.key(sink.code("z"), True)
    sink.key(sink.code("x"), False)
    # kCGHIDEventTap 0, kCGEventMouseMoved 5; kVK_ANSI_Z 6, kVK_ANSI_X 7
    assert quartz.posted == [
        (0, "mouse", None, 5, (12.5, 99.0), 0),
        (0, "key", None, 6, True),
        (0, "key", None, 7, False),
    ]
    assert set(quartz.alive.values()) == {None}  # none leaks
    assert sink.down([sink.code("F8"), sink.code("Escape")]) == [True, False]
    assert ctypes.sizeof(macos.Point) == 16


def test_macos_key_codes():
    # Carbon's Events.h
    sink = macos.MacSink(FakeQuartz())
    expected = {"comma": 43, "grave": 50, "KP_7": 89, "KP_8": 91, "Shift_L": 56}
    assert {key: sink.code(key) for key in expected} == expected
    expected = {"a": 0, "h": 4, "v": 9, "t": 17, "5": 23, "0": 29, "m": 46, "F1": 122, "F12": 111}
    assert {key: sink.code(key) for key in expected} == expected
    assert len({sink.code(key) for key in KEY_NAMES}) == len(KEY_NAMES)


def test_macos_without_permission_says_where_to_give_it():
    with pytest.raises(SinkError, match="Privacy & Security, Accessibility"):
        macos.MacSink(FakeQuartz(trusted=False))


# ---- which one


@pytest.mark.parametrize(
    ("platform", "environment", "module", "name"),
    [
        ("win32", {}, windows_sink, "WindowsSink"),
        ("darwin", {"DISPLAY": ":0"}, macos, "MacSink"),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, uinput, "UinputSink"),
        ("linux", {"DISPLAY": ":0"}, None, "X11Sink"),
    ],
)
def test_the_desktop_decides(monkeypatch, platform, environment, module, name):
    if module is None:
        from osu.live.sinks import x11 as module
    monkeypatch.setattr(sinks.sys, "platform", platform)
    monkeypatch.setattr(sinks.os, "environ", environment)
    monkeypatch.setattr(module, name, lambda: name)
    assert open_sink() == name


def test_no_desktop_is_a_sentence(monkeypatch):
    monkeypatch.setattr(sinks.sys, "platform", "linux")
    monkeypatch.setattr(sinks.os, "environ", {})
    with pytest.raises(SinkError, match="there is no desktop here"):
        open_sink()


def test_key_names():
    assert [key_name(key) for key in ("Z", " x", "f8", "ESC", "escape", "Space", "7")] == [
        "z",
        "x",
        "F8",
        "Escape",
        "Escape",
        "space",
        "7",
    ]
    names = {".": "period", "[": "bracketleft", "Ctrl": "Control_L", "kp_4": "KP_4", "tab": "Tab"}
    assert {key: key_name(key) for key in names} == names
    for key in ("", "F13", "zz", "power", "ü"):
        with pytest.raises(SinkError, match="there is no key"):
            key_name(key)


def test_every_sink_knows_every_key():
    for codes in (windows_sink._VIRTUAL_KEYS, macos._KEY_CODES):
        assert set(codes) == set(KEY_NAMES)
        assert len(set(codes.values())) == len(codes)
