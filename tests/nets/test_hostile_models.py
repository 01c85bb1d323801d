"""Folders of models that are damaged or made to hurt: left out, and the others work."""

import json
import os
import shutil
import time

import pytest
import torch
from safetensors.torch import save_file

from osu.nets.checkpoint import CheckpointError, load_model, save_model
from osu.nets.lstm import CursorLSTM
from osu.players.engine import list_models, load_player
from tests.paths import ROOT

CONFIG = {"hidden": 4, "layers": 1}
CARD = {"network": "CursorLSTM", "kind": "cursor", "config": CONFIG}


@pytest.fixture
def models(tmp_path):
    """A good model, `good`."""
    (tmp_path / "keys").symlink_to(ROOT / "models" / "keys")
    save_model(tmp_path / "good", CursorLSTM(CursorLSTM.Config(**CONFIG)), {"kind": "cursor"})
    return tmp_path


@pytest.mark.parametrize(
    "card",
    [b"", b"3", b'{"network": "Cur', b"\xff", b"[" * 10**5, b"[]", b'{"kind": []}',
     json.dumps(CARD | {"about": [], "network": [[]]}).encode(),
     json.dumps(CARD | {"test": 3}).encode()],
)  # fmt: skip
def test_a_bad_card_costs_its_own_model_only(models, card, capsys):
    (models / "x").mkdir()
    (models / "x" / "card.json").write_bytes(card)
    (models / "pipe").mkdir()
    os.mkfifo(models / "pipe" / "card.json")
    shutil.copytree(models / "good", models / "a\x1b[31m b")
    for _ in range(2):  # said once
        assert [card.name for card in list_models(models)] == ["good"]
    said = capsys.readouterr().err
    assert said.count("left out: ") in (2, 3) and "\x1b" not in said
    load_player("good", folder=models)
    with pytest.raises(CheckpointError, match="there is no model"):
        load_player("x", folder=models)


@pytest.mark.parametrize(
    "changes",
    [{"config": CONFIG | {"layers": 10**9}}, {"config": CONFIG | {"hidden": 10**9}},
     {"config": CONFIG | {"layers": 2}}, {"config": CONFIG | {"layers": 1.0}},
     {"config": CONFIG | {"hidden": "4"}}, {"config": CONFIG | {"hidden": -1}},
     {"config": CONFIG | {"hidden": [4]}}, {"config": {"width": 4}}, {"config": 3},
     {"config": {}}, {"network": "KeyLSTM"}, {"network": [[]]}, {"network": "Linear"}],
)  # fmt: skip
def test_what_does_not_fit_the_tensors_is_not_built(models, changes):
    (models / "good" / "card.json").write_text(json.dumps(CARD | changes))
    began = time.monotonic()
    with pytest.raises(CheckpointError):
        load_model(models / "good", CursorLSTM)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("weights", [b"", b"\xff" * 100, b"\x08\0\0\0\0\0\0\0[]      "])
def test_damaged_weights_are_a_sentence(models, weights):
    (models / "good" / "weights.safetensors").write_bytes(weights)
    with pytest.raises(CheckpointError, match="do not fit"):
        load_model(models / "good")


def test_tensors_that_are_wide_but_empty_allow_no_more(models):
    path = models / "good" / "weights.safetensors"
    save_file({f"{i}": torch.zeros(0, 10**9) for i in range(3000)}, path)
    (models / "good" / "card.json").write_text(
        json.dumps(CARD | {"config": {"hidden": 10**9, "layers": 2000}})
    )
    with pytest.raises(CheckpointError, match="do not fit"):
        load_model(models / "good")


@pytest.mark.parametrize("name", ["diffusion", "gan", "keys", "rnn", "vae", "wgan"])
def test_what_ships_loads(name):
    load_model(ROOT / "models" / name)
