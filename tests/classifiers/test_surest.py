"""The windows that are told most surely, where it is known which ones are told."""

from types import SimpleNamespace

import numpy as np

from osu.classifiers.play_table import PlayTable
from osu.classifiers.plays import PlayPair
from osu.classifiers.surest import surest, surest_figure
from osu.units import UNIT_PX
from tests.classifiers.test_evidence_net import fitted_auc
from tests.classifiers.test_play_table import chart, grid_play


def test_the_noisiest_plays_are_told_most_surely():
    """A network that finds 3 px of white noise: of six generated plays three have it."""
    fitted = fitted_auc(3.0)[1]
    rng, track = np.random.default_rng(1), chart(18)
    noises = [0, 3, 0, 3, 0, 3]
    human = SimpleNamespace(md5="0" * 32)
    pairs = [
        PlayPair(human, grid_play(track, rng), [grid_play(track, rng, noise_units=px / UNIT_PX)])
        for px in noises
    ]
    table = PlayTable.of(pairs, "cpu")
    found = surest(fitted, table, pairs, generated=True, count=3)
    assert {window.pair for window in found} == {1, 3, 5}
    assert all(window.generated and window.play is pairs[window.pair].generated[0]
               for window in found)  # fmt: skip
    means = [window.evidence.mean() for window in found]
    assert means == sorted(means, reverse=True)
    people = surest(fitted, table, pairs, generated=False, count=10)
    assert [window.play for window in people] == [pairs[w.pair].own for w in people]
    assert len(people) == len(pairs)  # one a play
    assert surest_figure(found, pairs).startswith(b"\x89PNG")
