"""The ladder: people's own plays, noised to a level of the sampler and denoised from there.

What is coarser than the noise stays the person's, so the rung at which plays begin to be told is
the level at which the model, its sampler or its recorder is wrong. A rung without denoising is the
control: people's plays through the recorder alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from osu.classifiers.inputs import Level, Part
from osu.classifiers.plays import Source
from osu.classifiers.protocol import Protocol, classify
from osu.classifiers.scores import EvidenceScores
from osu.features.chart import chart_of
from osu.features.play import Play, encode_play, key_spans, played_frames
from osu.features.recorder import clock_of, fit_recorder, judged_ms, record
from osu.formats.beatmap import Beatmap
from osu.formats.replay import Replay, build_replay, clean_frames
from osu.likeness.contestants import seed_of
from osu.likeness.human_plays import HumanPlay
from osu.nets.checkpoint import load_model
from osu.players.diffusion import Sampling, sample_as
from osu.players.engine import MODELS
from osu.players.generated import TIMESTAMP_TICKS, finish_play
from osu.players.person import read_person
from osu.units import UNIT_PX, to_px


@dataclass
class RecordedAgain:
    """A source: the human's own play through the recorder that is fitted to it."""

    seed: int = 0

    def __call__(self, human: HumanPlay, beatmap: Beatmap, own: Replay) -> Iterable[Replay]:
        rng = np.random.default_rng(seed_of(human, 0, self.seed))
        chart = chart_of(beatmap, clock_of(own))
        t_ms, xy, keys = clean_frames(own)
        frames = played_frames(chart, t_ms)
        play = encode_play(t_ms, xy, keys, chart.start_ms, frames, chart.rate)
        path_px = to_px(play[:, : Play.K1].astype(np.float64))
        spans = key_spans(t_ms, keys)
        due_ms = chart.t_ms[:frames]
        frames_of = record(
            path_px, due_ms, chart.rate, spans, judged_ms(beatmap, spans), fit_recorder(own), rng
        )
        yield build_replay(
            own.beatmap_md5, own.player, own.mods, *frames_of,
            seed=0, timestamp_ticks=TIMESTAMP_TICKS,
        )  # fmt: skip


@dataclass
class Rung:
    """A source: the human's own play, noised to a level in units of 256 px and denoised by a model
    from there, as the person, through the person's recorder."""

    model: str
    sigma: float
    sampling: Sampling
    device: str
    seed: int = 0

    def __post_init__(self) -> None:
        self.network = None

    def __call__(self, human: HumanPlay, beatmap: Beatmap, own: Replay) -> Iterable[Replay]:
        if self.network is None:
            self.network = load_model(MODELS / self.model).to(torch.device(self.device))
        chart = chart_of(beatmap, clock_of(own))
        person = read_person(self.network, own, beatmap)
        t_ms, xy, keys = clean_frames(own)
        begin = encode_play(t_ms, xy, keys, chart.start_ms, chart.frames, chart.rate)
        seed = seed_of(human, 0, self.seed)
        play = sample_as(
            self.network, chart, person, seed, self.sampling, begin=begin, highest=self.sigma
        )
        play = play[: played_frames(chart, t_ms)]
        yield finish_play(beatmap, chart, play, None, person.recorder, self.model, seed).replay

    def __getstate__(self) -> dict:
        return self.__dict__ | {"network": None}  # each process loads its own


LADDER = (0.0006, 0.002, 0.006, 0.02, 0.1, 0.5)  # levels of the rungs, units of 256 px


def ladder(
    humans: list[HumanPlay], model: str, protocol: Protocol, seed: int, device: str, processes: int
) -> Iterator[tuple[str, EvidenceScores]]:
    """The rungs, each as it is done: its name and how well it is told as recorded."""
    rungs: dict[str, Source] = {"the recorder alone": RecordedAgain(seed=seed)}
    for sigma in LADDER:
        rungs[f"{sigma * UNIT_PX:.2g} px"] = Rung(model, sigma, Sampling(), device, seed)
    for name, source in rungs.items():
        report = classify(
            humans, lambda draws, source=source: source, protocol,
            levels=(Level.RECORDED,), seed=seed, device=device, processes=processes,
        )  # fmt: skip
        yield name, report.evidence[Level.RECORDED, Part.BOTH]
