"""Good files made bad, by a seeded generator: any one is made again from its seed.

Half of the mutations know nothing of a file but its bytes. The others know how it is made, so that
what is wrong with it lies behind the checks that a damaged file never passes: extreme numbers in
text, frames and life bars packed anew, members of archives, nodes of JSON, arrays of a .npz.
"""

import io
import json
import random
import re
import struct
import zipfile
from typing import Any

import numpy as np

from tests.osr import osr, text_field

NUMBERS = [
    *("0", "-0", "-1", "1", "2", "-12345", "65535", "65536", "131072", "2147483647", "-2147483648"),
    *("1e30", "-1e30", "1e308", "1e-300", "1e400", "nan", "inf", "-inf", "9" * 30, "9" * 5000),
    *("86400000", "-86400000", "0.5", "1e5", "1_000", "0x10", "", " ", "\x00", "٣", "a"),
]
TEXTS = [
    *("", "\x00", "\x1b[2J\x1b[31m", "\n", "\r", "\u202e", "\ufffe", "a" * 300, "音" * 118),
    *("../../x", "/etc/passwd", "\\\\host\\share\\x", "C:x", "CON", ".", "%s", "{}", "'", '"', ","),
]
JSON_VALUES: list[Any] = [
    *(None, True, 0, -1, 1, 2**31, 2**63, 10**30, 1e308, float("nan"), float("inf"), 0.5),
    *("", "a", "\x1b[2J", "../x", [], [1], {}, {"a": 1}, [[]] * 3, "9" * 400),
]
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_EDGES = (0, 1, 0x7F, 0x80, 0xFF)


def bytes_changed(rng: random.Random, data: bytes) -> bytes:
    """One to eight changes of single bytes or spans, anywhere."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        at = rng.randrange(len(changed) + 1)
        span = slice(at, at + rng.choice((1, 2, 4, 8, 64, 1024)))
        match rng.randrange(7):
            case 0 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(changed):
                changed[at] = rng.choice(_EDGES)
            case 2:
                del changed[span]
            case 3:
                changed[at:at] = changed[span] * rng.choice((1, 1, 20))
            case 4:
                changed[at:at] = rng.randbytes(rng.choice((1, 4, 100)))
            case 5:
                changed[span] = struct.pack("<q", rng.choice((0, -1, 2**31 - 1, 2**62, 1 << 40)))
            case 6:
                del changed[at:]
    return bytes(changed)


def text_changed(rng: random.Random, text: str) -> str:
    """One to four numbers, lines or words replaced, repeated, left out or exchanged."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        lines = text.split("\n")
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        found = list(_NUMBER.finditer(lines[i]))
        match rng.randrange(8):
            case 0 | 1 | 2 | 3 if found:
                number = rng.choice(found)
                new = rng.choice(NUMBERS) if rng.random() < 0.8 else str(rng.randint(-9999, 9999))
                lines[i] = lines[i][: number.start()] + new + lines[i][number.end() :]
            case 4:
                del lines[i]
            case 5:
                lines[i:i] = [lines[j]] * rng.choice((1, 1, 10, 1000))
            case 6:
                lines[i], lines[j] = lines[j], lines[i]
            case _:
                at = rng.randrange(len(lines[i]) + 1)
                lines[i] = lines[i][:at] + rng.choice(TEXTS) + lines[i][at:]
        text = "\n".join(lines)
    return text


def map_changed(rng: random.Random, data: bytes) -> bytes:
    if rng.random() < 0.3:
        return bytes_changed(rng, data)
    return text_changed(rng, data.decode()).encode("utf-8", "surrogatepass")


def replay_changed(rng: random.Random, frames: str, md5: str) -> bytes:
    """A replay of the map with that MD5: frames, life bar and header are changed apart, then
    packed, so that the whole is a file that unpacks; or its bytes are changed."""
    text, life = frames, "0|1,1000|0.8,5000|0.5,"
    for _ in range(rng.choice((1, 1, 2))):
        if rng.random() < 0.7:  # frames are one line: split where commas are
            text = text_changed(rng, text.replace(",", "\n")).replace("\n", ",")
        else:
            life = text_changed(rng, life.replace(",", "\n")).replace("\n", ",")
    header: dict[str, Any] = {}
    if rng.random() < 0.3:
        header["mode"] = rng.choice((0, 1, 2, 3, 4, 255))
    if rng.random() < 0.3:
        header["mods"] = rng.choice((0, rng.getrandbits(32), 1 << rng.randrange(32)))
    else:
        header["mods"] = 0
    if rng.random() < 0.2:
        header["version"] = rng.choice((0, -1, 20070000, 20121008, 20140721, 30000000, 2**31 - 1))
    if rng.random() < 0.2:
        header["player"] = _field(rng.choice(TEXTS))
    data = osr(
        text.encode("utf-8", "surrogatepass")[: 1 << 20],
        md5=text_field(md5),
        life=_field(life),
        **header,
    )
    return bytes_changed(rng, data) if rng.random() < 0.3 else data


def _field(text: str) -> bytes:
    """A text of any length as the game's files have it."""
    raw = text.encode("utf-8", "surrogatepass")
    size, length = len(raw), bytearray()
    while size >= 0x80:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return b"\x0b" + bytes([*length, size]) + raw


def archive_changed(rng: random.Random, members: dict[str, bytes]) -> bytes:
    """A .osz of some changed members, whose own bytes may be changed too."""
    file = io.BytesIO()
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)
    with zipfile.ZipFile(file, "w", rng.choice(methods)) as archive:
        for name, data in members.items():
            name = rng.choice(TEXTS) + name if rng.random() < 0.1 else name
            data = map_changed(rng, data) if rng.random() < 0.5 else data
            archive.writestr(zipfile.ZipInfo(name[:60_000]), data, rng.choice(methods))
    data = file.getvalue()
    return bytes_changed(rng, data) if rng.random() < 0.6 else data


def json_changed(rng: random.Random, text: str) -> str:
    """A node anywhere in it replaced, left out or renamed; or its text is changed."""
    if rng.random() < 0.3:
        return text_changed(rng, text)
    root = [json.loads(text)]
    holder: Any = root
    key: Any = 0
    while holder[key] and isinstance(holder[key], dict | list) and rng.random() < 0.9:
        holder = holder[key]
        key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
    match rng.randrange(5):
        case 0 if holder is not root:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[rng.choice(TEXTS)] = holder.pop(key)
        case 2 if isinstance(holder[key], int | float):
            holder[key] *= rng.choice((-1, 0, 2, 1000, 10**6, 10**9))
        case _:
            holder[key] = rng.choice(JSON_VALUES)
    return json.dumps(root[0])


def npz_changed(rng: random.Random, data: bytes) -> bytes:
    """One array of a .npz longer, shorter, of another type, shape or with other values; the array
    `meta` is JSON."""
    with np.load(io.BytesIO(data)) as stored:
        arrays = {name: stored[name] for name in stored.files}
    name = "meta" if rng.random() < 0.5 else rng.choice(list(arrays))
    array = arrays[name]
    if name == "meta":
        text = json_changed(rng, bytes(array).decode())
        arrays[name] = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    else:
        match rng.randrange(6):
            case 0:
                del arrays[name]
            case 1:
                arrays[name] = array[: rng.randrange(len(array) + 1)]
            case 2:
                arrays[name] = np.concatenate([array, array])
            case 3:
                arrays[name] = array.astype(rng.choice(("f8", "i1", "u8", "U8", "?")))
            case 4:
                arrays[name] = array.reshape(1, -1)
            case 5:
                raw = bytes_changed(rng, array.tobytes())
                raw = raw[: len(raw) // array.dtype.itemsize * array.dtype.itemsize]
                arrays[name] = np.frombuffer(raw, array.dtype)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return bytes_changed(rng, file.getvalue()) if rng.random() < 0.2 else file.getvalue()
