"""Replays and maps -> one compact cache of shards, made once with all cores, whatever the count.

    cache/manifest.json ...    see osu.data.manifest
    cache/shard-00000.npz      up to SHARD_PAIRS pairs, sorted by map; see osu.data.shards

    find   every pair goes into a temporary table on disk, which sorts them (SQLite)
    shard  a process takes SHARD_PAIRS of them, reads, encodes and writes, and answers with a
           few numbers; the table keeps the song, player and length of each play
    split  by song; then the manifest is written, a line at a time

So memory grows neither with the replays nor with the shards, only with distinct maps, songs and
players. Shards are independent of each other and the same files give the same bytes: a stopped
preparation loses the shards being made (one a process), and goes on with all those whose files did
not change.

The processes are an Executor of concurrent.futures: this machine's, or those of a cluster
(osu.data.cluster), where `cache` and the folders are on a disk that all of them see.
"""

import hashlib
import json
import multiprocessing
import os
import signal
import sqlite3
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from osu.data.finding.pair import Pair
from osu.data.library import SPLITS, DataError, each_pair, nothing_found, split_by_song
from osu.data.manifest import (
    FORMAT,
    Entry,
    Sizes,
    entry_line,
    read_head,
    read_manifest,
    shard_path,
)
from osu.data.shards import write_shard
from osu.errors import shown
from osu.files import ready_folder, remove_temporaries, write_atomic

SHARD_PAIRS = 256
MAPS_IN_PART = "map: objects or timing points that cannot be read; prepared without them"
AHEAD = 4  # shards handed out for each process, so that a slow one keeps no other waiting


def prepare(
    folders: list[str | Path],
    cache: str | Path,
    seed: int = 0,
    jobs: int | None = None,
    executor: Executor | None = None,
    shard_pairs: int = SHARD_PAIRS,
    player: str | None = None,
) -> Path:
    """Prepares the replays below the folders into `cache`, unless it is there and up to date.

    `jobs` processes work at once, those of `executor` where one is given. With `player` only that
    player's plays are taken (see osu.data.library.each_pair). Prints a table of what was skipped
    and why. DataError where nothing is usable.
    """
    cache, jobs = Path(cache), jobs or os.cpu_count() or 1
    skipped: Counter = Counter()
    table = Table(each_pair(folders, skipped, player), shard_pairs)
    if not table.pairs:
        raise nothing_found(folders)
    digest = hashlib.sha256(f"{FORMAT}|{seed}".encode())
    for pairs in table.shards():
        digest.update(_fingerprint(pairs).encode())
    fingerprint = digest.hexdigest()[:24]
    if _is_fresh(cache, fingerprint):
        return cache
    ready_folder(cache)
    with _alone_in(cache):
        if _is_fresh(cache, fingerprint):  # another process has made it meanwhile
            return cache
        remove_temporaries(cache)
        (cache / "manifest.json").unlink(missing_ok=True)
        tasks = (
            (shard_path(cache, number), pairs, _fingerprint(pairs))
            for number, pairs in enumerate(table.shards())
        )
        maps_in_part = 0
        own = None if executor else _processes(jobs)
        try:
            with tqdm(total=table.pairs, desc="prepare", unit="play") as bar:
                summaries = _in_order(executor or own, write_shard, tasks, AHEAD * jobs)
                for number, summary in enumerate(summaries):
                    table.keep(number, summary)
                    skipped.update(summary["skipped"])
                    maps_in_part += summary["maps_in_part"]
                    bar.update(summary["sizes"].plays + sum(summary["skipped"].values()))
        except BrokenProcessPool:
            raise DataError(
                f"{cache}: a preparing process was killed (out of memory?); "
                "the same command goes on"
            ) from None
        finally:
            if own:
                own.shutdown(cancel_futures=True)  # those that run are finished
        _clear(cache, table.count())

        if maps_in_part:
            skipped[MAPS_IN_PART] += maps_in_part
        if skipped:
            print("skipped:")
            for reason, count in skipped.most_common():
                print(f"{count:8d}  {shown(reason)}")
        songs = table.split(seed)
        if not songs:
            names = ", ".join(map(str, folders))
            raise DataError(f"{names}: none of the {table.pairs} replays found is usable")
        write_atomic(cache / "shards.jsonl", (entry_line(e).encode() for e in table.entries()))
        _write_json(cache / "songs.json", songs)
        _write_json(cache / "players.json", table.players())
        head = {
            "format": FORMAT,
            "fingerprint": fingerprint,
            "seed": seed,
            "skipped": dict(skipped),
        }
        _write_json(cache / "manifest.json", head | {"splits": table.totals()})
    return cache


def _is_fresh(cache: Path, fingerprint: str) -> bool:
    """Whether a cache is finished and of this fingerprint, and all its shards are there."""
    if read_head(cache).get("fingerprint") != fingerprint:
        return False
    try:
        shards = len(read_manifest(cache).shards)
    except DataError:
        return False
    return all(shard_path(cache, number).is_file() for number in range(shards))


@contextmanager
def _alone_in(cache: Path) -> Iterator[None]:
    """Waits, and says so, while another process prepares into this folder. The lock is the
    system's: it goes with its process."""
    lock = FileLock(cache / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"{shown(cache)}: waiting for another preparation into this folder")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


class Table:
    """Pairs and plays in a temporary file that SQLite sorts and counts, and that is gone with the
    process: `TMPDIR` says where, some 300 bytes a play."""

    def __init__(self, pairs: Iterable[Pair], shard_pairs: int) -> None:
        self.shard_pairs = shard_pairs
        self.db = sqlite3.connect("")
        self.db.execute("PRAGMA journal_mode = off")  # nobody goes on from a temporary file
        self.db.execute("CREATE TABLE unsorted (beatmap, member, replay, split, crlf)")
        # Names as the disk's bytes: they need not be text.
        self.db.executemany(
            "INSERT INTO unsorted VALUES (?, ?, ?, ?, ?)",
            (
                (
                    *map(os.fsencode, (pair.beatmap, pair.member, pair.replay)),
                    *(pair.split, pair.crlf),
                )
                for pair in pairs
            ),
        )
        self.db.execute(
            "CREATE TABLE pair AS SELECT * FROM unsorted ORDER BY beatmap, member, crlf, replay"
        )
        self.db.execute("DROP TABLE unsorted")
        self.db.execute(f"CREATE TABLE shard (sha256, {', '.join(Sizes._fields)})")
        self.db.execute("CREATE TABLE play (shard, song, split, player, frames)")
        (self.pairs,) = self.db.execute("SELECT count(*) FROM pair").fetchone()

    def shards(self) -> Iterator[list[Pair]]:
        """The pairs of each shard."""
        rows = self.db.execute("SELECT * FROM pair ORDER BY rowid")
        while batch := rows.fetchmany(self.shard_pairs):
            yield [
                Pair(*map(os.fsdecode, (replay, beatmap, member)), split, bool(crlf))
                for beatmap, member, replay, split, crlf in batch
            ]

    def keep(self, number: int, summary: dict) -> None:
        """Stores the summary of a shard, as `write_shard` returns it."""
        values = (summary["sha256"], *summary["sizes"])
        self.db.execute(f"INSERT INTO shard VALUES ({', '.join('?' * len(values))})", values)
        self.db.executemany(
            "INSERT INTO play VALUES (?, ?, ?, ?, ?)",
            ((number, *play) for play in summary["plays"]),
        )

    def count(self) -> int:
        return self.db.execute("SELECT count(*) FROM shard").fetchone()[0]

    def split(self, seed: int) -> dict[str, str]:
        """song -> split; every play gets its own, where its folder does not say it."""
        songs = split_by_song(
            [song for (song,) in self.db.execute("SELECT DISTINCT song FROM play")], seed
        )
        self.db.execute("CREATE TABLE song (name PRIMARY KEY, split)")
        self.db.executemany("INSERT INTO song VALUES (?, ?)", songs.items())
        self.db.execute(
            "UPDATE play SET split = (SELECT split FROM song WHERE name = song) WHERE split = ''"
        )
        self.db.execute("CREATE INDEX of_shard ON play (shard, split)")
        return songs

    def entries(self) -> Iterator[Entry]:
        for number, sha256, *sizes in self.db.execute("SELECT rowid - 1, * FROM shard"):
            plays = dict(
                self.db.execute(
                    "SELECT split, count(*) FROM play WHERE shard = ? GROUP BY split", (number,)
                )
            )
            yield Entry(sha256, Sizes(*sizes), tuple(plays.get(name, 0) for name in SPLITS))

    def players(self) -> dict[str, int]:
        """player -> frames in the train split."""
        return dict(
            self.db.execute(
                "SELECT player, sum(frames) FROM play WHERE split = 'train' GROUP BY player"
            )
        )

    def totals(self) -> dict[str, dict[str, int]]:
        """split -> number of plays, frames, songs."""
        rows = self.db.execute(
            "SELECT split, count(*), sum(frames), count(DISTINCT song) FROM play GROUP BY split"
        )
        counts = {split: {"plays": p, "frames": f, "songs": s} for split, p, f, s in rows}
        return {split: counts[split] for split in SPLITS if split in counts}


def _processes(jobs: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, context, initializer=_serve)


def _serve() -> None:
    """Prepares a worker process: Ctrl-C is left to the parent, and the process ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _in_order(
    executor: Executor, function: Callable, tasks: Iterable[tuple], ahead: int
) -> Iterator:
    """Like executor.map, which would take all tasks at once: `ahead` of them wait or work."""
    waiting: deque = deque()
    for task in tasks:
        waiting.append(executor.submit(function, *task))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _clear(cache: Path, shards: int) -> None:
    """Removes the shards of an earlier, larger set."""
    for path in cache.glob("shard-*.npz"):
        number = path.stem.removeprefix("shard-")
        if number.isdecimal() and int(number) >= shards:
            path.unlink()


def _fingerprint(pairs: list[Pair]) -> str:
    """The fingerprint of a shard: it changes with the format, the pairs and their files."""
    text = "\n".join([str(FORMAT), *(pair.fingerprint() for pair in pairs)])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _write_json(path: Path, value: dict) -> None:
    write_atomic(path, json.dumps(value).encode())
