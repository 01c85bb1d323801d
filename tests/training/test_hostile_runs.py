"""Runs that are interrupted, and run folders that were: nothing is lost but the step at hand."""

import dataclasses
import functools
import json
import os
import shutil
import signal
import sys
import zipfile

import pytest
import torch

from osu.nets import checkpoint
from osu.nets.checkpoint import CheckpointError
from osu.nets.lstm import CursorLSTM
from osu.training.run import Run
from tests.training.small import args_of
from train_rnn import Args


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Sums in the same order on every machine: bit for bit needs one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole(one_thread, cache, tmp_path_factory):
    """Name of a script -> the folder of a run of two steps that nobody stopped."""

    @functools.cache
    def run(name: str):
        folder = tmp_path_factory.mktemp(name)
        script, args = args_of(name, cache, folder, steps=2)
        script.main(args)
        return folder

    return run


def final(folder) -> dict:
    return torch.load(folder / "last.pt", weights_only=True)["parts"]


@pytest.mark.usefixtures("no_loss_plot")
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("train_rnn", signal.SIGINT),
        ("train_rnn", signal.SIGTERM),
        ("train_diffusion", signal.SIGTERM),
    ],
)
def test_a_signal_saves_first(name, number, whole, cache, tmp_path, monkeypatch):
    script, args = args_of(name, cache, tmp_path, steps=2)
    look = Run.check_finite

    def signalled(run, step, losses):
        look(run, step, losses)
        if step == 0:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with monkeypatch.context() as patched:
        patched.setattr(Run, "check_finite", signalled)
        with pytest.raises(SystemExit) as ended:
            script.main(args)
    assert ended.value.code == 128 + number
    assert signal.getsignal(number) == before
    script.main(dataclasses.replace(args, resume=True))
    parts = map(final, (whole(name), tmp_path))
    torch.testing.assert_close(*parts, rtol=0, atol=0, equal_nan=True)


@pytest.mark.usefixtures("no_loss_plot")
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


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux in the place of a full disk")
@pytest.mark.parametrize("kind", ["state", "model"])
def test_a_full_disk_is_an_error_of_the_file_and_keeps_the_last(kind, tmp_path):
    import resource

    network = CursorLSTM(CursorLSTM.Config(hidden=32))
    path = tmp_path / ("last.pt" if kind == "state" else checkpoint.WEIGHTS)

    def write():
        if kind == "state":
            checkpoint.save_state(path, Args(), 1, {"model": network}, {}, 1.0)
        else:
            checkpoint.save_model(tmp_path, network, {})

    write()
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(OSError) as met:
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert met.value.filename == str(path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


@pytest.mark.usefixtures("no_loss_plot")
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


@pytest.mark.parametrize("damage", ["cut", "zeros", "empty", "object", "pipe", "other", "bit"])
def test_a_damaged_state_is_a_sentence(damage, whole, cache, tmp_path):
    script, args = args_of("train_rnn", cache, tmp_path, steps=3)
    path = shutil.copytree(whole("train_rnn"), tmp_path, dirs_exist_ok=True) / "last.pt"
    data = path.read_bytes()
    if damage == "pipe":
        path.unlink()
        os.mkfifo(path)
    elif damage == "object":
        torch.save([1, 2], path)
    elif damage == "other":
        state = torch.load(path, weights_only=True)
        state["parts"]["model"] = {}
        state["args"] = dataclasses.asdict(args)
        torch.save(state, path)
    elif damage == "bit":  # of a weight, which is then another finite number
        with zipfile.ZipFile(path) as archive:
            (name,) = (each for each in archive.namelist() if each.endswith("/data/0"))
            at = data.index(archive.read(name))
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    else:
        middle = len(data) // 2
        made = {"cut": data[:middle], "zeros": data[:middle] + bytes(middle), "empty": b""}
        path.write_bytes(made[damage])
    with pytest.raises(CheckpointError, match=r"last\.pt: (damaged|does not fit)"):
        script.main(dataclasses.replace(args, resume=True))
