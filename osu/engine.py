"""A trained model, a beatmap and a seed -> a replay. Knows neither argparse nor Tk.

    player = load_player("diffusion")
    replay = player.play(beatmap.with_mods(mods), seed=7)

The same model, map, seed and options give the same bytes on the same machine. Every replay names
its origin as the player ("osu-players/diffusion"); nothing here can change that.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag

import numpy as np
import torch

from osu import features, presses
from osu.adversaries import CursorGenerator
from osu.asked import play_as_asked
from osu.beatmap import Beatmap
from osu.checkpoint import CheckpointError, load_card, load_model
from osu.denoiser import Denoiser
from osu.device import as_shown, lateness_ms
from osu.features import Play, Track, track_of
from osu.judge import judge
from osu.models import KeyLSTM
from osu.replay import Replay, build_replay
from osu.tracks import nearest_grid_px
from osu.whole import sample_play

MODELS = Path(__file__).parent.parent / "models"
DEFAULT = "diffusion"
PRESSER = "keys"  # presses for every model that moves the cursor only
PLAYER = "osu-players/"
# A fixed time in the header (2026-01-01 UTC in .NET ticks): the same seed gives the same bytes.
TIMESTAMP_TICKS = 639_028_224_000_000_000


class Cancelled(Exception):
    """The caller's flag was set while a play was being made."""


class OptionError(ValueError):
    """An option that the model does not know, in one sentence."""


@dataclass(frozen=True)
class PlayOptions:
    """What a user may ask of a play; a model's card says in `options` which it follows."""

    like: tuple[Replay, ...] = ()  # plays of the person to play like, with their maps' tracks
    like_maps: tuple[Beatmap, ...] = ()  # the map of each, mods applied
    accuracy: float | None = None  # 0 .. 1
    unstable_rate: float | None = None
    skill: str | None = None  # low, mid, high
    steps: int | None = None  # of the sampler


@dataclass(frozen=True)
class Card:
    """A playable model: its name, one line about it, and the options it follows."""

    name: str
    about: str
    options: tuple[str, ...]
    numbers: dict


def list_models(folder: Path = MODELS) -> list[Card]:
    """Every playable model below the folder, the default first."""
    cards = []
    for path in sorted(folder.glob("*/card.json")):
        card = load_card(path.parent)
        if card.get("kind") in ("cursor", "play"):
            cards.append(_card(path.parent.name, card))
    return sorted(cards, key=lambda card: card.name != DEFAULT)


def _card(name: str, card: dict) -> Card:
    options = ("like", "accuracy", "unstable_rate", "skill", "steps")
    follows = options if card["kind"] == "play" else ("unstable_rate",)
    return Card(name, card.get("about", ""), follows, card.get("test", card.get("validation", {})))


def load_player(name: str = DEFAULT, device: str = "cpu", folder: Path = MODELS) -> "Player":
    """The player of that name. CheckpointError, in a sentence that lists the names, without it."""
    known = [card.name for card in list_models(folder)]
    if name not in known:
        raise CheckpointError(f"there is no model {name!r}; there are {', '.join(known)}")
    return Player(name, torch.device(device), folder)


class Player:
    """A loaded model. `play` may be called from any thread, one call at a time."""

    def __init__(self, name: str, device: torch.device, folder: Path) -> None:
        self.card = _card(name, load_card(folder / name))
        self.device = device
        self.model = load_model(folder / name).to(device)
        self.presser = None
        if not isinstance(self.model, Denoiser):
            presser = load_model(folder / PRESSER)
            assert isinstance(presser, KeyLSTM), f"{PRESSER} is a {type(presser).__name__}"
            self.presser = presser.to(device)

    @torch.no_grad()
    def play(
        self,
        beatmap: Beatmap,
        seed: int,
        options: PlayOptions | None = None,
        progress: Callable[[float], None] | None = None,
        cancel: Flag | None = None,
    ) -> Replay:
        """A play of the map, its mods applied, with the header the judge gives its frames.

        `progress` gets shares 0 .. 1. Raises Cancelled, OptionError.
        """
        options = options or PlayOptions()
        self._check(options)
        track = track_of(beatmap)

        def tick(share: float) -> None:
            if cancel is not None and cancel.is_set():
                raise Cancelled
            if progress:
                progress(share)

        tick(0.0)
        if self.presser is None:

            def whole(loosened: float, tick: Callable[[float], None]) -> Replay:
                found = sample_play(self.model, track, seed, options, tick, loosened)
                return replay_of(beatmap, track, found[0], None, found[1], self.card.name, seed)

            replay = play_as_asked(whole, beatmap, options, tick)
        else:
            play, events, screen_px = self._cursor_and_keys(track, seed, options, tick)
            replay = replay_of(beatmap, track, play, events, screen_px, self.card.name, seed)
        tick(1.0)
        return replay

    def _check(self, options: PlayOptions) -> None:
        for field in dataclasses.fields(options):
            asked = getattr(options, field.name)
            name = field.name.removesuffix("_maps")
            if asked not in (None, ()) and name not in self.card.options:
                raise OptionError(f"the model {self.card.name} does not follow --{name}")

    def _cursor_and_keys(self, track: Track, seed: int, options: PlayOptions, tick):
        generator = torch.Generator(self.device).manual_seed(seed)
        condition = features.track_condition(track, self.device)
        cursor = self.model.play(condition, generator)[0].cpu().numpy()
        one_hand = isinstance(self.model, CursorGenerator)  # the regressor's is a mean of many
        if one_hand:
            cursor = as_shown(cursor, np.random.default_rng((seed, 1)))
        tick(0.5)
        rng = np.random.default_rng(seed)
        row = presses.draw_alike(self.presser.bank_load.cpu().numpy(), track, rng)
        style = self.presser.bank_style[row].clone()
        if options.unstable_rate is not None:
            style[presses.Style.SPREAD] = presses.spread_of_unstable_rate(options.unstable_rate)
        hints = torch.from_numpy(presses.hints_of(track, cursor)[None]).to(self.device)
        bins = self.presser.sample(hints, style[None], generator)[0].cpu().numpy()
        spans = presses.spans_of(track, presses.from_bins(bins, rng))
        play = np.zeros((track.frames, len(Play)), np.float32)
        play[:, : Play.K1] = cursor
        screen_px = nearest_grid_px(float(style[presses.Style.SCREEN])) if one_hand else 0.0
        return play, presses.to_map_ms(spans, track), screen_px


def replay_of(
    beatmap: Beatmap, track: Track, play: np.ndarray, events: list[np.ndarray] | None,
    screen_px: float, name: str, seed: int,
) -> Replay:  # fmt: skip
    """The replay of a generated play (T, len(Play)); events, map ms, override its key channels,
    `screen_px` is the grid the cursor stands on, 0 for none."""
    late_ms = lateness_ms(np.random.default_rng((seed, 2)), len(play)) * track.rate
    t_ms, xy, keys = features.decode_play(
        play, track.start_ms, track.rate, events, screen_px, late_ms
    )
    replay = build_replay(
        beatmap.md5, PLAYER + name, beatmap.mods, t_ms, xy, keys, seed % 2**31, TIMESTAMP_TICKS
    )
    return judge(beatmap, replay).stamp(replay)
