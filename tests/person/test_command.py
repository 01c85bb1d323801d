"""`train_diffusion.py --me` on the made-up folder of tests/stable_folder.py, with a training of one
step and no held-out plays: tests/person/test_held_out.py has those."""

import dataclasses
import json

import pytest
import torch

import train_diffusion
from osu.data.library import DataError
from osu.errors import UserError
from osu.nets.checkpoint import load_card, load_model
from osu.nets.denoiser import Denoiser
from osu.person import command
from osu.players.engine import list_models
from tests.stable_folder import ME, build

SMALL = {"steps": 1, "batch": 2, "length": 64, "reference": 64, "device": "cpu"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return build(tmp_path_factory.mktemp("me") / "osu!")


@pytest.fixture(autouse=True)
def nothing_compared(monkeypatch, no_loss_plot):
    monkeypatch.setattr(command, "COMPARED", 0)


def args_of(home, tmp_path, **changes):
    given = SMALL | {"me": ME.lower(), "data": str(home), "cache": str(tmp_path / "cache")}
    return train_diffusion.Args(**given | {"out": str(tmp_path / "run")} | changes)


def test_one_command_makes_a_model_of_a_person(home, tmp_path, capsys):
    args, models = args_of(home, tmp_path), tmp_path / "models"
    installed = command.make_person(args, train_diffusion.main, models)
    printed = capsys.readouterr().out
    assert f"{ME}: 2 plays to learn from, 2 of 1 songs held out; half of each batch" in printed
    assert "spinners   " in printed and "recorder   " in printed and "minutes of tuning" in printed
    assert (tmp_path / "run" / "person.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "run" / "person.txt").exists()

    (card,) = list_models(models)
    assert card.name == "me" and card.about == f"{command.OF_PERSON}: 2, 2 held out"
    text = (installed / "card.json").read_text()
    assert ME.lower() not in text.lower() and str(tmp_path) not in text
    assert load_card(installed)["config"]["bank_rows"] == 2  # nobody else is drawn

    # Again: nothing is tuned a second time.
    def never(args):
        raise AssertionError

    command.make_person(args, never, models)
    assert "finished already" in capsys.readouterr().out


def test_a_tuning_that_only_harms_changes_nothing(home, tmp_path):
    """Three steps at a thousand times the rate: no held-out loss is below that of the start."""
    args = args_of(home, tmp_path, steps=3, eval_every=1, learning_rate=0.4, average=0.1)
    installed = command.make_person(args, train_diffusion.main, tmp_path / "models")
    made = load_model(installed, Denoiser).state_dict()
    begun = load_model(command.TUNING["init"], Denoiser).state_dict()
    for name, weights in begun.items():
        if not name.startswith(("bank_", "style_")):
            torch.testing.assert_close(made[name], weights, rtol=0, atol=0)


def test_a_stopped_tuning_goes_on_with_the_same_options_only(home, tmp_path):
    args = args_of(home, tmp_path)
    seen = []

    def stopped(tuned):
        seen.append(tuned.resume)
        (tmp_path / "run" / "last.pt").touch()
        options = dataclasses.asdict(tuned)
        (tmp_path / "run" / "args.json").write_text(json.dumps(options))
        raise KeyboardInterrupt

    for changes in ({}, {}, {"steps": 2}):
        with pytest.raises(KeyboardInterrupt):
            command.make_person(dataclasses.replace(args, **changes), stopped, tmp_path / "models")
    assert seen == [False, True, False]


def test_a_wrong_name_lists_who_is_there_before_anything_is_made(home, tmp_path):
    with pytest.raises(DataError, match=ME):
        command.make_person(args_of(home, tmp_path, me="Nobody"), None, tmp_path / "models")
    assert not (tmp_path / "cache").exists() and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"about": f"{command.OF_PERSON}: 9, 1 held out"}, "does not say whose model it is"),
        ({"about": f"{command.OF_PERSON}: 9, 1 held out", "person": "b4"}, "somebody else's model"),
        ({"about": "diffusion", "person": command.person_digest(ME)}, "is another model"),
        (None, "is another model"),
    ],
)
def test_no_model_of_somebody_else_is_written_over(home, tmp_path, card, said):
    there = tmp_path / "models" / "me"
    there.mkdir(parents=True)
    text = "damaged" if card is None else json.dumps(card)
    (there / "card.json").write_text(text)
    with pytest.raises(UserError, match=f"{said}: choose another name") as error:
        command.make_person(args_of(home, tmp_path), None, tmp_path / "models")
    assert "\n" not in str(error.value) and (there / "card.json").read_text() == text
    assert not (tmp_path / "cache").exists() and not (tmp_path / "run").exists()


def test_names_that_differ_in_case_are_one_person():
    assert command.person_digest("Straße") == command.person_digest("STRASSE")
    assert command.person_digest("Anna") != command.person_digest("Anne")


def test_a_finished_run_of_somebody_else_is_not_taken_for_ones_own(home, tmp_path):
    """The run's folder goes by the name of the model, which two people may give one by one."""
    models, tuned = tmp_path / "models", []
    installed = command.make_person(args_of(home, tmp_path), train_diffusion.main, models)
    old = tmp_path / "run" / command.HELD_OUT / "00-map.osr"
    old.touch()
    before = json.loads((tmp_path / "run" / "args.json").read_text())
    (tmp_path / "run" / "args.json").write_text(json.dumps(before | {"me": "Somebody Else"}))

    def train(args):
        tuned.append(args.resume)
        assert not old.exists()

    command.make_person(args_of(home, tmp_path), train, models)
    assert tuned == [False]
    assert load_card(installed)["person"] == command.person_digest(ME)


@pytest.mark.parametrize("name", ["diffusion", "../up", ""])
def test_no_other_model_is_written_over(home, tmp_path, name):
    with pytest.raises(UserError, match="name"):
        command.make_person(args_of(home, tmp_path, name=name), None)


def test_options_that_are_given_win(home, tmp_path):
    plays = command.open_plays(str(home), str(tmp_path / "cache"), 0, ME)
    given = train_diffusion.Args(me=ME, steps=7, device="cpu")
    tuned = command.tuning_of(given, plays)
    assert tuned.steps == 7 and tuned.batch == command.ON_CPU["batch"]
    assert tuned.out.startswith("runs/me-") and tuned.init == command.TUNING["init"]
