"""osu!.db and scores.db: every layout the game had, and nothing believed that is not whole.

Reference: tests/stable_folder.py writes both files from the documentation.
"""

import csv
import dataclasses
import hashlib
import os
import random
import shutil
import struct
import sys
from pathlib import Path

import pytest

from osu.data import library
from osu.data.library import DataError, find_maps, find_pairs
from osu.formats.osu_db import LocalPlay, StableError, read_maps, read_scores
from osu.formats.replay import load_replay, save_replay
from tests.stable_folder import (
    FRIEND,
    ME,
    SAMPLE,
    WIDTHS,
    Listed,
    build,
    osu_db,
    scores_db,
    text,
)

MAPS = [
    Listed("a" * 32, "Größe.osu", "12 Ä - b"),
    Listed("b" * 32, "taiko.osu", "13 c - d", mode=1),
    Listed("c" * 32, "deep.osu", "pack\\14 e - f"),
]
SHARED = SAMPLE.parent.parent.parent / "shared" / "data"
PLAY = load_replay(SAMPLE / "circuit-rnn.osr")
UNUSUAL = [
    dataclasses.replace(PLAY, version=20120101, player="Ünï 音"),
    dataclasses.replace(PLAY, version=20130101, mode=3),
    dataclasses.replace(PLAY, beatmap_md5="b" * 32, mods=PLAY.mods | 1 << 23),
    PLAY,
]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(tmp_path_factory.mktemp("built") / "osu!")


@pytest.fixture
def installation(built, tmp_path):
    return Path(shutil.copytree(built, tmp_path / "osu!"))


def file(tmp_path, data: bytes):
    path = tmp_path / "some.db"
    path.write_bytes(data)
    return path


def state(folder) -> dict:
    """Every name below a folder, with its time of change and its bytes."""
    paths = sorted(folder.rglob("*"))
    return {p: (p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else None) for p in paths}


# --- The files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", WIDTHS)
def test_maps_are_read_in_every_layout(tmp_path, version):
    found = read_maps(file(tmp_path, osu_db(MAPS, version)))
    assert [(m.md5, m.path) for m in found] == [
        ("a" * 32, "12 Ä - b/Größe.osu"),
        ("c" * 32, "pack/14 e - f/deep.osu"),
    ]


def test_plays_are_read_with_every_kind_of_online_id(tmp_path):
    found = read_scores(file(tmp_path, scores_db(UNUSUAL)))
    fields = ("mode", "beatmap_md5", "player", "replay_md5", "timestamp_ticks")
    key = lambda play: tuple(getattr(play, name) for name in fields)  # noqa: E731
    assert sorted(map(key, found)) == sorted(map(key, UNUSUAL))


def test_a_local_replay_is_named_by_its_file_time():
    """2024-01-02 03:04:05 UTC is file time 133486382450000000 (Unix time 1704164645 plus the
    11644473600 s from 1601 to 1970)."""
    file_time = (1704164645 + 11644473600) * 10**7
    play = LocalPlay(0, "a" * 32, "x", "", file_time + 504911232000000000)
    assert play.file_name == f"{'a' * 32}-133486382450000000.osr"


@pytest.mark.parametrize(
    "written, read", [(osu_db(MAPS), read_maps), (scores_db(UNUSUAL), read_scores)]
)
def test_a_cut_file_is_one_sentence(tmp_path, written, read):
    for size in [*range(0, 200), *range(200, len(written), 37)]:
        with pytest.raises(StableError, match=r"^some\.db cannot be read: "):
            read(file(tmp_path, written[:size]))
    with pytest.raises(StableError, match="goes on after its end"):
        read(file(tmp_path, written + b"\0"))


@pytest.mark.parametrize(
    "data, sentence",
    [
        (osu_db(MAPS)[:17] + b"\x0b\xff\xff\xff\xff\x7f", "ends within the player's name"),
        (osu_db(MAPS)[:17] + b"\x0b" + b"\xff" * 9, "more than five bytes"),
        (osu_db(MAPS)[:17] + b"\0" + struct.pack("<i", -1), "more than 500000 maps"),
        (osu_db([Listed("z" * 32, "a", "b")]), "is no MD5"),
        (osu_db([Listed("a" * 32, "a", "b", mode=7)]), "no game mode 7"),
        (osu_db(MAPS).replace(b"\x0c\0\0\xa8\x40", b"\x0e\0\0\xa8\x40"), "not pairs"),
    ],
)
def test_hostile_maps(tmp_path, data, sentence):
    with pytest.raises(StableError, match=sentence):
        read_maps(file(tmp_path, data))


def test_hostile_plays(tmp_path):
    many = struct.pack("<ii", 20250401, 2) + (text("a" * 32) + struct.pack("<i", 400_000)) * 2
    with pytest.raises(StableError, match="no game mode 11"):
        read_scores(file(tmp_path, many))
    for count in (b"\xff" * 4, struct.pack("<i", 500_001)):
        with pytest.raises(StableError, match="more than 500000 plays"):
            read_scores(file(tmp_path, struct.pack("<ii", 1, 1) + text("a" * 32) + count))


def test_any_changed_byte_is_read_or_one_sentence(tmp_path):
    rng = random.Random(0)
    for written, read in ((osu_db(MAPS), read_maps), (scores_db(UNUSUAL), read_scores)):
        for _ in range(500):
            data = bytearray(written)
            data[rng.randrange(len(data))] = rng.randrange(256)
            try:
                read(file(tmp_path, bytes(data)))
            except StableError as error:
                assert "\n" not in str(error)


def test_a_path_never_leaves_songs(tmp_path):
    names = [("..", "a.osu"), ("x/../..", "a.osu"), ("C:", "a.osu"), ("x", "..\\..\\a.osu")]
    listed = [Listed("a" * 32, name, folder) for folder, name in [*names, ("\0", "a.osu")]]
    assert read_maps(file(tmp_path, osu_db(listed))) == []
    absolute = read_maps(file(tmp_path, osu_db([Listed("a" * 32, "passwd", "/etc")])))
    assert [m.path for m in absolute] == ["etc/passwd"]  # below Songs


def test_what_is_no_file_is_one_sentence(tmp_path):
    os.mkfifo(tmp_path / "osu!.db")  # opening it would wait for ever
    for path in (tmp_path, tmp_path / "none", tmp_path / "osu!.db"):
        with pytest.raises(StableError, match="is not there"):
            read_maps(path)


watched: list[tuple[str, list]] = []


def watch(name: str, arguments: tuple) -> None:
    for folder, events in watched:
        if arguments and str(arguments[0]).startswith(folder):
            events.append((name, *arguments))


sys.addaudithook(watch)


# --- The folder ---------------------------------------------------------------------------------


def test_a_folder_as_it_is(installation):
    pairs, skipped = find_pairs([installation])
    assert len(pairs) == 7
    assert skipped == {"replay: exported from a local play that is here too": 1}
    for pair in pairs:
        assert load_replay(pair.replay).beatmap_md5 == hashlib.md5(pair.read_map()).hexdigest()


def test_listed_maps_are_not_searched_for(installation, monkeypatch):
    """Of the three listed maps only the one that is wanted is opened, and Songs is not walked."""
    for path in [*installation.glob("Replays/*"), *installation.glob("Data/r/*")]:
        if load_replay(path).beatmap_md5 != PLAY.beatmap_md5:
            path.unlink()
    opened = []
    monkeypatch.setattr(library, "md5_of", lambda p, f=library.md5_of: opened.append(p) or f(p))
    monkeypatch.setattr(library._Maps, "add", None)
    assert len(find_pairs([installation])[0]) == 3
    assert [path.name for path in opened] == ["circuit.osu"]


def test_one_player(installation):
    pairs, skipped = find_pairs([installation], player="made up")
    assert {load_replay(pair.replay).player for pair in pairs} == {ME} and len(pairs) == 4
    assert skipped["replay: of another player"] == 3
    with pytest.raises(DataError) as error:
        find_pairs([installation], player="Made")
    assert str(error.value) == f"no replay is of 'Made'; there are: {ME} (4), {FRIEND} (3)"


def test_the_folder_is_only_read(installation):
    """A read-only copy is enough, names, times and bytes stay, and Python itself tells (by its
    audit events, which cannot be gone around) that every file was opened for reading alone."""
    paths = [installation, *installation.rglob("*")]
    for path in paths:
        os.utime(path, ns=(1, 10**18))
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = state(installation)
    events: list[tuple] = []
    watched.append((str(installation), events))
    pairs, _ = find_pairs([installation], ME)
    read = [pair.read_map() for pair in pairs] + [load_replay(pair.replay) for pair in pairs]
    watched.clear()
    assert state(installation) == before and len(read) == 8
    assert {name for name, *_ in events} <= {"open", "os.walk", "os.scandir", "os.listdir"}
    flags = [flags for name, _, _, flags in (e for e in events if e[0] == "open")]
    assert len(flags) > 10
    assert not any(f & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC) for f in flags)
    for path in paths:
        path.chmod(0o755)


@pytest.mark.parametrize("lost", ["osu!.db", "scores.db"])
def test_without_a_database_the_folder_is_searched(installation, lost):
    expected = {pair.replay: pair.beatmap for pair in find_pairs([installation])[0]}
    (installation / lost).unlink()
    pairs, skipped = find_pairs([installation])
    found = {pair.replay: pair.beatmap for pair in pairs}
    assert expected.items() <= found.items()
    assert any(reason.startswith(f"{lost} is not there") for reason in skipped)
    # Without scores.db nobody says that the exported replay is the local one.
    assert len(found) - len(expected) == (lost == "scores.db")


def test_a_newer_layout_is_searched_and_said(installation):
    version = 20300101
    data = osu_db(MAPS, version)
    at = data.index(b"mapper") + len(b"mapper")
    (installation / "osu!.db").write_bytes(data[:at] + text("a new field") + data[at:])
    pairs, skipped = find_pairs([installation])
    assert len(pairs) == 7
    (sentence,) = [reason for reason in skipped if reason.startswith("osu!.db")]
    assert "version 20300101" in sentence and sentence.endswith("Songs was searched instead")
    # A newer version of the same layout is read.
    (installation / "osu!.db").write_bytes(osu_db(MAPS, version))
    assert read_maps(installation / "osu!.db")


def test_a_map_that_changed_is_not_matched(installation):
    """Its replays are skipped; one that osu!.db does not know yet, under any name, is found."""
    (path,) = installation.glob("Songs/*/circuit.osu")
    original = path.read_bytes()
    path.write_bytes(original + b"\n")
    pairs, skipped = find_pairs([installation])
    assert not any("circuit" in pair.beatmap for pair in pairs)
    assert skipped["replay: its map is not below the folders"] == 7 - len(pairs) > 0
    (path.parent / "renamed.osu").write_bytes(original)
    assert len(find_pairs([installation])[0]) == 7


def test_a_local_replay_that_is_another_is_skipped(installation):
    paths = sorted(installation.glob("Data/r/*.osr"))
    shutil.copy(paths[0], paths[-1])
    _, skipped = find_pairs([installation])
    assert skipped["replay: not the play that scores.db names"] == 1


def test_songs_elsewhere(installation, tmp_path):
    (installation / "Songs").rename(tmp_path / "Lieder")
    assert len(find_pairs([installation, tmp_path / "Lieder"])[0]) == 7
    with pytest.raises(DataError, match="no replay"):
        find_pairs([installation])


def test_a_folder_named_twice_is_taken_once(installation):
    assert len(find_pairs([installation, installation / "Replays", installation])[0]) == 7


def test_lazer_exports(installation, tmp_path):
    """.olz is a zip like .osz; a replay of another game mode is counted, not learnt from."""
    exports = tmp_path / "exports"
    exports.mkdir()
    shutil.make_archive(str(exports / "set"), "zip", installation / "Songs" / "0 made up - circuit")
    (exports / "set.zip").rename(exports / "set.OLZ")
    lazer = dataclasses.replace(PLAY, version=30000016, score_info=struct.pack("<i", 0))
    save_replay(lazer, exports / "play.osr")
    save_replay(dataclasses.replace(PLAY, mode=1), exports / "taiko.osr")
    pairs, skipped = find_pairs([exports])
    assert [(p.replay, p.member) for p in pairs] == [(str(exports / "play.osr"), "circuit.osu")]
    assert skipped == {"replay: of another game mode": 1}
    assert find_maps([exports], {PLAY.beatmap_md5})[PLAY.beatmap_md5].read_map()


def test_damaged_archives_are_counted(installation):
    (installation / "Songs" / "bad.osz").write_bytes(b"PK\x03\x04 not a zip")
    (installation / "osu!.db").unlink()
    assert find_pairs([installation])[1]["map: unreadable"] == 1


@pytest.mark.skipif(not SHARED.exists(), reason="the shared research data is not here")
def test_one_player_of_the_shared_data():
    """Reference: the player column of index.csv, which find_pairs does not read."""
    with open(SHARED / "index.csv", newline="", encoding="utf-8") as index:
        wanted = [row["replay"] for row in csv.DictReader(index) if row["player"] == "p0077"]
    pairs, skipped = find_pairs([SHARED], "P0077")
    assert sorted(Path(pair.replay).name for pair in pairs) == sorted(wanted)
    assert skipped["replay: of another player"] == 1223 - len(wanted)
