"""The life bar of a play, from what its judgements give or take and the map's drain.

The game chooses the drain before a map begins: it plays the map without a fault, ever more
leniently, until life never falls too low, ends high enough and would recover. Amounts, targets and
steps are those of ppy/osu (LegacyDrainingHealthProcessor, OsuLegacyHealthProcessor) and danser-go
(healthprocessor.go), on the stable game's scale of 0 to 200. The bar stops at 0: EZ's two further
lives are not modelled.
"""

from dataclasses import dataclass

import numpy as np

from osu.formats.beatmap import Beatmap, Kind
from osu.formats.difficulty import difficulty_range
from osu.formats.slider_events import SliderPart
from osu.rules.frames import CLICK, frame_of, order_key
from osu.rules.score import FINAL, GEKI, KATU, NONE, PLAIN, TICK_POINTS, Log
from osu.rules.spinners import required_half_turns

FULL = 200.0
SAMPLE_MS = 2000  # the bar in a header has no point sooner after the last
SHARED_PART, TICK, SPIN, SPIN_BONUS = 4.0, 3.0, 1.7, 2.0
HIT = {300: 6.0, 100: 2.2, 50: 0.4}
COMBO_END = {GEKI: 14.0, KATU: 10.0, PLAIN: 6.0}
PAUSED_BREAK_VERSION = 8  # older maps drain until a break begins, newer ones until the last object
MAX_TRIES = 1000
MAX_DRAIN_STEPS = 5_000_000  # two seconds: fewer tries for maps of over 5,000 objects


@dataclass(frozen=True)
class Drain:
    per_ms: float
    normal: float  # factor on what hits give
    combo_end: float  # factor on what a combo's end gives


def find_drain(beatmap: Beatmap) -> Drain:
    """The drain that the game settles on for a map with its mods."""
    hp = beatmap.hp
    lowest = difficulty_range(hp, 195, 160, 60)
    lowest_combo_end = difficulty_range(hp, 198, 170, 80)
    lowest_end = difficulty_range(hp, 198, 180, 80)
    recovery_wanted = difficulty_range(hp, 8, 4, 0)
    waits, lasts, parts, ends = _plan(beatmap)
    drain, normal, combo_end = 0.05, 1.0, 1.0
    for _ in range(min(MAX_TRIES, MAX_DRAIN_STEPS // len(waits))):
        life = uncapped = FULL
        low_ends = 0
        for wait, last, part, end in zip(waits, lasts, parts, ends, strict=True):
            life, uncapped = max(0.0, life - drain * wait), max(0.0, uncapped - drain * wait)
            if life <= lowest:
                drain *= 0.96
                break
            gain = normal * (part + HIT[300]) + (combo_end * COMBO_END[GEKI] if end else 0.0)
            life = min(FULL, max(0.0, life - drain * last) + gain)
            uncapped = max(0.0, uncapped - drain * last) + gain
            low_ends += end and life < lowest_combo_end
            if low_ends > 2:
                combo_end, normal = combo_end * 1.07, normal * 1.03
                break
        else:
            if uncapped < lowest_end:
                drain, combo_end, normal = drain * 0.94, combo_end * 1.01, normal * 1.01
            elif (uncapped - FULL) / len(waits) < recovery_wanted:
                drain, combo_end, normal = drain * 0.96, combo_end * 1.02, normal * 1.01
            else:
                break
    return Drain(drain, normal, combo_end)


def _plan(beatmap: Beatmap) -> tuple[list, list, list, list]:
    """Per object: ms of drain before it and during it, what its parts give, whether it ends a
    combo."""
    start, end = np.trunc(beatmap.start_ms), np.trunc(beatmap.end_ms)
    ticks = np.bincount(
        np.repeat(np.arange(len(start)), np.diff(beatmap.event_start)),
        beatmap.event_kind == SliderPart.TICK,
        minlength=len(start),
    )
    parts = TICK * ticks + SHARED_PART * (beatmap.slides + 1) * (beatmap.slides > 0)
    for i in np.flatnonzero(beatmap.kind == Kind.SPINNER).tolist():
        parts[i] = SPIN * required_half_turns(beatmap.od, int(end[i] - start[i]))
    begin_ms = beatmap.start_ms[0] - beatmap.preempt_ms
    before = np.append(begin_ms, end[:-1])
    waits = drained_ms(beatmap, begin_ms, start) - drained_ms(beatmap, begin_ms, before)
    ends = np.append(beatmap.new_combo[1:], True)
    return waits.tolist(), (end - start).tolist(), parts.tolist(), ends.tolist()


def drained_ms(beatmap: Beatmap, begin_ms: float, t_ms: np.ndarray) -> np.ndarray:
    """Milliseconds for which life has drained by each of the times: it drains neither before
    `begin_ms`, nor in breaks, nor after the last object."""
    breaks = beatmap.breaks_ms[np.argsort(beatmap.breaks_ms[:, 0], kind="stable")]
    stop, go = breaks.T
    if beatmap.format_version >= PAUSED_BREAK_VERSION:
        ended = np.append(begin_ms, np.maximum.accumulate(beatmap.end_ms))
        stop = ended[np.searchsorted(beatmap.start_ms, go)]
    turns = np.concatenate([[begin_ms], np.column_stack([stop, go]).ravel()])
    turns = np.maximum.accumulate(np.append(turns, beatmap.end_ms.max()))
    total = np.cumsum(np.diff(turns, prepend=begin_ms) * (np.arange(len(turns)) % 2))
    return np.interp(t_ms, turns, total)


def life_after(
    beatmap: Beatmap, log: Log, combo_award: np.ndarray, clock_ms: np.ndarray
) -> np.ndarray:
    """(J', 2) map ms and life 0 .. 1 after each judgement that the play lasted to see.

    combo_award -- (N,) of each object (`combo_awards`)
    clock_ms -- (F,) times of the frames, never running backwards
    """
    lasted = (log.order_key < order_key(len(clock_ms), CLICK)) & (log.order_key >= 0)
    t_ms = clock_ms[frame_of(log.order_key[lasted])]
    drain = find_drain(beatmap)
    spent = np.diff(drained_ms(beatmap, beatmap.start_ms[0], t_ms), prepend=0) * drain.per_ms
    gains = _gains(beatmap, log, combo_award, drain)[lasted]
    life, after = FULL, []
    for less, gain in zip(spent.tolist(), gains.tolist(), strict=True):
        life = min(FULL, max(0.0, max(0.0, life - less) + gain))
        after.append(life / FULL)
    return np.column_stack([t_ms, np.array(after)])


def life_bar(after: np.ndarray) -> np.ndarray:
    """(L, 2) the points of `life_after` that a replay's header has: the first judgement, and after
    each point the first judgement more than two seconds later."""
    rows, last_ms = [], -np.inf
    for row, t_ms in enumerate(after[:, 0].tolist()):
        if t_ms > last_ms + SAMPLE_MS:
            rows.append(row)
            last_ms = t_ms
    return after[rows]


def _gains(beatmap: Beatmap, log: Log, combo_award: np.ndarray, drain: Drain) -> np.ndarray:
    """(J,) life, 0 .. 200, that each judgement gives (above 0) or takes."""
    hp = beatmap.hp
    spinner = beatmap.kind[log.owner] == Kind.SPINNER
    final = log.part == FINAL
    spin = np.where(log.points > 1000, SPIN_BONUS, SPIN)
    part = np.where(spinner, spin, np.where(log.points == TICK_POINTS, TICK, SHARED_PART))
    hundred = difficulty_range(hp, 8 * HIT[100], HIT[100], HIT[100])
    fifty = difficulty_range(hp, 8 * HIT[50], HIT[50], HIT[50])
    points = [log.points == 300, log.points == 100, log.points == 50]
    gain = drain.normal * np.where(final, np.select(points, [HIT[300], hundred, fifty]), part)
    end = np.array([COMBO_END.get(kind, 0.0) for kind in (NONE, PLAIN, KATU, GEKI)])
    gain += np.where(final, drain.combo_end * end[combo_award[log.owner]], 0.0)
    lost = np.where(final, difficulty_range(hp, -6, -25, -40), difficulty_range(hp, -4, -15, -28))
    half_turn = spinner & ~final  # the first and every second one give no points, but life
    return np.where((log.points > 0) | half_turn, gain, lost)
