"""The steps of a training run: how far it is, learning rates, seeds, averaged weights."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from tqdm import tqdm

from osu import distributed


class Steps:
    """A run's steps: `for step, done in steps`, with a bar; `done` is the share of the run before
    the step, by steps or by `minutes` where those are above 0. `last` says when it is the last;
    `number` are made so far, those before a --resume too.
    Where SIGINT or SIGTERM has come to one process, `stop(steps made, signal)` is called in all of
    them after the step at hand.
    `seconds` were spent before the first of them.
    """

    def __init__(
        self,
        first: int,
        count: int,
        device: torch.device,
        minutes: float = 0.0,
        stop: Callable[[int, int], None] | None = None,
        seconds: float = 0.0,
    ) -> None:
        self.first, self.count, self.device, self.minutes = first, count, device, minutes
        self.stop = stop
        self.last, self.number = False, first
        self.began, self.spent_s = time.monotonic(), seconds  # the latter before a --resume

    def __iter__(self) -> Iterator[tuple[int, float]]:
        with signals_noted() as signals:
            for step, done in self._steps():
                yield step, done
                if not self.last and self.stop is not None:
                    number = distributed.most(signals[0] if signals else 0)
                    if number:
                        self.stop(step + 1, number)

    def _steps(self) -> Iterator[tuple[int, float]]:
        self.bar = tqdm(range(self.first, self.count), initial=self.first, total=self.count)
        for step in self.bar:
            if self.first and 0 < 60 * self.minutes <= self.spent_s:
                break  # it was stopped after its last step
            done = step / self.count
            if self.minutes:
                spent = self.seconds() / 60 / self.minutes
                done = max(done, distributed.agreed(spent, self.device))
            self.last = step + 1 == self.count or done >= 1
            self.number = step + 1
            yield step, done
            if self.last:
                break

    def seconds(self) -> float:
        """Since the run began, without what lay between a stop and --resume."""
        return self.spent_s + time.monotonic() - self.began

    def per_second(self, amount: int) -> int:
        """Of what every step makes `amount` of, such as frames."""
        return round((self.number - self.first) * amount / (time.monotonic() - self.began))

    def show(self, loss: torch.Tensor, frames_per_s: int) -> None:
        """Beside the bar."""
        minutes = f"{self.seconds() / 60:.1f}" + (f" of {self.minutes:g}" if self.minutes else "")
        speed = f"{frames_per_s:.2e}"
        self.bar.set_postfix(minutes=minutes, loss=f"{loss.item():.3f}", frames_per_s=speed)


@contextmanager
def signals_noted() -> Iterator[list[int]]:
    """SIGINT or SIGTERM is only put into this list; a second one ends the program, unless it is one
    of many: torchrun sends on to each process what may have come to all of them."""
    noted: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread():
        yield noted  # only the main thread hears of signals
        return
    before = {number: signal.getsignal(number) for number in numbers}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, _) -> None:
        noted.append(number)
        if not distributed.several():
            restore()

    for number in numbers:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        restore()


def step_seed(*parts: int) -> int:
    """A seed for the noise of one step, out of the run's seed, the step, and what else tells it
    from others: noise, like windows, is a function of the step, so a run can go on from any."""
    return int(np.random.default_rng(parts).integers(2**62))


def closing_rate(step: int, done: float, peak: float, warmup: int) -> float:
    """Learning rate of a step: linear warm-up, `peak`, and down to 0 in the last quarter of what
    is to be done, of which `done` is. For runs that end by the clock, with averaged weights."""
    return peak * min(1.0, (step + 1) / warmup, max(0.0, 4 * (1 - done)))


def cosine_rate(step: int, done: float, peak: float, warmup: int) -> float:
    """Learning rate of a step: linear warm-up, and half a cosine down to a hundredth at the end of
    what is to be done, of which `done` is. For runs whose last weights are kept as they are."""
    return peak * min((step + 1) / warmup, 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def gradient_norm(network: torch.nn.Module) -> torch.Tensor:
    """Of the gradients that a network's weights have now, all together."""
    return torch.nn.utils.get_total_norm(
        [weight.grad for weight in network.parameters() if weight.grad is not None]
    )


def set_rate(rate: float, *optimizers: torch.optim.Optimizer) -> None:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate


@torch.no_grad()
def update_average(average: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    """One step of the exponential moving average of a model's weights."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
    for kept, now in zip(average.buffers(), model.buffers(), strict=True):
        kept.copy_(now)
