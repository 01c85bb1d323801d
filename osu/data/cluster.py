"""Preparing on many machines: the shards of osu.data.prepare as tasks of a Dask cluster.

    uv run --extra cluster -m dask scheduler --host 10.0.0.1                             one machine
    uv run --extra cluster -m dask worker tcp://10.0.0.1:8786 --nworkers -1 --nthreads 1 every one
    uv run --extra cluster -m osu.data.cluster FOLDER ... --cache DIR --scheduler tcp://10.0.0.1:8786

The folders and the cache lie on a disk that all machines see under the same names; the workers
start in the project's folder. Only names and a few numbers travel: a worker reads its replays and
writes its shard itself. Whoever reaches a scheduler can run code on its workers: keep it on a
network of your own.

Why Dask: a shard is a function of its files, so all that is wanted is an Executor which gives the
tasks of a lost worker to another. dask.distributed is one, in 19 MB of mostly plain Python; Ray is
a larger runtime with an object store of its own, Spark a Java one.
"""

import argparse
from pathlib import Path

from dask.distributed import Client, KilledWorker

from osu.data.library import DataError
from osu.data.prepare import SHARD_PAIRS, prepare


def prepare_on(
    client: Client,
    folders: list[str | Path],
    cache: str | Path,
    seed: int = 0,
    shard_pairs: int = SHARD_PAIRS,
) -> Path:
    """`osu.data.prepare.prepare` on the workers of a cluster."""
    jobs = sum(client.nthreads().values())
    if not jobs:
        raise DataError(f"{client.scheduler.address}: no worker has joined this scheduler")
    executor = client.get_executor(pure=False)
    try:
        return prepare(folders, cache, seed, jobs, executor, shard_pairs)
    except KilledWorker:
        raise DataError(
            f"{cache}: one worker after the other was killed at the same shard (out of memory?); "
            "the same command goes on"
        ) from None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folders", nargs="+", help="folders with .osr and .osu / .osz below")
    parser.add_argument("--cache", default="cache", help="where the prepared plays go")
    parser.add_argument("--seed", type=int, default=0, help="of the split by song")
    parser.add_argument("--scheduler", required=True, help="its address, tcp://HOST:PORT")
    args = parser.parse_args()
    folders = [str(Path(folder).resolve()) for folder in args.folders]
    with Client(args.scheduler) as client:
        print(prepare_on(client, folders, Path(args.cache).resolve(), args.seed))


if __name__ == "__main__":
    try:
        main()
    except (DataError, OSError) as error:
        raise SystemExit(f"osu.data.cluster: {error}") from None
