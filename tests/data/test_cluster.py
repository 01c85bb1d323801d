"""Preparation on a cluster of two workers on this machine: the same shards, one worker killed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.paths import ROOT

pytest.importorskip("dask.distributed", reason="dask.distributed is not installed (group: cluster)")

from dask.distributed import Client, LocalCluster, Security

import osu.data.cluster
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


@pytest.mark.skipif(
    not (shutil.which("openssl") and Path("/proc/net/tcp").exists()),
    reason="makes a certificate with openssl, and reads off Linux's /proc who listens",
)
def test_the_commands_of_the_module_s_docstring(folder, tmp_path):
    """They are run as they stand there, on this machine: processes of their own, which must find
    `osu` too, listen on no more than the address named, and let nobody in without the key."""
    script = "\n".join(re.findall("^    (.*)$", osu.data.cluster.__doc__, re.MULTILINE))
    commands = [line for line in script.replace("\\\n", "").splitlines() if line[0] != "#"]
    make_key, tls, web, scheduler, worker, prepare_there = commands
    where = tmp_path / "scheduler.json"
    started = []

    def start(command: str, address: str = "") -> subprocess.Popen:
        command = command.replace("uv run --extra cluster", f"exec {sys.executable}")
        command = command.replace("tls://10.0.0.1:8786", address)
        command = re.sub(r"tls://10\.0\.0\.\d", "tls://127.0.0.1", command)
        started.append(
            subprocess.Popen(
                ["bash", "-c", f"{tls}\n{web}\n{command}"],
                cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return started[-1]

    try:
        assert start(make_key).wait(timeout=30) == 0
        start(f"{scheduler} --port 0 --scheduler-file {where}")
        wait_until(lambda: where.exists() and where.read_text().endswith("}"))
        address = json.loads(where.read_text())["address"]
        start(worker.replace("--nworkers -1", "--nworkers 1"), address)
        pem = str(tmp_path / "cert.pem")
        security = Security(
            tls_ca_file=pem, tls_client_cert=pem, tls_client_key=str(tmp_path / "key.pem")
        )
        with Client(address, security=security, timeout=60) as client:
            client.wait_for_workers(1, timeout=60)
            assert address.startswith("tls://127.0.0.1:")
            assert {host for process in started[1:] for host in listening(process.pid)} == {LOCAL}
            for refused in (address, *client.nthreads()):
                with pytest.raises(OSError), Client(refused.replace("tls", "tcp"), timeout=1):
                    pass
        arguments = prepare_there.replace("FOLDER ...", f"'{folder}'")
        arguments = arguments.replace("--cache DIR", f"--cache '{tmp_path / 'together'}'")
        main = start(arguments, address)
        printed, _ = main.communicate(timeout=120)
        assert main.returncode == 0, printed
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(timeout=30)
    alone = prepare([folder], tmp_path / "alone", jobs=1)
    for path in alone.iterdir():
        assert (tmp_path / "together" / path.name).read_bytes() == path.read_bytes()


LOCAL = "0100007F"  # 127.0.0.1, as /proc/net/tcp writes it


def listening(pid: int) -> set[str]:
    """The addresses on which a process and its children listen, read off /proc."""
    pids = [pid]
    for parent in pids:
        for task in Path(f"/proc/{parent}/task").iterdir():
            pids += map(int, (task / "children").read_text().split())
    inodes = {
        match[1]
        for p in pids
        for fd in Path(f"/proc/{p}/fd").iterdir()
        if (match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(fd)))
    }
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and row[9] in inodes}


def wait_until(condition) -> None:
    end_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end_s, "the scheduler did not start"
        time.sleep(0.05)
