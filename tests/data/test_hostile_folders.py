"""Folders with one bad thing among good ones: it is counted, and the good ones are all done."""

import dataclasses
import hashlib
import io
import os
import shutil
import struct
import subprocess
import time
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import evaluate
from osu.data.dataset import PlaySet
from osu.data.finding.folders import files_below
from osu.data.library import each_pair, find_maps, find_pairs
from osu.data.prepare import prepare
from osu.data.report import write_data_report
from osu.data.shards import write_shard
from osu.errors import UNREADABLE
from osu.formats.archive import read_osu_file, read_osu_files
from osu.formats.osu_file import BeatmapError
from osu.gui.songs import scan
from tests.osr import of_a_person
from tests.paths import SAMPLE

MAP = (SAMPLE / "circuit.osu").read_bytes()


def zipped(count: int, data: bytes = b"", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for i in range(count):
            archive.writestr(f"{i}.osu", data)
    return file.getvalue()


def damaged(method: int) -> bytes:
    """An archive whose one member's bytes are others than were written."""
    whole = bytearray(zipped(1, bytes(range(256)) * 4, method))
    whole[45:60] = b"\xff" * 15
    return bytes(whole)


def of_one_place(count: int) -> bytes:
    """An archive that says many times over that its one member is there: 8 MB each."""
    whole = zipped(1, bytes(8 << 20))
    at = whole.index(b"PK\1\2")
    entries = b"".join(
        whole[at : at + 28]
        + struct.pack("<H", 9)
        + whole[at + 30 : at + 46]
        + b"%.5d.osu" % (i % 10**5)
        for i in range(count)
    )
    count = min(count, 0xFFFF)
    return (
        whole[:at]
        + entries
        + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(entries), at, 0)
    )


BAD = {
    "deflate.osz": damaged(zipfile.ZIP_DEFLATED),
    "lzma.osz": damaged(zipfile.ZIP_LZMA),
    "bzip2.osz": damaged(zipfile.ZIP_BZIP2),
    "many.osz": zipped(3000),
    "one-place.osz": of_one_place(200),
    "a-million.osz": of_one_place(10**6),
    "no.osz": b"PK",
    "empty.osu": b"",
}  # fmt: skip


@pytest.fixture
def songs(tmp_path) -> Path:
    """A good map, and every kind of bad file beside it."""
    folder = tmp_path / "songs"
    folder.mkdir()
    (folder / "good.osu").write_bytes(MAP)
    (folder / os.fsdecode(b"\xff\x1b[31m.osu")).write_bytes(MAP.replace(b"HPDrain", b"HPDrrain"))
    for name, data in BAD.items():
        (folder / name).write_bytes(data)
    os.mkfifo(folder / "pipe.osu")
    os.mkfifo(folder / "pipe.osz")
    (folder / "folder.osu").mkdir()
    return folder


@pytest.fixture
def deep(songs):
    """Below it, folders deeper than Python recurses."""
    here = os.open(songs, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    yield songs
    subprocess.run(["rm", "-rf", songs / "d"])  # shutil.rmtree recurses, too


def test_songs_are_listed_whatever_lies_beside_them(deep):
    began = time.monotonic()
    assert [Path(song.path).suffix for song in scan(deep)] == [".osu"] * 2
    assert time.monotonic() - began < 5  # half a second here


def test_a_replay_finds_its_map_among_bad_files(songs, tmp_path, capsys):
    play = of_a_person((SAMPLE / "circuit-rnn.osr").read_bytes())
    (songs / os.fsdecode(b"\xff\x1b[31m.osr")).write_bytes(play)
    (songs / "bad.osr").write_bytes(b"\0" * 50)
    assert evaluate.main(["judge", str(songs), "--maps", str(songs)]) == 0
    with ThreadPoolExecutor(1) as executor:
        cache = prepare([songs], tmp_path / "cache", executor=executor)
    plays = PlaySet(cache).plays
    assert len(plays) == 1
    odd = [dataclasses.replace(plays[0], player="\x1b[31m<b>|")]
    reasons = {"map: \x1b[31m\n# title": 1}
    report = write_data_report(odd, reasons, [str(songs)], tmp_path / "out")
    printed = capsys.readouterr().out + report.read_text()
    assert "\x1b" not in printed and r"\udcff\x1b[31m.osr" in printed
    assert r"| \x1b[31m&lt;b>\| | 1 |" in printed and r"- 1: map: \x1b[31m\n# title" in printed


def test_an_archive_is_opened_once_for_all_its_maps(tmp_path, monkeypatch):
    path = tmp_path / "a.osz"
    path.write_bytes(zipped(100, MAP))
    opened = Counter()
    original = zipfile.ZipFile.__init__
    monkeypatch.setattr(
        zipfile.ZipFile, "__init__", lambda *a, **k: opened.update("a") or original(*a, **k)
    )
    assert {read_osu_file(path, f"{i}.osu") for i in range(100)} == {MAP}
    assert opened["a"] == 1
    path.write_bytes(zipped(1, b"other"))
    assert read_osu_file(path, "0.osu") == b"other"


@pytest.mark.parametrize("name", BAD)
def test_what_bad_files_raise_is_on_the_one_list(name, tmp_path):
    (tmp_path / name).write_bytes(BAD[name])
    if name != "empty.osu":
        with pytest.raises(UNREADABLE):
            list(read_osu_files(tmp_path / name))


@pytest.mark.parametrize(
    "index",
    [
        b"a,b\n1,2\n",
        b"\np",
        b"\xff",
        b"",
        b"split,replay\nt,",
        b'replay,beatmap\n"' + b"x" * 200_000,
    ],
)
def test_a_foreign_index_is_not_one(index, tmp_path):
    for name in ("circuit.osu", "circuit-rnn.osr"):
        shutil.copy(SAMPLE / name, tmp_path / name)
    (tmp_path / "index.csv").write_bytes(index)
    if index.startswith(b"replay"):  # ours to look at, but damaged
        assert not list(each_pair([tmp_path], skipped := Counter()))
    else:
        assert len(list(each_pair([tmp_path], skipped := Counter()))) == 1
    assert len(skipped) == 1 and "index.csv" in next(iter(skipped))


def test_an_index_names_files_of_its_folder_only(tmp_path):
    outside, folder = tmp_path / "outside.osr", tmp_path / "data"
    for kind, name in (("beatmaps", "circuit.osu"), ("replays", "circuit-rnn.osr")):
        (folder / kind).mkdir(parents=True)
        shutil.copy(SAMPLE / name, folder / kind)
    shutil.copy(SAMPLE / "circuit-rnn.osr", outside)
    replays = ("circuit-rnn.osr", "../../outside.osr", outside, "x" * 5000, "")
    rows = ["split,replay,beatmap", "t,", *(f"train,{name},circuit,x" for name in replays)]
    (folder / "index.csv").write_text("\n".join(rows))
    pairs = list(each_pair([folder], skipped := Counter()))
    assert [Path(pair.replay).name for pair in pairs] == ["circuit-rnn.osr"]
    assert skipped == {"index.csv: a file it names is missing": 5}


def changed(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"ApproachRate", b"ApproachRatte"))


@pytest.mark.parametrize("change", [Path.unlink, changed, lambda path: path.write_bytes(b"")])
def test_a_map_that_changes_after_it_was_found_is_left_out(change, tmp_path):
    shutil.copy(SAMPLE / "circuit-rnn.osr", tmp_path)
    shutil.copy(SAMPLE / "circuit.osu", tmp_path)
    pairs, _ = find_pairs([tmp_path])
    md5 = hashlib.md5(MAP).hexdigest()
    place = find_maps([tmp_path], {md5})[md5]
    change(tmp_path / "circuit.osu")
    assert pairs[0].fingerprint()
    summary = write_shard(tmp_path / "shard-00000.npz", pairs, "f")
    assert summary["sizes"].plays == 0 and sum(summary["skipped"].values()) == 1
    with pytest.raises(BeatmapError):
        place.load_map(md5)


def test_a_scan_of_a_tree_without_maps_can_be_cancelled(tmp_path):
    for i in range(20):
        (tmp_path / f"{i}").mkdir()
    asked = iter(range(100))
    assert not list(files_below(tmp_path, (".osu",), goes_on=lambda: next(asked) < 5))
    assert next(asked) == 6  # five folders were looked at
