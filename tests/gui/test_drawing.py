"""Charts and videos from the window on a real display, to files that others read."""

import io

import pytest
from PIL import Image

from osu.formats.replay import save_replay
from osu.gui.program import listed_plays
from osu.render.video import can_write_video
from tests.display import needs_xvfb
from tests.gui.window import generate, idle, until
from tests.small_map import small_replay

pytestmark = needs_xvfb


def test_charts_of_a_play_beside_a_persons(start, home, monkeypatch):
    """The person's play is found in the list, shown beside the selected one, and saved."""
    save_replay(small_replay(late_ms=10), home / "human.osr")
    app = start()
    app.opening.open_paths((str(home / "small.osu"), str(home / "human.osr")))
    idle(app)
    generate(app, home)
    results = app.window.results
    results.choose(results.tree.get_children()[-1])
    idle(app)
    app.paint_state()
    posted = []
    post = app.worker.post
    monkeypatch.setattr(app.worker, "post", lambda command: (posted.append(command), post(command)))
    app.window.press("charts")
    until(app, lambda: app.window.charts is not None)
    assert posted[0].labels == (results.selected()[0].label, "tester")
    charts = app.window.charts
    until(app, charts.winfo_viewable)
    size = Image.open(io.BytesIO(charts.picture)).size
    assert charts.winfo_width() >= size[0]
    monkeypatch.setattr(app, "ask_save_path", lambda *args: str(home / "charts.png"))
    charts.save_button.invoke()
    idle(app)
    assert (home / "charts.png").read_bytes() == charts.picture


@pytest.mark.skipif(not can_write_video(), reason="PyAV is an extra")
def test_an_mp4_of_the_whole_play(start, home, monkeypatch):
    import av

    app = start()
    generate(app, home)
    monkeypatch.setattr(app, "ask_save_path", lambda *args: str(home / "a.mp4"))
    app.window.press("mp4")
    idle(app)
    clock = app.window.preview.clock
    with av.open(str(home / "a.mp4")) as file:
        seconds = float(file.duration / av.time_base)
    assert seconds == pytest.approx((clock.end_ms - clock.start_ms) / 1000, abs=0.05)  # 3 frames


def test_without_the_extra_the_window_says_how_to_get_it(start, home, monkeypatch):
    app = start()
    generate(app, home)
    monkeypatch.setattr(listed_plays, "can_write_video", lambda: False)
    app.window.press("mp4")
    assert app.window._status.whole.endswith("uv sync --extra mp4.")
