"""The device that a network computes on, by its name on the command line."""

import torch

from osu.errors import UserError


class DeviceError(UserError):
    """A device that this machine lacks, in one sentence."""


def pick_device(name: str) -> torch.device:
    """`auto` is the GPU where there is one. DeviceError for a device that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError):  # the latter from a torch without CUDA
        raise DeviceError(f"--device {name}: this machine has no such device") from None
    return torch.device(name)
