"""What live playback does, before it does it: the rectangle, the plan, the settings, the pipe.

References: the stable layout's formula of the notes worked out by hand, and plans small enough to
be written down.
"""

import numpy as np
import pytest

from osu.formats.mods import Mods
from osu.formats.replay import build_replay
from osu.live.__main__ import _arguments
from osu.live.plan import LiveError, Rect, check_playfield, make_plan, parse_ms, playfield_rect
from osu.live.protocol import (
    Armed,
    Lateness,
    LiveFailed,
    LiveProgress,
    LiveSettings,
    Nudged,
    Started,
    Stopped,
    event_from_json,
    event_to_json,
    job_from_json,
    job_to_json,
)
from osu.live.sinks.base import SinkError

# ---- the rectangle


@pytest.mark.parametrize(
    ("window", "playfield"),
    [
        # s = H / 480: x = (W - 512 s) / 2, y = (H - 384 s) * 3/4 - 16 s
        (Rect(0, 0, 640, 480), Rect(64, 56, 512, 384)),
        (Rect(100, 50, 1920, 1080), Rect(100 + 384, 50 + 126, 1152, 864)),
        (Rect(0, 0, 1366, 768), Rect((1366 - 819.2) / 2, 153.6 * 0.75 - 25.6, 819.2, 614.4)),
        (Rect(-1280, 0, 1280, 960), Rect(-1280 + 128, 112, 1024, 768)),
        # Narrower than 4:3 the width decides, and the same 8 units below the middle.
        (Rect(0, 0, 640, 960), Rect(64, 480 - 192 + 8, 512, 384)),
    ],
)
def test_playfield_of_a_window(window, playfield):
    ours = playfield_rect(window)
    for side in ("left", "top", "width", "height"):
        # 1e-9 px: float64 and a dozen operations.
        assert getattr(ours, side) == pytest.approx(getattr(playfield, side), abs=1e-9)


def test_rectangles_as_text():
    assert Rect.parse("1,2.5, 30,40") == Rect(1, 2.5, 30, 40)
    for text in ("", "1,2,3", "a,b,c,d", "1,2,3,4,5"):
        with pytest.raises(LiveError, match="a rectangle is written X,Y,W,H"):
            Rect.parse(text)
    for text in ("0,0,0,10", "0,0,10,-1", "0,0,nan,1", "inf,0,1,1"):
        with pytest.raises(LiveError, match="is not usable"):
            Rect.parse(text)


# ---- the plan


def replay_of(t_ms, xy, keys, mods=Mods(0)):  # noqa: B008 - an IntFlag, immutable
    return build_replay("a" * 32, "x", mods, t_ms, xy, keys, 0, 0)


def test_plan_is_on_the_screen():
    replay = replay_of(
        [0, 10, 20, 30, 40], [[0, 0], [512, 384], [256, 192], [1, 1], [2, 2]], [0, 1, 3, 2, 0]
    )
    plan = make_plan(replay, Rect(100, 200, 1024, 768))
    assert plan.t_ms.tolist() == [0, 10, 20, 30, 40]
    assert plan.xy[:3].tolist() == [[100, 200], [1124, 968], [612, 584]]
    assert plan.event_ms.tolist() == [10, 20, 30, 40]
    assert plan.event_key.tolist() == [0, 1, 0, 1]
    assert plan.event_down.tolist() == [True, True, False, False]
    assert plan.rate == 1


def test_plan_of_double_time_has_its_rate():
    assert make_plan(replay_of([0], [[0, 0]], [0], Mods.DT), Rect(0, 0, 9, 9)).rate == 1.5


def test_pointer_stays_where_a_wide_window_ends():
    # A 16:9 window of 480 units' height shows 853.3 x 480 of them, the playfield's middle 8 below
    # its own.
    plan = make_plan(
        replay_of([0, 1], [[21622, -21622], [-21622, 21622]], [0, 0]), Rect(0, 0, 512, 384)
    )
    assert plan.xy == pytest.approx(
        np.array([[256 + 1280 / 3, 184 - 240], [256 - 1280 / 3, 184 + 240]])
    )


def test_no_frames_is_an_error():
    with pytest.raises(LiveError, match="the replay holds no frames"):
        make_plan(replay_of([], np.zeros((0, 2)), []), Rect(0, 0, 9, 9))


# ---- settings and the pipe


def test_settings_take_keys_as_people_type_them():
    s = LiveSettings(start_at_ms=0, keys=("Z", "X"), start_key="f9", stop_key="ESC").checked()
    assert (s.keys, s.start_key, s.stop_key) == (("z", "x"), "F9", "Escape")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"keys": ("z", "z")}, "a key is asked to do two things"),
        ({"start_key": "escape"}, "a key is asked to do two things"),
        ({"keys": ("z",)}, "osu! is played with two keys"),
        ({"stop_key": "power"}, "there is no key 'power' here"),
    ],
)
def test_settings_that_contradict_themselves(changed, sentence):
    with pytest.raises(SinkError, match=sentence):
        LiveSettings(start_at_ms=0, **changed).checked()


def test_values_that_begin_with_a_minus_are_values():
    words = ["a.osr", "--map", "b.osu", "--rect", "-1920,0,1920,1080", "--offset", "-3", "--lazer"]
    args = _arguments(words)
    assert args.rect == Rect(-1920, 0, 1920, 1080)
    assert (args.offset, args.lazer) == (-3, True)
    args = _arguments([*words[:3], "--window", "-.5,-7,1280,960"])
    assert args.window == Rect(-0.5, -7, 1280, 960)


def test_everything_survives_the_pipe():
    late = Lateness(3, 0.1, 2.0, 3.0)
    events = [
        Armed("X11"),
        Armed("X11", (0, 0, 1920, 1080)),
        Started(-5.5),
        LiveProgress(1.0),
        Nudged(-2.0),
        LiveFailed("ü"),
        Stopped("end", True, 4.0),
        Stopped("end", True, 4.0, late, late),
    ]
    assert [event_from_json(event_to_json(event)) for event in events] == events
    plan = make_plan(replay_of([0, 5], [[1, 2], [3, 4]], [0, 1]), Rect(0, 0, 512, 384))
    settings = LiveSettings(start_at_ms=np.float64(3)).checked()
    line = job_to_json(plan, settings)
    assert "\n" not in line
    job = job_from_json(line.encode())
    assert (job.t_ms, job.x, job.y, job.rate) == ([0, 5], [1, 3], [2, 4], 1)
    assert (job.event_ms, job.event_key, job.event_down) == ([5], [0], [True])
    assert (tuple(job.settings.keys), job.settings.start_at_ms) == (("z", "x"), 3)


SCREEN = Rect(-1920, 0, 1920 + 2560, 1440)  # two monitors


@pytest.mark.parametrize("text", ["384,126,1152,864", "-1500,126,1152,864", "0;0;800,5;600,4"])
def test_a_rectangle_that_the_game_can_have(text):
    check_playfield(Rect.parse(text), SCREEN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("384,126,12,9", "too small"),
        ("0,0,1920,1080", "four wide and three high"),
        ("0,0,600,800", "four wide and three high"),
        ("2000,126,1152,864", "outside the screen"),
        ("384,-40,1152,864", "outside the screen"),
    ],
)
def test_a_rectangle_that_the_game_cannot_have_is_a_sentence(text, said):
    with pytest.raises(LiveError, match=said):
        check_playfield(Rect.parse(text), SCREEN)


@pytest.mark.parametrize(("text", "ms"), [("12", 12.0), (" -3,5 ", -3.5), ("1e3", 1000.0)])
def test_milliseconds_as_a_person_writes_them(text, ms):
    assert parse_ms(text) == ms


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1e9", "1,2,3"])
def test_what_is_no_number_of_milliseconds_is_a_sentence(text):
    with pytest.raises(LiveError, match="no number of milliseconds"):
        parse_ms(text)
