"""The song beside the preview, in time with its clock.

The device is one that asks for frames when the test says so, on a counter that the test turns; the
songs are made with the standard library's `wave`. The reference for what is heard when is that
recording itself. One test plays on miniaudio's own device without a card.
"""

import os
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from osu.gui.sound import device as sound_device
from osu.gui.sound.audio import MOST_OFF_MS, Audio
from osu.gui.sound.device import SoundCard
from osu.sound import song as sounding_song
from osu.sound.song import SONG_VOLUME, SoundError, decode
from osu.sound.stretch import PIECE, SAMPLE_RATE
from tests.display import wait_for

miniaudio = pytest.importorskip("miniaudio", reason="miniaudio is not installed")
BLOCK = 1764  # frames: 40 ms
BLOCK_S = BLOCK / SAMPLE_RATE


class Device:
    """Keeps `fill` for the test to call."""

    def __init__(self):
        self.fill = None
        self.starts = self.closed = 0

    def start(self, fill):
        self.fill = fill
        self.starts += 1

    def stop(self):
        self.fill = None

    def close(self):
        self.closed += 1


class Player:
    """An Audio, its device and its counter."""

    def __init__(self):
        self.now_s = 100.0
        self.device = Device()
        self.audio = Audio(lambda: self.device, lambda: self.now_s)

    def load(self, folder, name="song.wav", pitch=1.0):
        self.audio.load(str(folder / "map.osu"), name, pitch)
        wait_for(lambda: self.audio._song is not self.audio._silence)

    def follow(self, t_ms, rate=1.0, song=True, hits=False):
        self.audio.follow(t_ms, rate, song, hits)
        wait_for(lambda: self.device.fill)

    def hear(self, seconds):
        """(N,) of the left channel; the counter runs as the frames are played."""
        blocks = []
        for _ in range(round(seconds / BLOCK_S)):
            blocks.append(self.device.fill(BLOCK)[:, 0])
            self.now_s += BLOCK_S
        return np.concatenate(blocks).astype(float)


@pytest.fixture
def player():
    before = set(threading.enumerate())
    player = Player()
    yield player
    player.audio.close()
    assert set(threading.enumerate()) == before


def save_wav(path: Path, samples: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


def rising(hz_a_second=200.0, seconds=10):
    """A tone whose pitch says when it is: `hz_a_second` times the time in seconds."""
    t_s = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    return 9000 * np.sin(np.pi * hz_a_second * t_s**2)


def pitch_hz(heard: np.ndarray) -> float:
    crossings = np.flatnonzero((heard[:-1] < 0) & (heard[1:] >= 0))
    return (len(crossings) - 1) * SAMPLE_RATE / (crossings[-1] - crossings[0])


@pytest.mark.parametrize("rate", [0.375, 0.75, 1.0, 1.5, 2.0])
def test_what_is_heard_is_what_the_clock_shows(player, tmp_path, rate):
    """At every moment, also after a jump, a pause and a change of speed."""
    save_wav(tmp_path / "song.wav", rising())
    player.load(tmp_path)
    for begin_ms in (1500.0, 4000.0, 2000.0):
        player.follow(begin_ms, rate)
        player.hear(0.2)
        heard = player.hear(0.2)
        middle_ms = begin_ms + 300 * rate
        slack_ms = MOST_OFF_MS * rate + 15
        assert pitch_hz(heard) == pytest.approx(0.2 * middle_ms, abs=0.2 * slack_ms)
    other = 3.0 - rate  # the speed changes while it plays
    player.follow(begin_ms + 400 * rate, other)
    player.hear(0.2)
    middle_ms = begin_ms + 400 * rate + 300 * other
    assert pitch_hz(player.hear(0.2)) == pytest.approx(
        0.2 * middle_ms, abs=0.2 * (MOST_OFF_MS * other + 15)
    )
    player.audio.stop()
    assert not player.hear(0.2).any()
    player.now_s += 5.0  # it was paused: the clock has stood
    player.follow(middle_ms, rate)
    player.hear(0.2)
    assert pitch_hz(player.hear(0.2)) == pytest.approx(
        0.2 * (middle_ms + 300 * rate), abs=0.2 * (MOST_OFF_MS * rate + 15)
    )


def test_a_device_that_asks_ahead_is_not_taken_for_late(player, tmp_path):
    """Three requests at once, as a device fills its buffer: the song goes on without a jump."""
    song = np.random.default_rng(0).integers(-9000, 9000, 3 * SAMPLE_RATE)
    save_wav(tmp_path / "song.wav", song)
    player.load(tmp_path)
    player.follow(1000.0)
    heard = [player.device.fill(BLOCK)[:, 0] for _ in range(3)]
    for n in range(20):
        player.now_s += BLOCK_S * (0.7 if n % 2 else 1.3)
        player.audio.follow(1000.0 + (player.now_s - 100.0) * 1000, 1.0, True, False)
        heard.append(player.device.fill(BLOCK)[:, 0])
    heard = np.concatenate(heard).astype(float)
    expected = SONG_VOLUME * song[SAMPLE_RATE : SAMPLE_RATE + len(heard)]
    assert np.abs(heard - expected)[PIECE:].max() <= 1


def test_nightcore_raises_the_pitch_and_keeps_the_time(player, tmp_path):
    tone = 9000 * np.sin(2 * np.pi * 400 * np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE)
    tone[3 * SAMPLE_RATE :] = 0
    save_wav(tmp_path / "song.wav", tone)
    player.load(tmp_path, pitch=1.5)
    player.follow(0.0, 1.5)
    heard = player.hear(3.0)
    assert pitch_hz(heard[SAMPLE_RATE // 4 : SAMPLE_RATE]) == pytest.approx(600, rel=0.01)
    assert np.flatnonzero(np.abs(heard) > 100)[-1] / SAMPLE_RATE == pytest.approx(2.0, abs=0.03)


@pytest.mark.parametrize("rate", [0.75, 1.0, 1.5])
def test_hits_are_heard_at_their_times(player, tmp_path, rate):
    times_ms = np.array([1000.0, 1250.0, 1333.0, 1500.0])
    player.audio.show_hits({"hit": times_ms, "part": np.array([]), "miss": np.array([])})
    player.follow(900.0, rate, song=False, hits=True)
    heard = np.abs(player.hear(1.2))
    for t_ms in times_ms:
        at = round((t_ms - 900.0) / rate / 1000 * SAMPLE_RATE)
        assert heard[at : at + 200].max() > 2000
        assert heard[at - 300 : at].max() < 300
    assert not heard[: round(100 / rate / 1000 * SAMPLE_RATE) - 2].any()


def test_the_device_is_opened_once_and_stopped_when_it_has_been_quiet(player, tmp_path):
    save_wav(tmp_path / "song.wav", rising())
    player.load(tmp_path)
    assert player.device.starts == 0
    for t_ms in (0.0, 500.0):
        player.follow(t_ms)
        player.audio.stop()
    assert player.device.starts == 1
    player.now_s += 2.0
    wait_for(lambda: player.device.fill is None)
    player.follow(700.0)
    assert player.device.starts == 2
    player.audio.close()
    assert player.device.closed == 1


def test_why_there_is_silence_is_said_once(tmp_path, monkeypatch):
    def refuse():
        raise SoundError("There is no sound: no playback device was found.")

    audio = Audio(refuse)
    for _ in range(3):
        audio.follow(0.0, 1.0, True, False)
        audio.stop()
    assert wait_for(audio.remark) == "There is no sound: no playback device was found."
    audio.close()
    assert audio.remark() == ""


def test_a_device_that_comes_later_is_found_with_the_next_song(tmp_path):
    device, there = Device(), []

    def open_device():
        if not there:
            raise SoundError("There is no sound: no playback device was found.")
        return device

    for name in ("a.wav", "b.wav"):
        save_wav(tmp_path / name, rising(seconds=1))
    audio = Audio(open_device)
    audio.load(str(tmp_path / "map.osu"), "a.wav")
    audio.follow(0.0, 1.0, True, False)
    assert wait_for(audio.remark)
    there.append(device)
    audio.load(str(tmp_path / "map.osu"), "b.wav")
    audio.follow(0.0, 1.0, True, False)
    assert wait_for(lambda: device.fill)
    audio.close()


def test_without_the_package_there_is_silence_and_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(sound_device, "miniaudio", None)
    save_wav(tmp_path / "song.wav", rising())
    audio = Audio()
    audio.load(str(tmp_path / "map.osu"), "song.wav")
    audio.follow(0.0, 1.0, True, False)
    assert "miniaudio" in wait_for(audio.remark)
    audio.close()
    assert audio.remark() == ""


@pytest.mark.parametrize("data", [b"", b"RIFF", b"no song" * 999])
def test_a_song_that_cannot_be_decoded_is_a_sentence(tmp_path, data):
    (tmp_path / "song.mp3").write_bytes(data)
    audio = Audio(Device)
    audio.load(str(tmp_path / "map.osu"), "song.mp3")
    assert wait_for(audio.remark) == "The song song.mp3 cannot be decoded."
    audio.close()


def test_a_song_is_decoded_no_further_than_it_is_wanted(tmp_path, monkeypatch):
    save_wav(tmp_path / "song.wav", rising(seconds=20))
    monkeypatch.setattr(sounding_song, "MOST_SONG_S", 3)
    assert 3 <= len(decode(tmp_path / "song.wav", SAMPLE_RATE, lambda: True)) / SAMPLE_RATE < 5
    assert decode(tmp_path / "song.wav", SAMPLE_RATE, lambda: False) is None


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that reach the decoder."""
    names = []

    def decode(path, sample_rate, goes_on):
        names.append(path.name)
        return np.zeros((0, 2), np.int16)

    monkeypatch.setattr("osu.sound.song.decode", decode)
    return names


@pytest.mark.parametrize(
    ("map_name", "song", "why"),
    [
        ("map.osu", "gone.mp3", "gone.mp3 is not beside the map"),
        ("map.osu", "", "the map names no song"),
        ("map.osz", "song.mp3", "inside an archive"),
    ],
)
def test_a_song_that_is_missing_is_told_of_where_it_is_to_be_heard(tmp_path, map_name, song, why):
    audio = Audio(Device)
    audio.load(str(tmp_path / map_name), song)
    audio.follow(0.0, 1.0, False, True)
    assert audio.remark() == ""
    for _ in range(2):
        audio.follow(0.0, 1.0, True, True)
    assert why in audio.remark() and audio.remark() == ""
    audio.close()


@pytest.mark.parametrize("name", ["", "gone.mp3", "..", "a" * 300, "a\0"])
def test_a_song_that_is_not_there_is_silence(decoded, tmp_path, name):
    audio = Audio(Device)
    audio.load(str(tmp_path / "map.osu"), name)
    audio.close()
    assert decoded == [] and audio.remark() == ""


@pytest.mark.parametrize(
    "name",
    [
        "{outside}",
        "//{outside}",
        "../outside.mp3",
        "..\\outside.mp3",
        "sub/../../outside.mp3",
        "link.mp3",
        "linked/outside.mp3",
        r"\\host\share\song.mp3",
        "//host/share/song.mp3",
        "C:song.mp3",
        "song.mp3:stream",
    ],
)
def test_a_song_outside_the_map_s_folder_reaches_no_decoder(decoded, monkeypatch, tmp_path, name):
    """Nor is anything outside looked up on the disk, which for a host would ask the network."""
    (tmp_path / "map" / "sub").mkdir(parents=True)
    outside = tmp_path / "outside.mp3"
    outside.write_bytes(b"")
    (tmp_path / "map" / "song.mp3").write_bytes(b"")
    (tmp_path / "map" / "link.mp3").symlink_to(outside)
    (tmp_path / "map" / "linked").symlink_to(tmp_path)
    asked = []
    isfile = os.path.isfile
    monkeypatch.setattr(os.path, "isfile", lambda path: asked.append(path) or isfile(path))
    audio = Audio(Device)
    audio.load(str(tmp_path / "map" / "map.osu"), name.format(outside=outside))
    audio.close()
    assert decoded == []
    assert all(path.is_relative_to(tmp_path / "map") and ".." not in path.parts for path in asked)


def test_a_song_in_a_folder_of_the_map_is_heard_with_either_slash(decoded, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "song.mp3").write_bytes(b"")
    audio = Audio(Device)
    for name in ("sub/song.mp3", "gone.mp3", r"sub\song.mp3"):
        audio.load(str(tmp_path / "map.osu"), name)
        wait_for(audio._tasks.empty)
    audio.close()
    assert decoded == ["song.mp3", "song.mp3"]


def test_a_device_of_miniaudio_asks_in_time_and_stops():
    """Its null device: real threads and real time, and nobody hears it."""
    asked = []
    card = SoundCard((miniaudio.Backend.NULL,))
    card.start(lambda count: asked.append(count) or np.zeros((count, 2), np.int16))
    wait_for(lambda: sum(asked) > 0.5 * SAMPLE_RATE)
    card.stop()
    heard = len(asked)
    card.start(lambda count: asked.append(count) or np.ones((count, 2), np.int16))
    wait_for(lambda: len(asked) > heard)
    card.close()
