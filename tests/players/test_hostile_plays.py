"""Maps too long to play, names too long for a file, and what ends a generation: one line."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

import generate
from osu.features.chart import chart_of
from osu.files import write_atomic
from osu.formats.beatmap import BeatmapError, parse_beatmap
from osu.formats.mods import Mods
from osu.formats.replay import ReplayError, build_replay, save_replay
from osu.formats.replay_frames import MAX_FRAMES
from osu.players.auto import auto_play
from osu.players.naming import play_file_name
from tests.rules.plays import HEAD

HOUR_MS = 3_600_000


def map_until(end_ms: int, title: str = "t"):
    text = HEAD.replace("Title:t", f"Title:{title}") + f"100,100,0,1,0\n200,200,{end_ms},1,0\n"
    return parse_beatmap(text.encode())


@pytest.mark.parametrize("play", [auto_play, chart_of])
def test_above_two_hours_of_real_time_a_map_is_not_played(play):
    with pytest.raises(BeatmapError, match=r"3\.0 hours; at most two"):
        play(map_until(3 * HOUR_MS))
    with pytest.raises(BeatmapError, match=r"23\.\d hours"):
        play(map_until(23 * HOUR_MS))
    long = map_until(int(2.9 * HOUR_MS))
    with pytest.raises(BeatmapError):
        play(long)
    assert play(long.with_mods(Mods.DT))


def test_the_longest_play_of_the_most_objects_has_few_enough_frames():
    frames = len(auto_play(map_until(2 * HOUR_MS - 10_000)).keys)
    assert frames > 430_000
    assert frames + 2 * 45_000 < MAX_FRAMES  # a press and a release each; real maps have 6,503


@pytest.mark.parametrize("what", ["frames", "time", "life"])
def test_what_could_not_be_read_is_not_written(what, tmp_path):
    count = 600_000 if what == "frames" else 10
    t_ms = np.arange(count) + (2 * 10**8 if what == "time" else 0)
    life = np.tile([100.0, 1.0], (300_000, 1)) if what == "life" else np.zeros((0, 2))
    zeros = np.zeros((count, 2))
    with pytest.raises(ReplayError):
        replay = build_replay("0" * 32, "p", Mods(0), t_ms, zeros, zeros[:, 0], 0, 0, life=life)
        save_replay(replay, tmp_path / "a.osr")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("title", ["曲" * 118, "é" * 200, "a" * 500, "\x1b[31m\u202e" * 50, ""])
def test_file_names_fit_the_disk_in_bytes(title, tmp_path):
    name = play_file_name("diffusion-曲" + "ü" * 100 + " 7", map_until(1000, title))
    write_atomic(tmp_path / name, b"x")
    assert name.isprintable() and len(os.fsencode(name)) <= 255


def test_a_name_as_people_have_them_is_left_alone():
    assert play_file_name("rnn 7", map_until(1000, "Ä 曲")) == "a - Ä 曲 [v] NM (rnn 7).osr"


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 2, "No space left on device"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_how_a_generation_ends(error, status, line, tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise error

    monkeypatch.setattr(os, "replace", fail)

    monkeypatch.setattr(
        generate.engine, "load_player", lambda *_: type("P", (), {"generate": _auto})()
    )
    assert generate.main(["-o", str(tmp_path)]) == status
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and line in said
    assert not list(Path(tmp_path).iterdir())


def _auto(self, beatmap, seed, options, on_progress):
    from osu.players.auto import generate_auto

    return generate_auto(beatmap)


def test_a_target_that_no_file_can_have_is_refused_before_the_playing(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(generate.engine, "load_player", lambda *_: None)  # playing would raise
    assert generate.main(["-o", str(tmp_path / ("x" * 300 + ".osr"))]) == 2
    assert "File name too long" in capsys.readouterr().err
