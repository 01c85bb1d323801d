"""Who is compared with whom, on made-up players: the rules are checked on the outcome."""

import dataclasses
import hashlib
import shutil
from collections import Counter

import numpy as np
import pytest

from osu.data.finding.pair import Pair
from osu.data.library import DataError
from osu.formats.mods import Mods
from osu.formats.replay import save_replay
from osu.likeness.human_plays import HumanPlay, matched, read_humans, same_map_groups, select
from tests.osr import of_a_person
from tests.paths import SAMPLE
from tests.rules.plays import HEAD
from tests.rules.test_judge_hostile import replay_of

NO_MODS = Mods(0)


def human(player: str, md5: str = "m", mods: Mods = NO_MODS, split: str = "test", skill=(0, 0, 0)):
    return HumanPlay(
        pair=Pair("r", "b"),
        split=split,
        player=player,
        song=md5,
        md5=md5,
        mods=mods,
        accuracy=0.9,
        skill=np.array(skill, float),
        path=np.zeros((0, 2), np.float32),
    )


def crowd(seed: int, plays: int, players: int, split: str) -> list[HumanPlay]:
    rng = np.random.default_rng(seed)
    return [
        human(
            f"{split}{rng.integers(players)}", f"{split}{i}", split=split, skill=rng.normal(size=3)
        )
        for i in range(plays)
    ]


def test_selection_takes_every_player_once_before_any_twice():
    humans = [human("a", f"m{i}") for i in range(5)] + [human("b"), human("c", split="train")]
    humans += [human("d"), human("b")]
    assert [h.player for h in select(humans, "test", None)][:3] == ["a", "b", "d"]
    assert Counter(h.player for h in select(humans, "test", 5)) == {"a": 2, "b": 2, "d": 1}


def test_one_player_s_songs_are_selected_in_turn():
    plays = [human("a", song) for song in ("x", "x", "x", "y", "z", "z")]
    assert [h.song for h in select(plays, "test", None)] == ["x", "y", "z", "x", "z", "x"]


def test_no_player_is_on_both_sides_or_partner_of_two():
    subjects, others = crowd(0, 40, 15, "test"), crowd(1, 400, 120, "train")
    partners = matched(subjects, subjects + others)
    assert not {p.player for p in partners} & {h.player for h in subjects}
    assert len(set(map(id, partners))) == 40
    against: dict[str, set[str]] = {}
    for ours, theirs in zip(subjects, partners, strict=True):
        against.setdefault(theirs.player, set()).add(ours.player)
    assert all(len(players) == 1 for players in against.values())


def test_matched_players_are_alike_in_skill():
    subjects, others = crowd(0, 40, 40, "test"), crowd(1, 400, 200, "train")
    partners = matched(subjects, subjects + others)
    apart = np.mean([_apart(a, b) for a, b in zip(subjects, partners, strict=True)])
    rng = np.random.default_rng(2)
    chance = np.mean([_apart(a, others[rng.integers(400)]) for a in subjects * 20])
    # In three dimensions the nearest of 200 is six times as near as any; a player who stands
    # against somebody already is not free, which costs some of it.
    assert apart < chance / 2


def _apart(a: HumanPlay, b: HumanPlay) -> float:
    return np.linalg.norm(a.skill - b.skill)


def test_matching_prefers_the_same_map_and_says_when_there_are_too_few():
    ours = human("a", "map 1", skill=(0, 0, 0))
    same = human("b", "map 1", skill=(0.5, 0, 0))
    nearer = [human(f"c{i}", f"map {i + 2}", skill=(0.1, 0, 0)) for i in range(3)]
    far = [human(f"d{i}", f"map {i + 9}", skill=(9, 9, 9)) for i in range(3)]
    assert matched([ours], [ours, *nearer, same, *far]) == [same]
    with pytest.raises(DataError, match="only 0 are of other players"):
        matched([ours], [ours])


def test_one_person_alone_is_matched_with_their_plays_of_other_songs():
    subjects = [human("me", f"song {i}", skill=(i, 0, 0)) for i in range(4)]
    again = [human("me", "song 0", split="train"), human("me", "song 3", split="train")]
    others = [human("me", f"old {i}", split="train", skill=(i, 0, 0)) for i in range(6)]
    partners = matched(subjects, [*subjects, *again, *others])
    assert [p.song for p in partners] == ["old 0", "old 1", "old 2", "old 3"]


def test_one_person_s_songs_are_kept_apart_by_those_of_others():
    """A partner of two of the songs would tie them together, and no fold could be cut."""
    subjects = [human("me", f"song {i % 3}", skill=(i % 3, 0, 0)) for i in range(12)]
    others = [human(f"p{i}", f"other {i % 8}", skill=(1, 0, 0)) for i in range(90)]
    others += [human(f"q{i}", f"song {i}", skill=(1, 0, 0)) for i in range(3)]
    against: dict[str, set[str]] = {}
    for ours, theirs in zip(subjects, matched(subjects, [*subjects, *others]), strict=True):
        against.setdefault(theirs.song, {theirs.song} & {"song 0", "song 1", "song 2"})
        against[theirs.song].add(ours.song)
    assert all(len(songs) == 1 for songs in against.values())


def test_groups_hold_one_play_of_each_player_under_the_same_mods():
    humans = [human("a"), human("a"), human("b"), human("c", mods=Mods.HR), human("d", "other")]
    humans.append(human("e", mods=Mods.NF))  # no fail changes nothing that is played
    groups = same_map_groups(humans)
    assert [[h.player for h in group] for group in groups] == [["a", "b", "e"]]


def test_plays_that_cannot_be_judged_are_left_out_before_the_report(tmp_path):
    """Among them one of a thousand spinners at once, whose judging took hours."""
    shutil.copy(SAMPLE / "circuit.osu", tmp_path)
    play = of_a_person((SAMPLE / "circuit-rnn.osr").read_bytes())
    (tmp_path / "circuit-rnn.osr").write_bytes(play)
    spinners = "256,192,0,12,0,400000,0:0:0:0:\n" * 1000
    for name, objects in (("spinners", spinners), ("long", "9,9,0,1,0\n9,9,9999999,1,0\n")):
        (tmp_path / f"{name}.osu").write_text(HEAD + objects)
        md5 = hashlib.md5((HEAD + objects).encode()).hexdigest()
        replay = replay_of(range(0, 400_000, 16), 1)
        save_replay(dataclasses.replace(replay, beatmap_md5=md5), tmp_path / f"{name}.osr")
    (tmp_path / "damaged.osr").write_bytes(play[:500])
    humans, skipped = read_humans(str(tmp_path))
    assert len(humans) == 1 and sum(skipped.values()) == 3
