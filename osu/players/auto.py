"""A machine's play of a map, for comparison: straight lines, exact presses, no imperfection.

It is what the networks must not look like: the likeness report's `auto` row, and a stand-in
wherever a replay is needed and no network is at hand.
"""

import numpy as np

from osu.features.chart import check_length
from osu.formats.beatmap import Beatmap, Kind
from osu.formats.replay import Replay, build_replay
from osu.origin import origin
from osu.players.generated import GeneratedPlay, judged_play
from osu.players.naming import AUTO
from osu.units import CENTRE_PX, FRAME_MS, frame_count, grid_ms

AUTO_TIMESTAMP_TICKS = 630_822_816_000_000_000  # 2000-01-01 UTC: the same map gives the same bytes
AUTO_SPIN_RPM = 400.0  # of real time; the game counts up to 477
SPIN_RADIUS_PX = 50.0
CIRCLE_HOLD_MS = 60.0  # real time
APPROACH_LEAD_MS = 1500.0  # real time before the first object
TAIL_MS = 500.0  # real time after the last one


def auto_play(beatmap: Beatmap) -> Replay:
    """The play of `beatmap` (its mods applied) with the header that the judge gives it."""
    return generate_auto(beatmap).replay


def generate_auto(beatmap: Beatmap) -> GeneratedPlay:
    """The play of `auto_play`, together with its judgement.

    60 frames per real second and one more at each press and each release. The cursor moves in
    straight lines from the end of one object to the start of the next, follows slider balls and
    spins at 400 rpm; the two keys alternate. BeatmapError where that is longer than two hours.
    """
    press_ms, release_ms = _presses(beatmap)
    first_ms = min(0.0, beatmap.start_ms[0] - APPROACH_LEAD_MS * beatmap.rate)
    last_ms = max(beatmap.end_ms.max(), release_ms.max()) + TAIL_MS * beatmap.rate
    check_length(first_ms, last_ms, beatmap.rate)
    first_ms = np.floor(first_ms)
    grid = grid_ms(first_ms, frame_count(first_ms, last_ms, beatmap.rate), beatmap.rate)
    t_ms = np.unique(np.concatenate([grid, press_ms, release_ms]))
    replay = build_replay(
        beatmap.md5,
        origin(AUTO),
        beatmap.mods,
        t_ms,
        _cursor(beatmap, t_ms),
        _keys(press_ms, release_ms, t_ms),
        seed=0,
        timestamp_ticks=AUTO_TIMESTAMP_TICKS,
    )
    return judged_play(beatmap, replay)


def _presses(beatmap: Beatmap) -> tuple[np.ndarray, np.ndarray]:
    """(N,) whole map ms at which object i's key goes down and up; object i has key i % 2."""
    press = np.round(beatmap.start_ms)
    hold = np.where(
        beatmap.kind == Kind.CIRCLE,
        beatmap.start_ms + CIRCLE_HOLD_MS * beatmap.rate,
        beatmap.end_ms + FRAME_MS * beatmap.rate,  # a slider's last judgement is never cut short
    )
    release = np.ceil(hold)
    release[:-2] = np.minimum(release[:-2], press[2:] - 1)  # the key's next press must be seen
    return press, np.maximum(release, press + 1)


def _keys(press_ms: np.ndarray, release_ms: np.ndarray, t_ms: np.ndarray) -> np.ndarray:
    """(F,) u1: bit 0 while an even object's key is held, bit 1 while an odd one's is."""
    keys = np.zeros(len(t_ms), np.uint8)
    for parity in range(min(2, len(press_ms))):
        press, release = press_ms[parity::2], release_ms[parity::2]
        i = np.searchsorted(press, t_ms, side="right") - 1
        keys |= ((i >= 0) & (t_ms < release[i])).astype(np.uint8) << parity
    return keys


def _cursor(beatmap: Beatmap, t_ms: np.ndarray) -> np.ndarray:
    """(F, 2) osu!px at `t_ms`: on the object that started last, or on the way to the next."""
    last = len(beatmap.start_ms) - 1
    i = np.clip(np.searchsorted(beatmap.start_ms, t_ms, side="right") - 1, 0, last)
    after = np.minimum(i + 1, last)
    gap_ms = np.maximum(beatmap.start_ms[after] - beatmap.end_ms[i], 1.0)
    part = np.clip((t_ms - beatmap.end_ms[i]) / gap_ms, 0.0, 1.0)
    part = np.where(i < last, part, 0.0)[:, None]  # after the last object it rests
    here = _on_object(beatmap, i, t_ms)
    return here + part * (_on_object(beatmap, after, beatmap.start_ms[after]) - here)


def _on_object(beatmap: Beatmap, index: np.ndarray, t_ms: np.ndarray) -> np.ndarray:
    """(K, 2) osu!px: where object `index`, (K,), wants the cursor at `t_ms`, (K,)."""
    xy = beatmap.ball_xy(index, t_ms)
    spin = beatmap.kind[index] == Kind.SPINNER
    since_ms = np.clip(t_ms, beatmap.start_ms[index], beatmap.end_ms[index])
    since_ms = (since_ms - beatmap.start_ms[index]) / beatmap.rate
    angle = 2 * np.pi * AUTO_SPIN_RPM / 60_000 * since_ms
    circle = CENTRE_PX + SPIN_RADIUS_PX * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return np.where(spin[:, None], circle, xy)
