"""Every training script: three steps run, a stopped run goes on exactly, a loss that is not finite
stops it, and what it saved is played by a new process, byte for byte the same.

The networks are as small as their options allow; nothing here is about how well they learn.
"""

import dataclasses
import json
import math
import runpy
import sys

import pytest
import torch

import train_rnn
from osu.devices import DeviceError, pick_device
from osu.nets import checkpoint
from osu.nets.checkpoint import CheckpointError
from osu.training.options import launch
from osu.training.run import Run
from tests.paths import ROOT
from tests.training.small import SMALL, args_of

pytestmark = pytest.mark.usefixtures("one_thread")


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


@pytest.mark.usefixtures("no_loss_plot")
@pytest.mark.parametrize("name", SMALL)
def test_four_steps_are_two_and_two(name, cache, tmp_path):
    script, whole = args_of(name, cache, tmp_path / "whole", steps=4, eval_every=2)
    script.main(whole)
    _, halves = args_of(name, cache, tmp_path / "halves", steps=4, eval_every=2)
    # The first half is a whole run that is stopped at its first save.
    saved = checkpoint.save_state

    def stop(*state):
        saved(*state)
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


@pytest.mark.usefixtures("no_loss_plot")
def test_a_network_learns_to_tell_its_own_plays(cache, tmp_path):
    """It begins as the network whose plays they are, so that it can tell nothing: ln 2. A step of
    training makes plays that are easily told from people's. Its noise begins where that network's
    does, which has learned no more."""
    script, first = args_of("train_diffusion", cache, tmp_path / "first", steps=1)
    script.main(first)
    card = tmp_path / "first" / "model" / checkpoint.CARD
    card.write_text(card.read_text().replace('"sigma_max": 30.0', '"sigma_max": 3.0'))
    _, args = args_of(
        "train_diffusion", cache, tmp_path / "second", steps=30, learning_rate=1e-3, average=0.9,
        against=str(tmp_path / "first" / "model"), against_windows=2,
    )  # fmt: skip
    metrics = script.main(args)
    log = (tmp_path / "second" / "log.jsonl").read_text().splitlines()
    losses = [line["loss"] for line in map(json.loads, log) if "loss" in line]
    assert losses[0] == pytest.approx(math.log(2), abs=1e-5)
    assert losses[-1] < 0.9 * losses[0]
    assert metrics["val_told"] < losses[0]
    made = checkpoint.load_card(tmp_path / "second" / "model")
    assert "DDO" in made["about"] and made["config"]["sigma_max"] == 3.0


@pytest.mark.usefixtures("no_loss_plot")
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
def test_a_mistake_is_one_sentence(options, sentence, cache, tmp_path, monkeypatch, capsys):
    options = [option.replace("CACHE", str(cache)) for option in options]
    monkeypatch.setattr(sys, "argv", ["train_rnn.py", *options, f"--out={tmp_path}"])
    with pytest.raises(SystemExit) as ended:
        launch(train_rnn.main, train_rnn.Args)
    errors = capsys.readouterr().err
    assert ended.value.code == 2
    assert errors.startswith("train_rnn.py: ") and errors.count("\n") == 1
    assert sentence in errors


@pytest.mark.usefixtures("no_loss_plot")
def test_a_finished_run_is_not_gone_on_with(cache, tmp_path):
    script, args = args_of("train_rnn", cache, tmp_path, steps=1)
    script.main(args)
    with pytest.raises(CheckpointError, match="has made all of its 1 steps"):
        script.main(dataclasses.replace(args, resume=True))


def test_unknown_option_is_refused(monkeypatch, capsys):
    script = str(ROOT / "train_rnn.py")
    monkeypatch.setattr(sys, "argv", [script, "--lerning-rate", "1"])
    with pytest.raises(SystemExit) as ended:  # as `python train_rnn.py` runs it
        runpy.run_path(script, run_name="__main__")
    assert ended.value.code == 2
    assert "--lerning-rate" in capsys.readouterr().err


@pytest.mark.usefixtures("no_loss_plot")
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
    torch.testing.assert_close(
        *weights, rtol=0, atol=2e-3, equal_nan=True
    )  # kept in float16, averaged in between


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


def test_the_line_of_an_evaluation_that_a_kill_cut_off_is_logged_by_the_next_run(cache, tmp_path):
    _, args = args_of("train_rnn", cache, tmp_path, steps=4)
    network = torch.nn.Linear(1, 1)
    run = Run(args)
    run.begin({"network": network})
    run.log(0, loss=1.0)
    log = tmp_path / "log.jsonl"
    before = log.read_bytes()
    run.save(1, {"val_loss": 0.5}, {"network": network})
    log.write_bytes(before)
    again = dataclasses.replace(args, resume=True)
    for _ in range(2):  # once and not twice
        Run(again).begin({"network": network})
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert [line["step"] for line in lines] == [0, 1] and lines[1]["val_loss"] == 0.5


def test_a_device_that_is_not_there_is_one_sentence():
    assert pick_device("cpu") == torch.device("cpu")
    with pytest.raises(DeviceError, match="--device abacus: this machine has no such device"):
        pick_device("abacus")
