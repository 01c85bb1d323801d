"""The lattice on which the positions of a replay stand, axis by axis: counts of a mouse, places of
a tablet or pixels of a screen.

A tablet's places are often shown on a finer lattice, each at the nearest of its points: of those
only some are ever seen.
"""

import numpy as np

COARSEST_PX, FINEST_PX = 1.7, 0.007
FEWEST_STEPS = 150  # below SMALL_COUNTS half as many
FITS = 0.85  # mean cosine of the steps' phases on a lattice that holds them
POSITIONS_FIT = 0.97  # the same of positions
DIGITS_PX = 2e-4  # positions have six digits, and a spacing's error adds up
HELD = 0.9  # of the positions: some are pushed against an edge
PLACE_BIN_PX, PLACE_SPECTRUM = 0.002, 1 << 20  # of the histogram of positions
POINT_SPECTRUM = 1 << 17  # of that of the lattice's points
FARTHEST_PLACES, NEAREST_PLACES = 64.0, 2.05  # of a device, counts of the finer lattice
PLACES_FIT = 0.75  # of what rounding to that lattice leaves
MOST_PLACES = 1000  # that are looked at for that
NEARBY_SPACINGS = 1 + np.linspace(-1e-3, 1e-3, 401)  # of one that steps show
SMALL_COUNTS = 24  # steps up to here are counted: an error of the count adds up in larger ones
TALLEST_SCREEN = 2200  # pixels
HYSTERESIS = 0.75  # counts: the cursor moves once the hand is further away
PHASE_S = 45.0
SOONER, LATER = 10, 60  # movements, between which rounding errors add up
LEAST_WANDER_PX = 1e-5  # of a movement


def fit_lattice(x: np.ndarray) -> tuple[float, float]:
    """(spacing in osu!px, phase) of positions x (F,) of one axis: the coarsest lattice that holds
    their steps, or a finer one that alone holds them exactly, 0 where there is none; and where on
    it they lie, 0 .. 1, nan where not at one place.

    A tablet's steps are whole numbers of its places on average, while its positions are points of
    the lattice that those are shown on.
    """
    x = x.astype(np.float64)
    by_steps = _refined(x, step_lattice_px(np.diff(x)))
    if share_held(x, *by_steps) > HELD:
        return by_steps
    by_positions = _refined(x, position_lattice_px(x))
    exact = share_held(x, *by_positions) > HELD
    return by_positions if exact or by_steps[0] == 0 else by_steps


def _refined(x: np.ndarray, spacing: float) -> tuple[float, float]:
    """(spacing, phase) of positions x (F,), from what a spacing is about; 0 stays 0."""
    phase = phase_of(x, spacing)
    if np.isnan(phase) and spacing > 0:  # over the whole screen a small error of it adds up
        tried = spacing * NEARBY_SPACINGS
        places = np.unique(x)
        places = places[:: len(places) // MOST_PLACES + 1]
        together = np.abs(np.exp(2j * np.pi * places / tried[:, None]).mean(1))
        phase = phase_of(x, nearby := float(tried[together.argmax()]))
        spacing = spacing if np.isnan(phase) else nearby
    if not np.isnan(phase):  # all positions together say it more exactly than steps
        places = np.unique(x)
        spacing = float(np.polyfit(np.round(places / spacing - phase), places, 1)[0])
    spacing = pixel_of(spacing, 1e-4)
    return spacing, phase_of(x, spacing)


def share_held(x: np.ndarray, spacing: float, phase: float) -> float:
    """Share of positions x (F,) that lie on a lattice as exactly as a file's digits say."""
    if spacing == 0 or np.isnan(phase):
        return 0.0
    counts = x / spacing - phase
    return float(np.mean(np.abs(counts - np.round(counts)) * spacing < DIGITS_PX))


def fit_places(x: np.ndarray, count_px: float, phase: float) -> tuple[float, float]:
    """(spacing in osu!px, phase 0 .. 1) of a device's places, each of which positions x (F,) show
    at the nearest point of their lattice (count_px, phase); 0, nan where all points are places."""
    if count_px == 0 or np.isnan(phase):
        return 0.0, np.nan
    points = np.unique(np.round(x.astype(np.float64) / count_px - phase).astype(np.int64))
    first = points[0]
    points = points[points - first < POINT_SPECTRUM] - first
    if len(points) < 2 * FEWEST_STEPS:
        return 0.0, np.nan
    fit = np.abs(np.fft.rfft(np.bincount(points), POINT_SPECTRUM)) / len(points)
    tried = np.arange(*(int(POINT_SPECTRUM / far) for far in (FARTHEST_PLACES, NEAREST_PLACES)))
    # Rounding to the lattice's points blurs a device's places.
    best = tried[fit[tried].argmax()]
    if fit[best] < PLACES_FIT * np.sinc(best / POINT_SPECTRUM):
        return 0.0, np.nan
    spacing, offset = POINT_SPECTRUM / best, 0.0
    for _ in range(3):
        spacing, offset = np.polyfit(np.round((points - offset) / spacing), points, 1)
    return float(spacing * count_px), float((first + phase + offset) / spacing % 1)


def fit_wander(xy: np.ndarray, counts_px: np.ndarray) -> tuple[float, float]:
    """(x, y) standard deviations in osu!px of the rounding error that each movement adds to
    positions xy (F, 2), which are sums of counts_px (2,); 0, 0 where positions are places.

    Sums have as many values as there are movements, places only as many as there is room for.
    """
    count_px, x = counts_px[0], xy[:, 0]
    if count_px == 0 or len(np.unique(x)) <= 2 * np.ptp(x) / count_px:
        return 0.0, 0.0
    return wander_px(x, counts_px[0]), wander_px(xy[:, 1], counts_px[1])


def wander_px(x: np.ndarray, count_px: float) -> float:
    """That of one axis, by how much further from whole counts two positions of x (F,) are that lie
    LATER movements apart, than SOONER ones: what a file's digits round is in both."""
    x = x[np.flatnonzero(np.diff(x)) + 1].astype(np.float64)
    if count_px == 0 or len(x) < 2 * LATER:
        return LEAST_WANDER_PX
    spread2 = []
    for apart in (SOONER, LATER):
        way = x[apart:] - x[:-apart]
        counts = np.round(way / count_px)
        off = way - counts * count_px
        near = np.abs(off) < count_px / 3
        off, counts = off[near], counts[near]
        off = off - (counts @ off) / max(counts @ counts, 1.0) * counts  # an error of the count
        spread2.append(np.percentile(np.abs(off), 68.3) ** 2)  # as of a normal distribution
    added2 = max(spread2[1] - spread2[0], 0.0) / (LATER - SOONER)
    return max(float(np.sqrt(added2)), LEAST_WANDER_PX)


def step_lattice_px(steps: np.ndarray) -> float:
    """The spacing of the lattice on which steps (F,) osu!px of one axis stand, the coarsest that
    holds them, or 0 for none."""
    size = np.abs(steps[(np.abs(steps) > FINEST_PX / 2) & (np.abs(steps) < 8)])
    if len(size) < FEWEST_STEPS:
        return 0.0
    values, count = np.unique(np.round(size, 3), return_counts=True)
    common = values[np.argsort(-count, kind="stable")[:40]]
    tried = np.unique(np.concatenate([common / part for part in (1, 2, 3)]))[::-1]
    for spacing in tried[(tried <= COARSEST_PX) & (tried >= FINEST_PX)]:
        near = size[size < SMALL_COUNTS * spacing]
        if len(near) < FEWEST_STEPS / 2 or np.median(size) > 4 * SMALL_COUNTS * spacing:
            continue
        for _ in range(3):  # least squares on the counts, from the small ones outwards
            counts = np.round(near / spacing)
            if not counts.any():
                break
            spacing = float((counts @ near) / (counts @ counts))
        # What rounds to no count is a step of nothing: it says nothing for the lattice.
        if counts.any() and np.cos(2 * np.pi * near / spacing).mean() > FITS:
            return spacing
    return 0.0


def position_lattice_px(x: np.ndarray) -> float:
    """The spacing of the lattice on which positions x (F,) osu!px themselves stand, the coarsest
    that holds them, or 0 for none: a tablet's is too fine for steps to be counted.

    The fit of all spacings is the spectrum of the places' histogram.
    """
    places = np.unique(x) - x.min()
    places = places[places < PLACE_SPECTRUM * PLACE_BIN_PX]
    if len(places) < 2 * FEWEST_STEPS:
        return 0.0
    histogram = np.bincount(np.round(places / PLACE_BIN_PX).astype(np.int64))
    fit = np.abs(np.fft.rfft(histogram, PLACE_SPECTRUM)) / len(places)
    tried = np.arange(*(int(PLACE_SPECTRUM * PLACE_BIN_PX / px) for px in (COARSEST_PX, FINEST_PX)))
    # Places are rounded to bins, which blurs a fine lattice.
    held = tried[fit[tried] / np.sinc(tried / PLACE_SPECTRUM) > POSITIONS_FIT]
    coarsest = 0.0
    for peak in np.split(held, np.flatnonzero(np.diff(held) > 1) + 1):
        if not len(peak):
            break
        spacing, offset = PLACE_SPECTRUM * PLACE_BIN_PX / peak[fit[peak].argmax()], 0.0
        for _ in range(3):
            spacing, offset = np.polyfit(np.round((places - offset) / spacing), places, 1)
        if share_held(places, spacing, offset / spacing) > HELD:
            return float(spacing)
        coarsest = coarsest or float(spacing)  # that of places which only lie near its points
    return coarsest


def pixel_of(count_px: float, tolerance: float = 1e-6) -> float:
    """The pixel of a screen, exactly, where a lattice's spacing is one to a relative `tolerance`,
    else the spacing."""
    if count_px == 0:
        return 0.0
    height = round(480 / count_px)
    exact = abs(480 / height / count_px - 1) < tolerance and height <= TALLEST_SCREEN
    return 480 / height if exact else count_px


def phase_of(x: np.ndarray, count_px: float) -> float:
    """Where positions x (F,) osu!px lie between two counts, 0 .. 1; nan where not at one place."""
    if count_px == 0:
        return np.nan
    turn = np.exp(2j * np.pi * x / count_px)
    mean = turn.mean()
    if abs(mean) < 0.9:
        return np.nan
    # That of a position in the file, so that the others are sums of it and whole counts.
    place = x[np.argmin(np.abs(np.angle(turn * np.conj(mean))) + 1e-5 * np.abs(x))]
    return float((place / count_px) % 1)


def phases(real_ms: np.ndarray, phase: float, rng: np.random.Generator) -> np.ndarray:
    """(F,) the lattice's phase at real times (F,): `phase`, or where that is nan one that stays
    until the cursor is pushed against an edge of the screen, every PHASE_S seconds or so."""
    if not np.isnan(phase):
        return np.full(len(real_ms), phase)
    step_ms = np.diff(real_ms, prepend=real_ms[:1])
    stretch = np.cumsum(rng.random(len(real_ms)) < step_ms / (1000 * PHASE_S))
    return rng.random(stretch[-1] + 1)[stretch]


def on_lattice(x: np.ndarray, count_px: float, phase: np.ndarray) -> np.ndarray:
    """Positions (F,) of a hand as a device shows them that moves by whole counts, and only once the
    hand is more than HYSTERESIS of a count away. phase (F,) is in counts."""
    counts = (x / count_px - phase).tolist()
    shown = round(counts[0])
    for i, at in enumerate(counts):
        if abs(at - shown) > HYSTERESIS:
            shown = round(at)
        counts[i] = shown
    return (np.array(counts) + phase) * count_px
