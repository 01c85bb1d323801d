"""Paint a replay over its map: pictures of one size, for gifs and for the window's preview.

`Painter` turns the scenes of one or more stages, side by side or over one field, into RGB images.
"""

import colorsys
from collections.abc import Sequence

import numpy as np
from PIL import Image

from osu.errors import UserError, shown
from osu.origin import is_generated
from osu.render import sprites
from osu.render.items import Circle, Pop, Scene, Slider, Spinner
from osu.render.scene import MOST_OBJECTS, Stage
from osu.render.sprites import COMBO, NIGHT, WHITE, Colour, Sprite, mix, paste
from osu.units import HEIGHT_PX, WIDTH_PX

BACKDROP: Colour = (17, 18, 26)
FIELD: Colour = (23, 25, 35)
FIELD_EDGE: Colour = (38, 41, 56)
FAINT: Colour = (120, 126, 150)
CURSOR: Colour = (255, 226, 138)
RESULT: dict[int, Colour] = {
    300: (104, 178, 255),
    100: (118, 214, 140),
    50: (242, 180, 84),
    0: (244, 84, 100),
}
POP_TEXT = {300: "300", 100: "100", 50: "50", 0: "miss"}
TRAIL_DOTS = 90  # at most, however far the cursor went, and of all plays over one field
LEAST_DOTS = 8  # of one play
MOST_CAPTIONS = 12  # of plays over one field
BODIES = MOST_OBJECTS  # slider bodies kept, a pane
MOST_LABEL = 100  # characters of a caption


class RenderError(UserError):
    """A picture that can't be made, in one sentence."""


class Painter:
    """Paints stages side by side into images of `width` x `height` px.

    `over_one_field` paints all of them, plays of one map under the same mods, on one playfield: a
    cursor in its own colour each, and the objects as the last one hit them.
    `labels` has one caption a stage, such as the model's name; none leaves the captions out. Below
    it every generated play shows its origin, whatever the caption: a visible line is kept where
    a picture is cut to other formats, a comment in the file is not.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        width: int,
        height: int,
        labels: Sequence[str] = (),
        over_one_field: bool = False,
    ):
        labels = list(labels) or [""] * len(stages)
        if over_one_field and len(stages) > 1:
            colours = play_colours(len(stages))
            others = list(zip(stages[:-1], labels[:-1], colours[:-1], strict=True))
            stages, labels = stages[-1:], labels[-1:]
        else:
            colours, others = [CURSOR], []
        if width < 64 * len(stages) or height < 64:
            raise RenderError(f"{width} x {height} is too small a picture.")
        self.width, self.height = width, height
        edges = np.linspace(0, width, len(stages) + 1).round().astype(int).tolist()
        self._lefts = edges[:-1]
        self._panes = [
            _Pane(stage, right - left, height, label, colours[-1], others)
            for stage, left, right, label in zip(stages, edges[:-1], edges[1:], labels, strict=True)
        ]

    def paint(self, t_ms: float) -> Image.Image:
        """The picture at map time `t_ms`."""
        if len(self._panes) == 1:
            return self._panes[0].paint(t_ms)
        frame = Image.new("RGB", (self.width, self.height))
        for left, pane in zip(self._lefts, self._panes, strict=True):
            frame.paste(pane.paint(t_ms), (left, 0))
        return frame


class _Pane:
    """One stage as pictures of `width` x `height` px; what lies outside is cut off.

    `others` are stages whose cursors are painted as well: (stage, label, colour) each.
    """

    def __init__(
        self,
        stage: Stage,
        width: int,
        height: int,
        label: str,
        colour: Colour = CURSOR,
        others: Sequence[tuple[Stage, str, Colour]] = (),
    ):
        self.stage, self.colour, self.others = stage, colour, others
        self.width, self.height = width, height
        # Room for objects at the border, the key overlay and the hit-error bar.
        self.scale = min(width / (WIDTH_PX * 1.27), height / (HEIGHT_PX * 1.28))
        block = HEIGHT_PX * 1.28 * self.scale  # the playfield and what belongs to it
        self.top, self.bottom = (height - block) / 2, (height + block) / 2
        self.x = (width - WIDTH_PX * self.scale) / 2
        self.y = self.top + (block - HEIGHT_PX * self.scale) * 0.46
        self.radius = stage.beatmap.radius_px * self.scale
        self.em = max(15.0 * self.scale, min(12.0, 0.04 * height))  # the size of the small text
        self._bodies: dict[int, Sprite] = {}
        self._ground = self._paint_ground(label)

    def px(self, x: float, y: float) -> tuple[float, float]:
        """osu!px -> px of the frame."""
        return self.x + x * self.scale, self.y + y * self.scale

    def _paint_ground(self, label: str) -> Image.Image:
        """What never changes: the playfield and the captions."""
        ground = Image.new("RGB", (self.width, self.height), BACKDROP)
        margin = 0.35 * self.radius
        left, top = self.px(0, 0)
        right, bottom = self.px(WIDTH_PX, HEIGHT_PX)
        box = (left - margin, top - margin, right + margin, bottom + margin)
        for inset, colour in ((0, FIELD_EDGE), (1, FIELD)):
            ground.paste(
                colour,
                tuple(round(v + s * inset) for v, s in zip(box, (1, 1, -1, -1), strict=True)),
            )
        for row, (text, colour) in enumerate(self._captions(label)):
            caption = sprites.text(shown(text, MOST_LABEL), round(self.em), colour, "lt")
            paste(ground, caption, self.em, self.top + self.em * (0.8 + 1.3 * row))
        return ground

    def _captions(self, label: str) -> list[tuple[str, Colour]]:
        """Lines of text: the label and who made the play; of several plays one line each."""
        if not self.others:
            return [(text, FAINT) for text in (label, _made_by(self.stage)) if text]
        plays = [*self.others, (self.stage, label, self.colour)]
        names = [(" - ".join(filter(None, (name, _made_by(s)))), c) for s, name, c in plays]
        if len(names) <= MOST_CAPTIONS:
            return names
        listed, rest = names[-MOST_CAPTIONS:], plays[:-MOST_CAPTIONS]
        generated = sum(bool(_made_by(s)) for s, _, _ in rest)
        more = f"and {len(rest)} more" + f", {generated} of them generated" * bool(generated)
        return [*listed, (more, FAINT)]

    def paint(self, t_ms: float) -> Image.Image:
        frame = self._ground.copy()
        scene = self.stage.at(t_ms)
        for item in scene.objects:
            if isinstance(item, Spinner):
                self._spinner(frame, item)
            elif isinstance(item, Slider):
                self._slider(frame, item)
            else:
                self._circle(frame, item)
        for item in reversed(scene.objects):  # approach circles lie above everything
            self._approach(frame, item)
        for pop in scene.pops:
            self._pop(frame, pop)
        if scene.sight_px is not None:
            self._darken(frame, *self.px(*scene.cursor), scene.sight_px * self.scale)
        self._hud(frame, scene)
        if scene.cursor is not None:
            self._keys(frame, scene)
            self._errors(frame, scene)
            dots = max(LEAST_DOTS, TRAIL_DOTS // (1 + len(self.others)))
            for stage, _, colour in self.others:
                cursor = stage.cursor_at(t_ms)
                if cursor is not None:
                    self._cursor(frame, cursor, stage.trail_at(t_ms), colour, dots)
            self._cursor(frame, scene.cursor, scene.trail, self.colour, dots)
        return frame

    def _darken(self, frame: Image.Image, x: float, y: float, radius_px: float) -> None:
        """FL: night everywhere but around the cursor."""
        hole = sprites.hole(round(radius_px), NIGHT)
        paste(frame, hole, x, y)
        left, top = round(x) + hole.left, round(y) + hole.top
        right, bottom = left + hole.mask.width, top + hole.mask.height
        for box in (
            (0, 0, self.width, top),
            (0, bottom, self.width, self.height),
            (0, max(top, 0), left, min(bottom, self.height)),
            (right, max(top, 0), self.width, min(bottom, self.height)),
        ):
            if box[0] < box[2] and box[1] < box[3]:
                frame.paste(NIGHT, box)

    # ---- objects

    def _circle(self, frame: Image.Image, circle: Circle) -> None:
        # A burst shows no number and passes through few sizes, so that its sprites are reused.
        number = circle.number if circle.scale == 1.0 else 0
        scale = round(circle.scale * 20) / 20
        sprite = sprites.hit_circle(self.radius, _combo(circle.combo), number, scale)
        paste(frame, sprite, *self.px(circle.x, circle.y), circle.alpha)

    def _approach(self, frame: Image.Image, item: Circle | Slider | Spinner) -> None:
        circle = item.head if isinstance(item, Slider) else item
        if isinstance(circle, Spinner) or not circle.approach:
            return
        step = max(1.0, self.radius / 24)  # few sizes, so that its sprites are reused
        radius = round(circle.approach * self.radius / step) * step
        colour = mix(_combo(circle.combo), WHITE, 0.25)
        self._ring(
            frame, circle.x, circle.y, radius, 0.085 * self.radius, colour, 0.9 * circle.alpha
        )

    def _ring(
        self,
        frame: Image.Image,
        x: float,
        y: float,
        radius_px: float,
        width_px: float,
        colour: Colour,
        alpha: float,
    ) -> None:
        for part in sprites.ring(round(radius_px, 1), round(max(1.6, width_px), 1), colour):
            paste(frame, part, *self.px(x, y), alpha)

    def _slider(self, frame: Image.Image, slider: Slider) -> None:
        paste(frame, self._body(slider), 0, 0, slider.alpha)
        for x, y in slider.ticks:
            paste(
                frame,
                sprites.disc(max(2.0, 0.1 * self.radius), WHITE),
                *self.px(x, y),
                slider.alpha,
            )
        for x, y, direction in slider.arrows:
            sprite = sprites.arrow(self.radius, round(direction, 2))
            paste(frame, sprite, *self.px(x, y), 0.9 * slider.alpha)
        self._circle(frame, slider.head)
        if slider.ball is None:
            return
        x, y = self.px(*slider.ball)
        if slider.follow:
            follow = round(slider.follow * self.radius)
            paste(frame, sprites.disc(follow, CURSOR), x, y, 0.07)
            self._ring(frame, *slider.ball, follow, 0.07 * self.radius, CURSOR, 0.75)
        paste(frame, sprites.hit_circle(self.radius * 0.96, _combo(slider.combo), 0), x, y)

    def _body(self, slider: Slider) -> Sprite:
        """The body of one slider, drawn when it is first seen; the oldest ones are forgotten."""
        if slider.index not in self._bodies:
            if len(self._bodies) >= BODIES:
                del self._bodies[next(iter(self._bodies))]
            beatmap = self.stage.beatmap
            path = beatmap.path_xy[slice(*beatmap.path_start[slider.index : slider.index + 2])]
            path_px = path * self.scale + (self.x, self.y)
            self._bodies[slider.index] = sprites.slider_body(
                path_px, self.radius, _combo(slider.combo), (self.width, self.height)
            )
        return self._bodies[slider.index]

    def _spinner(self, frame: Image.Image, spinner: Spinner) -> None:
        x, y = self.px(spinner.x, spinner.y)
        reach = 0.42 * HEIGHT_PX * self.scale
        line = 2.5 * self.scale
        at = frame, spinner.x, spinner.y
        paste(frame, sprites.disc(round(reach), (34, 37, 54)), x, y, spinner.alpha * 0.8)
        self._ring(*at, reach, line, FAINT, spinner.alpha)
        for arm in range(6):
            angle = spinner.angle + arm * np.pi / 3
            for along in np.linspace(0.35, 0.82, 7):
                arm_xy = x + along * reach * np.cos(angle), y + along * reach * np.sin(angle)
                colour = COMBO[1] if arm % 3 else COMBO[0]
                dot = sprites.disc(round(reach * 0.045 * (1.4 - along), 1), colour)
                paste(frame, dot, *arm_xy, spinner.alpha)
        closing = round(max(spinner.left, 0.03) * reach)
        self._ring(*at, closing, line, COMBO[1], spinner.alpha)
        paste(frame, sprites.disc(max(3, round(0.03 * reach)), WHITE), x, y, spinner.alpha)
        if spinner.turns:
            caption = sprites.text(f"{spinner.rpm:.0f} rpm", round(self.em), WHITE)
            paste(frame, caption, x, y + reach + 1.2 * self.em, spinner.alpha)

    def _pop(self, frame: Image.Image, pop: Pop) -> None:
        x, y = self.px(pop.x, pop.y)
        size = 1.0 if pop.result else 1.25
        sprite = sprites.text(
            POP_TEXT[pop.result], round(size * 0.5 * self.radius), RESULT[pop.result]
        )
        strength = 0.45 if pop.result == 300 else 1.0
        rise = (1 - (1 - pop.age) ** 3) * 0.3 * self.radius
        fade = min(1.0, (1 - pop.age) * 2.2) * min(1.0, 0.3 + pop.age * 8)
        paste(frame, sprite, x, y - rise, strength * fade)

    # ---- the player

    def _cursor(
        self,
        frame: Image.Image,
        cursor: tuple[float, float],
        trail: np.ndarray,
        colour: Colour,
        most_dots: int,
    ) -> None:
        size = max(3.5, 8.0 * self.scale)
        points = trail * self.scale + (self.x, self.y)
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
        # Evenly spaced on the path, however fast the cursor was; the oldest dot lies lowest.
        at = np.arange(0.0, along[-1], max(0.3 * size, along[-1] / most_dots))[::-1]
        ages = np.interp(at, along, np.linspace(0.0, 1.0, len(points)))
        axes = (np.interp(at, along, points[:, axis]) for axis in (0, 1))
        for age, x, y in zip(ages.tolist(), *(axis.tolist() for axis in axes), strict=True):
            radius = round(size * (1.0 - 0.6 * age), 1)
            dot = sprites.disc(radius, colour, round(size * 0.7, 1))
            paste(frame, dot, x, y, 0.5 * (1 - age) ** 1.5)
        x, y = self.px(*cursor)
        paste(frame, sprites.disc(2.1 * size, colour, 2.1 * size), x, y, 0.35)
        paste(frame, sprites.disc(size, colour), x, y)
        paste(frame, sprites.disc(0.6 * size, WHITE), x, y)

    def _keys(self, frame: Image.Image, scene: Scene) -> None:
        side = 1.9 * self.em
        x, y = self.width - 0.4 * self.em - side, self.y + 0.38 * HEIGHT_PX * self.scale
        for k, (held, count) in enumerate(zip(scene.keys, scene.presses, strict=True)):
            top = y + k * (side + 0.3 * self.em)
            box = [round(v) for v in (x, top, x + side, top + side)]
            colour = COMBO[k] if held else (40, 43, 58)
            frame.paste(mix(colour, WHITE, 0.25), tuple(box))
            frame.paste(colour, (box[0] + 1, box[1] + 1, box[2] - 1, box[3] - 1))
            label = str(count) if count else f"K{k + 1}"
            caption = sprites.text(shown(label, MOST_LABEL), round(0.75 * self.em), WHITE)
            paste(frame, caption, x + side / 2, top + side / 2, 1.0 if held else 0.75)

    def _errors(self, frame: Image.Image, scene: Scene) -> None:
        beatmap = self.stage.beatmap
        x, y = self.width / 2, self.bottom - 1.1 * self.em
        px_per_ms = 0.16 * self.width / max(beatmap.window50_ms, 1.0)
        thick = max(2, round(0.22 * self.em))
        for window_ms, result in (
            (beatmap.window50_ms, 50),
            (beatmap.window100_ms, 100),
            (beatmap.window300_ms, 300),
        ):
            half = window_ms * px_per_ms
            box = (round(x - half), round(y - thick / 2), round(x + half), round(y + thick / 2))
            frame.paste(mix(BACKDROP, RESULT[result], 0.55), box)
        tall = round(0.75 * self.em)
        frame.paste(WHITE, (round(x) - 1, round(y - tall), round(x) + 1, round(y + tall)))
        for error_ms, age in scene.errors[-40:]:
            size = abs(error_ms)
            result = (
                300 if size < beatmap.window300_ms else 100 if size < beatmap.window100_ms else 50
            )
            at = round(x + error_ms * px_per_ms)
            colour = mix(mix(RESULT[result], WHITE, 0.3), BACKDROP, age)
            frame.paste(colour, (at - 1, round(y) - tall, at + 1, round(y) + tall))

    def _hud(self, frame: Image.Image, scene: Scene) -> None:
        right, bottom = self.width - 0.8 * self.em, self.bottom - 0.5 * self.em
        done = round(self.width * scene.progress)
        frame.paste(FIELD_EDGE, (0, self.height - 2, self.width, self.height))
        frame.paste(COMBO[1], (0, self.height - 2, done, self.height))
        if scene.cursor is None:
            return
        big, small = round(1.5 * self.em), round(0.9 * self.em)
        paste(
            frame,
            sprites.text(f"{scene.accuracy:.2%}", big, WHITE, "rt"),
            right,
            self.top + 0.6 * self.em,
        )
        rate = sprites.text(f"UR {scene.unstable_rate:.0f}", small, FAINT, "rb")
        paste(frame, rate, right, bottom)
        combo = sprites.text(f"{scene.combo}x", big, WHITE, "lb")
        paste(frame, combo, 0.8 * self.em, bottom)


def play_colours(count: int) -> list[Colour]:
    """As many colours as there are plays over one field, as unlike as they can be; the last one,
    whose hits are shown, is the cursor's own, and the others' hues share what is left of the
    circle."""
    own, _, _ = colorsys.rgb_to_hls(*(part / 255 for part in CURSOR))
    hues = (own + np.arange(1, count) / count) % 1.0
    made = [colorsys.hls_to_rgb(hue, 0.62, 0.85) for hue in hues.tolist()]
    return [*(tuple(round(255 * part) for part in rgb) for rgb in made), CURSOR]


def _made_by(stage: Stage) -> str:
    """The player of a generated play; "" of any other."""
    replay = stage.replay
    return replay.player if replay is not None and is_generated(replay.player) else ""


def _combo(index: int) -> Colour:
    return COMBO[index % len(COMBO)]
