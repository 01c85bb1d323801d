"""What is chosen, played and shown, on a real (virtual) display.

References: the X server's own picture of the screen, and what stands in the fields that a person
reads: the name above the form, the list's selection, the rows of plays.
"""

import os

import numpy as np
import pytest
from PIL import ImageGrab

from osu.gui import messages as msg
from osu.gui.settings import Settings
from osu.gui.widgets.results import NEW_MARK
from osu.players.naming import AUTO
from tests.display import needs_xvfb
from tests.gui.window import Endless, idle, until
from tests.paths import ROOT

pytestmark = needs_xvfb
SAMPLE = ROOT / "data" / "sample"


def open_samples(app):
    """-> row of the list by difficulty."""
    app.opening.open_paths((str(SAMPLE),))
    idle(app)
    app.window.form.model.set(AUTO)
    tree = app.window.maps.tree
    return {tree.set(row, "difficulty"): row for row in tree.get_children()}


def click(app, tree, row):
    """A pointer's click on a row."""
    x, y, _, _ = tree.bbox(row)
    for button in ("<Button-1>", "<ButtonRelease-1>"):
        tree.event_generate(button, x=x + 5, y=y + 5)
    app.root.update()


def choose(app, row):
    """A click on a map, until the preview shows it."""
    click(app, app.window.maps.tree, row)
    wanted = app.window.maps.tree.set(row, "difficulty")
    preview = app.window.preview
    until(app, lambda: preview.stages and preview.stages[0].beatmap.difficulty == wanted)
    idle(app)


def press_generate(app):
    until(app, lambda: app.window.buttons["generate"].instate(["!disabled"]))
    app.window.buttons["generate"].invoke()
    idle(app)


def test_the_map_that_is_clicked_is_shown_and_played(start):
    app = start()
    rows = open_samples(app)
    app.opening.open_paths((str(SAMPLE / "circuit.osu"),))
    idle(app)
    assert app.window.maps.tree.selection() == (rows["circuit"],)  # opened is selected as well
    click(app, app.window.maps.tree, rows["sprint"])
    assert "[sprint]" in app.window._map_name.cget("text")  # at once
    assert [m.difficulty for m in app.chosen_maps()] == ["sprint"]
    press_generate(app)  # without waiting for the preview
    assert [r.stage.beatmap.difficulty for r in app.window.results.rows.values()] == ["sprint"]


def test_generate_plays_all_maps_that_are_selected(start):
    app = start()
    rows = open_samples(app)
    app.window.maps.tree.selection_set(*rows.values())
    app.root.update()
    assert app.window._map_name.cget("text") == "3 maps"
    press_generate(app)
    played = {r.stage.beatmap.difficulty for r in app.window.results.rows.values()}
    assert played == set(rows)


def test_a_search_does_not_change_what_is_played(start):
    app = start()
    rows = open_samples(app)
    choose(app, rows["sprint"])
    maps = app.window.maps
    maps.query.set("circuit")
    until(app, lambda: len(maps.tree.get_children()) == 1)
    app.root.update()
    assert [m.difficulty for m in app.chosen_maps()] == ["sprint"]
    maps.query.set("")
    until(app, lambda: len(maps.tree.get_children()) == 3)
    assert [maps.tree.set(row, "difficulty") for row in maps.tree.selection()] == ["sprint"]


def test_choosing_a_map_takes_no_button_away(start):
    app = start()
    rows = open_samples(app)
    choose(app, rows["sprint"])
    app.worker.post(msg.ShowMap(str(SAMPLE / "sprint.osu"), "sprint"))
    app.paint_state()
    assert app.worker.state == "opening"
    assert app.window.buttons["generate"].instate(["!disabled"])
    idle(app)


def test_a_map_chosen_while_the_worker_is_busy_is_shown_afterwards(start):
    app = start(engine=Endless())
    rows = open_samples(app)
    choose(app, rows["circuit"])
    app.worker.post(msg.Generate(app.chosen_maps(), "endless", "NM", 1, 1))
    click(app, app.window.maps.tree, rows["sprint"])
    app.root.update()
    assert [m.difficulty for m in app.chosen_maps()] == ["sprint"]
    app.generating.cancel()
    preview = app.window.preview
    until(app, lambda: preview.stages[0].beatmap.difficulty == "sprint")


def test_the_first_play_is_shown_and_the_next_one_only_joins_the_list(start):
    app = start()
    rows = open_samples(app)
    choose(app, rows["sprint"])
    press_generate(app)
    results, preview = app.window.results, app.window.preview
    (first,) = results.rows
    watched = preview.stages
    assert watched == (results.rows[first].stage,)  # nothing but the map was there to watch
    assert not is_new(results, first)
    preview.play()
    press_generate(app)
    app.root.update()
    second = results.tree.get_children()[1]
    assert preview.stages == watched and preview.clock.playing
    assert results.tree.selection() == (first,)
    assert is_new(results, second)
    preview.pause()
    click(app, results.tree, second)
    assert preview.stages == (results.rows[second].stage,) and not is_new(results, second)


def is_new(results, row) -> bool:
    """Whether it is marked so for a reader."""
    return results.tree.set(row, "player").startswith(NEW_MARK)


def test_a_play_of_another_map_than_the_one_on_show_only_joins_the_list(start):
    app = start()
    rows = open_samples(app)
    choose(app, rows["sprint"])
    generate = msg.Generate(app.chosen_maps(), AUTO, "NM", 1, 1)
    choose(app, rows["circuit"])
    app.worker.post(generate)
    idle(app)
    (row,) = app.window.results.rows
    assert is_new(app.window.results, row)
    assert app.window.preview.stages[0].beatmap.difficulty == "circuit"


def test_a_map_that_is_chosen_leaves_no_play_selected(start):
    """Save and Arm act on what is on show."""
    app = start()
    rows = open_samples(app)
    choose(app, rows["sprint"])
    press_generate(app)
    choose(app, rows["circuit"])
    assert app.window.results.selected() == ()
    app.paint_state()
    assert app.window.buttons["save"].instate(["disabled"])


def test_each_press_is_a_new_play_unless_the_seed_is_pinned(start):
    app = start()
    rows = open_samples(app)
    choose(app, rows["sprint"])
    form, results = app.window.form, app.window.results
    for _ in range(3):
        press_generate(app)
    seeds = [play.seed for play in results.rows.values()]
    assert len(set(seeds)) == 3  # one of 300,000 times two of them are alike
    assert [results.tree.set(row, "seed") for row in results.rows] == list(map(str, seeds))
    assert form.seed.get() == str(seeds[-1])
    form.pinned.set(True)
    press_generate(app)
    form.pinned.set(False)
    press_generate(app)
    *_, pinned, new = (play.seed for play in results.rows.values())
    assert pinned == seeds[-1] != new


def test_a_seed_that_is_typed_is_pinned_and_an_empty_field_is_not(start):
    app = start()
    rows = open_samples(app)
    choose(app, rows["sprint"])
    form = app.window.form
    form.seed.set("42")  # as typing does
    assert form.pinned.get()
    press_generate(app)
    form.seed.set("")
    assert not form.pinned.get()
    press_generate(app)
    typed, drawn = (play.seed for play in app.window.results.rows.values())
    assert typed == 42 and form.seed.get() == str(drawn) and not form.pinned.get()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_selected_row_can_be_seen(start, theme):
    """Its ground stands off the other rows' by 3 to 1 and its text off its ground by 4.5 to 1, the
    contrasts that WCAG asks of controls and of text."""
    app = start(Settings(theme=theme))
    rows = open_samples(app)
    choose(app, rows["sprint"])
    tree = app.window.maps.tree
    other = row_colours(app, tree, rows["circuit"])[0]
    ground, text = row_colours(app, tree, rows["sprint"])
    assert contrast(ground, other) > 3 - 0.2
    assert contrast(ground, text) > 4.5


def row_colours(app, tree, row):
    """The commonest colour of a row on the screen, and the one that is farthest from it."""
    app.root.update()
    x, y, _, height = tree.bbox(row, "title")
    left, top = tree.winfo_rootx() + x, tree.winfo_rooty() + y
    box = (left + 4, top + 3, left + 120, top + height - 3)
    picture = ImageGrab.grab(xdisplay=os.environ["DISPLAY"]).convert("RGB").crop(box)
    colours, counts = np.unique(np.asarray(picture).reshape(-1, 3), axis=0, return_counts=True)
    ground = colours[counts.argmax()]
    return ground, max(colours, key=lambda colour: contrast(ground, colour))


def contrast(one, other) -> float:
    """WCAG 2's ratio of two sRGB colours."""
    light = sorted(_luminance(np.asarray(colour) / 255) for colour in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def _luminance(srgb) -> float:
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
