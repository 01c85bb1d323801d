"""One player plays many maps, one after the other; what cannot be played is passed over."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from osu.errors import UserError
from osu.features.chart import check_length
from osu.formats.archive import ARCHIVES, DifficultyError
from osu.formats.beatmap import Beatmap, BeatmapError, load_beatmap
from osu.formats.mods import Mods
from osu.players.options import OnProgress
from osu.rules.work import JudgeError

if TYPE_CHECKING:  # its file imports torch
    from osu.players.generated import GeneratedPlay

# (map, its mods applied; seed; what hears the share of the play that is made) -> the play
PlayOne = Callable[[Beatmap, int, OnProgress], "GeneratedPlay"]


class ChosenMap(NamedTuple):
    """A .osu, or an archive of which `difficulty` is played, or the first that can be read."""

    path: Path
    difficulty: str | None = None


class Opened(NamedTuple):
    """A map that is played next."""

    path: Path
    beatmap: Beatmap  # mods applied


class MadePlay(NamedTuple):
    """A play of the map that was opened last."""

    seed: int
    play: "GeneratedPlay"


class Skipped(NamedTuple):
    """A file without a map that can be played, or whose plays cannot be judged."""

    path: Path
    error: UserError
    missing: int  # plays that were to be made of it


def play_maps(
    play_one: PlayOne,
    maps: Sequence[ChosenMap],
    mods: Mods,
    seeds: Sequence[int],
    on_progress: OnProgress,
) -> Iterator[Opened | MadePlay | Skipped]:
    """Plays each map with every seed, and says what was done as soon as it is.

    A .osu file of another difficulty than the chosen one is skipped with a DifficultyError; so is a
    file whose map another one had. `on_progress` gets the share of all plays.
    """
    known: dict[str, Path] = {}  # MD5 -> the first file with that map
    done, wanted = 0, len(maps) * len(seeds)
    for path, difficulty in maps:
        missing = len(seeds)
        try:
            beatmap = open_map(path, mods, difficulty)
            if (first := known.setdefault(beatmap.md5, path)) != path:
                raise BeatmapError(f"it is the map of {first}, too")
            yield Opened(path, beatmap)
            for seed in seeds:
                play = play_one(
                    beatmap,
                    seed,
                    lambda share, done=done, wanted=wanted: on_progress((done + share) / wanted),
                )
                done, missing = done + 1, missing - 1
                yield MadePlay(seed, play)
        except (BeatmapError, JudgeError) as error:
            wanted -= missing
            yield Skipped(path, error, missing)


def open_map(path: Path, mods: Mods, difficulty: str | None) -> Beatmap:
    """A file's map under the mods. BeatmapError where it cannot be read or is too long to play."""
    beatmap = load_beatmap(path, difficulty)
    is_archive = path.suffix.lower() in ARCHIVES
    if not is_archive and difficulty not in (None, beatmap.difficulty):
        raise DifficultyError(f"{path.name} is another difficulty")
    beatmap = beatmap.with_mods(mods)
    check_length(beatmap.start_ms[0], beatmap.end_ms.max(), beatmap.rate)
    return beatmap
