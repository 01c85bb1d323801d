"""Who plays: read off a person's plays, or drawn from the training plays kept with the weights.

What plays tell, one row a play, becomes one person for each map. Most style numbers are medians
over the plays in which they are known. How exactly somebody plays depends on the map, too:
spread, aim and accuracy are what is expected of that person there (`style_on`).
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from osu.features.chart import Chart, chart_of
from osu.features.condition import chart_condition
from osu.features.play import Play, encode_play, key_spans, played_frames
from osu.features.recorder import clock_of, fit_recorder
from osu.features.style import (
    DEMAND_SCALE,
    Spin,
    Style,
    demand_of,
    draw_similar,
    screen_grid_px,
    spin_of,
    spread_of_unstable_rate,
    style_of_accuracy,
    style_of_play,
)
from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay, clean_frames
from osu.nets.denoiser import Denoiser
from osu.players.generated import draw_recorder
from osu.players.options import LikedPlay, PlayOptions

# How one person's numbers change from map to map, by each MapDemand in units of DEMAND_SCALE. Of
# 168 people with 480 plays, p0077 and p0419 left out: `uv run -m experiments.within_person`.
FOLLOWS_MAP = {
    Style.SPREAD: (0.04, -0.02, 0.0, 0.04, 0.02, 0.0, 0.01, -0.03, -0.07, 0.01),
    Style.AIM: (0.04, 0.07, -0.02, 0.0, -0.01, 0.01, -0.01, 0.03, 0.02, 0.0),
    Style.ACCURACY: (0.25, 0.12, -0.05, 0.0, -0.18, 0.07, -0.09, -0.06, -0.17, 0.15),
}
RIDGE = 10.0  # that the person's own slopes stay near people's: as strong as so many plays
# Standard deviations between one person's plays, of the same. A play farther than two of them from
# the median counts as that far: some are botched. None is expected more than one beyond all plays.
BETWEEN_PLAYS = np.array([0.3, 0.3, 1.0])


class Person(NamedTuple):
    """Who plays."""

    style: Tensor  # (len(osu.features.style.Style),), nan for the unknown
    style_embedding: Tensor  # (style,), learned by the network's encoder
    spin: np.ndarray  # (len(osu.features.style.Spin),), nan where unknown
    recorder: np.ndarray  # (len(osu.features.recorder.Recorder),)


class KnownPlays(NamedTuple):
    """What N plays of a person tell, a row a play."""

    styles: np.ndarray  # (N, len(Style)), nan for the unknown
    demands: np.ndarray  # (N, len(MapDemand)) of their maps
    codes: Tensor  # (N, style), learned by the network's encoder
    spins: np.ndarray  # (N, len(Spin)), nan where unknown
    recorders: np.ndarray  # (N, len(Recorder))


@torch.no_grad()
def known_plays(model: Denoiser, likes: tuple[LikedPlay, ...]) -> KnownPlays:
    """What the replays tell of who played them. A play that ended early is read up to there."""
    device = next(model.parameters()).device
    rows = []
    for replay, beatmap in likes:
        chart = chart_of(beatmap, clock_of(replay))
        t_ms, xy, keys = clean_frames(replay)
        frames = played_frames(chart, t_ms)
        play = encode_play(t_ms, xy, keys, chart.start_ms, frames, chart.rate)
        cursor, screen = play[:, : Play.K1], screen_grid_px(replay.xy)
        style = style_of_play(chart, key_spans(t_ms, keys), cursor, replay.accuracy, screen)
        condition = chart_condition(chart, device)[:, :frames]
        played = torch.from_numpy(play[None]).to(device)
        code = model.encoder(played, condition, torch.float32)[0].cpu()
        rows.append((style, demand_of(chart), code, spin_of(chart, cursor), fit_recorder(replay)))
    styles, demands, codes, spins, recorders = zip(*rows, strict=True)
    return KnownPlays(
        np.stack(styles),
        np.stack(demands),
        torch.stack(codes),
        np.stack(spins),
        np.stack(recorders),
    )


def read_person(model: Denoiser, replay: Replay, beatmap: Beatmap) -> Person:
    """Who played one replay of a map, as it was played there."""
    known = known_plays(model, (LikedPlay(replay, beatmap),))
    style = torch.from_numpy(known.styles[0])
    return Person(style, known.codes[0], known.spins[0], known.recorders[0])


def style_on(demand: np.ndarray, styles: np.ndarray, demands: np.ndarray) -> np.ndarray:
    """(len(Style),) of a person on a map with that demand (len(MapDemand),), from N plays' styles
    (N, len(Style)) on maps with `demands` (N, len(MapDemand)); nan where no play tells.

    What follows the map is regressed on what maps ask: by one play less is expected on a harder
    map, as of people in general; with more plays the person's own slopes come in. The pixel grid is
    the most common one.
    """
    style = np.full(len(Style), np.nan, np.float32)
    for column in Style:
        known = styles[np.isfinite(styles[:, column]), column]
        if column == Style.SCREEN and len(known):
            grids, counts = np.unique(known, return_counts=True)
            style[column] = grids[counts.argmax()]
        elif len(known):
            style[column] = np.median(known)
    whole = np.isfinite(styles[:, list(FOLLOWS_MAP)]).all(1)
    if whole.any():
        seen = styles[whole][:, list(FOLLOWS_MAP)].astype(np.float64)
        slopes = np.array(list(FOLLOWS_MAP.values())).T
        expected = regress(demand, seen, demands[whole], slopes)
        style[list(FOLLOWS_MAP)] = np.clip(
            expected, seen.min(0) - BETWEEN_PLAYS, seen.max(0) + BETWEEN_PLAYS
        )
    return style


def regress(
    demand: np.ndarray, seen: np.ndarray, demands: np.ndarray, slopes: np.ndarray
) -> np.ndarray:
    """(K,) of the numbers that N plays on maps with `demands` (N, D) have, `seen` (N, K), expected
    on a map with `demand` (D,). The plays' own slopes are shrunk to `slopes` (D, K), people's, by
    RIDGE."""
    middle = np.median(seen, axis=0)
    seen = np.clip(seen, middle - 2 * BETWEEN_PLAYS, middle + 2 * BETWEEN_PLAYS)
    centre = demands.mean(0)
    x = (demands - centre) / DEMAND_SCALE
    left = seen - seen.mean(0) - x @ slopes
    own = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ left)
    return seen.mean(0) + (demand - centre) / DEMAND_SCALE @ (slopes + own)


def draw_person(
    model: Denoiser, chart: Chart, seed: int, options: PlayOptions, known: KnownPlays | None = None
) -> Person:
    """The person of `like`, `known` where their plays have been read before; without it one is
    drawn among the training plays whose maps ask about as much as this one: people choose maps that
    they can play.

    One who has not been seen to spin spins like somebody of the training plays.
    """
    rng = np.random.default_rng(seed)
    if options.like:
        known = known or known_plays(model, options.like)
        style = torch.from_numpy(style_on(demand_of(chart), known.styles, known.demands))
        embedding = known.codes.mean(0)
        spins, recorders = known.spins, rng.permutation(known.recorders)
    else:
        distance = 0.0
        if options.target_accuracy is not None:
            bank = model.bank_style[:, Style.ACCURACY].cpu().numpy()
            wanted = style_of_accuracy(options.target_accuracy)
            distance = np.nan_to_num(((bank - wanted) / 0.2) ** 2, nan=100.0)
        row = draw_similar(model.bank_load.cpu().numpy(), chart, rng, distance)
        style, embedding = model.bank_style[row].clone().cpu(), model.bank_code[row].cpu()
        spins = model.bank_spin[row, None].cpu().numpy()
        recorders = model.bank_recorder[row, None].cpu().numpy()
    if np.isnan(spins).all():
        spins = model.bank_spin.cpu().numpy()
    finite = spins[np.isfinite(spins).all(1)]
    spin = rng.choice(finite) if len(finite) else np.full(len(Spin), np.nan)
    if options.target_accuracy is not None:
        style[Style.ACCURACY] = style_of_accuracy(options.target_accuracy)
    if options.unstable_rate is not None:
        style[Style.SPREAD] = spread_of_unstable_rate(options.unstable_rate)
    return Person(style, embedding, spin, draw_recorder(recorders, model.bank_recorder, rng))
