"""A .osr file put together and taken apart by hand: plain `struct` and `lzma`, no code of osu/."""

import lzma
import struct

TEXT = b"0|256|-500|0,-1|256|-500|0,-499|256.5|-12.25|0,16|1|2|5,17|1.5|2|10,-12345|0|0|0,"


def text_field(text: str) -> bytes:
    raw = text.encode()
    assert len(raw) < 128  # one byte of length is enough here
    return b"\x0b" + bytes([len(raw)]) + raw


def of_a_person(replay: bytes) -> bytes:
    """A replay that this program made, under a player's name that does not say so."""
    assert replay.count(b"osu-players/") == 1
    return replay.replace(b"osu-players/", b"our-players/")


def osr(
    text: bytes = TEXT,
    *,
    mode: int = 0,
    version: int = 20221104,
    md5: bytes = text_field("0123456789abcdef" * 2),
    player: bytes = text_field("Ünï 音"),
    life: bytes = text_field("1000|1,2000|0.5,"),
    mods: int = 72,
    packed: bytes | None = None,
    tail: bytes = struct.pack("<q", 77),
) -> bytes:
    packed = lzma.compress(text, lzma.FORMAT_ALONE) if packed is None else packed
    return (
        struct.pack("<Bi", mode, version)
        + md5
        + player
        + b"\x00"  # no replay MD5: a text that is not there
        + struct.pack("<HHHHHH", 10, 9, 8, 7, 6, 5)
        + struct.pack("<iHBI", 123456, 321, 1, mods)
        + life
        + struct.pack("<qi", 638037208738606731, len(packed))
        + packed
        + tail
    )


def packed_frames(data: bytes) -> bytes:
    """The LZMA stream of a whole, valid file."""
    at = 5
    for text in ("map", "player", "replay", "life"):
        if text == "life":
            at += struct.calcsize("<6HiHBI")  # the counts, score, combo, perfect, mods
        length = shift = 0
        more = data[at] == 0x0B
        at += 1
        while more:
            length |= (data[at] & 0x7F) << shift
            more, shift, at = data[at] >= 0x80, shift + 7, at + 1
        at += length
    size = struct.unpack_from("<i", data, at + 8)[0]
    return data[at + 12 : at + 12 + size]
