"""The worker without a window: files are opened, found and saved."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from osu.formats.replay import dump_replay, save_replay
from osu.gui import messages as msg
from osu.render.scene import Stage
from tests.gui.stand_in import drain, of
from tests.small_map import OSU, small_map, small_replay


def test_open_a_map(worker, map_path):
    assert worker.state == "idle"
    worker.post(msg.OpenMap(map_path))
    assert worker.state == "opening"
    events = drain(worker)
    assert worker.state == "idle"
    (opened,) = of(msg.MapOpened, events)
    assert opened.stage.beatmap.md5 == small_map().md5
    assert [song.label for song in opened.difficulties] == ["Nobody - Four Objects [small]"]
    assert events[-1] == msg.Finished(1, cancelled=False)


def pack(path: Path) -> Path:
    """An archive of two difficulties, the second one the small map."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("1.osu", OSU.replace(b"Version:small", b"Version:other"))
        file.writestr("2.osu", OSU)
    return path


@pytest.mark.parametrize("name", ["set.osz", "set.olz", "SET.OLZ"])
def test_a_map_inside_an_archive_beside_the_replay_is_found(worker, tmp_path, name):
    archive = pack(tmp_path / name)
    (tmp_path / "a broken.olz").write_bytes(b"PK no zip")
    replay = tmp_path / "play.osr"
    save_replay(small_replay(), replay)
    worker.post(msg.OpenReplay(str(replay)))
    (opened,) = of(msg.ReplayOpened, drain(worker))
    assert opened.map_path == str(archive)
    assert opened.stage.beatmap.difficulty == "small"


def test_a_replay_finds_its_map(worker, map_path, tmp_path):
    """Beside it, among the known files, and inside an .osz or .olz; never by name."""
    beside = Path(map_path).with_name("play.osr")
    save_replay(small_replay(), beside)
    (tmp_path / "elsewhere").mkdir()
    away = tmp_path / "elsewhere" / "play.osr"
    save_replay(small_replay(), away)
    archive = pack(tmp_path / "set.osz")
    cases = [
        (msg.OpenReplay(str(beside)), map_path),
        (msg.OpenReplay(str(away), (map_path,)), map_path),
        (msg.OpenReplay(str(away), (str(archive),)), str(archive)),
    ]
    for command, found in cases:
        worker.post(command)
        (opened,) = of(msg.ReplayOpened, drain(worker))
        assert opened.map_path == found
        assert opened.stage.beatmap.difficulty == "small"
        assert opened.stage.judgement.nmiss == 0
    worker.post(msg.OpenReplay(str(away), ()))
    (failed,) = of(msg.Failed, drain(worker))
    assert "play.osr" in failed.sentence
    worker.post(msg.OpenMap(map_path))  # opened once, it is known
    worker.post(msg.OpenReplay(str(away), ()))
    assert len(of(msg.ReplayOpened, drain(worker))) == 1


def test_a_play_of_the_wrong_map_is_not_shown_as_if_it_fitted(worker, map_path, tmp_path):
    stranger = tmp_path / "stranger.osr"
    save_replay(replace(small_replay(), beatmap_md5="0" * 32), stranger)
    worker.post(msg.OpenReplay(str(stranger), (map_path,)))
    events = drain(worker)
    assert of(msg.ReplayOpened, events) == [] and len(of(msg.Failed, events)) == 1


def test_songs_are_listed_sorted_and_searched(worker, map_path):
    folder = Path(map_path).parent
    for name, swap in (
        ("a.osu", (b"Artist:Nobody", b"Artist:another")),
        ("mania.osu", (b"Mode: 0", b"Mode: 3")),
    ):
        (folder / name).write_bytes(OSU.replace(*swap))
    (folder / "broken.osz").write_bytes(b"PK no zip")
    worker.post(msg.ScanSongs(str(folder)))
    (listed,) = of(msg.SongsListed, drain(worker))
    assert [song.artist for song in listed.songs] == ["another", "Nobody"]


def test_save_a_replay_and_a_gif(worker, tmp_path):
    replay = small_replay()
    worker.post(msg.SaveReplay(replay, str(tmp_path / "a.osr")))
    stage = Stage(small_map(), replay)
    gif = str(tmp_path / "a.gif")
    worker.post(msg.SaveGif((stage, stage), ("a", "b"), gif, 900.0, 1300.0))
    events = drain(worker)
    assert {e.path for e in of(msg.Saved, events)} == {str(tmp_path / "a.osr"), gif}
    assert (tmp_path / "a.osr").read_bytes() == dump_replay(replay)
    assert (tmp_path / "a.gif").read_bytes()[:6] == b"GIF89a"


def test_a_save_that_fails_names_the_file(worker, tmp_path):
    stage = Stage(small_map(), small_replay())
    for path in (tmp_path / "gone" / "a.osr", tmp_path / "gone" / "a.gif"):
        save = msg.SaveReplay(stage.replay, str(path))
        if path.suffix == ".gif":
            save = msg.SaveGif((stage,), ("x",), str(path), 900.0, 1000.0)
        worker.post(save)
        (failed,) = of(msg.Failed, drain(worker))
        assert failed.sentence == f"{path} was not saved: No such file or directory."
