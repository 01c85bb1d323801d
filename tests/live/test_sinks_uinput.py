"""The Wayland sink (uinput), down to the bytes it sends to a kernel that only records them.

References: numbers as linux/uinput.h and linux/input.h have them, typed here.
"""

import os
import struct
from types import SimpleNamespace

import pytest

from osu.live.sinks import uinput
from osu.live.sinks.base import PLACES, SinkError


class FakeKernel:
    """/dev/input with one keyboard and one mouse, /dev/uinput, and one screen of 1920 x 1080."""

    def __init__(self, tmp_path, monkeypatch, screens=1):
        self.ioctls, self.written, self.closed, self.held = [], [], [], {66}  # 66: F8
        self.gone, self.paths = set(), {}
        for folder in ("input", "drm"):
            (tmp_path / folder).mkdir()
        for name in ("event0", "event1"):
            (tmp_path / "input" / name).touch()
        for i in range(screens):
            screen = tmp_path / "drm" / f"card0-DP-{i}"
            screen.mkdir()
            (screen / "status").write_text("connected\n")
            (screen / "modes").write_text("1920x1080\n1280x720\n")
        monkeypatch.setattr(uinput, "_DEVICES", tmp_path / "input")
        monkeypatch.setattr(uinput, "_SCREENS", tmp_path / "drm")
        monkeypatch.setattr(uinput, "SETTLE_S", 0)
        # The sink's own names for them: the real ones serve pytest meanwhile.
        fake_os = SimpleNamespace(**{name: getattr(os, name) for name in dir(os)})
        fake_os.open, fake_os.close = self.open, self.closed.append
        fake_os.write = lambda handle, data: self.written.append((handle, data))
        monkeypatch.setattr(uinput, "os", fake_os)
        monkeypatch.setattr(uinput, "fcntl", SimpleNamespace(ioctl=self.ioctl))

    def open(self, path, flags):
        handle = 100 + len(self.paths)
        self.paths[handle] = str(path)
        return handle

    def ioctl(self, handle, request, argument=0):
        self.ioctls.append((handle, request, argument))
        name = os.path.basename(self.paths[handle])
        codes = None
        if request == 0x80604521:  # EVIOCGBIT(EV_KEY, 96)
            codes = range(1, 120) if name == "event0" else [0x110]
        elif request == 0x80604518:  # EVIOCGKEY(96)
            if name in self.gone:
                raise OSError(19, "No such device")
            codes = self.held
        if codes is not None:
            bits = bytearray(96)
            for code in codes:
                bits[code // 8] |= 1 << code % 8
            argument.raw = bytes(bits)


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    return FakeKernel(tmp_path, monkeypatch)


def test_uinput_creates_a_pointer_and_a_keyboard(kernel):
    uinput.UinputSink()
    pointer, typist = (h for h, path in kernel.paths.items() if path == "/dev/uinput")
    calls = {h: [c[1:] for c in kernel.ioctls if c[0] == h] for h in (pointer, typist)}
    axis = [struct.pack("<HHiiiiii", code, 0, 0, 0, 65535, 0, 0, 0) for code in (0, 1)]
    assert calls[pointer] == [
        (0x40045564, 1),  # UI_SET_EVBIT EV_KEY
        (0x40045565, 0x110),  # UI_SET_KEYBIT BTN_LEFT
        (0x40045564, 3),  # UI_SET_EVBIT EV_ABS
        (0x40045567, 0),  # UI_SET_ABSBIT ABS_X
        (0x401C5504, axis[0]),  # UI_ABS_SETUP, whose number says 28 bytes
        (0x40045564, 3),
        (0x40045567, 1),
        (0x401C5504, axis[1]),
        (0x405C5503, struct.pack("<HHHH80sI", 6, 0, 0, 1, b"osu-players pointer", 0)),
        (0x5501, 0),  # UI_DEV_CREATE
    ]
    assert [len(a) for r, a in calls[pointer] if isinstance(a, bytes)] == [28, 28, 92]
    keys = {argument for request, argument in calls[typist] if request == 0x40045565}
    assert keys >= {1, 44, 45, 57, 59, 66, 88}  # Escape Z X space F1 F8 F12
    assert calls[typist][-1] == (0x5501, 0)


def test_uinput_writes_whole_reports(kernel):
    sink = uinput.UinputSink()
    pointer, typist = (h for h, path in kernel.paths.items() if path == "/dev/uinput")
    sink.move(0, 1079)
    sink.move(959.5, 5000)
    sink.key(sink.code("z"), True)
    sink.key(sink.code("z"), False)

    def report(*events):
        # struct input_event of a 64-bit kernel: 16 bytes of time, u16 type, u16 code, s32 value
        return b"".join(struct.pack("<qqHHi", 0, 0, *event) for event in (*events, (0, 0, 0)))

    assert kernel.written == [
        (pointer, report((3, 0, 0), (3, 1, 65535))),
        (pointer, report((3, 0, 32768), (3, 1, 65535))),  # half of 65535, rounded to even
        (typist, report((1, 44, 1))),
        (typist, report((1, 44, 0))),
    ]


def test_uinput_reads_the_real_keyboards_only(kernel):
    sink = uinput.UinputSink()
    assert sink.down([sink.code("F8"), sink.code("Escape")]) == [True, False]
    assert kernel.paths[kernel.ioctls[-1][0]].endswith("event0")
    kernel.gone.add("event0")
    with pytest.raises(SinkError, match="the keyboard is gone"):
        sink.down([sink.code("F8")])
    sink.close()
    assert sorted(kernel.closed) == sorted(kernel.paths)


def test_uinput_key_codes():
    # linux/input-event-codes.h
    expected = {"1": 2, "0": 11, "q": 16, "p": 25, "a": 30, "l": 38, "m": 50, "F10": 68, "F11": 87}
    expected |= {"minus": 12, "bracketleft": 26, "grave": 41, "comma": 51, "KP_0": 82, "KP_7": 71}
    expected |= {"Tab": 15, "Control_L": 29, "Shift_L": 42, "Alt_L": 56, "F12": 88, "Escape": 1}
    assert {key: PLACES[key] for key in expected} == expected
    assert len(set(PLACES.values())) == len(PLACES)


def test_uinput_needs_exactly_one_screen(tmp_path, monkeypatch):
    FakeKernel(tmp_path, monkeypatch, screens=2)
    with pytest.raises(SinkError, match="exactly one screen, and 2 are connected"):
        uinput.UinputSink()


@pytest.mark.parametrize(
    ("path", "error", "sentence"),
    [
        ("/dev/uinput", 2, "there is no /dev/uinput"),
        ("/dev/uinput", 13, "you may not write to /dev/uinput"),
        ("event", 13, "no key could stop it: add yourself to the group input"),
    ],
)
def test_uinput_without_permission_says_what_to_do(kernel, path, error, sentence):
    def refuse(asked, flags):
        if path in str(asked):
            raise OSError(error, os.strerror(error))
        return FakeKernel.open(kernel, asked, flags)

    uinput.os.open = refuse
    with pytest.raises(SinkError, match=sentence):
        uinput.UinputSink()
    assert sorted(kernel.closed) == sorted(kernel.paths)  # nothing stays open
