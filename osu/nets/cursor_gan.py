"""The networks of the GAN and VAE players: a cursor generator, a critic, an encoder. Layers only.

All three read 60 Hz frames, go down to 15 Hz, and have there a body that is either dilated
convolutions ("tcn") or a recurrent net ("lstm"). Nothing looks at the whole of a window, so a map
of any length is played in one go. Tensors are (B, T, C). Nothing here copies from the CPU (no
lists as indices, no Python numbers in `where`), so a step can be captured as a CUDA graph.

The generator answers with an offset from the baseline path (osu.features.baseline). Critic and
encoder never see a cursor itself, only its `critic_signal`: its place relative to the baseline and
to the objects, in radii, and its motion.
"""

import itertools
import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from osu.features.baseline import baseline_path
from osu.features.condition import SLOTS, Condition
from osu.nets.layers import Conv, Grow
from osu.units import FRAME_MS, UNIT_PX

RAMP_FRAMES = 17  # over which a spin begins and ends
SPIN_RPM_MEDIAN = 330.0  # of humans on the training plays
SPIN_SPREAD = 0.17  # standard deviation of the logarithm of their rpm
SPIN_FORWARD = 0.28  # share of humans' spins whose angle grows
NOISE_FRAMES = (1, 1, 1, 1, 4, 4, 16, 64)  # over which each channel of noise is smoothed
SILU_SQUARE = 0.356  # mean square of SiLU of a standard normal
SIGNAL = 8  # channels that `critic_signal` returns


def _at(condition: Tensor, *names: str) -> Tensor:
    """(B, T, len(names)) of the condition's channels."""
    # Not indexed by a list: that would copy the list to the GPU at every call.
    return torch.stack([condition[..., Condition[name]] for name in names], -1)


def with_baseline(condition: Tensor) -> Tensor:
    """A condition (B, T, len(Condition)) and, as its last two channels, the baseline path.

    All networks here take conditions in this form, so that the path is made once a batch.
    """
    return torch.cat([condition, baseline_path(condition)], -1)


CHANNELS = len(Condition) + 2


def critic_signal(cursor: Tensor, condition: Tensor) -> Tensor:
    """The form in which critics see a cursor (B, T, 2): (B, T, SIGNAL), each of the order of 1.

    Its offset from the baseline in radii, then speed, acceleration and jerk as asinh of osu!px a
    frame, so that both tremor and jumps are resolved. Gradient penalties are taken with respect
    to this signal: it is the metric in which a critic is smooth.
    """
    radius = _at(condition, "MAP_RADIUS")
    parts, order = [(cursor - condition[..., -2:]) / radius], cursor * UNIT_PX
    for _ in range(3):
        order = order.diff(dim=1)
        order = F.pad(order, (0, 0, 1, 0))
        parts.append((4 * order).asinh() / 2)
    return torch.cat(parts, -1)


def _among_objects(cursor: Tensor, condition: Tensor) -> Tensor:
    """(B, T, K): the objects of all slots and the ball as asinh of radii from the cursor."""
    names = [f"OBJECT{slot:+d}_{end}" for slot in SLOTS for end in ("", "END_")]
    x = _at(condition, *(name + "X" for name in names), "BALL_X")
    y = _at(condition, *(name + "Y" for name in names), "BALL_Y")
    exists = _at(
        condition, *(f"OBJECT{slot:+d}_EXISTS" for slot in SLOTS for _ in range(2)), "BALL_ON"
    )
    radius = _at(condition, "MAP_RADIUS")
    offsets = [
        ((axis - cursor[..., n : n + 1]) / radius).asinh() * exists for n, axis in enumerate((x, y))
    ]
    return torch.cat(offsets, -1)


AMONG = 2 * (2 * len(SLOTS) + 1)


def _wide(parts: list[Tensor], dtype: torch.dtype) -> Tensor:
    """The parts side by side, filled with zeros to a multiple of 64 channels, which is what
    tensor cores want."""
    joined = torch.cat(parts, -1)
    return F.pad(joined, (0, -joined.shape[-1] % 64)).to(dtype)


def _enter(channels: int, width: int) -> Conv:
    return Conv(channels + -channels % 64, width, 5, padding=2)


class ResidualBlock(nn.Module):
    """A pre-activation residual block without normalisation, for critics."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = Conv(width, width, 3, padding=dilation, dilation=dilation)
        self.conv2 = Conv(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> the same."""
        return torch.add(x, self.conv2(F.silu(self.conv1(F.silu(x)))), alpha=0.5)


class StyledBlock(nn.Module):
    """A residual block with a norm of each frame that the embedded style scales and shifts."""

    def __init__(self, width: int, dilation: int, embed: int) -> None:
        super().__init__()
        self.modulate = nn.Linear(embed, 2 * width)
        self.conv1 = Conv(width, width, 3, padding=dilation, dilation=dilation)
        self.conv2 = Conv(width, width, 3, padding=1)
        # The style has a visible effect from the start (scale and shift have a deviation of 0.5):
        # a critic that scores one window at a time gives almost no gradient for using it.
        nn.init.normal_(self.modulate.weight, std=0.5 / (SILU_SQUARE * embed) ** 0.5)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, x: Tensor, embed: Tensor) -> Tensor:
        """x (B, T, width), embed (B, embed) in float32 -> (B, T, width)."""
        scale, shift = self.modulate(embed)[:, None].to(x.dtype).chunk(2, -1)
        y = torch.addcmul(shift, F.rms_norm(x, x.shape[-1:], eps=1e-4), 1 + scale)
        return torch.add(x, self.conv2(F.silu(self.conv1(F.silu(y)))), alpha=0.5)


class Recurrence(nn.Module):
    """An LSTM as a body, always in the precision of its weights: it is bound by its steps, not by
    arithmetic."""

    def __init__(self, width: int, layers: int, bidirectional: bool) -> None:
        super().__init__()
        hidden = width // 2 if bidirectional else width
        self.lstm = nn.LSTM(width, hidden, layers, batch_first=True, bidirectional=bidirectional)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> the same."""
        return self.lstm(x.to(self.lstm.weight_ih_l0.dtype))[0].to(x.dtype)


class Reader(nn.Module):
    """The trunk that critic and encoder share, down to 15 Hz."""

    @dataclass(frozen=True)
    class Config:
        body: str = "tcn"  # or "lstm"
        widths: tuple[int, ...] = (64, 128, 192)  # at 60, 30 and 15 Hz; the body's is the last
        dilations: tuple[int, ...] = (1, 2, 4, 8, 1)  # of the blocks of a "tcn" body
        layers: int = 2  # of an "lstm" body
        style: int = 16  # numbers that an encoder gives

    def __init__(self, config: "Reader.Config") -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.enter = _enter(SIGNAL + AMONG + CHANNELS, widths[0])
        self.levels = nn.ModuleList(ResidualBlock(width, 1) for width in widths[:-1])
        self.shrink = nn.ModuleList(
            Conv(a, b, 4, stride=2, padding=1) for a, b in itertools.pairwise(widths)
        )
        if config.body == "lstm":
            self.body = Recurrence(widths[-1], config.layers, bidirectional=False)
        else:
            self.body = nn.Sequential(*(ResidualBlock(widths[-1], d) for d in config.dilations))

    def forward(self, signal: Tensor, condition: Tensor) -> Tensor:
        """signal (B, T, SIGNAL), condition (B, T, CHANNELS) -> (B, T / 4, widths[-1]) at three
        widths; T must be a multiple of that 4."""
        cursor = condition[..., -2:] + signal[..., :2] * _at(condition, "MAP_RADIUS")
        inputs = [signal, _among_objects(cursor, condition), condition]
        x = self.enter(_wide(inputs, signal.dtype))
        for block, shrink in zip(self.levels, self.shrink, strict=True):
            x = shrink(F.silu(block(x)))
        return F.silu(self.body(x))


class Critic(nn.Module):
    """Scores of a cursor on a map, one for each 15 Hz frame: high where it looks human."""

    Config = Reader.Config

    def __init__(self, config: Reader.Config) -> None:
        super().__init__()
        self.config = config
        self.reader = Reader(config)
        self.score = nn.Linear(config.widths[-1], 1)

    def forward(self, signal: Tensor, condition: Tensor) -> Tensor:
        """signal (B, T, SIGNAL), condition (B, T, CHANNELS) -> (B, T / 4) at three widths."""
        return self.score(self.reader(signal, condition)).squeeze(-1)


class Encoder(nn.Module):
    """The posterior of the style of a cursor on a map, as a VAE's encoder gives it."""

    Config = Reader.Config

    def __init__(self, config: Reader.Config) -> None:
        super().__init__()
        self.config = config
        self.reader = Reader(config)
        self.code = nn.Linear(2 * config.widths[-1], 2 * config.style)

    def forward(self, signal: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """signal (B, T, SIGNAL), condition (B, T, CHANNELS) -> mean and log-variance (B, style)."""
        x = self.reader(signal, condition)
        mean, log_variance = self.code(torch.cat([x.mean(1), x.std(1)], -1)).chunk(2, -1)
        return mean, log_variance.clamp(-8, 4)


class Latents(NamedTuple):
    """The random inputs of a generator: they make two plays of one map differ."""

    style: Tensor  # (B, S) standard normal, constant in a play
    noise: Tensor  # (B, T, N) standard normal at every frame, smooth over NOISE_FRAMES
    spin: Tensor  # (B, 2): the angle at which spins begin, rad; their direction, -1 or 1


class CursorGenerator(nn.Module):
    """A cursor for a map, different for every draw of latents. While it learns on a GPU its body
    computes in bfloat16."""

    @dataclass(frozen=True)
    class Config:
        body: str = "tcn"  # or "lstm"
        widths: tuple[int, ...] = (64, 128, 192)  # at 60, 30 and 15 Hz; the body's is the last
        dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4, 8)  # of the blocks of a "tcn" body
        layers: int = 2  # of an "lstm" body
        style: int = 16
        noisy: bool = True  # False: the style alone decides
        embed: int = 128

    def __init__(self, config: "CursorGenerator.Config") -> None:
        super().__init__()
        self.config = config
        widths, embed = config.widths, config.embed
        self.embed = nn.Sequential(
            nn.Linear(config.style, embed), nn.SiLU(), nn.Linear(embed, embed), nn.SiLU()
        )
        channels = CHANNELS + AMONG + 3 + config.noisy * len(NOISE_FRAMES)
        self.enter = _enter(channels, widths[0])
        self.down = nn.ModuleList(StyledBlock(width, 1, embed) for width in widths[:-1])
        self.up = nn.ModuleList(StyledBlock(width, 1, embed) for width in widths[:-1])
        self.last = StyledBlock(widths[0], 2, embed)
        self.shrink, self.grow = nn.ModuleList(), nn.ModuleList()
        for a, b in itertools.pairwise(widths):
            self.shrink.append(Conv(a, b, 4, stride=2, padding=1))
            self.grow.append(Grow(b, a, 4, stride=2, padding=1))
        self.styled = StyledBlock(widths[-1], 1, embed)
        if config.body == "lstm":
            self.body = nn.ModuleList([Recurrence(widths[-1], config.layers, bidirectional=True)])
        else:
            self.body = nn.ModuleList(StyledBlock(widths[-1], d, embed) for d in config.dilations)
        self.out = Conv(widths[0], 4, 3, padding=1)  # offset x, y; of the spin: log radius, phase
        nn.init.normal_(self.embed[0].weight, std=config.style**-0.5)
        nn.init.normal_(self.embed[2].weight, std=(SILU_SQUARE * embed) ** -0.5)
        nn.init.normal_(self.out.weight, std=1e-2)
        nn.init.zeros_(self.out.bias)

    def draw(
        self,
        batch: int,
        frames: int,
        device: torch.device,
        generator: torch.Generator | None = None,
        forward: float = 0.5,
    ) -> Latents:
        """Latents of `batch` plays of `frames` frames, from the generator or torch's own.
        `forward` is the share of spins whose angle grows: half, where windows are mirrored."""
        where = generator.device if generator else device
        options = {"generator": generator, "device": where}
        style = torch.randn(batch, self.config.style, **options)
        phase = 2 * math.pi * torch.rand(batch, **options)
        direction = 1 - 2.0 * (torch.rand(batch, **options) >= forward)
        channels = []
        for size in NOISE_FRAMES:
            white = torch.randn(batch, 1, frames + size - 1, **options)
            channels.append(F.avg_pool1d(white, size, 1).mT * size**0.5)
        latents = Latents(style, torch.cat(channels, -1), torch.stack([phase, direction], -1))
        return Latents(*(part.to(device) for part in latents))

    def forward(self, condition: Tensor, latents: Latents) -> Tensor:
        """condition (B, T, CHANNELS), latents of as many plays -> cursor (B, T, 2) in units."""
        length, stride = condition.shape[1], 2 ** (len(self.config.widths) - 1)
        if spare := -length % stride:
            condition = torch.cat([condition, condition[:, -1:].expand(-1, spare, -1)], 1)
            noise = F.pad(latents.noise, (0, 0, 0, spare))
            latents = latents._replace(noise=noise)
        baseline = condition[..., -2:]
        # A spin is an angle that goes on at the pace of the style. The net sees the angle, and
        # gives the radius and what the angle is ahead of its pace: an angle that is a sum of
        # outputs over a whole spinner would hardly be learned.
        spinning = _at(condition, "SPINNER_ON").mT
        on = F.avg_pool1d(spinning, RAMP_FRAMES, 1, RAMP_FRAMES // 2).mT  # (B, T, 1)
        per_frame = 2 * math.pi * SPIN_RPM_MEDIAN / 60 * FRAME_MS / 1000
        pace = per_frame * torch.exp(SPIN_SPREAD * latents.style[:, None, :1])
        phase, direction = latents.spin[:, None].chunk(2, -1)
        angle = phase + direction * torch.cumsum(on * pace, 1)
        is_on = (on > 0).float()
        inputs = [
            condition, _among_objects(baseline, condition),
            on, angle.cos() * is_on, angle.sin() * is_on,
        ]  # fmt: skip
        if self.config.noisy:
            inputs.append(latents.noise)

        embed = self.embed(latents.style)
        learning = self.training and condition.is_cuda
        x = self.enter(_wide(inputs, torch.bfloat16 if learning else condition.dtype))
        skips = []
        for block, shrink in zip(self.down, self.shrink, strict=True):
            x = block(x, embed)
            skips.append(x)
            x = shrink(F.silu(x))
        x = self.styled(x, embed)
        for part in self.body:
            x = x + part(x) if self.config.body == "lstm" else part(x, embed)
        for grow, block, skip in zip(
            reversed(self.grow), reversed(self.up), reversed(skips), strict=True
        ):
            x = block(grow(F.silu(x)) + skip, embed)
        # The end in float32: an offset of 50 px in bfloat16 has steps of .25 px.
        output = self.out(F.silu(self.last(x, embed).to(condition.dtype)))
        offset, log_radius, ahead = output.split([2, 1, 1], -1)
        angle = angle + ahead
        radius = 0.25 * log_radius.clamp(-4, 2).exp() * on
        spin = radius * torch.cat([angle.cos(), angle.sin()], -1)
        return (baseline + offset + spin)[:, :length]

    @torch.no_grad()
    def play(self, condition: Tensor, generator: torch.Generator) -> Tensor:
        """Condition (B, T, len(Condition)) of whole maps, without baseline -> cursor (B, T, 2) in
        units. The latents are drawn from `generator`."""
        batch, frames, _ = condition.shape
        latents = self.draw(batch, frames, condition.device, generator, SPIN_FORWARD)
        return self(with_baseline(condition), latents)
