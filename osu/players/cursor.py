"""Plays from two networks: one moves the cursor, another presses the keys."""

from pathlib import Path

import numpy as np
import torch

from osu.features.condition import chart_condition
from osu.features.play import Play
from osu.features.presses import from_bins, press_features_of, spans_of, to_map_ms
from osu.features.style import Style, draw_similar, spread_of_unstable_rate
from osu.formats.beatmap import Beatmap
from osu.nets.checkpoint import load_model
from osu.nets.cursor_gan import CursorGenerator
from osu.nets.lstm import CursorLSTM, KeyLSTM
from osu.players.generated import GeneratedPlay, chart_to_play, draw_recorder, finish_play
from osu.players.hand import apply_dead_zone
from osu.players.options import OnProgress, PlayOptions

PRESSER = "keys"  # the folder of the key-press network: within a model's, or one for all beside it


class CursorPlayer:
    """A cursor network and the key-press network, which sees where that cursor goes."""

    OPTIONS = ("unstable_rate",)

    def __init__(self, folder: Path, name: str, device: torch.device) -> None:
        self.name = name
        self.device = device
        self.model = load_model(folder / name, CursorLSTM, CursorGenerator).to(device)
        own = folder / name / PRESSER
        presser = own if own.exists() else folder / PRESSER
        self.presser = load_model(presser, KeyLSTM).to(device)

    def generate(
        self, beatmap: Beatmap, seed: int, options: PlayOptions, on_progress: OnProgress
    ) -> GeneratedPlay:
        """A judged play of the map, its mods applied."""
        chart = chart_to_play(beatmap, seed)
        generator = torch.Generator(self.device).manual_seed(seed)
        condition = chart_condition(chart, self.device)
        cursor = self.model.play(condition, generator)[0].cpu().numpy()
        if isinstance(self.model, CursorGenerator):  # an average over people has no rests
            cursor = apply_dead_zone(cursor, np.random.default_rng((seed, 1)))
        on_progress(0.5)

        rng = np.random.default_rng(seed)
        row = draw_similar(self.presser.bank_load.cpu().numpy(), chart, rng)
        style = self.presser.bank_style[row].clone()
        if options.unstable_rate is not None:
            style[Style.SPREAD] = spread_of_unstable_rate(options.unstable_rate)
        features = torch.from_numpy(press_features_of(chart, cursor)[None]).to(self.device)
        drawn = self.presser.sample(
            features, style[None], generator, lambda share: on_progress(0.5 + 0.5 * share)
        )
        bins = drawn[0].cpu().numpy()
        spans = to_map_ms(spans_of(chart, from_bins(bins, rng)), chart)

        play = np.zeros((chart.frames, len(Play)), np.float32)
        play[:, : Play.K1] = cursor
        bank = self.presser.bank_recorder
        recorder = draw_recorder(bank[row, None].cpu().numpy(), bank, rng)
        return finish_play(beatmap, chart, play, spans, recorder, self.name, seed)
