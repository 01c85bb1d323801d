"""Human plays of a data folder: which are compared, and which other humans with them."""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from osu.data.finding.pair import CHANGED, Pair
from osu.data.library import DataError, find_pairs, split_by_song
from osu.errors import UserError
from osu.features.chart import check_length
from osu.formats.beatmap import Beatmap, Kind, parse_beatmap
from osu.formats.mods import Mods
from osu.formats.plays.kind import why_not_human, why_not_judged
from osu.formats.replay import Replay, clean_frames, load_replay
from osu.likeness.measures import Measured
from osu.likeness.memorisation import path_of
from osu.rules.judge import check_judgeable, judge

# A play is on the same map as another where these mods agree too; the others change neither what
# is seen nor what is played.
SPARE_MS = 5000.0  # that charts and plays are longer than their map
SAME_MODS = Mods.EZ | Mods.HR | Mods.DT | Mods.HT | Mods.HD | Mods.FL


@dataclass(frozen=True, eq=False)
class HumanPlay:
    """One human play, without its frames."""

    pair: Pair
    split: str
    player: str
    song: str
    md5: str
    mods: Mods
    accuracy: float
    skill: np.ndarray  # (3,) alike for plays of like skill, see `_skill`
    path: np.ndarray  # (K, 2) float32, see osu.likeness.memorisation

    @property
    def on(self) -> tuple[str, Mods]:
        """The map and the mods that matter: plays with the same are on the same map."""
        return self.md5, self.mods & SAME_MODS

    def load(self) -> tuple[Beatmap, Replay]:
        """The map under the play's mods, and the play."""
        replay = load_replay(self.pair.replay)
        return self.pair.load_map(self.md5).with_mods(replay.conditions), replay


class Subject(NamedTuple):
    """A human play that contestants are compared with: one side of a pair."""

    human: HumanPlay
    play: Measured


def read_humans(folder: str) -> tuple[list[HumanPlay], dict[str, int]]:
    """All plays below a folder that can be judged, and the reasons of the others with counts.

    Splits are the folder's own (index.csv), or by song. DataError where there is nothing.
    """
    pairs, skipped = find_pairs([folder])
    humans, beatmaps = [], {}
    for pair in tqdm(pairs, desc="reading humans", unit="play"):
        try:
            key = pair.beatmap, pair.member, pair.crlf
            if key not in beatmaps:
                beatmaps = {key: parse_beatmap(pair.read_map())}
            base = beatmaps[key]
            replay = load_replay(pair.replay)
            if replay.beatmap_md5 != base.md5:
                skipped[f"replay: {CHANGED}"] += 1
                continue
            if reason := why_not_compared(replay):
                skipped[f"replay: {reason}"] += 1
                continue
            t_ms, xy, _ = clean_frames(replay)
            beatmap = base.with_mods(replay.conditions)
            check_length(beatmap.start_ms[0], beatmap.end_ms.max() + SPARE_MS, beatmap.rate)
            check_judgeable(beatmap, replay)
            if len(t_ms) < 2 or t_ms[-1] < beatmap.start_ms[0] + 10_000:
                skipped["replay: less than ten seconds of play"] += 1
                continue
        except UserError as error:
            skipped[str(error).split(": ", 1)[-1]] += 1
            continue
        known = replay.counts_known
        accuracy = replay.accuracy if known else judge(beatmap, replay).accuracy
        humans.append(
            HumanPlay(
                pair=pair,
                split=pair.split,
                player=replay.player,
                song=f"{base.artist} - {base.title}",
                md5=base.md5,
                mods=replay.mods,
                accuracy=accuracy,
                skill=_skill(beatmap, accuracy),
                path=path_of(t_ms, xy, replay.rate),
            )
        )
    if any(not human.split for human in humans):
        split_of = split_by_song([human.song for human in humans], seed=0)
        humans = [replace(human, split=human.split or split_of[human.song]) for human in humans]
    return humans, dict(skipped)


def select(humans: list[HumanPlay], split: str, limit: int | None) -> list[HumanPlay]:
    """Plays of a split, first one of each player, then the second of each, and so on; a player's
    plays are taken from their songs in turn in the same way."""
    plays = [human for human in humans if human.split == split]
    for group in (lambda human: (human.player, human.song), lambda human: human.player):
        count: dict = defaultdict(int)
        order = []
        for human in plays:
            order.append((count[group(human)], human))
            count[group(human)] += 1
        plays = [human for _, human in sorted(order, key=lambda item: item[0])]
    return plays[:limit]


def matched(plays: list[HumanPlay], humans: list[HumanPlay]) -> list[HumanPlay]:
    """A partner for each of `plays`: a play of another player of like skill, on the same map if
    there is one. DataError where `humans` hold too few.

    No player is on both sides, no play is a partner twice, and the partners of one player's plays
    are of players who are nobody else's partners: a player's habits stay in one group.
    Where `plays` are one player's, the same holds for songs. Where all humans are one person, that
    person's plays of other songs serve as partners.
    """
    players = {human.player for human in plays}
    group = "player" if len(players) > 1 else "song"
    free = [human for human in humans if human.player not in players]
    if not free:
        songs = {human.song for human in plays}
        free = [human for human in humans if human.song not in songs]
    if len(free) < len(plays):
        raise DataError(
            f"{len(plays)} plays cannot be matched: only {len(free)} are of other players, "
            "or of other songs where all are one player's"
        )
    skill = np.stack([human.skill for human in free])
    scale = skill.std(0) + 1e-9
    owner = {getattr(human, group): getattr(human, group) for human in plays}
    used = np.zeros(len(free), bool)
    partners = []
    for human in plays:
        away = np.linalg.norm((skill - human.skill) / scale, axis=1)
        away += [0.0 if other.on == human.on else 2.0 for other in free]
        own = getattr(human, group)
        away += [9.0 if owner.get(getattr(o, group), own) != own else 0.0 for o in free]
        best = int(np.where(used, np.inf, away).argmin())
        used[best] = True
        owner.setdefault(getattr(free[best], group), own)
        partners.append(free[best])
    return partners


def same_map_groups(humans: list[HumanPlay]) -> list[list[HumanPlay]]:
    """Maps (with mods) played by two and more players: one play of each player, sorted by map."""
    groups: dict[tuple, dict[str, HumanPlay]] = defaultdict(dict)
    for human in humans:
        groups[human.on].setdefault(human.player, human)
    return [list(g.values()) for on, g in sorted(groups.items()) if len(g) > 1]


def why_not_compared(replay: Replay) -> str:
    """Why no generated play can stand beside a replay, in a phrase; "" where one can."""
    if reason := why_not_human(replay) or why_not_judged(replay):
        return reason
    if not replay.conditions.ordinary:
        return "its mods have settings, under which no model can write a replay of stable"
    return ""


def _skill(beatmap: Beatmap, accuracy: float) -> np.ndarray:
    """(3,) log of the accuracy lost, objects a real second, log of the px/s between objects."""
    objects = beatmap.kind != Kind.SPINNER
    gap_s = np.maximum(np.diff(beatmap.start_ms[objects]), 1) / (1000 * beatmap.rate)
    apart_px = np.linalg.norm(np.diff(beatmap.xy[objects], axis=0), axis=1)
    if not len(gap_s):
        return np.zeros(3)
    lost = np.log(1.01 - accuracy)
    return np.array([lost, 1 / np.median(gap_s), np.log(np.median(apart_px / gap_s) + 50)])
