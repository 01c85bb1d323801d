"""Atomic writes. Reference: the file system itself, read back with `pathlib`."""

import errno
import os
import stat
from pathlib import Path

import pytest

from osu.errors import MOST_SHOWN, UserError, run_program, shown
from osu.files import read_file, remove_temporaries, write_atomic


def test_writes_and_replaces_and_leaves_nothing_else(tmp_path):
    target = tmp_path / "a.osr"
    write_atomic(target, b"old")
    write_atomic(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_the_file_is_as_readable_as_the_umask_says(tmp_path):
    old = os.umask(0o022)
    try:
        write_atomic(tmp_path / "a", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_an_error_keeps_the_old_file_and_no_temporary(tmp_path, monkeypatch):
    target = tmp_path / "a.osr"
    target.write_bytes(b"old")

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(OSError):
        write_atomic(tmp_path / "missing" / "a.osr", b"")


def test_long_and_non_ascii_names(tmp_path):
    target = tmp_path / ("ü" * 100 + ".osr")
    write_atomic(target, b"x")
    assert target.read_bytes() == b"x"


def test_a_name_as_long_as_the_disk_allows(tmp_path):
    target = tmp_path / ("曲" * 83 + ".osr")  # 253 bytes of 255
    write_atomic(target, b"x")
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match="not a file"):
            read_file(path, 10)


def test_temporaries_of_a_killed_process_go(tmp_path):
    (tmp_path / ".last.pt.abc.osu-players.tmp").touch()
    (tmp_path / "last.pt").touch()
    remove_temporaries(tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "last.pt"]


def test_names_are_shown_in_one_line_without_escape_sequences():
    assert shown("Ä 曲 [x]") == "Ä 曲 [x]"
    assert shown("a\x1b[31m\r\n\u202eb\udcff") == r"a\x1b[31m\r\n\u202eb\udcff"
    assert len(shown("a" * 10**6)) == MOST_SHOWN + 1


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (UserError("a\nb"), 2, "x: a\\nb\n"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 2, "x: No space left on device\n"),
        (KeyboardInterrupt(), 130, "x: stopped\n"),
    ],
)
def test_how_a_program_ends(error, status, line, capsys):
    def work():
        raise error

    assert run_program("x", work) == status
    assert capsys.readouterr().err == line
