"""The window's command that reads the plays of a person to play like, and what is said of them."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from osu.data.finding.folders import content_suffix
from osu.data.library import MAP_SUFFIXES
from osu.gui.messages import LikesRead, ReadLikedPlays
from osu.players.likes.reading import MOST_LIKED, ReadLikes, read_likes
from osu.players.options import players_of, whose_plays

MOST_REASONS = 3  # that are said


def read_liked_plays(
    command: ReadLikedPlays, opened: tuple[str, ...], part: Callable[[float, str], None]
) -> LikesRead:
    """Maps are also looked for in the files `opened` before and right beside the replays. `part`
    hears how far it is, and may raise to stop. Raises UserError where no replay can be used."""
    beside = dict.fromkeys(Path(name).parent for name in command.names if Path(name).is_file())
    maps = [path for folder in beside for path in sorted(folder.iterdir())]
    maps = [path for path in maps if content_suffix(path) in MAP_SUFFIXES]
    read = read_likes(
        command.names,
        [*opened, *maps, *command.maps],
        lambda share: part(share, "reading the replays to play like"),
        "open its Songs folder first",
    )
    return LikesRead(read.plays, ", ".join(players_of(read.plays)), what_was_read(read))


def what_was_read(read: ReadLikes) -> str:
    """One line: whose plays they are, and how many were read and skipped."""
    verb = "is" if len(read.plays) == 1 else "are"
    line = f"{whose_plays(read.plays)} {verb} read"
    line += f" (at most {MOST_LIKED} are)" * (len(read.plays) == MOST_LIKED)
    if skipped := read.skipped.total():
        line += f", {skipped} skipped: {reasons_in_words(read.skipped)}"
    return "; ".join([line, *read.notes[:1]]) + "."


def reasons_in_words(skipped: Counter) -> str:
    """The most common reasons, each with its count."""
    reasons = [f"{reason} ({n})" for reason, n in skipped.most_common(MOST_REASONS)]
    return ", ".join(reasons + ["..."] * (len(skipped) > MOST_REASONS))
