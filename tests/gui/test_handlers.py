"""The handlers of the window's buttons without a display.

They are given plain objects that have only what they read, with stand-ins for Tk's variables (the
idlelib way). The reference is a table of what works in which state, written out here.
"""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from osu.formats.mods import Mods
from osu.gui import messages as msg
from osu.gui.clock import PreviewClock
from osu.gui.enabled import BUTTONS
from osu.gui.program import app as program
from osu.gui.program.generating import Generating
from osu.gui.program.listed_plays import ListedPlays
from osu.gui.program.opening import Opening
from osu.gui.program.person import PersonActions
from osu.gui.settings import Settings
from osu.gui.songs import Song
from osu.gui.widgets.form import MODS, FormError, PlayForm
from osu.gui.widgets.results import ListedPlay
from osu.gui.worker import Worker
from osu.gui.works import Work
from osu.players.naming import listed_file_names
from osu.render.scene import Stage
from tests.small_map import small_map, small_replay

ON_A_PLAY = {"save", "save_all", "gif", "mp4", "charts", "remove", "arm"}
MAP = msg.OpenMap("a.osu", "easy")
SONG = Song("artist", "title", "easy", "creator", "a.osu")


class Var:
    def __init__(self, value=None):
        self.value = value

    def get(self):
        return self.value

    def set(self, value):
        self.value = value


class Form:
    """A PlayForm without widgets."""

    request, mods_text, abilities = PlayForm.request, PlayForm.mods_text, PlayForm.abilities
    _valid_mods, _on_mod = PlayForm._valid_mods, PlayForm._on_mod
    _next_seed = PlayForm._next_seed
    _reading = False

    def __init__(self, can=(), **fields):
        values = dict(
            model="rnn", seed="3", plays="2", accuracy="", unstable_rate="", skill="", like=()
        )
        self.pinned = Var(True)
        values |= fields
        self.like = values.pop("like")
        for name, value in values.items():
            setattr(self, name, Var(value))
        self.mods = {mod: Var(False) for mod in MODS}
        self.cards = {"rnn": SimpleNamespace(options=tuple(can))}

    def show_reading(self, reading):
        self._reading = reading


class Window:
    def __init__(self, selected=(), songs=(), chosen=()):
        self.refused, self.said, self.failed, self.shown, self.progress = {}, [], [], [], None
        self.works, self.over_one_field = (), False
        self.live_play = None
        self.person = SimpleNamespace(player="", show_progress=lambda part, sentence: None)
        self.results = SimpleNamespace(
            selected=lambda: selected, listed=lambda: selected, rows=selected, removed=[]
        )
        self.maps = SimpleNamespace(songs=songs, chosen=chosen)
        self.live = SimpleNamespace(show_play=lambda name: setattr(self, "live_play", name))
        self.preview = SimpleNamespace(show=lambda *args: self.shown.append(args))

    def refuse(self, refusals):
        self.refused = refusals

    def show_works(self, works, left_s):
        self.works = works

    def say(self, sentence):
        self.said.append(sentence)

    say_what_runs = say

    def fail(self, sentence):
        self.failed.append(sentence)

    def show_progress(self, part):
        self.progress = part


class App:
    """The program without Tk and without a thread."""

    paint_state, on_event = program.App.paint_state, program.App.on_event
    chosen_maps = program.App.chosen_maps

    def __init__(self, window, state="idle", form=None, works=()):
        self.opening, self.generating = Opening(self), Generating(self)
        self.plays, self.person = ListedPlays(self), PersonActions(self)
        self.window, self.settings = window, Settings()
        self.window.form = form or Form()
        self.posted = []
        self.worker = SimpleNamespace(
            state=state,
            post=self.posted.append,
            cancel=lambda *numbers: self.posted.append(("cancel", *numbers)),
            works=works,
            works_of=lambda kind: Worker.works_of(self.worker, kind),
            left_s=lambda work: None,
        )


def result(**swap) -> ListedPlay:
    return ListedPlay("tester", "a.osu", Stage(small_map(), small_replay(**swap)))


# ---- every button follows the state word


FILES, ON_MAPS, NUDGES = (
    {"open", "songs", "find", "blind", "person_folder"},
    {"generate", "batch"},
    {"nudge-2", "nudge2"},
)


@pytest.mark.parametrize(
    ("state", "chosen", "selected", "expected"),
    [
        ("idle", False, False, FILES),
        ("idle", True, False, FILES | ON_MAPS),
        ("idle", True, True, FILES | ON_MAPS | ON_A_PLAY),
        ("idle", False, True, FILES | ON_A_PLAY),
        ("opening", True, False, FILES | ON_MAPS | {"cancel"}),
        ("opening", True, True, FILES | ON_MAPS | ON_A_PLAY | {"cancel"}),
        ("working", True, True, (FILES | ON_MAPS | ON_A_PLAY | {"cancel"}) - {"arm"}),
        ("working", False, False, FILES | {"cancel"}),
        ("starting", True, True, {"cancel", "stop"}),
        ("armed", True, True, {"cancel", "stop", "start"} | NUDGES),
        ("playing", True, True, {"cancel", "stop"} | NUDGES),
        ("closed", True, True, set()),
    ],
)
def test_which_buttons_work_and_why_the_others_do_not(state, chosen, selected, expected):
    window = Window(("a play",) if selected else (), chosen=(SONG,) if chosen else ())
    app = App(window, state)
    app.paint_state()
    assert set(BUTTONS) - set(app.window.refused) == expected
    assert all(reason.endswith(".") for reason in app.window.refused.values())


# ---- what is asked of the player


def test_generate_posts_what_the_fields_say():
    form = Form(
        can=("accuracy", "unstable_rate", "skill", "like"),
        accuracy="96.5%",
        unstable_rate="90",
        skill="high",
        like=("a play",),
    )
    form.mods["HD"].set(True)
    form.mods["DT"].set(True)
    app = App(Window(chosen=(SONG,)), form=form)
    app.generating.generate()
    assert app.posted == [
        msg.Generate(
            (MAP,),
            "rnn",
            "HDDT",
            3,
            2,
            ("a play",),
            pytest.approx(0.965),
            90.0,
            "high",
            None,
        )
    ]


def test_wishes_that_the_model_cannot_follow_are_left_out():
    form = Form(accuracy="96", unstable_rate="no number", skill="high", like=("a play",))
    (request,) = [form.request((MAP,))]
    wishes = request.like, request.accuracy, request.unstable_rate, request.skill
    assert wishes == ((), None, None, None)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"seed": "x"}, "seed"),
        ({"seed": "-1"}, "seed"),
        ({"seed": ""}, "seed"),
        ({"seed": "99999999999"}, "seed"),
        ({"plays": "0"}, "number of plays"),
        ({"plays": "2.5"}, "number of plays"),
        ({"accuracy": "101"}, "Accuracy"),
        ({"accuracy": "nan"}, "Accuracy"),
        ({"accuracy": "49"}, "from 50 to 100"),
        ({"unstable_rate": "29"}, "from 30 to 400"),
        ({"unstable_rate": "401"}, "from 30 to 400"),
        ({"unstable_rate": "fast"}, "unstable rate"),
    ],
)
def test_a_field_that_cannot_be_used_is_named_and_nothing_is_posted(fields, named):
    app = App(Window(chosen=(SONG,)), form=Form(can=("accuracy", "unstable_rate"), **fields))
    app.generating.generate()
    assert app.posted == []
    (sentence,) = app.window.failed
    assert named in sentence and sentence.endswith(".")


def test_mods_that_exclude_each_other_switch_each_other_off():
    form = Form()
    for mod in ("DT", "HT", "HR", "EZ", "NC"):
        form.mods[mod].set(True)
        form._on_mod(mod)
    assert form.mods_text() == "EZNC"
    form.mods["HR"].set(True)  # as no click could
    with pytest.raises(FormError):
        form.request((MAP,))


def test_generate_waits_for_the_replays_to_play_like():
    """But only where the model follows them."""
    reading = Work(1, msg.ReadLikedPlays(("me.osr",), ()), started_s=1.0)
    for can, posted in (((), 1), (("like",), 0)):
        app = App(Window(chosen=(SONG,)), form=Form(can=can), works=(reading,))
        app.paint_state()
        app.generating.generate()
        assert (len(app.posted), len(app.window.failed)) == (posted, 1 - posted)


def test_generate_without_a_map_says_so():
    app = App(Window(), form=Form())
    app.generating.generate()
    assert (app.posted, len(app.window.failed)) == ([], 1)


# ---- files and plays


def test_files_open_by_their_kind_and_maps_before_replays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = App(Window(songs=(Song("a", "b", "c", "d", "songs/x.osu"),)))
    app.settings = Settings(recent=("old.osr", "old.osu"))
    app.opening.open_paths(("play.osr", "map.OSZ", str(tmp_path)))
    assert app.posted == [
        msg.OpenMap(str(tmp_path / "map.OSZ")),  # whole: it is remembered for the next start
        msg.ScanSongs(str(tmp_path)),
        msg.OpenReplay(str(tmp_path / "play.osr"), ("old.osu", "songs/x.osu")),
    ]


def test_two_plays_of_one_map_are_shown_side_by_side():
    first, second = result(), result(late_ms=30)
    app = App(Window(selected=(first, second)))
    app.plays.show_selected()
    ((stages, players, map_path, over),) = app.window.shown
    assert stages == [first.stage, second.stage]
    assert (players, map_path, over) == (["tester", "tester"], "a.osu", False)
    assert app.window.live_play == "tester: Four Objects [small]"  # the last one is played live


def test_a_play_of_another_map_is_shown_alone():
    first, second = result(), result()
    second.stage.beatmap = small_map().with_mods(0)
    object.__setattr__(second.stage.beatmap, "md5", "another")
    app = App(Window(selected=(first, second)))
    app.plays.show_selected()
    assert app.window.shown[0][0] == [second.stage]


def test_over_one_field_all_plays_of_the_map_under_the_same_mods_are_shown():
    plays = [result(late_ms=n) for n in range(4)]
    hard = result(mods=Mods.HR)
    app = App(Window(selected=(plays[0], hard, *plays[1:])))
    app.window.over_one_field = True
    app.plays.show_selected()
    stages, _, _, over = app.window.shown[0]
    assert over and stages == [play.stage for play in plays]
    assert app.window.said[0].startswith("4 of 5 plays are shown")


def test_a_removed_play_can_be_had_back():
    window = Window()
    app = App(window)
    app.paint_state()
    assert window.refused["undo"] == "No play was removed."
    window.results.removed.append("a play")
    app.paint_state()
    assert "undo" not in window.refused and "save_all" in window.refused


@pytest.mark.parametrize(("answer", "saved"), [(True, [1, 2, 3]), (False, [1, 3]), (None, [])])
def test_all_plays_are_saved_and_nothing_is_written_over_unasked(tmp_path, answer, saved):
    """Under the names that generate.py gives; two plays of one name have two files."""
    plays = [replace(result(), seed=seed) for seed in (7, 8, 7)]
    app = App(Window(selected=tuple(plays)))
    app.ask_save_folder = lambda title: str(tmp_path)
    asked = []
    app.ask_replace = lambda *counts: asked.append(counts) or answer
    stem = "Nobody - Four Objects [small] NM (tester"
    names = [f"{stem} 7).osr", f"{stem} 8).osr", f"{stem} 7) 2.osr"]
    (tmp_path / names[1]).touch()
    app.plays.ask_save_all()
    assert asked == [(1, 3, str(tmp_path))]
    expected = [str(tmp_path / names[number - 1]) for number in saved]
    assert [path for command in app.posted for path in command.paths] == expected
    assert [r for command in app.posted for r in command.replays] == [
        plays[number - 1].stage.replay for number in saved
    ]


def test_maps_of_one_name_have_files_of_their_own():
    one, other = small_map(), replace(small_map(), md5="0123456789" * 3)
    names = listed_file_names([("rnn 1", one), ("rnn 1", other), ("rnn 1", one)])
    assert names[1].endswith("(rnn 1 01234567).osr") and len(set(names)) == 3


@pytest.mark.parametrize(("running", "cancelled"), [((3,), (3,)), ((), ())])
def test_cancel_is_about_what_runs(running, cancelled):
    waiting = Work(4, msg.FindWindow())
    works = tuple(Work(n, msg.FindWindow(), started_s=1.0) for n in running)
    app = App(Window(), "working", works=(*works, waiting))
    app.generating.cancel()
    assert app.posted == [("cancel", *cancelled)]


def test_a_gif_is_as_many_real_seconds_from_the_preview_on():
    app = App(Window())
    app.window.gif_seconds = Var(4)
    clock = PreviewClock(0.0, 60_000.0, rate=1.5)
    clock.seek(1000.0)
    app.window.preview = SimpleNamespace(
        clock=clock, stages=("stage",), labels=("x",), over_one_field=True
    )
    app.plays.save_gif("a.gif")
    assert app.posted == [msg.SaveGif(("stage",), ("x",), "a.gif", 1000.0, 7000.0, True)]


def test_errors_and_progress_reach_the_window():
    app = App(Window())
    app.on_event(msg.Failed("It went wrong."))
    app.on_event(msg.Progress(1, 0.5, "drawing"))
    app.on_event(msg.Saved("x.osr"))
    app.on_event(msg.Saved("x.mp4", "It has no song."))
    app.on_event(msg.Finished(1, cancelled=True))
    assert app.window.failed == ["It went wrong."]
    assert app.window.said == [
        "Drawing.",
        "Saved x.osr.",
        "It has no song. Saved x.mp4.",
        "Stopped.",
    ]


def test_a_mistake_in_a_handler_is_a_sentence_too(capsys):
    app = App(Window())
    program.App.on_mistake(app, KeyError, KeyError("x"), None)
    assert app.window.failed == ["Something went wrong inside: KeyError: 'x'"]
    assert "KeyError" in capsys.readouterr().err
