"""The best weights of a run, kept and found again."""

import math

import torch

from osu.training.best import BEST, Best


def layer(value: float) -> torch.nn.Module:
    made = torch.nn.Linear(2, 1)
    torch.nn.init.constant_(made.weight, value)
    return made


def test_the_weights_of_the_lowest_loss_come_back(tmp_path):
    best = Best(tmp_path, goes_on=False)
    for step, loss in enumerate((0.3, 0.1, 0.2, math.nan)):
        best.see(loss, step, layer(loss))
    # A run that goes on knows the lowest loss, and one that is new forgets it.
    again, model = Best(tmp_path, goes_on=True), layer(9.0)
    assert (again.loss, again.step) == (0.1, 1)
    again.see(0.15, 4, layer(0.15))
    again.restore(model)
    assert torch.equal(model.weight, torch.full((1, 2), 0.1))
    assert Best(tmp_path, goes_on=False).step == -1


def test_a_damaged_file_is_as_none(tmp_path):
    (tmp_path / BEST).write_bytes(b"damaged")
    best, model = Best(tmp_path, goes_on=True), layer(9.0)
    best.restore(model)
    assert best.step == -1 and torch.equal(model.weight, torch.full((1, 2), 9.0))
