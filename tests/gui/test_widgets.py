"""The window's handlers and state without a display.

Handlers are borrowed unbound onto plain objects that have only what the handler reads, with
stand-ins for Tk's variables (the idlelib way). The reference is the issue's table of what works in
which state, written out here, and arithmetic for the clock.
"""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

import gui
from osu.files import write_atomic
from osu.formats.beatmap import load_beatmap
from osu.formats.mods import Mods
from osu.gui import messages as msg
from osu.gui.clock import PreviewClock
from osu.gui.enabled import BUTTONS
from osu.gui.settings import RECENT_FILES, Settings, load_settings, save_settings
from osu.gui.songs import Song, list_songs, search
from osu.gui.widgets.form import MODS, FormError, PlayForm
from osu.gui.widgets.results import ListedPlay
from osu.gui.works import Work
from osu.players.naming import play_file_name
from osu.render.scene import Stage
from tests.paths import ROOT
from tests.small_map import OSU, small_map, small_replay

ON_A_PLAY = {"save", "gif", "remove", "arm"}
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


class Window:
    def __init__(self, selected=(), songs=(), chosen=()):
        self.refused, self.said, self.failed, self.shown, self.progress = {}, [], [], [], None
        self.works, self.over_one_field = (), False
        self.live_play = None
        self.results = SimpleNamespace(selected=lambda: selected)
        self.maps = SimpleNamespace(songs=songs, chosen=chosen)
        self.live = SimpleNamespace(show_play=lambda name: setattr(self, "live_play", name))
        self.preview = SimpleNamespace(show=lambda *args: self.shown.append(args))

    def refuse(self, refusals):
        self.refused = refusals

    def show_works(self, works, left_s):
        self.works = works

    def say(self, sentence):
        self.said.append(sentence)

    def fail(self, sentence):
        self.failed.append(sentence)

    def show_progress(self, part):
        self.progress = part


class App:
    """gui.App without Tk and without a thread."""

    paint_state, generate, _request = gui.App.paint_state, gui.App.generate, gui.App._request
    open_paths, known_maps = gui.App.open_paths, gui.App.known_maps
    show_selected, save_gif, on_event = gui.App.show_selected, gui.App.save_gif, gui.App.on_event
    cancel, chosen_maps = gui.App.cancel, gui.App.chosen_maps

    def __init__(self, window, state="idle", form=None, works=()):
        self.window, self.settings = window, Settings()
        self.window.form = form
        self.posted = []
        self.worker = SimpleNamespace(
            state=state,
            post=self.posted.append,
            cancel=lambda *numbers: self.posted.append(("cancel", *numbers)),
            works=works,
            left_s=lambda work: None,
        )


def result(**swap) -> ListedPlay:
    return ListedPlay("tester", "a.osu", Stage(small_map(), small_replay(**swap)))


# ---- every button follows the state word


FILES, ON_MAPS, NUDGES = (
    {"open", "songs", "find", "blind"},
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
        like=("me.osr",),
    )
    form.mods["HD"].set(True)
    form.mods["DT"].set(True)
    app = App(Window(chosen=(SONG,)), form=form)
    app.generate()
    assert app.posted == [
        msg.Generate(
            (MAP,),
            "rnn",
            "HDDT",
            3,
            2,
            ("me.osr",),
            pytest.approx(0.965),
            90.0,
            "high",
            None,
        )
    ]


def test_wishes_that_the_model_cannot_follow_are_left_out():
    form = Form(accuracy="96", unstable_rate="no number", skill="high", like=("me.osr",))
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
    app.generate()
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


def test_generate_without_a_map_says_so():
    app = App(Window(), form=Form())
    app.generate()
    assert (app.posted, len(app.window.failed)) == ([], 1)


# ---- files and plays


def test_files_open_by_their_kind_and_maps_before_replays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = App(Window(songs=(Song("a", "b", "c", "d", "songs/x.osu"),)))
    app.settings = Settings(recent=("old.osr", "old.osu"))
    app.open_paths(("play.osr", "map.OSZ", str(tmp_path)))
    assert app.posted == [
        msg.OpenMap(str(tmp_path / "map.OSZ")),  # whole: it is remembered for the next start
        msg.ScanSongs(str(tmp_path)),
        msg.OpenReplay(str(tmp_path / "play.osr"), ("old.osu", "songs/x.osu")),
    ]


def test_two_plays_of_one_map_are_shown_side_by_side():
    first, second = result(), result(late_ms=30)
    app = App(Window(selected=(first, second)))
    app.show_selected()
    ((stages, players, map_path, over),) = app.window.shown
    assert stages == [first.stage, second.stage]
    assert (players, map_path, over) == (["tester", "tester"], "a.osu", False)
    assert app.window.live_play == "tester: Four Objects [small]"  # the last one is played live


def test_a_play_of_another_map_is_shown_alone():
    first, second = result(), result()
    second.stage.beatmap = small_map().with_mods(0)
    object.__setattr__(second.stage.beatmap, "md5", "another")
    app = App(Window(selected=(first, second)))
    app.show_selected()
    assert app.window.shown[0][0] == [second.stage]


def test_over_one_field_all_plays_of_the_map_under_the_same_mods_are_shown():
    plays = [result(late_ms=n) for n in range(4)]
    hard = result(mods=Mods.HR)
    app = App(Window(selected=(plays[0], hard, *plays[1:])))
    app.window.over_one_field = True
    app.show_selected()
    stages, _, _, over = app.window.shown[0]
    assert over and stages == [play.stage for play in plays]
    assert app.window.said[0].startswith("4 of 5 plays are shown")


@pytest.mark.parametrize(("running", "cancelled"), [((3,), (3,)), ((), ())])
def test_cancel_is_about_what_runs(running, cancelled):
    waiting = Work(4, msg.FindWindow())
    works = tuple(Work(n, msg.FindWindow(), started_s=1.0) for n in running)
    app = App(Window(), "working", works=(*works, waiting))
    app.cancel()
    assert app.posted == [("cancel", *cancelled)]


@pytest.mark.parametrize("text", ["", "x", "0", "31", "-2", "nan"])
def test_a_gif_of_no_sensible_length_is_refused(text):
    app = App(Window())
    app.window.gif_seconds = Var(text)
    app.save_gif("a.gif")
    assert (app.posted, len(app.window.failed)) == ([], 1)


def test_a_gif_is_as_many_real_seconds_from_the_preview_on():
    app = App(Window())
    app.window.gif_seconds = Var("4")
    clock = PreviewClock(0.0, 60_000.0, rate=1.5)
    clock.seek(1000.0)
    app.window.preview = SimpleNamespace(
        clock=clock, stages=("stage",), labels=("x",), over_one_field=True
    )
    app.save_gif("a.gif")
    assert app.posted == [msg.SaveGif(("stage",), ("x",), "a.gif", 1000.0, 7000.0, True)]


def test_errors_and_progress_reach_the_window():
    app = App(Window())
    app.on_event(msg.Failed("It went wrong."))
    app.on_event(msg.Progress(1, 0.5, "drawing"))
    app.on_event(msg.Saved("x.osr"))
    app.on_event(msg.Finished(1, cancelled=True))
    assert app.window.failed == ["It went wrong."]
    assert app.window.said == ["Drawing.", "Saved x.osr.", "Stopped."]


def test_a_mistake_in_a_handler_is_a_sentence_too(capsys):
    app = App(Window())
    gui.App.on_mistake(app, KeyError, KeyError("x"), None)
    assert app.window.failed == ["Something went wrong inside: KeyError: 'x'"]
    assert "KeyError" in capsys.readouterr().err


def test_a_row_says_what_the_judge_says():
    values = result(second=False).values()
    # Three of four objects: the second circle was left out. 20 ms late each time: no spread.
    assert values[:4] == ("tester", "", "Four Objects [small]", "NM")
    assert values[4:7] == ("75.00%", "1", "0")


def test_names_are_fit_for_every_file_system():
    beatmap = replace(small_map().with_mods(Mods.HD | Mods.DT), title='a/b\\c:d*e?f"g<h>i|j')
    assert play_file_name("rnn 3", beatmap) == (
        "Nobody - a_b_c_d_e_f_g_h_i_j [small] HDDT (rnn 3).osr"
    )
    assert "/" not in play_file_name("a/b", beatmap)
    long = replace(beatmap, title="y" * 999)
    assert len(play_file_name("x" * 999, long)) < 200


def test_names_have_no_more_bytes_than_a_file_system_takes(tmp_path):
    """255, of which a Japanese letter takes three; and they are cut between letters."""
    beatmap = load_beatmap(ROOT / "tests" / "cases" / "D_long_title.osu")
    for player in ("diffusion 0", "\u97f3" * 60):
        name = play_file_name(player, beatmap)
        assert len(name.encode()) <= 255 and name.endswith(").osr") and "\ufffd" not in name
        write_atomic(tmp_path / name, b"a play")
        assert (tmp_path / name).read_bytes() == b"a play"


# ---- time, songs, settings


def test_the_clock_runs_stands_jumps_and_changes_speed():
    now_s = [100.0]
    clock = PreviewClock(-500.0, 10_000.0, rate=1.5, counter=lambda: now_s[0])
    assert clock.now_ms == -500
    now_s[0] += 5
    assert clock.now_ms == -500  # it stands
    clock.play()
    now_s[0] += 1
    assert clock.now_ms == 1000  # a second of DT is 1500 ms of map
    clock.speed = 0.5
    now_s[0] += 1
    assert clock.now_ms == 1750
    clock.pause()
    now_s[0] += 9
    assert clock.now_ms == 1750
    clock.seek(9900)
    clock.play()
    now_s[0] += 9
    assert clock.now_ms == 10_000 and clock.at_end
    clock.play()  # from the start again
    assert clock.now_ms == -500 and not clock.at_end
    clock.seek(-9999)
    assert clock.now_ms == -500


def test_a_search_needs_every_word_somewhere():
    songs = [Song("Foo", "Bar", "Hard", "Me", "1"), Song("Foo", "Baz", "Easy", "You", "2")]
    assert [s.path for s in search(songs, "foo")] == ["1", "2"]
    assert [s.path for s in search(songs, "HARD foo")] == ["1"]
    assert [s.path for s in search(songs, "you ba")] == ["2"]
    assert search(songs, "foo nothing") == []


def test_a_search_knows_names_in_unicode_and_tags(tmp_path):
    names = "TitleUnicode:\u97f3\u697d\nSource:Somewhere\nTags:jazz piano\nTitle:"
    path = tmp_path / "map.osu"
    path.write_bytes(OSU.replace(b"Title:", names.encode()))
    songs = list_songs(path)
    for query in ("\u97f3\u697d", "JAZZ four", "somewhere"):
        assert search(songs, query) == songs != []
    assert search(songs, "rock") == []


def test_settings_come_back_as_they_were(tmp_path):
    path = tmp_path / "new" / "settings.json"
    settings = Settings(
        theme="light", mods="HDDT", size=(1000, 700), live_rect="1, 2, 3, 4"
    ).with_recent("a")
    save_settings(settings, path)
    assert load_settings(path) == settings


@pytest.mark.parametrize("text", ["", "[]", "{", '{"theme": 5, "plays": "x", "unknown": 1}'])
def test_settings_that_make_no_sense_are_the_default(tmp_path, text):
    path = tmp_path / "settings.json"
    path.write_text(text)
    assert load_settings(path) == Settings()


def test_settings_keep_what_makes_sense(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"plays": 4, "recent": ["a", 5], "size": [1], "live_rect": "1, 2"}))
    assert load_settings(path) == Settings(plays=4, live_rect="1, 2")


def test_recent_files_are_few_and_newest_first():
    settings = Settings()
    for name in [*map(str, range(30)), "7"]:
        settings = settings.with_recent(name)
    assert settings.recent[0] == "7" and len(settings.recent) == RECENT_FILES
    assert len(set(settings.recent)) == RECENT_FILES
