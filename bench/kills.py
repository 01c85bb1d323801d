"""Programs killed at every change of the disk, within writes and at random, and started again.

    uv run -m bench.kills                   every change, 40 writes and 40 moments of each program
    uv run -m bench.kills --each 6 --writes 2 --moments 2

After each kill the program is started again as a user would, some time later. Wanted: the end is
the same, byte for byte, as that of a run which nobody stopped; what was whole before the kill is
not made again; no half file and no temporary is left. Writes and moments are drawn from the seed 0.
Linux only; ends with status 1 where something is wrong.
"""

import argparse
import contextlib
import functools
import hashlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from unittest import mock

import torch
import torch._dynamo  # here and not in each of the forks

import evaluate
import generate
import osu.figures
import osu.likeness.report
import osu.training.pictures  # noqa: F401 - these too
from osu.data.prepare import prepare
from osu.files import TEMPORARY
from osu.formats.replay import load_replay
from osu.likeness import two_sample
from osu.likeness.compare import compare
from osu.likeness.human_plays import read_humans
from osu.players import engine
from tests.hostile.entries import Inline
from tests.hostile.folder import indexed
from tests.hostile.stops import Stop, run
from tests.training.small import args_of


class Work:
    """A program that writes into `out`, from inputs that are there before."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def first(self) -> object:
        raise NotImplementedError

    def again(self) -> object:
        """As a user would start it after a kill."""
        return self.first()

    def kept(self) -> dict[str, int]:
        """What need not be made again, and the file that it is (its inode)."""
        return {}

    def result(self) -> dict[str, object]:
        """What must be the same in the end: by default the bytes of all files."""
        return {
            path.relative_to(self.out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.out.rglob("*")
            if path.is_file()
        }


class Preparing(Work):
    def __init__(self, out: Path, inputs: Path) -> None:
        super().__init__(out)
        self.folder = indexed(inputs)

    def first(self):
        return prepare([self.folder], self.out, executor=Inline(), shard_pairs=2)

    def kept(self):
        return {path.name: path.stat().st_ino for path in self.out.glob("shard-*.npz")}


class Training(Work):
    """Five steps of the smallest network, saved after each second one."""

    def __init__(self, out: Path, inputs: Path) -> None:
        super().__init__(out)
        made = prepare([indexed(inputs / "in")], inputs / "cache", executor=Inline())
        self.args = functools.partial(
            args_of, "train_rnn", made, out, steps=5, hidden=4, eval_every=2
        )
        # What loss.png shows is not looked at, and to draw it takes longer than the five steps.
        self.drawn = mock.patch("osu.training.pictures.losses_figure", lambda lines: bytes(30_000))

    def first(self):
        script, args = self.args()
        return self.train(script, args)

    def train(self, script, args):
        with self.drawn:
            return script.main(args)

    def again(self):
        script, args = self.args(resume=(self.out / "last.pt").exists())
        try:
            return self.train(script, args)
        except ValueError as error:
            if "has made all of its" not in str(error):
                raise
            script, args = self.args()  # killed after the last step: the model was not written
            return None if (self.out / "model" / "card.json").exists() else self.train(script, args)

    def result(self):
        """Times aside: the state, the model, and the steps that the log has."""
        state = torch.load(self.out / "last.pt", weights_only=True)
        lines = [json.loads(line) for line in (self.out / "log.jsonl").read_text().splitlines()]
        weights = (self.out / "model" / "weights.safetensors").read_bytes()
        card = json.loads((self.out / "model" / "card.json").read_text())
        return {
            "state": hashlib.sha256(repr(sorted_tensors(state["parts"])).encode()).hexdigest(),
            "step": state["step"],
            "tested": "error_px" in card["test"],
            "weights": hashlib.sha256(weights).hexdigest(),
            "steps logged": sorted({line["step"] for line in lines}),
        }


def sorted_tensors(value) -> object:
    """A state as plain values that print the same where they are the same."""
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return [(str(key), sorted_tensors(inner)) for key, inner in value.items()]
    return [sorted_tensors(inner) for inner in value] if isinstance(value, list | tuple) else value


class Generating(Work):
    """Two plays of a map, with a gif of a fifth of a second of each."""

    def __init__(self, out: Path, inputs: Path) -> None:
        super().__init__(out)
        self.map = indexed(inputs) / "beatmaps" / "a.osu"
        player = engine.load_player("rnn")
        self.player = mock.patch.object(engine, "load_player", lambda *_: player)
        self.short = mock.patch.object(generate, "lively_window", lambda _: (1000.0, 1200.0))

    def first(self):
        with self.player, self.short:
            return generate.main([str(self.map), "--model", "rnn", "--count", "2", "--gif",
                                  "-o", str(self.out)])  # fmt: skip

    def result(self):
        for path in self.out.glob("*.osr"):
            load_replay(path)
        return super().result()


class Comparing(Work):
    """`evaluate.py likeness`. What it compares is computed once, by classifiers that learn nothing:
    until it is done nothing is written."""

    def __init__(self, out: Path, inputs: Path) -> None:
        super().__init__(out)
        self.folder = indexed(inputs)
        with mock.patch.object(two_sample, "_fit"):
            compared = compare(read_humans(str(self.folder))[0], "test", {})
        self.compare = mock.patch("osu.likeness.compare.compare", lambda *_, **__: compared)

    def first(self):
        with self.compare:
            return evaluate.main(
                ["likeness", "--data", str(self.folder), "--out", str(self.out), "--device", "cpu",
                 "--controls", "--json", str(self.out / "also.json")]
            )  # fmt: skip


WORKS = {
    "preparation": Preparing,
    "training": Training,
    "generation": Generating,
    "likeness": Comparing,
}


def try_stop(work: Work, stop: Stop, whole: dict[str, object]) -> str:
    """What is wrong after a kill and another start, "" where nothing is."""
    shutil.rmtree(work.out, ignore_errors=True)
    run(work.first, stop)
    for path in work.out.rglob(f"*{TEMPORARY}"):  # a young one could still be written to
        os.utime(path, (0, 0))
    halves = [path.name for path in work.out.rglob("*.json") if not _is_json(path)]
    before = work.kept()
    status, _ = run(work.again)
    if halves:
        return f"half a file is left: {halves[0]}"
    if status:
        return f"the next start ends with status {status}"
    temporaries = [path.name for path in work.out.rglob("*") if path.name.endswith(".tmp")]
    if temporaries:
        return "temporaries are left after the next start"
    try:
        end = work.result()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        return f"the end cannot be read: {type(error).__name__}"
    if end != whole:
        differ = sorted(name for name in end.keys() | whole if end.get(name) != whole.get(name))
        return f"another end: {differ[0]}"
    if any(work.kept().get(name) != inode for name, inode in before.items()):
        return "what was whole is made again"
    return ""


def _is_json(path: Path) -> bool:
    with contextlib.suppress(ValueError):
        json.loads(path.read_bytes())
        return True
    return False


def stops_of(work: Work, args: argparse.Namespace) -> tuple[list[Stop], dict[str, object]]:
    """Where to kill a program, and the end of a run that nobody kills."""
    shutil.rmtree(work.out, ignore_errors=True)
    start = time.monotonic()
    status, counts = run(work.first)
    seconds = time.monotonic() - start
    assert status == 0, f"{work.out.name} ends with status {status} unharmed"
    rng = random.Random(0)
    stops = []
    for kind, count in counts.items():
        step = 1 if args.each is None else -(-count // args.each)
        stops += [Stop(kind, n) for n in range(0, count, max(1, step))]
    most = max(path.stat().st_size for path in work.out.rglob("*") if path.is_file())
    stops += [Stop("byte", int(most ** rng.random())) for _ in range(args.writes)]
    stops += [Stop("second", seconds * rng.random()) for _ in range(args.moments)]
    return stops, work.result()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", action="append", choices=WORKS, help="these only")
    parser.add_argument("--each", type=int, metavar="N", help="at most N changes, renames, fsyncs")
    parser.add_argument("--writes", type=int, default=40, metavar="N", help="kills within writes")
    parser.add_argument("--moments", type=int, default=40, metavar="N", help="kills at any time")
    args = parser.parse_args()
    wrong: Counter = Counter()
    first: dict[tuple[str, str], Stop] = {}
    print("| program | kills | wrong |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        for name in args.program or WORKS:
            with contextlib.redirect_stderr(io.StringIO()):
                work = WORKS[name](Path(folder) / name / "out", Path(folder) / name / "inputs")
            stops, whole = stops_of(work, args)
            for stop in stops:
                if said := try_stop(work, stop, whole):
                    wrong[name, said] += 1
                    first.setdefault((name, said), stop)
            count = sum(times for (of, _), times in wrong.items() if of == name)
            print(f"| {name} | {len(stops)} | {count} |", flush=True)
    if wrong:
        print("\n| program | killed first at | times | what is wrong |\n|---|---|---|---|")
    for (name, said), times in wrong.most_common():
        stop = first[name, said]
        print(f"| {name} | {stop.at} {stop.number:g} | {times} | {said} |")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
