"""Contestants of the likeness report: who plays against the compared humans, and the plays."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from tqdm import tqdm

from osu.data.library import DataError
from osu.errors import UserError, shown
from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay, as_a_file_has_it
from osu.likeness.faults import jittered, resampled, shifted
from osu.likeness.human_plays import HumanPlay, Subject, matched, same_map_groups
from osu.likeness.measures import Measured, cursor_distance_px, measure
from osu.players.auto import auto_play

HUMAN = "human"
SECOND_PLAYS = 12  # subjects on whose maps a second play is drawn, for the diversity
TRAINING_MAPS = 6  # training maps that are played, for the memory
PICTURED_PLAYS = 3  # plays of the pictured map


class PlaySource(Protocol):
    """A player's plays: the play of `human`'s map, or None where the source has none.

    human: the human play that it is compared with.
    beatmap: the map of that play, its mods applied.
    draw_index: 0 is compared; 1 and more are further plays of the same map by the same player.
    Returns the map that the play is on, its mods applied, and the play.
    """

    def __call__(
        self, human: HumanPlay, beatmap: Beatmap, draw_index: int, /
    ) -> tuple[Beatmap, Replay] | None: ...


@dataclass(frozen=True, eq=False)
class TrainingMap:
    """A map of the training split, and its plays by two and more humans, one each."""

    humans: list[HumanPlay]

    @cached_property
    def plays(self) -> list[Measured]:
        plays = (measured_or_none(HUMAN, human.load) for human in self.humans)
        return [play for play in plays if play]

    @cached_property
    def between_humans_px(self) -> float:
        """Cursor distance from a play to the nearest other, mean over the plays."""
        between = np.array([[cursor_distance_px(a, b) for b in self.plays] for a in self.plays])
        np.fill_diagonal(between, np.inf)
        return float(between.min(1).mean())


@dataclass(eq=False)
class Contestant:
    """One player's plays against the subjects', in pairs 0 .. P - 1."""

    name: str
    plays: dict[int, Measured] = field(default_factory=dict)  # by pair
    second_plays: dict[int, Measured] = field(default_factory=dict)  # by pair, some of them
    pictured_plays: list[Measured] = field(default_factory=list)  # all on the pictured map
    training_map_plays: list[tuple[TrainingMap, Measured]] = field(default_factory=list)
    # Of human contestants, whose plays are on maps of their own: the human of each pair.
    partners: dict[int, HumanPlay] | None = None


def seed_of(human: HumanPlay, draw_index: int, seed: int) -> int:
    """A play's seed: it depends on what is played, not on the order of playing."""
    text = f"{seed}|{draw_index}|{human.md5}|{int(human.mods)}|{human.player}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little")


def auto_source(human: HumanPlay, beatmap: Beatmap, draw_index: int) -> tuple[Beatmap, Replay]:
    """The straight-line autoplayer as a PlaySource: the same play at every draw."""
    return beatmap, auto_play(beatmap)


def model_source(play: Callable[[Beatmap, int], Replay], seed: int) -> PlaySource:
    """A network as a PlaySource, from its `play` (a map with its mods applied, a seed)."""
    return lambda human, beatmap, draw_index: (
        beatmap,
        play(beatmap, seed_of(human, draw_index, seed)),
    )


def folder_source(replays: Iterable[Replay]) -> PlaySource:
    """Replays as a PlaySource: those of one map under one set of mods are its draws, in order."""
    by_map: dict[tuple, list[Replay]] = defaultdict(list)
    for replay in replays:
        by_map[replay.beatmap_md5, replay.mods].append(replay)

    def source(human: HumanPlay, beatmap: Beatmap, draw_index: int):
        plays = by_map.get((human.md5, human.mods), [])
        return (beatmap, plays[draw_index]) if draw_index < len(plays) else None

    return source


def fault_sources(seed: int) -> dict[str, PlaySource]:
    """Controls by name: the subjects' own plays with one fault each for the report to notice."""

    def source(add_fault: Callable[[Replay, int], Replay]) -> PlaySource:
        def faulty_play(human: HumanPlay, beatmap: Beatmap, draw_index: int):
            if draw_index > 0:
                return None
            return beatmap, add_fault(human.load()[1], seed_of(human, draw_index, seed))

        return faulty_play

    return {
        "human + 8 ms": source(lambda replay, _: shifted(replay, 8)),
        "human + 1 px noise": source(lambda replay, noise_seed: jittered(replay, 1, noise_seed)),
        "human, a frame per 20 ms": source(lambda replay, _: resampled(replay, 20)),
    }


def human_contestant(subjects: list[Subject], humans: list[HumanPlay]) -> Contestant:
    """Other humans of like skill, on maps of their own. DataError where there are too few."""
    partners = dict(enumerate(matched([subject.human for subject in subjects], humans)))
    contestant = Contestant(HUMAN, partners=partners)
    for i, partner in tqdm(partners.items(), desc="measuring: other humans", unit="play"):
        if play := measured_or_none(HUMAN, partner.load):
            contestant.plays[i] = play
    return contestant


def memorised_contestant(other: Contestant, training_maps: list[TrainingMap]) -> Contestant:
    """The control of a network that only repeats training plays: humans' plays of that split.

    They are plays of `other`, the other humans, so nothing but the memory can give them away.
    """
    partners = {i: human for i, human in other.partners.items() if human.split == "train"}
    contestant = Contestant("a training play", partners=partners)
    contestant.plays = {i: play for i, play in other.plays.items() if i in partners}
    for training_map in training_maps:
        if play := measured_or_none(contestant.name, training_map.humans[0].load):
            contestant.training_map_plays.append((training_map, play))
    return contestant


def source_contestant(
    name: str,
    source: PlaySource,
    subjects: list[Subject],
    training_maps: list[TrainingMap],
    pictured: int,
) -> Contestant:
    """A source's plays of the subjects' maps, of pair `pictured` more than one, and of
    `training_maps`. DataError where the source plays none of the subjects' maps."""
    contestant = Contestant(name)
    count = len(subjects) + min(len(subjects), SECOND_PLAYS) + PICTURED_PLAYS - 1
    bar = tqdm(total=count + len(training_maps), desc=f"playing: {name}", unit="play")

    def draw(human: HumanPlay, beatmap: Beatmap, draw_index: int) -> Measured | None:
        bar.update()
        drawn = source(human, beatmap, draw_index)
        if drawn is None:
            return None
        beatmap, replay = drawn
        # The humans' plays went through a file: what one rounds is rounded.
        return measured_or_none(name, lambda: (beatmap, as_a_file_has_it(replay)))

    with bar:
        for i, (human, own) in enumerate(subjects):
            if play := draw(human, own.beatmap, 0):
                contestant.plays[i] = play
            if i < SECOND_PLAYS and (play := draw(human, own.beatmap, 1)):
                contestant.second_plays[i] = play
        human, own = subjects[pictured]
        for draw_index in range(2, PICTURED_PLAYS + 1):
            if play := draw(human, own.beatmap, draw_index):
                contestant.pictured_plays.append(play)
        for training_map in training_maps:
            human = training_map.humans[0]
            if play := draw(human, human.load()[0], 0):
                contestant.training_map_plays.append((training_map, play))
    if not contestant.plays:
        raise DataError(f"{name}: there is no play on the maps of the compared humans")
    if pictured in contestant.plays:
        contestant.pictured_plays.insert(0, contestant.plays[pictured])
    return contestant


def training_maps_of(humans: list[HumanPlay]) -> list[TrainingMap]:
    """Up to TRAINING_MAPS maps of the training split that two and more humans played."""
    groups = same_map_groups([human for human in humans if human.split == "train"])
    groups = groups[:: max(1, len(groups) // TRAINING_MAPS)][:TRAINING_MAPS]
    return [TrainingMap(group) for group in groups]


def measured_or_none(name: str, load: Callable[[], tuple[Beatmap, Replay]]) -> Measured | None:
    """None, and a line for the user, where a play cannot be loaded any more or measured."""
    try:
        return measure(*load())
    except UserError as error:
        tqdm.write(shown(f"{name}: a play is left out: {error}"))
        return None
