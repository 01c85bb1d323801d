"""A generated play as it leaves its player: the replay, how it was judged, its file's name."""

from dataclasses import dataclass

import numpy as np
import torch

from osu.features.chart import Chart, chart_of
from osu.features.key_clock import on_key_clock
from osu.features.play import Play, encode_cursor, key_events
from osu.features.recorder import Recorder, judged_ms, record
from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay, build_replay
from osu.origin import origin
from osu.rules.judge import Judgement, judge
from osu.units import FRAME_MS, grid_ms, to_px

# A fixed time in the header (2026-01-01 UTC in .NET ticks): the same seed gives the same bytes.
TIMESTAMP_TICKS = 639_028_224_000_000_000


@dataclass(frozen=True, eq=False)
class GeneratedPlay:
    """A play of a map, judged once."""

    beatmap: Beatmap  # mods applied
    replay: Replay  # with the judgement in its header
    judgement: Judgement


def chart_to_play(beatmap: Beatmap, seed: int) -> Chart:
    """The chart that a play is drawn on: a game's clock may stand anywhere against the map's."""
    clock_ms = np.random.default_rng((seed, 3)).uniform(0, FRAME_MS * beatmap.rate)
    return chart_of(beatmap, clock_ms)


def judged_play(beatmap: Beatmap, replay: Replay) -> GeneratedPlay:
    """The play with the header that the judge gives its frames."""
    judgement = judge(beatmap, replay)
    return GeneratedPlay(beatmap, judgement.stamp(replay), judgement)


def finish_play(
    beatmap: Beatmap,
    chart: Chart,
    play: np.ndarray,
    spans: list[np.ndarray] | None,
    recorder: np.ndarray,
    model: str,
    seed: int,
) -> GeneratedPlay:
    """A network's play (T, len(Play)) as a judged replay.

    `spans` of map ms in which each key is held, if any, override the play's key channels.
    `recorder` (len(Recorder),) is whose device and game wrote it.
    """
    if spans is None:
        spans = key_events(play, chart.start_ms, chart.rate)
    due_ms = grid_ms(chart.start_ms, len(play), chart.rate)
    path_px = to_px(play[:, : Play.K1].astype(np.float64))
    rng = np.random.default_rng((seed, 2))
    key_ms, uneven = recorder[[Recorder.KEY_MS, Recorder.KEY_UNEVEN]]
    spans = on_key_clock(spans, key_ms * chart.rate, uneven, rng)
    t_ms, xy, keys = record(
        path_px, due_ms, chart.rate, spans, judged_ms(beatmap, spans), recorder, rng
    )
    replay = build_replay(
        beatmap.md5,
        origin(model),
        beatmap.mods,
        t_ms,
        xy,
        keys,
        seed % 2**31,
        TIMESTAMP_TICKS,
    )
    return judged_play(beatmap, replay)


def recorded_cursor(
    cursor: np.ndarray, chart: Chart, recorder: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(T, 2) float32 units: a cursor (T, 2) as it is read from the frames of a recorder."""
    due_ms = grid_ms(chart.start_ms, len(cursor), chart.rate)
    path_px, nothing = to_px(cursor.astype(np.float64)), np.zeros((0, 2))
    t_ms, xy, _ = record(
        path_px, due_ms, chart.rate, [nothing, nothing], np.zeros(0), recorder, rng
    )
    return encode_cursor(t_ms, xy, chart.start_ms, len(cursor), chart.rate)


def draw_recorder(
    recorders: np.ndarray, bank: torch.Tensor, rng: np.random.Generator
) -> np.ndarray:
    """The first of a person's recorders (N, len(Recorder)) that could be fitted; without one that
    of somebody of the bank (M, len(Recorder))."""
    for known in (recorders, rng.permutation(bank.cpu().numpy())):
        fitted = known[np.isfinite(known[:, Recorder.UPDATE_MS])]
        if len(fitted):
            return fitted[0].astype(np.float64)
    return np.zeros(len(Recorder))
