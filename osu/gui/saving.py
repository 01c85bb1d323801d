"""What is said where the disk refuses a file."""

from collections.abc import Iterator
from contextlib import contextmanager

from osu.errors import UserError


@contextmanager
def saving(path: str) -> Iterator[None]:
    """Errors of the disk name the file that a person named, not a temporary one."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} was not saved: {error.strerror or error}.") from error
