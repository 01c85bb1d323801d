"""Files that are written completely or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write_atomic(path: str | os.PathLike, data: bytes | Iterable[bytes]) -> None:
    """Write `data`, one piece or many, to `path`, so that a reader finds the old file or the new
    one, never a half.

    The bytes go to a temporary name in the same folder (a rename across disks is a copy) and are
    renamed at the end; on an error the temporary is removed and the old file is untouched.
    Raises OSError.
    """
    path = Path(path)
    begin = os.fsdecode(os.fsencode(path.name)[:100])  # a name has 255 bytes at most
    handle, temporary = tempfile.mkstemp(prefix=f".{begin}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
        os.chmod(temporary, _mode_of_new_files())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _mode_of_new_files() -> int:
    # mkstemp makes files that only the owner reads; outputs follow the umask like any other file.
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
