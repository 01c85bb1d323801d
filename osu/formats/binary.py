"""What the game's binary files, .osr, osu!.db and scores.db, are made of: numbers, texts, streams.

Numbers are little-endian. A text is 0x00, or 0x0b, its length as ULEB128 and that many bytes of
UTF-8. A stream is LZMA-alone data with an 8-byte size.
"""

import lzma
import re
import struct

MAX_DECODER_BYTES = 64 << 20  # stable's dictionary has 2 MB
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
        """A text. Bytes that are not UTF-8 become U+FFFD, as in the game."""
        return self.bytes(self._length(what), what).decode("utf-8", "replace")

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


def unpack_stream(packed: bytes, most_bytes: int, what: str) -> bytes:
    """LZMA data -> at most `most_bytes` of bytes. ValueError names `what` they are."""
    decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MAX_DECODER_BYTES)
    try:
        data = decoder.decompress(packed, most_bytes + 1)
    except (lzma.LZMAError, EOFError):
        raise ValueError(f"{what} are not LZMA data") from None
    if len(data) > most_bytes:
        raise ValueError(f"{what} unpack to more than {most_bytes >> 20} MB")
    if not decoder.eof:
        raise ValueError(f"{what} are cut off")
    return data


def pack_stream(data: bytes) -> bytes:
    """The inverse of `unpack_stream`, as the game writes it."""
    # stable's dictionary; xz leaves the size open (-1) and marks the end, the game writes it.
    packed = lzma.compress(
        data, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 21}]
    )
    return packed[:5] + struct.pack("<q", len(data)) + packed[13:]


def is_md5(text: str) -> bool:
    """Whether a text has the form of an MD5 as the game writes it, and can be a file's name."""
    return _MD5.fullmatch(text) is not None
