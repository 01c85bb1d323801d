"""Layers that more than one network is made of."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Conv(nn.Conv1d):
    """A convolution over time of (B, T, C), in the input's precision.

    Runs as a 2d convolution in channels-last memory, which costs no copy and is what tensor cores
    want: on an H100 two thirds of conv1d's time at 192 channels. Widths are multiples of 64.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, in) -> (B, T', out), T' as of nn.Conv1d."""
        weight, bias = self.weight.to(x.dtype), self.bias.to(x.dtype)
        y = F.conv2d(
            x.mT.unsqueeze(2), weight.unsqueeze(2), bias, (1, self.stride[0]),
            (0, self.padding[0]), (1, self.dilation[0]),
        )  # fmt: skip
        return y.squeeze(2).mT


class Grow(nn.ConvTranspose1d):
    """A transposed convolution over time to twice as many frames, computed as in `Conv`."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, in) -> (B, 2 T, out) at a kernel of 4, a stride of 2 and a padding of 1."""
        weight, bias = self.weight.to(x.dtype), self.bias.to(x.dtype)
        y = F.conv_transpose2d(
            x.mT.unsqueeze(2), weight.unsqueeze(2), bias, (1, self.stride[0]), (0, self.padding[0])
        )
        return y.squeeze(2).mT


class FrameNorm(nn.Module):
    """Layer norm of each frame's channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> the same."""
        return F.layer_norm(x, x.shape[-1:], self.gain.to(x.dtype))
