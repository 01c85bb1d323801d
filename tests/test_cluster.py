"""Preparation on a cluster of two workers on this machine: the same shards, one worker killed."""

import os
import signal
import threading
import time

import pytest

pytest.importorskip("dask.distributed", reason="dask.distributed is not installed (group: cluster)")

from dask.distributed import Client, LocalCluster

from osu.cluster import prepare_on
from osu.prepare import prepare


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
