"""Weights that ship (safetensors and a card) and the state a stopped run goes on from.

A model's folder holds `weights.safetensors` and `card.json`. The card says which network it is
(`network`, a class of osu.nets.lstm, and its `config`), what it was trained on and how well it
does. Weights from outside are never unpickled. A run's own state is torch's file format, read with
`weights_only=True`, which builds nothing but tensors and plain containers.
"""

import dataclasses
import io
import json
import math
import zipfile
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn

from osu.errors import UNREADABLE, UserError
from osu.files import open_file, read_file, write_atomic
from osu.nets.cursor_gan import CursorGenerator
from osu.nets.denoiser import Denoiser
from osu.nets.lstm import CursorLSTM, KeyLSTM

CARD, WEIGHTS = "card.json", "weights.safetensors"
EXACT = ("bank_recorder",)  # a rounded lattice drifts by a tenth of a pixel across a screen
MAX_CARD_BYTES = 1 << 20
MAX_TENSORS = 4096  # the largest network here has 160
MAX_DILATION = 64

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
    # Both formats are made in memory: their own writers say of a full disk what is no OSError.
    write_atomic(folder / WEIGHTS, save(weights))
    write_atomic(folder / CARD, (json.dumps(described, indent=1) + "\n").encode())


def load_card(folder: str | Path) -> dict:
    """The card of a model's folder, a dictionary. CheckpointError where there is none."""
    try:
        card = json.loads(read_file(Path(folder) / CARD, MAX_CARD_BYTES))
    except UNREADABLE as error:
        raise CheckpointError(f"{folder}: no readable {CARD} ({error})") from None
    if not isinstance(card, dict):
        raise CheckpointError(f"{folder}: no readable {CARD} (it is not an object)")
    return card


def load_model(folder: str | Path, *networks: type[nn.Module]) -> nn.Module:
    """The network of a model's folder, one of `networks` where those are given, in float32 and eval
    mode. CheckpointError in a sentence; a card that does not fit the weights builds nothing."""
    card = load_card(folder)
    network = NETWORKS.get(str(card.get("network")))
    if network is None or (networks and network not in networks):
        wanted = " or ".join(each.__name__ for each in networks) or "known"
        raise CheckpointError(f"{folder}: its network {card.get('network')!r} is not {wanted}")
    try:
        shapes = _shapes(Path(folder) / WEIGHTS)
        config = _fitting_config(network, card["config"], shapes)
        with torch.device("meta"):  # shapes without memory
            wanted = {name: value.shape for name, value in network(config).state_dict().items()}
        if wanted != shapes:
            differing = sorted(name for name, _ in wanted.items() ^ shapes.items())
            raise ValueError(f"{differing[0]} differs")
        model = network(config)
        weights = load_file(Path(folder) / WEIGHTS)
        model.load_state_dict(
            {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}
        )
    except (*UNREADABLE, SafetensorError) as error:
        raise CheckpointError(f"{folder}: the weights do not fit the card ({error})") from None
    return model.eval()


def _shapes(path: Path) -> dict[str, torch.Size]:
    """Of the tensors in a file of weights, none of which is read."""
    with open_file(path), safe_open(path, "pt") as weights:
        names = list(weights.keys())
        if len(names) > MAX_TENSORS:
            raise ValueError(f"it has more than {MAX_TENSORS} tensors")
        return {name: torch.Size(weights.get_slice(name).get_shape()) for name in names}


def _fitting_config(network: type[nn.Module], given: dict, shapes: dict[str, torch.Size]):
    """The network's config, if its numbers may fit tensors of these shapes: a network has no more
    layers than tensors, and is no wider than those. ValueError, TypeError."""
    config = network.Config(**given)
    widest = max([MAX_DILATION, *(side for shape in shapes.values() for side in shape)])
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        kinds = (int, float) if isinstance(field.default, float) else type(field.default)
        if isinstance(field.default, tuple):
            fits = isinstance(value, list) and len(value) <= len(shapes)
            rows = [row if isinstance(row, list) else [row] for row in value] if fits else []
            fits = fits and all(len(row) <= len(shapes) for row in rows)
            numbers = [number for row in rows for number in row]
            fits = fits and all(type(number) is int for number in numbers)
        else:
            fits = isinstance(value, kinds)
            numbers = [value] if fits and type(value) is int else []
        most = len(shapes) if field.name == "layers" else widest
        if not fits or not all(0 <= number <= most for number in numbers):
            raise ValueError(f"{field.name} is {str(value)[:40]}")
    return config


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


def save_state(
    path: str | Path,
    args,
    step: int,
    parts: dict,
    metrics: dict[str, float],
    seconds: float,
    evaluated: int = -1,
) -> None:
    """A run's whole state after `step` steps, which took `seconds`, atomically. `parts` are modules
    and optimizers, `metrics` those of the last evaluation, after step `evaluated`."""
    state = {
        "args": dataclasses.asdict(args),
        "step": step,
        "metrics": metrics,
        "evaluated": evaluated,
        "seconds": seconds,
        "parts": {name: part.state_dict() for name, part in parts.items()},
        "torch_rng": torch.get_rng_state(),
        "cuda_rng": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }
    file = io.BytesIO()
    torch.save(state, file)
    write_atomic(path, [file.getbuffer()])


def _check_sums(file: BinaryIO) -> None:
    """One of UNREADABLE where a member of torch's file is not what its checksum says, which torch
    itself does not ask: a changed bit of a weight is a number like any other. What it holds is not
    judged: a run that goes on ends as if nobody had stopped it, or says why not."""
    with zipfile.ZipFile(file) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"{damaged} is not what was saved")
    file.seek(0)


def load_state(
    path: str | Path,
    args,
    parts: dict,
    finished: bool,
    may_differ: tuple[str, ...] = ("resume", "device", "full", "pictures"),
) -> tuple[int, dict[str, float], float, int]:
    """Restores `parts` and the generators in place, and returns how many steps were made, the
    metrics of the last evaluation, the seconds it all took, and after which step that evaluation
    was, -1 for none. `finished` says that the model of the last step was kept.

    A run goes on only with the options it was started with; `may_differ` names the exceptions.
    CheckpointError names the first option that differs, or says that nothing is left to do, or that
    the file is damaged.
    """
    try:
        with open_file(path) as file:
            _check_sums(file)
            state = torch.load(file, map_location="cpu", weights_only=True)
        options, step = dict(state["args"]), int(state["step"])
        metrics, seconds = dict(state.get("metrics", {})), float(state.get("seconds", 0.0))
        evaluated = int(state.get("evaluated", -1))
        if not 0 <= seconds < math.inf:
            raise ValueError(f"{seconds} seconds")
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: there is no run to go on with ({error})") from None
    except UNREADABLE:
        raise CheckpointError(f"{path}: damaged; without --resume the run begins anew") from None
    for name, value in dataclasses.asdict(args).items():
        before = options.get(name)
        if name not in may_differ and before != value:
            raise CheckpointError(f"{path}: was run with {name}={before}, not {value}")
    if step >= args.steps and finished:
        raise CheckpointError(f"{path}: this run has made all of its {args.steps} steps")
    if 0 < 60 * args.minutes <= seconds and finished:
        raise CheckpointError(f"{path}: this run has used all of its {args.minutes:g} minutes")
    try:
        for name, part in parts.items():
            part.load_state_dict(state["parts"][name])
        torch.set_rng_state(state["torch_rng"])
        if state["cuda_rng"] is not None and torch.cuda.is_available():
            torch.cuda.set_rng_state(state["cuda_rng"])
    except UNREADABLE:
        raise CheckpointError(f"{path}: does not fit these networks; it may be damaged") from None
    return step, metrics, seconds, evaluated
