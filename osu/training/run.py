"""What every training script does around its loop: command line, device, run folder, log, card.
What it does at every step is osu.training.schedule."""

import argparse
import dataclasses
import json
import math
import random
import sys
import time
import types
import typing
from pathlib import Path

import numpy as np
import torch

from osu import distributed
from osu.errors import UserError, run_program
from osu.files import ready_folder, remove_temporaries, write_atomic
from osu.nets import checkpoint
from osu.training.schedule import Steps

FOLDERS = ("data", "cache", "out", "init", "against")  # of a machine, so no card tells of them


class DeviceError(UserError):
    """A device that this machine lacks, in one sentence."""


def option(default, help: str):
    """A field of a script's Args: its default and the line `--help` shows, with the unit."""
    return dataclasses.field(default=default, metadata={"help": help})


def cli(args_class, argv: list[str] | None = None):
    """An Args built from the command line. Field `batch_size` is `--batch-size`; an unknown flag
    exits with status 2."""
    parser = argparse.ArgumentParser(
        description=sys.modules[args_class.__module__].__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    hints = typing.get_type_hints(args_class)
    for field in dataclasses.fields(args_class):
        kind = hints[field.name]
        if isinstance(kind, types.UnionType):  # `str | None`
            kind = typing.get_args(kind)[0]
        flag = "--" + field.name.replace("_", "-")
        text = f"{field.metadata['help']} (default: {field.default})"
        if kind is bool:
            parser.add_argument(
                flag, action=argparse.BooleanOptionalAction, default=field.default, help=text
            )
        else:
            choices = typing.get_args(kind) if typing.get_origin(kind) is typing.Literal else None
            parser.add_argument(
                flag,
                type=str if choices else kind,
                choices=choices,
                default=field.default,
                help=text.replace("%", "%%"),
            )
    return args_class(**vars(parser.parse_args(argv)))


def launch(main, args_class) -> None:
    """Runs a training script; how it ends is osu.errors.run_program's."""
    args = cli(args_class)
    raise SystemExit(run_program(Path(sys.argv[0]).name, lambda: main(args)))


def seed_everything(seed: int) -> None:
    """Seeds Python, numpy and torch; whatever must repeat still takes its own generator."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def pick_device(name: str) -> torch.device:
    """`auto` is the GPU where there is one. DeviceError for a device that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError):  # the latter from a torch without CUDA
        raise DeviceError(f"--device {name}: this machine has no such device") from None
    return torch.device(name)


class Run:
    """A script's run: its place among other processes (`rank` of `world_size`), its `device`, its
    folder with args.json, log.jsonl, loss.png, last.pt and model/, which the `first` writes."""

    def __init__(self, args) -> None:
        self.args, self.folder = args, Path(args.out)
        self.rank, self.world_size = distributed.start()
        self.first = self.rank == 0
        seed_everything(args.seed)
        self.device = distributed.own_device(pick_device(args.device))
        self.started = time.monotonic()
        self.metrics: dict[str, float] = {}  # of the last save
        self.unseen = None  # the last step's losses, which nobody has looked at yet
        if not self.first:
            return
        ready_folder(self.folder)
        for folder in (self.folder, self.folder / "model"):
            remove_temporaries(folder)
        log = self.folder / "log.jsonl"
        if not args.resume:  # a new run in an old folder has a log of its own
            log.unlink(missing_ok=True)
        elif log.exists():  # a line that a full disk or a kill cut off would spoil the next
            write_atomic(log, (json.dumps(line).encode() + b"\n" for line in _whole_lines(log)))
        options = json.dumps(dataclasses.asdict(args), indent=1)
        write_atomic(self.folder / "args.json", (options + "\n").encode())
        print(f"{self.folder}: {options}")

    def check_finite(self, step: int, losses: dict[str, torch.Tensor]) -> None:
        """FloatingPointError naming the step and the first of its losses that is not finite.

        Called at every step. A GPU is not waited for, which would cost diffusion 5 % (H200): a
        step is looked at when the next one is under way, and before anything is logged, saved or
        kept.
        """
        self._look()
        means = torch.stack([loss.detach().float().mean() for loss in losses.values()])
        if means.is_cuda:
            here, arrived = torch.empty(means.shape, pin_memory=True), torch.cuda.Event()
            here.copy_(means, non_blocking=True)
            arrived.record()
            self.unseen = step, tuple(losses), here, arrived
        else:
            self.unseen = step, tuple(losses), means, None
            self._look()

    def _look(self) -> None:
        """At what check_finite was last given."""
        if self.unseen is None:
            return
        (step, names, means, arrived), self.unseen = self.unseen, None
        if arrived is not None:
            arrived.synchronize()
        for name, mean in zip(names, means.tolist(), strict=True):
            if not math.isfinite(mean):
                raise FloatingPointError(f"step {step}: {name} is {mean}; the run is stopped here")

    def log(self, step: int, **values) -> None:
        """Appends one line to log.jsonl."""
        self._look()
        line = {"step": step, "seconds": round(time.monotonic() - self.started, 1)}
        for name, value in values.items():
            line[name] = value.item() if isinstance(value, torch.Tensor) else value
        if self.first:
            with open(self.folder / "log.jsonl", "a") as file:
                file.write(json.dumps(line) + "\n")

    def begin(self, parts: dict, minutes: float = 0.0) -> tuple[Steps, dict[str, float]]:
        """The run's steps, and the metrics of its last save. The parts of a run that goes on are
        restored; in a new run there are no metrics."""
        first = 0
        if self.args.resume:
            state, card = self.folder / "last.pt", self.folder / "model" / checkpoint.CARD
            finished = (
                state.exists() and card.exists() and card.stat().st_mtime >= state.stat().st_mtime
            )
            first, self.metrics = checkpoint.load_state(state, self.args, parts, finished)

        def stop(steps_made: int, number: int) -> None:
            self._look()
            if self.first:
                self._keep(steps_made, parts)
                print(f"\n{self.folder}: stopped after {steps_made} steps; --resume goes on")
            raise SystemExit(128 + number)

        return Steps(first, self.args.steps, self.device, minutes, stop), self.metrics

    def save(self, step: int, metrics: dict[str, float], parts: dict) -> None:
        """After a step: last.pt, then what the run does not depend on: the log and the plot."""
        self._look()
        self.metrics = {name: float(value) for name, value in metrics.items()}
        self._keep(step + 1, parts)
        self.log(step, **metrics)
        self.plot()

    def _keep(self, steps_made: int, parts: dict) -> None:
        path = self.folder / "last.pt"
        checkpoint.save_state(path, self.args, steps_made, parts, self.metrics)

    def finish(self, model, plays, metrics: dict[str, float], steps: int, **about) -> None:
        """Keeps the model with a card that says how it came to be, and leaves the others."""
        self._look()
        if self.first:
            gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
            card = {
                "data": plays.describe(),
                "args": {
                    k: v for k, v in dataclasses.asdict(self.args).items() if k not in FOLDERS
                },
                "seed": self.args.seed,
                "steps": steps,
                "seconds": round(time.monotonic() - self.started),
                "hardware": gpu,
                "torch": torch.__version__,
                "validation": metrics,
            }
            checkpoint.save_model(self.folder / "model", model, card | about)
            print(metrics)
        distributed.stop()

    def plot(self) -> None:
        """loss.png: every logged quantity over the steps. What goes wrong is said in a line."""
        if not self.first or not (self.folder / "log.jsonl").exists():
            return
        try:
            self._plot()
        except Exception as error:  # whatever a plot fails of, the run goes on
            print(f"{self.folder}: loss.png was not drawn ({error})", file=sys.stderr)

    def _plot(self) -> None:
        from osu import figures  # matplotlib: only where a plot is drawn

        lines = _whole_lines(self.folder / "log.jsonl")
        names = [name for line in lines for name in line if name not in ("step", "seconds")]
        names = list(dict.fromkeys(names))
        columns = min(3, len(names))
        rows = -(-len(names) // columns)
        figure, axes = figures.subplots(rows, columns, 4 * columns, 2.4 * rows)
        for axis, name in zip(axes, names, strict=False):
            # A step that was logged again after --resume counts as it was then.
            points = {line["step"]: line[name] for line in lines if name in line}
            axis.plot(points.keys(), points.values(), linewidth=1)
            axis.set_title(name, fontsize=9)
        write_atomic(self.folder / "loss.png", figures.png(figure, dpi=90))


def _whole_lines(log: Path) -> list[dict]:
    """The lines of a log that are whole: a run may have been killed within one."""
    lines = []
    for text in log.read_bytes().splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and "step" in line:
            lines.append(line)
    return lines
