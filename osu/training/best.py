"""The best weights of a run so far, by a loss that is held out, in the run's folder.

A few plays are learned by heart in minutes: the last weights are seldom the best ones.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn

from osu.errors import UNREADABLE
from osu.files import open_file, write_atomic

BEST = "best.safetensors"


class Best:
    """Keeps the weights of the lowest loss in `folder`; a run that goes on finds them there."""

    def __init__(self, folder: Path, goes_on: bool) -> None:
        self.path = folder / BEST
        self.loss, self.step = float("inf"), -1
        if not goes_on:
            self.path.unlink(missing_ok=True)
            return
        try:
            with open_file(self.path), safe_open(self.path, "pt") as file:
                kept = file.metadata() or {}
                self.loss, self.step = float(kept["loss"]), int(kept["step"])
        except (*UNREADABLE, SafetensorError):
            pass  # nothing was kept yet, or what is there is damaged

    def see(self, loss: float, step: int, model: nn.Module) -> None:
        """Keeps the model's weights where no earlier `loss` was as low."""
        if not loss < self.loss:  # nan is never better
            return
        weights = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
        write_atomic(self.path, save(weights, {"loss": repr(loss), "step": str(step)}))
        self.loss, self.step = loss, step

    @torch.no_grad()
    def restore(self, model: nn.Module) -> None:
        """Puts the best weights into the model, as it was seen with them."""
        if self.step >= 0:
            model.load_state_dict(load_file(self.path))
