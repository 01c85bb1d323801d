"""Preparation on a cluster of two workers on this machine: the same shards, one worker killed."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.paths import ROOT

pytest.importorskip("dask.distributed", reason="dask.distributed is not installed (group: cluster)")

from dask.distributed import Client, LocalCluster

from osu.data.cluster import prepare_on
from osu.data.prepare import prepare


def test_a_killed_worker_changes_no_byte(folder, tmp_path):
    alone = prepare([folder], tmp_path / "alone", jobs=1, shard_pairs=1)
    killed, over = [], threading.Event()

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        pids = client.run(os.getpid)

        def kill_a_busy_one() -> None:
            while not killed and not over.is_set():
                if len(list((tmp_path / "together").glob("shard-*.npz"))) >= 2:
                    for address in [a for a, tasks in client.processing().items() if tasks][:1]:
                        os.kill(pids[address], signal.SIGKILL)
                        killed.append(address)
                time.sleep(0.001)

        killer = threading.Thread(target=kill_a_busy_one)
        killer.start()
        together = prepare_on(client, [folder], tmp_path / "together", shard_pairs=1)
        over.set()
        killer.join()

    assert killed
    files = {path.name: path.read_bytes() for path in alone.iterdir()}
    assert len([name for name in files if name.startswith("shard-")]) == 7
    assert {path.name: path.read_bytes() for path in together.iterdir()} == files


def test_the_commands_of_the_module_s_docstring(folder, tmp_path):
    """The scheduler and the workers are processes of their own: they must find `osu` too."""
    where, started = tmp_path / "scheduler.json", []

    def start(*arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", *arguments]
        started.append(
            subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        )
        return started[-1]

    try:
        start(
            *("dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(where)),
        )
        start(
            *("dask", "worker", "--scheduler-file", str(where), "--nworkers", "1"),
            *("--nthreads", "1", "--no-dashboard"),
        )
        with Client(scheduler_file=str(where), timeout=60) as client:
            client.wait_for_workers(1, timeout=60)
            address = client.scheduler.address
        main = start("osu.data.cluster", str(folder), "--cache", str(tmp_path / "together"),
                     "--scheduler", address)  # fmt: skip
        printed, _ = main.communicate(timeout=120)
        assert main.returncode == 0, printed
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(timeout=30)
    alone = prepare([folder], tmp_path / "alone", jobs=1)
    for path in alone.iterdir():
        assert (tmp_path / "together" / path.name).read_bytes() == path.read_bytes()
