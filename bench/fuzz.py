"""Mutated files through the programs' own entries: tracebacks, hangs, memory, good files not done.

    uv run -m bench.fuzz                        a million inputs: hours, by the number of cores
    uv run -m bench.fuzz --inputs 20000 --entry judge --entry cache
    uv run -m bench.fuzz --again judge 157      one input once more: its traceback; its files stay

Input N of an entry is made from the seed "ENTRY N" and from nothing else, so the table names every
fault by its first seed. Entries and mutations are tests/hostile/; tests/hostile/test_fuzz.py runs
the first inputs of each. Wanted: no fault at all. A fault is whatever leaves an entry but the
program's one sentence about the bad file alone; a good file that was not done; more than 5 s of
computing (or 50 s in all) or 1 GB; an escape sequence that is printed. Faults are also said at
once.
"""

import argparse
import contextlib
import itertools
import multiprocessing
import os
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.hostile.entries import ENTRIES, built, fault

# Inputs of each entry in a million: the cheap ones and those that read most kinds of files, most.
SHARES = {
    "songs": 300_000,
    "judge": 200_000,
    "prepare": 110_000,
    "index": 110_000,
    "cache": 100_000,
    "opened": 80_000,
    "likeness": 50_000,
    "installation": 30_000,
    "models": 18_000,
    "resume": 2_000,
}
CHUNK = 1000  # inputs that a process is given at once
LIMIT_S = 5.0
KILL_S = 90.0  # for what does not even hear an alarm
MOST_MB = 1000
LIMIT_BYTES = 6 << 30  # of a process's data: then MemoryError, not the machine's end


@dataclass
class Tally:
    """What became of the inputs of an entry."""

    entry: str
    inputs: int = 0
    slowest_s: float = 0.0
    peak_mb: float = 0.0
    faults: Counter = field(default_factory=Counter)
    first_seed: dict[str, int] = field(default_factory=dict)

    def add(self, seed: int, said: str, seconds: float, peak_mb: float) -> None:
        self.inputs += 1
        self.slowest_s = max(self.slowest_s, seconds)
        self.peak_mb = max(self.peak_mb, peak_mb)
        if said:
            print(f"{self.entry} {seed}: {said}", flush=True)
            self.faults[said] += 1
            self.first_seed[said] = min(seed, self.first_seed.get(said, seed))


def work(pipe: Connection) -> None:
    """A process: chunks (entry, first, count) in, an outcome for each input out. It ends after an
    input that took too much memory, since its peak would hide the next one's."""
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT_BYTES, LIMIT_BYTES))
    with contextlib.ExitStack() as stack:
        entries = {}
        for name, first, count in iter(pipe.recv, None):
            if name not in entries:
                entries[name] = stack.enter_context(built(name))
            for seed in range(first, first + count):
                start = time.process_time()
                said = fault(name, entries[name], seed, LIMIT_S)
                seconds = time.process_time() - start
                peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                if peak_mb > MOST_MB and not said:
                    said = f"takes more than {MOST_MB} MB"
                pipe.send((seed, said, seconds, peak_mb))
                if peak_mb > MOST_MB:
                    return


class Worker:
    """A process and the chunk that it is given."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def give(self, name: str, first: int, count: int) -> None:
        self.name, self.seed, self.end = name, first, first + count
        self.heard_s = time.monotonic()
        self.pipe.send((name, first, count))

    def restart(self) -> None:
        """Without the input that it was at."""
        self.process.kill()
        self.process.join()
        self.start()
        if self.seed < self.end:
            self.give(self.name, self.seed, self.end - self.seed)


def chunks(counts: dict[str, int], first: int) -> Iterator[tuple[str, int, int]]:
    """A process keeps to an entry as long as it can: entries are built once in a process."""
    for name, count in counts.items():
        for at in range(first, first + count, CHUNK):
            yield name, at, min(CHUNK, first + count - at)


def run(counts: dict[str, int], first: int, jobs: int) -> dict[str, Tally]:
    """All inputs of all entries; what was done by then on Ctrl-C."""
    tallies = {name: Tally(name) for name in counts}
    left = chunks(counts, first)
    workers = []
    for chunk in itertools.islice(left, jobs):
        workers.append(Worker())
        workers[-1].give(*chunk)
    total, told_s = sum(counts.values()), time.monotonic()
    try:
        while workers:
            ready = wait([worker.pipe for worker in workers], timeout=1.0)
            for worker in list(workers):
                if worker.pipe in ready:
                    _hear(worker, tallies)
                elif time.monotonic() - worker.heard_s > KILL_S:
                    tallies[worker.name].add(worker.seed, "hangs and had to be killed", KILL_S, 0)
                    worker.seed += 1
                    worker.restart()
                if worker.seed == worker.end:
                    chunk = next(left, None)
                    if chunk is None:
                        worker.pipe.send(None)
                        worker.process.join()
                        workers.remove(worker)
                    else:
                        worker.give(*chunk)
            if time.monotonic() - told_s > 60:
                told_s = time.monotonic()
                done = sum(tally.inputs for tally in tallies.values())
                faults = sum(sum(tally.faults.values()) for tally in tallies.values())
                print(f"{done} of {total} inputs, {faults} faults", flush=True)
    except KeyboardInterrupt:
        print("stopped")
    return tallies


def _hear(worker: Worker, tallies: dict[str, Tally]) -> None:
    """One outcome; the end of the process is one, too."""
    try:
        seed, said, seconds, peak_mb = worker.pipe.recv()
    except EOFError:
        worker.process.join()
        if worker.process.exitcode != 0:  # else it ended itself, with its outcome told
            said = f"ends the process with {worker.process.exitcode}"
            tallies[worker.name].add(worker.seed, said, 0, 0)
            worker.seed += 1
        worker.restart()
        return
    tallies[worker.name].add(seed, said, seconds, peak_mb)
    worker.seed, worker.heard_s = seed + 1, time.monotonic()


def table(tallies: dict[str, Tally]) -> str:
    rows = ["| entry | inputs | faults | slowest s | peak MB |", "|---|---|---|---|---|"]
    for name, tally in tallies.items():
        rows.append(
            f"| {name} | {tally.inputs} | {sum(tally.faults.values())} | {tally.slowest_s:.1f} | "
            f"{tally.peak_mb:.0f} |"
        )
    rows += ["", "| entry | first seed | times | fault |", "|---|---|---|---|"]
    for name, tally in tallies.items():
        for said, times in tally.faults.most_common():
            rows.append(f"| {name} | {tally.first_seed[said]} | {times} | {said} |")
    return "\n".join(rows)


def again(name: str, seed: int) -> None:
    """One input in the open."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    print(f"{folder}: the input's files")
    ENTRIES[name](folder / name)(random.Random(f"{name} {seed}"))
    print("nothing is wrong")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=sum(SHARES.values()), help="of all entries")
    parser.add_argument("--entry", action="append", choices=ENTRIES, help="these only")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--again", nargs=2, metavar=("ENTRY", "N"), help="one input, in the open")
    args = parser.parse_args()
    if args.again:
        again(args.again[0], int(args.again[1]))
        return
    shares = {name: SHARES[name] for name in args.entry or SHARES}
    counts = {
        name: max(1, round(args.inputs * share / sum(shares.values())))
        for name, share in shares.items()
    }
    print(table(run(counts, args.first, args.jobs)))


if __name__ == "__main__":
    main()
