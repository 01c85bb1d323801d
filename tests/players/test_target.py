"""Plays that meet a target, against players whose answer to `sloppiness` is known."""

import math
from types import SimpleNamespace

import pytest
import torch

from osu.features.style import Style
from osu.players.options import PlayOptions
from osu.players.target import TOLERANCE, TRIES, off_target, play_to_target, with_sloppiness


class Hand:
    """Loses exp(response * sloppiness) times what it usually does."""

    def __init__(self, loses: float, response: float, floor: float = 0.0) -> None:
        self.loses, self.response, self.floor = loses, response, floor
        self.asked: list[float] = []

    def __call__(self, sloppiness: float, on_progress) -> SimpleNamespace:
        self.asked.append(sloppiness)
        on_progress(1.0)
        factor = math.exp(self.response * sloppiness)
        judgement = SimpleNamespace(
            accuracy=1 - self.floor - self.loses * factor, unstable_rate=100 * factor
        )
        return SimpleNamespace(judgement=judgement, number=len(self.asked))


@pytest.mark.parametrize("response", [1.1, 1.6, 2.2])
@pytest.mark.parametrize("accuracy", [0.9, 0.95, 0.98])
def test_a_play_comes_out_as_asked(response, accuracy):
    hand = Hand(0.05, response)
    play = play_to_target(hand, PlayOptions(accuracy=accuracy), lambda share: None)
    # The search stops at TOLERANCE; a line in logarithms, as this hand's, is met in two steps.
    assert abs(math.log((1 - play.judgement.accuracy) / (1 - accuracy))) <= TOLERANCE
    assert len(hand.asked) <= TRIES


@pytest.mark.parametrize("unstable_rate", [60.0, 100.0, 200.0])
def test_an_unstable_rate_comes_out_as_asked(unstable_rate):
    hand = Hand(0.05, 2.2)
    play = play_to_target(hand, PlayOptions(unstable_rate=unstable_rate), lambda share: None)
    assert abs(math.log(play.judgement.unstable_rate / unstable_rate)) <= TOLERANCE
    assert len(hand.asked) <= TRIES


def test_without_a_hit_the_unstable_rate_is_too_high():
    missed_all = SimpleNamespace(unstable_rate=math.nan)
    assert off_target(missed_all, PlayOptions(unstable_rate=400.0)) > TOLERANCE


def test_the_nearest_play_is_kept_where_none_is_near():
    hand = Hand(0.02, 1.6, floor=0.06)  # no style of it loses less than 6 %
    play = play_to_target(hand, PlayOptions(accuracy=0.99), lambda share: None)
    best = max(0.94 - 0.02 * math.exp(1.6 * sloppiness) for sloppiness in hand.asked)
    assert play.judgement.accuracy == pytest.approx(best, abs=1e-12)
    assert 1 < len(hand.asked) <= TRIES


def test_without_a_wish_a_map_is_played_once():
    hand, shares = Hand(0.3, 1.6), []
    assert play_to_target(hand, PlayOptions(), shares.append).number == 1
    assert hand.asked == [0.0] and shares == [1.0]


def test_progress_never_goes_back():
    shares = []
    hand = Hand(0.05, 1.1)
    play_to_target(hand, PlayOptions(accuracy=0.98), shares.append)
    assert shares == sorted(shares) and shares[-1] <= 1


@pytest.mark.parametrize(
    ("options", "moved"),
    [
        (PlayOptions(), {Style.SPREAD, Style.AIM, Style.ACCURACY}),
        (PlayOptions(accuracy=0.9), {Style.SPREAD, Style.AIM, Style.ACCURACY}),
        (PlayOptions(unstable_rate=90.0), {Style.SPREAD}),
        (PlayOptions(accuracy=0.9, unstable_rate=90.0), {Style.AIM, Style.ACCURACY}),
    ],
)
def test_what_was_not_asked_for_is_what_moves(options, moved):
    style = torch.zeros(len(Style))
    found = with_sloppiness(style, 0.5, options)
    assert {Style(i) for i in torch.nonzero(found).flatten().tolist()} == moved
    assert (found >= style).all()
    assert (style == 0).all()  # the bank's own row is not touched
