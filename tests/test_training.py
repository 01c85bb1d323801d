"""Every training script: three steps run, a stopped run goes on exactly, a loss that is not finite
stops it, and what it saved is played by a new process, byte for byte the same.

The networks are as small as their options allow; nothing here is about how well they learn.
"""

import dataclasses
import importlib
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from osu import checkpoint
from osu.checkpoint import CheckpointError

ROOT = Path(__file__).parent.parent
SMALL = {
    "train_rnn": {"batch": 2, "length": 64, "hidden": 16, "eval_plays": 1},
    "train_keys": {"batch": 2, "length": 24, "hidden": 16, "eval_plays": 1},
    "train_diffusion": {"batch": 2, "length": 64, "reference": 64, "eval_plays": 1},
    "train_gan": {"batch": 2, "length": 64, "width": 16, "eval_plays": 1},
    "train_vae": {"batch": 2, "length": 64, "width": 16, "eval_plays": 1},
    "train_wgan": {"batch": 2, "length": 64, "width": 16, "eval_plays": 1, "critic_steps": 2},
}


@pytest.fixture(autouse=True)
def one_thread():
    """Sums in the same order on every machine: bit for bit needs one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def args_of(name: str, cache: Path, out: Path, **changes):
    script = importlib.import_module(name)
    return script, script.Args(
        data="", cache=str(cache), out=str(out), device="cpu", **SMALL[name] | changes
    )


@pytest.mark.parametrize("name", SMALL)
def test_three_steps(name, cache, tmp_path):
    script, args = args_of(name, cache, tmp_path / "run", steps=3)
    metrics = script.main(args)
    assert metrics and all(math.isfinite(value) for value in metrics.values())
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 2
    assert (tmp_path / "run" / "loss.png").exists()
    card = checkpoint.load_card(tmp_path / "run" / "model")
    assert card["steps"] == 3 and card["args"] == dataclasses.asdict(args)
    model = checkpoint.load_model(tmp_path / "run" / "model")
    assert not model.training


@pytest.mark.parametrize("name", SMALL)
def test_four_steps_are_two_and_two(name, cache, tmp_path):
    script, whole = args_of(name, cache, tmp_path / "whole", steps=4, eval_every=2)
    script.main(whole)
    _, halves = args_of(name, cache, tmp_path / "halves", steps=4, eval_every=2)
    # The first half is a whole run that is stopped at its first save.
    saved = checkpoint.save_state

    def stop(path, args, step, parts, **more):
        saved(path, args, step, parts, **more)
        raise KeyboardInterrupt

    checkpoint.save_state = stop
    try:
        with pytest.raises(KeyboardInterrupt):
            script.main(halves)
    finally:
        checkpoint.save_state = saved
    script.main(dataclasses.replace(halves, resume=True))
    one, other = (
        torch.load(tmp_path / run / "last.pt", weights_only=True)["parts"]
        for run in ("whole", "halves")
    )
    torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_another_run_is_not_gone_on_with(cache, tmp_path):
    script, args = args_of("train_rnn", cache, tmp_path, steps=1)
    script.main(args)
    changed = dataclasses.replace(args, resume=True, learning_rate=0.5)
    with pytest.raises(CheckpointError, match=r"learning_rate=0\.001, not 0\.5"):
        script.main(changed)


@pytest.mark.parametrize("name", SMALL)
def test_a_loss_that_is_not_finite_stops_the_run(name, cache, tmp_path):
    script, args = args_of(name, cache, tmp_path, steps=200, learning_rate=1e30)
    with pytest.raises(FloatingPointError, match=r"step \d+: \w+ is"):
        script.main(args)


def test_unknown_option_is_refused():
    run = subprocess.run(
        [sys.executable, str(ROOT / "train_rnn.py"), "--lerning-rate", "1"],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert run.returncode == 2
    assert "--lerning-rate" in run.stderr


def test_two_processes_learn_as_one(cache, tmp_path):
    """torchrun with gloo: the loss of two processes at half the batch each falls like that of one
    at the whole. The windows differ (each rank draws its own), so curves are compared, not bits:
    after 30 steps both are well below the first loss and within a quarter of each other."""
    options = {"steps": 30, "batch": 4, "eval_plays": 1, "eval_every": 1000}
    losses = {}
    for world in (1, 2):
        out = tmp_path / str(world)
        flags = [
            f"--{k.replace('_', '-')}={v}" for k, v in (SMALL["train_diffusion"] | options).items()
        ]
        command = ["--data=", f"--cache={cache}", f"--out={out}", "--device=cpu", *flags]
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={world}"]
        subprocess.run(
            [sys.executable, *(launcher if world > 1 else []), "train_diffusion.py", *command],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
        lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
        losses[world] = [line["loss"] for line in lines if "loss" in line]
    assert losses[1][-1] < 0.8 * losses[1][0] and losses[2][-1] < 0.8 * losses[2][0]
    assert losses[2][-1] == pytest.approx(losses[1][-1], rel=0.5)
