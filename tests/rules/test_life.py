"""osu/rules/life.py: the drain a map gets, what judgements give and take, the bar in a header."""

import csv

import numpy as np
import pytest

from osu.features.chart import chart_of
from osu.features.play import encode_play
from osu.features.recorder import Recorder
from osu.formats.beatmap import load_beatmap, parse_beatmap
from osu.formats.mods import Mods
from osu.formats.replay import clean_frames, dump_replay, load_replay, parse_replay
from osu.players.auto import auto_play
from osu.players.generated import finish_play
from osu.rules.judge import judge, judge_frames
from osu.rules.life import FULL, drained_ms, find_drain, life_bar
from tests.conftest import SAMPLE
from tests.paths import SHARED as DATA
from tests.rules.plays import HEAD, beatmap_of, play

CIRCLES = [f"{100 + 20 * i},100,{1000 + 500 * i},1,0,0:0:0:0:" for i in range(12)]


def test_a_faultless_play_passes_the_game_s_own_targets():
    """At HP 5 a faultless play never falls to 160 of 200 (ppy/osu, LegacyDrainingHealthProcessor:
    0.8). The last map's drain is the first try of the game, which needs no leniency there."""
    for lines in (CIRCLES, [*CIRCLES, "256,192,9000,12,0,12000,0:0:0:0:"]):
        beatmap = beatmap_of(*lines)
        after = judge(beatmap, auto_play(beatmap)).life_after
        assert after[:, 1].min() > 160 / FULL
        assert find_drain(beatmap).per_ms <= 0.05


def test_a_miss_at_hp_5_costs_an_eighth_and_only_drain_is_between():
    """ppy/osu, OsuLegacyHealthProcessor: a miss takes .125 of the bar at HP 5, a 300 gives .03."""
    beatmap = beatmap_of(*CIRCLES)
    drain = find_drain(beatmap)
    after = play(beatmap, (0, 0.0, 0.0, 0)).life_after
    lost = -np.diff(after[:, 1], prepend=after[0, 1])[1:4]
    waited = np.diff(after[:4, 0]) * drain.per_ms / FULL
    assert lost == pytest.approx(0.125 + waited, abs=1e-12)
    assert after[-1, 1] == 0  # eight misses are a whole bar


def test_the_bar_has_no_two_points_within_two_seconds():
    after = np.column_stack([[0, 1000, 2000, 2001, 2500, 4002], np.linspace(1, 0, 6)])
    assert life_bar(after)[:, 0].tolist() == [0, 2001, 4002]
    assert life_bar(after[:0]).shape == (0, 2)


def test_a_play_without_frames_has_no_bar():
    beatmap = beatmap_of(*CIRCLES)
    nothing = judge_frames(beatmap, np.zeros(0), np.zeros((0, 2)), np.zeros(0, int))
    assert nothing.life_after.shape == (0, 2)


def test_a_stamped_replay_read_again_is_judged_to_the_same_header():
    beatmap = beatmap_of(*CIRCLES, "256,192,9000,12,0,12000,0:0:0:0:")
    replay = parse_replay(dump_replay(auto_play(beatmap)))
    again = judge(beatmap, replay).stamp(replay)
    assert len(replay.life) > 3
    # the file has nine digits
    assert again.life == pytest.approx(replay.life, abs=1e-8)
    assert judge(beatmap, replay).header() == {
        name: getattr(replay, name) for name in judge(beatmap, replay).header()
    }


@pytest.mark.skipif(not DATA.exists(), reason="needs the real replays")
def test_real_life_bars_are_met():
    """What the game recorded, at its own times, in every 40th completed stable replay. All of them
    have 89 % of the points within .05 of the bar; with 20 plays the share is good to .07."""
    with open(DATA / "index.csv", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["completed"] == "1" and r["lazer"] == "0"]
    near = []
    for row in rows[::40]:
        replay = load_replay(DATA / "replays" / row["replay"])
        if len(replay.life) < 6:  # some are stored without a bar
            continue
        beatmap = load_beatmap(DATA / "beatmaps" / f"{row['beatmap']}.osu").with_mods(replay.mods)
        after = judge(beatmap, replay).life_after
        at = np.searchsorted(after[:, 0], replay.life[:, 0], side="right") - 1
        ours = np.where(at >= 0, after[np.maximum(at, 0), 1], 1.0)
        near.append(np.mean(np.abs(ours - replay.life[:, 1]) < 0.05))
    assert np.mean(near) > 0.8


def test_life_drains_neither_before_the_first_object_nor_in_breaks_nor_after_the_last():
    lines = [f"100,100,{t},1,0,0:0:0:0:" for t in (1000, 2000, 9000)]
    text = HEAD + "[Events]\n2,2500,8000\n\n[HitObjects]\n" + "\n".join(lines)
    times = np.array([0, 1000, 1500, 2000, 2200, 2500, 8000, 8500, 9000, 9999])
    for version, drained in ((14, 1000), (7, 1500)):  # before v8 it goes on to the break itself
        beatmap = parse_beatmap(text.replace("v14", f"v{version}").encode())
        by = drained_ms(beatmap, 1000.0, times).tolist()
        assert by[:4] == [0, 0, 500, 1000] and by[5:] == [
            drained, drained, drained + 500, drained + 1000, drained + 1000,
        ]  # fmt: skip


@pytest.mark.parametrize("mods", [Mods(0), Mods.HR | Mods.DT, Mods.EZ | Mods.HT])
def test_what_generate_writes_is_judged_again_to_the_same_header(mods):
    """The last step of every generated play, on a sample map, through the file's bytes."""
    beatmap = load_beatmap(SAMPLE / "circuit.osu").with_mods(mods)
    chart = chart_of(beatmap)
    t_ms, xy, keys = clean_frames(auto_play(beatmap))
    rng = np.random.default_rng(0)
    xy = xy + rng.normal(0, 40, xy.shape)  # misses and losses, too
    play = encode_play(t_ms, xy, keys, chart.start_ms, chart.frames, chart.rate)
    made = finish_play(beatmap, chart, play, None, np.zeros(len(Recorder)), "test", 1)
    replay = parse_replay(dump_replay(made.replay))
    again = judge(beatmap, replay).stamp(replay)
    assert dump_replay(again) == dump_replay(replay)
    assert len(replay.life) > 3 and replay.n300 < len(beatmap.start_ms)
