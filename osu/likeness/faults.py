"""Faults put into human plays, one at a time: the controls that the likeness report must notice."""

import dataclasses

import numpy as np

from osu.formats.replay import LEAD_IN_XY, Replay, build_replay, clean_frames, without_lead_in
from osu.units import resample


def shifted(replay: Replay, real_ms: float) -> Replay:
    """The replay with everything later by `real_ms`."""
    delta_ms = replay.delta_ms.copy()
    first = len(delta_ms) - len(without_lead_in(replay)[0])
    delta_ms[first] += round(real_ms * replay.rate)
    return dataclasses.replace(replay, delta_ms=delta_ms)


def jittered(replay: Replay, px: float, seed: int) -> Replay:
    """The replay with white noise of `px` standard deviation on both axes of every frame."""
    noise = np.random.default_rng(seed).normal(0, px, replay.xy.shape)
    noise[(replay.xy == LEAD_IN_XY).all(axis=1)] = 0
    return dataclasses.replace(replay, xy=(replay.xy + noise).astype(np.float32))


def resampled(replay: Replay, real_ms: float) -> Replay:
    """The replay at another cadence: a frame every `real_ms` and at every key change."""
    t_ms, xy, keys = clean_frames(replay)
    grid = np.arange(t_ms[0], t_ms[-1], real_ms * replay.rate)
    at = np.union1d(grid, t_ms[np.flatnonzero(np.diff(keys)) + 1])
    keys = keys[np.searchsorted(t_ms, at, "right") - 1]
    xy = resample(at, t_ms, xy)
    built = build_replay(
        replay.beatmap_md5, replay.player, replay.mods, at, xy, keys,
        seed=0, timestamp_ticks=replay.timestamp_ticks,
    )  # fmt: skip
    return dataclasses.replace(built, version=replay.version)
