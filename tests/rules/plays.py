"""Maps of a few objects and plays of them, frame by frame, for the tests of the rules."""

import numpy as np

from osu.formats.beatmap import parse_beatmap
from osu.rules.judge import judge_frames

FAR = "500,380,60000,1,0,0:0:0:0:"  # so that no map under test has a length of 0
HEAD = """osu file format v14

[General]
Mode: 0
StackLeniency: 0

[Metadata]
Title:t
Artist:a
Creator:c
Version:v

[Difficulty]
HPDrainRate:5
CircleSize:4
OverallDifficulty:5
ApproachRate:5
SliderMultiplier:1
SliderTickRate:1

[TimingPoints]
0,1000,4,2,0,50,1,0

[HitObjects]
"""


def beatmap_of(*objects: str):
    return parse_beatmap((HEAD + "\n".join([*objects, FAR]) + "\n").encode())


def play(beatmap, *rows):
    """rows of (t ms, x, y, keys); the state holds until the next row, a frame every 5 ms."""
    t = np.arange(0, 61_000, 5)
    t = np.unique(np.concatenate([t, [row[0] for row in rows]]))
    which = np.searchsorted([row[0] for row in rows], t, side="right") - 1
    table = np.array([(0, 0.0, 0.0, 0), *rows])[which + 1]
    return judge_frames(beatmap, t, table[:, 1:3], table[:, 3].astype(int))
