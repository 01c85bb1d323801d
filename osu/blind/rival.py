"""Who plays the other clip of each pair: a model as it is, or one that is to play like a person.

A model of that person (train_diffusion.py --me) plays as it is, on maps of songs that were held out
of its training. Any other one plays like some of the person's replays (generate.py --like), which
are not shown themselves, and never like plays of the song that it plays.
"""

from dataclasses import dataclass

import numpy as np

from osu.data.finding.pair import Pair
from osu.data.library import DataError
from osu.errors import UserError
from osu.formats.beatmap import Beatmap
from osu.formats.replay import load_replay
from osu.players.engine import Card, Player, person_digest
from osu.players.options import LikedPlay, OptionError, PlayOptions, liked_play

MOST_REFERENCES = 20  # replays to play like; more hardly help (docs/own-plays.md)


class UnfairMap(UserError):
    """A map on which no pair is shown, in a phrase."""


@dataclass(frozen=True, eq=False)
class Rival:
    """Who plays what is shown beside a person's play."""

    player: Player
    like: tuple[LikedPlay, ...] = ()
    only: frozenset[str] | None = None  # MD5s of the maps that it may be asked for

    def options_on(self, beatmap: Beatmap) -> PlayOptions:
        """With which it plays a map. UnfairMap where it knows the person's plays of that song."""
        if self.only is not None and beatmap.md5 not in self.only:
            raise UnfairMap("the model has learned from its song, or it is newer than the model")
        others = tuple(play for play in self.like if _song(play.beatmap) != _song(beatmap))
        if self.like and not others:
            raise UnfairMap("all replays to play like are of its song")
        # The same tuple where it can be: its player reads the replays once.
        return PlayOptions(like=self.like if len(others) == len(self.like) else others)


def model_of(card: Card, me: str) -> str:
    """What a page calls the model: "diffusion --like" where it follows the replays of the person
    `me`, else its name."""
    return f"{card.name} --like" if me and not card.person else card.name


def rival_of(player: Player, own: list[Pair], me: str, seed: int) -> tuple[Rival, list[Pair]]:
    """Who plays beside the person `me`, whose replays are `own`, and which of those may be shown.

    OptionError where the model is somebody else's or follows nobody, DataError where there are too
    few replays.
    """
    card = player.card
    if card.person:
        if card.person != person_digest(me):
            raise OptionError(f"the model {card.name} is not of {me!r} but of another player")
        return Rival(player, only=card.held_out_maps), own
    if "like" not in card.options:
        raise OptionError(f"the model {card.name} follows nobody's replays; choose another one")
    references, shown = _parted(own, seed)
    likes: list[LikedPlay] = []
    for pair in references:
        if len(likes) == MOST_REFERENCES:
            break
        try:
            replay = load_replay(pair.replay)
            likes.append(liked_play(pair.replay, replay, pair.load_map(replay.beatmap_md5)))
        except UserError:
            continue
    if not likes:
        raise DataError(f"{len(own)} replays of {me!r} with their maps are too few to play like")
    return Rival(player, tuple(likes)), shown


def _parted(own: list[Pair], seed: int) -> tuple[list[Pair], list[Pair]]:
    """Replays to play like, in the order in which they are tried, and those to be shown: those held
    out where the folder says so, else at least half."""
    own = [own[n] for n in np.random.default_rng((seed, 1)).permutation(len(own))]
    shown = [pair for pair in own if pair.split == "test"]
    if 0 < len(shown) < len(own):
        return [pair for pair in own if pair.split != "test"], shown
    cut = min(MOST_REFERENCES, len(own) // 2)
    return own[:cut], own[cut:]


def _song(beatmap: Beatmap) -> tuple[str, str]:
    return beatmap.artist, beatmap.title
