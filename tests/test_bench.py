"""Scripts of bench/ that call what others change: that they run and print their table."""

from argparse import Namespace

import pytest

from bench import generate


@pytest.mark.parametrize("model", ["rnn", "diffusion"])
def test_generated_plays_are_timed(model, tmp_path, capsys):
    short = tmp_path / "short.osu"
    short.write_bytes(generate.long_map(5))
    args = Namespace(device="cpu", model=[model], steps=[2], repeat=1)
    generate.print_table({"one": [short]}, args)
    *_, row = capsys.readouterr().out.splitlines()
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[0] == {"rnn": "rnn", "diffusion": "diffusion, 2 steps"}[model]
    assert 3 < float(cells[2]) <= 5 and float(cells[4]) > 0
