"""A report of prepared plays: what a person has, before anything is trained.

report.md with counts, what was skipped and why, and the spread of accuracy, stars, length, mods
and plays per player, each with a picture. Stars are rosu-pp's (`uv sync --extra stars`); without it
they are left out, and the report says so.
"""

import warnings
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from osu import figures
from osu.data.library import SPLITS, find_maps
from osu.data.manifest import read_head
from osu.errors import shown
from osu.files import write_atomic
from osu.formats.beatmap import BeatmapError
from osu.units import FRAME_MS

SHOWN = 20  # mods and players in a table or a picture
SHARES = (5, 25, 50, 75, 95)  # percentiles
NO_STARS = "Stars are left out: rosu-pp is not installed (`uv sync --extra stars`)."


@dataclass
class PlayTotals:
    """What the report needs of the plays: a few bytes a play, whatever their number."""

    accuracy: array = field(default_factory=lambda: array("f"))  # 0..1 as stable counts it, or nan
    minutes: array = field(default_factory=lambda: array("f"))  # of real time
    splits: Counter = field(default_factory=Counter)
    mods: Counter = field(default_factory=Counter)
    players: Counter = field(default_factory=Counter)
    maps: Counter = field(default_factory=Counter)  # of (MD5, mods)
    songs: dict[str, set[str]] = field(default_factory=dict)  # split -> songs


def total_plays(plays: Iterable) -> PlayTotals:
    """Totals of plays (items of osu.data.dataset.PlaySet.plays), each looked at once."""
    totals = PlayTotals()
    for play in plays:
        totals.accuracy.append(play.accuracy)
        totals.minutes.append(play.frames * FRAME_MS / 60_000)
        totals.splits[play.split] += 1
        totals.mods[play.mods] += 1
        totals.players[play.player] += 1
        totals.maps[play.beatmap, play.mods] += 1
        totals.songs.setdefault(play.split, set()).add(play.song)
    return totals


def stars_of(maps: Mapping[tuple[str, str], int], folders: list[str]) -> np.ndarray | None:
    """Stars of each play (in no order), of `maps`, (MD5, mods) -> plays, that lie below the
    folders. None where rosu-pp is not installed."""
    try:
        import rosu_pp_py as rosu
    except ImportError:
        return None
    files = find_maps(folders, {md5 for md5, _ in maps})
    stars: list[float] = []
    for (md5, mods), plays in maps.items():
        try:
            beatmap = rosu.Beatmap(bytes=files[md5].read_map())
        except (KeyError, BeatmapError, rosu.ParseError):
            continue
        if "(" in mods:  # lazer's settings, which rosu-pp is not told
            continue
        if not beatmap.is_suspicious():
            difficulty = rosu.Difficulty(mods="" if mods == "NM" else mods)
            stars += [difficulty.calculate(beatmap).stars] * plays
    return np.array(stars)


def skipped_of(cache: Path) -> dict[str, int]:
    """What was skipped when a cache was prepared: reason -> count."""
    skipped = read_head(cache).get("skipped", {})
    return skipped if isinstance(skipped, dict) else {}


def write_data_report(
    plays: Iterable, skipped: Mapping[str, int], folders: list[str], out: str | Path
) -> Path:
    """Writes report.md and its pictures into the folder `out`, and returns report.md's path."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    totals = total_plays(plays)
    stars = stars_of(totals.maps, folders)
    spreads = {
        "accuracy": ("accuracy, %", _known(np.array(totals.accuracy) * 100)),
        "length": ("length, minutes of play", np.array(totals.minutes)),
    }
    if stars is not None and len(stars):
        spreads["stars"] = ("stars, mods counted", stars)
    counts = {
        "mods": ("plays with these mods", totals.mods),
        "players": ("plays of a player", totals.players),
    }
    for name, (label, values) in spreads.items():
        write_atomic(out / f"{name}.png", _histogram(label, values))
    for name, (label, counter) in counts.items():
        write_atomic(out / f"{name}.png", _bars(label, counter))
    path = out / "report.md"
    text = "\n".join(_lines(totals, skipped, spreads, counts, stars is None))
    write_atomic(path, text.encode())
    return path


def _lines(
    totals: PlayTotals, skipped: Mapping[str, int], spreads: dict, counts: dict, no_stars: bool
) -> list[str]:
    total = len(totals.accuracy)
    hours = sum(totals.minutes) / 60
    lines = [
        "# What is here",
        "",
        f"{total} plays, {hours:.1f} hours, of {len(totals.players)} players on "
        f"{len({md5 for md5, _ in totals.maps})} maps ({len(totals.maps)} with their mods).",
        "",
        "| split by song | plays | songs |",
        "|---|---|---|",
    ]
    for split in SPLITS:
        lines.append(f"| {split} | {totals.splits[split]} | {len(totals.songs.get(split, ()))} |")
    lines += ["", "| | " + " | ".join(f"p{share}" for share in SHARES) + " |"]
    lines.append("|---" * (len(SHARES) + 1) + "|")
    for label, values in spreads.values():
        row = " | ".join(f"{value:.2f}" for value in np.percentile(values, SHARES))
        lines.append(f"| {label} | {row} |")
    if no_stars:
        lines += ["", NO_STARS]
    elif "stars" not in spreads or len(spreads["stars"][1]) < total:
        lines += ["", "Stars are of the plays whose map rosu-pp reads, not of all."]
    lines += ["", "## Skipped", ""]
    lines += [f"- {count}: {_cell(reason)}" for reason, count in Counter(skipped).most_common()]
    lines += [] if skipped else ["Nothing."]
    for name, (label, counter) in counts.items():
        lines += ["", f"## {name.capitalize()}", "", f"| {label} | |", "|---|---|"]
        lines += [f"| {_cell(key)} | {count} |" for key, count in counter.most_common(SHOWN)]
        more = len(counter) - SHOWN
        lines += [f"| {more} more | {sum(counter.values()) - _top(counter)} |"] if more > 0 else []
    lines += ["", "## Pictures", ""]
    lines += [f"![{name}]({name}.png)" for name in (*spreads, *counts)]
    return [*lines, ""]


def _known(values: np.ndarray) -> np.ndarray:
    """Without the nan; one nan where there is nothing else."""
    finite = values[np.isfinite(values)]
    return finite if len(finite) else values[:1]


def _top(counter: Counter) -> int:
    return sum(count for _, count in counter.most_common(SHOWN))


def _cell(text: str) -> str:
    """A name out of a file, fit for a cell of a table."""
    return shown(text, 100).replace("|", "\\|").replace("<", "&lt;") or "(no name)"


def _histogram(label: str, values: np.ndarray) -> bytes:
    def draw(axis) -> None:
        axis.hist(values, bins=40, color="#0072b2")
        axis.set(xlabel=label, ylabel="plays")

    return _picture(draw, 2.4)


def _bars(label: str, counter: Counter) -> bytes:
    names, numbers = zip(*counter.most_common(SHOWN), strict=True)

    def draw(axis) -> None:
        at = range(len(names))
        axis.barh(at, numbers, color="#0072b2")
        # A name is no formula: a dollar sign would begin one.
        axis.set_yticks(at, [_cell(name)[:30].replace("$", r"\$") for name in names], fontsize=8)
        axis.invert_yaxis()
        axis.set(xlabel=label)

    return _picture(draw, 0.9 + 0.2 * len(names))


def _picture(draw, height: float) -> bytes:
    """A picture of one axis, 6 inches wide, as PNG bytes; `draw` gets the axis."""
    figure, (axis,) = figures.subplots(1, 1, 6, height)
    draw(axis)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # of a player's name: drawn as a box
        return figures.png(figure)
