"""Sampled cursors beside human ones, without keys: the validation of the cursor generators."""

import numpy as np
import torch
from torch import Tensor

from osu.data.dataset import PlaySet
from osu.features.chart import Chart, MapConstants, ObjectColumn
from osu.features.play import Play
from osu.likeness.classifier_inputs import classifier_channels
from osu.likeness.measures import STILL_PX_PER_MS
from osu.likeness.two_sample import Sample, components, two_sample
from osu.nets.cursor_gan import CursorGenerator
from osu.players.generated import recorded_cursor
from osu.units import FRAME_HZ, UNIT_PX, resample

STILL_PX = STILL_PX_PER_MS * 1000 / FRAME_HZ


def measure_cursor(chart: Chart, cursor: np.ndarray) -> dict[str, float]:
    """Of a cursor (T, 2) in units on a track; nan where the track has nothing to measure.

    aim: median distance in radii from circles and slider heads at their start; inside: share of
    them within one radius; ball: median distance in radii from the balls of sliders; speed,
    acceleration: median size in px a frame (^2); still: share of frames below .005 px/ms; peaks:
    of the speed, per s; rpm: median over the inner part of spinners; idle: px a frame where no
    object is near in time.
    """
    frames = len(cursor)
    objects = chart.objects
    radius = chart.constants[MapConstants.RADIUS]
    at = objects[:, ObjectColumn.START_S] * FRAME_HZ
    end = objects[:, ObjectColumn.END_S] * FRAME_HZ
    aimed = (objects[:, ObjectColumn.SPINNER] == 0) & (at < frames - 1)
    at_start = resample(at[aimed], np.arange(frames), cursor)
    distance = np.linalg.norm(at_start - objects[aimed, : ObjectColumn.END_X], axis=1) / radius

    on_ball = chart.ball[:frames, 2] > 0
    from_ball = np.linalg.norm(cursor - chart.ball[:frames, :2], axis=1)[on_ball] / radius

    moved = np.diff(cursor, axis=0) * UNIT_PX
    speed = np.linalg.norm(moved, axis=1)
    acceleration = np.linalg.norm(np.diff(moved, axis=0), axis=1)
    moving = speed > STILL_PX
    peaks = (speed[1:-1] > speed[:-2]) & (speed[1:-1] >= speed[2:]) & moving[1:-1]

    turns = []
    for a, b in zip(at, end, strict=True):
        first, last = int(a) + FRAME_HZ // 3, min(int(b), frames) - 5
        if objects[at == a, ObjectColumn.SPINNER].any() and last - first > FRAME_HZ // 2:
            angle = np.unwrap(np.arctan2(cursor[first:last, 1], cursor[first:last, 0]))
            turns.append(abs(angle[-1] - angle[0]) / (2 * np.pi) / (last - first) * FRAME_HZ * 60)

    frame = np.arange(frames - 1)
    row = np.searchsorted(at, frame)
    until = np.append(at, np.inf)[row] - frame
    since = frame - np.concatenate([[-np.inf], np.maximum.accumulate(end)])[row]
    idle = (until > 1.5 * FRAME_HZ) & (since > FRAME_HZ) & (row > 0)

    def median(values) -> float:
        return float(np.median(values)) if len(values) else float("nan")

    return {
        "aim": median(distance),
        "inside": float((distance < 1).mean()) if len(distance) else float("nan"),
        "ball": median(from_ball),
        "speed": median(speed),
        "acceleration": median(acceleration),
        "still": float((~moving).mean()),
        "peaks": float(peaks.mean() * FRAME_HZ),
        "rpm": median(turns),
        "idle": float(speed[idle].mean()) if idle.any() else float("nan"),
    }


def validate_cursors(
    model: CursorGenerator, plays: PlaySet, index: np.ndarray, seed: int, steps: int = 200
) -> dict[str, float]:
    """Samples the maps of human plays twice, through the recorders of these plays, and
    measures both sides, mean over plays.

    human_*, generated_*: see `measure_cursor`. apart: mean distance in px between the two samples
    of a map (two humans: 32). conv_accuracy, conv_auc and features_...: classifiers trained for
    `steps` steps to tell cursors apart (.5 is the best value), where the plays can be cut into two
    folds of other songs and players.
    """
    model.eval()
    found: dict[str, list[float]] = {}
    seen: tuple[list[Tensor], list[Tensor]] = ([], [])
    groups = []
    for number, i in enumerate(index):
        play = plays.plays[i]
        batch = plays.window(np.array([i]), np.array([0]), play.frames)
        generator = torch.Generator(plays.device).manual_seed(seed * 100_003 + number)
        rng = np.random.default_rng((seed, number))
        recorder, chart = np.array(play.recorder), plays.charts[play.chart]
        first, second = (
            torch.from_numpy(recorded_cursor(cursor[0].cpu().numpy(), chart, recorder, rng)).to(
                plays.device
            )[None]
            for cursor in (model.play(batch.condition, generator) for _ in range(2))
        )
        apart = (first - second).norm(dim=-1).mean().item() * UNIT_PX
        found.setdefault("apart", []).append(apart)
        real = batch.play[..., : Play.K1]
        for kind, cursor, kept in zip(("human", "generated"), (real, first), seen, strict=True):
            for name, value in measure_cursor(chart, cursor[0].cpu().numpy()).items():
                found.setdefault(f"{kind}_{name}", []).append(value)
            without_keys = torch.cat([cursor, torch.zeros_like(cursor)], -1)
            kept.append(classifier_channels(without_keys, batch.condition)[0])
        groups.append((f"song {play.song}", f"player {play.player}"))
    model.train()
    metrics = {name: float(np.nanmean(v)) for name, v in found.items() if np.isfinite(v).any()}
    if steps and len(set(components(groups))) > 1:
        sides = [Sample.of_plays(side) for side in seen]
        result = two_sample(*sides, groups, seed, plays.device, folds=2, steps=steps)
        for name, scores in result.scores(seed).items():
            metrics[f"{name}_accuracy"] = scores.window_accuracy.value
            metrics[f"{name}_auc"] = scores.window_auc.value
    return {name: value for name, value in metrics.items() if np.isfinite(value)}
