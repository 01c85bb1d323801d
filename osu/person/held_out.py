"""Plays of held-out songs by a model of a person, beside the person's own: what the game counts.

pairs = play_held_out(player, chosen, folder)
for line in table_of(pairs): print(line)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from osu.data.dataset import Described, PlaySet
from osu.data.library import find_maps
from osu.errors import UserError
from osu.formats.replay import load_replay, save_replay
from osu.players.engine import Player
from osu.rules.judge import judge
from osu.units import FRAME_HZ

LEAST_S = 30.0  # of a play that is compared


@dataclass(frozen=True)
class GameCounts:
    """What the game counts of a play of a map with `objects` objects."""

    accuracy: float  # 0 .. 1
    unstable_rate: float  # nan where nothing was hit
    misses: int
    objects: int


@dataclass(frozen=True)
class Compared:
    """A person's play, and a model's of the same map under the same mods."""

    song: str
    own: GameCounts
    model: GameCounts


def choose_held_out(plays: PlaySet, most: int) -> list[Described]:
    """The shortest of the held-out plays, of as many songs as there are; at most `most`."""
    held = sorted((plays.plays[i] for i in plays.own("val")), key=lambda play: play.frames)
    held = [play for play in held if play.frames >= LEAST_S * FRAME_HZ]
    seen: dict[str, int] = {}
    maps, turns = set(), []
    for play in held:
        if (play.beatmap, play.mods) not in maps:
            maps.add((play.beatmap, play.mods))
            turns.append((seen.setdefault(play.song, 0), play))
            seen[play.song] += 1
    return [play for _, play in sorted(turns, key=lambda turn: turn[0])][:most]


def play_held_out(
    player: Player, chosen: Sequence[Described], folders: list[str], out: Path
) -> list[Compared]:
    """Each map with a seed of its own. Generated plays are kept in `out` and taken from there where
    they are already. A play that ended before its map is compared up to there by shares only; what
    cannot be read any more is left out and said."""
    out.mkdir(parents=True, exist_ok=True)
    maps, compared = find_maps(folders, {play.beatmap for play in chosen}), []
    for seed, described in enumerate(tqdm(chosen, desc="held-out plays", unit="play")):
        path = out / f"{seed:02d}-{described.beatmap}.osr"
        try:
            own = load_replay(described.replay)
            if described.beatmap not in maps:
                raise UserError(f"{described.replay}: its map was not found again")
            beatmap = maps[described.beatmap].load_map(described.beatmap)
            beatmap = beatmap.with_mods(own.conditions)
            if not path.exists():
                save_replay(player.play(beatmap, seed), path)
            judgements = judge(beatmap, own), judge(beatmap, load_replay(path))
        except UserError as error:
            tqdm.write(f"left out: {error}")
            continue
        sides = [
            GameCounts(j.accuracy, j.unstable_rate, j.nmiss, int(j.judged.sum()))
            for j in judgements
        ]
        compared.append(Compared(described.song, *sides))
    return compared


def differences(pairs: Sequence[Compared]) -> np.ndarray:
    """(N, 3) the model's less the person's: points of accuracy, unstable rate, misses of 100
    objects."""
    rows = []
    for pair in pairs:
        own, model = (
            np.array([100 * side.accuracy, side.unstable_rate, 100 * side.misses / side.objects])
            for side in (pair.own, pair.model)
        )
        rows.append(model - own)
    return np.array(rows).reshape(-1, 3)


def table_of(pairs: Sequence[Compared]) -> list[str]:
    """Lines: a row a map, then the mean difference with its standard error."""
    lines = ["held-out songs: yours / the model's    accuracy, %     unstable rate     misses"]
    for pair in pairs:
        own, model = pair.own, pair.model
        lines.append(
            f"{pair.song[:36]:36s}  {100 * own.accuracy:6.2f} / {100 * model.accuracy:6.2f}   "
            f"{own.unstable_rate:5.0f} / {model.unstable_rate:5.0f}   "
            f"{own.misses:4d} / {model.misses:4d}"
        )
    if len(pairs) > 1:
        off = differences(pairs)
        mean, error = np.nanmean(off, 0), np.nanstd(off, 0, ddof=1) / len(off) ** 0.5
        said = [f"{m:+.{d}f} ± {e:.{d}f}" for m, e, d in zip(mean, error, (1, 0, 1), strict=True)]
        lines.append(
            f"mean difference (± standard error): accuracy {said[0]} points, "
            f"unstable rate {said[1]}, misses of 100 objects {said[2]}"
        )
    return lines
