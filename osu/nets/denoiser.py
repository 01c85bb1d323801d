"""The diffusion player's network: a U-Net over time, and the encoder of a play's style.

Tensors are (B, T, C). Nothing looks at the whole of a window: norms are per frame and the reach is
set by the dilations (4 s to each side), so a map of any length is played in one go by a network
trained on windows. EDM preconditioning is arXiv 2206.00364. The body computes in bfloat16 on a
GPU; weights, embedding and preconditioning stay in float32.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from osu.features.baseline import baseline_path
from osu.features.condition import Condition
from osu.features.play import Play
from osu.features.recorder import Recorder
from osu.features.style import MapDemand, Spin, Style
from osu.nets.layers import Conv, FrameNorm, Grow
from osu.units import UNIT_PX

KEY_SCALE = 0.5  # keys 0 .. 1 enter the diffusion as -0.25 .. 0.25
SIGMA_CURSOR, SIGMA_KEYS = 0.15, 0.24  # about the spread of the residual's channels


def to_residual(play: Tensor, condition: Tensor) -> Tensor:
    """A play (B, T, len(Play)) -> the residual that is diffused: the cursor less its baseline path,
    and centred keys."""
    cursor = play[..., : Play.K1] - baseline_path(condition)
    return torch.cat([cursor, (play[..., Play.K1 :] - 0.5) * KEY_SCALE], -1)


def to_play(residual: Tensor, condition: Tensor) -> Tensor:
    """The inverse of `to_residual`."""
    cursor = residual[..., : Play.K1] + baseline_path(condition)
    return torch.cat([cursor, residual[..., Play.K1 :] / KEY_SCALE + 0.5], -1)


# Points that the cursor is seen relative to: the channels of x, of y and of 1 where they exist.
NEARBY = tuple(
    (Condition[f"{name}_X"], Condition[f"{name}_Y"], Condition[exists])
    for name, exists in (
        *((f"OBJECT{slot:+d}", f"OBJECT{slot:+d}_EXISTS") for slot in (-1, 0, 1, 2)),
        ("OBJECT-1_END", "OBJECT-1_EXISTS"),
        ("BALL", "BALL_ON"),
    )
)


def closely(cursor: Tensor, condition: Tensor) -> Tensor:
    """(B, T, 2 * (2 + len(NEARBY))): those features of a cursor (B, T, 2) that must be fine.

    They are its first and second differences, asinh of px, and its place relative to NEARBY,
    asinh of radii. bfloat16 holds a position to about a pixel, but these to a hundredth of one.
    """
    step = F.pad(cursor.diff(dim=1), (0, 0, 1, 0)) * UNIT_PX
    bend = F.pad(step.diff(dim=1), (0, 0, 1, 0))
    # Slices, not lists: indices would be copied to the GPU, which a captured graph cannot do.
    radius = condition[..., Condition.MAP_RADIUS : Condition.MAP_RADIUS + 1]
    near = [
        ((cursor - condition[..., x : y + 1]) / radius).asinh()
        * condition[..., exists : exists + 1]
        for x, y, exists in NEARBY
    ]
    return torch.cat([step.asinh() / 2, bend.asinh() / 2, *near], -1)


class ModulatedBlock(nn.Module):
    """A residual block of two convolutions, whose first norm the embedding scales and shifts."""

    def __init__(self, width: int, embed: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = FrameNorm(width), FrameNorm(width)
        self.modulate = nn.Linear(embed, 2 * width)
        self.conv1 = Conv(width, width, 3, padding=dilation, dilation=dilation)
        self.conv2 = Conv(width, width, 3, padding=1)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor, embed: Tensor) -> Tensor:
        """x (B, T, width), embed (B, embed) in float32."""
        scale, shift = self.modulate(embed)[:, None].to(x.dtype).chunk(2, -1)
        hidden = self.conv1(F.silu(torch.addcmul(shift, self.norm1(x), 1 + scale)))
        return x + self.conv2(self.dropout(F.silu(self.norm2(hidden))))


class StyleEncoder(nn.Module):
    """The style of a stretch of a play: (B, style) numbers for what is constant in it."""

    def __init__(self, width: int, style: int) -> None:
        super().__init__()
        channels = len(Play) + 2 * (2 + len(NEARBY)) + len(Condition)
        self.enter = Conv(channels, width, 3, padding=1)
        self.convs = nn.ModuleList(Conv(width, width, 5, stride=2, padding=2) for _ in range(4))
        self.norms = nn.ModuleList(FrameNorm(width) for _ in range(4))
        self.out = nn.Linear(2 * width, style)

    def forward(self, play: Tensor, condition: Tensor, dtype: torch.dtype) -> Tensor:
        """play (B, T, len(Play)), condition (B, T, len(Condition)), T >= 64; computes in dtype,
        returns float32."""
        residual = to_residual(play, condition)
        cursor = play[..., : Play.K1]
        inputs = torch.cat([residual, closely(cursor, condition), condition], -1)
        x = self.enter(inputs.to(dtype))
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = conv(F.silu(norm(x)))
        x = x.float()
        return torch.tanh(self.out(F.silu(torch.cat([x.mean(1), x.std(1)], -1))))


class Denoiser(nn.Module):
    """D(x; sigma) of EDM: noisy residual, condition and embedded style -> the clean residual."""

    @dataclass(frozen=True)
    class Config:
        widths: tuple[int, ...] = (192, 192, 256, 256)  # at 60, 30, 15 and 7.5 Hz
        dilations: tuple[tuple[int, ...], ...] = ((1, 2, 4), (1, 4), (1, 4), (2, 8))  # of blocks
        embed: int = 128
        style: int = 24  # numbers an encoded style has
        encoder: int = 96  # width of the encoder
        dropout: float = 0.0
        # The noise that plays begin from, units of 256 px. It must hide what is slow, too: over a
        # break of 4 s noise of 3 units still shows where the cursor is, to within .2 units.
        sigma_max: float = 30.0
        bank_rows: int = 0  # styles of training plays kept with the weights, to draw from

    def __init__(self, config: "Denoiser.Config") -> None:
        super().__init__()
        if not 0 < config.sigma_max < 1e4:
            raise ValueError(f"sigma_max is {config.sigma_max}")
        self.config = config
        self.precision = torch.bfloat16  # in which the body computes on a GPU
        widths = list(config.widths)
        self.encoder = StyleEncoder(config.encoder, config.style)
        # Explicit styles are standardised; a missing one is 0 and flagged.
        self.register_buffer("style_mean", torch.zeros(len(Style)))
        self.register_buffer("style_std", torch.ones(len(Style)))
        self.register_buffer("bank_style", torch.zeros(config.bank_rows, len(Style)))
        self.register_buffer("bank_code", torch.zeros(config.bank_rows, config.style))
        self.register_buffer("bank_load", torch.zeros(config.bank_rows, len(MapDemand)))
        self.register_buffer("bank_spin", torch.full((config.bank_rows, len(Spin)), torch.nan))
        recorders = torch.full((config.bank_rows, len(Recorder)), torch.nan)
        self.register_buffer("bank_recorder", recorders)
        spread = torch.tensor([SIGMA_CURSOR, SIGMA_CURSOR, SIGMA_KEYS, SIGMA_KEYS])
        self.register_buffer("sigma_data", spread, persistent=False)
        frequencies = torch.exp(torch.linspace(-2.0, 4.0, 32))
        self.register_buffer("frequencies", frequencies)
        self.embed_sigma = nn.Linear(64, config.embed)
        self.embed_style = nn.Linear(2 * len(Style) + config.style + 2, config.embed)
        self.embed = nn.Linear(config.embed, config.embed)
        channels = len(Play) + 2 * (2 + len(NEARBY)) + len(Condition)
        self.enter = Conv(channels, widths[0], 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.shrink, self.grow = nn.ModuleList(), nn.ModuleList()
        for level, (width, dilations) in enumerate(zip(widths, config.dilations, strict=True)):
            for side in (self.down, self.up):
                blocks = [ModulatedBlock(width, config.embed, d, config.dropout) for d in dilations]
                side.append(nn.ModuleList(blocks))
            if level + 1 < len(widths):
                wider = widths[level + 1]
                self.shrink.append(Conv(width, wider, 4, stride=2, padding=1))
                self.grow.append(Grow(wider, width, 4, stride=2, padding=1))
        self.norm_out = FrameNorm(widths[0])
        self.out = nn.Linear(widths[0], len(Play))
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    @property
    def stride(self) -> int:
        """The number of frames that T must be a multiple of."""
        return 2 ** (len(self.config.widths) - 1)

    def embedding(
        self,
        sigma: Tensor,
        style: Tensor,
        style_embedding: Tensor,
        has_embedding: Tensor,
        mirrored: Tensor,
    ) -> Tensor:
        """(B, embed): the noise level and the player, as `forward` takes them.

        sigma (B,); style (B, len(Style)), explicit, with nan for the unknown; style_embedding
        (B, style) of the encoder, read where has_embedding (B,) is 1; mirrored (B,) is 1 where left
        and right are exchanged.
        """
        phase = (sigma.log() / 4)[:, None] * self.frequencies
        waves = self.embed_sigma(torch.cat([phase.sin(), phase.cos()], -1))
        missing = torch.isnan(style)
        standard = ((style - self.style_mean) / self.style_std).nan_to_num(0.0)
        encoded = style_embedding * has_embedding[:, None]
        flags = torch.stack([has_embedding, mirrored], -1)
        person = torch.cat([standard, missing.float(), encoded, flags], -1)
        return F.silu(self.embed(F.silu(waves + self.embed_style(person))))

    def forward(self, noisy: Tensor, sigma: Tensor, condition: Tensor, embed: Tensor) -> Tensor:
        """noisy residual (B, T, len(Play)), sigma (B,), condition (B, T, len(Condition)), embed
        (B, embed) of `embedding` -> clean residual (B, T, len(Play)) float32."""
        dtype = self.precision if noisy.is_cuda else torch.float32
        sigma = sigma[:, None, None]
        c_in = 1 / (sigma**2 + self.sigma_data**2).sqrt()  # (B, 1, len(Play))
        c_skip = (self.sigma_data * c_in) ** 2
        c_out = sigma * self.sigma_data * c_in
        cursor = noisy[..., : Play.K1] + baseline_path(condition)
        inputs = torch.cat([noisy * c_in, closely(cursor, condition), condition], -1)
        x = self.enter(inputs.to(dtype))
        skips = []
        for level, blocks in enumerate(self.down):
            for block in blocks:
                x = block(x, embed)
            if level < len(self.shrink):
                skips.append(x)
                x = self.shrink[level](x)
        for level in reversed(range(len(self.up))):
            if level < len(self.grow):
                x = self.grow[level](x) + skips[level]
            for block in self.up[level]:
                x = block(x, embed)
        return c_skip * noisy + c_out * self.out(F.silu(self.norm_out(x)).float())
