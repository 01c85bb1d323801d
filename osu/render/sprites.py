"""Antialiased pieces of the picture, drawn once and pasted many times.

A sprite is a colour (or an RGB image) and a mask that says how much of it to paint where; sizes
are pixels. Edges are smooth because a pixel's share comes from its distance to the shape.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
NIGHT: Colour = (12, 12, 20)
COMBO: tuple[Colour, ...] = ((242, 92, 122), (76, 158, 240), (84, 196, 148), (240, 176, 84))
RING = 0.11  # width of a circle's white rim, in radii
GLOW = 0.18  # width of the shadow around it, in radii
LEVELS = 32  # opacities that are told apart
MOST_POINTS = 4000  # of a slider's path: 3,100 px, the longest real one, has a tenth
KEPT_PX = 1 << 15  # faded masks of up to this many pixels are kept


@dataclass(frozen=True, eq=False)
class Sprite:
    paint: Image.Image | Colour  # RGB, of the mask's size
    mask: Image.Image  # L
    left: int  # of the mask, from the point it is painted at
    top: int


def paste(frame: Image.Image, sprite: Sprite, x: float, y: float, alpha: float = 1.0) -> None:
    """Paint `sprite` at (x, y) px of `frame`, clipped to it; `alpha` is its opacity."""
    level = round(alpha * LEVELS)
    if level <= 0:
        return
    mask = sprite.mask
    if not (-mask.width <= x + sprite.left <= frame.width) or not (
        -mask.height <= y + sprite.top <= frame.height
    ):
        return  # beyond the border, or beyond all numbers
    left, top = round(x) + sprite.left, round(y) + sprite.top
    if level < LEVELS:
        small = mask.width * mask.height <= KEPT_PX
        mask = _kept_faded(sprite, level) if small else _faded(sprite, level)
    frame.paste(sprite.paint, (left, top, left + mask.width, top + mask.height), mask)


def _faded(sprite: Sprite, level: int) -> Image.Image:
    return sprite.mask.point([v * level // LEVELS for v in range(256)])


_kept_faded = lru_cache(maxsize=4096)(_faded)


def mix(a: Colour, b: Colour, part: float) -> Colour:
    """The colour `part` of the way from a to b."""
    return tuple(round(p + (q - p) * part) for p, q in zip(a, b, strict=True))


def _distance(radius_px: float) -> np.ndarray:
    """(S, S) distance of each pixel from the centre of a square that holds `radius_px`."""
    half = int(np.ceil(radius_px)) + 1
    axis = np.arange(-half, half + 1, dtype=np.float32)
    return np.hypot(axis[:, None], axis[None, :])


def _coverage(depth_px: np.ndarray) -> np.ndarray:
    """How much of a pixel lies inside an edge that is `depth_px` away, 0 to 1."""
    return np.clip(depth_px + 0.5, 0.0, 1.0)


def _mask(alpha: np.ndarray) -> Image.Image:
    return Image.fromarray(np.round(alpha * 255).astype(np.uint8))


def _centred(paint: Image.Image | Colour, mask: Image.Image) -> Sprite:
    return Sprite(paint, mask, -(mask.width // 2), -(mask.height // 2))


@lru_cache(maxsize=512)
def disc(radius_px: float, colour: Colour, soft_px: float = 0.0) -> Sprite:
    """A filled circle; `soft_px` > 0 lets its edge fade out inwards over that width."""
    distance = _distance(radius_px)
    alpha = _coverage(radius_px - distance)
    if soft_px > 0:
        alpha = np.clip((radius_px - distance) / soft_px, 0.0, 1.0) ** 2
    return _centred(colour, _mask(alpha))


@lru_cache(maxsize=16)
def hole(radius_px: int, colour: Colour) -> Sprite:
    """A square of `colour` with a round hole in it, whose edge is soft over a fifth of it."""
    distance = _distance(radius_px)
    return _centred(colour, _mask(np.clip(5 * (distance / radius_px - 0.8), 0.0, 1.0)))


@lru_cache(maxsize=512)
def ring(radius_px: float, width_px: float, colour: Colour) -> tuple[Sprite, ...]:
    """A circle's outline, `width_px` wide and centred on `radius_px`: paint all four parts.

    They lie above, below and beside the square that fits inside and leave its corners out: two
    fifths of the area. The paint is an image because Pillow pastes one twice as fast as a colour.
    """
    distance = _distance(radius_px + width_px)
    mask = _mask(_coverage(width_px / 2 - np.abs(distance - radius_px)))
    side, half = mask.width, mask.width // 2
    hole = max(0, int((radius_px - width_px) / np.sqrt(2)) - 1)
    # How far the ring reaches to the left and right where it is above or below the hole.
    reach = min(half, int(np.sqrt((radius_px + width_px) ** 2 - hole**2)) + 1)
    near, far, left, right = half - hole, half + hole, half - reach, half + reach + 1
    boxes = (
        (left, 0, right, near),
        (left, far, right, side),
        (0, near, near, far),
        (far, near, side, far),
    )
    parts = []
    for box in boxes:
        part = mask.crop(box)
        if part.getbbox():
            paint = Image.new("RGB", part.size, colour)
            parts.append(Sprite(paint, part, box[0] - half, box[1] - half))
    return tuple(parts)


@lru_cache(maxsize=512)
def hit_circle(radius_px: float, colour: Colour, number: int, scale: float = 1.0) -> Sprite:
    """A hit circle with its number: white rim, shaded face, a soft shadow around it."""
    radius_px *= scale
    distance = _distance(radius_px * (1 + GLOW))
    rim = _coverage(radius_px - distance)[..., None]
    face = _coverage(radius_px * (1 - RING) - distance)[..., None]
    depth = np.linspace(-1.0, 1.0, len(distance))[:, None, None]  # top to bottom
    light = 0.86 - 0.16 * depth - 0.30 * (distance[..., None] / radius_px) ** 2
    paint = np.array(colour) * light * face + 255.0 * (rim - face)
    shadow = 0.45 * np.clip(1 - (distance / radius_px - 1) / GLOW, 0.0, 1.0) ** 2
    alpha = np.maximum(rim[..., 0], shadow)
    image = Image.fromarray(np.clip(paint, 0, 255).astype(np.uint8))
    if number:
        digits = text(str(number), round(radius_px * 0.95), WHITE)
        paste(image, digits, image.width / 2, image.height / 2)
    return _centred(image, _mask(alpha))


@lru_cache(maxsize=64)
def font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(max(size_px, 6))


@lru_cache(maxsize=1024)
def text(string: str, size_px: int, colour: Colour, anchor: str = "mm") -> Sprite:
    """One line of text; `anchor` as in Pillow: l, m or r and t, m or b."""
    face = font(size_px)
    left, top, right, bottom = face.getbbox(string)
    width, height = max(1, right - left), max(1, bottom - top)
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).text((-left, -top), string, fill=255, font=face)
    across = {"l": 0, "m": -(width // 2), "r": -width}[anchor[0]]
    down = {"t": 0, "m": -(height // 2), "b": -height}[anchor[1]]
    return Sprite(colour, mask, across, down)


@lru_cache(maxsize=64)
def arrow(radius_px: float, direction: float) -> Sprite:
    """A reverse arrow, a chevron that points along `direction` (radians, y down)."""
    scale = 4
    half = int(radius_px * 0.6) + 1
    mask = Image.new("L", (2 * half * scale, 2 * half * scale))
    cos, sin = np.cos(direction), np.sin(direction)
    shape = np.array([[-0.15, -0.38], [0.22, 0.0], [-0.15, 0.38]]) * radius_px * scale
    points = shape @ np.array([[cos, sin], [-sin, cos]]) + half * scale
    width = round(0.16 * radius_px * scale)
    draw = ImageDraw.Draw(mask)
    draw.line([tuple(p) for p in points], fill=255, width=width, joint="curve")
    for x, y in points[[0, 2]]:
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return _centred(WHITE, mask.reduce(scale))


def slider_body(
    path_px: np.ndarray, radius_px: float, colour: Colour, size_px: tuple[int, int]
) -> Sprite:
    """The body along a polyline, (P, 2) px in a frame of `size_px`: paint it at (0, 0).

    What lies outside the frame is cut off before anything is drawn.
    """
    size = np.array(size_px)
    corner = np.clip(np.floor(path_px.min(axis=0) - radius_px - 1), 0, size - 1)
    left, top = corner
    right, bottom = np.clip(np.ceil(path_px.max(axis=0) + radius_px + 2), corner + 1, size)
    points = _thin(path_px - (left, top), 0.15 * radius_px)
    distance = _line_distance(points, int(right - left), int(bottom - top), radius_px)
    # A byte is fine enough for a distance, and then colour and opacity are tables of 256.
    steps = Image.fromarray((distance * (255 / (radius_px + 1))).astype(np.uint8))
    away = np.arange(256) * ((radius_px + 1) / 255)
    edge = _coverage(radius_px - away)
    inner = _coverage(radius_px * (1 - RING) - away)
    deep = np.clip(1 - away / radius_px, 0.0, 1.0)
    bands = []
    for channel in range(3):
        rim = mix(WHITE, colour, 0.12)[channel]
        side, middle = (mix(colour, NIGHT, part)[channel] for part in (0.78, 0.5))
        table = rim + inner * (side + (middle - side) * deep - rim)
        bands.append(steps.point(table.round().astype(int).tolist()))
    alpha = (255 * edge * (0.92 - 0.10 * inner)).round().astype(int)
    return Sprite(Image.merge("RGB", bands), steps.point(alpha.tolist()), int(left), int(top))


def _line_distance(points: np.ndarray, width: int, height: int, reach_px: float) -> np.ndarray:
    """(height, width) distance of each pixel from a polyline, right where it is below `reach_px`.

    Each segment is looked at only in its own neighbourhood: a long slider takes milliseconds.
    """
    distance = np.full((height, width), reach_px + 1.0, np.float32)
    ends = points[1:] if len(points) > 1 else points
    starts = points[: len(ends)]
    beyond = (np.maximum(starts, ends) < -reach_px - 1) | (
        np.minimum(starts, ends) > np.array([width, height]) + reach_px + 1
    )
    seen = ~beyond.any(axis=1)
    for a, b in zip(starts[seen], ends[seen], strict=True):
        x0, y0 = np.maximum(np.floor(np.minimum(a, b) - reach_px - 1).astype(int), 0)
        x1, y1 = np.ceil(np.maximum(a, b) + reach_px + 1).astype(int) + 1
        near = distance[y0:y1, x0:x1]
        dx = np.arange(x0, x0 + near.shape[1], dtype=np.float32)[None, :] - np.float32(a[0])
        dy = np.arange(y0, y0 + near.shape[0], dtype=np.float32)[:, None] - np.float32(a[1])
        along = (b - a).astype(np.float32)
        share = np.clip((dx * along[0] + dy * along[1]) / max(along @ along, 1e-6), 0.0, 1.0)
        np.minimum(near, np.hypot(dx - share * along[0], dy - share * along[1]), out=near)
    return distance


def _thin(points: np.ndarray, step_px: float) -> np.ndarray:
    """`points` without those closer than `step_px` along the line, or than lets MOST_POINTS of them
    be left; first and last stay."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    step_px = max(step_px, along[-1] / MOST_POINTS, 1e-3)
    keep = np.diff(np.floor(along / step_px), prepend=-1.0) > 0
    keep[-1] = True
    return points[keep]
