"""generate.py as its user meets it: what it writes, and what it says when it cannot.

The model is `rnn` with `keys`, the quickest; the maps are four objects (tests/small_map.py).
References: osrparse for the player's name, and the raw text of the frames as the format notes have
it, read here without osu.formats.replay.
"""

import lzma
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import osrparse
import pytest

import generate
from osu.features.recorder import Recorder
from osu.formats.beatmap import parse_beatmap
from osu.formats.replay import build_replay, dump_replay, parse_replay
from osu.players import cursor, generated
from osu.players.auto import generate_auto
from osu.players.engine import load_player
from osu.players.options import PlayOptions
from osu.players.target import TRIES
from osu.rules.judge import judge
from osu.units import FRAME_MS
from tests.osr import packed_frames
from tests.paths import ROOT
from tests.small_map import OSU


@pytest.fixture(autouse=True)
def one_player(monkeypatch):
    """The models are loaded once."""
    players = {}

    def load(name, device):
        return players.setdefault((name, device), load_player(name, device))

    monkeypatch.setattr(generate.engine, "load_player", load)


@pytest.fixture
def map_path(tmp_path) -> Path:
    path = tmp_path / "small.osu"
    path.write_bytes(OSU)
    return path


def run(*arguments) -> int:
    return generate.main([str(argument) for argument in ("--model", "rnn", *arguments)])


def frames_of(path: Path) -> list[list[str]]:
    """w, x, y, z of each frame, the seed frame included."""
    text = lzma.decompress(packed_frames(path.read_bytes())).decode()
    assert text.endswith(",")
    return [frame.split("|") for frame in text[:-1].split(",")]


@pytest.mark.parametrize(("mods", "rate"), [("", 1.0), ("HDDT", 1.5), ("HT", 0.75), ("HR", 1.0)])
def test_frames_are_as_the_game_writes_them(map_path, tmp_path, monkeypatch, mods, rate):
    out, update_ms = tmp_path / "play.osr", 3.0
    recorder = np.zeros(len(Recorder))
    recorder[Recorder.UPDATE_MS] = update_ms
    monkeypatch.setattr(cursor, "draw_recorder", lambda *args: recorder)
    assert run(map_path, "--mods", mods, "--seed", 5, "-o", out) == 0
    *frames, seed = frames_of(out)
    assert frames[:2] == [["0", "256", "-500", "0"], ["-1", "256", "-500", "0"]]
    assert seed == ["-12345", "0", "0", "5"]
    keys = np.array([int(z) for *_, z in frames])
    assert set(keys) <= {0, 5, 10, 15}  # K1 sets M1 too, K2 sets M2
    assert keys.any() and not keys[-1]
    # A frame at the first update behind every sixtieth of a real second, and more where a key
    # changes or one of the slider's six parts is judged. Two updates are at most twice as far apart
    # as they are on average. Both ends of a gap are rounded to whole map ms: less than 1 together.
    t_ms = np.cumsum([int(w) for w, *_ in frames])[2:]
    gap_ms = np.diff(t_ms)
    assert gap_ms.min() >= 0 and gap_ms.max() < (FRAME_MS + 2 * update_ms) * rate + 1
    changes = np.count_nonzero(np.diff(keys[2:], prepend=0))
    due = (t_ms[-1] - t_ms[0]) / (FRAME_MS * rate)
    assert due - 1 <= len(t_ms) <= due + 2 + changes + 6
    assert osrparse.Replay.from_path(out).username == "osu-players/rnn"


def test_a_seed_is_the_same_bytes_in_a_new_process(map_path, tmp_path):
    one, other, third = (tmp_path / f"{name}.osr" for name in ("one", "other", "third"))
    command = [sys.executable, "generate.py", map_path, "--model", "rnn", "--seed", "3", "-o", one]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert run(map_path, "--seed", 3, "-o", other) == 0
    assert run(map_path, "--seed", 4, "-o", third) == 0
    assert one.read_bytes() == other.read_bytes() != third.read_bytes()


@pytest.mark.parametrize("name", ["song.osz", "song.OLZ"])
def test_many_plays_of_one_difficulty_of_an_archive(tmp_path, name):
    archive, out = tmp_path / name, tmp_path / "plays"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.osu", OSU)
        file.writestr("b.osu", OSU.replace(b"Version:small", "Version:大きい".encode()))
    assert run(archive, "--difficulty", "大きい", "--count", 2, "--seed", 7, "-o", out) == 0
    names = [f"Nobody - Four Objects [大きい] NM (rnn {seed}).osr" for seed in (7, 8)]
    assert sorted(path.name for path in out.iterdir()) == names


@pytest.mark.parametrize(
    ("model", "options", "least", "most"),
    [
        ("rnn", PlayOptions(unstable_rate=100.0), 1, 1),  # its style is set, once
        ("diffusion", PlayOptions(steps=2), 1, 1),
        ("diffusion", PlayOptions(steps=2, unstable_rate=31.0), 2, TRIES),
        ("diffusion", PlayOptions(steps=2, accuracy=0.99), 2, TRIES),
    ],
)
def test_a_play_is_judged_once_each_time_it_is_played(monkeypatch, model, options, least, most):
    built, judged, shares = [], [], []

    def counted_build(*args):
        built.append(build_replay(*args))
        return built[-1]

    def counted_judge(beatmap, replay):
        judged.append(judge(beatmap, replay))
        return judged[-1]

    monkeypatch.setattr(generated, "build_replay", counted_build)
    monkeypatch.setattr(generated, "judge", counted_judge)
    beatmap = parse_beatmap(OSU)
    play = load_player(model).generate(beatmap, 3, options, shares.append)
    assert least <= len(judged) == len(built) <= most
    assert any(play.judgement is judgement for judgement in judged)
    assert play.beatmap is beatmap and shares[0] == 0 and shares[-1] == 1


def judged_again_is_the_same(play) -> None:
    """The file's own bytes are read back and judged anew."""
    again = judge(play.beatmap, parse_replay(dump_replay(play.replay)))
    np.testing.assert_array_equal(again.result, play.judgement.result)
    np.testing.assert_array_equal(again.hit_error_ms, play.judgement.hit_error_ms)
    assert again.header() == play.judgement.header()


@pytest.mark.parametrize("mods", [0, 64, 16])
def test_the_judgement_of_a_generated_play_is_that_of_its_file(mods):
    beatmap = parse_beatmap(OSU).with_mods(mods)
    judged_again_is_the_same(load_player("rnn").generate(beatmap, 3))
    judged_again_is_the_same(generate_auto(beatmap))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["small.osu", "--mods", "XX"], "unknown mod 'XX'"),
        (["small.osu", "--mods", "EZHR"], "exclude each other"),
        (["small.osu", "--mods", "RX"], "nobody plays under RX"),
        (["small.osu", "--model", "best"], "there is no model 'best'; there are"),
        (["small.osu", "--device", "abacus"], "has no such device"),
        (["small.osu", "--difficulty", "small"], "chooses from an archive"),
        (["small.osu", "--skill", "mid"], "does not follow --skill"),
        (["taiko.osu"], "is a taiko map"),
        (["catch.osu"], "is a catch map"),
        (["mania.osu"], "is a mania map"),
        (["empty.osu"], "has no hit objects"),
        (["gone.osu"], "cannot read"),
        (["small.osu", "-o", "small.osu/plays"], "cannot be written to"),
        (["small.osu", "-o", "folder.osr"], "is a folder"),
        (["small.osu", "-o", "one.osr", "--count", "2"], "is one file"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    map_path, tmp_path, monkeypatch, capsys, arguments, says
):
    monkeypatch.chdir(tmp_path)
    for mode, name in enumerate(("taiko", "catch", "mania"), start=1):
        Path(f"{name}.osu").write_bytes(OSU.replace(b"Mode: 0", b"Mode: %d" % mode))
    Path("empty.osu").write_bytes(OSU[: OSU.index(b"100,100,1000")])
    Path("folder.osr").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("generate.py: ") and says in said and said.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seed", "-1"],
        ["--seed", str(2**31)],
        ["--count", "0"],
        ["--speed", "2"],
        ["--accuracy", "0.49"],
        ["--accuracy", "96"],
        ["--ur", "29"],
        ["--ur", "401"],
    ],
)
def test_options_out_of_range_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    assert arguments[0] in capsys.readouterr().err
