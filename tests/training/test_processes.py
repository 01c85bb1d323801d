"""Training on two processes, by torchrun with gloo, beside the same on one."""

import json
import os
import subprocess
import sys

import pytest
import torch

from tests.paths import ROOT
from tests.training.small import SMALL

# train_rnn.py, whose second process gets a signal in the second step, and torchrun another.
SIGNALLED = """
import os, signal, time
from osu.training.options import launch
from osu.training.run import Run
import train_rnn

look = Run.check_finite

def signalled(run, step, losses):
    look(run, step, losses)
    if run.rank == step == 1 and not run.args.resume:
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(0.5)  # it is sent on to both
        os.kill(os.getpid(), signal.SIGINT)

Run.check_finite = signalled
launch(train_rnn.main, train_rnn.Args)
"""


@pytest.mark.parametrize("name", ["train_diffusion", "train_vae"])
def test_two_processes_learn_as_one(name, cache, tmp_path):
    """torchrun with gloo. The diffusion player learns from the same windows and noise however many
    processes share the batch, so five steps later its loss is the same but for the order in which
    float32 sums are made (1e-3; another draw of windows changes it by 1e-1). The adversarial
    scripts draw noise for each process apart: of one of them, it is that it runs and ends."""
    losses = {}
    for world_size in (1, 2) if name == "train_diffusion" else (2,):
        out = tmp_path / str(world_size)
        changed = SMALL[name] | {"steps": 5, "batch": 4, "eval_every": 1000}
        flags = [f"--{k.replace('_', '-')}={v}" for k, v in changed.items()]
        command = ["--data=", f"--cache={cache}", f"--out={out}", "--device=cpu", *flags]
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={world_size}"]
        run = subprocess.run(
            [sys.executable, *(launcher if world_size > 1 else []), f"{name}.py", *command],
            cwd=ROOT, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr[-2000:]
        lines = map(json.loads, (out / "log.jsonl").read_text().splitlines())
        keys = ("loss", "critic_loss")  # of diffusion, of the others
        losses[world_size] = [line[k] for line in lines for k in keys if k in line]
    assert len(losses[2]) == 2  # the first step and the last
    if 1 in losses:
        assert losses[2] == pytest.approx(losses[1], rel=1e-3)


def test_signals_to_two_processes_save_first(cache, tmp_path):
    """SIGTERM to torchrun, which sends it on, and SIGINT to one process: both end after the same
    step, so that neither waits for the other, when it is saved. It goes on from there; that it
    does so bit for bit is shown of one process, in test_scripts."""
    (tmp_path / "script.py").write_text(SIGNALLED)
    changed = SMALL["train_rnn"] | {"steps": 6, "eval_every": 4}
    flags = [f"--{k.replace('_', '-')}={v}" for k, v in changed.items()]

    def train(script, *more: str) -> tuple[int, str, dict]:
        out = tmp_path / "run"
        launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
        command = ["--data=", f"--cache={cache}", f"--out={out}", "--device=cpu", "--no-pictures"]
        run = subprocess.run(
            [sys.executable, *launcher, script, *command, *flags, *more],
            cwd=ROOT, capture_output=True, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        state = out / "last.pt"
        assert state.exists(), run.stderr[-4000:]
        return run.returncode, run.stdout, torch.load(state, weights_only=True)

    status, said, state = train(tmp_path / "script.py")
    assert (status, state["step"]) == (1, 2)  # of torchrun, whatever its processes end with
    assert "stopped after 2 steps; --resume goes on" in said
    status, _, state = train("train_rnn.py", "--resume")
    assert (status, state["step"]) == (0, 6)
