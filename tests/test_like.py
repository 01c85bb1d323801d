"""`generate.py --like` with several replays and folders: what is read, what is skipped and said."""

import shutil

import pytest

import generate
from osu.players.likes import reading
from osu.players.options import Cancelled
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
    return generate.read_plays_of_like(generate.parse_args([MAP, "--like", str(folder)]))


def test_a_folder_is_read_and_what_cannot_be_used_is_counted(folder, capsys, monkeypatch):
    # The sample's other maps lie beside the map that is played: sprint's is found there.
    assert {play.beatmap.title.split()[-1] for play in likes(folder)} == {"(circuit)", "(sprint)"}
    said = capsys.readouterr().err
    assert "skipped 1 of --like: is nobody to play like: it was made by this program" in said
    assert "skipped 2 of --like: is not a replay that can be read" in said
    monkeypatch.setattr(reading, "MOST_LIKED", 1)
    assert len(likes(folder)) == 1


def test_replays_whose_map_is_nowhere_are_counted(folder, capsys):
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(MAP, elsewhere)
    args = [str(elsewhere / "first-steps.osu"), "--like", str(folder)]
    (play,) = generate.read_plays_of_like(generate.parse_args(args))
    assert "circuit" in play.beatmap.title
    said = capsys.readouterr().err
    assert "skipped 1 of --like: its map was not found; --maps names folders to look in" in said


def test_a_replay_named_alone_has_to_be_usable_and_so_has_one_of_many(folder, capsys):
    assert generate.main([MAP, "--like", str(folder / "half-circuit.osr")]) == 2
    assert "half-circuit.osr is not a replay that can be read" in capsys.readouterr().err
    halves = [str(folder / f"half-{name}.osr") for name in ("circuit", "sprint")]
    assert generate.main([MAP, "--like", *halves]) == 2
    said = capsys.readouterr().err
    assert "none of the 2 replays to play like can be used: is not a replay that can be" in said


def test_reading_is_left_at_any_file(folder):
    """Before the maps are searched, among them, and between two replays."""
    whole = []
    reading.read_likes([folder], [SAMPLE], whole.append)
    assert len(whole) > 10 and max(whole) < 1
    for calls in range(len(whole)):
        left = iter(range(calls))

        def stop(share, left=left):
            if next(left, None) is None:
                raise Cancelled

        with pytest.raises(Cancelled):
            reading.read_likes([folder], [SAMPLE], stop)


def test_maps_are_found_in_files_that_are_named(folder):
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (folder / "sprint.osr").rename(elsewhere / "sprint.osr")
    map_path = SAMPLE / "sprint.osu"
    (play,) = reading.read_likes([elsewhere / "sprint.osr"], [map_path, folder / "gone.osu"]).plays
    assert "sprint" in play.beatmap.title
