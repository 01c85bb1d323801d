"""Sinks for the pointer and the keys of live playback, one for each kind of desktop."""

import os
import sys

from osu.live.sinks.base import Sink, SinkError


def open_sink() -> Sink:
    """The sink of this desktop. Raises SinkError with what to do where none works."""
    if sys.platform == "win32":
        from osu.live.sinks.windows import WindowsSink

        return WindowsSink()
    if sys.platform == "darwin":
        from osu.live.sinks.macos import MacSink

        return MacSink()
    if os.environ.get("WAYLAND_DISPLAY"):
        # X11's XTest reaches only windows of Xwayland there, and moves no pointer.
        from osu.live.sinks.uinput import UinputSink

        return UinputSink()
    if os.environ.get("DISPLAY"):
        from osu.live.sinks.x11 import X11Sink

        return X11Sink()
    raise SinkError("there is no desktop here: neither DISPLAY nor WAYLAND_DISPLAY is set")
