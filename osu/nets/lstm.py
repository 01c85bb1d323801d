"""The recurrent networks: layers only, no losses.

A network is built from its frozen `Config`, which the checkpoint's card keeps. Tensors are
(B, T, C), batch first.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from osu.features.condition import Condition
from osu.features.play import Play
from osu.features.presses import OFFSET_BINS, PRESS_FEATURES, RELEASE_BINS, PressField
from osu.features.recorder import Recorder
from osu.features.style import MapDemand, Style


class CursorLSTM(nn.Module):
    """Condition (B, T, F) -> cursor (B, T, 2) in units: the accurate, deterministic player.

    Bidirectional, since a player reads ahead and the whole map is known.
    """

    @dataclass(frozen=True)
    class Config:
        hidden: int = 256  # per direction
        layers: int = 2

    def __init__(self, config: "CursorLSTM.Config") -> None:
        super().__init__()
        self.config = config
        self.lstm = nn.LSTM(
            len(Condition), config.hidden, config.layers, batch_first=True, bidirectional=True
        )
        self.out = nn.Linear(2 * config.hidden, len((Play.X, Play.Y)))

    def forward(self, condition: Tensor) -> Tensor:
        """(B, T, len(Condition)) -> (B, T, 2) units."""
        hidden, _ = self.lstm(condition)
        return self.out(hidden)

    def play(self, condition: Tensor, generator: torch.Generator) -> Tensor:
        """`forward`, for whole maps; nothing is random, so `generator` is not used."""
        return self(condition)


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread, for many small steps: threads would wait for each other at every one,
    and where other programs run as well that takes ten times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class KeyLSTM(nn.Module):
    """The presses of a play, one object after the other, as classes (osu.features.presses.to_bins).

    From features of the objects (B, N, PRESS_FEATURES), a style (B, len(Style)) and the presses so
    far it gives the logits of the next press. The order within a press is offset, finger, release;
    each sees the ones before it.
    """

    @dataclass(frozen=True)
    class Config:
        hidden: int = 256
        layers: int = 2
        dropout: float = 0.2
        bank_rows: int = 0  # styles of real plays kept with the weights, to draw from

    def __init__(self, config: "KeyLSTM.Config") -> None:
        super().__init__()
        self.config = config
        width = config.hidden
        # A missing value of a style is 0 after standardising; the flag says it was missing.
        self.register_buffer("style_mean", torch.zeros(len(Style)))
        self.register_buffer("style_std", torch.ones(len(Style)))
        self.register_buffer("bank_style", torch.zeros(config.bank_rows, len(Style)))
        self.register_buffer("bank_load", torch.zeros(config.bank_rows, len(MapDemand)))
        recorders = torch.full((config.bank_rows, len(Recorder)), torch.nan)
        self.register_buffer("bank_recorder", recorders)
        self.offset_seen = nn.Embedding(OFFSET_BINS + 1, 32)
        self.release_seen = nn.Embedding(RELEASE_BINS, 16)
        self.finger_seen = nn.Embedding(2, 16)
        self.enter = nn.Linear(PRESS_FEATURES + 2 * len(Style) + 64, width)
        self.lstm = nn.LSTM(width, width, config.layers, batch_first=True, dropout=config.dropout)
        self.offset = nn.Sequential(
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, OFFSET_BINS + 1)
        )
        self.other_finger = nn.Sequential(
            nn.Linear(width + 32, width), nn.SiLU(), nn.Linear(width, 1)
        )
        self.release = nn.Sequential(
            nn.Linear(width + 32 + 16, width), nn.SiLU(), nn.Linear(width, RELEASE_BINS)
        )

    def _static(self, features: Tensor, style: Tensor) -> Tensor:
        """(B, N, PRESS_FEATURES + 2 len(Style)): the input that depends on no press."""
        missing = torch.isnan(style)
        standard = torch.where(missing, 0.0, (style - self.style_mean) / self.style_std)
        style = torch.cat([standard, missing.float()], -1)[:, None]
        return torch.cat([features, style.expand(-1, features.shape[1], -1)], -1)

    def _enter(self, static: Tensor, before: Tensor) -> Tensor:
        """(..., hidden): the LSTM's input, of `_static` and the classes of the press before."""
        embedded = [
            self.offset_seen(before[..., PressField.OFFSET_MS]),
            self.release_seen(before[..., PressField.RELEASE_MS]),
            self.finger_seen(before[..., PressField.FINGER]),
        ]
        return F.silu(self.enter(torch.cat([static, *embedded], -1)))

    def forward(
        self, features: Tensor, style: Tensor, bins: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Teacher forcing: the logits of each press after the real ones before it.

        features (B, N, PRESS_FEATURES), style (B, len(Style)) with nan where unknown,
        bins (B, N, len(PressField)) the real classes, in which the FINGER of an object without a
        press repeats the last finger used. Returns logits of the offset (B, N, OFFSET_BINS + 1), of
        using the other finger than last (B, N), and of the release (B, N, RELEASE_BINS).
        """
        before = torch.cat([torch.zeros_like(bins[:, :1]), bins[:, :-1]], 1)
        before[:, 0, PressField.OFFSET_MS] = OFFSET_BINS
        hidden, _ = self.lstm(self._enter(self._static(features, style), before))
        offset = self.offset_seen(bins[..., PressField.OFFSET_MS])
        finger = self.finger_seen(bins[..., PressField.FINGER])
        return (
            self.offset(hidden),
            self.other_finger(torch.cat([hidden, offset], -1)).squeeze(-1),
            self.release(torch.cat([hidden, offset, finger], -1)),
        )

    @torch.no_grad()
    @one_thread()
    def sample(
        self,
        features: Tensor,
        style: Tensor,
        generator: torch.Generator,
        on_progress: Callable[[float], None] = lambda share: None,
    ) -> Tensor:
        """(B, N, len(PressField)) classes, drawn one object after the other. `on_progress` hears
        shares 0 .. 1 and may raise to give up."""

        def draw(logits: Tensor) -> Tensor:
            return torch.multinomial(logits.softmax(-1), 1, generator=generator).squeeze(-1)

        batch, count = features.shape[:2]
        last = torch.zeros(batch, len(PressField), dtype=torch.long, device=features.device)
        last[:, PressField.OFFSET_MS] = OFFSET_BINS
        static = self._static(features, style)
        # One step of `lstm` by its cells: on a CPU a call of the whole costs ten times as much,
        # since oneDNN lays its weights out anew every time.
        cells = [weights[:4] for weights in self.lstm.all_weights]
        zeros = static.new_zeros(batch, self.config.hidden)
        state, drawn = [(zeros, zeros)] * len(cells), []
        for n in range(count):
            if n % 100 == 0:
                on_progress(n / count)
            hidden = self._enter(static[:, n], last)
            for layer, cell in enumerate(cells):
                state[layer] = torch.lstm_cell(hidden, state[layer], *cell)
                hidden = state[layer][0]
            offset = draw(self.offset(hidden))
            embedded = self.offset_seen(offset)
            chance = self.other_finger(torch.cat([hidden, embedded], -1)).squeeze(-1).sigmoid()
            other = torch.rand(batch, generator=generator, device=features.device) < chance
            other &= offset < OFFSET_BINS  # no press, no change of finger
            finger = last[:, PressField.FINGER] ^ other.long()
            hidden = torch.cat([hidden, embedded, self.finger_seen(finger)], -1)
            release = draw(self.release(hidden))
            last = torch.stack([offset, release, finger], -1)
            drawn.append(last)
        return torch.stack(drawn, 1)
