"""The game's binary files, of which .osr, osu!.db and scores.db are made: numbers and texts.

Numbers are little-endian. A text is 0x00, or 0x0b, its length as ULEB128 and that many bytes of
UTF-8.
"""

import re
import struct

_MD5 = re.compile("[0-9a-f]{32}")


class ByteReader:
    """Bytes that are taken from the front, never beyond the end: ValueError in a sentence."""

    def __init__(self, data: bytes):
        self.data = data
        self.offset = 0

    def bytes(self, size: int, what: str) -> bytes:
        self.skip(size, what)
        return self.data[self.offset - size : self.offset]

    def skip(self, size: int, what: str) -> None:
        if size < 0 or size > len(self.data) - self.offset:
            raise ValueError(f"it ends within {what}")
        self.offset += size

    def take(self, form: str, what: str = "the header") -> tuple:
        return struct.unpack(form, self.bytes(struct.calcsize(form), what))

    def string(self, what: str) -> str:
        try:
            return self.bytes(self._length(what), what).decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{what} is not UTF-8 text") from None

    def skip_string(self, what: str) -> None:
        self.skip(self._length(what), what)

    def _length(self, what: str) -> int:
        """The length in bytes of the text that begins here; they come next."""
        mark = self._byte(what)
        if mark == 0:
            return 0
        if mark != 0x0B:
            raise ValueError(f"{what} begins with byte {mark:#04x} where a text has 0x00 or 0x0b")
        size = 0
        for shift in range(0, 35, 7):  # five bytes hold any 32-bit length
            byte = self._byte(what)
            size |= (byte & 0x7F) << shift
            if byte < 0x80:
                return size
        raise ValueError(f"the length of {what} has more than five bytes")

    def _byte(self, what: str) -> int:
        self.skip(1, what)
        return self.data[self.offset - 1]

    def rest(self) -> bytes:
        return self.bytes(len(self.data) - self.offset, "the rest")


def string(text: str) -> bytes:
    """The bytes of a text, which `ByteReader.string` reads."""
    raw = text.encode("utf-8")
    size, length = len(raw), bytearray()
    while size >= 0x80:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return b"\x0b" + bytes(length) + raw


def is_md5(text: str) -> bool:
    """Whether a text has the form of an MD5 as the game writes it, and can be a file's name."""
    return _MD5.fullmatch(text) is not None
