"""Small valid .osu texts for tests: every kind of object, or the lines that a test is about."""

HEADER = """osu file format v{version}

[General]
AudioFilename: song.mp3
StackLeniency: 0.7
Mode: 0
{general}
[Metadata]
Title:Title
Artist:Artist
Creator:Creator
Version:Version

[Difficulty]
HPDrainRate:5
CircleSize:4
OverallDifficulty:7
ApproachRate:9
SliderMultiplier:1.4
SliderTickRate:1
{difficulty}
[Events]
2,3000,4000
{events}
[TimingPoints]
{timing}

[HitObjects]
{objects}
"""
BEAT_300 = "0,300,4,2,1,60,1,0"
ONE_CIRCLE = "100,100,1000,1,0,0:0:0:0:"

# Times 1000 .. 12000; three circles in a stack, each curve kind, repeats, a spinner.
ALL_KINDS = """100,100,1000,5,0,0:0:0:0:
100,100,1150,1,0,0:0:0:0:
100,100,1300,1,0,0:0:0:0:
200,100,2000,2,0,L|340:100,1,140
300,200,4500,6,0,P|350:150|400:200,2,140
50,50,6000,2,0,B|100:50|100:100|100:100|150:150|200:100,3,200
50,300,8000,2,0,C|100:250|150:300|200:250,1,180
256,192,10000,12,0,12000,0:0:0:0:"""


def osu(
    objects: str = ALL_KINDS,
    *,
    version: int = 14,
    timing: str = BEAT_300,
    difficulty: str = "",
    general: str = "",
    events: str = "",
) -> bytes:
    """The bytes of a .osu file; `difficulty`, `general` and `events` are more lines of their
    sections, later keys overriding earlier ones."""
    text = HEADER.format(
        version=version,
        objects=objects,
        timing=timing,
        difficulty=difficulty,
        general=general,
        events=events,
    )
    return text.encode()
