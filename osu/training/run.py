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
from osu.files import write_atomic
from osu.nets import checkpoint

FOLDERS = ("data", "cache", "out", "init")  # of a machine, so no card tells of them


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
        self.unseen = None  # the last step's losses, which nobody has looked at yet
        if not self.first:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if not args.resume:  # a new run in an old folder has a log of its own
            (self.folder / "log.jsonl").unlink(missing_ok=True)
        options = json.dumps(dataclasses.asdict(args), indent=1)
        (self.folder / "args.json").write_text(options + "\n")
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

    def resume(self, parts: dict) -> int:
        """Restores the parts of a run that goes on. The step to go on with: 0 in a new run."""
        if not self.args.resume:
            return 0
        return checkpoint.load_state(self.folder / "last.pt", self.args, parts)

    def save(self, step: int, metrics: dict[str, float], parts: dict) -> None:
        """After a step: its metrics to the log, the plot, and last.pt."""
        self.log(step, **metrics)
        self.plot()
        checkpoint.save_state(self.folder / "last.pt", self.args, step + 1, parts)

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
        """loss.png: every logged quantity over the steps."""
        if not self.first or not (self.folder / "log.jsonl").exists():
            return
        from osu import figures  # matplotlib: only where a plot is drawn

        text = (self.folder / "log.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
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
