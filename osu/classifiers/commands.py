"""The commands of evaluate.py that train classifiers: classifiers, ladder and doses."""

import argparse
from pathlib import Path
from typing import Any

from osu.files import ready_folder, write_atomic

# What the commands need is imported where they run: torch takes seconds.


def _classifiers(args: argparse.Namespace) -> None:
    """Trains classifiers on a model's plays beside people's, and says what they tell."""
    from osu.classifiers.inputs import Part
    from osu.classifiers.plays import ModelSource
    from osu.classifiers.protocol import as_table, classify
    from osu.classifiers.surest import surest_figure

    if args.out:
        ready_folder(args.out)
    people, options = _setting(args)
    report = classify(
        people,
        lambda draws: ModelSource(args.model, options["device"], draws, args.seed),
        parts=tuple(Part) if args.parts else (Part.BOTH,),
        on_fit=print,
        **options,
    )
    table = as_table(report, args.model)
    print(table)
    if args.out:
        write_atomic(args.out / "report.txt", table.encode())
        for level, sides in report.surest.items():
            for side, windows in sides.items():
                name = f"surest, {level.value}, {side}.png".replace(" ", "-").replace(",", "")
                write_atomic(args.out / name, surest_figure(windows, report.tested))
        print(f"written: {args.out}")


def _ladder(args: argparse.Namespace) -> None:
    """People's plays, noised and denoised by a model: at which level do they begin to be told?"""
    from osu.classifiers.ladder import ladder

    people, options = _setting(args)
    for name, scores in ladder(people, args.model, **options):
        window = scores.windows[16]
        print(
            f"{name:20s} 16 s told {window.accuracy.value:.3f}, AUC {window.auc.value:.3f}; "
            f"plays AUC {scores.plays.auc.value:.3f} "
            f"[{scores.plays.auc.low:.3f}, {scores.plays.auc.high:.3f}]",
            flush=True,
        )


def _doses(args: argparse.Namespace) -> None:
    """People's plays with one fault each: at which dose do the classifiers begin to see it?"""
    from osu.classifiers.doses import dose_header, dose_reports, dose_row
    from osu.classifiers.inputs import Level

    people, options = _setting(args)
    levels = () if args.trees else tuple(Level)
    print(dose_header(levels), flush=True)
    for name, dose, report in dose_reports(people, levels=levels, **options):
        print(dose_row(name, dose, report), flush=True)


def _setting(args: argparse.Namespace) -> tuple[list, dict[str, Any]]:
    """The human plays (HumanPlay), and the options that all three commands have."""
    from osu.classifiers.protocol import FULL_PROTOCOL, SMALL_PROTOCOL
    from osu.devices import pick_device
    from osu.likeness.human_plays import read_humans

    people, _ = read_humans(args.data)
    return people, {
        "protocol": SMALL_PROTOCOL if args.small else FULL_PROTOCOL,
        "seed": args.seed,
        "device": str(pick_device(args.device)),
        "processes": args.processes,
    }


def add_commands(commands: "argparse._SubParsersAction") -> None:
    for name, run, about in (
        (
            "classifiers",
            _classifiers,
            "how well classifiers tell a model's plays from people's",
        ),
        ("ladder", _ladder, "at which level people's plays, denoised by a model, begin to be told"),
        ("doses", _doses, "from which dose on the classifiers see faults put into people's plays"),
    ):
        command = commands.add_parser(name, help=about)
        command.set_defaults(run=run)
        command.add_argument("--data", required=True, metavar="DIR", help="human replays with maps")
        command.add_argument("--small", action="store_true", help="the form for CPUs: sees less")
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
        command.add_argument("--processes", type=int, default=1, help="that play (%(default)s)")
        if run is _doses:
            command.add_argument("--trees", action="store_true", help="no networks: minutes")
        else:
            command.add_argument("--model", required=True, metavar="NAME")
        if run is _classifiers:
            command.add_argument(
                "--parts", action="store_true", help="also the cursor and the keys alone"
            )
            command.add_argument(
                "--out", type=Path, metavar="DIR", help="the report, and what was told most surely"
            )
