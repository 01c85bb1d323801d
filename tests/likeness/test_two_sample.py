"""The two-sample test on synthetic plays that differ, or do not, by construction.

Plays are smooth random paths in front of a map without objects; the reference is how they were
drawn. AUC bounds: for two sides of one distribution the AUC over 24 replays a side has a standard
deviation of about .083 (Mann-Whitney), four of which are allowed.
"""

import numpy as np
import pytest
import torch

from osu.data.library import DataError
from osu.features.condition import Condition
from osu.features.play import Play
from osu.likeness.classifier_inputs import Channel, classifier_channels, window_features
from osu.likeness.two_sample import WINDOW, Sample, components, folds_of, two_sample

PAIRS, FRAMES, STEPS = 24, 3 * WINDOW, 30


pytestmark = pytest.mark.usefixtures("one_thread")


def plays(seed: int, noise: float = 0.0) -> list[torch.Tensor]:
    """Classifier channels of smooth paths; `noise` units of white noise on the cursor."""
    generator = torch.Generator().manual_seed(seed)
    channels = []
    for _ in range(PAIRS):
        knots = torch.rand((1, 2, FRAMES // 20), generator=generator) * 2 - 1
        path = torch.nn.functional.interpolate(
            knots, FRAMES, mode="linear", align_corners=True
        ).transpose(1, 2)
        path = path + noise * torch.randn(path.shape, generator=generator)
        play = torch.zeros(1, FRAMES, len(Play))
        play[..., [Play.X, Play.Y]] = path
        condition = torch.zeros(1, FRAMES, len(Condition))
        condition[..., Condition.MAP_RADIUS] = 0.125
        channels.append(classifier_channels(play, condition)[0])
    return channels


GROUPS = [{f"song {i // 2}", f"player {i}"} for i in range(PAIRS)]


def replay_auc(human, generated, seed=0):
    result = two_sample(
        Sample.of_plays(human), Sample.of_plays(generated), GROUPS, seed, steps=STEPS
    )
    return {name: scores.replay_auc for name, scores in result.scores().items()}


def test_two_sides_of_one_distribution_are_not_separated():
    for value, low, high in replay_auc(plays(1), plays(2)).values():
        assert abs(value - 0.5) < 4 * 0.083
        assert low - 0.15 < 0.5 < high + 0.15  # an interval's own end is an estimate too


def test_white_noise_of_one_pixel_is_separated():
    for value, _, _ in replay_auc(plays(1), plays(2, noise=1 / 256)).values():
        assert value > 0.95


def test_the_same_seed_gives_the_same_numbers():
    human, generated = plays(1)[:8], plays(2, noise=1 / 512)[:8]
    groups = GROUPS[:8]
    results = [
        two_sample(Sample.of_plays(human), Sample.of_plays(generated), groups, seed, steps=5)
        for seed in (3, 3, 4)
    ]
    scores = [result.logits["conv"][1] for result in results]
    assert np.array_equal(scores[0], scores[1]) and not np.array_equal(scores[0], scores[2])


def test_the_callers_random_state_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    two_sample(Sample.of_plays(plays(1)), Sample.of_plays(plays(2)), GROUPS, 0, steps=1)
    assert torch.equal(torch.rand(3), expected)


def test_folds_share_no_song_and_no_player():
    rng = np.random.default_rng(0)
    groups = [{f"song {rng.integers(300)}", f"player {rng.integers(90)}"} for _ in range(60)]
    groups += [{f"song {s}", "player 7"} for s in range(3)]
    folds = folds_of(components(groups), 3, seed=1)
    assert np.bincount(folds).min() >= 15  # of 63
    for fold in range(3):
        inside = set().union(*(g for g, f in zip(groups, folds, strict=True) if f == fold))
        outside = set().union(*(g for g, f in zip(groups, folds, strict=True) if f != fold))
        assert not inside & outside
    with pytest.raises(DataError, match="all share songs or players"):
        folds_of(components([{"song 1", "player 1"}, {"song 1", "player 2"}]), 3, seed=0)


def test_chains_of_songs_and_players_connect():
    groups = [{"song 1", "ann"}, {"song 2", "bob"}, {"song 2", "ann"}, {"song 3", "cy"}]
    assert components(groups).tolist() == [0, 0, 0, 1]


def test_components_are_numbered_by_their_first_pair():
    """Folds are drawn by number, so the order decides which numbers a report shows."""
    rng = np.random.default_rng(0)
    groups = [{f"song {rng.integers(40)}", f"player {rng.integers(40)}"} for _ in range(40)]
    numbers = components(groups).tolist()
    assert list(dict.fromkeys(numbers)) == list(range(max(numbers) + 1)) and max(numbers) > 3
    for i, labels in enumerate(groups):
        for j, others in enumerate(groups):
            assert numbers[i] == numbers[j] or not labels & others


def test_samples_of_plays_and_of_their_windows_are_the_same():
    channels = plays(1)[:3]
    cut = Sample.of_plays(channels)
    windows = Sample.of_windows(cut.windows(torch.arange(len(cut.start))), cut.pair)
    everything = torch.arange(len(cut.start))
    assert torch.equal(cut.windows(everything), windows.windows(everything))
    first = cut.windows(torch.tensor([1]))[0]
    assert torch.equal(first, channels[0][WINDOW // 2 : WINDOW // 2 + WINDOW])


def test_features_are_finite_on_empty_and_wild_windows():
    still = torch.zeros(2, WINDOW, len(Channel))
    # 3 is the asinh of a cursor a thousand playfields away.
    noise = torch.randn(2, WINDOW, len(Channel), generator=torch.Generator().manual_seed(0))
    wild = (3 * noise).clamp(-3, 3)
    assert torch.isfinite(window_features(torch.cat([still, wild]))).all()
