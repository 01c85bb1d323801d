"""The song beside the preview: what is asked of the backend, and the backend itself where it is.

The stand-in records calls; the reference is the order in which a player expects to hear things. The
last test plays a file made with the standard library's `wave` through pygame, without a sound card.
"""

import os
import time
import wave
from types import SimpleNamespace

import pytest

from osu.gui import audio
from osu.gui.audio import Audio


class Backend:
    """As much of pygame as Audio uses."""

    class error(Exception):
        pass

    def __init__(self, refuse=()):
        self.calls = []
        self.refuse = refuse
        self.ready = False
        self.mixer = SimpleNamespace(
            get_init=lambda: self.ready,
            init=lambda: self.call("init"),
            quit=lambda: self.call("quit"),
            music=SimpleNamespace(
                load=lambda path: self.call("load", path.name),
                play=lambda start: self.call("play", start),
                stop=lambda: self.call("stop"),
            ),
        )

    def call(self, *call):
        if call[0] in self.refuse:
            raise self.error("no")
        self.ready = call[0] != "quit" if call[0] in ("init", "quit") else self.ready
        self.calls.append(call)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "song.mp3").write_bytes(b"")
    return str(tmp_path / "map.osu")


def test_the_song_is_heard_from_where_the_preview_is(monkeypatch, folder):
    backend = Backend()
    monkeypatch.setattr(audio, "pygame", backend)
    song = Audio()
    song.load(folder, "song.mp3")
    for t_ms in (-40.0, -20.0, 5.0, 25.0):
        song.follow(t_ms, heard=True)
    assert backend.calls == [("init",), ("load", "song.mp3"), ("play", 0.005)]
    song.stop()  # a jump
    song.follow(9000.0, heard=True)
    song.follow(9020.0, heard=False)
    song.follow(9040.0, heard=False)
    song.close()
    assert backend.calls[3:] == [("stop",), ("play", 9.0), ("stop",), ("quit",)]


@pytest.mark.parametrize("name", ["", "gone.mp3", "..", "a" * 300, "a\0"])
def test_a_song_that_is_not_there_is_silence(monkeypatch, folder, name):
    backend = Backend()
    monkeypatch.setattr(audio, "pygame", backend)
    song = Audio()
    song.load(folder, name)
    song.follow(100.0, heard=True)
    song.close()
    assert backend.calls == []


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
def test_a_song_outside_the_map_s_folder_reaches_no_decoder(monkeypatch, tmp_path, name):
    """Nor is anything outside looked up on the disk, which for a host would ask the network."""
    (tmp_path / "map" / "sub").mkdir(parents=True)
    outside = tmp_path / "outside.mp3"
    outside.write_bytes(b"")
    (tmp_path / "map" / "song.mp3").write_bytes(b"")
    (tmp_path / "map" / "link.mp3").symlink_to(outside)
    (tmp_path / "map" / "linked").symlink_to(tmp_path)
    backend, asked = Backend(), []
    monkeypatch.setattr(audio, "pygame", backend)
    isfile = os.path.isfile
    monkeypatch.setattr(os.path, "isfile", lambda path: asked.append(path) or isfile(path))
    song = Audio()
    song.load(str(tmp_path / "map" / "map.osu"), name.format(outside=outside))
    song.follow(100.0, heard=True)
    song.close()
    assert backend.calls == []
    assert all(path.is_relative_to(tmp_path / "map") and ".." not in path.parts for path in asked)


def test_a_song_in_a_folder_of_the_map_is_heard_with_either_slash(monkeypatch, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "song.mp3").write_bytes(b"")
    for name in ("sub/song.mp3", r"sub\song.mp3"):
        backend = Backend()
        monkeypatch.setattr(audio, "pygame", backend)
        Audio().load(str(tmp_path / "map.osu"), name)
        assert backend.calls == [("init",), ("load", "song.mp3")]


@pytest.mark.parametrize("broken", ["init", "load", "play"])
def test_a_backend_that_refuses_is_silence(monkeypatch, folder, broken):
    backend = Backend(refuse=(broken,))
    monkeypatch.setattr(audio, "pygame", backend)
    song = Audio()
    song.load(folder, "song.mp3")
    song.follow(100.0, heard=True)
    song.follow(120.0, heard=True)
    song.close()
    assert ("play", 0.1) not in backend.calls


def test_without_a_backend_everything_is_silence(monkeypatch, folder):
    monkeypatch.setattr(audio, "pygame", None)
    song = Audio()
    song.load(folder, "song.mp3")
    song.follow(100.0, heard=True)
    song.close()


def test_pygame_plays_a_real_file(monkeypatch, tmp_path):
    pygame = pytest.importorskip("pygame", reason="pygame, an optional package, is not installed")
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    with wave.open(str(tmp_path / "song.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8000 * 5))
    song = Audio()
    song.load(str(tmp_path / "map.osu"), "song.wav")
    song.follow(1000.0, heard=True)
    time.sleep(0.3)
    assert pygame.mixer.music.get_busy()
    song.close()
    assert not pygame.mixer.get_init()
