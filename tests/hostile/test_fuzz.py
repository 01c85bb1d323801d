"""The first inputs of bench.fuzz, and those that once found a fault: nothing is wrong with them.

The alarm is there so that a hang ends; no time is asserted. Beside them it is shown that what must
be noticed is: an input that raises, hangs, prints an escape or leaves a good file out.
"""

import random
import time

import pytest

from tests.hostile.entries import ENTRIES, HangError, built, fault
from tests.hostile.folder import BadAmongGood

ALARM_S = 60.0
# Entry -> how many inputs from 0 on, and seeds of faults that were found in commit 36dc5d2.
INPUTS = {
    "songs": (100, (129, 1122)),
    "judge": (15, (71, 157, 163)),
    "prepare": (8, (234, 759, 1066)),
    "likeness": (6, (145, 489, 497)),
    "index": (30, ()),
    "installation": (4, (1503, 600441)),
    "cache": (
        30,
        (36, 50, 53, 55, 56, 77, 81, 87, 106, 109, 118, 128, 140, 147, 182, 215, 280, 381, 2465),
    ),
    "models": (10, (19, 37, 66, 80, 146)),
    "resume": (1, (3, 7, 3000048)),
    "opened": (10, (282,)),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_bad_file_costs_nothing_but_itself(name):
    count, seeds = INPUTS[name]
    with built(name) as one:
        said = {seed: fault(name, one, seed, ALARM_S) for seed in (*range(count), *seeds)}
    assert {seed: what for seed, what in said.items() if what} == {}


def test_a_seed_makes_the_same_folder_again(tmp_path):
    folders = [BadAmongGood(tmp_path / name) for name in "ab"]
    for seed in range(20):
        made = []
        for folder in folders:
            folder.spoil(random.Random(seed))
            files = sorted(p for p in folder.root.iterdir() if p.is_file() and not p.is_symlink())
            made.append([(p.name, p.read_bytes()) for p in files if p.stat().st_size < 1 << 20])
        assert made[0] == made[1]


def raises(_) -> None:
    raise KeyError("x")


def catches_what_it_can(_) -> None:
    try:
        time.sleep(30)
    except Exception:
        pytest.fail("the alarm is an Exception")


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (lambda _: None, ""),
        (lambda _: print("a title\twith a tab"), ""),
        (lambda _: print("a title \x1b[2J"), "prints an escape sequence"),
        (lambda _: print("\udcff"), "UnicodeEncodeError in "),
        (raises, "KeyError in "),
        (lambda _: exit("evaluate.py: b.osr: no /tmp/b '12'"), "ends with \"no '...' '...'\""),
        (catches_what_it_can, "hangs in "),
    ],
)
def test_what_a_user_must_not_meet_is_noticed(one, said):
    assert fault("any", one, 0, limit_s=0.2) == said


def test_a_hang_is_no_error_that_a_program_catches():
    assert not issubclass(HangError, Exception)
