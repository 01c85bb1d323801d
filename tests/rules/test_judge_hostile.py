"""Plays made to hurt the judge: a judgement or one sentence, within seconds.

Time limits are several times what a busy core takes; before the work was counted, the files below
took minutes.
"""

import dataclasses
import time

import numpy as np
import pytest

from osu.formats.mods import Mods
from osu.formats.replay import build_replay
from osu.rules.judge import JudgeError, judge
from tests.rules.plays import HEAD, beatmap_of, parse_beatmap, play

SPINNER = "256,192,1000,12,0,{end},0:0:0:0:"


def replay_of(t_ms, keys=0, life=()):
    t_ms = np.asarray(t_ms)
    xy = np.column_stack([256 + 50 * np.cos(t_ms / 20), 192 + 50 * np.sin(t_ms / 20)])
    keys = np.broadcast_to(np.asarray(keys), len(t_ms))
    replay = build_replay("0" * 32, "p", Mods(0), np.sort(t_ms), xy, keys, 0, 0)
    life = np.array(life, float).reshape(-1, 2)
    return dataclasses.replace(replay, delta_ms=np.diff([0, -1, *t_ms], prepend=0), life=life)


def test_a_life_bar_that_ends_after_all_time():
    judged = judge(beatmap_of("100,100,1000,1,0"), replay_of([0, 500], life=[(0, 1), (1e30, 0)]))
    assert judged.nmiss == len(judged.result)


def test_frames_far_backwards_within_a_spinner():
    t_ms = [*range(0, 1500, 16), *([1500, -(10**7)] * 20), *range(1500, 4000, 16)]
    judged = judge(beatmap_of(SPINNER.format(end=3000)), replay_of(t_ms, keys=1))
    assert np.isfinite(judged.spinner_turns).all()


@pytest.mark.parametrize(
    ("objects", "t_ms", "keys", "what"),
    [
        ([SPINNER.format(end=400_000)] * 1000, range(0, 400_000, 16), 1, "spinners"),
        (["9,9,{},1,0"] * 40_000, range(0, 50_000, 10), [0, 1] * 2500, "presses"),
        (["0,0,1000,2,0,L|" + "|".join(f"{x % 2}:{x}" for x in range(600)) + ",9000,600"],
         range(0, 2000, 16), 1, "slider paths"),
    ],
)  # fmt: skip
def test_what_would_take_minutes_is_a_sentence_at_once(objects, t_ms, keys, what):
    lines = (line.format(40_000 + i // 20) for i, line in enumerate(objects))
    beatmap = parse_beatmap(
        (HEAD.replace("ApproachRate:5", "ApproachRate:0") + "\n".join(lines)).encode()
    )
    replay = replay_of(list(t_ms), keys)
    began = time.monotonic()
    with pytest.raises(JudgeError, match=what):
        judge(beatmap, replay)
    assert time.monotonic() - began < 5


def test_lazer_s_spinners_are_counted_too():
    beatmap = parse_beatmap((HEAD + "\n".join([SPINNER.format(end=400_000)] * 1000)).encode())
    replay = dataclasses.replace(replay_of(range(0, 400_000, 16), 1), version=30000016)
    began = time.monotonic()
    with pytest.raises(JudgeError, match="far more steps"):
        judge(beatmap, replay)
    assert time.monotonic() - began < 5


def test_a_slider_of_many_parts_is_judged_by_lazer_s_rules_in_time():
    """100,000 of them: each was compared with all before, which took a minute."""
    line = "100,100,1000,2,0,L|110:100,9000,10"
    beatmap = parse_beatmap((HEAD + "\n".join([line] * 11)).encode())
    assert len(beatmap.event_ms) > 90_000
    replay = dataclasses.replace(replay_of(range(0, 90_000, 16), 1), version=30000016)
    began = time.monotonic()
    judge(beatmap, replay)
    assert time.monotonic() - began < 10


def test_the_drain_of_a_map_of_50_000_objects_is_found_in_time():
    beatmap = parse_beatmap(
        (
            HEAD.replace("Rate:5", "Rate:10", 1)
            + "\n".join(f"{i % 500},9,{i * 20},1,0" for i in range(50_000))
        ).encode()
    )
    judged = play(beatmap, (0, 0, 0, 0))
    began = time.monotonic()
    assert len(judged.life_after)
    assert time.monotonic() - began < 10
