"""A model of oneself from the window: whose replays there are, and the script in its own process.

The script is a stand-in that says what train_diffusion.py says; its bars are tqdm's own.
"""

import os
import signal
import subprocess
import sys
import threading

import pytest

from osu.gui import jobs
from osu.gui import messages as msg
from osu.gui.person import making
from osu.gui.person.making import MakingError, make_person_model
from osu.gui.person.progress import PersonProgress
from osu.gui.settings import Settings
from tests.display import needs_xvfb, wait_for
from tests.gui.stand_in import drain, of
from tests.gui.window import Endless, card, idle, until
from tests.osr import osr, text_field
from tests.paths import ROOT

COMMAND = msg.MakePersonModel(("a folder", "songs"), "-Me", "me")
SCRIPT = """
import sys
from tqdm import tqdm
assert sys.argv[1:] == ["--me=-Me", "--data=a folder,songs", "--name=me"]
for _ in tqdm(range(4), desc="prepare", unit="play"): pass
print("-Me: 160 plays to learn from, 16 of 6 songs held out; half of each batch is of 9 others")
print("drawn: media/person.png")
bar = tqdm(range(300), initial=0, total=300)
for _ in bar: bar.set_postfix(loss="0.3")
for _ in tqdm(range(6), desc="held-out plays", unit="play"): pass
print("mean difference (± standard error): accuracy +0.9 ± 1.3 points")
print("installed: models/me")
"""
SAVES = """
import pathlib, signal, sys, time
stopped = []
signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))
print(" 12%|#   | 36/300 [00:10<01:20]", flush=True)
while not stopped: time.sleep(0.01)
print("what nobody reads")
sys.stderr.write("nor this")
sys.stdout.flush()
pathlib.Path(__file__).with_name("saved").touch()
"""


def script(tmp_path, text) -> str:
    path = tmp_path / "script.py"
    path.write_text(text)
    return str(path)


@pytest.fixture
def folder(tmp_path):
    """Three plays of one person, two of another, one of ours, one of taiko, one that is none."""
    folder = tmp_path / "plays"
    (folder / "deep").mkdir(parents=True)
    names = ["Some One", "b", "some one", "B", "Some One", "osu-players/rnn"]
    for n, name in enumerate(names):
        (folder / "deep" / f"{n}.osr").write_bytes(osr(player=text_field(name)))
    (folder / "taiko.osr").write_bytes(osr(mode=1))
    (folder / "none.osr").write_bytes(b"none")
    return folder


def test_the_players_of_a_folder_most_frequent_first(worker, folder):
    worker.post(msg.FindPlayers(str(folder)))
    (found,) = of(msg.PlayersFound, drain(worker))
    assert [(name.casefold(), count) for name, count in found.players] == [
        ("some one", 3), ("b", 2)
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["gone", "empty"])
def test_a_folder_without_players_is_a_sentence(worker, tmp_path, name):
    (tmp_path / "empty").mkdir()
    worker.post(msg.FindPlayers(str(tmp_path / name)))
    (failed,) = of(msg.Failed, drain(worker))
    assert name in failed.sentence and failed.sentence.endswith(".")


@pytest.mark.parametrize(
    ("piece", "part", "text"),
    [
        (
            "prepare:  50%|#####     | 20/40 [00:01<00:01]",
            0.075,
            "40, less than a minute left",
        ),
        (" 50%|#####     | 150/300 [01:00<01:00, loss=.3]", 0.5, "150 of 300, 1 minute left"),
        (" 50%|#####     | 150/300 [01:00<1:01:40, loss=.3]", 0.5, "300, 62 minutes left"),
        ("  0%|          | 0/300 [00:00<?, ?it/s]", 0.15, "learning how you play, 0 of 300"),
        ("held-out plays: 100%|##########| 6/6 [01:00<00:00]", 1.0, "to compare, 6 of 6"),
        ("other: 50%|##   | 1/2 [00:00<00:00]", None, "looking for your plays"),
        ("accuracy: 50 % of all", None, "looking for your plays"),
    ],
)
def test_what_the_script_says_is_a_bar_and_a_sentence(piece, part, text):
    state = PersonProgress()
    state.hear(piece)
    assert state.part == pytest.approx(part) and state.text.endswith(text)


def test_the_script_is_followed_to_its_end(tmp_path):
    told = []
    path = script(tmp_path, SCRIPT)
    about, compared, picture = make_person_model(
        COMMAND, lambda part, text: told.append((part, text)), threading.Event(), path
    )
    assert about == "-Me: 160 plays to learn from, 16 of 6 songs held out"
    assert compared == "accuracy +0.9 ± 1.3 points"
    assert picture == (ROOT / "media" / "person.png").read_bytes()
    parts = [part for part, _ in told if part is not None]
    assert parts == sorted(parts) and parts[-1] == 1.0
    assert any("learning how you play, " in text for _, text in told)


def test_a_picture_that_is_not_there_is_left_out(tmp_path):
    path = script(tmp_path, "print('drawn: runs/gone.png')")
    made = make_person_model(COMMAND, lambda *told: None, threading.Event(), path)
    assert made == ("", "", b"")


def test_the_real_script_writes_over_no_model_of_somebody_else(tmp_path):
    with pytest.raises(MakingError, match=r"The model was not made: .*another model: choose"):
        make_person_model(
            msg.MakePersonModel((str(tmp_path),), "Anna", "diffusion"),
            lambda *told: None,
            threading.Event(),
        )


def test_what_the_script_fails_with_is_said(tmp_path):
    text = "import sys\nsys.exit('train_diffusion.py: no replay is of you')"
    with pytest.raises(MakingError, match=r"was not made: no replay is of you\.$"):
        make_person_model(COMMAND, lambda *told: None, threading.Event(), script(tmp_path, text))
    with pytest.raises(MakingError, match="comma"):
        make_person_model(
            msg.MakePersonModel(("a,b",), "x", "me"), lambda *told: None, threading.Event()
        )


def test_cancelled_it_saves_before_it_ends(tmp_path):
    cancel, told = threading.Event(), []

    def progress(part, text):
        told.append(text)
        if part:
            cancel.set()

    assert make_person_model(COMMAND, progress, cancel, script(tmp_path, SAVES)).about == ""
    assert (tmp_path / "saved").exists() and told[-1].startswith("learning how you play, 36 of 300")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_saves_and_ends_with_the_program_that_started_it(tmp_path, how):
    path = script(tmp_path, SAVES)
    text = (
        "import threading\nfrom osu.gui.person.making import make_person_model\n"
        "from osu.gui.messages import MakePersonModel\n"
        f"make_person_model(MakePersonModel(('x',), 'y', 'me'), lambda part, text: "
        f"print(text, flush=True), threading.Event(), {path!r})"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", text], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    for line in program.stdout:
        if "36 of 300" in line:
            break
    os.kill(program.pid, how)
    program.wait(30)
    wait_for((tmp_path / "saved").exists)


# ---- in the window


class Growing(Endless):
    """One model at first, two as soon as one was made."""

    def __init__(self):
        self.names = ["rnn"]

    def list_models(self):
        return [card(name, f"a {name}", person="of one") for name in self.names]


@needs_xvfb
def test_a_model_is_made_of_who_is_chosen_and_then_chosen(start, folder, monkeypatch):
    engine, asked = Growing(), []
    app = start(engine=engine)
    panel, form = app.window.person, app.window.form
    until(app, lambda: form.cards)
    app.paint_state()
    app.window.press("person_start")
    assert "Choose the folder" in app.window._status.whole

    monkeypatch.setattr("osu.gui.program.person.ask_folder", lambda *asked: str(folder))
    app.window.press("person_folder")
    until(app, lambda: panel.player)
    assert app.settings.person_folder == str(folder)  # where it begins the next time
    assert panel.who.get().casefold() == "some one (3)"  # the one with most
    panel.who.current(1)
    ready = threading.Event()

    def make(command, progress, cancel):
        asked.append(command)
        progress(0.5, "learning how you play, 150 of 300")
        ready.wait(30)
        engine.names.append(command.model)
        picture = (ROOT / "media" / "person.png").read_bytes()
        return "b: 2 plays to learn from", "accuracy +0.9 ± 1.3 points", picture

    monkeypatch.setattr(jobs, "make_person_model", make)
    app.paint_state()
    app.window.press("person_start")
    until(app, lambda: panel._sentence.cget("text") == "Learning how you play, 150 of 300.")
    assert panel._bar.cget("value") == 0.5 and app.worker.state == "working"
    assert app.worker.left_s(app.worker.works[0]) is None  # the sentence says how long
    app.window.press("person_start")
    assert app.window._status.whole == "A model is being made already."
    ready.set()
    idle(app)
    (command,) = asked
    assert (command.folders, command.player.casefold(), command.model) == (
        (str(folder),),
        "b",
        "me",
    )
    assert form.model.get() == "me" and form._about.whole == "A me"
    assert "2 plays to learn from" in app.window._status.whole
    app.paint_state()
    said = "Held-out songs, its plays less yours: accuracy +0.9 ± 1.3 points."
    assert panel._sentence.cget("text") == said
    assert app.window.charts.title() == "What your plays show of you"


@needs_xvfb
def test_stopped_or_closed_the_script_saves(start, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(making.make_person_model, "__defaults__", (script(tmp_path, SAVES),))
    app = start()
    saved = tmp_path / "saved"
    panel = app.window.person
    for end in (lambda: app.window.press("person_stop"), app.close):
        panel.show_players(str(folder), (("b", 2),))
        app.paint_state()
        app.window.press("person_start")
        until(app, lambda: "36 of 300" in panel._sentence.cget("text"))
        app.paint_state()
        end()
        closed = app.worker.state == "closed"
        until(app, saved.exists) if not closed else wait_for(saved.exists)
        saved.unlink()
        if not closed:
            idle(app)
            assert app.window._status.whole == "Stopped. Make model goes on from there."


@needs_xvfb
@pytest.mark.parametrize("place", ["elsewhere", "plays/Songs", "a,b", "gone", ""])
def test_the_songs_folder_that_is_open_is_searched_for_the_maps(start, folder, tmp_path, place):
    songs = str(tmp_path / place) if place else ""
    if place not in ("gone", ""):
        (tmp_path / place).mkdir(parents=True)
    app = start(Settings(songs_folder=songs))
    app.window.person.show_players(str(folder), (("b", 2),))
    expected = (str(folder), songs) if place == "elsewhere" else (str(folder),)
    assert app.person._folders() == expected


@needs_xvfb
def test_why_no_model_was_made_is_said_on_the_tab_whole(
    screen, start, folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("DISPLAY", screen("800x600"))
    text = "import sys\nsys.exit('train_diffusion.py: " + "no replay is here, " * 6 + "you see')"
    monkeypatch.setattr(making.make_person_model, "__defaults__", (script(tmp_path, text),))
    app = start()
    panel, tabs = app.window.person, app.window._tabs
    tabs.select(panel)
    app.root.update()
    height = tabs.winfo_height()
    panel.show_players(str(folder), (("b", 2),))
    app.paint_state()
    app.window.press("person_start")
    until(app, lambda: panel._sentence.cget("text").endswith("you see."))
    idle(app)
    app.root.update()
    said = panel._sentence
    assert said.cget("text").startswith("The model was not made: no replay is here, ")
    assert said.winfo_height() >= said.winfo_reqheight()
    assert said.winfo_y() + said.winfo_height() <= panel.winfo_height()
    assert tabs.winfo_height() == height  # the preview above it keeps its place
