"""The process that moves the pointer and presses the keys; `osu.live` starts it and talks to it.

    python -m osu.live.process                 plays a Job, one line of JSON on stdin; then a line
                                               a command: start, stop, nudge MS; events are JSON
                                               on stdout
    python -m osu.live.process --release z,x [place]   lets these keys go

It is a process of its own because a busy thread beside it costs milliseconds, and it imports little
so that it is there at once. It ends, with the keys released, when the play ends, at the stop key,
at `stop`, at SIGTERM, on an error, when another window gets the keys, and when stdin closes, which
is what happens when its parent dies in any way.
"""

import contextlib
import gc
import os
import queue
import signal
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

from osu.live.protocol import (
    Armed,
    Job,
    Lateness,
    LiveEvent,
    LiveFailed,
    LiveProgress,
    Nudged,
    Started,
    Stopped,
    event_to_json,
    job_from_json,
)
from osu.live.sinks import open_sink
from osu.live.sinks.base import Sink, SinkError

# The last part of a wait spins, since sleeping overshoots by 0.1 ms. Longer spinning costs more
# than it gains: a process that leaves its core is the first to get it back.
SPIN_S = 0.0002
ARMED_POLL_S = 0.001
HOTKEY_POLL_S = 0.005
FOCUS_POLL_S = 0.050
TOO_LATE_MS = 100.0  # real time by which a start may miss the first of what is to be played
PROGRESS_EVERY_S = 0.100


class PlaybackClock:
    """Map time from a counter of seconds: `start_at_ms` at `zero_s`, later by `offset_ms`."""

    def __init__(self, zero_s: float, start_at_ms: float, rate: float, offset_ms: float):
        self.zero_s, self.start_at_ms, self.rate = zero_s, start_at_ms, rate
        self.offset_ms = offset_ms

    def map_ms(self, now_s: float) -> float:
        return self.start_at_ms + ((now_s - self.zero_s) * 1000 - self.offset_ms) * self.rate

    def real_s(self, map_ms: float) -> float:
        return self.zero_s + ((map_ms - self.start_at_ms) / self.rate + self.offset_ms) / 1000


class Playback:
    """One play: `run` waits for the start, plays and leaves with the keys up, whatever happens.

    `commands` holds lists of words (["start"], ["stop", reason], ["nudge", ms]); `emit` takes
    events and must not block.
    """

    def __init__(
        self,
        job: Job,
        sink: Sink,
        commands: queue.SimpleQueue,
        emit: Callable[[LiveEvent], None],
        counter: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._job, self._sink, self._commands, self._emit = job, sink, commands, emit
        self._counter, self._sleep = counter, sleep
        s = job.settings
        self._play_codes = [sink.code(key, s.by_place) for key in s.keys]
        self._start_code = sink.code(s.start_key)
        self._hot_codes = [sink.code(key) for key in (s.stop_key, s.earlier_key, s.later_key)]
        self._hot_down = [True] * 3  # a key held from before has to be let go first
        self._held: set[int] = set()
        self._offset_ms = s.offset_ms
        self._stop_reason = ""
        self._focus: int | None = None
        self._late_motion: list[float] = []
        self._late_keys: list[float] = []

    def run(self) -> None:
        try:
            clock = self._wait_for_start()
            reason = self._play(clock) if clock else self._stop_reason
        finally:
            self._release()
        self._emit(
            Stopped(
                reason=reason,
                completed=reason == "end",
                offset_ms=self._offset_ms,
                motion=_lateness(self._late_motion),
                keys=_lateness(self._late_keys),
            )
        )

    def _wait_for_start(self) -> PlaybackClock | None:
        """The clock that began with the start key or command; None where it was called off."""
        self._emit(Armed(self._sink.name, self._sink.screen()))
        was_down, by_key, polls = True, False, 0
        while not by_key:
            if polls % round(FOCUS_POLL_S / ARMED_POLL_S) == 0:
                self._sink.focus()  # so that it is known without waiting when the play begins
            polls += 1
            if (word := self._obey(None)) is not None:
                if word == "start":
                    break
                return None
            is_down = self._sink.down([self._start_code])[0]
            by_key = is_down and not was_down
            was_down = is_down
            if not by_key:
                self._sleep(ARMED_POLL_S)
        s = self._job.settings
        heard_late_s = self._sink.age_s(self._start_code) if by_key else 0.0
        zero_s = self._counter() - heard_late_s
        clock = PlaybackClock(zero_s, s.start_at_ms, self._job.rate, self._offset_ms)
        # A start by key says which window is the game's; a start by command does not.
        self._focus = self._sink.focus() if by_key else None
        self._emit(Started(s.start_at_ms))
        return clock

    def _play(self, clock: PlaybackClock) -> str:
        """Plays to the end; -> the reason why it ended."""
        job, counter = self._job, self._counter
        period_s = 1 / job.settings.motion_hz
        now_s = counter()
        if missed_ms := self._missed_ms(clock.map_ms(now_s)):
            return f"too late by {missed_ms:.0f} ms; arm it again, with an earlier start or offset"
        next_event = self._press_held_keys(clock.map_ms(now_s))
        tick_s = hotkeys_s = focus_s = progress_s = now_s
        while True:
            event_s = (
                clock.real_s(job.event_ms[next_event])
                if next_event < len(job.event_ms)
                else float("inf")
            )
            self._wait_until(min(tick_s, event_s))
            now_s = counter()
            if event_s <= now_s:
                # The pointer is where the frame has it before the key goes down or up.
                self._move(job.event_ms[next_event])
                self._key(job.event_key[next_event], job.event_down[next_event])
                self._late_keys.append(now_s - event_s)
                next_event += 1
                continue
            map_ms = clock.map_ms(now_s)
            self._move(map_ms)
            while tick_s <= now_s:
                self._late_motion.append(now_s - tick_s)
                tick_s += period_s
            if map_ms > job.t_ms[-1] and next_event == len(job.event_ms):
                return "end"
            if now_s >= hotkeys_s:
                hotkeys_s = now_s + HOTKEY_POLL_S
                if self._obey(clock) == "stop":
                    return self._stop_reason
            if now_s >= focus_s:
                focus_s = now_s + FOCUS_POLL_S
                if self._focus is not None and self._sink.focus() != self._focus:
                    return "another window got the keys"
            if now_s >= progress_s:
                progress_s = now_s + PROGRESS_EVERY_S
                self._emit(LiveProgress(map_ms))

    def _missed_ms(self, map_ms: float) -> float:
        """Real ms since the first key event that was to be played, where those are too many."""
        job = self._job
        first = bisect_left(job.event_ms, job.settings.start_at_ms)
        if first == len(job.event_ms):
            return 0.0
        missed_ms = (map_ms - job.event_ms[first]) / job.rate
        return missed_ms if missed_ms > TOO_LATE_MS else 0.0

    def _press_held_keys(self, map_ms: float) -> int:
        """Presses the keys that the play holds at `map_ms`; -> index of the next event."""
        next_event = bisect_right(self._job.event_ms, map_ms)
        state = dict(
            zip(self._job.event_key[:next_event], self._job.event_down[:next_event], strict=True)
        )
        self._move(map_ms)
        for key, down in state.items():
            if down:
                self._key(key, True)
        return next_event

    def _obey(self, clock: PlaybackClock | None) -> str | None:
        """Carries out hotkeys and commands; -> "start" or "stop" where one asks for it."""
        are_down = self._sink.down(self._hot_codes)
        stop, earlier, later = (
            now and not before for now, before in zip(are_down, self._hot_down, strict=True)
        )
        self._hot_down = are_down
        if stop:
            self._stop_reason = "the stop key"
            return "stop"
        step_ms = self._job.settings.nudge_ms * (later - earlier)
        word = None
        while word is None:
            try:
                word, *rest = self._commands.get_nowait()
            except queue.Empty:
                break
            if word == "nudge":
                step_ms += float(rest[0])
                word = None
            elif word == "stop":
                self._stop_reason = " ".join(rest) or "stopped"
        if step_ms:
            self._offset_ms += step_ms
            if clock:
                clock.offset_ms = self._offset_ms
            self._emit(Nudged(self._offset_ms))
        return word

    def _move(self, map_ms: float) -> None:
        t_ms, x, y = self._job.t_ms, self._job.x, self._job.y
        after = bisect_right(t_ms, map_ms)
        if after == 0 or after == len(t_ms):
            at = max(0, after - 1)
            self._sink.move(x[at], y[at])
            return
        before = after - 1
        part = (map_ms - t_ms[before]) / (t_ms[after] - t_ms[before])
        self._sink.move(
            x[before] + part * (x[after] - x[before]), y[before] + part * (y[after] - y[before])
        )

    def _key(self, key: int, down: bool) -> None:
        code = self._play_codes[key]
        if down:
            self._held.add(code)  # before it goes down: an interrupt in between releases it
            self._sink.key(code, True)
        elif code in self._held:
            self._sink.key(code, False)
            self._held.discard(code)

    def _release(self) -> None:
        for code in list(self._held):
            with contextlib.suppress(SinkError):
                self._sink.key(code, False)
        self._held.clear()

    def _wait_until(self, deadline_s: float) -> None:
        left_s = deadline_s - self._counter()
        if left_s > SPIN_S:
            self._sleep(left_s - SPIN_S)
        while self._counter() < deadline_s:
            pass


def _lateness(late_s: list[float]) -> Lateness | None:
    if not late_s:
        return None
    in_order = sorted(1000 * late for late in late_s)
    at = (len(in_order) - 1) / 100
    return Lateness(len(in_order), in_order[round(50 * at)], in_order[round(99 * at)], in_order[-1])


# ---- the process


def main() -> None:
    if sys.argv[1:2] == ["--release"]:
        release(sys.argv[2].split(","), by_place="place" in sys.argv[3:])
        return
    lines = _lines(0)
    job = job_from_json(next(lines))
    commands: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines, commands), daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: commands.put(["stop", "told to end"]))
    # Events leave by a thread: a parent that does not read must not hold up the play.
    events: queue.SimpleQueue = queue.SimpleQueue()
    speaker = threading.Thread(target=_speak, args=(events,), daemon=True)
    speaker.start()
    gc.disable()  # a collection takes milliseconds
    _ask_for_priority()
    try:
        sink = open_sink()
        try:
            Playback(job, sink, commands, events.put).run()
        finally:
            sink.close()
    except SinkError as error:
        events.put(LiveFailed(str(error)))
    events.put(None)
    speaker.join(timeout=2)


def _ask_for_priority() -> None:
    """Real-time scheduling for this thread, where the system allows it.

    On two cores with four busy processes p99 lateness is 0.05 ms with it and 4 to 7 without.
    """
    if hasattr(os, "sched_setscheduler"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def release(keys: list[str], by_place: bool) -> None:
    """Lets keys go that a killed playback may have left down."""
    sink = open_sink()
    for key in keys:
        sink.key(sink.code(key, by_place), False)
    sink.close()


def _lines(handle: int) -> Iterator[bytes]:
    # Not sys.stdin: a thread that waits in it makes the interpreter's exit fail.
    parts: list[bytes] = []
    while part := os.read(handle, 1 << 20):
        first, *others = part.split(b"\n")
        parts.append(first)
        for other in others:
            yield b"".join(parts)
            parts = [other]


def _listen(lines: Iterator[bytes], commands: queue.SimpleQueue) -> None:
    for line in lines:
        commands.put(line.decode().split())
    commands.put(["stop", "its window closed"])


def _speak(events: queue.SimpleQueue) -> None:
    while (event := events.get()) is not None:
        sys.stdout.write(event_to_json(event) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
