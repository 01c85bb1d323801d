"""Training on two processes, by torchrun with gloo, beside the same on one."""

import json
import os
import subprocess
import sys

import pytest

from tests.paths import ROOT
from tests.training.small import SMALL


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
