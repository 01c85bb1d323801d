"""Which one is me?: whose replays are shown, and how the model is asked to play beside them.

The folder is tests.conftest's: three songs, each played by "one" and by "two".
"""

import dataclasses
import json

import pytest

from osu.blind.pairs import draw_pairs
from osu.blind.rival import model_of
from osu.data.library import DataError
from osu.formats.beatmap import load_beatmap
from osu.formats.replay import load_replay, save_replay
from osu.players.engine import Card, list_models, person_digest
from osu.players.options import OptionError
from tests.blind.pages import ShakenPlayer

OF_ONE = Card("me", "", ("like",), {}, "play", person_digest("one"))


@pytest.fixture
def places(folder):
    return folder / "Replays", [str(folder / "Songs")]


def test_the_replays_to_play_like_are_not_shown(places):
    player = ShakenPlayer()
    pairs, skipped = draw_pairs(*places, player, 10, seed=0, me="ONE")
    # Of four files of "one", one of which is damaged, two are for playing like.
    assert len(pairs) + len(player.likes[0]) == 3 and pairs
    assert skipped["replay: kept to play like, and not shown"] == 2
    assert skipped["replay: of another player"] == 3
    for (beatmap, _), likes in zip(player.asked, player.likes, strict=True):
        assert {like.replay.player for like in likes} == {"one"}
        assert beatmap.title not in {like.beatmap.title for like in likes}
    assert len({id(likes) for likes in player.likes}) == 1  # so that they are read once
    assert {pair.cut["mods"] for pair in pairs} == {"NM"}


def test_nothing_is_played_like_plays_of_the_same_song(places, tmp_path):
    for n, name in enumerate(["circuit", "circuit", "circuit", "sprint"]):
        replay = load_replay(places[0] / f"{name}-one.osr")
        save_replay(dataclasses.replace(replay, seed=n), tmp_path / f"{n}.osr")
    for seed in range(6):
        player = ShakenPlayer()
        draw_pairs(tmp_path, places[1], player, 4, seed, me="one")
        for (beatmap, _), likes in zip(player.asked, player.likes, strict=True):
            assert likes and beatmap.title not in {like.beatmap.title for like in likes}


def test_a_model_of_the_person_plays_as_it_is_on_held_out_maps_only(places):
    held = load_beatmap(places[0].parent / "Songs" / "sprint.osu")
    card = dataclasses.replace(OF_ONE, held_out_maps=frozenset([held.md5]))
    player = ShakenPlayer(card=card)
    pairs, skipped = draw_pairs(*places, player, 10, seed=0, me="One")
    assert len(pairs) == 1 and player.asked[0][0].title == held.title
    assert player.likes == [()]
    assert sum(n for reason, n in skipped.items() if "has learned from its song" in reason) == 2
    with pytest.raises(DataError, match="has learned from its song") as error:
        draw_pairs(*places, ShakenPlayer(card=OF_ONE), 10, seed=0, me="one")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("card", "me", "kind", "said"),
    [
        (OF_ONE, "two", OptionError, "not of 'two' but of another player"),
        (Card("rnn", "", (), {}, "cursor"), "one", OptionError, "follows nobody's replays"),
        (Card("d", "", ("like",), {}, "play"), "nobody", DataError, "there are: .*one"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(places, card, me, kind, said):
    with pytest.raises(kind, match=said) as error:
        draw_pairs(*places, ShakenPlayer(card=card), 10, seed=0, me=me)
    assert "\n" not in str(error.value)


def test_one_replay_is_too_few_to_play_like(places, tmp_path):
    save_replay(load_replay(places[0] / "sprint-one.osr"), tmp_path / "one.osr")
    with pytest.raises(DataError, match="1 replays of 'one' with their maps are too few"):
        draw_pairs(tmp_path, places[1], ShakenPlayer(), 1, seed=0, me="one")


def test_a_page_says_how_the_model_is_like_the_person():
    assert model_of(OF_ONE, "one") == "me"
    assert model_of(ShakenPlayer.card, "one") == "shaken --like"
    assert model_of(ShakenPlayer.card, "") == "shaken"


def test_a_card_says_whose_model_it_is_and_what_it_has_not_learned(tmp_path, capsys):
    for name, more in {
        "of-one": {"person": person_digest("one"), "held_out_maps": ["ab"]},
        "of-nobody": {},
        "bad-person": {"person": 7},
        "bad-maps": {"held_out_maps": {"a": 1}},
        "bad-map": {"held_out_maps": ["a", ["b"]]},
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.json").write_text(json.dumps({"kind": "play"} | more))
    cards = {card.name: card for card in list_models(tmp_path)}
    assert set(cards) == {"of-one", "of-nobody"}
    assert cards["of-one"].person == person_digest("ONE")
    assert cards["of-one"].held_out_maps == {"ab"}
    assert (cards["of-nobody"].person, cards["of-nobody"].held_out_maps) == ("", frozenset())
    assert capsys.readouterr().err.count("does not say whose model") == 3
