"""The scene against numbers worked out by hand from the game's rules.

The reference is arithmetic on `tests/small_map.py` in the comments here,
never osu.render.scene itself. Tolerances: 1e-9 where both sides are exact in float64; positions of
moving things follow frames 20 ms apart and are linear between them, so 1e-6 px is rounding only
(the replay stores float32 positions: 1e-4).
"""

from dataclasses import replace

import numpy as np
import pytest

from osu.formats.mods import Mods
from osu.players.auto import auto_play
from osu.render.items import Circle, Slider, Spinner
from osu.render.painter import Painter, play_colours
from osu.render.scene import BURST_MS, Stage
from osu.render.sprites import NIGHT
from tests.small_map import FADE_IN_MS, PREEMPT_MS, SPIN_RPM, small_map, small_replay


@pytest.fixture(scope="module")
def stage():
    return Stage(small_map(), small_replay())


def the(kind, scene):
    found = [item for item in scene.objects if isinstance(item, kind)]
    assert len(found) == 1
    return found[0]


def test_a_circle_appears_fades_in_and_its_approach_circle_closes(stage):
    appears = 1000 - PREEMPT_MS
    assert stage.at(appears - 1).objects == ()
    at_first, halfway = (the(Circle, stage.at(appears + t)) for t in (0, FADE_IN_MS / 2))
    assert (at_first.alpha, at_first.approach) == (0.0, 4.0)
    assert halfway.alpha == pytest.approx(0.5)
    assert halfway.approach == pytest.approx(1 + 3 * (750 - 200) / 750)
    assert (halfway.x, halfway.y, halfway.number, halfway.scale) == (100, 100, 1, 1)


def test_a_hit_circle_bursts_when_it_is_pressed_not_at_its_time(stage):
    before, after = stage.at(1019), stage.at(1020 + BURST_MS / 2)
    assert [c.scale for c in before.objects if c.number == 1] == [1.0]
    (bursting,) = [c for c in after.objects if c.number == 1]
    assert bursting.scale > 1 and bursting.alpha == pytest.approx(0.5)
    assert all(c.number != 1 for c in stage.at(1020 + BURST_MS + 1).objects)
    assert (before.pops, before.combo, len(before.errors)) == ((), 0, 0)
    assert [(p.x, p.y, p.result) for p in after.pops] == [(100, 100, 300)]
    assert (after.combo, after.accuracy) == (1, 1.0)
    assert after.errors[:, 0].tolist() == [20.0]


def test_a_circle_nobody_presses_is_a_miss_once_its_window_is_over():
    scene_at = Stage(small_map(), small_replay(second=False)).at
    assert [p.result for p in scene_at(1500 + 129).pops] == []
    missed = scene_at(1500 + 140)
    assert [(p.x, p.result) for p in missed.pops] == [(200, 0)]
    assert (missed.combo, missed.accuracy) == (0, 0.5)  # one 300, one miss
    assert all(c.scale == 1 for c in missed.objects if isinstance(c, Circle))


def test_a_late_press_is_a_100_and_the_accuracy_says_so():
    scene = Stage(small_map(), small_replay(late_ms=50)).at(1560)
    assert scene.accuracy == pytest.approx(100 / 300)  # both circles, 50 ms: beyond 38
    assert scene.errors[:, 0].tolist() == [50.0, 50.0]
    assert scene.unstable_rate == 0.0


def test_the_ball_goes_and_comes_back_and_ticks_and_arrow_follow_it(stage):
    going, coming = the(Slider, stage.at(2250)), the(Slider, stage.at(2750))
    assert going.ball == pytest.approx((170, 200)) and coming.ball == pytest.approx((170, 200))
    early, late = the(Slider, stage.at(2100)), the(Slider, stage.at(2600))
    assert np.allclose(early.ticks, [(170, 200)]) and np.allclose(late.ticks, [(170, 200)])
    assert the(Slider, stage.at(2300)).ticks == ()
    ((x, y, direction),) = early.arrows  # one reversal, at the end, pointing back to the left
    assert (x, y, abs(direction)) == pytest.approx((240, 200, np.pi))
    assert late.arrows == ()


def test_the_follow_circle_needs_a_key_and_the_cursor():
    beatmap = small_map()
    assert the(Slider, Stage(beatmap, small_replay()).at(2500)).follow == pytest.approx(2.4)
    early_release = Stage(beatmap, small_replay(late_ms=-900.0))  # keys up long before
    assert the(Slider, early_release.at(2500)).follow == 0.0


def test_the_spinner_turns_with_the_cursor(stage):
    spinner = the(Spinner, stage.at(5020))
    # 300 rpm is five turns a second; the key is down from 4020 on. From frame to frame it turns a
    # tenth: whether the frame of the press counts is open.
    assert spinner.turns == pytest.approx(5.0, abs=0.1001)
    assert spinner.rpm == pytest.approx(SPIN_RPM, rel=1e-3)
    assert spinner.left == pytest.approx(1 - 1020 / 2000)
    assert (spinner.x, spinner.y) == (256, 192)


def test_the_cursor_its_trail_and_the_keys(stage):
    scene = stage.at(1250)  # halfway between the two circles
    assert scene.cursor == pytest.approx((150, 100), abs=1e-4)
    assert np.allclose(scene.trail[0], scene.cursor)
    assert (np.diff(scene.trail[:, 0]) <= 1e-6).all()  # newest first, so x falls
    assert (scene.keys, scene.presses) == ((False, False), (1, 0))
    assert (stage.at(1525).keys, stage.at(1525).presses) == ((False, True), (1, 1))


def test_without_a_replay_everything_is_hit_on_time_and_nobody_plays():
    stage = Stage(small_map())
    scene = stage.at(1000 + BURST_MS / 2)
    assert scene.cursor is None and scene.pops == () and len(scene.trail) == 0
    assert [c.alpha for c in scene.objects if c.number == 1] == pytest.approx([0.5])
    assert the(Slider, stage.at(2500)).follow == pytest.approx(2.4)


def test_hidden_has_no_approach_circles_and_hides_the_objects():
    stage = Stage(small_map(), small_replay(mods=Mods.HD))
    appears = 1000 - PREEMPT_MS
    for since, alpha in ((0.2, 0.5), (0.4, 1.0), (0.55, 0.5), (0.7, 0.0), (0.9, 0.0)):
        shown = stage.at(appears + since * PREEMPT_MS).objects
        (circle,) = [c for c in shown if c.number == 1]
        assert circle.approach == 0
        assert circle.alpha == pytest.approx(alpha, abs=1e-9)


def test_the_replay_decides_the_mods():
    flipped = Stage(small_map(), small_replay(mods=Mods.HR)).at(900)
    assert [c.y for c in flipped.objects if c.number == 1] == [384 - 100]
    # Under DT the same 300 turns a minute of map time are 450 of real time.
    fast = Stage(small_map(), small_replay(mods=Mods.DT)).at(5020)
    assert the(Spinner, fast).rpm == pytest.approx(1.5 * SPIN_RPM, rel=1e-3)


def test_who_quits_leaves_objects_that_pop_nothing():
    stage = Stage(small_map(), small_replay(last_ms=1300))
    scene = stage.at(3200)
    assert scene.pops == () and scene.combo == 1 and scene.accuracy == 1.0


def test_earlier_objects_lie_above_later_ones(stage):
    numbers = [item.number for item in stage.at(950).objects]
    assert numbers == [2, 1]  # painted in this order


def test_every_moment_of_a_whole_map_can_be_asked_for():
    """Opacities stay in 0 to 1 and positions finite, before, within and after."""
    beatmap = small_map().with_mods(Mods.DT)
    stage = Stage(beatmap, auto_play(beatmap))
    for t_ms in np.arange(-3000.0, 9000.0, 37.0):
        scene = stage.at(t_ms)
        assert 0 <= scene.progress <= 1 and 0 <= scene.accuracy <= 1
        assert np.isfinite(scene.cursor).all() and np.isfinite(scene.trail).all()
        for item in scene.objects:
            assert 0 <= item.alpha <= 1
            circle = item.head if isinstance(item, Slider) else item
            if isinstance(circle, Circle):
                assert 0 <= circle.approach <= 4 and 1 <= circle.scale < 2


def test_the_combo_counts_the_parts_of_a_slider_when_they_are_hit():
    """The small map's slider begins at 2000: its head, a tick or repeat each, and its end."""
    stage = Stage(small_map(), small_replay())
    before, after = stage.at(1990.0).combo, stage.at(3100.0).combo
    combos = [stage.at(t).combo for t in np.arange(1990.0, 3100.0, 5.0)]
    assert set(range(before, after + 1)) == set(combos) and combos == sorted(combos)
    assert after - before > 2
    assert max(stage.judgement.combo_steps[:, 1]) == stage.judgement.max_combo


def test_under_flashlight_only_the_cursors_neighbourhood_is_seen():
    lit = Painter([Stage(small_map(), small_replay())], 640, 480)
    dark = Painter([Stage(small_map().with_mods(Mods.FL), small_replay(mods=Mods.FL))], 640, 480)
    lit, dark = (np.asarray(painter.paint(400.0)).astype(int) for painter in (lit, dark))
    pane = Painter([Stage(small_map(), small_replay())], 640, 480)._panes[0]
    x, y = pane.px(100, 100)  # where the cursor rests
    away = np.hypot(np.arange(640) - x, np.arange(480)[:, None] - y) / pane.scale
    field = np.zeros((480, 640), bool)
    (left, top), (right, bottom) = (pane.px(*corner) for corner in ((0, 0), (512, 340)))
    field[round(top) : round(bottom), round(left) : round(right)] = True
    same = (lit == dark).all(axis=2)
    assert same[field & (away < 155)].all()
    assert np.unique(dark[field & (away > 205)].reshape(-1, 3), axis=0).tolist() == [list(NIGHT)]


@pytest.mark.parametrize(("combo", "sight_px"), [(0, 200.0), (99, 200.0), (100, 162.5), (250, 125)])
def test_flashlight_closes_in_as_the_combo_grows(combo, sight_px):
    stage = Stage(small_map().with_mods(Mods.FL), small_replay(mods=Mods.FL))
    assert stage._sight_px(combo) == sight_px
    assert Stage(small_map(), small_replay())._sight_px(combo) is None


def test_over_one_field_every_play_has_a_caption_in_its_colour_and_generated_ones_say_so():
    human = Stage(small_map(), small_replay())
    made = Stage(small_map(), replace(small_replay(), player="osu-players/rnn"))
    pane = Painter([made, human, human], 640, 480, ["rnn 7", "a", "b"], True)._panes[0]
    colours = play_colours(3)
    assert pane._captions("b") == [
        ("rnn 7 - osu-players/rnn", colours[0]), ("a", colours[1]), ("b", colours[2])
    ]  # fmt: skip
    pane = Painter([made] * 30 + [human], 640, 480, [""] * 31, True)._panes[0]
    assert pane._captions("")[-1][0] == "and 19 more, 19 of them generated"
