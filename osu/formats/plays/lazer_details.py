"""Lazer's score details, the JSON behind the frames of its replays: mods with settings, counts.

Source: ppy/osu, LegacyReplaySoloScoreInfo.cs, whose fields these are; the block is a length and an
LZMA stream, like the frames.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass, field

from osu.formats.binary import unpack_stream

MAX_DETAILS_BYTES = 1 << 20  # the longest real ones have 700


@dataclass(frozen=True)
class LazerMod:
    """One mod of lazer: its letters, and the settings that are not the default."""

    acronym: str
    settings: dict = field(default_factory=dict)

    def number(self, name: str, default: float) -> float:
        """A setting; `default` where it is not there or no finite number."""
        try:
            value = float(self.settings.get(name, default))
        except (TypeError, ValueError, OverflowError):
            return default
        return value if math.isfinite(value) else default


@dataclass(frozen=True)
class LazerDetails:
    """What the details of one replay say."""

    mods: tuple[LazerMod, ...]
    statistics: dict[str, int]  # "great", "large_tick_hit", "slider_tail_hit" ... -> how many
    maximum_statistics: dict[str, int]  # of a perfect play
    score_without_mods: int | None  # before the mods' multipliers; older ones do not say it

    def has(self, acronym: str) -> bool:
        return any(mod.acronym == acronym for mod in self.mods)


def parse_details(block: bytes) -> LazerDetails | None:
    """The block behind a lazer replay's online id -> its details; None where it is empty.

    Raises ValueError in one sentence where it is cut off or damaged.
    """
    size = struct.unpack("<i", block[:4])[0] if len(block) >= 4 else 0
    if size <= 0:
        return None
    if size > len(block) - 4:
        raise ValueError("its score details, which are cut off")
    try:
        text = unpack_stream(block[4 : 4 + size], MAX_DETAILS_BYTES, "the details")
        return _details(json.loads(text))
    except (
        RecursionError,
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
        OverflowError,
    ):
        raise ValueError("its score details, which are damaged") from None


def _details(value: dict) -> LazerDetails:
    mods = []
    for mod in value.get("mods") or []:
        settings = mod.get("settings") or {}
        if not isinstance(settings, dict):
            raise ValueError
        mods.append(LazerMod(str(mod["acronym"]), settings))
    score = value.get("total_score_without_mods")
    return LazerDetails(
        tuple(mods),
        _counts(value.get("statistics")),
        _counts(value.get("maximum_statistics")),
        None if score is None else int(score),
    )


def _counts(value: dict | None) -> dict[str, int]:
    return {name: int(count) for name, count in (value or {}).items()}
