"""Comparisons of a contestant's plays with the subjects': classifiers, diversity, kinematics,
numbers and memory.

Everything is compared pair by pair: pair i is subject i's play and the contestant's play against
it. Intervals are 95 % bootstrap intervals over pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import ks_2samp
from torch import Tensor
from tqdm import tqdm

from osu.errors import UserError
from osu.features.chart import LEAD_MS
from osu.features.condition import chart_condition
from osu.formats.replay import clean_frames
from osu.likeness import bootstrap
from osu.likeness.bootstrap import UNDEFINED, Interval
from osu.likeness.classifier_inputs import classifier_channels
from osu.likeness.contestants import HUMAN, Contestant
from osu.likeness.human_plays import HumanPlay, Subject, same_map_groups
from osu.likeness.measures import (
    HISTOGRAMS,
    QUANTITIES,
    Measured,
    cursor_distance_px,
    measure,
)
from osu.likeness.memorisation import lookups, nearest_px, path_of
from osu.likeness.two_sample import ClassifierScores, Sample, two_sample
from osu.players.auto import auto_play
from osu.units import FRAME_MS


class Band(NamedTuple):
    """Percentiles of a number over plays; nan where no play has it."""

    p5: float
    median: float
    p95: float


@dataclass(frozen=True)
class Diversity:
    """How much two plays of one map differ."""

    maps: int
    px: Interval  # between the two plays
    to_human_px: Interval | None  # between the first and the human's; None for humans
    ratio: Interval  # `px` over the same of two humans, see `diversity`


@dataclass(frozen=True)
class KinematicDistance:
    """Distance of a histogram (HISTOGRAMS) from the subjects'."""

    w1: Interval  # Wasserstein-1, in the histogram's unit
    to_human: Interval  # over the other humans' Wasserstein-1


@dataclass(frozen=True)
class NumberComparison:
    """A number (QUANTITIES) of the contestant's plays beside the humans'."""

    plays: int  # that have the number
    percentiles: Band
    inside: Interval  # share of plays within the humans' p5 to p95
    ks: float  # Kolmogorov-Smirnov statistic against the subjects
    difference: Interval  # mean of play less subject


@dataclass(frozen=True)
class NearestWindows:
    """Distances from a contestant's windows to the nearest windows of training plays."""

    px: float  # median
    human_px: float  # the subjects', on the same maps
    nearer: Interval  # share of windows that are nearer than one in twenty of the subjects'


def classifiers(
    subjects: list[Subject], contestant: Contestant, seed: int, device: str
) -> dict[str, ClassifierScores]:
    """Comparison 1: classifiers that met neither song nor player, the plays against the humans'."""
    sides: tuple[list[Tensor], list[Tensor]] = ([], [])
    groups = []
    rng = np.random.default_rng(seed)
    players = {human.player for human, _ in subjects}
    swap = {human.player: bool(rng.integers(2)) for human, _ in subjects}
    for i in sorted(contestant.plays):
        (human, own), play = subjects[i], contestant.plays[i]
        people = [human]
        if contestant.partners is None:  # one map: a play that was given up is compared up to there
            frames = min(len(own.play), len(play.play))
            channels = [play_channels(own, frames), play_channels(play, frames)]
        else:
            channels = [play_channels(own), play_channels(play)]
            people.append(contestant.partners[i])
            # A control, humans against humans: which side is labelled generated is random, by
            # player, so an AUC other than .5 is chance.
            if swap[human.player]:
                channels.reverse()
        for side, of_side in zip(sides, channels, strict=True):
            side.append(of_side)
        labels = {f"song {p.song}" for p in people}
        if len(players) > 1:  # one player's plays are only separated by song
            labels |= {f"player {p.player}" for p in people}
        groups.append(labels)
    with tqdm(total=3, desc=f"classifiers: {contestant.name}", unit="fold") as bar:
        real, generated = (Sample.of_plays(side) for side in sides)
        result = two_sample(real, generated, groups, seed, device, progress=bar.update)
    return result.scores(seed)


def play_channels(measured: Measured, frames: int | None = None) -> Tensor:
    """(T, len(Channel)) a play's classifier channels from half a second before the first object to
    the frame `frames` of its grid."""
    frames = frames or len(measured.play)
    condition = chart_condition(measured.chart)[:, :frames]
    play = torch.from_numpy(measured.play[None, :frames])
    return classifier_channels(play, condition)[0, round((LEAD_MS - 500) / FRAME_MS) :]


def human_distances(
    humans: list[HumanPlay], limit: int, measured: Mapping[HumanPlay, Measured]
) -> np.ndarray:
    """(G, 2) osu!px on G <= limit maps: the cursor distance between two humans, and the mean one
    between them and the autoplayer. `measured` are plays that need not be measured again."""
    groups = same_map_groups(humans)
    groups = groups[:: max(1, len(groups) // limit)][:limit]
    distances = []
    for group in tqdm(groups, desc="measuring: two humans on one map", unit="map"):
        try:
            a, b = (measured.get(human) or measure(*human.load()) for human in group[:2])
            auto = measure(a.beatmap, auto_play(a.beatmap))
        except UserError:
            continue
        to_auto = np.mean([cursor_distance_px(play, auto) for play in (a, b)])
        distances.append((cursor_distance_px(a, b), to_auto))
    return np.array(distances).reshape(-1, 2)


def diversity(
    subjects: list[Subject],
    contestant: Contestant,
    auto: Contestant,
    human_px: np.ndarray,
    seed: int,
) -> Diversity | None:
    """Comparison 2: the distance of two plays on one map over that of two humans on one map.

    The two are not on the same maps, so each is first divided by its maps' distance between a
    human and the autoplayer. human_px (G, 2) is what `human_distances` returns. None where the
    contestant has no second plays, or no map was played by two humans.
    """
    if not len(human_px):
        return None
    human_weights = bootstrap.draws(len(human_px), seed + 1)
    human_ratio = (human_weights @ human_px[:, 0]) / (human_weights @ human_px[:, 1])
    if contestant.name == HUMAN:
        return Diversity(
            maps=len(human_px),
            px=bootstrap.interval(bootstrap.weighted_mean(human_px[:, 0], human_weights)),
            to_human_px=None,
            ratio=bootstrap.interval(human_ratio / human_ratio[0]),
        )
    plays, second_plays = contestant.plays, contestant.second_plays
    pairs = [i for i in second_plays if i in plays and i in auto.plays]
    if not pairs:
        return None
    px = np.array([cursor_distance_px(plays[i], second_plays[i]) for i in pairs])
    to_human_px = np.array([cursor_distance_px(plays[i], subjects[i].play) for i in pairs])
    to_auto_px = np.array([cursor_distance_px(subjects[i].play, auto.plays[i]) for i in pairs])
    weights = bootstrap.draws(len(pairs), seed)
    return Diversity(
        maps=len(pairs),
        px=bootstrap.interval(bootstrap.weighted_mean(px, weights)),
        to_human_px=bootstrap.interval(bootstrap.weighted_mean(to_human_px, weights)),
        ratio=bootstrap.interval((weights @ px) / (weights @ to_auto_px) / human_ratio),
    )


def kinematic_distances(
    subjects: list[Subject], contestant: Contestant, other: Contestant, seed: int
) -> dict[str, KinematicDistance]:
    """Comparison 3: how far each histogram is from the subjects', beside the `other` humans'."""
    distances = {}
    pairs = sorted(set(contestant.plays) & set(other.plays))
    weights = bootstrap.draws(len(pairs), seed)
    own = {i: subject.play for i, subject in enumerate(subjects)}
    for name, (_, edges) in HISTOGRAMS.items():
        human, generated, other_human = (
            bootstrap.mixture(np.stack([plays[i].histograms[name] for i in pairs]), weights)
            for plays in (own, contestant.plays, other.plays)
        )
        w1 = bootstrap.wasserstein(generated, human, edges)
        # Two sets of humans can be alike by luck; the median of the draws is less lucky.
        human_w1 = np.nanmedian(bootstrap.wasserstein(other_human, human, edges)[1:])
        distances[name] = KinematicDistance(
            w1=bootstrap.interval(w1), to_human=bootstrap.interval(w1 / human_w1)
        )
    return distances


def numbers(
    subjects: list[Subject], contestant: Contestant, bands: dict[str, Band], seed: int
) -> dict[str, NumberComparison]:
    """Comparisons 3 to 8: each number of the plays beside the humans', whose `bands` are given."""
    pairs = sorted(contestant.plays)
    weights = bootstrap.draws(len(pairs), seed)
    comparisons = {}
    for name in QUANTITIES:
        generated = np.array([contestant.plays[i].numbers[name] for i in pairs])
        human = np.array([subjects[i].play.numbers[name] for i in pairs])
        band = bands[name]
        inside = (generated >= band.p5) & (generated <= band.p95)
        inside = np.where(np.isfinite(generated), inside, np.nan)
        comparisons[name] = NumberComparison(
            plays=int(np.isfinite(generated).sum()),
            percentiles=Band(*percentiles(generated)),
            inside=bootstrap.interval(bootstrap.weighted_mean(inside, weights)),
            ks=kolmogorov_smirnov(generated, human),
            difference=bootstrap.interval(bootstrap.weighted_mean(generated - human, weights)),
        )
    return comparisons


def percentiles(values: np.ndarray, shares=(5, 50, 95)) -> list[float]:
    """Percentiles of the finite values; nan without any."""
    finite = values[np.isfinite(values)]
    return np.percentile(finite, shares).tolist() if len(finite) else [float("nan")] * len(shares)


def kolmogorov_smirnov(a: np.ndarray, b: np.ndarray) -> float:
    """The two-sample Kolmogorov-Smirnov statistic of the finite values; nan without any."""
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    return float(ks_2samp(a, b).statistic) if len(a) and len(b) else float("nan")


def nearest_windows(
    subjects: list[Subject], contestants: list[Contestant], humans: list[HumanPlay], seed: int
) -> dict[str, NearestWindows]:
    """Comparison 9, of all contestants by name: distances to the nearest windows of training plays.

    A subject is not compared with plays of the same player, nor another human, who is mostly of
    the training split, with plays of the same player or song. A network has no plays of its own.
    A contestant without a window that moves has no entry.
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

    for i, (human, play) in enumerate(subjects):
        add("", i, play, human.player)
    for contestant in contestants:
        for i, play in contestant.plays.items():
            if contestant.name == HUMAN:
                partner = contestant.partners[i]
                add(HUMAN, i, play, partner.player, partner.song)
            else:
                add(contestant.name, i, play)
    bar = tqdm(training, desc="nearest training windows", unit="play")
    distance = nearest_px(np.concatenate(parts), avoided, bar)
    names = np.array([name for name, _ in owner])
    pairs = np.array([pair for _, pair in owner])
    weights = bootstrap.draws(len(subjects), seed)
    results = {}
    for contestant in contestants:
        human = (names == "") & np.isin(pairs, list(contestant.plays))
        generated = names == contestant.name
        if not human.any() or not generated.any():
            continue
        bound = np.percentile(distance[human], 5)
        near = np.bincount(pairs[generated], distance[generated] < bound, len(subjects))
        count = np.bincount(pairs[generated], minlength=len(subjects))
        results[contestant.name] = NearestWindows(
            px=float(np.median(distance[generated])),
            human_px=float(np.median(distance[human])),
            nearer=bootstrap.interval((weights @ near) / (weights @ count)),
        )
    return results


def training_map_ratio(contestant: Contestant, seed: int) -> Interval:
    """Comparison 9 on training maps: the cursor distance to the nearest human play of the map, over
    that from each of these to the nearest other."""
    if not contestant.training_map_plays:
        return UNDEFINED
    generated = [
        min(cursor_distance_px(play, other) for other in training_map.plays)
        for training_map, play in contestant.training_map_plays
    ]
    human = [training_map.between_humans_px for training_map, _ in contestant.training_map_plays]
    weights = bootstrap.draws(len(generated), seed)
    return bootstrap.interval((weights @ np.array(generated)) / (weights @ np.array(human)))
