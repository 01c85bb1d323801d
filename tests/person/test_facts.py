"""What plays show of a person. The person is the machine of osu/players/auto.py, whose habits its
file states: exact presses in turn, circles held for 60 ms, spins at 400 rpm and 50 px."""

import dataclasses

import numpy as np
import pytest

from osu.data.dataset import PlaySet
from osu.features.recorder import Recorder
from osu.features.style import Spin
from osu.person.facts import Facts, by_tempo, facts_of, lines_of
from osu.person.picture import person_figure
from osu.players.auto import AUTO_SPIN_RPM, CIRCLE_HOLD_MS, SPIN_RADIUS_PX


@pytest.fixture(scope="module")
def facts(cache) -> Facts:
    plays = PlaySet(cache)
    return facts_of(plays, np.array([i for i, p in enumerate(plays.plays) if p.player == "one"]))


def test_presses_are_on_time_and_alternate(facts):
    # A press is at the rounded ms of a start: half a ms off, and half a ms of the file's times.
    assert np.abs(facts.offset_ms).max() <= 1.01
    # Object i has key i % 2; spinners between them leave no row, so that two may have one key.
    assert np.nanmean(facts.other_finger) > 0.97
    assert abs(facts.first_finger.mean() - 0.5) < 0.05
    assert all(rate <= 10 * 1.01 for _, _, _, rate, _ in by_tempo(facts))


def test_circles_are_held_as_long_as_the_machine_holds_them(facts):
    held = facts.hold_ms[np.isfinite(facts.hold_ms)]
    # Whole ms at both ends; shorter only where the same key is needed again.
    assert abs(np.median(held) - CIRCLE_HOLD_MS) <= 1.01 and held.max() <= CIRCLE_HOLD_MS + 1.01


def test_it_aims_at_the_middle(facts):
    # The cursor lies on the 60 Hz grid: between two frames a straight line is not its way, of which
    # a turn at an object cuts off at most a frame's half.
    assert np.abs(np.median(facts.aim_xy, 0)).max() < 0.02


def test_it_spins_as_the_machine_does(facts):
    assert len(facts.spins)
    assert facts.spins[:, Spin.RPM] == pytest.approx(AUTO_SPIN_RPM, rel=0.02)  # of a few turns
    assert facts.spins[:, Spin.RADIUS_PX] == pytest.approx(SPIN_RADIUS_PX, rel=0.02)
    assert "clockwise in 100 %" in "\n".join(lines_of(facts))


def test_where_one_aims_is_told_in_the_ways_frame(facts):
    """Plays whose cursor is moved: to the right on the screen, which is beyond the object for ways
    to the right and short of it for ways to the left."""
    moved = dataclasses.replace(facts, aim_xy=facts.aim_xy + np.array([0.3, 0.0]))
    where = next(line for line in lines_of(moved) if line.startswith("where"))
    assert "0.30 right" in where


def test_ten_lines_and_a_picture(facts):
    assert len(lines_of(facts)) == 10
    assert person_figure(facts).startswith(b"\x89PNG")


def test_too_few_presses_say_little(facts):
    few = dataclasses.replace(facts, offset_ms=facts.offset_ms[:5])
    assert len(lines_of(few)) == 2
    unknown = np.full((1, len(Recorder)), np.nan)
    nothing = dataclasses.replace(
        facts, spins=facts.spins[:0], recorders=unknown, idle_px_s=np.array([np.nan])
    )
    text = "\n".join(lines_of(nothing))
    assert "none was seen" in text and "no break" in text and "too short plays" in text
    assert person_figure(nothing).startswith(b"\x89PNG")
