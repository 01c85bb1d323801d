"""What lies in folders as players have them and was once not found: links, maps whose line ends a
tool has changed, lazer's own folder, a Songs folder elsewhere.

Reference: the sample's maps and replays, whose MD5s hashlib knows.
"""

import hashlib
import os
import shutil
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from evaluate import as_table, judge_files
from osu.data.finding.folders import content_suffix, lazer_storage, songs_folder
from osu.data.library import (
    CHANGED_LINE_ENDS,
    DataError,
    find_map,
    find_maps,
    find_pairs,
    map_files,
)
from osu.data.prepare import MAPS_IN_PART, prepare
from osu.formats.beatmap import parse_beatmap
from osu.formats.replay import load_replay
from osu.gui.messages import OpenReplay, ReplayOpened
from osu.gui.songs import scan
from osu.gui.worker import Worker
from tests.osr import of_a_person
from tests.paths import SAMPLE
from tests.stable_folder import ME, build

MAP, PLAY = SAMPLE / "circuit.osu", SAMPLE / "circuit-rnn.osr"
MD5 = load_replay(PLAY).beatmap_md5


def put(folder: Path, *files: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, folder)
    return folder


# ---- maps by name


def test_maps_are_listed_by_name_each_once(tmp_path):
    songs = put(tmp_path / "songs" / "b", MAP, PLAY).parent
    put(songs / "a", SAMPLE / "sprint.osu")
    (songs / "a.olz").write_bytes(b"")
    hashed = put(tmp_path / "lazer" / "files" / "a" / "ab") / ("ab" * 32)
    hashed.write_bytes(MAP.read_bytes())
    skipped: Counter = Counter()
    names = [songs / "b" / MAP.name, tmp_path / "gone.osu", songs, songs, tmp_path / "lazer"]
    assert map_files(names, skipped) == [
        *names[:2],
        songs / "a" / "sprint.osu",
        songs / "a.olz",
        hashed,
    ]
    assert not skipped
    with pytest.raises(DataError, match="there is no map"):
        map_files([put(tmp_path / "replays", PLAY)], skipped)


# ---- links


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_links_are_followed_and_loops_end(tmp_path):
    away = put(tmp_path / "away", MAP, PLAY)
    home = put(tmp_path / "home" / "plays")
    (home / "link").symlink_to(away)
    (away / "back").symlink_to(tmp_path / "home")
    (home / "itself").symlink_to(home / "itself")
    (home / "gone").symlink_to(tmp_path / "nowhere")
    (home / "link.osr").symlink_to(away / PLAY.name)
    pairs, skipped = find_pairs([tmp_path / "home"])
    assert sorted(Path(pair.replay).name for pair in pairs) == [PLAY.name, "link.osr"]
    assert skipped == {}
    assert len(scan(tmp_path / "home")) == 1


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_folder_that_is_linked_beside_itself_counts_once(tmp_path):
    put(tmp_path / "z", MAP, PLAY)
    (tmp_path / "a").symlink_to(tmp_path / "z")
    (pair,) = find_pairs([tmp_path, tmp_path / "a", tmp_path / "z"])[0]
    assert Path(pair.replay) == tmp_path / "z" / PLAY.name


# ---- line ends


def play_of(played: bytes, kept: bytes, folder: Path) -> Path:
    """A folder with a person's play of a map, of which other bytes are kept."""
    put(folder, PLAY)
    (folder / "map.osu").write_bytes(kept)
    replay = (folder / PLAY.name).read_bytes()
    md5 = hashlib.md5(played).hexdigest().encode()
    (folder / PLAY.name).write_bytes(of_a_person(replay.replace(MD5.encode(), md5)))
    return folder


@pytest.fixture
def unix(tmp_path):
    """A folder with a play of a map with the game's line ends, of which only "\\n" is left."""
    kept = MAP.read_bytes().replace(b"\r\n", b"\n")
    return play_of(kept.replace(b"\n", b"\r\n"), kept, tmp_path / "unix")


def test_a_map_with_other_line_ends_is_found_read_as_it_was_played_and_said(unix, tmp_path, capsys):
    md5 = load_replay(unix / PLAY.name).beatmap_md5
    assert md5 != hashlib.md5((unix / "map.osu").read_bytes()).hexdigest()
    (pair,), skipped = find_pairs([unix])
    assert skipped == {CHANGED_LINE_ENDS: 1}
    for found in (pair, find_maps([unix], {md5})[md5], find_map([unix / "map.osu"], md5)):
        assert parse_beatmap(found.read_map()).md5 == md5
    prepare([unix], tmp_path / "cache", jobs=1)
    assert f"1  {CHANGED_LINE_ENDS}" in capsys.readouterr().out
    table = as_table(*judge_files([str(unix)], [str(unix)]))
    assert f"1 judged all the same: {CHANGED_LINE_ENDS}" in table


def test_a_map_as_it_was_played_goes_before_one_with_other_line_ends(unix):
    md5 = load_replay(unix / PLAY.name).beatmap_md5
    (whole,) = (pair.read_map() for pair in find_pairs([unix])[0])
    (unix / "z.osu").write_bytes(whole)
    (pair,), skipped = find_pairs([unix])
    assert (Path(pair.beatmap).name, pair.crlf, skipped) == ("z.osu", False, {})
    assert not find_maps([unix], {md5})[md5].crlf


# ---- what cannot be read of a map is said wherever one is loaded


def test_a_map_of_which_a_part_is_left_out(tmp_path, capsys):
    data = MAP.read_bytes() + b"\n1,1,9e99,1,0\n1,1,1,0,0\n"
    folder = play_of(data, data, tmp_path / "odd")
    objects = len(parse_beatmap(data).start_ms)
    said = f"2 of {objects + 2} objects cannot be played and are left out"
    table = as_table(*judge_files([str(folder)], [str(folder)]))
    assert f"1 judged all the same: map: {said}" in table
    prepare([folder], tmp_path / "cache", jobs=1)
    assert f"1  {MAPS_IN_PART}" in capsys.readouterr().out
    worker = Worker(engine=SimpleNamespace(list_models=list))
    try:
        worker.post(OpenReplay(str(folder / PLAY.name)))
        (opened,) = (event for event in finished(worker) if isinstance(event, ReplayOpened))
    finally:
        worker.close()
    assert opened.remark == f"map: {said}"


def finished(worker: Worker) -> list:
    """The events of a worker until it has nothing left to do."""
    events = []
    while worker.state != "idle" or not events:
        events += worker.poll()
        time.sleep(0.01)
    return events


# ---- where the game keeps its files


def lazer_file(storage: Path, file: Path) -> Path:
    data = file.read_bytes()
    name = hashlib.sha256(data).hexdigest()
    path = storage / "files" / name[0] / name[:2] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_lazer_s_own_folder(tmp_path):
    storage = tmp_path / "storage"
    kept = [lazer_file(storage, file) for file in (MAP, PLAY)]
    song = tmp_path / "song.mp3"
    song.write_bytes(b"ID3 no song")
    other = lazer_file(storage, song)
    assert [*map(content_suffix, (*kept, other))] == [".osu", ".osr", ""]
    home = put(tmp_path / "home")
    (home / "storage.ini").write_text(f"FullPath = {storage}\n", encoding="utf-8")
    for folder in (storage, home):  # the second names the first
        (pair,), skipped = find_pairs([folder])
        assert (pair.replay, pair.beatmap, skipped) == (str(kept[1]), str(kept[0]), {})
        assert find_maps([folder], {MD5})[MD5].read_map() == MAP.read_bytes()
        assert len(scan(folder)) == 1
    (home / "storage.ini").write_text("FullPath = /not/here", encoding="utf-8")
    assert lazer_storage(home) == home


@pytest.mark.parametrize("how", ["absolute", "Wine's", "below, with the other slash"])
@pytest.mark.parametrize("whole", [True, False])
def test_songs_elsewhere_by_the_installation_s_configuration(tmp_path, how, whole):
    installation = build(tmp_path / "osu!")
    below = how == "below, with the other slash"
    songs = installation / "far" / "maps" if below else tmp_path / "maps"
    songs.parent.mkdir(exist_ok=True)
    shutil.move(installation / "Songs", songs)
    wine = "Z:" + str(songs).replace("/", "\\")
    name = "far\\maps" if below else wine if how == "Wine's" else str(songs)
    put(installation / "Songs")
    old, new = (installation / f"osu!.{user}.cfg" for user in ("before", "me"))
    old.write_text("BeatmapDirectory = Songs\n", encoding="utf-8")
    os.utime(old, (1, 1))
    new.write_text(f"# of me\nSkin = x\nBeatmapDirectory = {name}\n", encoding="utf-8")
    assert songs_folder(installation) == songs
    if not whole:  # then Songs is searched, wherever it is
        (installation / "osu!.db").write_bytes(b"")
    pairs, skipped = find_pairs([installation], ME)
    assert len(pairs) == 4
    assert not any("elsewhere" in reason for reason in skipped)
    shutil.rmtree(songs)
    assert not songs_folder(installation).is_dir()  # and not another one instead
