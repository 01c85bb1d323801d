"""A .osr file to a Replay and back: the header, the life bar, the frames.

Reading and writing are written side by side, field by field, so that together they are the
format. Times are map time in ms, positions osu!px. Every delta counts, the lead-in frames' too:
they carry the skipped intro.
"""

import hashlib
import os
import struct
from dataclasses import dataclass
from enum import IntFlag
from functools import cached_property
from pathlib import Path

import numpy as np

from osu.errors import UserError
from osu.files import read_file, write_atomic
from osu.formats.binary import ByteReader, pack_stream, string, unpack_stream
from osu.formats.mods import Mods
from osu.formats.plays.conditions import Conditions, of_lazer_mods, of_mods
from osu.formats.plays.lazer_details import LazerDetails, parse_details
from osu.formats.replay_frames import MAX_FRAME_TIME_MS, dump_frames, parse_frames

LAZER_VERSION = 30000000  # versions of stable are dates
SCORE_INFO_VERSION = 30000001  # lazer appends its score details from here on
LONG_ID_VERSION = 20140721  # the online id has 64 bits from here on, 32 before
SHORT_ID_VERSION = 20121008
STABLE_VERSION = 20221104  # what our own files say: stable's layout, as most real files have it

LEAD_IN_XY = (256, -500)  # where stable puts the cursor of its first two frames
MAX_FILE_BYTES = 16 << 20  # the largest of 1,223 real files has 1.2 MB
MAX_TEXT_BYTES = 16 << 20  # the longest of them has 4.7 MB of text
MAX_LIFE_CHARS = 1 << 20  # the longest real life bar has 2,981


class ReplayError(UserError):
    """A replay that cannot be read or written; the message is one sentence."""


class Key(IntFlag):
    """The bits of a frame's key state. The game sets M1 with K1 and M2 with K2."""

    M1 = 1
    M2 = 2
    K1 = 4
    K2 = 8
    SMOKE = 16


# Which of the two keys are down (bit 0, bit 1) -> key state, and back.
_STATE_OF_KEYS = np.array([0, Key.M1 | Key.K1, Key.M2 | Key.K2, 15], np.uint8)


@dataclass(frozen=True, eq=False)
class Replay:
    """One play: the header as the game counted it and the frames exactly as in the file."""

    mode: int
    version: int
    beatmap_md5: str
    player: str
    replay_md5: str
    n300: int
    n100: int
    n50: int
    ngeki: int
    nkatu: int
    nmiss: int
    score: int
    max_combo: int
    perfect: bool
    mods: Mods
    life: np.ndarray  # (L, 2) f8: map time in ms, life in 0..1
    timestamp_ticks: int  # of 100 ns since 0001-01-01 UTC
    delta_ms: np.ndarray  # (F,) i8, the lead-in frames' included
    xy: np.ndarray  # (F, 2) f4 osu!px, not clipped to the playfield
    keys: np.ndarray  # (F,) u1, bits of `Key`
    seed: int | None
    online_id: int = 0
    score_info: bytes = b""  # what follows the online id (lazer's score details), opaque
    left_out: tuple[str, ...] = ()  # what of its file could not be read, a phrase each

    @cached_property
    def t_ms(self) -> np.ndarray:
        """(F,) i8 map time of each frame; it may stand still or run backwards."""
        return np.cumsum(self.delta_ms)

    @property
    def is_lazer(self) -> bool:
        return self.version >= LAZER_VERSION

    @cached_property
    def details(self) -> LazerDetails | None:
        """Lazer's score details; None where there are none, or none that can be read."""
        try:
            has_them = self.version >= SCORE_INFO_VERSION
            return parse_details(self.score_info) if has_them else None
        except ValueError:
            return None

    @property
    def conditions(self) -> Conditions:
        """What the play's mods make of its map: give it to `Beatmap.with_mods`."""
        return self._placed[0]

    @property
    def no_place(self) -> str:
        """Why the objects were not where and when the map has them under `conditions`, else ""."""
        return self._placed[1]

    @cached_property
    def _placed(self) -> tuple[Conditions, str]:
        # Without details the header's bits are all there is; they are believed.
        if self.details is None:
            return of_mods(self.mods), ""
        return of_lazer_mods(self.mods, self.details.mods)

    @property
    def rate(self) -> float:
        """Map time per real time."""
        return self.conditions.rate

    @property
    def counts_known(self) -> bool:
        """Whether the header has counts. Some programs leave all at 0, which no play has."""
        return self.n300 + self.n100 + self.n50 + self.nmiss > 0

    @property
    def accuracy(self) -> float:
        """0..1 as stable counts it, by the header; nan where that has no counts."""
        points = 300 * self.n300 + 100 * self.n100 + 50 * self.n50
        judged = self.n300 + self.n100 + self.n50 + self.nmiss
        return points / (300 * judged) if judged else float("nan")


def load_replay(path: str | os.PathLike) -> Replay:
    """Read a .osr file. Raises ReplayError, also where the file itself cannot be read."""
    path = Path(path)
    try:
        data = read_file(path, MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ReplayError(f"{path} cannot be read: {error.strerror}") from None
    return parse_replay(data, path.name)


def save_replay(replay: Replay, path: str | os.PathLike) -> None:
    """Write a .osr file, whole or not at all. Raises ReplayError, also for one that `load_replay`
    would refuse or not read whole, and OSError from the disk."""
    data = dump_replay(replay)
    if left_out := parse_replay(data, "what would be written").left_out:
        raise ReplayError(f"what would be written could not be read: {', '.join(left_out)}")
    write_atomic(path, data)


def parse_replay(data: bytes, name: str = "the replay") -> Replay:
    """The bytes of a .osr file -> Replay. Raises ReplayError, whose sentence begins with `name`."""
    try:
        return _unpack(data)
    except ValueError as error:
        raise ReplayError(f"{name} is not a replay that can be read: {error}") from None


def dump_replay(replay: Replay) -> bytes:
    """Replay -> the bytes of a .osr file, `parse_replay`'s inverse. Raises ReplayError."""
    try:
        return _pack(replay)
    except (ValueError, struct.error) as error:
        raise ReplayError(f"the replay cannot be written: {error}") from None


def as_a_file_has_it(replay: Replay) -> Replay:
    """What `parse_replay` makes of `dump_replay`'s bytes, with all that these round. The frames are
    not packed on the way, which is most of the work. Raises ReplayError."""
    try:
        return _unpack(_pack(replay, packed=False), packed=False)
    except (ValueError, struct.error) as error:
        raise ReplayError(f"the replay cannot be written: {error}") from None


def _unpack(data: bytes, packed: bool = True) -> Replay:
    if packed and len(data) > MAX_FILE_BYTES:
        raise ValueError(f"it has more than {MAX_FILE_BYTES >> 20} MB")
    source = ByteReader(data)
    mode, version = source.take("<Bi")
    if mode > 3:
        raise ValueError(f"there is no game mode {mode}")
    beatmap_md5 = source.string("the beatmap's MD5")
    player = source.string("the player's name")
    replay_md5 = source.string("the replay's MD5")
    n300, n100, n50, ngeki, nkatu, nmiss = source.take("<6H")
    score, max_combo, perfect, mods = source.take("<iHBI")
    left_out = []
    try:
        life = _parse_life(source.string("the life bar"))
    except ValueError:
        life = np.zeros((0, 2))
        left_out.append("its life bar, which is damaged")
    timestamp_ticks, size = source.take("<qi")
    if packed and size <= 0:
        raise ValueError("it has no frames")
    text = source.bytes(size, "the frames")
    if packed:
        text = unpack_stream(text, MAX_TEXT_BYTES, "its frames")
    elif size > MAX_TEXT_BYTES:
        raise ValueError(f"its frames are more than {MAX_TEXT_BYTES >> 20} MB")
    delta_ms, xy, keys, seed, skipped = parse_frames(text)
    if skipped:
        left_out.append(f"{skipped} of its frames, which have fewer than four fields")
    online_id = _take_online_id(source, version)
    score_info = source.rest()
    if version >= SCORE_INFO_VERSION:
        try:
            parse_details(score_info)
        except ValueError as error:
            left_out.append(str(error))
    return Replay(
        mode=mode,
        version=version,
        beatmap_md5=beatmap_md5,
        player=player,
        replay_md5=replay_md5,
        n300=n300,
        n100=n100,
        n50=n50,
        ngeki=ngeki,
        nkatu=nkatu,
        nmiss=nmiss,
        score=score,
        max_combo=max_combo,
        perfect=bool(perfect),
        mods=Mods(mods),
        life=life,
        timestamp_ticks=timestamp_ticks,
        delta_ms=delta_ms,
        xy=xy,
        keys=keys,
        seed=seed,
        online_id=online_id,
        score_info=score_info,
        left_out=tuple(left_out),
    )


def _pack(r: Replay, packed: bool = True) -> bytes:
    # lazer ends the text with its seed frame, stable with a comma.
    frames = dump_frames(r.delta_ms, r.xy, r.keys, r.seed, trailing_comma=not r.is_lazer)
    if packed:
        frames = pack_stream(frames)
    return b"".join(
        [
            struct.pack("<Bi", r.mode, r.version),
            string(r.beatmap_md5),
            string(r.player),
            string(r.replay_md5),
            struct.pack("<6H", r.n300, r.n100, r.n50, r.ngeki, r.nkatu, r.nmiss),
            struct.pack("<iHBI", r.score, r.max_combo, r.perfect, r.mods),
            string(_dump_life(r.life)),
            struct.pack("<qi", r.timestamp_ticks, len(frames)),
            frames,
            _online_id_bytes(r),
            r.score_info,
        ]
    )


def _take_online_id(source: ByteReader, version: int) -> int:
    if version >= LONG_ID_VERSION:
        return source.take("<q")[0]
    return source.take("<i")[0] if version >= SHORT_ID_VERSION else 0


def _online_id_bytes(r: Replay) -> bytes:
    if r.version >= LONG_ID_VERSION:
        return struct.pack("<q", r.online_id)
    return struct.pack("<i", r.online_id) if r.version >= SHORT_ID_VERSION else b""


def _parse_life(text: str) -> np.ndarray:
    """`ms|life,` each -> (L, 2) f8."""
    if len(text) > MAX_LIFE_CHARS:
        raise ValueError(f"its life bar has more than {MAX_LIFE_CHARS} characters")
    try:
        points = [point.split("|") for point in text.split(",") if point]
        life = np.array([(int(t), float(v)) for t, v in points], np.float64).reshape(-1, 2)
    except (ValueError, OverflowError):
        raise ValueError("its life bar is not of the form ms|life") from None
    if not (np.isfinite(life).all() and (np.abs(life[:, 0]) <= MAX_FRAME_TIME_MS).all()):
        raise ValueError("its life bar holds a number that is out of range")
    return life


def _dump_life(life: np.ndarray) -> str:
    return "".join(f"{int(t)}|{v:.9g}," for t, v in life.tolist())


def without_lead_in(replay: Replay) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The frames behind the lead-in, the up to two that stable puts off the field before a play.

    -> t_ms (F',) i8, xy (F', 2) f4, keys (F',) u1, as in `Replay`.
    """
    lead_in = (replay.xy[:2] == LEAD_IN_XY).all(axis=1)
    first = lead_in.size if lead_in.all() else int(lead_in.argmin())
    return replay.t_ms[first:], replay.xy[first:], replay.keys[first:]


def buttons_of(keys: np.ndarray) -> np.ndarray:
    """Key states (F,) -> the two buttons (F,) u1: bit 0 for M1 or K1, bit 1 for M2 or K2.

    Files of the game set the mouse's bit with the key's, those of other writers need not.
    """
    return (keys | keys >> 2) & np.uint8(Key.M1 | Key.M2)


def clean_frames(replay: Replay) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The frames as a function of time: the times are strictly increasing.

    -> t_ms (F',) f8 strictly increasing, xy (F', 2) f8, keys (F',) u1 (bit 0: M1 or K1, bit 1: M2
    or K2). The lead-in is removed, nothing is clipped. A frame whose time lies before an earlier
    frame's happens at once, as in the game's own playback. Frames at one time are merged into the
    last; one that changes a key stays, set apart by less than a millisecond, so that no press is
    lost (merging loses 53 of the 897,503 presses in 1,223 real replays).
    """
    t_ms, xy, keys = without_lead_in(replay)
    t_ms = np.maximum.accumulate(t_ms).astype(np.float64)
    xy, keys = xy.astype(np.float64), buttons_of(keys)

    last_of_its_time = np.diff(t_ms, append=np.inf) > 0
    keep = last_of_its_time | (np.diff(keys, prepend=np.uint8(0)) != 0)
    t_ms, xy, keys = t_ms[keep], xy[keep], keys[keep]

    # Frames left at one time: the i-th of n gets i/n of a millisecond, at most i/1024.
    starts = np.flatnonzero(np.diff(t_ms, prepend=-np.inf))
    counts = np.diff(starts, append=t_ms.size)
    rank = np.arange(t_ms.size) - np.repeat(starts, counts)
    return t_ms + rank / np.maximum(np.repeat(counts, counts), 1024), xy, keys


def build_replay(
    beatmap_md5: str,
    player: str,
    mods: Mods,
    t_ms: np.ndarray,
    xy: np.ndarray,
    keys: np.ndarray,
    seed: int,
    timestamp_ticks: int,
    **header,
) -> Replay:
    """A replay as stable writes it, from frames in map time.

    t_ms (F,) not decreasing, any fraction; xy (F, 2) osu!px; keys (F,) bits 1 and 2 for the two
    keys. `header` holds further fields of Replay (the judged counts, the life bar). Absolute times
    are rounded before they are differenced: rounding deltas would drift. Raises ReplayError.
    """
    t_ms, xy = np.asarray(t_ms, np.float64), np.asarray(xy, np.float64)
    if not (np.isfinite(t_ms).all() and np.isfinite(xy).all()):
        raise ReplayError("a frame's time or position is not finite")
    if (np.diff(t_ms) < 0).any():
        raise ReplayError("the frames' times run backwards")
    # Two lead-in frames, at 0 and at -1 (no intro skipped); the third leads back to the start.
    rounded_ms = np.concatenate([[0, -1], np.rint(t_ms).astype(np.int64)])
    delta_ms = np.diff(rounded_ms, prepend=0)
    xy = np.concatenate([[LEAD_IN_XY, LEAD_IN_XY], xy.reshape(-1, 2)]).astype(np.float32)
    states = np.concatenate([[0, 0], _STATE_OF_KEYS[np.asarray(keys, np.intp)]]).astype(np.uint8)
    fields = dict(
        mode=0,
        version=STABLE_VERSION,
        n300=0,
        n100=0,
        n50=0,
        ngeki=0,
        nkatu=0,
        nmiss=0,
        score=0,
        max_combo=0,
        perfect=False,
        life=np.zeros((0, 2)),
        # The game's own is a hash of the score; one that follows the frames tells files apart.
        replay_md5=hashlib.md5(
            beatmap_md5.encode() + delta_ms.tobytes() + xy.tobytes() + states.tobytes()
        ).hexdigest(),
    )
    return Replay(
        beatmap_md5=beatmap_md5,
        player=player,
        mods=Mods(mods),
        timestamp_ticks=timestamp_ticks,
        delta_ms=delta_ms,
        xy=xy,
        keys=states,
        seed=seed,
        **(fields | header),
    )
