"""`generate.py --like` with several replays and folders: what is read, what is skipped and said."""

import shutil

import pytest

import generate
from tests.osr import of_a_person
from tests.paths import SAMPLE

MAP = str(SAMPLE / "first-steps.osu")


@pytest.fixture
def folder(tmp_path):
    """Two plays of a person with one map beside them, a play of ours, half a file."""
    for name in ("circuit", "sprint"):
        data = (SAMPLE / f"{name}-diffusion.osr").read_bytes()
        (tmp_path / f"{name}.osr").write_bytes(of_a_person(data))
        (tmp_path / f"half-{name}.osr").write_bytes(data[: len(data) // 2])
    shutil.copy(SAMPLE / "circuit-rnn.osr", tmp_path)
    shutil.copy(SAMPLE / "circuit.osu", tmp_path)
    return tmp_path


def likes(folder):
    return generate.read_likes(generate.parse_args([MAP, "--like", str(folder)]))


def test_a_folder_is_read_and_what_cannot_be_used_is_counted(folder, capsys, monkeypatch):
    # The sample's other maps lie beside the map that is played: sprint's is found there.
    assert {play.beatmap.title.split()[-1] for play in likes(folder)} == {"(circuit)", "(sprint)"}
    said = capsys.readouterr().err
    assert "skipped 1 of --like: is nobody to play like: it was made by this program" in said
    assert "skipped 2 of --like: is not a replay that can be read" in said
    monkeypatch.setattr(generate, "MOST_LIKED", 1)
    assert len(likes(folder)) == 1


def test_replays_whose_map_is_nowhere_are_counted(folder, capsys):
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(MAP, elsewhere)
    args = [str(elsewhere / "first-steps.osu"), "--like", str(folder)]
    (play,) = generate.read_likes(generate.parse_args(args))
    assert "circuit" in play.beatmap.title
    assert "skipped 1 of --like: its map was not found" in capsys.readouterr().err


def test_a_replay_named_alone_has_to_be_usable_and_so_has_one_of_many(folder, capsys):
    assert generate.main([MAP, "--like", str(folder / "half-circuit.osr")]) == 2
    assert "half-circuit.osr is not a replay that can be read" in capsys.readouterr().err
    halves = [str(folder / f"half-{name}.osr") for name in ("circuit", "sprint")]
    assert generate.main([MAP, "--like", *halves]) == 2
    assert "none of the replays of --like can be used" in capsys.readouterr().err
