"""What every training script does around its loop: device, run folder, log, pictures, card.
What it does at every step is osu.training.schedule."""

import dataclasses
import json
import math
import random
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from osu import distributed
from osu.devices import pick_device
from osu.files import ready_folder, remove_temporaries, write_atomic
from osu.nets import checkpoint
from osu.training.schedule import Steps

PICTURE_S = 60.0  # between pictures of what the network plays by now
# Of a machine, or a person's name: no card tells of them.
FOLDERS = ("data", "cache", "out", "init", "against", "me", "name")


def seed_everything(seed: int) -> None:
    """Seeds Python, numpy and torch; whatever must repeat still takes its own generator."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


class Run:
    """A script's run: its place among other processes (`rank` of `world_size`), its `device`, its
    folder with args.json, log.jsonl, last.pt, model/ and pictures, which the `first` writes."""

    def __init__(self, args) -> None:
        self.args, self.folder = args, Path(args.out)
        self.rank, self.world_size = distributed.start()
        self.first = self.rank == 0
        seed_everything(args.seed)
        self.device = distributed.own_device(pick_device(args.device))
        self.started = time.monotonic()
        self.metrics: dict[str, float] = {}  # of the last evaluation,
        self.evaluated = -1  # after this step
        self.unseen = None  # the last step's losses, which nobody has looked at yet
        self.logged: dict[str, float] = {}  # each quantity as it was logged last
        self.watch = None  # what draws pictures of the network's plays, and when it does again
        self.picture_due = self.started
        if not self.first:
            return
        ready_folder(self.folder)
        for folder in (self.folder, self.folder / "model"):
            remove_temporaries(folder)
        log = self.folder / "log.jsonl"
        if not args.resume:  # a new run in an old folder has a log of its own
            log.unlink(missing_ok=True)
            shutil.rmtree(self.folder / "plays", ignore_errors=True)
        elif log.exists():  # a line that a full disk or a kill cut off would spoil the next
            write_atomic(log, (json.dumps(line).encode() + b"\n" for line in whole_lines(log)))
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
        self.logged |= line
        if self.first:
            with open(self.folder / "log.jsonl", "a") as file:
                file.write(json.dumps(line) + "\n")

    def begin(self, parts: dict) -> tuple[Steps, dict[str, float]]:
        """The run's steps, and the metrics of its last save. The parts of a run that goes on are
        restored, and its clock; in a new run there are no metrics."""
        first, seconds = 0, 0.0
        if self.args.resume:
            state, card = self.folder / "last.pt", self.folder / "model" / checkpoint.CARD
            finished = (
                state.exists() and card.exists() and card.stat().st_mtime >= state.stat().st_mtime
            )
            first, self.metrics, seconds, self.evaluated = checkpoint.load_state(
                state, self.args, parts, finished
            )
            self.started -= seconds
            self._log_what_was_cut_off()

        def stop(steps_made: int, number: int) -> None:
            self._look()
            if self.first:
                self._keep(steps_made, parts)
                print(f"\n{self.folder}: stopped after {steps_made} steps; --resume goes on")
            distributed.stop()  # after it is saved: torchrun ends all when one has ended
            raise SystemExit(128 + number)

        count, minutes = self.args.steps, self.args.minutes
        self.steps = Steps(first, count, self.device, minutes, stop, seconds)
        return self.steps, self.metrics

    def watch_plays(self, plays, play: Callable) -> None:
        """From now on `picture` draws what the network plays of a map of the validation split:
        `play` is an osu.training.watch.PlayPassage."""
        from osu.training.watch import Watch  # matplotlib: only where something is drawn

        if self.first and self.args.pictures:
            self.watch = Watch(self.folder, plays, play, self.args.seed)

    def picture(self, step: int, parts: dict) -> None:
        """At the first step, once every PICTURE_S, and at the last: last.pt, then the pictures of
        the plays by now and of all that is logged, and a line."""
        if self.watch is None or not (self.steps.last or time.monotonic() >= self.picture_due):
            return
        self._look()
        saved = self.evaluated == step  # and its losses plotted
        if not saved:
            self._keep(step + 1, parts)
        minutes = self.steps.seconds() / 60
        title = f"{self.folder}: step {step}, {minutes:.1f} min"
        self._draw("plays.png", lambda: self.watch.draw(step, title))
        if not saved:
            self.plot()
        losses = {k: v for k, v in self.logged.items() if k not in ("step", "seconds")}
        shown = ", ".join(f"{name} {value:.3g}" for name, value in list(losses.items())[:4])
        tqdm.write(f"{minutes:4.1f} min, step {step}: {shown}. {self.folder / 'plays.png'}")
        self.picture_due = time.monotonic() + PICTURE_S

    def save(self, step: int, metrics: dict[str, float], parts: dict) -> None:
        """After a step: last.pt, then what the run does not depend on: the log and the plot."""
        self._look()
        self.metrics = {name: float(value) for name, value in metrics.items()}
        self.evaluated = step
        self._keep(step + 1, parts)
        self.log(step, **metrics)
        self.plot()

    def _keep(self, steps_made: int, parts: dict) -> None:
        path = self.folder / "last.pt"
        seconds = self.steps.seconds()
        checkpoint.save_state(
            path, self.args, steps_made, parts, self.metrics, seconds, self.evaluated
        )

    def _log_what_was_cut_off(self) -> None:
        """The run may have been killed after last.pt and before the line of its evaluation."""
        log = self.folder / "log.jsonl"
        if not self.first or not self.metrics or not log.exists():
            return
        names = self.metrics.keys()
        if not any(
            line["step"] == self.evaluated and names <= line.keys() for line in whole_lines(log)
        ):
            self.log(self.evaluated, **self.metrics)

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
            if self.watch is not None:
                self._draw("training.gif", self.watch.finish)
            print(metrics)
            if not getattr(self.args, "me", ""):  # which is installed afterwards
                print(f"to play it: {self._how_to_play(about['kind'])}")
        distributed.stop()

    def _how_to_play(self, kind: str) -> str:
        """A command that plays a sample map with the run's model, kept as models/my-NAME."""
        name = f"my-{self.folder.name}"
        if kind == "keys":  # which press for a cursor of another network's
            copies = f"mkdir -p models/{name}/keys && cp models/gan/* models/{name} && "
            copies += f"cp {self.folder}/model/* models/{name}/keys"
        else:
            copies = f"mkdir -p models/{name} && cp {self.folder}/model/* models/{name}"
        return f"{copies} && uv run generate.py --model {name}"

    def plot(self) -> None:
        """loss.png: every logged quantity over the steps."""

        def draw() -> None:
            from osu.training import pictures  # matplotlib: only where a plot is drawn

            figure = pictures.losses_figure(whole_lines(self.folder / "log.jsonl"))
            write_atomic(self.folder / "loss.png", figure)

        if self.first and (self.folder / "log.jsonl").exists():
            self._draw("loss.png", draw)

    def _draw(self, name: str, draw: Callable[[], None]) -> None:
        """Draws a picture. What goes wrong is said in a line; the run goes on."""
        try:
            draw()
        except Exception as error:
            print(f"{self.folder}: {name} was not drawn ({error})", file=sys.stderr)


def whole_lines(log: Path) -> list[dict]:
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
