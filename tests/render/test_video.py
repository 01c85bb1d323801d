"""An mp4, read back by PyAV: its pictures, its sound and the line that says who made it.

References: the painter's own pictures, of which H.264 at this quality keeps each pixel within a few
levels; a song that is a tone of one pitch, whose pitch and length after DT and NC are known.
"""

import dataclasses
import wave
from pathlib import Path

import numpy as np
import pytest

from osu.formats.mods import Mods
from osu.origin import origin
from osu.render import video
from osu.render.painter import Painter, RenderError
from osu.render.scene import Stage
from osu.render.video import FPS, save_mp4
from tests.small_map import small_map, small_replay

av = pytest.importorskip("av", reason="PyAV is an extra")
SIZE = (320, 240)
HZ = 500.0


@pytest.fixture
def song(tmp_path) -> Path:
    """Ten seconds of a tone."""
    tone = 12_000 * np.sin(2 * np.pi * HZ * np.arange(441_000) / 44_100)
    with wave.open(str(tmp_path / "song.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(tone.astype("<i2").tobytes())
    return tmp_path / "song.wav"


def stage(mods=Mods(0), **swap):  # noqa: B008 - an IntFlag, immutable
    replay = dataclasses.replace(small_replay(mods=mods), player=origin("rnn"))
    return Stage(small_map(), replay, **swap)


def read(path):
    """-> its pictures, (K, H, W, 3), and its sound, (N,) mono at its sample rate."""
    with av.open(str(path)) as file:
        pictures = np.stack([f.to_ndarray(format="rgb24") for f in file.decode(video=0)])
    with av.open(str(path)) as file:
        if not file.streams.audio:
            return pictures, np.zeros(0)
        sound = np.concatenate([f.to_ndarray().mean(0) for f in file.decode(audio=0)])
    return pictures, sound


def pitch_hz(sound) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(spectrum.argmax() * 44_100 / len(sound))


@pytest.mark.parametrize(
    ("mods", "rate", "pitch"),
    [(Mods(0), 1.0, 1.0), (Mods.DT, 1.5, 1.0), (Mods.NC | Mods.DT, 1.5, 1.5), (Mods.HT, 0.75, 1.0)],
)
def test_pictures_and_sound_last_as_long_as_the_play(tmp_path, song, mods, rate, pitch):
    save_mp4([stage(mods)], tmp_path / "a.mp4", 0.0, 3000.0, song, SIZE)
    pictures, sound = read(tmp_path / "a.mp4")
    seconds = 3.0 / rate
    assert len(pictures) == round(seconds * FPS)
    # Sound comes in blocks of 1024 frames, and AAC adds up to three of its own.
    assert len(sound) / 44_100 == pytest.approx(seconds, abs=4 * 1024 / 44_100)
    middle = sound[len(sound) // 4 : -len(sound) // 4]
    # A bin of the spectrum is 2 Hz wide at most here; WSOLA moves pieces by less than a period.
    assert pitch_hz(middle) == pytest.approx(pitch * HZ, rel=0.01)


def test_the_pictures_are_the_painters_and_name_the_origin(tmp_path):
    save_mp4([stage()], tmp_path / "a.mp4", 500.0, 1500.0, None, SIZE, ["a caption"])
    pictures, sound = read(tmp_path / "a.mp4")
    assert not len(sound)
    painter = Painter([stage()], *SIZE, ["a caption"])
    for n in (0, 30, 59):
        painted = np.asarray(painter.paint(500.0 + n * 1000 / FPS), float)
        # 4:2:0 halves the colours' grid, so that brightness is compared.
        assert np.abs(painted.mean(2) - pictures[n].mean(2)).mean() < 4
    person = dataclasses.replace(small_replay(), player="a person")
    without = np.asarray(Painter([Stage(small_map(), person)], *SIZE, ["a caption"]).paint(500.0))
    label = np.abs(np.asarray(painter.paint(500.0), float) - without).max(2) > 60
    assert label.sum() > 20  # where the origin is written
    written, bare = (np.asarray(p, float)[label] for p in (painter.paint(500.0), without))
    seen = pictures[0].astype(float)[label]
    assert np.abs(seen - written).mean() < np.abs(seen - bare).mean() / 2


def test_without_the_extra_a_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "can_write_video", lambda: False)
    with pytest.raises(RenderError, match=r"uv sync --extra mp4\.$"):
        save_mp4([stage()], tmp_path / "a.mp4", 0.0, 1000.0)
    assert not list(tmp_path.iterdir())


def test_a_song_that_is_none_is_a_sentence_and_leaves_no_file(tmp_path):
    (tmp_path / "song.mp3").write_bytes(b"no song" * 99)
    with pytest.raises(RenderError, match=r"song\.mp3 cannot be decoded"):
        save_mp4([stage()], tmp_path / "a.mp4", 0.0, 1000.0, tmp_path / "song.mp3", SIZE)
    assert [path.name for path in tmp_path.iterdir()] == ["song.mp3"]


def test_given_up_it_leaves_no_file(tmp_path):
    def give_up(part):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_mp4([stage()], tmp_path / "a.mp4", 0.0, 1000.0, size=SIZE, progress=give_up)
    assert not list(tmp_path.iterdir())
