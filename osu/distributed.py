"""One training script on one process or many: `torchrun --nproc-per-node N train_....py`.

Each process takes its own rows of the global batch, and DistributedDataParallel averages the
gradients. Without torchrun everything here does nothing.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn


def start() -> tuple[int, int]:
    """(rank, number of processes), after joining the others."""
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    if world_size > 1:  # numbers of the processor's go by gloo: for those no GPU is waited for
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        )
    return int(os.environ.get("RANK", "0")), world_size


def several() -> bool:
    """Whether this process is one of many."""
    return distributed.is_initialized()


@contextmanager
def first_alone() -> Iterator[None]:
    """The first process does what is inside while the others wait; then they, who find it done."""
    first = not several() or distributed.get_rank() == 0
    if not first:
        distributed.barrier()
    yield
    if first and several():
        distributed.barrier()


def own_rows(batch: int, rank: int, world_size: int) -> slice:
    """The rows of a batch that are process `rank`'s. ValueError where they can't be shared."""
    if batch % world_size:
        raise ValueError(f"a batch of {batch} cannot be shared equally by {world_size} processes")
    size = batch // world_size
    return slice(rank * size, (rank + 1) * size)


def own_device(device: torch.device) -> torch.device:
    """The GPU of this process, where there are several."""
    if device.type == "cuda" and "LOCAL_RANK" in os.environ:
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    return device


def wrap(
    module: nn.Module,
    device: torch.device,
    captured: tuple[Tensor, ...] | None = None,
    trained: Sequence[nn.Module] = (),
) -> nn.Module:
    """The module itself, or with its gradients averaged over the processes; as a CUDA graph where
    it is `captured` on inputs of the shapes it will have: its kernels then need no launching.

    `trained` are the networks inside `module` that it trains, where those are not all: a critic's
    loss holds the generator too. The others' weights are then neither captured as needing a
    gradient nor reduced. Backward passes name their `inputs=`, for both are trained in turn.
    """
    own = {weight for network in trained or [module] for weight in network.parameters()}
    others = [weight for weight in module.parameters() if weight not in own]
    for weight in others:  # both read this once, when they are made
        weight.requires_grad_(False)
    if captured is not None:  # first: DistributedDataParallel's own work can't be captured
        module = torch.cuda.make_graphed_callables(module, captured)
    if several():
        ids = [device.index] if device.type == "cuda" else None
        module = nn.parallel.DistributedDataParallel(module, device_ids=ids)
    for weight in others:
        weight.requires_grad_(True)
    return module


def agreed(value: float, device: torch.device) -> float:
    """The first process's value: clocks differ, and all must stop at the same step."""
    if not several():
        return value
    agreed_value = torch.tensor(value, dtype=torch.float64, device=device)
    distributed.broadcast(agreed_value, 0)
    return agreed_value.item()


def most(value: int) -> int:
    """The largest of the processes' values: what one has heard of, all have."""
    if not several():
        return value
    largest = torch.tensor(value)
    distributed.all_reduce(largest, distributed.ReduceOp.MAX)
    return int(largest)


def mean(value: Tensor) -> Tensor:
    """The mean over the processes of a detached number, for the log."""
    value = value.detach().clone()  # the sum is made in place
    if several():
        distributed.all_reduce(value)
        value = value / distributed.get_world_size()
    return value


def stop() -> None:
    if several():
        distributed.barrier()
        distributed.destroy_process_group()
