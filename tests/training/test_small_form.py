"""What a newcomer meets: the small form without a GPU, pictures on the way, a model that plays.

Which form is chosen is compared with the options' own table; that pictures cost nothing is
compared with a run without them, bit for bit.
"""

import dataclasses
import functools
import importlib
import itertools
import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

import generate
import train_gan
from osu.data.dataset import PlaySet
from osu.features.chart import ObjectColumn
from osu.formats.replay import load_replay
from osu.players import engine
from osu.training.__main__ import main as compare
from osu.training.options import cli
from osu.training.run import Run
from osu.training.schedule import Steps
from osu.training.watch import SHOWN_S, Watch, busiest_passage
from osu.units import FRAME_HZ
from tests.paths import ROOT, SAMPLE
from tests.training.small import SMALL, args_of

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("name", SMALL)
def test_without_a_gpu_the_small_form_is_chosen_and_said(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    script = importlib.import_module(name)
    args, said = cli(script.Args, [])
    smaller = {f.name: f.metadata["small"] for f in dataclasses.fields(args)}
    smaller = {name: value for name, value in smaller.items() if value is not None}
    assert {"minutes", "batch", "length", "eval_every"} < smaller.keys()
    assert args == dataclasses.replace(script.Args(), **smaller)
    assert said.startswith("no GPU: the small form (") and "--full" in said
    assert f"batch {args.batch} for {script.Args().batch}" in said
    assert "\n" not in said


@pytest.mark.parametrize("given", [["--full"], ["--init", "models/gan"], ["--device", "cuda"]])
def test_the_full_form_is_chosen(given, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    args, said = cli(train_gan.Args, given)
    assert (args.batch, args.width, args.minutes, said) == (96, 64, 0.0, "")


def test_with_a_gpu_the_full_form_is_chosen(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert cli(train_gan.Args, []) == (train_gan.Args(), "")
    assert cli(train_gan.Args, ["--device", "cpu"])[0].width == 16


def test_what_is_given_wins(monkeypatch):
    """Also where it is the full form's own value."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    args, said = cli(train_gan.Args, ["--batch", "96", "--minutes", "0", "--length", "128"])
    assert (args.batch, args.minutes, args.length, args.width) == (96, 0.0, 128, 16)
    assert "width 16 for 64" in said and "batch" not in said and "length" not in said


@pytest.mark.parametrize("name", ["train_gan", "train_keys", "train_diffusion"])
def test_two_steps_leave_pictures_and_a_model_that_plays(
    name, cache, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "runs" / "first"
    script, args = args_of(name, cache, out, steps=2, pictures=True)
    script.main(args)
    printed = capsys.readouterr().out
    assert "step 0: " in printed and f"{out}/plays.png" in printed

    for picture in ("loss.png", "plays.png", "plays/0000000.png", "plays/0000001.png"):
        with Image.open(out / picture) as image:
            # Something is drawn: a blank picture has one colour.
            assert len(image.convert("RGB").getcolors(1 << 24)) > 3
    with Image.open(out / "training.gif") as gif:
        assert gif.n_frames == 2
    before, after = (np.load(out / "plays" / f"000000{step}.npy") for step in (0, 1))
    assert before.shape == after.shape == (2, SHOWN_S * FRAME_HZ, 2 if name == "train_gan" else 4)
    assert np.isfinite(after).all()

    # The command that it prints last, with its folders moved here.
    assert printed.splitlines()[-1].startswith("to play it: mkdir -p models/my-first")
    models = tmp_path / "models"
    shutil.copytree(out / "model", models / "my-first" / ("keys" if name == "train_keys" else ""))
    if name == "train_keys":
        assert "models/my-first/keys" in printed
        for path in (ROOT / "models" / "gan").iterdir():
            shutil.copy(path, models / "my-first")
    elif name == "train_gan":
        shutil.copytree(ROOT / "models" / "keys", models / "keys")
    load = functools.partial(engine.load_player, folder=models)
    monkeypatch.setattr(engine, "load_player", load)
    play = [str(SAMPLE / "first-steps.osu"), "--model", "my-first", "-o", str(tmp_path / "p.osr")]
    steps = ["--steps", "2"] if name == "train_diffusion" else []
    assert generate.main([*play, *steps]) == 0
    assert load_replay(tmp_path / "p.osr").player.endswith("my-first")


@pytest.mark.parametrize("name", SMALL)
def test_pictures_change_nothing_that_is_learned(name, cache, tmp_path, monkeypatch):
    weights = []
    for pictures in (False, True):
        out = tmp_path / str(pictures)
        script, args = args_of(name, cache, out, steps=2, pictures=pictures)
        with monkeypatch.context() as patched:
            if not pictures:
                patched.setattr(Run, "plot", lambda run: None)
            script.main(args)
        assert (out / "loss.png").exists() == pictures
        assert (out / "plays.png").exists() == pictures
        weights.append(torch.load(out / "last.pt", weights_only=True)["parts"])
    torch.testing.assert_close(*weights, rtol=0, atol=0, equal_nan=True)


def test_a_picture_that_fails_costs_a_line(cache, tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr("osu.training.pictures.passage_figure", fail)
    script, args = args_of("train_rnn", cache, tmp_path, steps=1, pictures=True)
    script.main(args)
    assert "plays.png was not drawn (no space left)" in capsys.readouterr().err
    assert (tmp_path / "last.pt").exists() and (tmp_path / "model" / "card.json").exists()


def test_a_picture_comes_with_the_state_and_the_losses_once_a_step(cache, tmp_path, monkeypatch):
    """The first step's is drawn before anything else is saved, the last step's after it was."""
    plotted, seen = [], []
    plot, draw = Run.plot, Watch.draw

    def plots(run):
        plotted.append(run.steps.number)
        plot(run)

    def draws(watch, step, title):
        seen.append((step, torch.load(tmp_path / "last.pt", weights_only=True)["step"]))
        draw(watch, step, title)

    monkeypatch.setattr(Run, "plot", plots)
    monkeypatch.setattr(Watch, "draw", draws)
    script, args = args_of("train_rnn", cache, tmp_path, steps=2, pictures=True)
    script.main(args)
    assert seen == [(0, 1), (1, 2)]
    assert len(plotted) == 2


def test_the_passage_is_held_out_and_has_much_to_play(cache):
    plays = PlaySet(cache)
    passage = busiest_passage(plays)
    assert plays.plays[passage.index].split == "val"
    first = passage.start + passage.shown.start
    start = passage.chart.objects[:, ObjectColumn.START_S] * FRAME_HZ
    assert passage.human.shape[0] >= passage.shown.stop
    xy = passage.chart.objects[:, [ObjectColumn.X, ObjectColumn.Y]]

    def way(begin: float) -> float:
        inside = xy[(start >= begin) & (start < begin + 4 * FRAME_HZ)]
        return np.linalg.norm(np.diff(inside, axis=0), axis=1).sum()

    # Half a second of lead, so that the four seconds of the way may begin a frame later.
    assert max(way(first + 30 + n) for n in (0, 1)) > 0.95 * max(map(way, start))


def test_the_clock_of_a_run_goes_on():
    """A run by minutes that is resumed has as many left as it had when it was stopped."""
    steps = Steps(7, 100, torch.device("cpu"), minutes=1.0, seconds=61.0)
    assert list(steps) == [] and steps.number == 7  # it was stopped after its last step
    steps = Steps(7, 1000, torch.device("cpu"), minutes=1.0, seconds=30.0)
    shares = [done for _, done in itertools.islice(steps, 2)]
    assert 0.5 <= shares[0] <= shares[1] < 0.8


@pytest.mark.usefixtures("no_loss_plot")
def test_a_table_of_runs(cache, tmp_path, capsys):
    for name, rate in (("slow", 1e-4), ("fast", 1e-3)):
        script, args = args_of("train_gan", cache, tmp_path / name, steps=1, learning_rate=rate)
        script.main(args)
    capsys.readouterr()
    assert compare([str(tmp_path / "slow"), str(tmp_path / "fast")]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {row[1].strip(): [cell.strip() for cell in row[2:-1]] for row in
            (line.split("|") for line in lines)}  # fmt: skip
    assert rows[""] == ["slow", "fast"]
    assert rows["--learning-rate"] == ["0.0001", "0.001"]
    assert "--batch" not in rows and "--out" not in rows  # the same, and no part of the recipe
    log = (tmp_path / "fast" / "log.jsonl").read_text().splitlines()
    last = {name: value for line in log for name, value in json.loads(line).items()}
    assert rows["critic_loss"][1] == f"{last['critic_loss']:.3g}"
    aim, people = last["generated_aim"], last["human_aim"]
    assert rows["generated_aim"][1] == f"{aim:.3g} ({people:.3g})"

    assert compare([str(tmp_path)]) == 2
    assert "this is no run's folder" in capsys.readouterr().err
    (tmp_path / "slow" / "log.jsonl").write_text('{"step": 0, "aim": "near"}\n')
    assert compare([str(tmp_path / "slow")]) == 2
