"""What goes wrong that is not a mistake in this code: what a user can mend, and foreign bytes."""

import lzma
import pickle
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from signal import SIGINT

# What readers of archives, arrays, weights and JSON raise where the bytes are damaged, exotic or
# made to hurt. TypeError and AttributeError are of JSON that holds other types than it should.
UNREADABLE = (OSError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError,
              RuntimeError, MemoryError, EOFError, struct.error, pickle.UnpicklingError,
              zipfile.BadZipFile, zlib.error, lzma.LZMAError)  # fmt: skip
MOST_SHOWN = 1000  # characters of a name


class UserError(ValueError):
    """An error that a user can mend: its text is one sentence that says what is wrong."""


def shown(name: object, most: int = MOST_SHOWN) -> str:
    """A foreign name, or a sentence with one in it, fit for a line of a terminal or a report.

    What cannot be printed is escaped: line ends, control characters and escape sequences, marks
    that turn the writing around, and bytes of file names that are not UTF-8. `most` characters are
    left.
    """
    text = str(name)
    text = text if len(text) <= most else text[:most] + "…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def run_program(name: str, work: Callable[[], object], stopped: str = "stopped") -> int:
    """Does a program's work and returns its exit status.

    What a user can mend (a UserError, a disk that is full or cannot be written) is one line on
    stderr and status 2, Ctrl-C one line, `stopped`, and 130; 0 otherwise.
    """
    try:
        work()
    except (UserError, FloatingPointError) as error:
        print(f"{name}: {shown(error)}", file=sys.stderr)
        return 2
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise  # whoever read the output has gone
        where = f"{error.filename}: " if error.filename else ""
        print(f"{name}: {shown(where + (error.strerror or str(error)))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{name}: {stopped}", file=sys.stderr)
        return 128 + SIGINT
    return 0
