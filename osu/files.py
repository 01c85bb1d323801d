"""Files that are written completely or not at all, files that are read without waiting, and names
of files that stay in their folder."""

import contextlib
import errno
import os
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from osu.errors import UserError

MOST_PREFIX_BYTES = 100  # of a file's name in that of its temporary
TEMPORARY = ".osu-players.tmp"  # what the names of temporaries end with
STALE_S = 10.0  # no temporary is written for so long in folders that many processes write to


def write_atomic(path: str | os.PathLike, data: bytes | Iterable[bytes | memoryview]) -> None:
    """Write `data`, one piece or many, to `path`, so that a reader finds the old file or the new
    one, never a half. Raises OSError."""
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.writelines([data] if isinstance(data, bytes) else data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary file in the folder of `path` (a rename across disks is a copy), which is renamed
    to `path` at the end.

    On an error the temporary is removed and the old file is untouched. Raises OSError, which names
    `path` where it names no file: a full disk is met by a write.
    """
    path = Path(path)
    start = os.fsencode(path.name)[:MOST_PREFIX_BYTES].decode("utf-8", "ignore")
    handle, name = tempfile.mkstemp(prefix=f".{start}.", suffix=TEMPORARY, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, _mode_of_new_files())
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.errno and error.filename is None:
            error.filename = str(path)
        raise


def path_below(name: str) -> str:
    """A file's name as maps and databases have it -> its path below their folder, with forward
    slashes; "" where it would lead out of it.

    A slash at the front, or two before a network's host, say nothing: the file is below the folder
    or nowhere. Nothing is looked up on the disk.
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part]
    leads_out = any(part in (".", "..") or ":" in part or "\0" in part for part in parts)
    return "" if leads_out else "/".join(parts)


def file_beside(path: str | os.PathLike, name: str) -> Path | None:
    """The file that a map at `path` names, in its folder or in one below it; None where there is
    none.

    A map is a foreign file: wherever else its name leads, by a link too, nothing is opened, and no
    host is asked for it.
    """
    folder, below = Path(path).parent, path_below(name)
    file = folder / below
    inside = bool(below) and os.path.isfile(file)  # which never raises
    return file if inside and file.resolve().is_relative_to(folder.resolve()) else None


def remove_temporaries(folder: Path, older_s: float = 0.0) -> None:
    """Removes what killed processes left of `replacing`: all of it in a folder that one process at
    a time writes to, elsewhere what is older than `older_s`."""
    for path in folder.glob(f".*{TEMPORARY}"):
        with contextlib.suppress(OSError):  # another process does the same
            if time.time() - path.stat().st_mtime >= older_s:
                path.unlink()


def ready_folder(folder: str | os.PathLike) -> None:
    """Makes a folder for what long work will write, and removes what killed processes left there.
    UserError where no file can be written to it."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UserError(f"{folder} cannot be written to: {error.strerror}") from None
    remove_temporaries(Path(folder), STALE_S)


def ready_file(path: str | os.PathLike) -> None:
    """`ready_folder` for one file. UserError, or OSError for a name that is too long."""
    ready_folder(Path(path).parent)
    if Path(path).is_dir():
        raise UserError(f"{path} is a folder")


def open_file(path: str | os.PathLike) -> BinaryIO:
    """A regular file, opened for reading. OSError where it is none: opening a named pipe would wait
    for whoever writes to it."""
    # Asked of what is open, not of the name: that may be another file by then.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    return os.fdopen(handle, "rb")


def read_file(path: str | os.PathLike, most_bytes: int) -> bytes:
    """The first `most_bytes` bytes of a regular file. Raises OSError."""
    with open_file(path) as file:
        # A bare read(most_bytes) would allocate all of it.
        return file.read(min(os.fstat(file.fileno()).st_size, most_bytes))


def _mode_of_new_files() -> int:
    # mkstemp makes files that only the owner reads; outputs follow the umask like any other file.
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
