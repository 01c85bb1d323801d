"""The worker without a window: commands in, events out, and nothing left behind.

What is saved is read back with osrparse, which shares no code with osu/.
"""

import threading
import time
from dataclasses import replace
from pathlib import Path

import osrparse
import pytest

from osu.gui import messages as msg
from osu.gui.jobs import PROGRESS_S
from osu.gui.worker import MAX_EVENTS, Worker
from osu.gui.works import Pace, Work
from osu.players.generated import judged_play
from osu.players.options import PlayOptions
from osu.render import scene
from tests.gui.stand_in import PATIENCE_S, Engine, Player, drain, of, wait
from tests.small_map import OSU, small_map, small_replay


def test_the_models_come_unasked(worker):
    events, until = [], time.monotonic() + PATIENCE_S
    while not events:
        events = worker.poll()
        assert time.monotonic() < until
    assert events == [msg.ModelsListed(("a card",))]
    assert worker.state == "idle"


def test_generate_gives_one_play_for_each_seed(worker, engine, map_path):
    worker.post(msg.Generate((msg.OpenMap(map_path),), "rnn", "HD", 5, 3, accuracy=0.9))
    plays = of(msg.Played, drain(worker))
    assert [(p.seed, p.stage.replay.seed) for p in plays] == [(5, 5), (6, 6), (7, 7)]
    assert {p.stage.beatmap.mods for p in plays} == {small_map().with_mods(8).mods}
    assert [asked[2] for asked in engine.player.asked] == [5, 6, 7]
    assert engine.player.asked[0][3] == PlayOptions(accuracy=0.9)
    worker.post(msg.Generate((msg.OpenMap(map_path),), "rnn", "NM", 1, 1))
    drain(worker)
    assert engine.loaded == ["rnn"]  # kept between two commands


@pytest.mark.parametrize("model", ["rnn", "auto"])
def test_a_play_is_not_judged_again_to_be_shown(worker, map_path, monkeypatch, model):
    monkeypatch.setattr(scene, "judge", lambda *args: pytest.fail("judged again"))
    worker.post(msg.Generate((msg.OpenMap(map_path),), model, "HR", 1, 1))
    (played,) = of(msg.Played, drain(worker))
    stage = played.stage
    assert stage.judgement.header() == judged_play(stage.beatmap, stage.replay).judgement.header()


def test_a_batch_saves_replays_that_another_reader_reads(worker, map_path, tmp_path):
    other = Path(map_path).with_name("other.osu")
    other.write_bytes(OSU.replace(b"Version:small", b'Version:a/b:"c"'))
    folder = tmp_path / "out" / "plays"
    maps = (msg.OpenMap(map_path), msg.OpenMap(str(other)))
    worker.post(msg.Generate(maps, "rnn", "NM", 1, 2, folder=str(folder)))
    plays = of(msg.Played, drain(worker))
    assert sorted(p.path for p in plays) == sorted(map(str, folder.iterdir()))
    assert len(plays) == 4
    for play in plays:
        assert osrparse.Replay.from_path(play.path).username == "tester"


def test_a_batch_skips_what_cannot_be_played_and_says_so(worker, map_path):
    bad = Path(map_path).with_name("bad.osu")
    bad.write_bytes(b"not a map")
    maps = (msg.OpenMap(str(bad)), msg.OpenMap(map_path), msg.OpenMap("/gone.osu"))
    worker.post(msg.Generate(maps, "rnn", "NM", 1, 2))
    events = drain(worker)
    assert len(of(msg.Played, events)) == 2
    (failed,) = of(msg.Failed, events)
    assert failed.sentence.startswith("2 of 3 maps could not be played: ")


def test_cancel_ends_the_running_command_and_those_behind_it(worker, engine, map_path):
    engine.player = Player(steps=10_000, step_s=0.01)
    command = msg.Generate((msg.OpenMap(map_path),), "rnn", "NM", 1, 1)
    for _ in range(3):
        worker.post(command)
    events, until = [], time.monotonic() + PATIENCE_S
    while not engine.player.asked:
        events += worker.poll()
        assert time.monotonic() < until
    worker.cancel()
    assert worker.state == "working" and all(work.cancel.is_set() for work in worker.works)
    events += drain(worker)
    assert of(msg.Finished, events) == [msg.Finished(n, cancelled=True) for n in (1, 2, 3)]
    assert of(msg.Played, events) == [] and len(engine.player.asked) == 1
    engine.player.steps = 1
    worker.post(command)  # a later command isn't touched by that
    assert len(of(msg.Played, drain(worker))) == 1


def test_one_work_is_cancelled_and_the_others_go_on(worker, engine, map_path):
    engine.player = Player(steps=10_000, step_s=0.01)
    command = msg.Generate((msg.OpenMap(map_path),), "rnn", "HD", 1, 1)
    for _ in range(3):
        worker.post(command)
    wait(worker, lambda: engine.player.asked)
    engine.player.steps = 1
    assert [work.name for work in worker.works] == ["a play of [small] by rnn under HD"] * 3
    worker.cancel(3)
    worker.cancel(1)
    events = drain(worker)
    assert of(msg.Finished, events) == [
        msg.Finished(1, True), msg.Finished(2, False), msg.Finished(3, True)
    ]  # fmt: skip
    assert len(of(msg.Played, events)) == 1


def test_files_open_and_are_saved_while_a_play_is_made(worker, engine, map_path, tmp_path):
    engine.player = Player(steps=10_000, step_s=0.01)
    worker.post(msg.Generate((msg.OpenMap(map_path),), "rnn", "NM", 1, 1))
    wait(worker, lambda: engine.player.asked)
    worker.post(msg.OpenMap(map_path))
    worker.post(msg.SaveReplay(small_replay(), str(tmp_path / "a.osr")))
    events = wait(worker, lambda: not worker.is_opening())
    assert len(of(msg.MapOpened, events)) == len(of(msg.Saved, events)) == 1
    assert worker.state == "working"
    worker.cancel()
    drain(worker)


def test_a_wished_accuracy_says_which_try_it_is_on(worker, engine, map_path):
    class Tries(Player):
        def generate(self, beatmap, seed, options, on_progress, cancel):
            for share in (0.05, 0.1, 0.3, 0.9):
                on_progress(share)
                time.sleep(1.5 * PROGRESS_S)
            return super().generate(beatmap, seed, options, on_progress, cancel)

    engine.player = Tries()
    worker.post(msg.Generate((msg.OpenMap(map_path),), "rnn", "NM", 1, 1, accuracy=0.95))
    said = [event.text for event in of(msg.Progress, drain(worker))]
    for number in (1, 2, 4):
        assert f"Four Objects [small], seed 1, try {number} of at most 4" in said


def test_what_is_left_of_works_follows_from_how_fast_plays_were_made():
    now = [0.0]
    pace = Pace(lambda: now[0])
    command = msg.Generate((msg.OpenMap("a.osu"), msg.OpenMap("b.osu")), "rnn", "NM", 1, 5)
    running, waiting = Work(1, command, started_s=0.0), Work(2, replace(command, plays=1))
    assert pace.left_s(running) is None and pace.left_s(waiting) is None
    now[0], running.part = 30.0, 0.25
    pace.see(running)
    assert pace.left_s(running) == pytest.approx(90.0)
    assert pace.left_s(waiting) == pytest.approx(24.0)  # two plays; ten take 120 s
    assert pace.left_s(Work(3, replace(command, model="gan"))) is None


def test_cancel_without_work_does_nothing(worker):
    worker.cancel()
    assert worker.state == "idle"


def test_what_goes_wrong_is_one_sentence_and_the_worker_goes_on(worker, map_path, capsys):
    bad = Path(map_path).with_name("bad.osu")
    bad.write_bytes(b"not a map")
    commands = [
        msg.OpenMap(str(bad)),
        msg.OpenMap("/no/such/file.osu"),
        msg.ScanSongs("/no/such/folder"),
        msg.OpenReplay(str(bad)),
        msg.Generate((msg.OpenMap(map_path),), "broken", "NM", 1, 1),
        msg.Generate((msg.OpenMap(map_path),), "rnn", "EZHR", 1, 1),
        msg.SaveReplay(small_replay(), "/no/such/folder/x.osr"),
    ]
    for command in commands:
        worker.post(command)
    events = drain(worker)
    sentences = [event.sentence for event in of(msg.Failed, events)]
    assert len(sentences) == len(commands)
    assert all(s and "\n" not in s and "Traceback" not in s for s in sentences)
    assert sum("RuntimeError: no such weights" in sentence for sentence in sentences) == 1
    assert "RuntimeError: no such weights" in capsys.readouterr().err  # with its traceback
    worker.post(msg.OpenMap(map_path))
    assert len(of(msg.MapOpened, drain(worker))) == 1


def test_a_poll_takes_few_events_and_progress_comes_no_faster_than_it_is_read(
    worker, engine, map_path
):
    engine.player = Player(steps=20_000)
    worker.post(msg.Generate((msg.OpenMap(map_path),), "rnn", "NM", 1, 1))
    polls, until = [], time.monotonic() + PATIENCE_S
    while worker.state == "working":
        polls.append(worker.poll())
        assert time.monotonic() < until
        time.sleep(0.001)
    assert max(map(len, polls)) <= MAX_EVENTS
    # 20,000 reports; one each PROGRESS_S of a run that may take as long as the test's patience.
    assert sum(len(of(msg.Progress, p)) for p in polls) < PATIENCE_S / PROGRESS_S


@pytest.mark.parametrize("state", ["idle", "working", "closed"])
def test_closed_in_any_state_no_thread_stays(state, map_path):
    before = threading.active_count()
    worker = Worker(Engine(Player(steps=10_000, step_s=0.01)))
    if state == "working":
        worker.post(msg.Generate((msg.OpenMap(map_path),), "rnn", "NM", 1, 1))
    if state == "closed":
        worker.close(PATIENCE_S)
    assert worker.state == state
    worker.close(PATIENCE_S)
    assert worker.state == "closed"
    assert threading.active_count() == before
    worker.post(msg.OpenMap(map_path))  # too late: nothing happens
    assert worker.state == "closed"
    assert not [work for work in worker.works if work.command == msg.OpenMap(map_path)]


def test_ten_starts_and_stops(map_path):
    before = threading.active_count()
    for _ in range(10):
        worker = Worker(Engine(Player()))
        worker.post(msg.OpenMap(map_path))
        worker.close(PATIENCE_S)
    assert threading.active_count() == before
