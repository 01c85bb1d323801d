"""Videos, read back by PyAV: how many frames, how long, what is to be seen and heard in them.

The song is made with the standard library's `wave`: silence with one loud click, whose place in the
map is known. x264 and AAC are lossy, so pictures are compared by their mean, and the click is where
it is loudest; AAC works in blocks of 1,024 samples, 23 ms.
"""

import dataclasses
import wave

import numpy as np
import pytest

from osu.formats.mods import Mods
from osu.origin import origin
from osu.players.auto import auto_play
from osu.render import video
from osu.render.painter import Painter, RenderError
from osu.render.scene import Stage
from osu.render.video import FPS, save_mp4
from osu.sound.song import SoundError
from osu.sound.stretch import SAMPLE_RATE
from tests.small_map import small_map, small_replay

av = pytest.importorskip("av", reason="av is not installed (uv sync --extra mp4)")
SIZE = (320, 240)
CLICK_MS = 2600.0  # of the song


@pytest.fixture
def song(tmp_path):
    """A click and nothing else, in a folder of its own."""
    sound = np.zeros((8 * SAMPLE_RATE, 2), np.int16)
    at = int(CLICK_MS * SAMPLE_RATE / 1000)
    sound[at : at + 400] = 25_000 * np.sin(np.arange(400) / 4)[:, None]
    folder = tmp_path / "songs"
    folder.mkdir()
    with wave.open(str(folder / "song.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(sound.tobytes())
    return folder / "song.wav"


def read(path):
    """-> frames (F, H, W, 3), their times in s, sound (N,) mono, its first sample's time in s."""
    with av.open(str(path)) as container:
        frames = [(f.time, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    with av.open(str(path)) as container:
        blocks = [(f.time, f.to_ndarray()) for f in container.decode(audio=0)]
    sound = np.concatenate([block for _, block in blocks], axis=1).mean(axis=0)
    return np.stack([f for _, f in frames]), [t for t, _ in frames], sound, blocks[0][0]


@pytest.mark.parametrize("mods", [Mods(0), Mods.DT, Mods.HT, Mods.NC | Mods.DT])
def test_a_video_has_the_frames_the_length_and_the_song_of_the_play(tmp_path, song, mods):
    stage = Stage(small_map(), small_replay(mods=mods))
    rate = stage.beatmap.rate
    heard = []
    path = tmp_path / "a.mp4"
    save_mp4([stage], path, 800, 3800, song, SIZE, hits=False, progress=heard.append)
    frames, times, sound, first_s = read(path)
    seconds = 3.0 / rate
    assert len(frames) == round(seconds * FPS) and frames.shape[1:] == (240, 320, 3)
    assert times == pytest.approx(np.arange(len(frames)) / FPS, abs=1e-4)
    with av.open(str(path)) as container:
        assert container.duration / av.time_base == pytest.approx(seconds, abs=0.03)
    assert first_s + len(sound) / SAMPLE_RATE == pytest.approx(seconds, abs=2048 / SAMPLE_RATE)
    loudest_s = first_s + np.abs(sound).argmax() / SAMPLE_RATE
    # A stretched recording keeps its pieces within 10 ms of their place, AAC smears by a block.
    assert loudest_s == pytest.approx((CLICK_MS - 800) / 1000 / rate, abs=0.035)
    assert heard == sorted(heard) and heard[-1] == 1.0


def test_a_frame_is_what_the_painter_paints(tmp_path, song):
    stage = Stage(small_map(), small_replay())
    save_mp4([stage], tmp_path / "a.mp4", 1000, 2000, song, SIZE, ["tester"])
    frames, times, _, _ = read(tmp_path / "a.mp4")
    painter = Painter([stage], *SIZE, ["tester"])
    for n in (0, 17, 59):
        painted = np.asarray(painter.paint(1000 + 1000 * times[n])).astype(int)
        other = np.asarray(painter.paint(1000 + 1000 * times[n] + 400)).astype(int)
        off, off_later = (np.abs(frames[n] - p).mean() for p in (painted, other))
        assert off < 4 and off < off_later  # half of the colours' resolution is kept


def test_hits_are_heard_where_there_is_no_song(tmp_path):
    stage = Stage(small_map(), small_replay(late_ms=20.0))
    for hits in (True, False):
        save_mp4([stage], tmp_path / "a.mp4", 800, 1400, None, SIZE, hits=hits)
        _, _, sound, first_s = read(tmp_path / "a.mp4")
        if hits:  # the only press of these 600 ms is at 1020 ms
            loudest_s = first_s + np.abs(sound).argmax() / SAMPLE_RATE
            assert loudest_s == pytest.approx(0.220, abs=0.03)
        else:
            assert np.abs(sound).max() < 1e-3


def test_a_generated_play_shows_its_origin_in_every_frame_and_in_the_file(tmp_path):
    """As for gifs: the same play under a person's name has only ground where the letters are."""
    generated = auto_play(small_map())
    persons = dataclasses.replace(generated, player="a person")
    videos, comments = [], []
    for name, replay in (("a.mp4", generated), ("b.mp4", persons)):
        stage = Stage(small_map(), replay)
        save_mp4([stage], tmp_path / name, 1000, 1500, None, (480, 360))
        videos.append(read(tmp_path / name)[0].astype(int))
        with av.open(str(tmp_path / name)) as container:
            comments.append(container.metadata.get("comment", ""))
    assert origin("auto") in comments[0] and comments[1] == ""
    assert len(videos[0]) == len(videos[1]) == 30
    for shown, other in zip(*videos, strict=True):
        above_the_field = np.abs(shown - other)[: int(0.13 * 360), :240]
        assert (above_the_field.max(axis=2) > 60).sum() > 100


@pytest.mark.parametrize(
    ("mods", "pitch"), [(Mods(0), 1.0), (Mods.DT, 1.0), (Mods.NC | Mods.DT, 1.5), (Mods.HT, 1.0)]
)
def test_the_songs_pitch_is_kept_except_under_nc(tmp_path, mods, pitch):
    tone = 12_000 * np.sin(2 * np.pi * 500.0 * np.arange(8 * SAMPLE_RATE) / SAMPLE_RATE)
    with wave.open(str(tmp_path / "song.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(tone.astype("<i2").tobytes())
    stage = Stage(small_map(), small_replay(mods=mods))
    save_mp4([stage], tmp_path / "a.mp4", 0, 3000, tmp_path / "song.wav", SIZE, hits=False)
    sound = read(tmp_path / "a.mp4")[2]
    middle = sound[len(sound) // 4 : -len(sound) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    # A bin is 1 Hz wide at least; WSOLA moves pieces by less than a period.
    hz = spectrum.argmax() * SAMPLE_RATE / len(middle)
    assert hz == pytest.approx(pitch * 500.0, rel=0.01)


def test_without_the_extra_a_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "can_write_video", lambda: False)
    with pytest.raises(RenderError, match=r"uv sync --extra mp4\.$"):
        save_mp4([Stage(small_map())], tmp_path / "a.mp4", 0, 1000)
    assert list(tmp_path.iterdir()) == []


def test_a_song_that_is_none_is_a_sentence_and_leaves_no_file(tmp_path):
    (tmp_path / "song.mp3").write_bytes(b"no song" * 99)
    with pytest.raises(SoundError, match=r"song\.mp3 cannot be decoded"):
        save_mp4([Stage(small_map())], tmp_path / "a.mp4", 0, 1000, tmp_path / "song.mp3", SIZE)
    assert [path.name for path in tmp_path.iterdir()] == ["song.mp3"]


@pytest.mark.parametrize("end_ms", [1000.0, 0.0, 1e9, float("nan")])
def test_a_length_that_is_none_is_refused(tmp_path, end_ms):
    with pytest.raises(RenderError, match="later"):
        save_mp4([Stage(small_map())], tmp_path / "a.mp4", 1000, end_ms)


def test_a_video_that_is_given_up_leaves_the_old_file(tmp_path):
    def give_up(part: float) -> None:
        if part > 0.5:
            raise KeyboardInterrupt

    path = tmp_path / "a.mp4"
    path.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        save_mp4([Stage(small_map())], path, 800, 1800, None, SIZE, progress=give_up)
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]
