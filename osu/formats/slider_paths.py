"""Slider paths: control points -> polylines, for all sliders of a map at once.

The game draws curves as polylines and walks along them by length, so its choice of vertices
decides where the ball is. The choice here is the game's (ppy/osu-framework: PathApproximator;
ppy/osu: SliderPath), in float32 as there. Only the order of work differs: all beziers of a map are
halved at the same time. Inside, a point is a complex number x + iy: half the array calls.
"""

from functools import lru_cache

import numpy as np

from osu.formats.maps.curves import Curves
from osu.formats.osu_file import BeatmapError

BEZIER_TOLERANCE_PX = 0.25
ARC_TOLERANCE_PX = 0.1
STABLE_ARC_PIECE_PX = 8.0
ARC_MAX_POINTS = 1000  # an arc that needs more is drawn as a bezier
CATMULL_DETAIL = 50

# Bounds on the work; the largest of 944 real maps: 88,424 vertices, a bezier of 116 points.
MAX_VERTICES = 400_000
MAX_BEZIER_POINTS = 1_000
MAX_SPLINE_WORK = 4_000_000  # control points * degree squared
MAX_BEZIER_WORK = 200_000_000  # beziers at a time * their points squared


def build_paths(
    curves: Curves, head_xy: np.ndarray, stable_arcs: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Curves and (S, 2) slider heads -> polylines at their natural length.

    stable_arcs: draw circular arcs in pieces of 8 px, as the stable game does, not to lazer's
    tolerance of 0.1 px. Returns vertices (P,) complex64 relative to the head, start (S + 1,)
    slices, and fixed (S,) bool: the last two vertices are one, in which case the game never extends
    the path (of those left in, no two neighbours are).
    Raises BeatmapError where there are more than MAX_VERTICES vertices.
    """
    sliders = len(head_xy)
    relative = curves.xy - np.repeat(head_xy[curves.slider], curves.count, axis=0)
    points = relative.astype(np.float32).view(np.complex64)[:, 0]
    end = curves.count.cumsum()
    first_curve = np.searchsorted(curves.slider, np.arange(sliders))
    points[(end - curves.count)[first_curve]] = 0  # the heads
    kind = _kinds(curves, points, end - 1)
    points, first, count, owner = _segments(curves, kind, points)
    kind, degree = kind[owner], curves.degree[owner]
    segment = np.arange(len(first), dtype=np.float64)
    pieces = _Pieces()
    plain = (kind == "L") | (count <= 1) | ((kind == "B") & (count == 2))
    pieces.add(segment[plain], _gather(points, first[plain], count[plain]), count[plain])
    bezier = (kind == "B") & ~plain
    arc = np.flatnonzero((kind == "P") & ~plain)
    if len(arc):
        corners = points[first[arc] + np.arange(3)[:, None]]
        fallback = _arcs(pieces, segment[arc], corners, stable_arcs)
        bezier[arc[fallback]] = True
    catmull = np.flatnonzero((kind == "C") & ~plain)
    pieces.expect(CATMULL_DETAIL * int(count[catmull].sum()))
    for index in catmull:
        vertices = _catmull(points[first[index] : first[index] + count[index]])
        pieces.add(segment[index : index + 1], vertices, np.array([len(vertices)]))
    spline = bezier & (degree > 0) & (degree < count - 1)
    if ((count - degree) * degree**2)[spline].sum() > MAX_SPLINE_WORK:
        raise BeatmapError("the sliders have too many B-spline control points")
    for index in spline.nonzero()[0]:
        run = points[first[index] : first[index] + count[index]]
        parts = _bspline_to_beziers(run, degree[index])
        spans, size = parts.shape
        key = index + np.arange(spans) / spans
        _beziers(pieces, key, 1 / spans, parts.ravel(), np.arange(spans) * size, [size] * spans)
    bezier &= ~spline
    _beziers(pieces, segment[bezier], 1.0, points, first[bezier], count[bezier])

    vertices, segment = pieces.in_order()
    begins = np.ones(len(vertices), dtype=bool)
    begins[1:] = segment[1:] != segment[:-1]
    slider = curves.slider[owner[segment]]
    joint = begins & _repeats(vertices, slider)  # two neighbours share it
    vertices, slider = vertices[~joint], slider[~joint]
    repeats = _repeats(vertices, slider)
    fixed = repeats[np.searchsorted(slider, np.arange(sliders), side="right") - 1]
    vertices, slider = vertices[~repeats], slider[~repeats]
    return vertices, np.searchsorted(slider, np.arange(sliders + 1)), fixed


def _repeats(vertices: np.ndarray, slider: np.ndarray) -> np.ndarray:
    """(P,) True for vertices equal to the one before on the same slider."""
    same = np.zeros(len(vertices), dtype=bool)
    same[1:] = (vertices[1:] == vertices[:-1]) & (slider[1:] == slider[:-1])
    return same


def _kinds(curves: Curves, points: np.ndarray, last: np.ndarray) -> np.ndarray:
    """(C,) letters after the game's rules for odd cases: what is no L, P or B is a catmull; a
    perfect circle needs three points, and on a straight line it is linear."""
    kind = curves.type.copy()
    kind[(kind != "L") & (kind != "P") & (kind != "B")] = "C"
    perfect = np.flatnonzero(kind == "P")
    kind[perfect[curves.count[perfect] != 3]] = "B"
    perfect = perfect[curves.count[perfect] == 3]
    end = last[perfect]
    begin = points[end - 2].astype(np.complex128)
    cross = ((points[end - 1] - begin).conj() * (points[end] - begin)).imag
    kind[perfect[np.abs(cross) < 1e-3]] = "L"
    return kind


def _segments(
    curves: Curves, kind: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Split the curves at red anchors (a control point written twice).

    Returns the points without the doubles, and for each segment its first point, its number of
    points and its curve. Neighbours share the anchor. The game doesn't split at a curve's last
    point, nor (but for its head) a catmull.
    """
    curve = np.repeat(np.arange(len(kind)), curves.count)
    double = np.zeros(len(points), dtype=bool)
    double[1:] = points[1:] == points[:-1]
    if double.any():
        place = np.arange(len(points)) - (curves.count.cumsum() - curves.count)[curve]
        double &= (place >= 1) & (place <= (curves.count - 2 - curves.shared)[curve])
        double &= (kind != "C")[curve] | (place == 1)
    anchor = np.append(double[1:], False)[~double]
    points, curve = points[~double], curve[~double]
    begins = np.ones(len(points), dtype=bool)
    begins[1:] = curve[1:] != curve[:-1]
    ends = np.append(begins[1:], True)
    first = np.flatnonzero((begins | anchor) & (~ends | begins))
    boundary = np.flatnonzero(ends | anchor)
    last = boundary[np.searchsorted(boundary, first + ~ends[first])]
    return points, first, last - first + 1, curve[first]


class _Pieces:
    """Runs of vertices found in any order; key = segment + how far along it (0 .. 1)."""

    def __init__(self):
        self.key, self.vertices, self.count, self.total = [], [], [], 0

    def add(self, key: np.ndarray, vertices: np.ndarray, count: np.ndarray) -> None:
        """(n,) keys, the runs' vertices one after the other, (n,) lengths of the runs."""
        self.key.append(key)
        self.vertices.append(vertices)
        self.count.append(count)
        self.total += len(vertices)
        self.expect(0)

    def expect(self, more: int) -> None:
        """Raises BeatmapError if that many more vertices would be too many."""
        if self.total + more > MAX_VERTICES:
            raise BeatmapError(f"the sliders have more than {MAX_VERTICES} path vertices")

    def in_order(self) -> tuple[np.ndarray, np.ndarray]:
        """(P,) vertices and (P,) the segment of each."""
        key, count = np.concatenate(self.key), np.concatenate(self.count)
        order = np.argsort(key, kind="stable")
        first = (count.cumsum() - count)[order]
        count = count[order]
        vertices = np.concatenate(self.vertices).astype(np.complex64)
        vertices = _gather(vertices, first, count)
        return vertices, np.repeat(key[order].astype(np.int64), count)


def _gather(values: np.ndarray, first: np.ndarray, count: np.ndarray) -> np.ndarray:
    """The runs values[first : first + count], one after the other."""
    shift = np.repeat(first - (count.cumsum() - count), count)
    return values[np.arange(len(shift)) + shift]


def _beziers(pieces: _Pieces, key, width: float, points, first, count) -> None:
    """Flatten beziers: (n,) keys, how much of a key each takes up, and the runs of their points.

    Those of similar degree are worked on together, padded to the largest.
    """
    key, count = np.asarray(key), np.asarray(count)
    if len(count) and count.max() > MAX_BEZIER_POINTS:
        raise BeatmapError(f"a slider has a bezier of more than {MAX_BEZIER_POINTS} points")
    # few are padded to 16 points without a thought: calls cost more than numbers
    size = np.ceil(np.log2(np.maximum(count, 16 if len(count) < 100 else 4)) / 2)
    for one in set(size.tolist()):
        of_size = size == one
        n = count[of_size]
        place = np.minimum(np.arange(n.max()), n[:, None] - 1)
        # double precision: coordinates halved a few times are exact, in whatever order of sums
        rows = points[first[of_size][:, None] + place].astype(np.complex128)
        # the end stands behind all halves: those are no narrower than 2 ** -24
        pieces.add(key[of_size] + width * (1 - 2.0**-30), rows[:, -1], np.ones_like(n))
        _halve_until_flat(pieces, key[of_size], width, rows, n)


def _halve_until_flat(pieces: _Pieces, key, width: float, points, n) -> None:
    """(m, k) padded points of m beziers, the first n of each row being its own."""
    most = points.shape[1]
    place = np.arange(most)
    halving = _halving(most)
    done = []
    vertices = 0
    while len(points):
        vertices += int(n.sum())
        if vertices > 2 * MAX_VERTICES or points.size * most > MAX_BEZIER_WORK:
            raise BeatmapError(f"the sliders have more than {MAX_VERTICES} path vertices")
        last = n[:, None] - 1
        bend = points[:, :-2] - 2 * points[:, 1:-1] + points[:, 2:]
        bend = bend.real**2 + bend.imag**2
        bent = ((bend > 4 * BEZIER_TOLERANCE_PX**2) & (place[1:-1] < last)).any(axis=1)
        # the right half is the left half of the bezier turned round
        reverse = np.maximum(last - place, 0) + most * np.arange(len(points))[:, None]
        left = points @ halving
        right = (points.take(reverse) @ halving).take(reverse)
        flat = ~bent
        done.append((key[flat], left[flat], right[flat], n[flat]))
        width /= 2
        key, points, n = key[bent], np.concatenate([left[bent], right[bent]]), n[bent]
        key, n = np.concatenate([key, key + width]), np.concatenate([n, n])
    key, left, right, n = (np.concatenate(column) for column in zip(*done, strict=True))
    runs = _flat_vertices(left, right, n)
    pieces.add(key, runs[place[:-1] < n[:, None] - 1], n - 1)


@lru_cache(maxsize=64)
def _halving(size: int) -> np.ndarray:
    """(size, size): a row of a bezier's points times this = the points of its left half.

    De Casteljau at 1/2 without the steps: the i-th point is the mean of the first i + 1 with
    binomial weights, whatever the degree.
    """
    weights = np.zeros((size, size))
    weights[0, 0] = 1.0
    for i in range(1, size):
        weights[i, : i + 1] = weights[i - 1, : i + 1] / 2
        weights[i, 1 : i + 1] += weights[i - 1, :i] / 2
    return weights.T.astype(np.complex128)


def _flat_vertices(left: np.ndarray, right: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(m, k - 1) vertices that the game draws for a flat bezier of n points: its first, and n - 2
    averages of three neighbours among the 2 n - 1 points of its halves."""
    rows, most = left.shape
    place = np.arange(2 * most - 1)
    n = n[:, None]
    place = np.where(place < n, place, np.minimum(place - n + 1 + most, 2 * most - 1))
    halves = np.concatenate([left, right], axis=1).ravel()
    points = halves[place + np.arange(rows)[:, None] * (2 * most)]
    averages = (points[:, 1:-2:2] + 2 * points[:, 2:-1:2] + points[:, 3::2]) / 4
    return np.concatenate([left[:, :1], averages], axis=1)


def _bspline_to_beziers(points: np.ndarray, degree: int) -> np.ndarray:
    """Lazer's B-spline of n points as beziers (n - degree, degree + 1), by knot insertion."""
    points = points.tolist()
    spans = len(points) - degree
    beziers = []
    for i in range(spans - 1):
        bezier = [points[i]]
        for j in range(degree - 1):
            bezier.append(points[i + 1])
            for k in range(1, degree - j):
                weight = min(k, spans - 1 - i)
                points[i + k] = (points[i + k] * weight + points[i + k + 1]) / (weight + 1)
        beziers.append([*bezier, points[i + 1]])
    beziers.append(points[spans - 1 :])
    return np.array(beziers, dtype=np.complex64)


def _arcs(pieces: _Pieces, key: np.ndarray, corners: np.ndarray, stable: bool) -> np.ndarray:
    """Add the circular arcs through (3, n) points; (n,) True where the game falls back to a
    bezier. All in float32, as the game: centres of nearly straight arcs depend on it."""
    x, y = corners.real, corners.imag
    following, preceding = [1, 2, 0], [2, 0, 1]
    with np.errstate(all="ignore"):
        dx, dy = x[preceding] - x[following], y[following] - y[preceding]
        square = x * x + y * y
        d = 2 * (x * dy).sum(axis=0)
        centre_x, centre_y = (square * dy).sum(axis=0) / d, (square * dx).sum(axis=0) / d
        x, y = x - centre_x, y - centre_y
        radius = np.sqrt(x[0] * x[0] + y[0] * y[0])
        start, _, end = np.arctan2(y.astype(float), x.astype(float))
        sweep = end - start
        sweep[sweep < 0] += 2 * np.pi
        sweep[dy[1] * dx[2] - dx[1] * dy[2] < 0] -= 2 * np.pi  # clockwise
        if stable:
            wanted = np.floor(radius * np.abs(sweep) / STABLE_ARC_PIECE_PX) + 1
        else:
            step = 2 * np.arccos((1 - np.float32(ARC_TOLERANCE_PX) / radius).astype(float))
            wanted = np.where(2 * radius > ARC_TOLERANCE_PX, np.ceil(np.abs(sweep) / step), 2)
    wanted[~np.isfinite(wanted)] = 2
    good = (wanted < ARC_MAX_POINTS) & np.isfinite(radius) & np.isfinite(sweep)
    count = np.maximum(wanted[good], 2).astype(np.int64)
    pieces.expect(int(count.sum()))
    nth = np.arange(count.sum()) - np.repeat(count.cumsum() - count, count)
    angle = np.repeat(start[good], count) + nth * np.repeat(sweep[good] / (count - 1), count)
    unit = np.exp(1j * angle).astype(np.complex64)
    centre = (centre_x + 1j * centre_y).astype(np.complex64)[good]
    pieces.add(key[good], unit * np.repeat(radius[good], count) + centre.repeat(count), count)
    return ~good


def _catmull(points: np.ndarray) -> np.ndarray:
    """(n,) knots -> (50 (n - 1) + 1,) vertices of the Catmull-Rom spline, float32."""
    before = np.concatenate([points[:1], points[:-2]])[:, None]
    here, there = points[:-1, None], points[1:, None]
    after = np.concatenate([points[2:], 2 * points[-1:] - points[-2:-1]])[:, None]
    t = np.arange(CATMULL_DETAIL + 1, dtype=np.float32) / np.float32(CATMULL_DETAIL)
    spline = 0.5 * (
        2 * here
        + (there - before) * t
        + (2 * before - 5 * here + 4 * there - after) * (t * t)
        + (3 * here - before - 3 * there + after) * (t * (t * t))
    )  # (n - 1, 51)
    return np.append(spline[:, :-1].ravel(), spline[-1, -1])


def fit_length(
    vertices: np.ndarray, start: np.ndarray, length_px: np.ndarray, fixed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut or extend paths to `length_px` (S,), 0 meaning their natural length.

    Returns path_xy (P', 2) f8, path_dist (P',) f8 along each path, path_start (S + 1,).
    """
    if len(length_px) == 0:
        return np.zeros((0, 2)), np.zeros(0), start
    count = start[1:] - start[:-1]
    step = np.zeros(len(vertices))
    delta = vertices[1:] - vertices[:-1]
    step[1:] = np.sqrt(delta.real * delta.real + delta.imag * delta.imag)
    step[start[:-1]] = 0.0
    along = step.cumsum()
    along -= np.repeat(along[start[:-1]], count)
    natural = along[start[1:] - 1]
    as_is = (length_px == 0) | (fixed & (length_px > natural))
    wanted = np.where(as_is, natural, length_px)

    # A cut path ends in the first segment that reaches the length; the last vertex moves there.
    before = np.empty_like(along)
    before[1:] = along[:-1]
    before[start[:-1]] = -1.0
    keep = before < wanted.repeat(count)
    vertex_count = np.add.reduceat(keep, start[:-1])
    path_start = np.concatenate([[0], vertex_count.cumsum()])
    path, along = vertices[keep].astype(np.complex128), along[keep]
    moved = (vertex_count >= 2) & (wanted != natural)
    end = path_start[1:][moved] - 1
    direction = path[end] - path[end - 1]
    direction /= np.abs(direction)
    path[end] = path[end - 1] + direction * (wanted[moved] - along[end - 1])
    along[end] = wanted[moved]
    return path.view(np.float64).reshape(-1, 2), along, path_start


def path_keys(path_dist: np.ndarray, path_start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances along all paths in one rising row (P,), and (S,) where in it each path begins."""
    count = path_start[1:] - path_start[:-1]
    length = np.append(path_dist, 0.0)[path_start[1:] - 1]
    length[count == 0] = 0.0
    begin = np.cumsum(length + 1.0) - length
    return path_dist + begin.repeat(count), begin


def along_paths(
    path_xy: np.ndarray, keys: np.ndarray, begin: np.ndarray, index: np.ndarray, dist_px: np.ndarray
) -> np.ndarray:
    """(K, 2) positions at `dist_px` (K,) along the paths `index` (K,); not beyond their ends.

    keys and begin are `path_keys`; each path asked for must have a vertex.
    """
    if len(index) == 0:
        return np.zeros((0, 2))
    path = path_xy.view(np.complex128)[:, 0]
    return np.interp(dist_px + begin[index], keys, path).view(np.float64).reshape(-1, 2)
