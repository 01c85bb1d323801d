"""Charts of timing and aim, checked on what matplotlib was told to draw.

References: the hand-made replay, which hits each object a known time late, in its middle.
"""

import dataclasses
import io

import numpy as np
import pytest
from matplotlib import font_manager
from PIL import Image

from osu.figures import fonts
from osu.origin import origin
from osu.render import charts
from osu.render.charts import DPI, HEIGHT_IN, PLAY_COLOURS, WIDTH_IN, draw_charts
from osu.render.painter import RenderError
from osu.render.scene import Stage
from tests.small_map import small_map, small_replay


def drawn(monkeypatch, stages, labels):
    """-> the axes of timing and of aim, and the PNG."""
    kept = []

    def subplots(*args):
        figure, axes = original(*args)
        kept.extend(axes)
        return figure, axes

    original = charts.subplots
    monkeypatch.setattr(charts, "subplots", subplots)
    return kept, draw_charts(stages, labels)


def test_a_persons_play_beside_ours(monkeypatch):
    person = Stage(small_map(), small_replay(late_ms=-15))
    ours = dataclasses.replace(small_replay(late_ms=20), player=origin("rnn"))
    stages = [person, Stage(small_map(), ours)]
    (timing, aim), picture = drawn(monkeypatch, stages, ["me", "rnn 3"])
    texts = [text.get_text() for text in timing.get_legend().get_texts()]
    assert texts == ["me: UR 0", "rnn 3 (generated): UR 0"]  # always as late: no spread
    for stage, late_ms, outline in zip(stages, (-15, 20), timing.patches[::2], strict=True):
        share, edges, _ = outline.get_data()
        (full,) = np.flatnonzero(share)
        assert edges[full] <= late_ms <= edges[full + 1]
        assert share[full] * (edges[full + 1] - edges[full]) == pytest.approx(1.0)
        assert stage.judgement.nmiss == 0
    # Two of four objects have one before them elsewhere and are aimed at. The circle is hit in its
    # middle; who is late at the slider is with its ball by then, 140 px in 500 ms to the right, and
    # the way there leads down to the left. A frame's position is a 32-bit float.
    for late_ms, points in zip((-15, 20), aim.collections, strict=True):
        ahead = max(0, late_ms) * 140 / 500 / small_map().radius_px / np.sqrt(2)
        expected = [[0.0, 0.0], [-ahead, -ahead]]
        assert np.asarray(points.get_offsets()) == pytest.approx(np.array(expected), abs=1e-3)
    image = Image.open(io.BytesIO(picture))
    assert (image.format, image.size) == ("PNG", (round(WIDTH_IN * DPI), round(HEIGHT_IN * DPI)))


def test_no_more_plays_than_colours(monkeypatch):
    stages = [Stage(small_map(), small_replay(late_ms=n)) for n in range(9)]
    (timing, _), _ = drawn(monkeypatch, stages, list("abcdefghi"))
    assert len(timing.get_legend().get_texts()) == len(PLAY_COLOURS)


def test_without_a_judged_play_there_is_a_sentence():
    with pytest.raises(RenderError, match=r"nothing to chart\.$"):
        draw_charts([Stage(small_map())], ["a map"])


def test_titles_have_the_fonts_of_their_writing_where_the_system_has_them(monkeypatch):
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["Other", "Meiryo", "DejaVu Sans"])
    assert fonts() == ["DejaVu Sans", "Meiryo"]
