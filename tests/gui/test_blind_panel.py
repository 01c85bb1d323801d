"""The blind test in the window: a folder and a file are asked for, a page is made and opened."""

import dataclasses
import json
import webbrowser

import pytest

from osu.gui.settings import Settings
from osu.gui.widgets.dialogs import files
from tests.blind.pages import ShakenPlayer
from tests.display import needs_xvfb
from tests.gui.window import idle, until

pytestmark = needs_xvfb


class Engine:
    """Plays at once, under every name."""

    def list_models(self):
        return []

    def load_player(self, name):
        return ShakenPlayer(card=dataclasses.replace(ShakenPlayer.card, name=name))


@pytest.fixture
def asked(monkeypatch, folder, tmp_path):
    """The dialogs are answered by these; pages go to a list instead of a browser."""
    answers = {"folder": str(folder / "Replays"), "file": str(tmp_path / "page.html"), "opened": []}
    monkeypatch.setattr(files.filedialog, "askdirectory", lambda **options: answers["folder"])
    monkeypatch.setattr(files.filedialog, "asksaveasfilename", lambda **options: answers["file"])
    monkeypatch.setattr(
        webbrowser, "open", lambda address: answers["opened"].append(address) or True
    )
    return answers


def press(app):
    idle(app)
    app.window.buttons["blind"].invoke()


def test_a_page_is_made_and_opened(start, asked, folder, tmp_path):
    app = start(Settings(songs_folder=str(folder / "Songs")), Engine())
    app.window.form.model.set("rnn")
    app.window.blind.pairs.set("2")
    press(app)
    until(app, lambda: asked["opened"])
    assert asked["opened"] == [(tmp_path / "page.html").as_uri()]
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    begin = text.index("{", text.index('<script type="application/json"'))
    page = json.loads(text[begin : text.index("</script>", begin)])
    assert (page["model"], len(page["pairs"])) == ("rnn", 2)
    assert "page.html; the browser opens it" in app.window._status.whole


def test_a_page_of_oneself_takes_the_player_of_the_tab_you(start, asked, folder, tmp_path):
    app = start(Settings(songs_folder=str(folder / "Songs")), Engine())
    idle(app)
    app.paint_state()
    app.window.press("blind_me")
    assert app.window._status.whole == "Choose on the tab You first who you are."
    app.window.form.model.set("diffusion")
    app.window.person.show_players(str(folder / "Replays"), (("one", 3), ("two", 3)))
    app.window.person.who.current(1)
    app.paint_state()
    app.window.press("blind_me")
    until(app, lambda: asked["opened"])
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<title>Which one is me?</title>" in text
    assert '"model":"diffusion --like"' in text and '"mods":"HRDT"' in text
    assert '"mods":"NM"' not in text  # which "one" played
    said = app.window._status.whole
    assert said.startswith("2 of 12 pairs; passed over: replay: of another player (")
    asked["file"] = ""
    idle(app)
    app.paint_state()
    app.window.press("blind_me")
    assert app.worker.state == "idle"


def test_without_a_browser_it_is_said_where_the_page_is(start, asked, folder, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    app = start(Settings(songs_folder=str(folder / "Songs")), Engine())
    press(app)
    until(app, lambda: "page.html: open it in a browser" in app.window._status.whole)


def test_a_closed_dialog_starts_nothing(start, asked):
    app = start(engine=Engine())
    for closed in ("file", "folder"):
        asked[closed] = ""
        press(app)
        assert app.worker.state == "idle"


def test_it_can_be_cancelled_and_what_fails_is_said(start, asked, folder, tmp_path):
    app = start(Settings(songs_folder=str(folder / "Songs")))  # an engine that never ends
    press(app)
    until(app, lambda: app.window._part > 0)
    app.window.buttons["cancel"].invoke()
    idle(app)
    assert not (tmp_path / "page.html").exists() and not asked["opened"]
    asked["folder"] = str(tmp_path)
    press(app)
    until(app, lambda: "no pair of clips" in app.window._status.whole)
