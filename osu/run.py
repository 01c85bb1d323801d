"""What every training script does around its loop: command line, seed, device, run folder, log."""

import argparse
import dataclasses
import json
import math
import os
import random
import sys
import time
import types
import typing
from pathlib import Path

import numpy as np
import torch

from osu.checkpoint import CheckpointError
from osu.library import DataError


class DeviceError(ValueError):
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
    """Runs a training script; what a user can mend ends it with one sentence and status 2."""
    try:
        main(cli(args_class))
    except (CheckpointError, DataError, DeviceError, FloatingPointError) as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def seed_everything(seed: int) -> None:
    """Seeds Python, numpy and torch; whatever must repeat still takes its own generator."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def step_seed(*parts: int) -> int:
    """A seed for the noise of one step, out of the run's seed, the step, and what else tells it
    from others: noise, like windows, is a function of the step, so a run can go on from any."""
    return int(np.random.default_rng(parts).integers(2**62))


def pick_device(name: str) -> torch.device:
    """`auto` is the GPU where there is one. DeviceError for a device that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError):  # the latter from a torch without CUDA
        raise DeviceError(f"--device {name}: this machine has no such device") from None
    return torch.device(name)


def cosine_rate(step: int, steps: int, peak: float, warmup: int) -> float:
    """Learning rate of a step: linear warm-up, then half a cosine down to a hundredth."""
    if step < warmup:
        return peak * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


@torch.no_grad()
def update_average(average: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    """One step of the exponential moving average of a model's weights."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
    for kept, now in zip(average.buffers(), model.buffers(), strict=True):
        kept.copy_(now)


class Run:
    """A run's folder: the options it was started with, log.jsonl, loss.png, checkpoints.

    Only the first process of a distributed run writes.
    """

    def __init__(self, folder: str, args) -> None:
        self.folder = Path(folder)
        self.quiet = int(os.environ.get("RANK", "0")) > 0
        self.started = time.monotonic()
        if self.quiet:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if not args.resume:  # a new run in an old folder has a log of its own
            (self.folder / "log.jsonl").unlink(missing_ok=True)
        options = json.dumps(dataclasses.asdict(args), indent=1)
        (self.folder / "args.json").write_text(options + "\n")
        print(f"{self.folder}: {options}")

    def log(self, step: int, **values) -> None:
        """Appends one line to log.jsonl. FloatingPointError on a value that is not finite."""
        line = {"step": step, "seconds": round(time.monotonic() - self.started, 1)}
        for name, value in values.items():
            value = value.item() if isinstance(value, torch.Tensor) else value
            if isinstance(value, float) and not math.isfinite(value):
                raise FloatingPointError(f"step {step}: {name} is {value}; the run is stopped here")
            line[name] = value
        if not self.quiet:
            with open(self.folder / "log.jsonl", "a") as file:
                file.write(json.dumps(line) + "\n")

    def card(self, args, plays, metrics: dict[str, float], steps: int) -> dict:
        """What a model's card says of how it came to be (JSON-able); `steps` were made."""
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
        return {
            "data": plays.describe(),
            "args": dataclasses.asdict(args),
            "seed": args.seed,
            "steps": steps,
            "seconds": round(time.monotonic() - self.started),
            "hardware": device,
            "torch": torch.__version__,
            "validation": metrics,
        }

    def plot(self) -> None:
        """loss.png: every logged quantity over the steps."""
        if self.quiet or not (self.folder / "log.jsonl").exists():
            return
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        text = (self.folder / "log.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        names = [name for line in lines for name in line if name not in ("step", "seconds")]
        names = list(dict.fromkeys(names))
        columns = min(3, len(names))
        rows = -(-len(names) // columns)
        figure, axes = plt.subplots(
            rows, columns, figsize=(4 * columns, 2.4 * rows), squeeze=False, layout="constrained"
        )
        for axis, name in zip(axes.flat, names, strict=False):
            # A step that was logged again after --resume counts as it was then.
            points = {line["step"]: line[name] for line in lines if name in line}
            axis.plot(points.keys(), points.values(), linewidth=1)
            axis.set_title(name, fontsize=9)
        figure.savefig(self.folder / "loss.png", dpi=90)
        plt.close(figure)


def check_finite(step: int, **losses: torch.Tensor) -> None:
    """FloatingPointError naming the first loss that is not finite."""
    for name, loss in losses.items():
        if not torch.isfinite(loss).all():
            raise FloatingPointError(
                f"step {step}: {name} is {loss.item()}; the run is stopped here"
            )
