"""Files that are written completely or not at all, and names of files that stay in their folder."""

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
    handle, temporary = tempfile.mkstemp(
        prefix=f".{path.name[:100]}.", suffix=".tmp", dir=path.parent
    )
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
        os.chmod(temporary, _mode_of_new_files())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
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


def _mode_of_new_files() -> int:
    # mkstemp makes files that only the owner reads; outputs follow the umask like any other file.
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
