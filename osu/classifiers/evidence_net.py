"""A network that gives every frame of a play its evidence of being generated, and its training.

Twelve gated dilated convolutions. A window's logit is the mean of its frames' evidence; the loss is
taken on the window and on its parts of two seconds, so that each part has to say what it knows.
Norms are taken frame by frame: one that pools over time would let evidence of one place appear in
all of them.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from osu.classifiers.inputs import INPUTS, Level, Part, evidence_inputs, shown_part
from osu.classifiers.play_table import PlayTable, Windows
from osu.units import FRAME_HZ

EVIDENCE_FRAMES = 16 * FRAME_HZ  # at a time
PART = 2 * FRAME_HZ
EVIDENCE = 10.0  # what a head's output of one counts: a few frames may have to convince a window


@dataclass(frozen=True)
class FitConfig:
    """How a network is trained; the defaults are the protocol's on a GPU."""

    width: int = 160
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32) * 2
    pairs: int = 48  # human windows a batch, and as many generated
    rate: float = 2e-3  # at first; it falls along half a cosine
    weight_decay: float = 0.01
    dropout: float = 0.1
    average: float = 0.995  # decay of the weights' moving average, which is what is scored
    most_steps: int = 3000
    check_steps: int = 200  # between two looks at the validation loss
    patience: int = 4  # looks without a better one


class Block(nn.Module):
    """(B, width, T) -> the same: x + gated dilated convolution of x."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.Parameter(torch.ones(width, 1))
        self.conv = nn.Conv1d(width, 2 * width, 3, padding=dilation, dilation=dilation)
        self.mix = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mix(self.dropout(F.glu(self.conv(frame_norm(x) * self.norm), 1)))


def frame_norm(x: Tensor) -> Tensor:
    """x (B, C, T) over the root mean square of each frame's channels."""
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6)


class EvidenceNet(nn.Module):
    """(B, T, INPUTS) -> (B, T) evidence of being generated, above 0, or human, below."""

    def __init__(self, config: FitConfig) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(INPUTS))
        self.register_buffer("scale", torch.ones(INPUTS))
        self.enter = nn.Conv1d(INPUTS, config.width, 1)
        self.blocks = nn.ModuleList(
            Block(config.width, dilation, config.dropout) for dilation in config.dilations
        )
        self.head = nn.Sequential(
            nn.Conv1d(config.width, 64, 1),
            nn.SiLU(),
            nn.Dropout(config.dropout),
            nn.Conv1d(64, 1, 1),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        x = ((inputs - self.centre) / self.scale).clamp(-8, 8).transpose(1, 2)
        # Small differences need float32 until they are mixed into channels of size one.
        x = self.enter(x)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=x.is_cuda):
            for block in self.blocks:
                x = block(x)
            x = self.head(frame_norm(x))
        return EVIDENCE * x.squeeze(1).float()


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained network, what it is shown, and how its training went."""

    net: EvidenceNet
    level: Level
    part: Part
    losses: list[tuple[int, float, float]]  # step, training loss since the last, validation loss


def fit(
    train: PlayTable,
    val: PlayTable,
    level: Level,
    part: Part,
    seed: int,
    config: FitConfig = FitConfig(),
    on_check: Callable[[int, float, float], None] = lambda step, loss, val_loss: None,
) -> Fitted:
    """Trains until the validation loss has not fallen for `config.patience` looks, and returns the
    network of the lowest. The same seed on the same device gives nearly the same network."""
    device = train.flat.device
    rng = np.random.default_rng(seed)
    generator = torch.Generator(device).manual_seed(seed)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        net = EvidenceNet(config).to(device)
        _standardise(net, train, level, part, rng, generator)
        average = copy.deepcopy(net).eval()
        optimizer = torch.optim.AdamW(
            net.parameters(),
            config.rate,
            weight_decay=config.weight_decay,
            fused=device.type == "cuda",
        )
        losses, best, best_loss, since, total = [], None, np.inf, 0, torch.zeros((), device=device)
        val_windows = val.tiled(EVIDENCE_FRAMES, EVIDENCE_FRAMES)
        for step in range(1, config.most_steps + 1):
            for group in optimizer.param_groups:
                group["lr"] = config.rate * schedule(step, config)
            windows, label = train.drawn(config.pairs, EVIDENCE_FRAMES, rng)
            batch = train.batch(windows, EVIDENCE_FRAMES)
            play = shown_part(batch.play, batch.condition, level, part, generator)
            evidence = net(evidence_inputs(play, batch.condition))
            loss = evidence_loss(evidence, batch.mask, label.to(device))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            total += loss.detach()
            decay = min(config.average, step / (step + 10))
            with torch.no_grad():
                for a, b in zip(average.parameters(), net.parameters(), strict=True):
                    a.lerp_(b, 1 - decay)
            if step % config.check_steps == 0 or step == config.most_steps:
                if not torch.isfinite(total):
                    raise FloatingPointError(f"the classifier's loss is not finite by step {step}")
                val_loss = _validation_loss(average, val, val_windows, level, part)
                losses.append((step, float(total) / config.check_steps, val_loss))
                on_check(*losses[-1])
                total.zero_()
                since += 1
                if val_loss < best_loss:
                    best, best_loss, since = copy.deepcopy(average), val_loss, 0
                if since >= config.patience:
                    break
    return Fitted(best, level, part, losses)


def schedule(step: int, config: FitConfig) -> float:
    """The learning rate at a step as a share of the first one."""
    warm = min(1.0, step / 100)
    return warm * (0.02 + 0.98 * (1 + math.cos(math.pi * step / config.most_steps)) / 2)


def evidence_loss(evidence: Tensor, mask: Tensor, label: Tensor) -> Tensor:
    """Binary cross-entropy of windows (B, T) and of their parts, mean; label (B,) 0 or 1."""
    loss = F.binary_cross_entropy_with_logits(masked_mean(evidence, mask), label)
    count = evidence.shape[1] // PART
    evidence, mask = (x[:, : count * PART].reshape(-1, PART) for x in (evidence, mask))
    whole = mask.mean(1) > 0.5
    labels = label.repeat_interleave(count)
    logits = masked_mean(evidence, mask)
    of_parts = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return loss + (of_parts * whole).sum() / whole.sum().clamp(min=1)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """(B,) means of values (B, T) where mask (B, T) is 1."""
    return (values * mask).sum(1) / mask.sum(1).clamp(min=1)


@torch.no_grad()
def frame_evidence(
    fitted: Fitted, table: PlayTable, windows: Windows, length: int, seed: int = 0, rows: int = 64
) -> tuple[np.ndarray, np.ndarray]:
    """(N, length) evidence of the windows' frames and their masks, float32."""
    generator = torch.Generator(table.flat.device).manual_seed(seed)
    evidence, masks = [], []
    for first in range(0, len(windows.play), rows):
        some = Windows(*(x[first : first + rows] for x in windows))
        batch = table.batch(some, length)
        play = shown_part(batch.play, batch.condition, fitted.level, fitted.part, generator)
        evidence.append(fitted.net(evidence_inputs(play, batch.condition)).cpu())
        masks.append(batch.mask.cpu())
    return torch.cat(evidence).numpy(), torch.cat(masks).numpy()


def _validation_loss(
    net: EvidenceNet, val: PlayTable, windows: Windows, level: Level, part: Part
) -> float:
    """The loss of whole windows, humans and generated plays counting alike."""
    fitted = Fitted(net, level, part, [])
    evidence, mask = frame_evidence(fitted, val, windows, EVIDENCE_FRAMES)
    logits = (evidence * mask).sum(1) / np.maximum(mask.sum(1), 1)
    generated = val.generated[windows.play]
    right = np.where(generated, logits, -logits)
    loss = np.logaddexp(0, -right)
    return float((loss[generated].mean() + loss[~generated].mean()) / 2)


@torch.no_grad()
def _standardise(
    net: EvidenceNet, table: PlayTable, level: Level, part: Part,
    rng: np.random.Generator, generator: torch.Generator,
) -> None:  # fmt: skip
    """Centre and scale of the inputs, from 128 windows of either side."""
    windows, _ = table.drawn(128, EVIDENCE_FRAMES, rng)
    batch = table.batch(windows, EVIDENCE_FRAMES)
    play = shown_part(batch.play, batch.condition, level, part, generator)
    inputs = evidence_inputs(play, batch.condition)[batch.mask > 0]
    net.centre.copy_(inputs.mean(0))
    net.scale.copy_(inputs.std(0) + 1e-3)
