"""Everybody who takes a replay asks what it is: judge, preparation, report, --like, window, live.

The files are those of tests/cases; what each is, tests/formats/test_play_kind.py says.
"""

import csv
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

import evaluate
import generate
from osu.data.prepare import prepare
from osu.data.shards import read_plays
from osu.formats.beatmap import load_beatmap
from osu.formats.replay import load_replay
from osu.gui.messages import OpenReplay
from osu.gui.worker import Worker
from osu.likeness.human_plays import read_humans
from osu.live.plan import LiveError, Rect, make_plan
from osu.players.options import OptionError, liked_play

CASES = Path(__file__).parent / "cases"
BASE = load_beatmap(CASES / "base.osu")
NOT_HUMAN = {
    "A_relax": "relax",
    "A_autopilot": "autopilot",
    "A_autoplay": "autoplay",
    "A_mode_taiko": "osu!taiko",
    "A_mode_catch": "osu!catch",
    "B_target_no_double": "target practice",
    "A_own_generated": "made by this program",
}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory):
    """The cases as a folder with an index.csv."""
    folder = tmp_path_factory.mktemp("indexed")
    (folder / "replays").mkdir()
    (folder / "beatmaps").mkdir()
    for name in ("base", "A_zero_counts_map"):
        shutil.copy(CASES / f"{name}.osu", folder / "beatmaps")
    with open(folder / "index.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["split", "replay", "beatmap"])
        for name in (*NOT_HUMAN, "A_zero_counts", "A_lazer_dt_1.2", "A_scorev2", "base"):
            shutil.copy(CASES / f"{name}.osr", folder / "replays")
            beatmap = "A_zero_counts_map" if name == "A_zero_counts" else "base"
            rows.writerow(["train", f"{name}.osr", beatmap])
    return folder


def test_preparation_skips_what_no_hand_played_and_counts_it(indexed, tmp_path, capsys):
    cache = prepare([indexed], tmp_path / "cache", jobs=1)
    skipped = capsys.readouterr().out
    for said in NOT_HUMAN.values():
        assert skipped.count(said) == 1, said
    assert (cache / "players.json").read_text().startswith('{"someone"')
    plays = {Path(play["replay"]).stem: play for play in read_plays(cache / "shard-00000.npz")}
    assert plays.keys() == {"A_zero_counts", "A_lazer_dt_1.2", "A_scorev2", "base"}
    assert plays["A_lazer_dt_1.2"]["frames"] == pytest.approx(390, abs=30)
    assert np.isnan(plays["A_zero_counts"]["accuracy"])  # unknown, not 0


def test_the_report_skips_them_too_and_what_it_cannot_compare(indexed):
    humans, skipped = read_humans(str(indexed))
    (human,) = humans  # the others last less than ten seconds
    assert human.accuracy == 1  # judged: its header has no counts
    text = "\n".join(f"{count} {reason}" for reason, count in skipped.items())
    for said in (*NOT_HUMAN.values(), "settings"):
        assert said in text, said


def test_the_judge_says_why_and_what_was_left_out():
    records, skipped = evaluate.judge_files([str(CASES)], [str(CASES)])
    table = evaluate.as_table(records, skipped)
    for name, said in NOT_HUMAN.items():
        judged = any(Path(record.file).stem == name for record in records)
        assert judged == (name == "A_own_generated") != (said in "\n".join(skipped)), name
    for said in ("left out: its life bar", "not judged: it has no frames", "?/52"):
        assert said in table, said
    assert "not compared: counts, which the header lacks: 1 replays" in table


@pytest.mark.parametrize(("name", "said"), [*NOT_HUMAN.items(), ("A_two_frames", "two seconds")])
def test_nobody_plays_like_what_no_hand_played(name, said, capsys, tmp_path):
    path = str(CASES / f"{name}.osr")
    assert generate.main([str(CASES / "base.osu"), "--like", path, "-o", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    with pytest.raises(OptionError, match=said):
        liked_play(name, load_replay(path), BASE)


def test_without_counts_one_is_liked_by_what_was_judged():
    beatmap = load_beatmap(CASES / "A_zero_counts_map.osu")
    names = ("A_zero_counts", "A_zero_counts_full_header")
    bare, full = (liked_play(n, load_replay(CASES / f"{n}.osr"), beatmap).replay for n in names)
    assert bare.accuracy == full.accuracy == 1
    assert bare.xy.tobytes() == full.xy.tobytes()  # all else that a person is read from


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("base", ""),
        ("A_relax", "it was played with relax, under which the game presses the keys"),
        ("A_scorev2", "its score is ScoreV2, which is not counted here"),
        ("B_life_fraction", "left out: its life bar, which is damaged"),
    ],
)
def test_the_window_shows_a_replay_with_a_word(name, said):
    (event,) = [e for e in opened(name) if type(e).__name__ == "ReplayOpened"]
    assert event.remark == said


def test_the_window_refuses_other_game_modes():
    (event,) = [e for e in opened("A_mode_taiko") if type(e).__name__ == "Failed"]
    assert "osu!taiko" in event.sentence


def opened(name: str) -> list:
    worker, events = Worker(engine=NoEngine), []
    worker.post(OpenReplay(str(CASES / f"{name}.osr")))
    while worker.state != "idle":
        events += worker.poll()
        time.sleep(0.005)
    worker.close()
    return events


class NoEngine:
    @staticmethod
    def list_models() -> list:
        return []


def test_live_play_takes_the_rate_of_the_details_and_no_other_game_mode():
    field = Rect(0, 0, 512, 384)
    assert make_plan(load_replay(CASES / "A_lazer_dt_1.2.osr"), field).rate == 1.2
    with pytest.raises(LiveError, match="osu!taiko"):
        make_plan(load_replay(CASES / "A_mode_taiko.osr"), field)
