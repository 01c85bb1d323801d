"""Live playback without a screen: the plan, the loop, its safety, the command line.

References: numpy's `interp` for the path, the stable layout's formula of the notes worked out by
hand, and a simulated counter, so that times are exact and no test waits. Real processes, real keys
and real time are test_live_x11.py's.
"""

import queue

import numpy as np
import pytest

from osu.formats.beatmap import load_beatmap
from osu.formats.mods import Mods
from osu.formats.replay import build_replay, save_replay
from osu.live import player
from osu.live.__main__ import main
from osu.live.plan import Plan
from osu.live.process import Playback, PlaybackClock
from osu.live.protocol import (
    Armed,
    LiveProgress,
    LiveSettings,
    Nudged,
    Started,
    Stopped,
    job_from_json,
    job_to_json,
)
from osu.live.sinks.base import SinkError
from osu.units import CENTRE_PX
from tests.paths import SAMPLE as SAMPLES

SAMPLE = SAMPLES / "first-steps.osu"

# ---- the clock


@pytest.mark.parametrize("rate", [0.75, 1.0, 1.5])
def test_clock_goes_both_ways(rate):
    clock = PlaybackClock(zero_s=100.0, start_at_ms=1000.0, rate=rate, offset_ms=20.0)
    assert clock.map_ms(100.020) == pytest.approx(1000)  # 20 ms later
    assert clock.map_ms(101.020) == pytest.approx(1000 + 1000 * rate)
    assert clock.real_s(clock.map_ms(123.456)) == pytest.approx(123.456)


# ---- the loop, in simulated time


class Desk:
    """A sink, a counter and a keyboard in simulated time: each look at the clock takes 20 us."""

    name = "desk"

    def __init__(self):
        self.now_s, self.sent, self.held, self.window = 0.0, [], set(), 7
        self.late_s = 0.0  # by which keys are heard late
        self.commands, self.events = queue.SimpleQueue(), []
        self.script = []  # (time, function), in order of time

    def screen(self):
        return None

    def counter(self):
        self._pass(20e-6)
        return self.now_s

    def sleep(self, s):
        assert s > 0
        self._pass(s)

    def _pass(self, s):
        self.now_s += s
        while self.script and self.script[0][0] <= self.now_s:
            self.script.pop(0)[1]()

    def at(self, s, function, *args):
        self.script.append((s, lambda: function(*args)))
        self.script.sort(key=lambda entry: entry[0])

    def code(self, key, by_place=False):
        return key

    def move(self, x, y):
        self.sent.append((self.now_s, "move", (x, y)))

    def key(self, code, down):
        self.sent.append((self.now_s, code, down))

    def down(self, codes):
        return [code in self.held for code in codes]

    def age_s(self, code):
        return self.late_s

    def focus(self):
        return self.window

    def press(self, key):
        """A tap of a person: 50 ms."""
        self.held.add(key)
        self.at(self.now_s + 0.05, self.held.discard, key)

    def play(self, plan, **settings):
        self.at(60, self.commands.put, ["stop", "the test hangs"])
        settings = LiveSettings(**{"start_at_ms": 0, **settings})
        job = job_from_json(job_to_json(plan, settings).encode())
        Playback(job, self, self.commands, self.events.append, self.counter, self.sleep).run()
        assert isinstance(self.events[-1], Stopped)
        return self.events[-1]

    def moves(self):
        return [(s, *xy) for s, what, xy in self.sent if what == "move"]

    def key_events(self):
        return [(s, what, down) for s, what, down in self.sent if what != "move"]

    def keys_left_down(self):
        state = {what: down for _, what, down in self.key_events()}
        return {what for what, down in state.items() if down}


@pytest.fixture
def desk():
    return Desk()


def dance(rate=1.0) -> Plan:
    """Two seconds of map time: a curve, and a tap of alternating keys every 100 ms."""
    t_ms = np.arange(0, 2001, 10.0)
    keys = np.arange(t_ms.size) // 5 % 4
    state = np.stack([keys == 0, keys == 2], axis=1).astype(int)
    change = np.diff(state, axis=0, prepend=0)
    frame, key = np.nonzero(change)
    return Plan(
        t_ms=t_ms,
        xy=np.stack([500 + 300 * np.sin(t_ms / 90), 400 + 200 * np.cos(t_ms / 170)], axis=1),
        event_ms=t_ms[frame],
        event_key=key,
        event_down=change[frame, key] > 0,
        rate=rate,
    )


@pytest.mark.parametrize("rate", [0.75, 1.0, 1.5])
def test_path_and_keys_are_the_plans(desk, rate):
    plan = dance(rate)
    desk.at(1.0, desk.press, "F8")
    stopped = desk.play(plan, start_at_ms=-100)
    assert (stopped.reason, stopped.completed) == ("end", True)
    assert [type(e) for e in desk.events if not isinstance(e, LiveProgress)] == [
        Armed,
        Started,
        Stopped,
    ]
    # The key is looked for every millisecond: the clock starts within 1.1 ms of it.
    zero_s = desk.moves()[0][0]
    assert 1.0 <= zero_s < 1.0012

    moves = np.array(desk.moves())
    map_ms = -100 + (moves[:, 0] - zero_s) * 1000 * rate
    for axis in (0, 1):
        expected = np.interp(map_ms, plan.t_ms, plan.xy[:, axis])
        # A pixel every 0.3 ms at most, and 0.04 ms pass between the look at the clock and the move.
        assert np.abs(moves[:, 1 + axis] - expected).max() < 0.3
    # 2,100 ms of map time at 500 Hz of real time, and one for each key event.
    assert len(moves) == pytest.approx(2100 / rate / 2 + len(plan.event_ms), abs=3)

    expected = [
        ("zx"[key], bool(down)) for key, down in zip(plan.event_key, plan.event_down, strict=True)
    ]
    assert [(what, down) for _, what, down in desk.key_events()][: len(expected)] == expected
    at_ms = np.array(
        [-100 + (s - zero_s) * 1000 * rate for s, *_ in desk.key_events()[: len(expected)]]
    )
    assert np.abs(at_ms - plan.event_ms).max() < 0.1  # a few looks at the clock
    assert desk.keys_left_down() == set()
    assert stopped.keys.count == len(plan.event_ms)
    assert stopped.motion.max_ms < 0.2


def test_pointer_is_at_the_frame_before_a_key(desk):
    plan = dance()
    desk.commands.put(["start"])
    desk.play(plan, start_at_ms=-10)
    position = dict(
        zip(plan.event_ms.tolist(), np.searchsorted(plan.t_ms, plan.event_ms), strict=True)
    )
    keys = [i for i, (_, what, _) in enumerate(desk.sent) if what != "move"]
    for i, event_ms in zip(keys, plan.event_ms.tolist(), strict=False):
        assert desk.sent[i - 1][1:] == ("move", tuple(plan.xy[position[event_ms]]))


def test_it_never_starts_by_itself(desk):
    desk.at(30, desk.commands.put, ["stop", "stopped"])
    stopped = desk.play(dance())
    assert desk.now_s > 29
    assert desk.sent == []
    assert desk.events == [Armed("desk"), Stopped("stopped", False, 0.0)]
    assert stopped.motion is None


def test_a_start_key_held_from_before_does_not_start_it(desk):
    desk.held.add("F8")
    desk.at(5, desk.held.discard, "F8")
    desk.at(10, desk.press, "F8")
    desk.play(dance())
    assert 10 <= desk.sent[0][0] < 10.01


def test_start_in_the_middle_presses_what_is_held_and_skips_the_past(desk):
    # z is down from 0 to 50 ms and x from 100 to 150.
    desk.commands.put(["start"])
    desk.play(dance(), start_at_ms=120)
    first = desk.key_events()[:3]
    assert [(what, down) for _, what, down in first] == [("x", True), ("x", False), ("z", True)]
    assert first[1][0] - first[0][0] == pytest.approx(0.030, abs=0.001)


def test_stop_key_ends_it_with_the_keys_up(desk):
    desk.commands.put(["start"])
    desk.at(0.52, desk.press, "Escape")
    stopped = desk.play(dance())
    assert (stopped.reason, stopped.completed) == ("the stop key", False)
    assert 0.52 < desk.now_s < 0.54  # asked for every 10 ms
    assert desk.key_events()[-1][2] is False
    assert desk.keys_left_down() == set()


def test_stop_key_disarms(desk):
    desk.at(1, desk.press, "Escape")
    assert desk.play(dance()).reason == "the stop key"
    assert desk.sent == []


def test_stop_command_tells_its_reason(desk):
    desk.commands.put(["start"])
    desk.at(0.5, desk.commands.put, ["stop", "its", "window", "closed"])
    assert desk.play(dance()).reason == "its window closed"
    assert desk.keys_left_down() == set()


def test_another_window_with_the_focus_stops_a_play_that_a_key_began(desk):
    desk.at(0.5, desk.press, "F8")
    desk.at(1.0, setattr, desk, "window", 8)
    assert desk.play(dance()).reason == "another window got the keys"
    assert desk.keys_left_down() == set()


def test_focus_is_the_persons_own_business_after_a_start_by_command(desk):
    desk.commands.put(["start"])
    desk.at(1.0, setattr, desk, "window", 8)
    assert desk.play(dance()).completed


def test_nudges_shift_what_is_to_come(desk):
    plan = dance()
    desk.commands.put(["start"])
    desk.at(0.5, desk.press, "F7")
    desk.at(0.7, desk.press, "F7")
    desk.at(0.9, desk.press, "F6")
    desk.at(1.1, desk.commands.put, ["nudge", "30"])
    stopped = desk.play(plan, offset_ms=10)
    assert [e.offset_ms for e in desk.events if isinstance(e, Nudged)] == [12, 14, 12, 42]
    assert stopped.offset_ms == 42
    zero_s = desk.moves()[0][0]
    late_ms = [
        (s - zero_s) * 1000 - event_ms
        for (s, *_), event_ms in zip(desk.key_events(), plan.event_ms.tolist(), strict=False)
    ]
    for at_ms, offset_ms in [(0, 10), (550, 12), (750, 14), (950, 12), (1200, 42)]:
        i = int(np.searchsorted(plan.event_ms, at_ms))
        assert late_ms[i] == pytest.approx(offset_ms, abs=0.2)
    # No event is lost or sent twice.
    assert len(desk.key_events()) - len(plan.event_ms) in (0, 1)


def test_nudges_while_armed_count(desk):
    desk.at(1, desk.press, "F6")
    desk.at(2, desk.press, "F8")
    assert desk.play(dance()).offset_ms == -2


@pytest.mark.parametrize("error", [SinkError("gone"), KeyboardInterrupt(), RuntimeError("bug")])
def test_keys_come_up_whatever_happens(desk, error):
    def fail(x, y):
        if desk.now_s > 0.32:
            raise error

    desk.move = fail
    desk.commands.put(["start"])
    with pytest.raises(type(error)):
        desk.play(dance())
    assert len(desk.key_events()) > 2
    assert desk.keys_left_down() == set()


def test_a_stall_is_made_up_for_and_counted(desk):
    # 100 ms without the processor: the path goes on where it should be, late keys are sent in
    # order, and each of the 50 missed deadlines counts as late.
    plan = dance()
    desk.commands.put(["start"])
    desk.at(0.5, lambda: setattr(desk, "now_s", 0.6))
    stopped = desk.play(plan)
    assert stopped.completed
    assert stopped.motion.count == pytest.approx(1000, abs=3)
    assert stopped.motion.max_ms == pytest.approx(100, abs=3)
    assert stopped.motion.p99_ms > 50
    assert stopped.motion.p50_ms < 0.1
    expected = [("zx"[k], bool(d)) for k, d in zip(plan.event_key, plan.event_down, strict=True)]
    assert [(what, down) for _, what, down in desk.key_events()][: len(expected)] == expected


# ---- the command line


@pytest.fixture
def files(tmp_path):
    beatmap = load_beatmap(SAMPLE)
    replay = build_replay(beatmap.md5, "x", Mods(0), [0, 500], [CENTRE_PX] * 2, [0, 0], 0, 0)
    save_replay(replay, tmp_path / "a.osr")
    save_replay(
        build_replay("a" * 32, "x", Mods(0), [0], [[0, 0]], [0], 0, 0), tmp_path / "other.osr"
    )
    return tmp_path, str(SAMPLE)


@pytest.mark.parametrize(
    ("replay", "arguments", "sentence"),
    [
        ("a.osr", "--rect 0,0,0,9", "is not usable"),
        ("a.osr", "--rect 1,2,3", "a rectangle is written X,Y,W,H"),
        ("a.osr", "", "one of the arguments --rect --window is required"),
        ("a.osr", "--rect 0,0,9,9 --start-at x", "--start-at"),
        ("a.osr", "--rect 0,0,9,9 --offset nan", "--offset"),
        ("a.osr", "--rect 0,0,800,600 --keys z,z", "a key is asked to do two things"),
        ("a.osr", "--rect 0,0,800,600 --keys z", "osu! is played with two keys"),
        ("a.osr", "--rect 0,0,800,600 --start-key F99", "there is no key 'F99'"),
        ("other.osr", "--rect 0,0,9,9", "the map's MD5 differs"),
        ("a.osr", "--rect 0,0,9,9", "too small to be the game's"),
        ("missing.osr", "--rect 0,0,9,9", "cannot be read"),
    ],
)
def test_mistakes_get_a_sentence_and_status_2(
    files, capsys, monkeypatch, replay, arguments, sentence
):
    folder, beatmap = files
    monkeypatch.setattr(player.subprocess, "Popen", None)  # nothing may be started
    try:
        status = main([str(folder / replay), "--map", beatmap, *arguments.split()])
    except SystemExit as exit:
        status = exit.code
    assert status == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err


# ---- starts that are heard late


def test_the_time_in_which_the_start_key_was_not_heard_is_taken_out(desk):
    desk.late_s = 0.030
    desk.at(1.0, desk.press, "F8")
    stopped = desk.play(dance(), start_at_ms=-500)
    assert stopped.completed
    pressed_s = 1.0 - desk.late_s
    downs = [s for s, _, down in desk.key_events() if down]
    due = [pressed_s + 0.5 + t / 1000 for t in dance().event_ms[dance().event_down]]
    # The key is looked for every millisecond.
    assert np.array(downs) == pytest.approx(np.array(due), abs=0.0013)


@pytest.mark.parametrize(("late_s", "offset_ms"), [(0.4, 0.0), (0.0, -300.0)])
def test_a_start_after_the_first_objects_time_says_so_and_plays_nothing(desk, late_s, offset_ms):
    desk.late_s = late_s
    desk.at(1.0, desk.press, "F8")
    stopped = desk.play(dance(), start_at_ms=0, offset_ms=offset_ms)
    assert not stopped.completed and stopped.reason.startswith("too late by ")
    assert desk.key_events() == []


def test_a_start_in_the_middle_of_the_map_is_not_too_late(desk):
    desk.at(1.0, desk.press, "F8")
    assert desk.play(dance(), start_at_ms=1000).completed
