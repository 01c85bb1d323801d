"""Linux without X11, that is Wayland: two virtual devices of the kernel's own, through /dev/uinput.

No Wayland protocol lets a program move the pointer of another, so this needs the right to open
/dev/uinput and to read the keyboards in /dev/input: without the second no key could stop it. The
pointer is an absolute one, as virtual machines have it, over the whole of the one screen.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import struct
import time
from collections.abc import Sequence
from pathlib import Path

from osu.live.sinks.base import PLACES, SinkError

EV_SYN, EV_KEY, EV_ABS = 0, 1, 3
SYN_REPORT, ABS_X, ABS_Y, BTN_LEFT = 0, 0, 1, 0x110
ABS_MAX = 65535
UI_DEV_CREATE = 0x5501
UI_DEV_SETUP, UI_ABS_SETUP = 0x405C5503, 0x401C5504
UI_SET_EVBIT, UI_SET_KEYBIT, UI_SET_ABSBIT = 0x40045564, 0x40045565, 0x40045567
KEY_BYTES = 96  # KEY_MAX is 767
EVIOCGKEY = 0x80004518 | KEY_BYTES << 16  # which keys are down
EVIOCGBIT_KEY = 0x80004521 | KEY_BYTES << 16  # which keys there are
SETTLE_S = 0.5  # compositors take a moment to find a new device

_DEVICES = Path("/dev/input")
_SCREENS = Path("/sys/class/drm")


class UinputSink:
    name = "Wayland (uinput)"

    def __init__(self):
        self._handles: list[int] = []
        try:
            self._width, self._height = _screen_size()
            self._keyboards = self._open_keyboards()
            self._pointer = self._create("osu-players pointer", [BTN_LEFT], [ABS_X, ABS_Y])
            self._typist = self._create("osu-players keyboard", list(PLACES.values()), [])
        except SinkError:
            self.close()
            raise
        time.sleep(SETTLE_S)

    def code(self, key: str, by_place: bool = False) -> int:
        return PLACES[key]  # no program is told what keys type

    def move(self, x: float, y: float) -> None:
        self._write(
            self._pointer,
            (EV_ABS, ABS_X, _normalised(x, self._width)),
            (EV_ABS, ABS_Y, _normalised(y, self._height)),
        )

    def key(self, code: int, down: bool) -> None:
        self._write(self._typist, (EV_KEY, code, int(down)))

    def down(self, codes: Sequence[int]) -> list[bool]:
        state = ctypes.create_string_buffer(KEY_BYTES)
        held = [False] * len(codes)
        for keyboard in list(self._keyboards):
            try:
                fcntl.ioctl(keyboard, EVIOCGKEY, state)
            except OSError:  # unplugged
                self._keyboards.remove(keyboard)
                if not self._keyboards:
                    raise SinkError("the keyboard is gone, so no key could stop it") from None
                continue
            held = [h or _has(state.raw, code) for h, code in zip(held, codes, strict=True)]
        return held

    def age_s(self, code: int) -> float:
        return 0.0

    def focus(self) -> int | None:
        return None

    def screen(self) -> tuple[int, int, int, int]:
        return 0, 0, self._width, self._height

    def close(self) -> None:
        # The kernel lets the keys of a device go when its handle is closed, whoever closes it.
        for handle in self._handles:
            os.close(handle)
        self._handles = []

    def _open_keyboards(self) -> list[int]:
        keyboards = []
        for path in sorted(_DEVICES.glob("event*")):
            try:
                handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            except OSError:
                continue
            self._handles.append(handle)
            has_keys = ctypes.create_string_buffer(KEY_BYTES)
            with contextlib.suppress(OSError):
                fcntl.ioctl(handle, EVIOCGBIT_KEY, has_keys)
            if all(_has(has_keys.raw, PLACES[name]) for name in ("z", "Escape", "F8")):
                keyboards.append(handle)
        if not keyboards:
            raise SinkError(
                "no keyboard in /dev/input can be read, so no key could stop it: "
                "add yourself to the group input, or use an X11 session"
            )
        return keyboards

    def _create(self, name: str, keys: Sequence[int], axes: Sequence[int]) -> int:
        try:
            handle = os.open("/dev/uinput", os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            reason = "there is no" if error.errno == errno.ENOENT else "you may not write to"
            raise SinkError(
                f"on Wayland the pointer is moved through uinput, and {reason} /dev/uinput: "
                "allow it to your user with a udev rule, or use an X11 session"
            ) from None
        self._handles.append(handle)
        fcntl.ioctl(handle, UI_SET_EVBIT, EV_KEY)
        for key in keys:
            fcntl.ioctl(handle, UI_SET_KEYBIT, key)
        for axis in axes:
            fcntl.ioctl(handle, UI_SET_EVBIT, EV_ABS)
            fcntl.ioctl(handle, UI_SET_ABSBIT, axis)
            # uinput_abs_setup: code, then value, minimum, maximum, fuzz, flat, resolution
            setup = struct.pack("=H2x6i", axis, 0, 0, ABS_MAX, 0, 0, 0)
            fcntl.ioctl(handle, UI_ABS_SETUP, setup)
        # uinput_setup: bus (virtual), vendor, product, version, name, force-feedback effects
        fcntl.ioctl(handle, UI_DEV_SETUP, struct.pack("=4H80sI", 6, 0, 0, 1, name.encode(), 0))
        fcntl.ioctl(handle, UI_DEV_CREATE)
        return handle

    def _write(self, handle: int, *events: tuple[int, int, int]) -> None:
        # input_event: a time that the kernel fills in, type, code, value
        report = (*events, (EV_SYN, SYN_REPORT, 0))
        try:
            os.write(handle, b"".join(struct.pack("@2lHHi", 0, 0, *event) for event in report))
        except OSError as error:
            raise SinkError(f"the kernel refused the input: {error.strerror}") from None


def _normalised(pixel: float, size: int) -> int:
    return min(max(round(pixel * ABS_MAX / (size - 1)), 0), ABS_MAX)


def _has(bits: bytes, code: int) -> bool:
    return bool(bits[code >> 3] >> (code & 7) & 1)


def _screen_size() -> tuple[int, int]:
    """Pixels of the one connected screen."""
    sizes = []
    for screen in sorted(_SCREENS.glob("card*-*")):
        with contextlib.suppress(OSError):
            if (screen / "status").read_text().strip() == "connected":
                modes = (screen / "modes").read_text().split()  # the preferred one first
                sizes.append(modes[0].rstrip("i").split("x"))
    if len(sizes) != 1:
        raise SinkError(
            f"on Wayland live playback needs exactly one screen, and {len(sizes)} are connected"
        )
    return int(sizes[0][0]), int(sizes[0][1])
