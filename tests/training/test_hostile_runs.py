"""Runs that are interrupted, and run folders that were: nothing is lost but the step at hand."""

import dataclasses
import json
import os
import signal

import pytest
import torch

from osu.nets import checkpoint
from osu.nets.checkpoint import CheckpointError
from osu.training.run import Run
from tests.training.small import args_of


@pytest.fixture(autouse=True)
def one_thread():
    """Sums in the same order on every machine: bit for bit needs one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def final(folder) -> dict:
    return torch.load(folder / "last.pt", weights_only=True)["parts"]


@pytest.mark.parametrize("name", ["train_rnn", "train_diffusion"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_first(name, number, cache, tmp_path, monkeypatch):
    script, whole = args_of(name, cache, tmp_path / "whole", steps=3)
    script.main(whole)
    _, args = args_of(name, cache, tmp_path / "halves", steps=3)
    look = Run.check_finite

    def signalled(run, step, losses):
        look(run, step, losses)
        if step == 1:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with monkeypatch.context() as patched:
        patched.setattr(Run, "check_finite", signalled)
        with pytest.raises(SystemExit) as ended:
            script.main(args)
    assert ended.value.code == 128 + number
    assert signal.getsignal(number) == before
    script.main(dataclasses.replace(args, resume=True))
    parts = (final(tmp_path / run) for run in ("whole", "halves"))
    torch.testing.assert_close(*parts, rtol=0, atol=0, equal_nan=True)


def test_half_a_line_in_the_log_is_cut_off(cache, tmp_path):
    script, args = args_of("train_rnn", cache, tmp_path, steps=2)
    script.main(dataclasses.replace(args, steps=1))
    (tmp_path / "args.json").unlink()
    with open(tmp_path / "log.jsonl", "ab") as log:
        log.write(b'\xff\n[]\n{"step": 1, "lo')
    for name in (".last.pt.x.osu-players.tmp", "model/.card.json.x.osu-players.tmp"):
        (tmp_path / name).touch()
    state = torch.load(tmp_path / "last.pt", weights_only=True)
    state["args"]["steps"] = 2  # as if it had been stopped after one of two
    torch.save(state, tmp_path / "last.pt")
    os.utime(tmp_path / "last.pt", (2**33, 2**33))
    script.main(dataclasses.replace(args, resume=True))
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == sorted(steps) and set(steps) == {0, 1}
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("broken", ["plot", "log"])
def test_the_checkpoint_comes_before_log_and_plot(broken, cache, tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        raise OSError("no space left")

    script, args = args_of("train_rnn", cache, tmp_path, steps=1)
    if broken == "plot":
        monkeypatch.setattr("osu.figures.subplots", fail)
        script.main(args)
        assert "loss.png was not drawn (no space left)" in capsys.readouterr().err
    else:
        monkeypatch.setattr(Run, "log", lambda run, step, **values: "imitation" in values or fail())
        with pytest.raises(OSError, match="no space left"):
            script.main(args)
    assert (tmp_path / "last.pt").exists()


def test_a_run_that_was_killed_after_its_last_step_keeps_its_model(cache, tmp_path, monkeypatch):
    script, args = args_of("train_rnn", cache, tmp_path, steps=1)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Run, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            script.main(args)
    metrics = script.main(dataclasses.replace(args, resume=True))
    assert checkpoint.load_card(tmp_path / "model")["validation"] == metrics != {}


@pytest.mark.parametrize("damage", ["cut", "zeros", "empty", "object", "pipe", "other"])
def test_a_damaged_state_is_a_sentence(damage, cache, tmp_path):
    script, args = args_of("train_rnn", cache, tmp_path, steps=1)
    script.main(args)
    path = tmp_path / "last.pt"
    data = path.read_bytes()
    if damage == "pipe":
        path.unlink()
        os.mkfifo(path)
    elif damage == "object":
        torch.save([1, 2], path)
    elif damage == "other":
        state = torch.load(path, weights_only=True)
        state["parts"]["model"] = {}
        state["args"]["steps"] = 2
        torch.save(state, path)
    else:
        middle = len(data) // 2
        made = {"cut": data[:middle], "zeros": data[:middle] + bytes(middle), "empty": b""}
        path.write_bytes(made[damage])
    with pytest.raises(CheckpointError, match="damaged"):
        script.main(dataclasses.replace(args, steps=2, resume=True))
