"""The likeness report as Markdown: one table, what gives each column away, the pictures."""

import json
import math
from pathlib import Path

from osu.files import write_atomic
from osu.likeness import plots
from osu.likeness.compare import DIVERSITY, LEAST_INSIDE, MOST_DISTANCE, ROWS, Likeness
from osu.likeness.contestants import HUMAN
from osu.likeness.measures import HISTOGRAMS, QUANTITIES
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


def write_likeness_report(likeness: Likeness, folder: str | Path, sanity: dict | None) -> Path:
    """Writes report.md, report.json and the plots, and returns report.md's path.

    `sanity` are the columns of an earlier run on spoiled humans, for the table at the end.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "errors": plots.errors_figure(likeness),
        "kinematics": plots.kinematics_figure(likeness),
        "spinners": plots.spinners_figure(likeness),
        "paths": plots.paths_figure(likeness),
    }
    for name, picture in figures.items():
        if picture:
            write_atomic(folder / f"{name}.png", picture)
    shown = [name for name, picture in figures.items() if picture]
    write_atomic(folder / "report.json", to_json(likeness.numbers).encode())
    path = folder / "report.md"
    write_atomic(path, markdown(likeness.numbers, shown, sanity).encode())
    return path


def to_json(numbers: dict) -> str:
    """JSON with null for what is unknown."""

    def plain(value):
        if isinstance(value, dict):
            return {str(key): plain(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(inner) for inner in value]
        if isinstance(value, float):
            return float(f"{value:.5g}") if math.isfinite(value) else None
        return value

    return json.dumps(plain(numbers), indent=1, ensure_ascii=False) + "\n"


def markdown(numbers: dict, figures: list[str], sanity: dict | None) -> str:
    columns, humans = numbers["columns"], numbers["humans"]
    played = [name for name in columns if name not in (HUMAN, AUTO)]
    lines = [
        f"# How human does it look? {', '.join(played) or 'the references alone'}",
        "",
        INTRODUCTION.format(split=numbers["split"], seed=numbers["seed"], **humans),
        "",
        *_verdicts(columns),
        "",
    ]
    for name in played:
        told = columns[name]["tells"]
        phrases = [phrase for row in told.values() for phrase in row.values()]
        lines.append(f"- **{name}** gives itself away by: {'; '.join(phrases) or 'nothing'}.")
    lines.append("")
    for name in figures:
        lines += [f"![{name}]({name}.png)", "", f"*{FIGURES[name]}*", ""]
    lines += ["## Every number", "", *_table(numbers), ""]
    if sanity:
        lines += _sanity(sanity)
    lines += [
        "## How to read it",
        "",
        LEGEND,
        "",
    ]
    return "\n".join(lines)


def _verdicts(columns: dict) -> list[str]:
    """Rows by columns: human-like, or how many quantities are not."""
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for number, row in ROWS.items():
        cells = []
        for column in columns.values():
            told = len(column["tells"][row])
            measured = number != 2 or column["diversity"]
            cells.append(f"✗ {told}" if told else "human-like" if measured else "–")
        lines.append(f"| {number} {row} | {' | '.join(cells)} |")
    return lines


def _table(numbers: dict) -> list[str]:
    columns, bands = numbers["columns"], numbers["humans"]["bands"]
    rows: list[tuple[int, str, str, str, dict[str, str]]] = []  # row, key, label, humans, cells

    def row(number: int, key: str, label: str, humans: str, cell) -> None:
        rows.append(
            (number, key, label, humans, {name: cell(value) for name, value in columns.items()})
        )

    for kind in ("conv", "features"):
        for quantity, label in (
            ("window_accuracy", "accuracy, 4 s"),
            ("window_auc", "AUC, 4 s"),
            ("replay_auc", "AUC, replays"),
        ):
            row(1, f"{kind} {quantity}", f"{kind} net, {label}", ".5",
                lambda c, k=kind, q=quantity: _range(c["classifiers"][k][q]))  # fmt: skip
    row(2, "ratio", "two plays of a map, over humans'", "1",
        lambda c: _range(c["diversity"].get("ratio")))  # fmt: skip
    for name in HISTOGRAMS:
        row(3, name, f"{name}, W1 over humans'", "1",
            lambda c, n=name: _range(c["kinematics"][n]["to_human"]))  # fmt: skip
    for name, about in QUANTITIES.items():
        low, middle, high = bands[name]
        unit = f", {about.unit}" if about.unit else ""
        band = " … ".join(_short(v) for v in (low, middle, high))
        row(about.row, name, about.label + unit, band,
            lambda c, n=name: _number(c["numbers"][n]))  # fmt: skip
    row(9, "nearer", "windows very near to training", ".05",
        lambda c: _range(c["memory"].get("nearer")))  # fmt: skip
    row(9, "familiar", "nearness on training maps", "1",
        lambda c: _range(c["memory"]["familiar"]))  # fmt: skip

    lines = [
        f"| | | humans | {' | '.join(columns)} |",
        f"|---|---|---|{'---|' * len(columns)}",
    ]
    last = 0
    for number, key, label, humans, cells in sorted(rows, key=lambda row: row[0]):
        title = f"**{number} {ROWS[number]}**" if number != last else ""
        last = number
        marked = [
            cell + (MARK if key in columns[name]["tells"][ROWS[number]] else "")
            for name, cell in cells.items()
        ]
        lines.append(f"| {title} | {label} | {humans} | {' | '.join(marked)} |")
    return lines


def _sanity(sanity: dict) -> list[str]:
    """The instrument on humans with one fault each: which rows notice."""
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
        scores = column["classifiers"]
        noticed = [
            f"{row} ({', '.join(phrases)})" for row, phrases in column["tells"].items() if phrases
        ]
        lines.append(
            f"| {name} | {_range(scores['conv']['replay_auc'])} |"
            f" {_range(scores['features']['replay_auc'])} | {'; '.join(noticed) or 'none'} |"
        )
    return [*lines, ""]


def _range(values: list[float] | None) -> str:
    if values is None or values[0] is None or not math.isfinite(values[0]):
        return "–"
    value, low, high = (_short(v) for v in values)
    return f"{value} [{low}, {high}]"


def _number(known: dict) -> str:
    if not known["plays"]:
        return "–"
    return f"{_short(known['percentiles'][1])} (KS {_short(known['ks'])})"


def _short(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else text
