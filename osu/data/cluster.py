r"""Preparing on many machines: the shards of osu.data.prepare as tasks of a Dask cluster.

    # once: a certificate and its key, to be copied into the project's folder of every machine
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
        -subj /CN=osu-players -keyout key.pem -out cert.pem
    # at each of the commands below
    tls="--tls-ca-file cert.pem --tls-cert cert.pem --tls-key key.pem"
    web="--no-dashboard --dashboard-address 127.0.0.1:0"
    # on one machine, here 10.0.0.1
    uv run --extra cluster -m dask scheduler --host tls://10.0.0.1 $tls $web
    # on every machine, here 10.0.0.2
    uv run --extra cluster -m dask worker tls://10.0.0.1:8786 --host tls://10.0.0.2 \
        --nworkers -1 --nthreads 1 $tls $web
    # on one of them
    uv run --extra cluster -m osu.data.cluster FOLDER ... --cache DIR \
        --scheduler tls://10.0.0.1:8786 $tls

The folders and the cache lie on a disk that all machines see under the same names; the workers
start in the project's folder. Only names and a few numbers travel: a worker reads its replays and
writes its shard itself.

Whoever reaches a scheduler or a worker can run code there, as the user who started it. So each
--host is the one address to listen on, the machine's own in a network of yours (without it a
worker listens on all), and TLS lets in only who has key.pem: they trust each other fully. With
`web` there is no dashboard; what Dask still serves by HTTP is seen from the machine itself only.

Why Dask: a shard is a function of its files, so all that is wanted is an Executor which gives the
tasks of a lost worker to another. dask.distributed is one, in 19 MB of mostly plain Python; Ray is
a larger runtime with an object store of its own, Spark a Java one.
"""

import argparse
import sys
from pathlib import Path

from dask.distributed import Client, KilledWorker, Security

from osu.data.library import DataError
from osu.data.prepare import SHARD_PAIRS, prepare
from osu.errors import run_program, shown


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folders", nargs="+", help="folders with .osr and .osu / .osz below")
    parser.add_argument("--cache", default="cache", help="where the prepared plays go")
    parser.add_argument("--seed", type=int, default=0, help="of the split by song")
    parser.add_argument("--scheduler", required=True, help="its address, tls://HOST:PORT")
    parser.add_argument("--tls-ca-file", metavar="FILE", help="who signs the certificates (PEM)")
    parser.add_argument("--tls-cert", metavar="FILE", help="the certificate of this process (PEM)")
    parser.add_argument("--tls-key", metavar="FILE", help="its key (PEM)")
    args = parser.parse_args()
    if args.scheduler.startswith("tls:") and not (args.tls_ca_file and args.tls_cert):
        parser.error("a scheduler with TLS needs --tls-ca-file, --tls-cert and --tls-key")
    folders = [str(Path(folder).resolve()) for folder in args.folders]
    security = Security(
        tls_ca_file=args.tls_ca_file,
        tls_client_cert=args.tls_cert,
        tls_client_key=args.tls_key,
    )

    def work() -> None:
        with Client(args.scheduler, security=security) as client:
            print(shown(prepare_on(client, folders, Path(args.cache).resolve(), args.seed)))

    return run_program("osu.data.cluster", work)


if __name__ == "__main__":
    sys.exit(main())
