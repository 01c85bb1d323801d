"""Every training script: three steps run, a stopped run goes on exactly, a loss that is not finite
stops it, and what it saved is played by a new process, byte for byte the same.

The networks are as small as their options allow; nothing here is about how well they learn.
"""

import dataclasses
import importlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from osu.nets import checkpoint
from osu.nets.checkpoint import CheckpointError
from osu.training.run import DeviceError, Run, pick_device
from tests.paths import ROOT

SMALL = {
    "train_rnn": {"batch": 2, "length": 64, "hidden": 16, "eval_plays": 1},
    "train_keys": {"batch": 2, "length": 24, "hidden": 16, "eval_plays": 1},
    "train_diffusion": {"batch": 2, "length": 64, "reference": 64, "width": 24, "eval_plays": 1},
    "train_gan": {"batch": 2, "length": 64, "width": 16, "eval_plays": 2},  # of one song
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
    assert card["steps"] == 3 and card["args"].items() < dataclasses.asdict(args).items()
    assert str(tmp_path) not in json.dumps(card)  # nor the cache's folder beside it
    assert str(cache) not in json.dumps(card)
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
    # A spin that was not seen is nan, on both sides.
    torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


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


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--data", "/nowhere"], "/nowhere: there is no such folder"),
        (["--device", "cuda:9"], "--device cuda:9: this machine has no such device"),
        (["--data=", "--cache=CACHE", "--resume"], "there is no run to go on with"),
        (["--data=", "--cache=CACHE", "--init", "/nowhere"], "/nowhere: no readable card.json"),
    ],
)
def test_a_mistake_is_one_sentence(options, sentence, cache, tmp_path):
    options = [option.replace("CACHE", str(cache)) for option in options]
    run = subprocess.run(
        [sys.executable, "train_rnn.py", *options, f"--out={tmp_path}"],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert run.returncode == 2
    assert run.stderr.startswith("train_rnn.py: ") and run.stderr.count("\n") == 1
    assert sentence in run.stderr


def test_a_finished_run_is_not_gone_on_with(cache, tmp_path):
    script, args = args_of("train_rnn", cache, tmp_path, steps=1)
    script.main(args)
    with pytest.raises(CheckpointError, match="has made all of its 1 steps"):
        script.main(dataclasses.replace(args, resume=True))


def test_unknown_option_is_refused():
    run = subprocess.run(
        [sys.executable, str(ROOT / "train_rnn.py"), "--lerning-rate", "1"],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert run.returncode == 2
    assert "--lerning-rate" in run.stderr


@pytest.mark.parametrize("name", ["train_diffusion", "train_vae", "train_wgan"])
def test_two_processes_learn_as_one(name, cache, tmp_path):
    """torchrun with gloo. The diffusion player learns from the same windows and noise however many
    processes share the batch, so five steps later its loss is the same but for the order in which
    float32 sums are made (1e-3; another draw of windows changes it by 1e-1). The adversarial
    scripts draw noise for each process apart: of them, it is that they run and end."""
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


@pytest.mark.parametrize("name", ["train_keys", "train_gan"])
def test_training_goes_on_from_a_model(name, cache, tmp_path):
    script, args = args_of(name, cache, tmp_path / "base", steps=1)
    script.main(args)
    base = tmp_path / "base" / "model"
    script, args = args_of(name, cache, tmp_path / "own", steps=1, init=str(base))
    script.main(
        dataclasses.replace(args, learning_rate=0.0)
    )  # nothing is learned: the same weights
    weights = [checkpoint.load_model(folder).state_dict() for folder in (base, args.out + "/model")]
    torch.testing.assert_close(*weights, rtol=0, atol=2e-3)  # kept in float16, averaged in between


def test_nothing_is_logged_after_a_loss_that_is_not_finite(cache, tmp_path):
    """On a GPU a step is looked at later, but before anything is written; here `unseen` stands in
    for what such a check leaves behind."""
    _, args = args_of("train_rnn", cache, tmp_path)
    run = Run(args)
    run.check_finite(3, {"aim": torch.tensor(1.0), "kl": torch.ones(2)})
    with pytest.raises(FloatingPointError, match="step 4: kl is nan"):
        run.check_finite(4, {"aim": torch.tensor(1.0), "kl": torch.tensor([1.0, math.nan])})
    run.unseen = 5, ("aim",), torch.tensor([math.inf]), None
    with pytest.raises(FloatingPointError, match="step 5: aim is inf"):
        run.log(5, aim=1.0)
    assert not (tmp_path / "log.jsonl").exists()


def test_a_new_run_in_an_old_folder_has_its_own_log(cache, tmp_path):
    _, args = args_of("train_rnn", cache, tmp_path, steps=4)
    Run(args).log(0, loss=1.0)
    Run(dataclasses.replace(args, resume=True)).log(1, loss=0.5)
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 2
    Run(args).log(0, loss=2.0)
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1


def test_a_device_that_is_not_there_is_one_sentence():
    assert pick_device("cpu") == torch.device("cpu")
    with pytest.raises(DeviceError, match="--device abacus: this machine has no such device"):
        pick_device("abacus")
