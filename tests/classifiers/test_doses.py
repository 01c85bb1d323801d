"""The graded faults, each at every dose, and the rows of their table."""

from types import SimpleNamespace as Of

import pytest

from osu.classifiers.doses import FAULTS, dose_header, dose_row
from osu.formats.replay import dump_replay, parse_replay
from tests.likeness.test_faults import MAP, hand, presses


@pytest.mark.parametrize("name", FAULTS)
def test_every_dose_gives_a_file_that_the_game_would_read(name):
    for dose in FAULTS[name].doses:
        faulty = FAULTS[name].put(hand(), MAP, dose, 0)
        again = parse_replay(dump_replay(faulty))
        assert not again.left_out
        assert len(presses(again)) == len(MAP.start_ms)


def test_a_row_has_a_cell_for_every_head():
    value = Of(value=0.5)
    unit = Of(accuracy=value, auc=value)
    report = Of(
        evidence={1: Of(windows={16: unit}, plays=unit)},
        trees={"written": Of(auc=value), "notes": Of(auc=value)},
        moments=Of(moments=value, plays=value),
    )
    head = dose_header((Of(value="as recorded"),)).splitlines()[0]
    assert dose_row("presses timed", 0.4, report).count("|") == head.count("|")
