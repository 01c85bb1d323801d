"""A trained model, a beatmap and a seed -> a replay. Knows neither argparse nor Tk.

    player = load_player("diffusion")
    replay = player.play(beatmap.with_mods(mods), seed=7)

The same model, map, seed and options give the same bytes on the same machine. Every replay names
its origin as the player ("osu-players/diffusion", osu.origin); nothing here can change that.
"""

import dataclasses
import hashlib
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event as Flag

import torch

from osu.errors import shown
from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay
from osu.nets.checkpoint import CheckpointError, load_card
from osu.players.cursor import CursorPlayer
from osu.players.diffusion import DiffusionPlayer
from osu.players.generated import GeneratedPlay
from osu.players.options import Cancelled, OnProgress, OptionError, PlayOptions

MODELS = Path(__file__).parents[2] / "models"
DEFAULT = "diffusion"
NAME = re.compile(r"[\w.-]{1,40}", re.ASCII)  # of a model's folder; replays name it as the player
MOST_ABOUT = 200  # characters
PLAYERS = {"cursor": CursorPlayer, "play": DiffusionPlayer}  # by the `kind` in a model's card


@dataclass(frozen=True)
class Card:
    """A playable model: its name, one line about it, and the options it follows."""

    name: str
    about: str
    options: tuple[str, ...]
    numbers: dict
    kind: str  # a key of PLAYERS
    person: str = ""  # person_digest of the player of whose plays it is a model, if of one's
    held_out_maps: frozenset[str] = frozenset()  # MD5s of that player's maps not learned from


def list_models(folder: Path = MODELS) -> list[Card]:
    """Every playable model below the folder, the default first. Those that cannot be read are left
    out, each with one sentence on stderr."""
    cards = []
    for path in sorted(folder.glob("*/card.json")):
        try:
            if not NAME.fullmatch(path.parent.name):
                raise CheckpointError(f"{path.parent}: a name has 1 to 40 of A-Z a-z 0-9 _ . -")
            card = load_card(path.parent)
            if str(card.get("kind")) in PLAYERS:
                cards.append(_card(path.parent.name, card))
        except CheckpointError as error:
            _say_once(str(error))
    return sorted(cards, key=lambda card: card.name != DEFAULT)


def _card(name: str, card: dict) -> Card:
    numbers = card.get("test", card.get("validation", {}))
    about, kind = card.get("about", ""), card["kind"]
    if not isinstance(numbers, dict) or not isinstance(about, str):
        raise CheckpointError(f"{name}: its card's numbers or its line about it are none")
    person, maps = card.get("person", ""), card.get("held_out_maps", [])
    if not isinstance(person, str) or not isinstance(maps, list) or not _are_texts(maps):
        raise CheckpointError(f"{name}: its card does not say whose model it is as it should")
    options = PLAYERS[kind].OPTIONS
    return Card(name, shown(about, MOST_ABOUT), options, numbers, kind, person, frozenset(maps))


def _are_texts(values: list) -> bool:
    return all(isinstance(value, str) for value in values)


def person_digest(player: str) -> str:
    """How a card says whose model it is: the same for names that differ in case only, and without
    the name in it, since models are passed on."""
    return hashlib.sha256(player.casefold().encode()).hexdigest()[:16]


@cache
def _say_once(sentence: str) -> None:
    print(f"left out: {shown(sentence)}", file=sys.stderr)


def load_player(name: str = DEFAULT, device: str = "cpu", folder: Path = MODELS) -> "Player":
    """The player of that name. CheckpointError, in a sentence that lists the names, without it."""
    cards = {card.name: card for card in list_models(folder)}
    if name not in cards:
        names = ", ".join(cards) or "none"
        raise CheckpointError(f"there is no model {name!r}; there are {names}")
    return Player(cards[name], torch.device(device), folder)


class Player:
    """A model with which maps are played."""

    def __init__(self, card: Card, device: torch.device, folder: Path) -> None:
        self.card = card
        self.implementation = PLAYERS[card.kind](folder, card.name, device)

    def play(
        self,
        beatmap: Beatmap,
        seed: int,
        options: PlayOptions | None = None,
        on_progress: OnProgress | None = None,
        cancel: Flag | None = None,
    ) -> Replay:
        """A play of the map, its mods applied, with the header the judge gives its frames.

        `on_progress` gets shares 0 .. 1. Raises Cancelled, OptionError.
        """
        return self.generate(beatmap, seed, options, on_progress, cancel).replay

    @torch.no_grad()
    def generate(
        self,
        beatmap: Beatmap,
        seed: int,
        options: PlayOptions | None = None,
        on_progress: OnProgress | None = None,
        cancel: Flag | None = None,
    ) -> GeneratedPlay:
        """The play of `play`, together with its judgement."""
        options = options or PlayOptions()
        self._check(options)

        def report(share: float) -> None:
            if cancel is not None and cancel.is_set():
                raise Cancelled
            if on_progress:
                on_progress(share)

        report(0.0)
        play = self.implementation.generate(beatmap, seed, options, report)
        report(1.0)
        return play

    def _check(self, options: PlayOptions) -> None:
        for field in dataclasses.fields(options):
            value = getattr(options, field.name)
            if value not in (None, ()) and field.name not in self.card.options:
                raise OptionError(f"the model {self.card.name} does not follow --{field.name}")
