"""The text of a replay's frames, `w|x|y|z,` each, to arrays and back.

w is a delta in ms of map time, x and y are osu!px, z is the key bits. A play of four minutes has
60,000 numbers, so they are read eight digits at a time, all tokens at once: a window of eight
bytes that ends where the token's digits end is one 64-bit integer, and three multiplications turn
it into a number.
"""

from collections.abc import Iterator

import numpy as np

STABLE_DIGITS = 7  # significant ones of a position, in the text of stable's files
MAX_FRAMES = 1 << 19  # two hours and more; the longest of 1,223 real replays has 211,195
MAX_FRAME_TIME_MS = 10**8  # 27 hours; the longest real play has 53 minutes
MAX_FRAME_BYTES = 200  # the longest real frame has 29
PART_BYTES = 1 << 18
SEED_DELTA_MS = -12345  # marks the frame that holds the seed instead of keys
_BAR, _COMMA, _DOT, _MINUS = b"|,.-"
_PLAIN = b"0123456789.+-eE"  # what a number may consist of: neither nan, inf, hex nor spaces


class _IrregularError(ValueError):
    """Frames that have to be looked at one by one."""


def parse_frames(
    text: bytes,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int | None, int]:
    """Frame text -> delta_ms (F,) i8, xy (F, 2) f4, keys (F,) u1, seed (None where it has none),
    and how many frames were skipped.

    As in the game, a frame of fewer than four fields is skipped, fields beyond four are ignored
    and a seed frame may stand anywhere. Times are rounded to whole ms (lazer of 2020 and 2021
    wrote fractions). x and y are the float32 nearest to the float64 nearest to the text, as the
    game's own parser has it. Raises ValueError with one sentence.
    """
    if text.count(b"|") > 3 * MAX_FRAMES or text.count(b",") > 2 * MAX_FRAMES:
        raise ValueError(f"it has more than {MAX_FRAMES} frames")
    text = text.removesuffix(b",")
    skipped = 0
    try:
        frames, seed = _split_seed(text)
        columns = _parse_parts(frames)
    except _IrregularError:
        frames, seed, skipped = _one_by_one(text)
        if not frames and skipped:
            raise ValueError("its frames are not of the form w|x|y|z") from None
        columns = _parse_parts(frames)
    delta_ms, xy, keys = columns
    t_ms = np.cumsum(delta_ms)
    if np.abs(t_ms).max(initial=0) > MAX_FRAME_TIME_MS:
        raise ValueError(f"its times leave the range of ±{MAX_FRAME_TIME_MS} ms")
    if delta_ms.dtype != np.int64:
        delta_ms = np.diff(np.rint(t_ms).astype(np.int64), prepend=0)
    return delta_ms, xy, keys, seed, skipped


def _parse_parts(text: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Regular frames, each with its comma -> deltas (F,), i8, or f8 where one is a fraction,
    xy (F, 2) f4, keys (F,) u1."""
    parts = [_parse_part(text[a:b]) for a, b in _parts(text)]
    if not parts:
        return np.zeros(0, np.int64), np.zeros((0, 2), np.float32), np.zeros(0, np.uint8)
    delta_ms, xy, keys = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if (delta_ms == SEED_DELTA_MS).any():
        raise _IrregularError
    return delta_ms, xy, keys


def _one_by_one(text: bytes) -> tuple[bytes, int | None, int]:
    """Any text -> (regular frames, each with its comma; the last seed; how many were skipped)."""
    frames, seed, skipped = [], None, 0
    for frame in text.split(b","):
        fields = frame.split(b"|")
        if len(fields) < 4:
            skipped += 1
        elif fields[0] == b"%d" % SEED_DELTA_MS:
            seed = _seed_of(fields[3], seed)
        else:
            frames.append(b"%s|%s|%s|%s," % tuple(fields[:4]))
    return b"".join(frames), seed, skipped


def _parts(text: bytes) -> Iterator[tuple[int, int]]:
    """Slices of whole frames, small enough that their arrays stay in the processor's cache."""
    start = 0
    while start < len(text):
        end = min(start + PART_BYTES, len(text))
        end = text.find(b",", end - 1, end + MAX_FRAME_BYTES) + 1
        if not end:
            raise ValueError(f"it has a frame of more than {MAX_FRAME_BYTES} characters")
        yield start, end
        start = end


def _parse_part(text: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames, each with its comma -> delta_ms (F,) i8, xy (F, 2) f4, keys (F,) u1."""
    # Eight bytes in front, so that the window of the first token exists.
    buffer = np.frombuffer(b"00000000" + text, np.uint8)
    marks = np.flatnonzero((buffer == _BAR) | (buffer == _COMMA) | (buffer == _DOT))
    kinds = buffer[marks]
    is_dot = kinds == _DOT
    ends = marks[~is_dot]
    if ends.size % 4 or (kinds[~is_dot].reshape(-1, 4) != [_BAR, _BAR, _BAR, _COMMA]).any():
        raise _IrregularError

    starts = np.concatenate([[8], ends[:-1] + 1])
    negative = buffer[starts] == _MINUS
    # Where the point is; a token without one has it at its end and no digits behind it.
    point = ends.copy()
    point[np.cumsum(~is_dot)[is_dot]] = marks[is_dot]
    behind = np.maximum(ends - point - 1, 0)
    integer, integer_ok = _digits(buffer, point, point - starts - negative)

    integers = np.where(negative, -integer, integer)
    whole = integer_ok & (point == ends)
    delta_ms, keys = integers[0::4], integers[3::4]
    if not (ok := whole[3::4]).all():
        token = text.split(b",")[np.argmin(ok)].split(b"|")[3]
        raise ValueError(f"a frame has the key state {_shown(token)}, not a whole number")
    if not (ok := whole[0::4]).all():
        delta_ms = delta_ms.astype(np.float64)
        delta_ms[~ok] = _other_numbers(text, 4 * np.flatnonzero(~ok), "time")
        if not np.isfinite(delta_ms).all():
            raise ValueError("it has a time that is not finite")

    xy_at = np.arange(ends.size).reshape(-1, 4)[:, 1:3].ravel()  # the tokens of x and y
    fraction, fraction_ok = _digits(buffer, ends[xy_at], behind[xy_at])
    # One division of two exact float64 is the correctly rounded value: whole numbers below 2**53.
    scale = 10 ** np.minimum(behind[xy_at], 8)
    scaled = integer[xy_at] * scale + fraction
    values = scaled / scale
    values = np.where(negative[xy_at], -values, values)
    plain = integer_ok[xy_at] & (fraction_ok | (behind[xy_at] == 0)) & (scaled < 2**53)
    if not plain.all():
        values[~plain] = _other_numbers(text, xy_at[~plain], "position")
    with np.errstate(over="ignore"):
        xy = values.astype(np.float32).reshape(-1, 2)
    if not np.isfinite(xy).all():
        raise ValueError("it has a position that is too large for a float32")
    return delta_ms, xy, (keys & 0xFF).astype(np.uint8)


def dump_frames(
    delta_ms: np.ndarray, xy: np.ndarray, keys: np.ndarray, seed: int | None, trailing_comma: bool
) -> bytes:
    """The inverse of `parse_frames`; `trailing_comma` as stable writes it. Raises ValueError."""
    if (delta_ms == SEED_DELTA_MS).any():
        raise ValueError(f"a delta of {SEED_DELTA_MS} ms would be read as the seed frame")
    if np.abs(delta_ms).max(initial=0) >= 10**8:
        raise ValueError("a delta has more than eight digits")
    x, y = _float_texts(xy[:, 0]), _float_texts(xy[:, 1])
    rows = [
        f"{w}|{a}|{b}|{z}"
        for w, a, b, z in zip(delta_ms.tolist(), x, y, keys.tolist(), strict=True)
    ]
    if seed is not None:
        rows.append(f"{SEED_DELTA_MS}|0|0|{seed}")
    return (",".join(rows) + ("," if trailing_comma and rows else "")).encode()


def _split_seed(text: bytes) -> tuple[bytes, int | None]:
    """-> (the frames, each with its comma, without the seed frame; the seed), where the seed frame
    is the last, as the game writes it."""
    head, _, last = text.rpartition(b",")
    if last.startswith(b"%d|" % SEED_DELTA_MS):
        if last.count(b"|") != 3:
            raise _IrregularError
        return head + b"," if head else b"", _seed_of(last.rpartition(b"|")[2], None)
    return text + b"," if text else b"", None


def _seed_of(text: bytes, default: int | None) -> int | None:
    """The seed; `default` where the text is no whole number, which the game does not look at."""
    is_seed = text.removeprefix(b"-").isdigit() and len(text) <= 11
    return int(text) if is_seed else default


def _digits(
    buffer: np.ndarray, ends: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The numbers written in the `counts` (K,) digits before `ends` (K,).

    -> (values (K,) i8, ok (K,) bool: one to eight digits and nothing else; values hold only there).
    """
    windows = np.ndarray(buffer.size - 7, "<u8", buffer, strides=(1,))
    # Little-endian: the last digit is the top byte. Clear the bytes in front of the digits.
    cut = (8 * (8 - np.clip(counts, 0, 8))).astype(np.uint64)
    digits = ((windows[ends - 8] ^ np.uint64(0x3030303030303030)) >> cut) << cut
    over_nine = (digits + np.uint64(0x7676767676767676)) | digits
    ok = (over_nine & np.uint64(0x8080808080808080)) == 0
    ok &= (counts >= 1) & (counts <= 8)
    # Pairs, then fours, then all eight: each multiplication adds ten times a neighbour.
    digits = (digits & np.uint64(0x0F0F0F0F0F0F0F0F)) * np.uint64(2561) >> np.uint64(8)
    digits = (digits & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601) >> np.uint64(16)
    digits = (digits & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001) >> np.uint64(32)
    return digits.astype(np.int64), ok


def _other_numbers(text: bytes, at: np.ndarray, what: str) -> list[float]:
    """The tokens `at` in any other decimal form (an exponent, more than eight digits). `what` they
    are is for the sentence."""
    tokens = text.replace(b",", b"|").split(b"|")
    values = []
    for token in (tokens[i] for i in at.tolist()):
        try:
            if token.translate(None, _PLAIN):
                raise ValueError
            values.append(float(token))
        except ValueError:
            raise ValueError(f"a frame has the {what} {_shown(token)}, not a number") from None
    return values


def _float_texts(values: np.ndarray) -> list[str]:
    """float32 (F,) -> the fewest of 7, 8 or 9 digits that read back to the same bits."""
    if not np.isfinite(values).all():
        raise ValueError("a position is not finite")
    texts = [f"{value:.7g}" for value in values.tolist()]
    for digits in (8, 9):
        reread = np.array(texts, dtype="S16").astype(np.float64).astype(np.float32)
        for i in np.flatnonzero(reread != values).tolist():
            texts[i] = f"{values[i]:.{digits}g}"
    return [text.replace("e", "E") for text in texts]


def _shown(token: bytes) -> str:
    return repr(token[:24].decode("ascii", "replace"))
