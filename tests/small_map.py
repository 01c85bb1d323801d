"""A map of four objects and plays on it, small enough that every number is worked out by hand.

CS 4: radius 36.48 px. AR 8: objects appear 750 ms ahead and fade in over 400 ms. OD 7: windows 38,
84 and 130 ms. A beat is 500 ms and 140 px of slider: each of the slider's two slides takes 500 ms
and has one tick, in its middle.
"""

import numpy as np

from osu.formats.beatmap import Beatmap, parse_beatmap
from osu.formats.mods import Mods
from osu.formats.replay import Replay, build_replay

OSU = b"""osu file format v14

[General]
AudioFilename: song.mp3
Mode: 0

[Metadata]
Title:Four Objects
Artist:Nobody
Creator:tests
Version:small

[Difficulty]
HPDrainRate:5
CircleSize:4
OverallDifficulty:7
ApproachRate:8
SliderMultiplier:1.4
SliderTickRate:2

[TimingPoints]
0,500,4,2,1,60,1,0

[HitObjects]
100,100,1000,5,0,0:0:0:0:
200,100,1500,1,0,0:0:0:0:
100,200,2000,2,0,L|300:200,2,140
256,192,4000,12,0,6000,0:0:0:0:
"""
PREEMPT_MS, FADE_IN_MS = 750.0, 400.0
SPIN_RPM = 300.0


def small_map() -> Beatmap:
    return parse_beatmap(OSU, "small.osu")


def small_replay(
    late_ms: float = 20.0,
    second: bool = True,
    last_ms: float = 7000.0,
    mods: int = 0,
    seed: int = 7,
) -> Replay:
    """Presses `late_ms` after each object, key 1 and key 2 in turn; `second` False leaves the
    second circle out. The cursor is at rest on the objects, follows the slider and spins five turns
    a second. Frames are 5 ms apart and end at `last_ms`."""
    held = {1: [(1000, 60), (2000, 1040)], 2: [(1500, 60), (4000, 2000)]}
    if not second:
        del held[2][0]
    edges = [start + late_ms + d for spans in held.values() for start, k in spans for d in (0, k)]
    t = np.union1d(np.arange(0.0, last_ms + 1, 20.0), [e for e in edges if e <= last_ms])
    x = np.interp(
        t, [0, 1100, 1400, 1700, 1900, 2000, 2500, 3000], [100, 100, 200, 200, 100, 100, 240, 100]
    )
    y = np.interp(t, [1700, 1900], [100, 200])
    angle = 2 * np.pi * SPIN_RPM / 60_000 * (t - 4000)
    spins = (t >= 3900) & (t <= 6100)
    x, y = (
        np.where(spins, 256 + 80 * np.cos(angle), x),
        np.where(spins, 192 + 80 * np.sin(angle), y),
    )
    keys = np.zeros(len(t), np.uint8)
    for key, spans in held.items():
        for start, length in spans:
            keys |= np.where(
                (t >= start + late_ms) & (t < start + late_ms + length), key, 0
            ).astype(np.uint8)
    xy = np.stack([x, y], axis=-1)
    return build_replay(
        small_map().md5, "tester", Mods(mods), t, xy, keys, seed=seed, timestamp_ticks=0
    )
