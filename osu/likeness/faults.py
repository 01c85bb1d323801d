"""Faults put into human plays, one at a time: what whoever tells plays apart must notice.

Each takes a replay, how much of the fault, and whatever else it needs; the rest of the file stays
as the game wrote it.
"""

import dataclasses

import numpy as np
from scipy.ndimage import gaussian_filter1d

from osu.features.play import key_spans
from osu.features.presses import match_presses
from osu.formats.beatmap import Beatmap, Kind
from osu.formats.replay import Replay, build_replay, clean_frames, without_lead_in
from osu.units import resample

NEAREST_MS = 100.0  # real ms from an object's start to a press that may be its
AIMED_MS = 100.0  # real ms to each side of an object's start in which the cursor is pulled
APART_MS = 4.0  # of a hold, and between two of one key


def shifted(replay: Replay, real_ms: float) -> Replay:
    """The replay with everything later by `real_ms`."""
    delta_ms = replay.delta_ms.copy()
    first = len(delta_ms) - len(without_lead_in(replay)[0])
    delta_ms[first] += round(real_ms * replay.rate)
    return dataclasses.replace(replay, delta_ms=delta_ms)


def jittered(replay: Replay, px: float, seed: int) -> Replay:
    """The replay with white noise of `px` standard deviation on both axes of every frame."""
    xy = _positions(replay)
    return _moved(replay, xy + np.random.default_rng(seed).normal(0, px, xy.shape))


def smoothed(replay: Replay, frames: float) -> Replay:
    """The replay with its positions smoothed by a Gaussian of a standard deviation of `frames`."""
    return _moved(replay, gaussian_filter1d(_positions(replay), frames, axis=0, mode="nearest"))


def snapped(replay: Replay, px: float) -> Replay:
    """The replay with its positions on a lattice of `px`."""
    return _moved(replay, np.round(_positions(replay) / px) * px)


def lagging(replay: Replay, real_ms: float) -> Replay:
    """The replay with its cursor, but not its keys, later by `real_ms`."""
    t_ms = np.maximum.accumulate(without_lead_in(replay)[0]).astype(np.float64)
    late_ms = t_ms - real_ms * replay.rate
    at_once = np.diff(t_ms, append=np.inf) > 0
    return _moved(replay, resample(late_ms, t_ms[at_once], _positions(replay)[at_once]))


def aimed(replay: Replay, beatmap: Beatmap, share: float) -> Replay:
    """The replay with its cursor pulled towards each object's middle around its start, there by
    `share` of the way."""
    t_ms = without_lead_in(replay)[0].astype(np.float64)
    xy = _positions(replay)
    reach_ms = AIMED_MS * replay.rate
    for start_ms, middle, kind in zip(beatmap.start_ms, beatmap.xy, beatmap.kind, strict=True):
        if kind != Kind.SPINNER:
            first, last = np.searchsorted(t_ms, [start_ms - reach_ms, start_ms + reach_ms])
            near = (t_ms[first:last] - start_ms) / reach_ms
            pull = share * np.cos(np.pi / 2 * near[:, None]) ** 2
            xy[first:last] += pull * (middle - xy[first:last])
    return _moved(replay, xy)


def resampled(replay: Replay, real_ms: float) -> Replay:
    """The replay at another cadence: a frame every `real_ms` and at every key change."""
    t_ms, xy, keys = clean_frames(replay)
    grid = np.arange(t_ms[0], t_ms[-1], real_ms * replay.rate)
    at = np.union1d(grid, t_ms[np.flatnonzero(np.diff(keys)) + 1])
    keys = keys[np.searchsorted(t_ms, at, "right") - 1]
    return _built(replay, at, resample(at, t_ms, xy), keys)


def timed(replay: Replay, beatmap: Beatmap, share: float) -> Replay:
    """The replay with its presses nearer to the objects' starts by `share` of their errors; holds
    stay as long. A share of 0 leaves the presses where they are."""
    return _with_errors(replay, beatmap, lambda errors_ms: (1 - share) * errors_ms)


def independent(replay: Replay, beatmap: Beatmap, share: float, seed: int) -> Replay:
    """The replay with `share` of the presses' timing errors exchanged among them, so that none
    follows from the one before."""

    def exchanged(errors_ms: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(seed)
        some = np.flatnonzero(rng.random(len(errors_ms)) < share)
        errors_ms = errors_ms.copy()
        errors_ms[some] = errors_ms[rng.permutation(some)]
        return errors_ms

    return _with_errors(replay, beatmap, exchanged)


def _positions(replay: Replay) -> np.ndarray:
    """(F', 2) of the frames behind the lead-in."""
    return without_lead_in(replay)[1].astype(np.float64)


def _moved(replay: Replay, xy: np.ndarray) -> Replay:
    """The replay with other positions (F', 2) behind the lead-in."""
    whole = replay.xy.copy()
    whole[len(whole) - len(xy) :] = xy
    return dataclasses.replace(replay, xy=whole)


def _built(replay: Replay, t_ms: np.ndarray, xy: np.ndarray, keys: np.ndarray) -> Replay:
    built = build_replay(
        replay.beatmap_md5, replay.player, replay.mods, t_ms, xy, keys,
        seed=0, timestamp_ticks=replay.timestamp_ticks,
    )  # fmt: skip
    return dataclasses.replace(built, version=replay.version)


def _with_errors(replay: Replay, beatmap: Beatmap, changed) -> Replay:
    """The replay with other timing errors: `changed` makes of those of the objects' presses (N,)
    map ms others. Keys change in frames of their own, on the way of the cursor."""
    t_ms, xy, keys = clean_frames(replay)
    spans = key_spans(t_ms, keys)
    key = np.repeat([0, 1], [len(of_key) for of_key in spans])
    every = np.concatenate(spans)
    order = np.argsort(every[:, 0], kind="stable")
    key, every = key[order], every[order]
    starts_ms = beatmap.start_ms[beatmap.kind != Kind.SPINNER]
    owner = match_presses(starts_ms, every[:, 0], NEAREST_MS * replay.rate)
    meant = owner >= 0
    errors_ms = every[meant, 0] - starts_ms[owner[meant]]
    moved_ms = np.zeros(len(every))
    moved_ms[meant] = changed(errors_ms) - errors_ms
    spans = [_apart(every[key == k] + moved_ms[key == k, None]) for k in (0, 1)]
    edges = np.clip(np.unique(np.concatenate([s.ravel() for s in spans])), t_ms[0], t_ms[-1])
    at = np.union1d(t_ms, edges)
    held = [np.searchsorted(s.ravel(), at, "right") % 2 for s in spans]
    return _built(replay, at, resample(at, t_ms, xy), held[0] | held[1] << 1)


def _apart(spans: np.ndarray) -> np.ndarray:
    """Spans (P, 2) of one key in order, each ending before the next begins."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    for i in range(len(spans) - 1):
        spans[i, 1] = min(spans[i, 1], spans[i + 1, 0] - APART_MS)
        spans[i, 1] = max(spans[i, 1], spans[i, 0] + APART_MS)
        spans[i + 1, 0] = max(spans[i + 1, 0], spans[i, 1] + APART_MS)
    return spans
