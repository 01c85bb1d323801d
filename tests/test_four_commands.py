"""From an osu! folder to plays like its player's: the four single steps of docs/own-plays.md, one
after the other, on the made-up folder of tests/stable_folder.py, with a training of one step and no
evaluation."""

import functools
import shutil

import evaluate
import generate
import train_diffusion
from osu.data.__main__ import main as prepare_data
from osu.formats.beatmap import load_beatmap
from osu.formats.replay import load_replay
from osu.players import engine
from tests.paths import ROOT
from tests.stable_folder import ME, build


def test_the_four_commands(tmp_path, monkeypatch, capsys):
    home = build(tmp_path / "osu!")
    cache, run, plays = tmp_path / "cache", tmp_path / "run", tmp_path / "plays"

    prepare_data(
        [str(home), "--player", ME.lower(), "--cache", str(cache), "--out", str(tmp_path / "data")]
    )
    printed = capsys.readouterr().out
    assert "4 plays of 3 maps" in printed and "3  replay: of another player" in printed

    small = {"batch": 1, "length": 64, "reference": 64, "eval_plays": 0, "device": "cpu"}
    train_diffusion.main(
        train_diffusion.Args(
            init=str(ROOT / "models" / "diffusion"), data="", cache=str(cache), out=str(run),
            steps=1, **small,
        )
    )  # fmt: skip

    models = tmp_path / "models"
    shutil.copytree(run / "model", models / "me")
    load = functools.partial(engine.load_player, folder=models)
    monkeypatch.setattr(engine, "load_player", load)
    (beatmap,) = home.glob("Songs/*/first-steps.osu")
    arguments = [str(beatmap), "--model", "me", "--steps", "2", "-o", str(plays / "mine.osr")]
    assert generate.main(arguments) == 0
    replay = load_replay(plays / "mine.osr")
    assert replay.player.startswith("osu-players") and replay.player.endswith("me")
    assert replay.beatmap_md5 == load_beatmap(beatmap).md5

    evaluate.main(["judge", str(plays), "--maps", str(home)])
    assert "all four counts 100.0 %" in capsys.readouterr().out
