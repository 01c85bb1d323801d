"""One player plays many maps, one after the other; what cannot be played is passed over."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from osu.errors import UserError
from osu.features.chart import check_length
from osu.formats.archive import ARCHIVES, DifficultyError
from osu.formats.beatmap import Beatmap, BeatmapError, load_beatmap
from osu.formats.mods import Mods
from osu.players.engine import Player
from osu.players.generated import GeneratedPlay, play_file_name
from osu.players.options import OnProgress, PlayOptions
from osu.rules.work import JudgeError


class Opened(NamedTuple):
    """A map that is played next."""

    path: Path
    beatmap: Beatmap  # mods applied


class MadePlay(NamedTuple):
    """A play of the map that was opened last."""

    play: GeneratedPlay


class Skipped(NamedTuple):
    """A file without a map that can be played, or whose plays cannot be judged."""

    path: Path
    error: UserError
    missing: int  # plays that were to be made of it


def play_maps(
    player: Player,
    files: list[Path],
    mods: Mods,
    difficulty: str | None,
    seeds: Sequence[int],
    options: PlayOptions,
    on_progress: OnProgress,
) -> Iterator[Opened | MadePlay | Skipped]:
    """Plays each file's map with every seed, and says what was done as soon as it is.

    A file is a .osu, or an archive of which `difficulty` is played, or the first that can be read.
    With a difficulty, .osu files of other ones are skipped with a DifficultyError; so are files
    whose map another one had. `on_progress` gets the share of all plays.
    """
    known: dict[str, Path] = {}  # MD5 -> the first file with that map
    done, wanted = 0, len(files) * len(seeds)
    for path in files:
        missing = len(seeds)
        try:
            beatmap = open_map(path, mods, difficulty)
            if (first := known.setdefault(beatmap.md5, path)) != path:
                raise BeatmapError(f"it is the map of {first}, too")
            yield Opened(path, beatmap)
            for seed in seeds:
                play = player.generate(
                    beatmap,
                    seed,
                    options,
                    lambda share, done=done, wanted=wanted: on_progress((done + share) / wanted),
                )
                done, missing = done + 1, missing - 1
                yield MadePlay(play)
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


def play_file_names(
    model: str, seeds: Sequence[int], beatmap: Beatmap, taken: set[str]
) -> list[str]:
    """The name of each play's .osr file. `taken` are the first names of the maps before: a map that
    would have one of those, too, has its MD5 in its names, so that no play is written over."""
    names = [play_file_name(f"{model} {seed}", beatmap) for seed in seeds]
    if names[0].casefold() in taken:  # as file systems without upper and lower case see it
        md5 = beatmap.md5[:8]
        names = [play_file_name(f"{model} {seed} {md5}", beatmap) for seed in seeds]
    taken.add(names[0].casefold())
    return names
