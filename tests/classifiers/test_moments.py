"""Moments of plays that were made up: the same on both sides, and with a fault that only the finest
structure shows."""

from types import SimpleNamespace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from osu.classifiers.moments import MOMENTS, moment_scores, moments
from osu.classifiers.plays import GridPlay, PlayPair

FRAMES = 300  # five seconds: at a tenth of a pixel the AUC of single moments is .99 already


def play_of(rng: np.random.Generator, noise_px: float = 0.0) -> GridPlay:
    """A smooth path of some 3 px a frame with a key that changes every ten frames."""
    play = np.zeros((FRAMES, 4), np.float32)
    play[:, :2] = gaussian_filter1d(rng.normal(size=(FRAMES, 2)), 8, axis=0)
    play[:, :2] += rng.normal(0, (0.05 + noise_px) / 256, (FRAMES, 2))
    play[:, 2] = np.arange(FRAMES) // 10 % 2
    return GridPlay(None, play, np.zeros(0), np.zeros(0))


def pairs_of(count: int, noise_px: float, seed: int) -> list[PlayPair]:
    rng = np.random.default_rng(seed)
    human = SimpleNamespace()
    return [PlayPair(human, play_of(rng), [play_of(rng, noise_px)]) for _ in range(count)]


def test_plays_alike_are_not_told():
    """30 plays a side have an AUC of .5 with a standard error of .075, and their 17,000 moments
    one of .01, of which five are allowed."""
    scores = moment_scores(pairs_of(20, 0.0, 0), pairs_of(30, 0.0, 1), seed=0)
    assert abs(scores.plays.value - 0.5) < 0.25
    assert abs(scores.moments.value - 0.5) < 0.05


def test_a_tenth_of_a_pixel_of_noise_is_told():
    """Three times the noise of a person's: fourth differences of all plays are apart."""
    scores = moment_scores(pairs_of(20, 0.1, 2), pairs_of(30, 0.1, 3), seed=0)
    assert scores.moments.value > 0.65
    assert scores.plays.value > 0.98 and scores.found.value > 0.9


def test_the_same_seed_gives_the_same_scores():
    train, test = pairs_of(6, 0.05, 4), pairs_of(6, 0.05, 5)
    assert moment_scores(train, test, seed=1) == moment_scores(train, test, seed=1)


def test_moments_do_not_depend_on_where_the_path_lies_or_goes():
    """Turned by a right angle and moved the numbers are the same, but for rounding of float32."""
    play = play_of(np.random.default_rng(6)).play
    turned = play.copy()
    turned[:, 0], turned[:, 1] = 0.1 - play[:, 1], play[:, 0] - 0.2
    one, other = (moments(each, np.random.default_rng(0)) for each in (play, turned))
    np.testing.assert_allclose(one, other, atol=0.01)


def test_a_long_play_gives_so_many_moments_and_a_short_one_none():
    rng = np.random.default_rng(7)
    long = np.tile(play_of(rng).play, (12, 1))
    assert len(moments(long, rng)) == MOMENTS
    assert len(moments(long[:40], rng)) == 0
