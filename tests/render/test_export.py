"""Pictures, checked by where their pixels must be.

References: geometry (where a circle of the map lies in the picture, how far a pixel is from a
polyline by brute force), and Pillow reading back what was written. A pixel at the edge of a shape
is a mixture, so radii are measured to 1.5 px and coverage to 2 of 255 levels.
"""

import dataclasses

import numpy as np
import pytest
from PIL import Image, ImageSequence

from osu.formats.mods import Mods
from osu.origin import origin
from osu.players.auto import auto_play
from osu.render import sprites
from osu.render.export import GIF_FRAME_MS, lively_window, save_gif, save_png
from osu.render.painter import BACKDROP, FIELD, Painter, RenderError
from osu.render.scene import Stage
from tests.small_map import small_map, small_replay

SIZE = (800, 600)


@pytest.fixture(scope="module")
def stage():
    return Stage(small_map(), small_replay())


def pixels(image) -> np.ndarray:
    return np.asarray(image).astype(int)


def px_of(painter, x, y) -> tuple[int, int]:
    """osu!px -> px, by the definition in render.py's layout: one scale, centred across."""
    scale = min(painter.width / (512 * 1.27), painter.height / (384 * 1.28))
    left = (painter.width - 512 * scale) / 2
    top = (painter.height - 384 * scale) * 0.46
    return round(left + x * scale), round(top + y * scale)


def test_a_circle_lies_where_the_map_says_and_is_as_large_as_it_says(stage):
    painter = Painter([stage], *SIZE)
    # 20 ms before the first press: full opacity, the approach circle closed, nothing else near.
    image = pixels(painter.paint(1000))
    x, y = px_of(painter, 100, 100)
    row = image[y, :x]
    radius = 36.48 * min(800 / (512 * 1.27), 600 / (384 * 1.28))
    rim = np.flatnonzero(row.min(axis=1) > 200)
    assert x - rim.min() == pytest.approx(radius, abs=1.5)


def test_before_the_first_object_there_is_only_ground(stage):
    quiet = pixels(Painter([Stage(small_map())], *SIZE).paint(-2000))
    assert {tuple(c) for c in quiet[5:100, 5:60].reshape(-1, 3)} == {BACKDROP}
    assert (quiet[200:400, 200:600] == FIELD).all()


def test_two_plays_side_by_side_are_two_pictures(stage):
    beatmap = small_map()
    other = Stage(beatmap, auto_play(beatmap))
    both = pixels(Painter([stage, other], 800, 400, ["a", "b"]).paint(1510))
    for k, (alone, label) in enumerate(((stage, "a"), (other, "b"))):
        single = pixels(Painter([alone], 400, 400, [label]).paint(1510))
        assert (both[:, 400 * k : 400 * (k + 1)] == single).all()


def test_painting_is_a_function_of_time(stage):
    painter = Painter([stage], 320, 240)
    first = [painter.paint(t).tobytes() for t in (900, 2300, 5000)]
    again = [Painter([stage], 320, 240).paint(t).tobytes() for t in (5000, 2300, 900)]
    assert first == again[::-1]


def test_a_ring_in_four_parts_is_the_ring():
    for radius, width in ((3.0, 2.0), (12.0, 1.6), (40.0, 3.0), (133.5, 4.1), (90.2, 12.0)):
        half = int(radius + width) + 3
        frame = Image.new("RGB", (2 * half + 1, 2 * half + 1))
        for part in sprites.ring(radius, width, sprites.WHITE):
            sprites.paste(frame, part, half, half)
        axis = np.arange(-half, half + 1)
        off = np.abs(np.hypot(axis[:, None], axis[None, :]) - radius)
        expected = 255 * np.clip(width / 2 - off + 0.5, 0, 1)
        assert np.abs(pixels(frame)[..., 0] - expected).max() <= 2


def test_a_slider_body_covers_what_is_near_its_path():
    t = np.linspace(0, 1, 40)
    path = np.stack([80 + 150 * t, 90 + 60 * np.sin(4 * t)], axis=-1)
    body = sprites.slider_body(path, 25.0, sprites.COMBO[0], (400, 300))
    frame = Image.new("RGB", (320, 240))
    sprites.paste(frame, body, 0, 0)
    painted = pixels(frame).max(axis=2) > 0
    fine = np.stack([np.interp(np.linspace(0, 39, 4000), range(40), path[:, k]) for k in (0, 1)])
    y, x = np.mgrid[:240, :320]
    away = np.full((240, 320), np.inf)
    for px, py in fine.T[::10]:
        away = np.minimum(away, np.hypot(x - px, y - py))
    assert painted[away < 24].all() and not painted[away > 27].any()


def test_a_sprite_beyond_the_border_is_clipped():
    frame = Image.new("RGB", (50, 50))
    for x, y in ((-30, 20), (60, 20), (20, -30), (20, 60), (-500, -500)):
        sprites.paste(frame, sprites.disc(40, sprites.WHITE), x, y)
    assert pixels(frame)[20, 0].tolist() == [255, 255, 255]


def test_a_picture_that_is_too_small_is_refused(stage):
    with pytest.raises(RenderError, match="too small"):
        Painter([stage, stage], 100, 100)


def test_png(stage, tmp_path):
    save_png([stage], tmp_path / "a.png", 1000, 320, 240, ["tester"])
    with Image.open(tmp_path / "a.png") as image:
        assert (image.size, image.mode) == ((320, 240), "RGB")
        expected = Painter([stage], 320, 240, ["tester"]).paint(1000)
        assert image.tobytes() == expected.tobytes()


def test_a_gif_lasts_as_long_as_the_play_does(stage, tmp_path):
    heard = []
    size = save_gif([stage], tmp_path / "a.gif", 800, 2800, 240, 180, progress=heard.append)
    assert size == (tmp_path / "a.gif").stat().st_size <= 2_000_000
    assert heard == sorted(heard) and heard[-1] == 1.0
    with Image.open(tmp_path / "a.gif") as image:
        lasts_ms = sum(f.info["duration"] for f in ImageSequence.Iterator(image))
        assert (image.size, image.info["loop"]) == ((240, 180), 0)
    assert lasts_ms == 2000
    fast = Stage(small_map(), small_replay(mods=Mods.DT))
    save_gif([fast], tmp_path / "dt.gif", 800, 2800, 240, 180)
    with Image.open(tmp_path / "dt.gif") as image:
        lasts_ms = sum(f.info["duration"] for f in ImageSequence.Iterator(image))
    assert lasts_ms == pytest.approx(2000 / 1.5, abs=GIF_FRAME_MS)


def test_a_gif_shows_what_the_painter_paints(stage, tmp_path):
    """96 colours stand for all: no pixel of a frame is far off, and few are off at all."""
    save_gif([stage], tmp_path / "a.gif", 1200, 2400, 240, 180)
    painter = Painter([stage], 240, 180)
    with Image.open(tmp_path / "a.gif") as image:
        for n in (0, 12, 25):
            image.seek(n)
            shown = pixels(image.convert("RGB"))
            off = np.abs(shown - pixels(painter.paint(1200 + n * GIF_FRAME_MS))).max(axis=2)
            assert off.mean() < 4 and np.percentile(off, 99) < 40


def test_a_gif_of_a_generated_play_shows_its_origin(tmp_path):
    """In every frame, at any size, with a caption and without: the same play under a person's
    name has only ground there, of which the letters stand out."""
    beatmap = small_map()
    generated = auto_play(beatmap)
    persons = dataclasses.replace(generated, player="a person")
    for size, labels in (((480, 360), ()), ((240, 180), ["a caption"])):
        frames = []
        for name, replay in (("a.gif", generated), ("b.gif", persons)):
            save_gif([Stage(beatmap, replay)], tmp_path / name, 1000, 2000, *size, labels)
            with Image.open(tmp_path / name) as image:
                frames.append([pixels(f.convert("RGB")) for f in ImageSequence.Iterator(image)])
        for shown, other in zip(*frames, strict=True):
            above_the_field = np.abs(shown - other)[: int(0.13 * size[1]), : size[0] // 2]
            assert (above_the_field.max(axis=2) > 60).sum() > 100


def test_a_name_of_a_megabyte_is_cut():
    """A replay that was opened may have any name."""
    long = dataclasses.replace(small_replay(), player=origin("x" * (1 << 20)))
    assert Painter([Stage(small_map(), long)], 320, 240).paint(1000).size == (320, 240)


def test_a_gif_shrinks_to_its_limit_or_leaves_the_old_file_alone(stage, tmp_path):
    path = tmp_path / "a.gif"
    free = save_gif([stage], path, 1000, 3000, 320, 240)
    size = save_gif([stage], path, 1000, 3000, 320, 240, max_bytes=free - 1)
    assert size < free
    with Image.open(path) as image:
        assert image.width < 320
    before = path.read_bytes()
    with pytest.raises(RenderError, match="fit"):
        save_gif([stage], path, 1000, 3000, 320, 240, max_bytes=1000)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_gif_that_is_given_up_leaves_nothing(stage, tmp_path):
    def give_up(part: float) -> None:
        if part > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_gif([stage], tmp_path / "a.gif", 800, 1800, 160, 120, progress=give_up)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_window_of_time_is_refused(stage, tmp_path):
    with pytest.raises(RenderError, match="later"):
        save_gif([stage], tmp_path / "a.gif", 1000, 1000)


def test_the_lively_window_has_every_kind_of_object():
    """All four objects of the small map lie within six seconds; two don't hold all of them."""
    beatmap = small_map()
    start_ms, end_ms = lively_window(beatmap)
    assert end_ms - start_ms == 6000
    assert start_ms <= 1000 and end_ms >= 5000
    start_ms, end_ms = lively_window(beatmap.with_mods(Mods.DT), 1.5)
    assert end_ms - start_ms == 1.5 * 1500
    inside = (beatmap.start_ms > start_ms) & (beatmap.start_ms < end_ms)
    assert len(set(beatmap.kind[inside])) == 2
