"""The autoplayer against the map itself.

References: the beatmap's arrays (where and when an object wants what), osrparse reading the file
back, and arithmetic for the spinner. Times are whole ms in a replay and the sample maps' objects
too, so presses are exact; a replay stores float32 positions: 1e-3 px. Between two frames of
16.7 ms at 400 rpm the angle grows by 0.7 rad, so turns are counted without ambiguity.
"""

import numpy as np
import osrparse
import pytest

from osu.formats.beatmap import Kind, load_beatmap
from osu.formats.mods import Mods
from osu.formats.replay import clean_frames, dump_replay, parse_replay, save_replay
from osu.players.auto import AUTO_SPIN_RPM, auto_play
from osu.rules.judge import judge
from tests.paths import SAMPLE as SAMPLES
from tests.small_map import small_map

SAMPLE = sorted(SAMPLES.glob("*.osu"))
MODS = [Mods(0), Mods.DT, Mods.HR | Mods.HD, Mods.EZ | Mods.HT]


PLAYS = [
    pytest.param(path, mods, id=f"{path.stem}-{int(mods)}") for path in SAMPLE for mods in MODS
]


@pytest.mark.parametrize(("path", "mods"), PLAYS)
def test_it_is_where_the_objects_are_and_presses_when_they_are(path, mods):
    beatmap = load_beatmap(path).with_mods(mods)
    t, xy, keys = clean_frames(auto_play(beatmap))
    at = np.searchsorted(t, beatmap.start_ms)
    assert (t[at] == beatmap.start_ms).all()
    down = np.diff(keys.astype(int), prepend=0)
    for i in range(len(beatmap.start_ms)):
        bit = 1 << i % 2
        assert keys[at[i]] & bit and not keys[at[i] - 1] & bit, f"object {i}"
    assert (down[at] != 0).all()
    still = beatmap.kind != Kind.SPINNER
    assert np.abs(xy[at] - beatmap.xy)[still].max() < 1e-3


@pytest.mark.parametrize(("path", "mods"), PLAYS)
def test_it_follows_sliders_and_spins_at_its_speed(path, mods):
    beatmap = load_beatmap(path).with_mods(mods)
    t, xy, keys = clean_frames(auto_play(beatmap))
    for i in np.flatnonzero(beatmap.kind != Kind.CIRCLE):
        on = (t >= beatmap.start_ms[i]) & (t <= beatmap.end_ms[i])
        assert (keys[on] & 1 << i % 2).all()
        if beatmap.kind[i] == Kind.SLIDER:
            ball = beatmap.ball_xy(np.full(on.sum(), i), t[on])
            assert np.abs(xy[on] - ball).max() < 1e-3
        else:
            out = xy[on] - [256, 192]
            turned = np.abs(np.diff(np.unwrap(np.arctan2(out[:, 1], out[:, 0])))).sum()
            real_minutes = (t[on][-1] - t[on][0]) / beatmap.rate / 60_000
            assert turned / (2 * np.pi) / real_minutes == pytest.approx(AUTO_SPIN_RPM, rel=1e-3)


@pytest.mark.parametrize(("path", "mods"), PLAYS)
def test_the_judge_finds_nothing_to_complain_about(path, mods):
    beatmap = load_beatmap(path).with_mods(mods)
    replay = auto_play(beatmap)
    judged = judge(beatmap, replay)
    assert (judged.nmiss, judged.n50, judged.n100) == (0, 0, 0)
    assert np.nanmax(np.abs(judged.hit_error_ms)) == 0
    counts = replay.n300, replay.n100, replay.n50, replay.nmiss, replay.max_combo
    assert counts == (len(beatmap.start_ms), 0, 0, 0, judged.max_combo)
    assert replay.accuracy == 1.0 and replay.score > 0


def test_the_same_map_gives_the_same_bytes_and_says_who_played():
    first, again = (dump_replay(auto_play(small_map())) for _ in range(2))
    assert first == again
    assert parse_replay(first).player == "osu-players/auto"


def test_frames_come_at_a_humans_pace():
    """60 a second and one more at each press and release."""
    for mods in (Mods(0), Mods.DT):
        beatmap = small_map().with_mods(mods)
        t, _, _ = clean_frames(auto_play(beatmap))
        assert np.median(np.diff(t)) / beatmap.rate == pytest.approx(1000 / 60, abs=1)
        assert np.diff(t).max() / beatmap.rate <= 17.4  # a frame's 16.67 ms, in whole map ms


def test_another_reader_reads_it(tmp_path):
    replay = auto_play(small_map())
    save_replay(replay, tmp_path / "auto.osr")
    read = osrparse.Replay.from_path(tmp_path / "auto.osr")
    assert (read.username, read.beatmap_hash) == ("osu-players/auto", small_map().md5)
    assert (read.count_300, read.count_miss, read.max_combo) == (4, 0, replay.max_combo)
