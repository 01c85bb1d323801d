"""Weights that ship (safetensors and a card) and the state a stopped run goes on from.

A model's folder holds `weights.safetensors` and `card.json`. The card says which network it is
(`network`, a class of osu.nets.lstm, and its `config`), what it was trained on and how well it
does. Weights from outside are never unpickled. A run's own state is torch's file format, read with
`weights_only=True`, which builds nothing but tensors and plain containers.
"""

import dataclasses
import json
import os
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from osu.errors import UserError
from osu.nets.cursor_gan import CursorGenerator
from osu.nets.denoiser import Denoiser
from osu.nets.lstm import CursorLSTM, KeyLSTM

CARD, WEIGHTS = "card.json", "weights.safetensors"
EXACT = ("bank_recorder",)  # a rounded lattice drifts by a tenth of a pixel across a screen


NETWORKS = {
    network.__name__: network for network in (CursorLSTM, KeyLSTM, Denoiser, CursorGenerator)
}


class CheckpointError(UserError):
    """A model folder or a run's state that cannot be used, in one sentence."""


def save_model(
    folder: str | Path, model: nn.Module, card: dict, dtype: torch.dtype = torch.float16
) -> None:
    """Writes weights (floating-point tensors as `dtype`, but those in EXACT) and card, each
    atomically."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: (value.to(dtype) if value.is_floating_point() and name not in EXACT else value)
        .contiguous()
        .cpu()
        for name, value in model.state_dict().items()
    }
    described = {"network": type(model).__name__, "config": dataclasses.asdict(model.config)} | card
    temporary = folder / (WEIGHTS + ".tmp")
    save_file(weights, temporary)
    os.replace(temporary, folder / WEIGHTS)
    temporary = folder / (CARD + ".tmp")
    temporary.write_text(json.dumps(described, indent=1) + "\n")
    os.replace(temporary, folder / CARD)


def load_card(folder: str | Path) -> dict:
    """The card of a model's folder. CheckpointError where there is none."""
    try:
        return json.loads((Path(folder) / CARD).read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder}: no readable {CARD} ({error})") from None


def load_model(folder: str | Path) -> nn.Module:
    """The network of a model's folder, in float32 and eval mode. CheckpointError in a sentence."""
    card = load_card(folder)
    network = NETWORKS.get(card.get("network"))
    if network is None:
        raise CheckpointError(f"{folder}: unknown network {card.get('network')!r}")
    try:
        model = network(network.Config(**card["config"]))
        weights = load_file(Path(folder) / WEIGHTS)
        model.load_state_dict(
            {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}
        )
    except (OSError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"{folder}: the weights do not fit the card ({error})") from None
    return model.eval()


def init_from(folder: str | Path, model: nn.Module) -> None:
    """Copies the weights of a shipped model into `model`, of the same network; buffers that tell
    of the data that is learned from now (style banks) keep their own values."""
    shipped = load_model(folder).state_dict()
    own = model.state_dict()
    fitting = {
        name: value
        for name, value in shipped.items()
        if name in own and own[name].shape == value.shape and not name.startswith("bank_")
    }
    missing = [k for k, _ in model.named_parameters() if k not in fitting]
    if missing:
        raise CheckpointError(f"{folder}: does not fit this network ({missing[0]} differs)")
    model.load_state_dict(fitting, strict=False)


def save_state(path: str | Path, args, step: int, parts: dict) -> None:
    """A run's whole state after `step` steps, atomically. `parts` are modules and optimizers."""
    state = {
        "args": dataclasses.asdict(args),
        "step": step,
        "parts": {name: part.state_dict() for name, part in parts.items()},
        "torch_rng": torch.get_rng_state(),
        "cuda_rng": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }
    temporary = Path(f"{path}.tmp")
    torch.save(state, temporary)
    os.replace(temporary, path)


def load_state(
    path: str | Path, args, parts: dict, may_differ: tuple[str, ...] = ("resume", "device")
) -> int:
    """Restores `parts` and the generators in place, and returns how many steps were made.

    A run goes on only with the options it was started with; `may_differ` names the exceptions.
    CheckpointError names the first option that differs, or says that nothing is left to do.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"{path}: there is no run to go on with ({error})") from None
    for name, value in dataclasses.asdict(args).items():
        before = state["args"].get(name)
        if name not in may_differ and before != value:
            raise CheckpointError(f"{path}: was run with {name}={before}, not {value}")
    if state["step"] >= args.steps:
        raise CheckpointError(f"{path}: this run has made all of its {args.steps} steps")
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    torch.set_rng_state(state["torch_rng"])
    if state["cuda_rng"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda_rng"])
    return state["step"]
