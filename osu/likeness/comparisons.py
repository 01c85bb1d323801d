"""The rows of the likeness report: what is compared, and with which statistics.

Everything is compared pair by pair: pair i is human i's play and the column's play against it.
Values are [estimate, low, high], the 95 % interval of a bootstrap over pairs.
"""

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from osu.features.chart import LEAD_MS
from osu.features.condition import chart_condition
from osu.formats.beatmap import Kind
from osu.formats.replay import clean_frames
from osu.likeness import bootstrap
from osu.likeness.classifier_inputs import classifier_channels
from osu.likeness.contestants import HUMAN, Contestant
from osu.likeness.human_plays import HumanPlay, same_map_groups
from osu.likeness.measures import HISTOGRAMS, QUANTITIES, Measured, MeasureError, measure
from osu.likeness.memorisation import lookups, nearest_px, path_of
from osu.likeness.two_sample import Sample, two_sample
from osu.players.auto import auto_play
from osu.rules.judge import JudgeError
from osu.units import FRAME_MS


def classifiers(
    chosen: list[HumanPlay], measured: list[Measured], column: Contestant, seed: int, device: str
) -> dict:
    """Row 1: can a network that met neither song nor player tell the plays from the humans'?"""
    sides: tuple[list[Tensor], list[Tensor]] = ([], [])
    groups = []
    rng = np.random.default_rng(seed)
    several = len({human.player for human in chosen}) > 1  # one player's songs are told apart
    swap = {human.player: bool(rng.integers(2)) for human in chosen}
    for i in sorted(column.plays):
        ours, theirs = measured[i], column.plays[i]
        people = [chosen[i]]
        if column.partners is None:  # one map: a play that was given up is compared up to there
            frames = min(len(ours.play), len(theirs.play))
            views = [seen(ours, frames), seen(theirs, frames)]
        else:
            views = [seen(ours), seen(theirs)]
            people.append(column.partners[i])
            # Humans are not of two kinds: a coin says whose plays are called generated.
            if swap[chosen[i].player]:
                views.reverse()
        for side, view in zip(sides, views, strict=True):
            side.append(view)
        labels = {f"song {p.song}" for p in people}
        groups.append(labels | ({f"player {p.player}" for p in people} if several else set()))
    with tqdm(total=3, desc=f"classifiers: {column.name}", unit="fold") as bar:
        human, generated = (Sample.of_plays(side) for side in sides)
        result = two_sample(human, generated, groups, seed, device, progress=bar.update)
    return result.summary(seed)


def seen(measured: Measured, frames: int | None = None) -> Tensor:
    """(T, channels) what the classifiers see, from half a second before the first object."""
    frames = frames or len(measured.play)
    condition = chart_condition(measured.chart)[:, :frames]
    play = torch.from_numpy(measured.play[None, :frames])
    return classifier_channels(play, condition)[0, round((LEAD_MS - 500) / FRAME_MS) :]


def apart_px(a: Measured, b: Measured) -> float:
    """Mean distance of two cursors on one map, outside spinners and breaks."""
    frames = min(len(a.play), len(b.play))
    t_ms, beatmap = a.chart.t_ms[:frames], a.beatmap
    use = (t_ms >= beatmap.start_ms[0]) & (t_ms <= beatmap.end_ms.max())
    spinners = np.flatnonzero(beatmap.kind == Kind.SPINNER)
    spans = [(beatmap.start_ms[i], beatmap.end_ms[i]) for i in spinners]
    for start_ms, end_ms in [*spans, *beatmap.breaks_ms]:
        # Half a second on both sides: everyone takes another way there and back.
        use &= (t_ms < start_ms - 500 * beatmap.rate) | (t_ms > end_ms + 500 * beatmap.rate)
    distance = np.linalg.norm(a.xy[:frames] - b.xy[:frames], axis=1)[use]
    return float(distance.mean()) if len(distance) else float("nan")


def human_distances(humans: list[HumanPlay], limit: int) -> np.ndarray:
    """(G, 2) px on G maps: between two humans, and between them and the autoplayer."""
    groups = same_map_groups(humans)
    groups = groups[:: max(1, len(groups) // limit)][:limit]
    rows = []
    for group in tqdm(groups, desc="measuring: two humans on one map", unit="map"):
        try:
            plays = [measure(*human.load()) for human in group[:2]]
            auto = measure(plays[0].beatmap, auto_play(plays[0].beatmap))
        except (MeasureError, JudgeError):
            continue
        rows.append((apart_px(*plays), np.mean([apart_px(play, auto) for play in plays])))
    return np.array(rows).reshape(-1, 2)


def diversity(
    measured: list[Measured], column: Contestant, auto: Contestant, floor: np.ndarray, seed: int
) -> dict:
    """Row 2: the distance of two plays on one map over the distance of two humans on one map.

    The two are not on the same maps, so each is first divided by its maps' distance between a
    human and the autoplayer. `floor` is what `human_distances` returns.
    """
    of_floor = bootstrap.draws(len(floor), seed + 1)
    human_ratio = (of_floor @ floor[:, 0]) / (of_floor @ floor[:, 1])
    if column.name == HUMAN:
        return {
            "maps": len(floor),
            "px": bootstrap.interval(bootstrap.weighted_mean(floor[:, 0], of_floor)),
            "ratio": bootstrap.interval(human_ratio / human_ratio[0]),
        }
    both = [i for i in column.again if i in column.plays and i in auto.plays]
    if not both:
        return {}
    apart = np.array([apart_px(column.plays[i], column.again[i]) for i in both])
    to_human = np.array([apart_px(column.plays[i], measured[i]) for i in both])
    yard = np.array([apart_px(measured[i], auto.plays[i]) for i in both])
    weights = bootstrap.draws(len(both), seed)
    return {
        "maps": len(both),
        "px": bootstrap.interval(bootstrap.weighted_mean(apart, weights)),
        "to_human_px": bootstrap.interval(bootstrap.weighted_mean(to_human, weights)),
        "ratio": bootstrap.interval((weights @ apart) / (weights @ yard) / human_ratio),
    }


def kinematic_distances(
    measured: list[Measured], column: Contestant, other: Contestant, seed: int
) -> dict:
    """Row 3: Wasserstein-1 distance to the humans, and its ratio to the other humans' distance."""
    found = {}
    shared = sorted(set(column.plays) & set(other.plays))
    weights = bootstrap.draws(len(shared), seed)
    for name, (_, edges) in HISTOGRAMS.items():
        ours, theirs, others = (
            bootstrap.mixture(np.stack([plays[i].histograms[name] for i in shared]), weights)
            for plays in (measured, column.plays, other.plays)
        )
        distance = bootstrap.wasserstein(theirs, ours, edges)
        # Two sets of humans can be alike by luck; the median of the draws is less lucky.
        floor = np.nanmedian(bootstrap.wasserstein(others, ours, edges)[1:])
        found[name] = {
            "w1": bootstrap.interval(distance),
            "to_human": bootstrap.interval(distance / floor),
        }
    return found


def numbers(
    measured: list[Measured], column: Contestant, bands: dict[str, list[float]], seed: int
) -> dict:
    """Rows 3 to 8: each number of the column's plays beside the humans'.

    `bands` are the humans' percentiles. Per number: percentiles (5, 50, 95); inside, the share of
    plays within the humans' p5 to p95; ks, the Kolmogorov-Smirnov distance to the paired humans;
    difference, the mean of play less paired human.
    """
    pairs = sorted(column.plays)
    weights = bootstrap.draws(len(pairs), seed)
    found = {}
    for name in QUANTITIES:
        theirs = np.array([column.plays[i].numbers[name] for i in pairs])
        ours = np.array([measured[i].numbers[name] for i in pairs])
        low, _, high = bands[name]
        inside = np.where(np.isfinite(theirs), (theirs >= low) & (theirs <= high), np.nan)
        found[name] = {
            "plays": int(np.isfinite(theirs).sum()),
            "percentiles": percentiles(theirs),
            "inside": bootstrap.interval(bootstrap.weighted_mean(inside, weights)),
            "ks": bootstrap.kolmogorov(theirs, ours),
            "difference": bootstrap.interval(bootstrap.weighted_mean(theirs - ours, weights)),
        }
    return found


def percentiles(values: np.ndarray, shares=(5, 50, 95)) -> list[float]:
    """Of the values that are known; nan without any."""
    known = values[np.isfinite(values)]
    return np.percentile(known, shares).tolist() if len(known) else [float("nan")] * len(shares)


def memory(
    chosen: list[HumanPlay], measured: list[Measured], columns: list[Contestant], humans:
    list[HumanPlay], seed: int,
) -> dict[str, dict]:  # fmt: skip
    """Row 9, of all columns at once: distances to the nearest window of the training plays.

    What is a human's own is not looked at: plays of the player, and for the other humans, who are
    mostly of the training split, plays of their songs. A network has no own. Per column: px, the
    median; human_px, the humans' on the same maps; nearer, the share of windows that are nearer
    than one in twenty of the humans' is.
    """
    training = [((h.player, h.song), h.path) for h in humans if h.split == "train"]
    parts: list[np.ndarray] = []
    avoided: list[tuple[str, str]] = []
    owner: list[tuple[str, int]] = []

    def add(name: str, pair: int, play: Measured, player: str = "", song: str = "") -> None:
        t_ms, xy, _ = clean_frames(play.replay)
        windows = lookups(path_of(t_ms, xy, play.chart.rate))
        parts.append(windows)
        avoided.extend([(player, song)] * len(windows))
        owner.extend([(name, pair)] * len(windows))

    for i, (human, play) in enumerate(zip(chosen, measured, strict=True)):
        add("", i, play, human.player)
    for column in columns:
        for i, play in column.plays.items():
            if column.name == HUMAN:
                add(HUMAN, i, play, column.partners[i].player, column.partners[i].song)
            else:
                add(column.name, i, play)
    bar = tqdm(training, desc="nearest training windows", unit="play")
    distance = nearest_px(np.concatenate(parts), avoided, bar)
    names = np.array([name for name, _ in owner])
    pairs = np.array([pair for _, pair in owner])
    weights = bootstrap.draws(len(chosen), seed)
    found = {}
    for column in columns:
        ours = (names == "") & np.isin(pairs, list(column.plays))
        theirs = names == column.name
        if not ours.any() or not theirs.any():
            continue
        bound = np.percentile(distance[ours], 5)
        near = np.bincount(pairs[theirs], distance[theirs] < bound, len(chosen))
        count = np.bincount(pairs[theirs], minlength=len(chosen))
        found[column.name] = {
            "px": float(np.median(distance[theirs])),
            "human_px": float(np.median(distance[ours])),
            "nearer": bootstrap.interval((weights @ near) / (weights @ count)),
        }
    return found


def familiar_ratio(column: Contestant, seed: int) -> list[float]:
    """Row 9 on training maps: the distance to the nearest human play of the map, over the distance
    between each of these and the nearest other."""
    theirs, ours = [], []
    for group, play in column.familiar:
        plays = [measure(*human.load()) for human in group]
        between = np.array([[apart_px(a, b) for b in plays] for a in plays])
        np.fill_diagonal(between, np.inf)
        ours.append(between.min(1).mean())
        theirs.append(min(apart_px(play, other) for other in plays))
    if not theirs:
        return [float("nan")] * 3
    weights = bootstrap.draws(len(theirs), seed)
    return bootstrap.interval((weights @ np.array(theirs)) / (weights @ np.array(ours)))
