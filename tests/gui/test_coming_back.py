"""Plays that are in files are listed again after a restart, on a real (virtual) display.

References: the rows of the list before the window was closed, and files on the disk.
"""

import dataclasses

import pytest

from osu.formats.replay import save_replay
from osu.gui.settings import MOST_PLAYS_LISTED, Settings, load_settings
from osu.gui.widgets.dialogs import files
from osu.gui.widgets.results import NEW_MARK
from osu.origin import origin
from osu.players.generated import judged_play
from tests.display import needs_xvfb
from tests.gui.stand_in import Engine, Player
from tests.gui.window import idle, until
from tests.small_map import OSU, small_map, small_replay

pytestmark = needs_xvfb


class Named(Player):
    """As a model's player: its files have its name and the seed."""

    def generate(self, beatmap, seed, options, on_progress, cancel):
        replay = small_replay(mods=beatmap.mods, seed=seed)
        return judged_play(beatmap, dataclasses.replace(replay, player=origin("rnn")))


class Rnn(Engine):
    def list_models(self):
        return []


@pytest.fixture
def begin(start):
    def begin(settings=None):
        app = start(load_settings() if settings is None else settings, Rnn(Named()))
        app.window.form.model.set("rnn")
        return app

    return begin


def rows(app):
    """The texts of the list, without the mark of what is new."""
    table = app.window.results
    values = (table.whole(row) for row in table.tree.get_children())
    return [(player.removeprefix(NEW_MARK), *rest) for player, *rest in values]


def all_listed(app):
    until(app, lambda: not app.plays._to_come)
    idle(app)


def generate_one(app):
    before = len(rows(app))
    app.paint_state()
    app.window.press("generate")
    until(app, lambda: len(rows(app)) > before)
    idle(app)


def test_saved_opened_and_batched_plays_are_listed_again(begin, home, monkeypatch):
    app = begin(Settings(sound=False))
    save_replay(small_replay(second=False), home / "person.osr")
    app.opening.open_paths((str(home / "small.osu"), str(home / "person.osr")))
    idle(app)
    generate_one(app)
    generate_one(app)  # stays unsaved
    results = app.window.results
    results.choose(results.tree.get_children()[1])
    to = str(home / "one.osr")
    monkeypatch.setattr(files.filedialog, "asksaveasfilename", lambda **options: to)
    app.window.press("save")
    idle(app)
    monkeypatch.setattr(files.filedialog, "askdirectory", lambda **o: str(home / "batch"))
    app.paint_state()
    app.window.press("batch")
    idle(app)
    before = rows(app)
    assert len(before) == 4
    app.close()

    app = begin()
    all_listed(app)
    assert rows(app) == [before[0], before[1], before[3]]
    results = app.window.results
    assert not results.selected() and not app.window.preview.stages
    assert not any(results.tree.set(row, "player").startswith(NEW_MARK) for row in results.rows)
    results.choose(results.tree.get_children()[1])
    assert app.window.preview.stages[0].replay.n300 == 4
    assert "not listed" not in app.window._status.whole
    results.choose(results.tree.get_children()[0])
    app.paint_state()
    app.window.press("remove")
    app.close()  # and again, with what is left

    app = begin()
    all_listed(app)
    assert rows(app) == [before[1], before[3]]


def test_all_saved_plays_are_listed_again_before_new_ones(begin, home, monkeypatch):
    app = begin(Settings(sound=False))
    app.opening.open_paths((str(home / "small.osu"),))
    idle(app)
    app.window.form.plays.set("3")
    app.window.press("generate")
    idle(app)
    folder = home / "all"
    monkeypatch.setattr(files.filedialog, "askdirectory", lambda **options: str(folder))
    app.paint_state()
    app.window.press("save_all")
    idle(app)
    before = rows(app)
    app.close()
    app = begin()
    app.opening.open_paths((str(next(folder.iterdir())),))  # as on the command line
    all_listed(app)
    assert rows(app)[:3] == before and len(rows(app)) == 4


def test_what_is_gone_or_changed_is_left_out_and_counted(begin, home):
    (home / "far").mkdir()
    (home / "far" / "edited.osu").write_bytes(OSU.replace(b"Four Objects", b"Edited"))
    save_replay(small_replay(), home / "far" / "of_edited.osr")
    save_replay(small_replay(), home / "stays.osr")
    (home / "bad.osr").write_bytes(b"no replay")
    maps = {
        "far/of_edited.osr": "far/edited.osu",
        "gone.osr": "small.osu",
        "bad.osr": "small.osu",
        "stays.osr": "small.osu",
    }
    listed = tuple((str(home / name), str(home / of)) for name, of in maps.items())
    app = begin(Settings(listed_plays=listed))
    all_listed(app)
    until(app, lambda: "3 plays of last time are not listed" in app.window._status.whole)
    assert len(rows(app)) == 1
    app.close()
    assert load_settings().listed_plays == (listed[-1],)  # of the others nothing is said again


def test_a_window_that_is_closed_at_once_forgets_nothing(begin, home):
    save_replay(small_replay(), home / "one.osr")
    listed = ((str(home / "one.osr"), str(home / "small.osu")),) * 20
    begin(Settings(listed_plays=listed)).close()
    assert load_settings().listed_plays == listed


def test_at_most_the_newest_are_remembered(begin, home):
    app = begin(Settings(sound=False))
    app.opening.open_paths((str(home / "small.osu"),))
    idle(app)
    app.window.form.plays.set(str(MOST_PLAYS_LISTED + 5))
    app.window.press("generate")
    idle(app)
    for n, play in enumerate(app.window.results.listed()):
        app.window.results.note_file(play.stage.replay, f"/{n}.osr")
    app.close()
    last = [path for path, _ in load_settings().listed_plays]
    assert last == [f"/{n}.osr" for n in range(5, MOST_PLAYS_LISTED + 5)]


def test_a_generated_play_that_is_opened_has_its_model_and_seed(begin, home):
    replay = dataclasses.replace(small_replay(seed=77), player=origin("rnn"))
    save_replay(replay, home / "a.osr")
    app = begin(Settings(sound=False))
    app.opening.open_paths((str(home / "small.osu"), str(home / "a.osr")))
    idle(app)
    assert rows(app)[0][:2] == ("rnn", "77")
    assert small_map().title in rows(app)[0][2]
