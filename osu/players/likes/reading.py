"""Reads the plays of a person to play like, out of files and folders that a user names."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from osu.data.finding.pair import Pair
from osu.data.library import (
    CHANGED_LINE_ENDS,
    DataError,
    find_maps,
    replay_files,
    replay_head,
)
from osu.errors import UserError
from osu.formats.plays.kind import why_not_human
from osu.formats.replay import load_replay
from osu.players.options import LikedPlay, OnProgress, OptionError, liked_play

MOST_LIKED, MOST_LOOKED_AT = 50, 1000  # replays: read, and opened at most
NO_MAP_FOUND = "its map was not found"


@dataclass(frozen=True, eq=False)
class ReadLikes:
    """What was read, and what could not be."""

    plays: tuple[LikedPlay, ...]
    skipped: Counter  # reason -> how many replays
    notes: tuple[str, ...]  # sentences about what was read in part or otherwise than it lies there


def read_likes(
    names: Iterable[str | Path],
    maps: Iterable[str | Path],
    on_progress: OnProgress = lambda share: None,
    if_lost: str = "",
) -> ReadLikes:
    """The plays of the replays `names`, and of those below folders among them, with their maps:
    files of `maps`, or below its folders and those of `names`.

    Of more than MOST_LIKED some are drawn, the same each time. One that was named alone has to be
    usable: its error is raised; DataError where none is. `if_lost` says what helps where a map was
    not found. `on_progress` may raise to stop; it is asked at each file.
    """
    names = [Path(name) for name in names]
    skipped: Counter = Counter()

    def goes_on() -> bool:
        on_progress(0.0)
        return True

    files = replay_files(names, skipped, goes_on)
    alone = len(files) == 1 and files[0] in names
    random.Random(0).shuffle(files)
    files = files[:MOST_LOOKED_AT]
    heads = [head for file in files if goes_on() and (head := replay_head(file))]
    places = [*maps, *(name for name in names if name.is_dir())]
    found = find_maps(places, {head.beatmap_md5 for head in heads}, goes_on)
    plays: list[LikedPlay] = []
    notes: list[str] = []
    for path in files:
        if len(plays) == MOST_LIKED:
            break
        on_progress(len(plays) / min(MOST_LIKED, len(files)))
        try:
            plays.append(_read_like(path, found, notes, if_lost))
        except UserError as error:
            if alone:
                raise
            skipped[reason_without(error, path)] += 1
    if not plays:
        reasons = "; ".join(f"{reason} ({count})" for reason, count in skipped.most_common(3))
        raise DataError(f"none of the {len(files)} replays to play like can be used: {reasons}")
    return ReadLikes(tuple(plays), skipped, tuple(notes))


def _read_like(path: Path, maps: dict[str, Pair], notes: list[str], if_lost: str) -> LikedPlay:
    replay = load_replay(path)
    pair = maps.get(replay.beatmap_md5)
    if reason := why_not_human(replay):
        raise OptionError(f"{path} is nobody to play like: {reason}")
    if pair is None:
        raise DataError(f"{path}: " + "; ".join(filter(None, (NO_MAP_FOUND, if_lost))))
    liked = liked_play(str(path), replay, pair.load_map(replay.beatmap_md5))
    notes += [f"{pair.beatmap}: {CHANGED_LINE_ENDS}"] * pair.crlf
    notes += [f"{path}: left out: {part}" for part in replay.left_out]
    return liked


def reason_without(error: UserError, path: Path) -> str:
    """An error's sentence without the file's name, so that those of many files can be counted."""
    reason = str(error)
    for name in (str(path), path.name):
        reason = reason.removeprefix(name)
    return reason.removeprefix(":").strip()
