"""One training script on one process or many: `torchrun --nproc-per-node N train_....py`.

Each process draws its own part of the global batch (its rank is in the seed of the windows), and
DistributedDataParallel averages the gradients. Without torchrun everything here does nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed, nn


def start() -> tuple[int, int]:
    """(rank, number of processes), after joining the others."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world > 1:
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return int(os.environ.get("RANK", "0")), world


@contextmanager
def first_alone() -> Iterator[None]:
    """The first process does what is inside while the others wait; then they, who find it done."""
    several = distributed.is_initialized()
    first = not several or distributed.get_rank() == 0
    if not first:
        distributed.barrier()
    yield
    if first and several:
        distributed.barrier()


def own_device(device: torch.device) -> torch.device:
    """The GPU of this process, where there are several."""
    if device.type == "cuda" and "LOCAL_RANK" in os.environ:
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    return device


def wrap(module: nn.Module, device: torch.device) -> nn.Module:
    """The module itself, or with its gradients averaged over the processes."""
    if not distributed.is_initialized():
        return module
    ids = [device.index] if device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(module, device_ids=ids)


def stop() -> None:
    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
