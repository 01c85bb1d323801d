"""Composes the three sample maps beside it: first-steps, circuit and sprint.

    python data/sample/compose.py            rewrites the .osu files; the same files every time

The maps are the project's own (MIT, like the rest), so tests, the README and a first run have
something to play that nobody else owns. They have no song: the rhythm is that of a metronome.
"""

from pathlib import Path

from chart import Chart

# -- first-steps: 140 bpm, whole and half beats --------------------------------------------------


def first_steps() -> Chart:
    m = Chart("first-steps", bpm=140, approach=8, overall=7, hp=5, slider_multiplier=1.4,
              combo_beats=8)  # fmt: skip

    def verse() -> None:  # four bars: question, answer
        m.notes([(96, 128), (176, 80)], 1)
        m.arc(272, 80, 10, 70, 1, 1)
        m.notes([(432, 192), (400, 288)], 1)
        m.arc(304, 320, 190, 60, 1, 1)
        m.note(136, 272, 0.5)
        m.note(104, 216, 0.5)
        m.note(136, 160, 1)
        m.line(224, 192, 0, 1.5, 0.5, slides=1)
        m.note(432, 128, 1)
        m.note(368, 64, 1)
        m.line(272, 64, 180, 1, 1)

    def chorus() -> None:  # four bars of half beats: triangles, ladders, a slider to breathe
        m.polygon((256, 208), 96, -90, 120, 3, 0.5)
        m.arc(208, 88, 180, -80, 1, 0.5)
        m.notes([(176, 248), (272, 296)], 0.5)
        m.notes([(352, 232), (288, 152), (384, 128)], 0.5)
        m.shape("wave", 448, 208, 120, 1, 0.5)
        m.notes([(304, 304), (208, 264), (112, 304)], 0.5)
        m.notes([(72, 208), (160, 168)], 0.5)
        m.line(120, 72, 0, 1, 0.5)
        m.stack(352, 96, 2, 0.5)
        m.note(416, 168, 0.5)
        m.note(336, 208, 0.5)
        m.note(256, 272, 1)
        m.arc(160, 272, 200, 90, 1, 1)

    m.section()
    m.stack(256, 192, 1, 2)  # four bars to find the beat
    m.note(160, 192, 2)
    m.note(160, 288, 1)
    m.note(256, 288, 1)
    m.line(352, 288, -90, 1, 1)
    m.arc(256, 96, 180, -90, 2, 1)
    m.note(160, 280, 1)
    m.shape("wave", 256, 296, 0, 2, 2)
    verse()
    with m.mirrored(x=True):
        verse()
    m.section(kiai=True, velocity=1.1)
    chorus()
    with m.mirrored(x=True):
        chorus()
    m.section()
    m.pause(16)
    m.section(velocity=0.7)  # bridge: held sliders and triplets
    for flip in (False, True):
        with m.mirrored(x=flip, y=flip):
            m.arc(112, 128, -30, 120, 3, 1)
            m.notes([(368, 216), (400, 264), (352, 304)], 1 / 3)
            m.note(288, 296, 1)
            m.shape("hook", 216, 264, 180, 1.5, 0.5, slides=1)
            m.line(80, 200, -60, 2, 1, slides=2)
            m.note(184, 96, 1)
            m.shape("ribbon", 264, 72, 20, 2, 2)
    m.section(kiai=True, velocity=1.1)
    with m.mirrored(y=True):
        chorus()
    with m.mirrored(x=True, y=True):
        chorus()
    m.section()
    m.note(160, 248, 1)
    m.spinner(6, 1)
    m.note(256, 192, 0)
    return m


# -- circuit: 180 bpm, jumps, bursts, streams, every kind of slider ------------------------------


def circuit() -> Chart:
    m = Chart("circuit", bpm=180, approach=9.2, overall=8.5, hp=5.5, slider_multiplier=1.8,
              combo_beats=4)  # fmt: skip

    def jumps() -> None:  # four bars: a star, a slider, wide zigzags that drift
        m.polygon((216, 200), 80, 180, 144, 5, 0.5)
        m.arc(376, 128, 60, 80, 1, 0.5)
        m.notes([(248, 312), (336, 336), (208, 232), (328, 224)], 0.5)
        m.notes([(192, 136), (304, 104)], 0.5)
        m.line(408, 152, 90, 0.5, 0.5)
        m.notes([(312, 296), (400, 336), (280, 216), (168, 312)], 0.5)
        m.arc(88, 232, -90, 80, 1, 0.5)
        m.notes([(208, 72), (304, 136)], 0.5)
        m.stack(400, 80, 3, 0.5)
        m.line(416, 172, 90, 1, 1)

    def bursts() -> None:  # four bars: triples and fives between sliders
        m.line(96, 112, 0, 0.5, 0.5)
        m.stack(264, 96, 3, 0.25)
        m.rest(0.25)
        m.note(376, 176, 0.5)
        m.arc(368, 288, 180, 60, 1, 0.5)
        m.stream((136, 272), (136, 160), 5, bend=32)
        m.rest(0.25)
        m.notes([(248, 80), (344, 176), (216, 208)], 0.5)
        m.shape("crest", 328, 288, -30, 1, 0.5)
        m.stack(384, 96, 3, 0.25)
        m.rest(0.25)
        m.note(232, 72, 0.5)
        m.note(120, 136, 0.5)
        m.shape("zigzag", 96, 272, 20, 1, 0.5)
        m.notes([(304, 328), (400, 248)], 0.5)
        m.arc(416, 136, 180, -60, 0.5, 0.5)
        m.stream((256, 144), (168, 248), 5, bend=-20)
        m.rest(0.75)

    def streams() -> None:  # four bars: a long bent stream, jumps out of it
        m.stream((112, 264), (296, 88), 9, bend=-36)
        m.rest(0.25)
        m.note(376, 136, 0.5)
        m.note(320, 224, 0.5)
        m.arc(232, 264, 200, 70, 0.5, 0.5)
        m.stream((136, 128), (336, 128), 11, bend=32, waves=2)
        m.rest(0.25)
        m.notes([(408, 224), (328, 296), (392, 136)], 0.5)
        m.line(280, 184, 180, 1, 0.5)
        m.stream((96, 304), (80, 136), 9, bend=32)
        m.rest(0.25)
        m.notes([(168, 72), (264, 128)], 0.5)
        m.line(360, 88, 90, 1, 1)

    m.section(velocity=0.8)
    m.shape("wave", 80, 192, 0, 2, 1)  # four bars: the current is switched on
    m.note(320, 192, 1)
    m.shape("ribbon", 400, 272, 180, 2, 1)
    m.note(176, 272, 1)
    m.arc(112, 192, -90, 120, 2, 0.5)
    m.line(320, 88, 45, 1, 0.5, slides=2)
    m.notes([(432, 192), (416, 224), (384, 248), (344, 256)], 0.5)
    m.line(248, 264, 180, 1, 1)
    m.section()
    jumps()
    with m.mirrored(x=True):
        jumps()
    bursts()
    with m.mirrored(x=True, y=True):
        bursts()
    m.note(256, 192, 0)
    m.pause(24)
    m.section(velocity=1.1, kiai=True)
    streams()
    jumps()
    with m.mirrored(x=True):
        streams()
    with m.mirrored(y=True):
        jumps()
    m.section(velocity=0.6)
    m.rest(2)
    for flip in (False, True):  # bridge: slow curves, triplets, repeats
        with m.mirrored(x=flip):
            m.shape("loop", 96, 240, -20, 3, 1)
            m.polygon((336, 224), 64, 90, -60, 6, 1 / 3)
            m.line(288, 272, 160, 1, 1, slides=2)
            m.shape("zigzag", 128, 296, -40, 2, 1)
            m.note(248, 112, 1 / 3)
            m.note(304, 88, 1 / 3)
            m.note(352, 112, 1 / 3)
            m.line(408, 168, 90, 3, 1, slides=4)
    m.spinner(5, 1)
    m.section(velocity=1.1, kiai=True)
    with m.mirrored(x=True, y=True):
        streams()
    with m.mirrored(y=True):
        streams()
    m.arc(176, 288, 0, -180, 2, 0)
    return m


# -- sprint: 184 bpm, hardly a rest --------------------------------------------------------------


def sprint() -> Chart:
    m = Chart("sprint", bpm=184, approach=9.4, overall=9, hp=6, slider_multiplier=2.0,
              combo_beats=4)  # fmt: skip

    def cross() -> None:  # four bars of wide jumps
        m.polygon((256, 192), 112, -90, 144, 7, 0.5)
        m.note(136, 96, 0.5)
        m.line(104, 224, 90, 0.5, 0.5)
        m.notes([(248, 136), (376, 256), (232, 304), (368, 144), (208, 152), (320, 304)], 0.5)
        m.arc(448, 176, -100, -80, 0.5, 0.5)
        m.notes([(272, 240), (136, 136), (128, 288), (264, 128), (376, 264), (232, 320)], 0.5)
        m.notes([(112, 192), (256, 104), (400, 176), (304, 312)], 0.5)
        m.shape("zigzag", 144, 296, -30, 1, 0.5)
        m.stack(416, 104, 2, 0.25)

    def rapids() -> None:  # four bars of streams that widen and turn
        m.stream((72, 96), (424, 80), 16, bend=72)
        m.stream((448, 136), (208, 328), 13, bend=-64)
        m.rest(0.25)
        m.line(96, 256, -90, 0.5, 0.5)
        m.note(232, 64, 0.5)
        m.note(392, 152, 0.5)
        m.stream((416, 304), (112, 304), 13, bend=56, waves=2)
        m.rest(0.25)
        m.notes([(96, 152), (264, 208), (168, 64), (328, 112)], 0.5)
        m.line(424, 200, 120, 0.5, 0.5)

    def flicker() -> None:  # four bars: short sliders, fives, stacks, back and forth
        for i in range(4):
            m.line(112 + 88 * i, 112 + 24 * (i % 2), 90, 0.5, 0.5)
        m.stream((400, 320), (240, 328), 5, bend=20)
        m.rest(0.25)
        m.notes([(96, 216), (232, 88), (392, 200)], 0.5)
        m.stack(248, 288, 3, 0.25)
        m.rest(0.25)
        m.shape("crest", 88, 224, -30, 1, 0.5)
        m.notes([(384, 104), (424, 280), (232, 304)], 0.5)
        m.notes([(80, 184), (256, 96), (104, 304), (280, 224)], 0.5)
        m.arc(432, 128, 90, 90, 1, 0.5)
        m.stream((232, 248), (152, 112), 5, bend=-24)
        m.rest(0.25)

    m.section(velocity=0.9)
    m.arc(96, 96, 0, 90, 1.5, 0.5)  # two bars to crouch
    m.shape("ribbon", 400, 280, 180, 1.5, 0.5)
    m.stack(112, 128, 4, 0.5)
    m.line(240, 128, 0, 1, 1, slides=2)
    m.section()
    cross()
    rapids()
    with m.mirrored(x=True):
        cross()
        flicker()
    m.section(velocity=1.2, kiai=True)
    with m.mirrored(y=True):
        rapids()
        cross()
    with m.mirrored(x=True, y=True):
        rapids()
        flicker()
    m.section(velocity=0.5)
    for flip in (False, True):  # four bars to breathe, in triplets
        with m.mirrored(y=flip):
            m.shape("loop", 104, 208, -20, 2, 0.5)
            m.arc(336, 240, 0, -90, 1.5, 1)
            m.polygon((256, 192), 96, -30, 60, 6, 1 / 3)
            m.line(96, 288, -90, 1, 0, slides=2)
    m.rest(0.5)
    m.spinner(5.5, 2)
    m.section(velocity=1.2, kiai=True)
    cross()
    with m.mirrored(x=True):
        rapids()
    with m.mirrored(y=True):
        cross()
    with m.mirrored(x=True, y=True):
        rapids()
    m.shape("hook", 256, 192, 180, 1, 0)
    return m


def main() -> None:
    folder = Path(__file__).parent
    for chart in (first_steps(), circuit(), sprint()):
        path = folder / f"{chart.difficulty}.osu"
        path.write_text(chart.osu(), encoding="utf-8", newline="")
        seconds = chart.last_end_ms / 1000
        print(f"{path.name}: {len(chart.objects)} objects, {seconds:.0f} s")


if __name__ == "__main__":
    main()
