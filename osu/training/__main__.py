"""Runs beside each other, as a table: the options that differ, how far each has come, and every
quantity as it was logged last; in brackets what people's plays of the same maps have.

    uv run -m osu.training runs/gan runs/gan-ns
    uv run -m osu.training                             every run below runs/
"""

import argparse
import json
from pathlib import Path

from osu.errors import UNREADABLE, UserError, run_program, shown
from osu.training.run import whole_lines

NOT_COMPARED = ("out", "cache", "resume", "device", "pictures")


class RunError(UserError):
    """A folder that is no run's, in one sentence."""


def read_run(folder: Path) -> tuple[dict[str, object], dict[str, float]]:
    """A run's options, and every quantity of its log as it was logged last."""
    try:
        options = json.loads((folder / "args.json").read_bytes())
        lines = whole_lines(folder / "log.jsonl")
        last = {name: float(value) for line in lines for name, value in line.items()}
        return dict(options), last
    except UNREADABLE as error:
        raise RunError(f"{folder}: this is no run's folder ({error})") from None


def runs_table(folders: list[Path]) -> str:
    """The table, in Markdown: a column a run."""
    runs = [read_run(folder) for folder in folders]
    rows = []
    for name in dict.fromkeys(name for options, _ in runs for name in options):
        if name in NOT_COMPARED or len({str(o[name]) for o, _ in runs if name in o}) == 1:
            continue
        rows.append((f"--{name.replace('_', '-')}", [str(o.get(name, "-")) for o, _ in runs]))
    for name in dict.fromkeys(name for _, last in runs for name in last):
        people = name.replace("generated_", "human_")
        if not name.startswith(("human_", "kl_")):  # nor each dimension of a VAE's style
            rows.append((name, [_value(last, name, people) for _, last in runs]))
    lines = [("", [folder.name for folder in folders]), ("---", ["---:"] * len(runs)), *rows]
    return "\n".join(f"| {' | '.join([shown(title), *map(shown, row)])} |" for title, row in lines)


def _value(last: dict[str, float], name: str, people: str) -> str:
    if name not in last:
        return "-"
    if name == "step":
        return f"{last[name]:.0f}"
    beside = f" ({last[people]:.3g})" if people != name and people in last else ""
    return f"{last[name]:.3g}{beside}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m osu.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("runs", nargs="*", type=Path, help="folders of runs")
    args = parser.parse_args(arguments)

    def work() -> None:
        folders = args.runs or sorted(path.parent for path in Path("runs").glob("*/args.json"))
        if not folders:
            raise RunError("no runs were given, and there are none below runs/")
        print(runs_table(folders))

    return run_program("osu.training", work)


if __name__ == "__main__":
    raise SystemExit(main())
