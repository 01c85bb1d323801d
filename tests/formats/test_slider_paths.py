"""Slider paths against the curves they approximate.

References: Bernstein polynomials and their lengths on a fine grid, the circle through three points,
scipy's splines, straight lines. The game's polylines stay within 0.25 px of beziers and 0.1 px of
arcs; walking along them by length adds the difference of the lengths, hence 0.5 px below.
"""

from math import comb

import numpy as np
import pytest
from scipy.interpolate import BSpline, CubicHermiteSpline

from osu.formats.beatmap import Beatmap, parse_beatmap
from tests.maps import osu

TOLERANCE_PX = 0.5
FINE = np.linspace(0, 1, 20_001)


def slider(path: str, length: float | str = "", version: int = 14) -> Beatmap:
    """A slider from (100, 100) along `path`, as long as the curve unless a length is given."""
    return parse_beatmap(osu(f"100,100,1000,2,0,{path},1,{length or 0}", version=version))


def by_length(points: np.ndarray, shares: np.ndarray, length: float | None = None) -> np.ndarray:
    """Points at `shares` of the length (or of `length`) of a fine polyline."""
    along = np.append(0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    at = shares * (along[-1] if length is None else length)
    return np.array([np.interp(at, along, column) for column in points.T]).T


def bezier(points: list[tuple[float, float]], t: np.ndarray = FINE) -> np.ndarray:
    n = len(points) - 1
    weights = np.array([comb(n, k) * t**k * (1 - t) ** (n - k) for k in range(n + 1)])
    return weights.T @ np.array(points, dtype=float)


def text(kind: str, points: list[tuple[float, float]]) -> str:
    return kind + "".join(f"|{x}:{y}" for x, y in points[1:])


def assert_along(b: Beatmap, expected: np.ndarray, shares: np.ndarray) -> None:
    at = b.ball_xy(np.zeros(len(shares), dtype=int), b.start_ms[0] + shares * b.span_ms[0])
    assert np.abs(at - expected).max() < TOLERANCE_PX


SHARES = np.linspace(0, 1, 41)
BEZIERS = [
    [(100, 100), (200, 300), (300, 100)],
    [(100, 100), (100, 300), (300, 300), (300, 100)],
    [(100, 100), (400, 300), (0, 300), (300, 100), (350, 90)],
    [(100, 100), *((100 + 37 * i % 300, 50 + 53 * i % 280) for i in range(1, 25))],
]


@pytest.mark.parametrize("points", BEZIERS, ids=lambda points: f"degree {len(points) - 1}")
def test_a_bezier_is_walked_by_length(points):
    b = slider(text("B", points))
    assert_along(b, by_length(bezier(points), SHARES), SHARES)
    np.testing.assert_allclose(b.path_xy[[0, -1]], [points[0], points[-1]], atol=1e-4)


def test_beziers_of_all_degrees_at_once():
    lines = [
        f"100,100,{1000 * i},2,0,{text('B', points)},1,0" for i, points in enumerate(BEZIERS, 1)
    ]
    b = parse_beatmap(osu("\n".join(lines)))
    for i, points in enumerate(BEZIERS):
        alone = slider(text("B", points))
        together = b.path_xy[b.path_start[i] : b.path_start[i + 1]]
        np.testing.assert_array_equal(together, alone.path_xy)


def test_red_anchors_part_a_bezier():
    first, second = [(100, 100), (150, 200), (200, 100)], [(200, 100), (250, 50), (300, 200)]
    b = slider(text("B", first + second))
    fine = np.concatenate([bezier(first), bezier(second)])
    assert_along(b, by_length(fine, SHARES), SHARES)
    # also a line between two anchors, and an anchor on the head
    b = slider("B|100:100|150:100|150:100|150:150")
    np.testing.assert_allclose(b.path_xy, [[100, 100], [150, 100], [150, 150]])


def test_an_arc_is_on_its_circle():
    b = slider("P|200:200|300:100")
    assert np.abs(np.hypot(*(b.path_xy - [200, 100]).T) - 100).max() < 1e-3
    angle = np.pi * (1 - SHARES)
    circle = np.array([200 + 100 * np.cos(angle), 100 + 100 * np.sin(angle)]).T
    assert_along(b, circle, SHARES)
    # the way round is by the middle point
    b = slider("P|200:0|300:100")
    assert b.path_xy[:, 1].max() < 100.001
    assert b.path_xy[:, 1].min() == pytest.approx(0, abs=0.11)  # the game's tolerance is 0.1


def test_stable_arcs_have_pieces_of_8_px():
    b = slider("P|200:200|300:100")
    path_xy, path_dist, path_start = b.stable_path
    # a half circle of 314.16 px is int(314.16 / 8) = 39 pieces
    assert path_start.tolist() == [0, 40]
    assert np.abs(np.hypot(*(path_xy - [200, 100]).T) - 100).max() < 1e-3
    np.testing.assert_allclose(np.diff(path_dist), 200 * np.sin(np.pi / 39 / 2), rtol=1e-4)
    bent = slider(text("B", BEZIERS[1]))
    np.testing.assert_array_equal(bent.stable_path[0], bent.path_xy)


def test_odd_perfect_circles():
    for path in ("P|150:150|200:200", "P|200:200"):  # on a line; of two points
        np.testing.assert_allclose(slider(path).path_xy[[0, -1]], [[100, 100], [200, 200]])
        assert slider(path).length_px[0] == pytest.approx(100 * np.sqrt(2))
    four = [(100, 100), (200, 300), (300, 100), (350, 200)]
    np.testing.assert_array_equal(slider(text("P", four)).path_xy, slider(text("B", four)).path_xy)


def test_a_catmull_is_a_hermite_spline():
    knots = np.array([(100, 100), (200, 50), (300, 150), (200, 250)], dtype=float)
    b = slider(text("C", knots.astype(int).tolist()))
    # tangents: half the way from the knot before to the one after; the game doubles the first
    # knot, and goes on straight behind the last
    before = np.concatenate([knots[:1], knots[:-1]])
    after = np.concatenate([knots[1:], 2 * knots[-1:] - knots[-2:-1]])
    spline = CubicHermiteSpline(np.arange(4), knots, (after - before) / 2)
    np.testing.assert_allclose(b.path_xy, spline(np.arange(151) / 50), atol=1e-3)
    # an unknown letter is read as a catmull
    np.testing.assert_array_equal(slider(text("X", knots.astype(int).tolist())).path_xy, b.path_xy)


def test_paths_are_cut_and_extended_to_their_length():
    straight = "L|200:100|200:200"
    np.testing.assert_allclose(slider(straight, 150).path_xy[-1], [200, 150])
    np.testing.assert_allclose(slider(straight, 300).path_xy[-1], [200, 300])
    np.testing.assert_allclose(slider(straight, 100).path_xy, [[100, 100], [200, 100]])
    b = slider(straight, 50)
    np.testing.assert_allclose(b.path_xy, [[100, 100], [150, 100]])
    np.testing.assert_allclose(b.path_dist, [0, 50])
    points = BEZIERS[1]
    fine = bezier(points)
    b = slider(text("B", points), 200)
    assert_along(b, by_length(fine, SHARES, 200), SHARES)
    # a doubled last point: the game cuts, but doesn't extend
    assert slider("L|200:100|200:100", 300).length_px[0] == 100
    assert slider("L|200:100|200:100", 50).length_px[0] == 50


def test_lazers_paths_may_change_their_type():
    b = slider("B|150:150|200:100|P|250:150|300:100|L|350:100", 0, version=128)
    # each part ends with the next one's first point
    first = bezier([(100, 100), (150, 150), (200, 100), (250, 150)])
    second = bezier([(250, 150), (300, 100), (350, 100)])  # three points: a circle, see below
    ends = b.path_xy[[0, -1]]
    np.testing.assert_allclose(ends, [[100, 100], [350, 100]], atol=1e-3)
    on_first = np.abs(b.path_xy[:, None] - first[::20]).sum(axis=2).min(axis=1)
    split = np.abs(b.path_xy - [250, 150]).sum(axis=1).argmin()
    assert on_first[: split + 1].max() < TOLERANCE_PX
    # (250, 150), (300, 100), (350, 100) lie on the circle around (325, 175) - radius sqrt(6250)
    radius = np.hypot(*(b.path_xy[split:] - [325, 175]).T)
    assert np.abs(radius - np.sqrt(75**2 + 25**2)).max() < 1e-2
    assert np.abs(b.path_xy[split:, None] - second[::20]).sum(axis=2).min(axis=1).max() > 1


@pytest.mark.parametrize("degree", [2, 3, 5])
def test_lazers_b_splines(degree):
    points = np.array([(100, 100), (180, 40), (260, 190), (90, 250), (300, 300), (380, 120)])
    b = slider(text(f"B{degree}", points.tolist()), 0, version=128)
    # clamped and uniform: scipy's with the end knots repeated
    inner = len(points) - degree
    knots = np.concatenate([[0] * degree, np.arange(inner + 1), [inner] * degree])
    fine = BSpline(knots, points.astype(float), degree)(FINE * inner)
    assert_along(b, by_length(fine, SHARES), SHARES)
