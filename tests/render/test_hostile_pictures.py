"""Maps and replays made to be slow to draw: a picture in time, or as if they were ordinary.

Time limits are several times what a busy core takes; before, the first slider took 21 s and 4 GB.
"""

import dataclasses
import time
import tracemalloc

import numpy as np
import pytest

from osu.formats.beatmap import parse_beatmap
from osu.render.painter import Painter
from osu.render.scene import Stage
from osu.render.sprites import COMBO, slider_body
from tests.rules.plays import HEAD
from tests.rules.test_judge_hostile import replay_of

ZIGZAG = "|".join(f"{500 * (i % 2)}:{i % 380}" for i in range(250))
MAPS = {
    "far": "0,0,1000,2,0,L|20000:20000,1,28000",
    "outside": "0,0,1000,2,0,L|-9000:-9000|-100000:20,1,120000",
    "zigzag": f"0,0,1000,2,0,L|{ZIGZAG},1,120000",
    "many": "\n".join(
        f"{i % 500},9,{1000 + i // 20},2,0,L|{i % 300}:{i % 380},1,300" for i in range(3000)
    ),
    "ticks": "0,0,1000,2,0,L|90000:0,1,90000",
    "circles": "\n".join(f"{i % 500},{i % 380},{1000 + i // 99},1,0" for i in range(20_000)),
}


def fast(text: str):
    rates = {"HPDrainRate:5": "HPDrainRate:0", "CircleSize:4": "CircleSize:7", "0,1000,4": "0,6,4"}
    head = HEAD
    for before, after in rates.items():
        head = head.replace(before, after, 1)
    return parse_beatmap((head.replace("SliderTickRate:1", "SliderTickRate:8") + text).encode())


@pytest.mark.parametrize("name", MAPS)
def test_pictures_of_slow_maps_come_in_time(name):
    stage = Stage(fast(MAPS[name]))
    tracemalloc.start()
    began = time.monotonic()
    painter = Painter([stage], 800, 600)
    for t_ms in (1010.0, 1020.0):
        painter.paint(t_ms)
    took, (_, peak) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 8 and peak < 300e6


def test_a_clipped_body_is_the_whole_one_inside_the_frame():
    path = np.array([[-50.0, 20.0], [150.0, 90.0], [260.0, -40.0]])
    clipped = slider_body(path, 30.0, COMBO[0], (200, 100))
    whole = slider_body(path + 100, 30.0, COMBO[0], (1000, 1000))
    assert (clipped.left, clipped.top, clipped.mask.size) == (0, 0, (200, 100))
    left, top = 100 - whole.left, 100 - whole.top
    box = (left, top, left + 200, top + 100)
    # Along the path points are taken at steps, the same ones: but for rounding nothing differs.
    for one, other in ((clipped.mask, whole.mask), (clipped.paint, whole.paint)):
        difference = np.abs(np.asarray(one, int) - np.asarray(other.crop(box), int))
        assert difference.max() <= 8 and difference.mean() < 0.05


def test_cursors_beyond_all_numbers_and_endless_names():
    replay = replay_of(range(0, 3000, 16))
    xy = replay.xy.copy()
    xy[::3], xy[1::3] = 3e38, -3e38
    replay = dataclasses.replace(replay, xy=xy, player="x" * 10**5)
    stage = Stage(fast("100,100,1000,1,0\n256,192,1500,12,0,2500"), replay)
    painter = Painter([stage], 800, 600, [replay.player])
    for t_ms in (500.0, 1000.0, 2000.0):
        painter.paint(t_ms)
