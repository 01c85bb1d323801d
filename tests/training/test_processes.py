"""Training on two processes, by torchrun with gloo, beside the same on one.

A process that trains takes seconds to start, so two pairs of them do everything: what ends a pair
is tested of the first, and the second trains one network after the other.
"""

import json
import os
import socket
import subprocess
import sys

import pytest
import torch

from tests.paths import ROOT
from tests.training.small import SMALL, args_of

# train_rnn.py, whose second process gets a signal in the second step, and torchrun another.
SIGNALLED = """
import os, signal, time
from osu.training.options import launch
from osu.training.run import Run
import train_rnn

look = Run.check_finite

def signalled(run, step, losses):
    look(run, step, losses)
    if run.rank == step == 1:
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(0.5)  # it is sent on to both
        os.kill(os.getpid(), signal.SIGINT)

Run.check_finite = signalled
launch(train_rnn.main, train_rnn.Args)
"""

# Its arguments: the command lines of scripts, as JSON, which are run one after the other, each with
# its port. torchrun's own store is good for one meeting of the processes: each script has another.
SEVERAL = """
import json, os, runpy, sys

os.environ["TORCHELASTIC_USE_AGENT_STORE"] = "False"
for port, script, *options in json.loads(sys.argv[1]):
    os.environ["MASTER_PORT"] = port
    sys.argv = [script, *options]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            raise
"""

FIVE_STEPS = {"steps": 5, "batch": 4, "eval_every": 1000}


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


@pytest.fixture(scope="module")
def two_trained(cache, tmp_path_factory):
    """-> (of the pair that is stopped: its status, what it said, its last.pt; name of a script ->
    the folder of a run that the second pair made, train_rnn going on from where it was stopped)."""
    root = tmp_path_factory.mktemp("two")
    (root / "signalled.py").write_text(SIGNALLED)
    (root / "several.py").write_text(SEVERAL)

    def options(name: str, *more: str, **changes) -> list[str]:
        changed = SMALL[name] | changes
        flags = [f"--{k.replace('_', '-')}={v}" for k, v in changed.items()]
        where = ["--data=", f"--cache={cache}", f"--out={root / name}", "--device=cpu"]
        return [*where, "--no-pictures", *flags, *more]

    def on_two(script, *arguments: str) -> subprocess.CompletedProcess:
        launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
        return subprocess.run(
            [sys.executable, *launcher, script, *arguments],
            cwd=ROOT, capture_output=True, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    of_rnn = {"steps": 6, "eval_every": 4}
    ended = on_two(root / "signalled.py", *options("train_rnn", **of_rnn))
    state = root / "train_rnn" / "last.pt"
    assert state.exists(), ended.stderr[-4000:]
    stopped = ended.returncode, ended.stdout, torch.load(state, weights_only=True)
    resumed = options("train_rnn", "--resume", **of_rnn)
    lines = [[free_port(), "train_rnn.py", *resumed]]
    for name in ("train_diffusion", "train_vae"):
        lines.append([free_port(), f"{name}.py", *options(name, **FIVE_STEPS)])
    done = on_two(root / "several.py", json.dumps(lines))
    assert done.returncode == 0, done.stderr[-4000:]
    return stopped, {name: root / name for name in ("train_rnn", "train_diffusion", "train_vae")}


def losses(folder) -> list[float]:
    """Of the first step and the last."""
    lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    keys = ("loss", "critic_loss")  # of diffusion, of the others
    return [line[k] for line in lines for k in keys if k in line]


@pytest.mark.usefixtures("one_thread", "no_loss_plot")
def test_two_processes_learn_as_one(two_trained, cache, tmp_path):
    """The diffusion player learns from the same windows and noise however many processes share
    the batch, so five steps later its loss is the same but for the order in which float32 sums are
    made (1e-3; another draw of windows changes it by 1e-1)."""
    script, args = args_of("train_diffusion", cache, tmp_path, **FIVE_STEPS)
    script.main(args)
    of_two, of_one = losses(two_trained[1]["train_diffusion"]), losses(tmp_path)
    assert len(of_two) == 2
    assert of_two == pytest.approx(of_one, rel=1e-3)


def test_two_processes_train_an_adversarial_network(two_trained):
    """These draw noise for each process apart: of one of them, it is that it runs and ends."""
    assert len(losses(two_trained[1]["train_vae"])) == 2


def test_signals_to_two_processes_save_first(two_trained):
    """SIGTERM to torchrun, which sends it on, and SIGINT to one process: both end after the same
    step, so that neither waits for the other, when it is saved. It goes on from there; that it
    does so bit for bit is shown of one process, in test_scripts."""
    (status, said, state), folders = two_trained
    assert (status, state["step"]) == (1, 2)  # of torchrun, whatever its processes end with
    assert "stopped after 2 steps; --resume goes on" in said
    state = torch.load(folders["train_rnn"] / "last.pt", weights_only=True)
    assert state["step"] == 6
