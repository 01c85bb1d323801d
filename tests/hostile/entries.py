"""The programs' own entries, each with bad input that a seed makes again.

An entry is built once on a folder of its own and then called with a generator for each input. It
raises whatever a user would meet that must not be: AssertionError where a good file of the folder
was not done, else what the program raised. `fault` says in one line what that was.
"""

import contextlib
import hashlib
import io
import itertools
import json
import os
import random
import re
import shutil
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from unittest import mock

import evaluate
import osu.likeness.report  # noqa: F401 - what the commands import, before an input is timed
from osu.data.dataset import LIMIT_BYTES, PlaySet, each_play
from osu.data.library import find_pairs
from osu.data.prepare import prepare as prepare_folders
from osu.errors import UserError
from osu.formats.beatmap import load_beatmap
from osu.formats.replay import load_replay, save_replay
from osu.gui.songs import scan
from osu.likeness.contestants import PlaySource
from osu.likeness.human_plays import HumanPlay
from osu.likeness.measures import MeasureError, measure
from osu.nets import checkpoint
from osu.nets.lstm import CursorLSTM
from osu.players import engine
from osu.players.auto import auto_play
from osu.render.painter import Painter
from osu.render.scene import Stage
from osu.rules.judge import JudgeError
from tests.hostile.folder import MAPS, BadAmongGood, indexed
from tests.hostile.mutations import (
    bytes_changed,
    json_changed,
    map_changed,
    npz_changed,
    text_changed,
)
from tests.paths import ROOT
from tests.stable_folder import build
from tests.training.small import args_of

Input = Callable[[random.Random], None]
_ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # line feeds and tabs are none

_QUOTED = re.compile(r"""(['"]).*?\1|\d+|/\S+""")  # what differs between sentences of one kind


class HangError(BaseException):
    """An input that takes too long; no program catches it."""


class Inline(Executor):
    """An executor that works at once, in this process."""

    def submit(self, function, /, *args, **keywords) -> Future:
        done: Future = Future()
        done.set_result(function(*args, **keywords))
        return done


# --- A folder with one bad file among good ones --------------------------------------------------


def judge(root: Path) -> Input:
    folder, out = BadAmongGood(root / "in"), root / "records.json"

    def one(rng: random.Random) -> None:
        folder.spoil(rng)
        args = ["judge", str(folder.root), "--maps", str(folder.root), "--json", str(out)]
        assert evaluate.main(args) == 0, "judging the folder fails"
        _all_done(folder, {record["file"] for record in json.loads(out.read_bytes())})

    return one


def prepare(root: Path) -> Input:
    folder = BadAmongGood(root / "in")

    def one(rng: random.Random) -> None:
        folder.spoil(rng)
        shutil.rmtree(root / "cache", ignore_errors=True)
        cache = prepare_folders([folder.root], root / "cache", executor=Inline(), shard_pairs=3)
        _all_done(folder, {play.replay for play in each_play(cache)})
        PlaySet(cache)

    return one


def likeness(root: Path) -> Input:
    """`evaluate.py likeness` with a bad file in each folder, up to where all plays are measured;
    what it compares then are numbers. (Its classifiers would take half a minute.)"""
    people, generated = BadAmongGood(root / "people"), BadAmongGood(root / "generated")

    def measure_all(humans: list[HumanPlay], split: str, sources: dict[str, PlaySource], **_):
        _all_done(people, {human.pair.replay for human in humans})
        (source,) = sources.values()
        measured = set()
        for human in humans:
            draws, beatmap = itertools.count(), human.load()[0]
            for drawn in iter(lambda: source(human, beatmap, next(draws)), None):  # noqa: B023
                with contextlib.suppress(MeasureError, JudgeError):
                    measured.add(measure(*drawn).beatmap.md5)
        assert len(measured) == len(MAPS), "good generated plays were not measured"
        raise _MeasuredError

    def one(rng: random.Random) -> None:
        people.spoil(rng)
        generated.spoil(rng)
        with (
            mock.patch("osu.likeness.compare.compare", measure_all),
            contextlib.suppress(_MeasuredError),
        ):
            status = evaluate.main(
                ["likeness", "--data", str(people.root), "--generated", str(generated.root),
                 "--out", str(root / "report"), "--device", "cpu", "--controls"]
            )  # fmt: skip
            raise AssertionError(f"the report ends with status {status}")

    return one


class _MeasuredError(BaseException):
    """Leaves the command once all plays are measured."""


def songs(root: Path) -> Input:
    folder = BadAmongGood(root / "in")

    def one(rng: random.Random) -> None:
        folder.spoil(rng)
        found = {Path(song.path).name for song in scan(folder.root)}
        assert found >= {"a.osu", "b.osu"}, "good maps are not listed"

    return one


def _all_done(folder: BadAmongGood, paths: set[str]) -> None:
    lost = folder.good - {Path(path).name for path in paths}
    assert not lost, f"{len(lost)} of {len(folder.good)} good plays were not done"


# --- Files that say what a folder holds ----------------------------------------------------------


def index(root: Path) -> Input:
    """One changed row, or a changed table, of index.csv."""
    table = (indexed(root) / "index.csv").read_text()

    def one(rng: random.Random) -> None:
        if rng.random() < 0.5:
            data = text_changed(rng, table).encode("utf-8", "surrogatepass")
        else:
            data = bytes_changed(rng, table.encode())
        (root / "index.csv").write_bytes(data)
        with contextlib.suppress(UserError):  # such as no replay left in the table
            pairs, _ = find_pairs([root])
            # They are read as any others, at ten times the cost; a row may be there 1000 times.
            if len(pairs) > 20 or rng.random() < 0.9:
                return
            cache = prepare_folders([root], root / "cache", executor=Inline())
            PlaySet(cache)

    return one


def installation(root: Path) -> Input:
    """A changed osu!.db or scores.db of a stable folder."""
    home = build(root / "osu!")
    whole = {name: (home / name).read_bytes() for name in ("osu!.db", "scores.db")}

    def one(rng: random.Random) -> None:
        name = rng.choice(list(whole))
        (home / name).write_bytes(bytes_changed(rng, whole[name]))
        found = find_pairs([home])[0]
        (home / name).write_bytes(whole[name])
        assert name == "scores.db" or len(found) == 7, "good plays were not found"

    return one


def cache(root: Path) -> Input:
    """A changed file of a prepared cache; shards with the checksum that the manifest has."""
    folder = BadAmongGood(root / "in")
    made = prepare_folders([folder.root], root / "cache", executor=Inline(), shard_pairs=2)
    whole = {path: path.read_bytes() for path in made.iterdir() if path.name != ".lock"}
    table = made / "shards.jsonl"

    def one(rng: random.Random) -> None:
        path = rng.choice(sorted(whole))
        if path.suffix == ".npz":
            data = npz_changed(rng, whole[path])
            before, after = (hashlib.sha256(d).hexdigest() for d in (whole[path], data))
            table.write_bytes(whole[table].replace(before.encode(), after.encode()))
        elif rng.random() < 0.5:
            data = bytes_changed(rng, whole[path])
        else:
            lines = whole[path].decode().splitlines()
            i = rng.randrange(len(lines))
            lines[i] = json_changed(rng, lines[i])
            data = "\n".join(lines).encode("utf-8", "surrogatepass")
        path.write_bytes(data)
        try:
            for limit_bytes in (LIMIT_BYTES, 1):  # all in memory, and shards in their turn
                with contextlib.suppress(UserError):
                    sampler = PlaySet(made, limit_bytes).sampler("train")
                    sampler.styles(sampler.draw(2, 64, (0, 0)).index)
            with contextlib.suppress(UserError):
                list(each_play(made))
        finally:
            path.write_bytes(whole[path])
            table.write_bytes(whole[table])

    return one


def models(root: Path) -> Input:
    """A model with a changed card or weights beside a good one."""
    for name in ("good", "bad"):
        card = {"kind": "cursor", "about": "small", "test": {"error_px": 1.5}}
        checkpoint.save_model(root / name, CursorLSTM(CursorLSTM.Config(hidden=4)), card)
    whole = {path: path.read_bytes() for path in (root / "bad").iterdir()}

    def one(rng: random.Random) -> None:
        path = rng.choice(sorted(whole))
        if path.suffix == ".json":
            data = json_changed(rng, whole[path].decode()).encode("utf-8", "surrogatepass")
        else:
            data = bytes_changed(rng, whole[path])
        path.write_bytes(data)
        try:
            listed = {card.name for card in engine.list_models(root)}
            assert "good" in listed, "the good model is not listed"
            with contextlib.suppress(UserError):
                engine.load_player("bad", folder=root)
        finally:
            path.write_bytes(whole[path])

    return one


def resume(root: Path) -> Input:
    """A run that was stopped after two of three steps, with one changed file."""
    made = prepare_folders([indexed(root / "in")], root / "cache", executor=Inline())
    options = {"steps": 3, "hidden": 4, "eval_every": 2, "seed": 0}
    script, args = args_of("train_rnn", made, root / "run", **options)
    files = [root / "run" / name for name in ("last.pt", "log.jsonl")]
    whole: dict[Path, bytes] = {}  # as they were after the first of two saves
    save = checkpoint.save_state

    def save_and_keep(*of_run) -> None:
        save(*of_run)
        whole.update({path: whole.get(path) or path.read_bytes() for path in files})

    with mock.patch.object(checkpoint, "save_state", save_and_keep):
        script.main(args)

    def one(rng: random.Random) -> None:
        shutil.rmtree(root / "run")
        (root / "run").mkdir()
        changed = rng.choice(files)
        for path, data in whole.items():
            path.write_bytes(bytes_changed(rng, data) if path == changed else data)
        _, more = args_of("train_rnn", made, root / "run", resume=True, **options)
        try:
            script.main(more)
        except UserError:
            assert changed.name == "last.pt", "a damaged log costs the run"

    return one


# --- One file, opened ----------------------------------------------------------------------------


def opened(root: Path) -> Input:
    """A changed map that is played by the machine, saved, read again and drawn, as the window
    does."""
    root.mkdir(parents=True)

    def one(rng: random.Random) -> None:
        (root / "map.osu").write_bytes(map_changed(rng, MAPS[rng.choice("ab")]))
        with contextlib.suppress(UserError):
            beatmap = load_beatmap(root / "map.osu")
            replay = auto_play(beatmap)
            save_replay(replay, root / "play.osr")
            try:
                again = load_replay(root / "play.osr")
            except UserError as error:
                raise AssertionError("its own reader refuses what was written") from error
            painter = Painter([Stage(beatmap, again)], 160, 120)
            for t_ms in rng.sample(sorted(beatmap.start_ms.tolist()), k=1):
                painter.paint(t_ms)

    return one


ENTRIES: dict[str, Callable[[Path], Input]] = {
    entry.__name__: entry
    for entry in (judge, prepare, likeness, songs, index, installation, cache,
                  models, resume, opened)
}  # fmt: skip


# --- What a user must not meet -------------------------------------------------------------------


def fault(name: str, one: Input, seed: int, limit_s: float) -> str:
    """What is wrong with what an entry makes of input `seed`, in a line; "" where nothing is.

    It may compute for `limit_s` seconds, and compute and wait for ten times as long: a machine that
    does other work, too, is no fault.
    """
    printed = io.BytesIO()
    terminal = io.TextIOWrapper(printed, "utf-8", write_through=True)  # strict, as a terminal is
    for timer, number, seconds in (
        (signal.ITIMER_PROF, signal.SIGPROF, limit_s),
        (signal.ITIMER_REAL, signal.SIGALRM, 10 * limit_s),
    ):
        signal.signal(number, _hang)
        signal.setitimer(timer, seconds)
    try:
        with contextlib.redirect_stdout(terminal), contextlib.redirect_stderr(io.StringIO()):
            one(random.Random(f"{name} {seed}"))
    except HangError as error:
        return f"hangs in {_where(error)}"
    except SystemExit as error:
        said = _QUOTED.sub("'...'", str(error.code).rsplit(": ", 1)[-1])
        return f"ends with {said[:60]!a}"
    except AssertionError as error:
        return str(error) or f"AssertionError in {_where(error)}"
    except Exception as error:
        return f"{type(error).__name__} in {_where(error)}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    if _ESCAPES.search(printed.getvalue().decode().replace("\r", "")):
        return "prints an escape sequence"
    return ""


def _hang(*_) -> None:
    raise HangError


def _where(error: BaseException) -> str:
    """The function of the project in which it was raised, the innermost that is none of tests/."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename.startswith(f"{ROOT}{os.sep}")]
    own = [f for f in own if not f.filename.startswith(f"{ROOT / 'tests'}{os.sep}")]
    return f"{Path(own[-1].filename).relative_to(ROOT)}:{own[-1].name}" if own else ""


@contextlib.contextmanager
def built(name: str) -> Iterator[Input]:
    """An entry on a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            one = ENTRIES[name](Path(folder) / name)
        yield one
