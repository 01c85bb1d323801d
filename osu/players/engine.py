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

from osu.features.chart import Chart, chart_of
from osu.features.condition import chart_condition
from osu.features.play import Play, decode_play
from osu.features.presses import from_bins, press_features_of, spans_of, to_map_ms
from osu.features.style import Style, draw_similar, nearest_grid_px, spread_of_unstable_rate
from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay, build_replay
from osu.nets.checkpoint import CheckpointError, load_card, load_model
from osu.nets.cursor_gan import CursorGenerator
from osu.nets.denoiser import Denoiser
from osu.nets.lstm import KeyLSTM
from osu.players.diffusion import sample_play
from osu.players.hand import apply_dead_zone, frame_lateness_ms
from osu.players.options import Cancelled, OptionError, PlayOptions
from osu.players.target import play_to_target
from osu.rules.judge import judge

MODELS = Path(__file__).parents[2] / "models"
DEFAULT = "diffusion"
PRESSER = "keys"  # presses for every model that moves the cursor only
PLAYER_PREFIX = "osu-players/"
# A fixed time in the header (2026-01-01 UTC in .NET ticks): the same seed gives the same bytes.
TIMESTAMP_TICKS = 639_028_224_000_000_000


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
        chart = chart_of(beatmap)

        def tick(share: float) -> None:
            if cancel is not None and cancel.is_set():
                raise Cancelled
            if progress:
                progress(share)

        tick(0.0)
        if self.presser is None:

            def whole(sloppiness: float, tick: Callable[[float], None]) -> Replay:
                found = sample_play(self.model, chart, seed, options, tick, sloppiness)
                return replay_of(beatmap, chart, found[0], None, found[1], self.card.name, seed)

            replay = play_to_target(whole, beatmap, options, tick)
        else:
            play, events, screen_px = self._cursor_and_keys(chart, seed, options, tick)
            replay = replay_of(beatmap, chart, play, events, screen_px, self.card.name, seed)
        tick(1.0)
        return replay

    def _check(self, options: PlayOptions) -> None:
        for field in dataclasses.fields(options):
            asked = getattr(options, field.name)
            name = field.name.removesuffix("_maps")
            if asked not in (None, ()) and name not in self.card.options:
                raise OptionError(f"the model {self.card.name} does not follow --{name}")

    def _cursor_and_keys(self, chart: Chart, seed: int, options: PlayOptions, tick):
        generator = torch.Generator(self.device).manual_seed(seed)
        condition = chart_condition(chart, self.device)
        cursor = self.model.play(condition, generator)[0].cpu().numpy()
        one_hand = isinstance(self.model, CursorGenerator)  # the regressor's is a mean of many
        if one_hand:
            cursor = apply_dead_zone(cursor, np.random.default_rng((seed, 1)))
        tick(0.5)
        rng = np.random.default_rng(seed)
        row = draw_similar(self.presser.bank_load.cpu().numpy(), chart, rng)
        style = self.presser.bank_style[row].clone()
        if options.unstable_rate is not None:
            style[Style.SPREAD] = spread_of_unstable_rate(options.unstable_rate)
        hints = torch.from_numpy(press_features_of(chart, cursor)[None]).to(self.device)
        bins = self.presser.sample(hints, style[None], generator)[0].cpu().numpy()
        spans = spans_of(chart, from_bins(bins, rng))
        play = np.zeros((chart.frames, len(Play)), np.float32)
        play[:, : Play.K1] = cursor
        screen_px = nearest_grid_px(float(style[Style.SCREEN])) if one_hand else 0.0
        return play, to_map_ms(spans, chart), screen_px


def replay_of(
    beatmap: Beatmap, chart: Chart, play: np.ndarray, events: list[np.ndarray] | None,
    screen_px: float, name: str, seed: int,
) -> Replay:  # fmt: skip
    """The replay of a generated play (T, len(Play)); events, map ms, override its key channels,
    `screen_px` is the grid the cursor stands on, 0 for none."""
    late_ms = frame_lateness_ms(np.random.default_rng((seed, 2)), len(play)) * chart.rate
    t_ms, xy, keys = decode_play(play, chart.start_ms, chart.rate, events, screen_px, late_ms)
    replay = build_replay(
        beatmap.md5,
        PLAYER_PREFIX + name,
        beatmap.mods,
        t_ms,
        xy,
        keys,
        seed % 2**31,
        TIMESTAMP_TICKS,
    )
    return judge(beatmap, replay).stamp(replay)
