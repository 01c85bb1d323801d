"""Generated plays beside a person's own, counted by the judge. The player is the machine of
osu/players/auto.py, which loses nothing, and so is the person of conftest's folder."""

import numpy as np

from osu.data.dataset import PlaySet
from osu.person import held_out
from osu.person.held_out import Compared, GameCounts, choose_held_out, differences, table_of
from osu.players.auto import auto_play


class Machine:
    """A player of maps as osu.players.engine's, that counts what it is asked."""

    def __init__(self) -> None:
        self.played = 0

    def play(self, beatmap, seed):
        self.played += 1
        return auto_play(beatmap)


def test_a_machine_beside_itself_differs_in_nothing(folder, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(held_out, "LEAST_S", 5.0)  # the sample is short
    plays = PlaySet(cache).of_person("one")
    chosen = choose_held_out(plays, 6)
    assert chosen and all(p.player == "one" and p.split == "val" for p in chosen)
    machine = Machine()
    pairs = held_out.play_held_out(machine, chosen, [str(folder)], tmp_path)
    assert len(pairs) == machine.played == len(chosen)
    assert differences(pairs).tolist() == [[0.0, 0.0, 0.0]] * len(pairs)
    # A second time the files are there already.
    assert held_out.play_held_out(machine, chosen, [str(folder)], tmp_path) == pairs
    assert machine.played == len(chosen)


def test_a_map_that_has_gone_is_left_out(cache, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(held_out, "LEAST_S", 5.0)
    chosen = choose_held_out(PlaySet(cache).of_person("one"), 6)
    (tmp_path / "empty").mkdir()
    folders = [str(tmp_path / "empty")]
    assert held_out.play_held_out(Machine(), chosen, folders, tmp_path) == []
    assert capsys.readouterr().out.count("its map was not found again") == len(chosen)


def test_the_table_has_mean_differences_and_their_errors():
    """By hand: accuracy +2 and +4 points, mean 3, standard error sqrt(2) / sqrt(2) = 1."""
    own = GameCounts(0.90, 300.0, 4, 100)
    pairs = [
        Compared("a", own, GameCounts(0.92, 280.0, 2, 100)),
        Compared("b", own, GameCounts(0.94, 260.0, 2, 100)),
    ]
    assert np.allclose(differences(pairs), [[2, -20, -2], [4, -40, -2]])
    last = table_of(pairs)[-1]
    assert "accuracy +3.0 ± 1.0 points" in last and "unstable rate -30 ± 10" in last
    assert len(table_of(pairs)) == 4 and len(table_of(pairs[:1])) == 2 and len(table_of([])) == 1
