"""What the sample maps are written with: a chart that grows object by object.

Positions are osu!px of the .osu format (x to the right, y down), angles are degrees in the same
sense (0 is right, 90 is down), durations and rests are beats. A phrase is written once and played
again mirrored, which is how mappers keep symmetry; see `Chart.mirrored`.
"""

from contextlib import contextmanager
from itertools import pairwise
from math import cos, dist, pi, radians, sin

Point = tuple[float, float]

# Slider shapes along +x, scaled to the length that the rhythm asks for. A point written twice is
# a red anchor: the path turns sharply there.
SHAPES: dict[str, tuple[str, list[Point]]] = {
    "wave": ("B", [(0, 0), (1, -1.2), (2, 1.2), (3, 0)]),
    "hook": ("B", [(0, 0), (1.2, 0), (2, 0.2), (2, 1)]),
    "zigzag": ("B", [(0, 0), (1, -0.6), (1, -0.6), (2, 0.6), (2, 0.6), (3, 0)]),
    "crest": ("B", [(0, 0), (0.7, -1), (1.5, -0.6), (1.5, -0.6), (2.3, -1), (3, 0)]),
    "ribbon": ("C", [(0, 0), (1, -0.5), (2, 0.5), (3, 0)]),
    "loop": ("C", [(0, 0), (1, -0.7), (2, -0.7), (2.6, 0), (2.2, 0.6)]),
}


def bezier(points: list[Point], u: float) -> Point:
    """The Bezier curve's point at u in [0, 1], by de Casteljau's construction."""
    while len(points) > 1:
        points = [
            (ax + u * (bx - ax), ay + u * (by - ay)) for (ax, ay), (bx, by) in pairwise(points)
        ]
    return points[0]


def catmull(points: list[Point], u: float) -> Point:
    """The Catmull-Rom spline's point at u in [0, 1]; beyond the ends it goes on in a line."""
    i = min(int(u * (len(points) - 1)), len(points) - 2)
    t = u * (len(points) - 1) - i
    b, c = points[i], points[i + 1]
    a = points[i - 1] if i else b
    d = points[i + 2] if i + 2 < len(points) else (2 * c[0] - b[0], 2 * c[1] - b[1])
    return tuple(
        0.5
        * (
            2 * b[k]
            + (c[k] - a[k]) * t
            + (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k]) * t**2
            + (3 * b[k] - a[k] - 3 * c[k] + d[k]) * t**3
        )
        for k in (0, 1)
    )


def shape_length(kind: str, points: list[Point]) -> float:
    """Length of a shape's path, measured on 200 points of each of its pieces."""
    pieces = [points]
    if kind == "B":
        pieces = [[]]
        for point in points:
            if pieces[-1] and pieces[-1][-1] == point:
                pieces.append([])
            pieces[-1].append(point)
    curve = bezier if kind == "B" else catmull
    return sum(
        dist(curve(piece, i / 200), curve(piece, (i + 1) / 200))
        for piece in pieces
        for i in range(200)
    )


class Chart:
    """One map in the making: a beat that moves on with every object, and the lines so far."""

    def __init__(
        self,
        difficulty: str,
        *,
        bpm: float,
        approach: float,
        overall: float,
        hp: float,
        slider_multiplier: float,
        combo_beats: float,
    ):
        self.difficulty, self.approach, self.overall, self.hp = difficulty, approach, overall, hp
        self.beat_ms, self.slider_multiplier = 60000 / bpm, slider_multiplier
        self.combo_beats = combo_beats  # a new combo begins with the first object of each span
        self.lead_in_ms = 1500
        self.beat = 0.0
        self.last_end_ms = 0
        self.combo_span = -1
        self.velocity = 1.0
        self.flip_x = self.flip_y = False
        self.break_from_ms: int | None = None
        self.breaks: list[str] = []
        self.timing = [f"{self.lead_in_ms},{self.beat_ms:.12g},4,2,0,70,1,0"]
        self.objects: list[str] = []

    # -- time ------------------------------------------------------------------------------------

    def ms(self, beat: float) -> int:
        return round(self.lead_in_ms + beat * self.beat_ms)

    def rest(self, beats: float) -> None:
        # Quarters and thirds of a beat add up exactly on a grid of twelfths.
        self.beat = round(12 * (self.beat + beats)) / 12

    def pause(self, beats: float) -> None:
        """A break of the game: the life bar rests until shortly before the next object."""
        self.break_from_ms = self.last_end_ms + 200
        self.rest(beats)

    def section(self, *, velocity: float = 1.0, kiai: bool = False) -> None:
        """Slider velocity (an inherited point) and kiai from this beat on."""
        self.velocity = velocity
        self.timing.append(
            f"{self.ms(self.beat)},{-100 / velocity:.12g},4,2,0,70,0,{1 if kiai else 0}"
        )

    # -- space -----------------------------------------------------------------------------------

    @contextmanager
    def mirrored(self, *, x: bool = False, y: bool = False):
        """Objects inside are mirrored at the playfield's vertical (x) or horizontal (y) axis."""
        self.flip_x, self.flip_y = self.flip_x ^ x, self.flip_y ^ y
        yield
        self.flip_x, self.flip_y = self.flip_x ^ x, self.flip_y ^ y

    def place(self, point: Point) -> str:
        x = 512 - point[0] if self.flip_x else point[0]
        y = 384 - point[1] if self.flip_y else point[1]
        return f"{round(x)},{round(y)}"

    # -- objects ---------------------------------------------------------------------------------

    def add(self, at: str, kind_bit: int, tail: str, lasts: float, then: float) -> None:
        start, end = self.ms(self.beat), self.ms(self.beat + lasts)
        if self.break_from_ms is not None:
            preempt_ms = 1200 - 150 * (self.approach - 5)
            self.breaks.append(f"2,{self.break_from_ms},{int(start - preempt_ms)}")
            self.break_from_ms = None
        span = int(self.beat // self.combo_beats)
        new_combo = 4 if span != self.combo_span else 0
        sound = 4 if new_combo else 0  # a finish where a combo begins
        self.combo_span = span
        self.objects.append(f"{at},{start},{kind_bit + new_combo},{sound},{tail}0:0:0:0:")
        self.last_end_ms = end
        self.rest(lasts + then)

    def note(self, x: float, y: float, then: float) -> None:
        self.add(self.place((x, y)), 1, "", 0, then)

    def notes(self, points: list[Point], step: float) -> None:
        for x, y in points:
            self.note(x, y, step)

    def stack(self, x: float, y: float, count: int, step: float) -> None:
        self.notes([(x, y)] * count, step)

    def polygon(
        self, centre: Point, radius: float, start: float, turn: float, count: int, step: float
    ) -> None:
        """Circles on a ring, each `turn` degrees on: 120 is a triangle, 144 a star."""
        angles = [radians(start + turn * i) for i in range(count)]
        self.notes(
            [(centre[0] + radius * cos(a), centre[1] + radius * sin(a)) for a in angles], step
        )

    def stream(
        self, a: Point, b: Point, count: int, *, bend: float = 0, waves: float = 1, step=0.25
    ) -> None:
        """`count` circles from a to b, bent sideways by `bend` px in `waves` half waves."""
        length = dist(a, b)
        side = (-(b[1] - a[1]) / length, (b[0] - a[0]) / length)
        for i in range(count):
            u = i / (count - 1)
            off = bend * sin(pi * waves * u)
            self.note(a[0] + u * (b[0] - a[0]) + off * side[0],
                      a[1] + u * (b[1] - a[1]) + off * side[1], step)  # fmt: skip

    def slider(
        self, kind: str, points: list[Point], beats: float, slides: int, then: float
    ) -> None:
        path = "|".join(self.place(p).replace(",", ":") for p in points[1:])
        edges = "|".join("0" * (slides + 1)) + "," + "|".join(["0:0"] * (slides + 1))
        tail = f"{kind}|{path},{slides},{self.span_px(beats, slides):.12g},{edges},"
        self.add(self.place(points[0]), 2, tail, beats, then)

    def span_px(self, beats: float, slides: int) -> float:
        return 100 * self.slider_multiplier * self.velocity * beats / slides

    def line(
        self, x: float, y: float, angle: float, beats: float, then: float, slides: int = 1
    ) -> None:
        px, a = self.span_px(beats, slides), radians(angle)
        self.slider("L", [(x, y), (x + px * cos(a), y + px * sin(a))], beats, slides, then)

    def arc(
        self,
        x: float,
        y: float,
        angle: float,
        sweep: float,
        beats: float,
        then: float,
        slides: int = 1,
    ) -> None:
        """A circular slider that leaves at `angle` and turns by `sweep` degrees."""
        px = self.span_px(beats, slides)
        points = [(x, y)]
        for share in (0.5, 1.0):
            # The chord of an arc with tangent `angle` at its head points half its sweep on.
            half = radians(sweep) * share / 2
            chord, a = px * share * sin(half) / half, radians(angle) + half
            points.append((x + chord * cos(a), y + chord * sin(a)))
        self.slider("P", points, beats, slides, then)

    def shape(
        self,
        name: str,
        x: float,
        y: float,
        angle: float,
        beats: float,
        then: float,
        slides: int = 1,
    ) -> None:
        """One of SHAPES, turned to `angle` and scaled to the length that `beats` need."""
        kind, points = SHAPES[name]
        scale, a = self.span_px(beats, slides) / shape_length(kind, points), radians(angle)
        turned = [
            (x + scale * (u * cos(a) - v * sin(a)), y + scale * (u * sin(a) + v * cos(a)))
            for u, v in points
        ]
        self.slider(kind, turned, beats, slides, then)

    def spinner(self, beats: float, then: float) -> None:
        end = self.ms(self.beat + beats)
        self.add("256,192", 8, f"{end},", beats, then)

    # -- the file --------------------------------------------------------------------------------

    def osu(self) -> str:
        return "\r\n".join(
            [
                "osu file format v14", "",
                "[General]", "AudioFilename: metronome.mp3", "AudioLeadIn: 0",
                "PreviewTime: -1", "Countdown: 0", "SampleSet: Soft", "StackLeniency: 0.7",
                "Mode: 0", "LetterboxInBreaks: 0", "WidescreenStoryboard: 0", "",
                "[Editor]", "DistanceSpacing: 1", "BeatDivisor: 4", "GridSize: 4",
                "TimelineZoom: 1", "",
                "[Metadata]", f"Title:Study for Two Fingers ({self.difficulty})",
                f"TitleUnicode:Study for Two Fingers ({self.difficulty})",
                "Artist:osu-players", "ArtistUnicode:osu-players", "Creator:osu-players",
                f"Version:{self.difficulty}", "Source:", "Tags:sample etude metronome",
                "BeatmapID:0", "BeatmapSetID:-1", "",
                "[Difficulty]", f"HPDrainRate:{self.hp:g}", "CircleSize:4",
                f"OverallDifficulty:{self.overall:g}", f"ApproachRate:{self.approach:g}",
                f"SliderMultiplier:{self.slider_multiplier:g}", "SliderTickRate:1", "",
                "[Events]", "//Background and Video events", "//Break Periods", *self.breaks, "",
                "[TimingPoints]", *self.timing, "", "",
                "[Colours]", "Combo1 : 86,180,233", "Combo2 : 240,228,66",
                "Combo3 : 204,121,167", "Combo4 : 0,158,115", "",
                "[HitObjects]", *self.objects, "",
            ]
        )  # fmt: skip
