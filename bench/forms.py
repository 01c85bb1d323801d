"""What a step of each training script costs a CPU, in its full form and in its small one.

    OMP_NUM_THREADS=1 uv run -m bench.forms          two minutes of a core

Whole steps of the scripts' own loops on data/sample, the drawing of batches among them, in CPU time
of the process, so that other programs disturb little; the least of `--steps` steps. The full form's
networks are measured with few windows (`--batch`): a frame costs about the same. `keys` counts
objects in place of frames.
"""

import argparse
import dataclasses
import importlib
import itertools
import tempfile
import time
from contextlib import redirect_stdout
from io import StringIO

from osu.training.options import fitted
from osu.training.run import Run

SCRIPTS = ("rnn", "keys", "gan", "vae", "wgan", "diffusion")


class Enough(Exception):
    """As many steps as are wanted were made."""


def step_cpu_s(script, args, steps: int) -> float:
    """The least CPU seconds between the ends of two steps."""
    ends = []
    check = Run.check_finite

    def note(run, step, losses):
        check(run, step, losses)
        ends.append(time.process_time())
        if len(ends) > steps:
            raise Enough

    Run.check_finite = note
    try:
        with redirect_stdout(StringIO()):
            script.main(args)
    except Enough:
        pass
    finally:
        Run.check_finite = check
    return min(after - before for before, after in itertools.pairwise(ends))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--steps", type=int, default=4, help="that are measured of each")
    parser.add_argument("--batch", type=int, default=4, help="windows of the full form")
    chosen = parser.parse_args()
    print("| script | full: us a frame | small: us a frame | full: frames a step | small: |")
    print("|---|---|---|---|---|")
    for name in SCRIPTS:
        script = importlib.import_module(f"train_{name}")
        costs, frames = [], []
        with tempfile.TemporaryDirectory() as folder:
            full = script.Args(out=folder, device="cpu", pictures=False)
            for args in (full, fitted(full, ("out", "device", "pictures"))[0]):
                frames.append(args.batch * args.length)
                if args == full:
                    args = dataclasses.replace(args, batch=chosen.batch)
                cost_s = step_cpu_s(script, args, chosen.steps)
                costs.append(1e6 * cost_s / (args.batch * args.length))
        print(f"| `{name}` | {costs[0]:.0f} | {costs[1]:.0f} | {frames[0]} | {frames[1]} |")


if __name__ == "__main__":
    main()
