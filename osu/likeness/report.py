"""The likeness report as files: Markdown with a table and pictures, and JSON."""

import json
import math
from collections.abc import Callable
from pathlib import Path

from osu.files import write_atomic
from osu.likeness import plots
from osu.likeness.bootstrap import Interval
from osu.likeness.compare import (
    COMPARISONS,
    DIVERSITY,
    LEAST_INSIDE,
    MOST_DISTANCE,
    ContestantResult,
    Likeness,
)
from osu.likeness.comparisons import NumberComparison
from osu.likeness.contestants import HUMAN
from osu.likeness.measures import HISTOGRAMS, QUANTITIES
from osu.likeness.two_sample import CLASSIFIERS
from osu.players.auto import AUTO

MARK = " ✗"
FIGURES = {
    "errors": "Hit errors, all plays of a column together.",
    "kinematics": "Speed, acceleration and jerk; each play counts the same.",
    "spinners": "Spinner paths: one colour a play.",
    "paths": "One passage of one map: several humans, and each column's plays. Dots are 1/60 s.",
}
INTRODUCTION = (
    "{plays} human plays of the {split} split ({players} players, {songs} songs), each against one "
    "play on the same map with the same mods; seed {seed}. **human**: other humans of like skill, "
    "no player on both sides. **auto**: a straight-line autoplayer. Brackets are 95 % intervals "
    "over plays; ✗ is what gives a column away."
)
LEGEND = (
    "Classifiers never met the songs and players they are tested on; .5 is chance, and the human "
    "column says what chance looks like here. Diversity: the distance of two plays of one map over "
    f"that of two humans; {DIVERSITY[0]} to {DIVERSITY[1]} is human-like. Kinematics: Wasserstein "
    f"distance to the humans over that of other humans, at most {MOST_DISTANCE}. The other rows "
    "give the median beside the humans' p5 … p50 … p95, and the Kolmogorov-Smirnov distance to the "
    f"humans; human-like is a median inside, no sign that fewer than {LEAST_INSIDE:.0%} of the "
    "plays are, and no other distribution (KS, p < .001). Memory: the share of windows nearer to a "
    "training play than one in twenty of the humans' (.05 is human), and on training maps the "
    "distance to the nearest human over that between humans (1 is human, 0 a copy)."
)


def write_likeness_report(
    likeness: Likeness, folder: str | Path, sanity: dict | None, skipped: dict | None = None
) -> Path:
    """Writes report.md, report.json and the plots, and returns report.md's path.

    sanity: report.json of an earlier run on the controls, for the table at the end.
    skipped: reasons of the plays that could not be read, with their counts, for report.json.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "errors": plots.errors_figure(likeness),
        "kinematics": plots.kinematics_figure(likeness),
        "spinners": plots.spinners_figure(likeness),
        "paths": plots.paths_figure(likeness),
    }
    pictures = {name: picture for name, picture in pictures.items() if picture}
    for name, picture in pictures.items():
        write_atomic(folder / f"{name}.png", picture)
    content = as_dict(likeness) | ({} if skipped is None else {"skipped": skipped})
    write_atomic(folder / "report.json", to_json(content).encode())
    path = folder / "report.md"
    write_atomic(path, markdown(likeness, list(pictures), sanity).encode())
    return path


def as_dict(likeness: Likeness) -> dict:
    """The content of report.json. Contestants are its columns, comparisons its rows; an interval is
    [value, low, high], a band [p5, median, p95]."""

    def column(name: str, result: ContestantResult) -> dict:
        diversity = vars(result.diversity) if result.diversity else {}
        nearest = vars(result.nearest_windows) if result.nearest_windows else {}
        return {
            "pairs": result.pairs,
            "classifiers": {key: vars(scores) for key, scores in result.classifiers.items()},
            "diversity": {key: value for key, value in diversity.items() if value is not None},
            "kinematics": {key: vars(distance) for key, distance in result.kinematics.items()},
            "numbers": {key: vars(number) for key, number in result.numbers.items()},
            "memory": nearest | {"familiar": result.training_map_ratio},
            "tells": likeness.giveaways[name],
        }

    return {
        "split": likeness.split,
        "seed": likeness.seed,
        "humans": _counts(likeness) | {"bands": likeness.bands},
        "columns": {name: column(name, result) for name, result in likeness.results.items()},
    }


def to_json(content: dict) -> str:
    """JSON of five digits a number, with null for what is undefined."""

    def plain(value):
        if isinstance(value, dict):
            return {str(key): plain(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(inner) for inner in value]
        if isinstance(value, float):
            return float(f"{value:.5g}") if math.isfinite(value) else None
        return value

    return json.dumps(plain(content), indent=1, ensure_ascii=False) + "\n"


def markdown(likeness: Likeness, pictures: list[str], sanity: dict | None) -> str:
    """The text of report.md, with the named pictures beside it."""
    names = [name for name in likeness.results if name not in (HUMAN, AUTO)]
    lines = [
        f"# How human does it look? {', '.join(names) or 'the references alone'}",
        "",
        INTRODUCTION.format(split=likeness.split, seed=likeness.seed, **_counts(likeness)),
        "",
        *_verdicts(likeness),
        "",
    ]
    for name in names:
        phrases = [
            p for by_quantity in likeness.giveaways[name].values() for p in by_quantity.values()
        ]
        lines.append(f"- **{name}** gives itself away by: {'; '.join(phrases) or 'nothing'}.")
    lines.append("")
    for name in pictures:
        lines += [f"![{name}]({name}.png)", "", f"*{FIGURES[name]}*", ""]
    lines += ["## Every number", "", *_table(likeness), ""]
    if sanity:
        lines += _sanity(sanity)
    lines += [
        "## How to read it",
        "",
        LEGEND,
        "",
    ]
    return "\n".join(lines)


def _counts(likeness: Likeness) -> dict[str, int]:
    humans = [human for human, _ in likeness.subjects]
    return {
        "plays": len(humans),
        "players": len({human.player for human in humans}),
        "songs": len({human.song for human in humans}),
    }


def _verdicts(likeness: Likeness) -> list[str]:
    """A table of comparisons by contestants: human-like, or how many quantities are not."""
    lines = [f"| | {' | '.join(likeness.results)} |", f"|---|{'---|' * len(likeness.results)}"]
    for number, comparison in COMPARISONS.items():
        cells = []
        for name, result in likeness.results.items():
            count = len(likeness.giveaways[name][comparison])
            measured = number != 2 or result.diversity
            cells.append(f"✗ {count}" if count else "human-like" if measured else "–")
        lines.append(f"| {number} {comparison} | {' | '.join(cells)} |")
    return lines


def _table(likeness: Likeness) -> list[str]:
    """A table of every quantity by contestants, with marks at what gives one away."""
    # Of a table's row: comparison, quantity's key among the giveaways, label, the humans' cell, and
    # a function from a contestant's result to its cell.
    rows: list[tuple[int, str, str, str, Callable[[ContestantResult], str]]] = []
    for kind in CLASSIFIERS:
        for quantity, label in (
            ("window_accuracy", "accuracy, 4 s"),
            ("window_auc", "AUC, 4 s"),
            ("replay_auc", "AUC, replays"),
        ):
            rows.append((1, f"{kind} {quantity}", f"{kind} net, {label}", ".5",
                lambda r, k=kind, q=quantity: _range(getattr(r.classifiers[k], q))))  # fmt: skip
    rows.append((2, "ratio", "two plays of a map, over humans'", "1",
        lambda r: _range(r.diversity and r.diversity.ratio)))  # fmt: skip
    for name in HISTOGRAMS:
        rows.append((3, name, f"{name}, W1 over humans'", "1",
            lambda r, n=name: _range(r.kinematics[n].to_human)))  # fmt: skip
    for name, about in QUANTITIES.items():
        unit = f", {about.unit}" if about.unit else ""
        band = " … ".join(_short(value) for value in likeness.bands[name])
        rows.append((about.comparison, name, about.label + unit, band,
            lambda r, n=name: _number(r.numbers[n])))  # fmt: skip
    rows.append((9, "nearer", "windows very near to training", ".05",
        lambda r: _range(r.nearest_windows and r.nearest_windows.nearer)))  # fmt: skip
    rows.append((9, "familiar", "nearness on training maps", "1",
        lambda r: _range(r.training_map_ratio)))  # fmt: skip

    lines = [
        f"| | | humans | {' | '.join(likeness.results)} |",
        f"|---|---|---|{'---|' * len(likeness.results)}",
    ]
    last = 0
    for number, key, label, humans, cell in sorted(rows, key=lambda row: row[0]):
        title = f"**{number} {COMPARISONS[number]}**" if number != last else ""
        last = number
        cells = [
            cell(result) + (MARK if key in likeness.giveaways[name][COMPARISONS[number]] else "")
            for name, result in likeness.results.items()
        ]
        lines.append(f"| {title} | {label} | {humans} | {' | '.join(cells)} |")
    return lines


def _sanity(sanity: dict) -> list[str]:
    """A table of the controls, humans with one fault each: which comparisons notice."""
    lines = [
        "## Does the instrument notice?",
        "",
        f"Human plays with one fault each, {sanity['humans']['plays']} plays of the "
        f"{sanity['split']} split, seed {sanity['seed']}; AUC of replays.",
        "",
        "| | conv | features | rows that notice |",
        "|---|---|---|---|",
    ]
    for name, column in sanity["columns"].items():
        scores = (column["classifiers"][kind] for kind in CLASSIFIERS)
        aucs = [_range(_interval_of_json(score["replay_auc"])) for score in scores]
        noticed = [
            f"{comparison} ({', '.join(by_quantity)})"
            for comparison, by_quantity in column["tells"].items()
            if by_quantity
        ]
        lines.append(f"| {name} | {' | '.join(aucs)} | {'; '.join(noticed) or 'none'} |")
    return [*lines, ""]


def _interval_of_json(values: list[float | None]) -> Interval:
    return Interval(*(math.nan if value is None else value for value in values))


def _range(interval: Interval | None) -> str:
    if interval is None or not math.isfinite(interval.value):
        return "–"
    return f"{_short(interval.value)} [{_short(interval.low)}, {_short(interval.high)}]"


def _number(number: NumberComparison) -> str:
    if not number.plays:
        return "–"
    return f"{_short(number.percentiles.median)} (KS {_short(number.ks)})"


def _short(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else text
