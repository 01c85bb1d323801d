"""The sampled presses: what the presser draws one object after the other is what it learned.

Reference: the network's own teacher-forced pass, which runs all objects at once through nn.LSTM.
"""

import torch

from osu.features.presses import OFFSET_BINS, PRESS_FEATURES, PressField
from osu.features.style import Style
from osu.nets.lstm import KeyLSTM


def test_sampling_steps_through_the_network_that_was_trained():
    """With logits this steep a draw is a choice: teacher forcing on what was drawn must choose the
    same, at every object and of every kind."""
    torch.manual_seed(0)
    model = KeyLSTM(KeyLSTM.Config(hidden=16, layers=2)).eval()
    with torch.no_grad():
        for head in (model.offset, model.other_finger, model.release):
            head[-1].weight *= 1e5
    features, style = 30 * torch.randn(3, 40, PRESS_FEATURES), torch.randn(3, len(Style))
    style[1, Style.SCREEN] = torch.nan
    bins = model.sample(features, style, torch.Generator().manual_seed(1))
    offset, other, release = model(features, style, bins)
    finger = bins[..., PressField.FINGER]
    changed = torch.cat([finger[:, :1], finger[:, 1:] ^ finger[:, :-1]], 1) > 0
    pressed = bins[..., PressField.OFFSET_MS] < OFFSET_BINS
    assert (offset.argmax(-1) == bins[..., PressField.OFFSET_MS]).all()
    assert (release.argmax(-1) == bins[..., PressField.RELEASE_MS]).all()
    assert (changed == (other > 0) & pressed).all()
    assert changed.any()
