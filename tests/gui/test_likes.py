"""Whom plays are to be like: replays and folders are read by the worker and said in one line."""

import shutil
import threading
from pathlib import Path

import pytest

from osu.formats.replay import save_replay
from osu.gui import messages as msg
from osu.gui.program import generating
from osu.players.likes import reading
from osu.players.options import Cancelled
from tests.display import needs_xvfb
from tests.gui.stand_in import drain, of, wait
from tests.gui.test_gui_display import AllWishes
from tests.gui.window import idle, until
from tests.osr import of_a_person
from tests.paths import SAMPLE
from tests.small_map import small_map, small_replay

MAP = msg.OpenMap(str(SAMPLE / "circuit.osu"))


@pytest.fixture
def folder(tmp_path):
    """Two plays of a person, and half a file."""
    folder = tmp_path / "plays"
    folder.mkdir()
    for name in ("circuit", "sprint"):
        data = (SAMPLE / f"{name}-diffusion.osr").read_bytes()
        (folder / f"{name}.osr").write_bytes(of_a_person(data))
    (folder / "half.osr").write_bytes(data[: len(data) // 2])
    return folder


def test_a_folder_is_read_and_said_in_one_line(worker, folder):
    worker.post(msg.ReadLikedPlays((str(folder),), (str(SAMPLE),)))
    assert worker.state == "opening"
    (read,) = of(msg.LikesRead, drain(worker))
    assert [play.beatmap.title.split()[-1] for play in read.plays].count("(circuit)") == 1
    assert read.names == "our-players/diffusion (2)"
    said = "2 plays of our-players/diffusion are read, 1 skipped: is not a replay that can be read"
    assert read.sentence.startswith(said) and read.sentence.endswith(".")


def test_maps_are_found_beside_a_replay_among_files_and_as_opened_before(
    worker, map_path, tmp_path
):
    beside, away = Path(map_path).with_name("like.osr"), tmp_path / "like.osr"
    for path in (beside, away):
        save_replay(small_replay(mods=16), path)
    commands = [
        msg.ReadLikedPlays((str(beside),), ()),
        msg.ReadLikedPlays((str(away),), ()),
        msg.ReadLikedPlays((str(away),), ("/gone.osu", map_path)),
    ]
    for command in commands:
        worker.post(command)
    events = drain(worker)
    assert [read.plays[0].beatmap.mods for read in of(msg.LikesRead, events)] == [16, 16]
    (failed,) = of(msg.Failed, events)
    assert "its map was not found; open its Songs folder first" in failed.sentence
    worker.post(msg.OpenMap(map_path))
    drain(worker)
    worker.post(commands[1])
    (read,) = of(msg.LikesRead, drain(worker))
    assert read.plays[0].beatmap.md5 == small_map().md5


def test_of_many_fifty_are_read(worker, folder, monkeypatch):
    monkeypatch.setattr(reading, "MOST_LIKED", 1)
    monkeypatch.setattr("osu.gui.likes.MOST_LIKED", 1)
    worker.post(msg.ReadLikedPlays((str(folder),), (str(SAMPLE),)))
    (read,) = of(msg.LikesRead, drain(worker))
    assert read.sentence.startswith("1 play of our-players/diffusion is read (at most 1 are)")


def test_reading_is_cancelled_while_files_open(worker, folder, map_path, monkeypatch):
    begun = threading.Event()

    def endless(names, maps, on_progress, if_lost):
        while True:
            begun.set()
            on_progress(0.5)

    monkeypatch.setattr("osu.gui.likes.read_likes", endless)
    worker.post(msg.ReadLikedPlays((str(folder),), ()))
    wait(worker, begun.is_set)
    worker.post(msg.OpenMap(map_path))
    events = wait(worker, lambda: not worker.is_opening())
    assert len(of(msg.MapOpened, events)) == 1
    worker.cancel()
    events = drain(worker)
    assert of(msg.Finished, events)[-1].cancelled and not of(msg.Failed, events)
    with pytest.raises(Cancelled):
        endless((), (), lambda share: (_ for _ in ()).throw(Cancelled), "")


# ---- in the window


def chosen(app, index):
    """The menu's entry, as a pointer chooses it."""
    app.window.form._wishes["like"].entries[index].invoke()


@needs_xvfb
def test_whose_style_is_followed_stands_in_the_form(start, home, folder, monkeypatch):
    shutil.copy(SAMPLE / "circuit.osu", folder)
    app = start(engine=AllWishes())
    form, button = app.window.form, app.window.form.like_button
    until(app, lambda: form.cards)
    monkeypatch.setattr(generating, "ask_folder", lambda *asked: str(folder))
    chosen(app, "folder")
    app.paint_state()
    assert button.whole == "reading"
    until(app, lambda: form.like)
    idle(app)
    app.paint_state()
    assert button.whole == "our-players/diffusion (1)" and len(form.like) == 1
    assert "1 play of our-players/diffusion is read, 2 skipped" in app.window._status.whole
    assert form.request((MAP,)).like == form.like

    half = str(folder / "half.osr")
    monkeypatch.setattr(generating, "ask_replays", lambda *asked: (half,))
    chosen(app, "replays")  # none can be used: what was chosen before stays
    idle(app)
    app.paint_state()
    assert "half.osr" in app.window._status.whole and len(form.like) == 1
    for asked in ("ask_replays", "ask_folder"):  # dialogs that are closed change nothing
        monkeypatch.setattr(generating, asked, lambda *asked: ())
    chosen(app, "replays")
    chosen(app, "folder")
    assert app.worker.state == "idle" and len(form.like) == 1
    chosen(app, "anybody")
    assert button.whole == "any" and form.request((MAP,)).like == ()


@needs_xvfb
def test_another_choice_leaves_the_one_that_is_being_read(start, home, folder, monkeypatch):
    def endless(names, maps, on_progress, if_lost):
        while True:
            on_progress(0.5)

    monkeypatch.setattr("osu.gui.likes.read_likes", endless)
    app = start(engine=AllWishes())
    until(app, lambda: app.window.form.cards)
    app.generating.read_liked((str(folder),))
    until(app, lambda: app.window.form._reading)
    app.window.press("cancel")
    until(app, lambda: not app.window.form._reading)
    app.generating.read_liked((str(folder),))
    app.generating.like_anybody()
    idle(app)
    app.paint_state()
    assert app.window.form.like_button.whole == "any"
