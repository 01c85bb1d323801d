"""The likeness report's columns: who plays against the humans, and the plays that come of it."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tqdm import tqdm

from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay, dump_replay, parse_replay
from osu.likeness.faults import jittered, resampled, shifted
from osu.likeness.human_plays import HumanPlay, matched, same_map_groups
from osu.likeness.measures import Measured, MeasureError, measure
from osu.players.auto import auto_play
from osu.rules.judge import JudgeError

HUMAN = "human"
AGAIN = 12  # pairs of which a second play is drawn, for the diversity
FAMILIAR = 6  # training maps that are played, for the memory
SAMPLES = 3  # plays of the pictured map

# Draws the play that stands against a human's, given the human's map with its mods: the map that
# the play is on and the play, or None where the source has none. Draw 0 is compared; the others
# show how much one player's plays of one map differ.
PlaySource = Callable[[HumanPlay, Beatmap, int], tuple[Beatmap, Replay] | None]


@dataclass(eq=False)
class Contestant:
    """What a source played against P humans."""

    name: str
    plays: dict[int, Measured] = field(default_factory=dict)  # by pair, 0 .. P - 1
    again: dict[int, Measured] = field(default_factory=dict)  # second plays, of some pairs
    samples: list[Measured] = field(default_factory=list)  # of the pictured pair
    familiar: list[tuple[list[HumanPlay], Measured]] = field(default_factory=list)  # training maps
    partners: dict[int, HumanPlay] | None = None  # where other humans play: who


def seed_of(human: HumanPlay, draw: int, seed: int) -> int:
    """A play's seed: it depends on what is played, not on the order of playing."""
    text = f"{seed}|{draw}|{human.md5}|{int(human.mods)}|{human.player}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little")


def auto_source(human: HumanPlay, beatmap: Beatmap, draw: int) -> tuple[Beatmap, Replay]:
    return beatmap, auto_play(beatmap)


def model_source(play: Callable[[Beatmap, int], Replay], seed: int) -> PlaySource:
    """Of a network's `play` (a map with its mods applied, a seed)."""
    return lambda human, beatmap, draw: (beatmap, play(beatmap, seed_of(human, draw, seed)))


def folder_source(replays: Iterable[Replay]) -> PlaySource:
    """Of replays that are there: the draws of one map under one set of mods in the order given."""
    found: dict[tuple, list[Replay]] = {}
    for replay in replays:
        found.setdefault((replay.beatmap_md5, replay.mods), []).append(replay)

    def source(human: HumanPlay, beatmap: Beatmap, draw: int):
        plays = found.get((human.md5, human.mods), [])
        return (beatmap, plays[draw]) if draw < len(plays) else None

    return source


def spoiled_sources(seed: int) -> dict[str, PlaySource]:
    """The compared humans' own plays, spoiled one way each: what the report has to notice."""

    def source(spoil: Callable[[Replay, int], Replay]) -> PlaySource:
        def draw_spoiled(human: HumanPlay, beatmap: Beatmap, draw: int):
            number = seed_of(human, draw, seed)
            return (beatmap, spoil(human.load()[1], number)) if draw == 0 else None

        return draw_spoiled

    return {
        "human + 8 ms": source(lambda replay, _: shifted(replay, 8)),
        "human + 1 px noise": source(lambda replay, number: jittered(replay, 1, number)),
        "human, a frame per 20 ms": source(lambda replay, _: resampled(replay, 20)),
    }


def human_column(chosen: list[HumanPlay], humans: list[HumanPlay]) -> Contestant:
    """Other humans of like skill, on maps of their own. ValueError where there are too few."""
    partners = dict(enumerate(matched(chosen, humans)))
    column = Contestant(HUMAN, partners=partners)
    for i, partner in tqdm(partners.items(), desc="measuring: other humans", unit="play"):
        _keep(HUMAN, *partner.load(), lambda measured, i=i: column.plays.update({i: measured}))
    return column


def memorised_column(other: Contestant, groups: list[list[HumanPlay]]) -> Contestant:
    """What a network that knows nothing but training plays would show: plays of humans.

    They are the other humans' plays out of the training split, so nothing but the memory row can
    tell them from humans.
    """
    known = {i: human for i, human in other.partners.items() if human.split == "train"}
    column = Contestant("a training play", partners=known)
    column.plays = {i: play for i, play in other.plays.items() if i in known}
    for group in groups:
        _keep(
            column.name, *group[0].load(), lambda play, g=group: column.familiar.append((g, play))
        )
    return column


def played_column(
    name: str,
    source: PlaySource,
    chosen: list[HumanPlay],
    measured: list[Measured],
    groups: list[list[HumanPlay]],
    pictured: int,
) -> Contestant:
    """What a source plays on the chosen humans' maps, and on those of `groups` of other humans.

    `measured` are the chosen humans' own plays. ValueError where the source plays none of them.
    """
    column = Contestant(name)
    jobs: list[tuple[HumanPlay, int, Callable[[Measured], None]]] = []
    for i, human in enumerate(chosen):
        jobs.append((human, 0, lambda play, i=i: column.plays.update({i: play})))
        if i < AGAIN:
            jobs.append((human, 1, lambda play, i=i: column.again.update({i: play})))
    jobs += [(chosen[pictured], draw, column.samples.append) for draw in range(2, SAMPLES + 1)]
    for group in groups:
        jobs.append((group[0], 0, lambda play, g=group: column.familiar.append((g, play))))
    maps = {id(human): own.beatmap for human, own in zip(chosen, measured, strict=True)}
    for human, draw, keep in tqdm(jobs, desc=f"playing: {name}", unit="play"):
        beatmap = maps.get(id(human)) or human.load()[0]
        played = source(human, beatmap, draw)
        if played is not None:
            beatmap, replay = played
            # Through the file's bytes, as the humans' plays went: what a file rounds is rounded.
            _keep(name, beatmap, parse_replay(dump_replay(replay)), keep)
    if not column.plays:
        raise ValueError(f"{name}: there is no play on the maps of the compared humans")
    if pictured in column.plays:
        column.samples.insert(0, column.plays[pictured])
    return column


def familiar_groups(humans: list[HumanPlay]) -> list[list[HumanPlay]]:
    """A few maps of the training split that two and more humans played."""
    groups = same_map_groups([human for human in humans if human.split == "train"])
    return groups[:: max(1, len(groups) // FAMILIAR)][:FAMILIAR]


def _keep(name: str, beatmap: Beatmap, replay: Replay, keep: Callable[[Measured], None]) -> None:
    try:
        keep(measure(beatmap, replay))
    except (MeasureError, JudgeError) as error:
        tqdm.write(f"{name}: a play of {beatmap.title} is left out: {error}")
