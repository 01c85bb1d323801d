"""Atomic writes. Reference: the file system itself, read back with `pathlib`."""

import os
import stat

import pytest

from osu.files import write_atomic


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
