"""How plays are called: the machine that plays, and the files of plays."""

from collections.abc import Sequence

from osu.formats.beatmap import Beatmap
from osu.formats.mods import mods_str

AUTO = "auto"  # the name of the model that is none: straight lines, exact times
# Of a file's name, characters and bytes: file systems take 255 bytes.
MOST_TITLE, MOST_PLAYER = (120, 170), (60, 70)


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


def play_file_name(player: str, beatmap: Beatmap, suffix: str = ".osr") -> str:
    """The name of a file of a play, without what a file system would not take.

    `player` is whose play of the map it is, for a generated one "MODEL SEED".
    """
    title = f"{beatmap.artist} - {beatmap.title} [{beatmap.difficulty}] {mods_str(beatmap.mods)}"
    return f"{_fit_for_files(title, *MOST_TITLE)} ({_fit_for_files(player, *MOST_PLAYER)}){suffix}"


def listed_file_names(plays: Sequence[tuple[str, Beatmap]]) -> list[str]:
    """The names of the .osr files of plays, (who plays, map) each, that lie in one folder: a map's
    MD5 is in them where a play of another map before has the same, and no two are the same."""
    names, maps = [], {}
    for player, beatmap in plays:
        name = play_file_name(player, beatmap)
        if maps.setdefault(name.casefold(), beatmap.md5) != beatmap.md5:
            name = play_file_name(f"{player} {beatmap.md5[:8]}", beatmap)
        names.append(name)
    return unlike(names)


def unlike(names: Sequence[str]) -> list[str]:
    """File names of which no two are the same: the second of one has " 2" before its ending."""
    seen: dict[str, int] = {}
    unlike = []
    for name in names:
        count = seen[name.casefold()] = seen.get(name.casefold(), 0) + 1
        stem, dot, ending = name.rpartition(".")
        unlike.append(name if count == 1 else f"{stem} {count}{dot}{ending}")
    return unlike


def _fit_for_files(text: str, most: int, most_bytes: int) -> str:
    text = "".join("_" if c in '<>:"/\\|?*' or not c.isprintable() else c for c in text)
    return text[:most].encode()[:most_bytes].decode(errors="ignore").strip()
