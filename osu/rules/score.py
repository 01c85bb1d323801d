"""The counts of a play from its judgements: combo, ScoreV1, geki and katu, grade.

ScoreV1 is the classic formula (https://osu.ppy.sh/wiki/en/Gameplay/Score/ScoreV1): a hit is worth
`v + v * max(combo - 1, 0) * difficulty * mods / 25`; slider parts and spinner turns are worth
their plain value.
"""

from dataclasses import dataclass

import numpy as np

from osu.formats.beatmap import Beatmap
from osu.formats.mods import Mods

HEAD, EVENT, FINAL = range(3)  # order of an object's judgements of one order key
NONE, PLAIN, KATU, GEKI = range(4)  # awards for a combo's last object
PART_POINTS, TICK_POINTS = 30, 10  # slider heads, repeats and tails; ticks

_MULTIPLIER = {  # https://osu.ppy.sh/wiki/en/Gameplay/Game_modifier
    Mods.NF: 0.5,
    Mods.EZ: 0.5,
    Mods.HT: 0.3,
    Mods.HD: 1.06,
    Mods.HR: 1.06,
    Mods.DT: 1.12,
    Mods.FL: 1.12,
    Mods.SO: 0.9,
    Mods.RX: 0.0,
    Mods.AP: 0.0,
}


@dataclass(frozen=True, eq=False)
class Log:
    """The judgements of a play in the order in which the game made them, (J,) each."""

    order_key: np.ndarray  # i8, see osu.rules.frames
    owner: np.ndarray  # i8, index of the object
    part: np.ndarray  # i1, HEAD, EVENT or FINAL
    points: np.ndarray  # i8
    scaled: np.ndarray  # bool: worth more with combo
    combo: np.ndarray  # i1: +1 raises the combo, 0 leaves it, -1 ends it
    due_ms: np.ndarray  # i8, for what happens by itself: when; for the rest, the frame's time


def sort_log(log: Log) -> Log:
    order = np.lexsort((log.part, log.owner, log.order_key))
    return Log(*(getattr(log, name)[order] for name in Log.__dataclass_fields__))


def combo_after(log: Log) -> np.ndarray:
    """(J,) i8 the combo after each judgement."""
    total = np.cumsum(log.combo > 0)
    at_break = np.maximum.accumulate(np.where(log.combo < 0, total, 0))
    return total - at_break


def score_v1(log: Log, combo: np.ndarray, difficulty: int, mods: Mods) -> int:
    """The header's score. `combo` is `combo_after(log)`.

    The order of the products is the game's: it decides about products that are whole numbers.
    """
    before = np.concatenate([[0], combo[:-1]])
    factor = np.maximum(before - 1, 0) * log.scaled
    bonus = log.points / 25 * (difficulty * mod_multiplier(mods)) * factor
    return int(log.points.sum() + np.trunc(bonus).sum())


def mod_multiplier(mods: Mods) -> float:
    value = 1.0
    for mod, factor in _MULTIPLIER.items():
        if mods & mod:
            value *= factor
    return value


def difficulty_multiplier(beatmap: Beatmap) -> int:
    """ScoreV1's 1..7 from the map's own settings, before EZ and HR, and its object density.

    The length is that between the starts of the first and the last object (ppy/osu,
    OsuLegacyScoreSimulator).
    """
    raw = beatmap.unmodded or beatmap
    length = int(beatmap.start_ms[-1]) - int(beatmap.start_ms[0])
    breaks = sum(int(b - a) for a, b in beatmap.breaks_ms)
    drain_s = np.float32(int((length - breaks) / 1000))
    n = np.float32(len(beatmap.start_ms))
    density = np.float32(16) if drain_s == 0 else np.clip(n / drain_s * np.float32(8), 0, 16)
    settings = sum(float(np.float32(v)) for v in (raw.hp, raw.od, raw.cs))
    return round((settings + float(density)) / 38 * 5)


def combo_awards(log: Log, new_combo: np.ndarray, head_timed_out: np.ndarray) -> np.ndarray:
    """(N,) u1 award of each object: for the last one of a combo GEKI if all were 300s, else KATU if
    there was no 50 and no miss, else PLAIN; NONE for all others and where the last one was missed.

    A head that nobody hit in time starts the count anew where its slider is a combo's last object:
    the game takes it for the combo's end (seen in the reference headers: a combo with a miss whose
    last slider lost its head that way and ends as a 100 has a katu).

    new_combo, head_timed_out -- (N,) bool
    """
    last = np.append(new_combo[1:], True)
    awards = np.zeros(len(last), np.uint8)
    hundreds = bad = 0
    matters = (log.part == FINAL) | ((log.part == HEAD) & (last & head_timed_out)[log.owner])
    ends = last[log.owner[matters]].tolist()
    rows = zip(
        log.owner[matters].tolist(),
        log.part[matters].tolist(),
        log.points[matters].tolist(),
        ends,
        strict=True,
    )
    for i, part, points, is_last in rows:
        if part == HEAD:
            hundreds = bad = 0
            continue
        hundreds += points == 100
        bad += points < 100
        if is_last:
            if points > 0:
                awards[i] = PLAIN if bad else KATU if hundreds else GEKI
            hundreds = bad = 0
    return awards


def grade(n300: int, n100: int, n50: int, nmiss: int, mods: Mods) -> str:
    """SS, S, A .. D as stable has it, with an H for silver."""
    total = n300 + n100 + n50 + nmiss
    share = n300 / total if total else 1.0
    if n300 == total:
        letter = "SS"
    elif share > 0.9 and n50 / total <= 0.01 and nmiss == 0:
        letter = "S"
    elif (share > 0.8 and nmiss == 0) or share > 0.9:
        letter = "A"
    elif (share > 0.7 and nmiss == 0) or share > 0.8:
        letter = "B"
    else:
        letter = "C" if share > 0.6 else "D"
    silver = letter in ("SS", "S") and mods & (Mods.HD | Mods.FL)
    return letter + "H" if silver else letter
