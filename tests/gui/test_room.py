"""Room: small screens, texts that are too long, and fields that stay where they are.

The reference is what Tk says of places on a virtual screen of that size.
"""

import pytest

from osu.gui.songs import Song
from osu.gui.widgets.fit import ELLIPSIS, Fitter
from tests.display import needs_xvfb
from tests.gui.window import Endless, card, generate, until

pytestmark = needs_xvfb
LONG = "A title that no list of maps has the room for, whatever the size of its window is"


class Two(Endless):
    def list_models(self):
        everything = ("like", "accuracy", "unstable_rate", "skill")
        return [
            card("plain", ""),
            card("rich", LONG * 3, everything),
        ]


@pytest.mark.parametrize(("size", "least_rows"), [("800x600", 3), ("1280x800", 10)])
def test_what_is_essential_is_on_a_small_screen(screen, start, home, monkeypatch, size, least_rows):
    monkeypatch.setenv("DISPLAY", screen(size))
    app = start(engine=Two())
    songs = tuple(Song("artist", f"song {n}", "hard", "me", f"{n}.osu") for n in range(300))
    app.window.maps.show(songs)
    generate(app, home)
    settle(app)
    maps, preview, plays = app.window.maps.tree, app.window.preview, app.window.results.tree
    maps.see(maps.get_children()[0])
    assert sum(bool(maps.bbox(row)) for row in maps.get_children()) >= least_rows
    for widget in (
        preview.transport.bar,
        preview.transport.play_button,
        app.window.buttons["generate"],
    ):
        right, bottom = (
            widget.winfo_rootx() + widget.winfo_width(),
            widget.winfo_rooty() + widget.winfo_height(),
        )
        assert right <= app.root.winfo_screenwidth() and bottom <= app.root.winfo_screenheight()
        assert app.root.winfo_containing(right - 3, bottom - 3) is widget
    assert preview.transport.bar.winfo_width() > 200 and preview.canvas.winfo_height() > 150
    (row,) = plays.get_children()
    for column in ("player", "seed", "map", "accuracy", "misses"):
        x, _, width, _ = plays.bbox(row, column)
        assert x + width <= plays.winfo_width()


def settle(app):
    """Borders that were moved have come to rest, and texts are cut for them."""
    resized = []
    app.root.after(300, lambda: resized.append(True))
    until(app, lambda: resized)


def test_a_title_that_is_too_long_has_a_mark_and_is_whole_at_the_pointer(start):
    app = start()
    app.window.maps.show((Song("", LONG, "hard", "me", "1.osu"), Song("", "S", "x", "me", "2.osu")))
    settle(app)
    table, tree = app.window.maps._table, app.window.maps.tree
    long, short = tree.get_children()
    title = tree.set(long, "title")
    assert title.endswith(ELLIPSIS) and LONG.startswith(title[:-1])
    assert tree.set(short, "title") == "S"
    x, y, _, height = tree.bbox(long, "title")
    assert table._cut_text_at(x + 9, y + height // 2) == LONG
    x, y, _, height = tree.bbox(short, "title")
    assert table._cut_text_at(x + 9, y + height // 2) == ""
    before = tree.set(long, "title")
    app.root.geometry("1560x900")
    until(app, lambda: len(tree.set(long, "title")) > len(before))


def test_what_is_cut_fits_and_no_letter_more_would(start):
    app = start()
    fitter = Fitter(app.root, "TLabel")
    for width in range(20, 300, 7):
        cut = fitter.fit(LONG, width)
        assert fitter._font.measure(cut) <= width
        assert fitter._font.measure(LONG[: len(cut) + 1] + ELLIPSIS) > width
    assert fitter.fit("short", 300) == "short"


def test_the_form_stays_where_it_is(start, home):
    """When the players are listed, another one is chosen, and a map with a long name is opened."""
    app = start(engine=Two())
    form = app.window.form
    assert "listed" in form._about.cget("text") or form.cards
    app.root.update()
    places = [place_of_all(form)]
    until(app, lambda: form.cards)
    for name in ("rich", "plain", "auto"):
        form.model.set(name)
        form._on_model()
        settle(app)
        places.append(place_of_all(form))
    app.window.show_maps_name((Song(LONG, LONG, LONG, "me", "x.osu"),))
    app.window.say(LONG * 9)
    settle(app)
    places.append(place_of_all(form))
    assert all(place == places[0] for place in places)


def place_of_all(widget):
    """Where every widget below it is on the screen, by name."""
    found = {str(widget): (widget.winfo_rootx(), widget.winfo_rooty(), widget.winfo_width())}
    for child in widget.winfo_children():
        found |= place_of_all(child)
    return found
