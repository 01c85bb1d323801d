"""The classifier two-sample test (Lopez-Paz and Oquab, arXiv 1610.06545) between two sets of plays.

Two classifiers, a small convolutional network on windows of four seconds and an MLP on features of
the same windows, learn to separate generated from human play. Where the two are alike nothing can
be learned and the area under the curve (AUC) on unseen plays is .5.

A pair is one human play and the generated play that stands against it. Pairs are cut into folds
that share neither a song nor a player, each fold is scored by classifiers trained on the others,
and scores are compared within a fold only, so every pair is tested once. Intervals are bootstraps
over pairs, those that share a song or a player taken together: fifty windows of one replay are not
fifty samples, nor are twenty replays of one player. They are widened, since classifiers of
different folds share training pairs (`widened`).

A training run asks it of its own windows, on its own device (B windows of P plays):

    human = Sample.of_windows(classifier_channels(batch.play, batch.condition), pair)  # pair (B,)
    model = Sample.of_windows(classifier_channels(generated, batch.condition), pair)
    groups = [{p.song, p.player} for p in plays]  # P of them
    two_sample(human, model, groups, seed=0, device="cuda").scores()["conv"].window_auc

No file is read for that.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn
from torch.nn import functional as F

from osu.data.library import DataError
from osu.likeness import bootstrap
from osu.likeness.bootstrap import Interval
from osu.likeness.classifier_inputs import Channel, window_features
from osu.units import FRAME_HZ

WINDOW = 4 * FRAME_HZ  # frames
STRIDE = 2 * FRAME_HZ
HALF = 64  # windows a side in a batch
CLASSIFIERS = ("conv", "features")


@dataclass(frozen=True, eq=False)
class Sample:
    """Windows of one side: window i is frames[start[i] : start[i] + WINDOW], of pair pair[i]."""

    frames: Tensor  # (F, len(Channel))
    start: Tensor  # (N,)
    pair: np.ndarray  # (N,)

    @classmethod
    def of_plays(cls, plays: Sequence[Tensor]) -> "Sample":
        """Overlapping windows of whole plays, (T, len(Channel)) each; play p belongs to pair p."""
        start, pair, at = [], [], 0
        for number, play in enumerate(plays):
            starts = at + torch.arange(0, len(play) - WINDOW + 1, STRIDE)
            start.append(starts)
            pair.append(np.full(len(starts), number))
            at += len(play)
        return cls(torch.cat(list(plays)), torch.cat(start), np.concatenate(pair))

    @classmethod
    def of_windows(cls, windows: Tensor, pair: np.ndarray) -> "Sample":
        """Windows as they are, (N, WINDOW, len(Channel))."""
        start = torch.arange(len(windows)) * WINDOW
        return cls(windows.reshape(-1, windows.shape[-1]), start, np.asarray(pair))

    def to(self, device: torch.device) -> "Sample":
        return Sample(self.frames.to(device), self.start.to(device), self.pair)

    def scaled(self, centre: Tensor, scale: Tensor) -> "Sample":
        return Sample((self.frames - centre) / scale, self.start, self.pair)

    def windows(self, index: Tensor) -> Tensor:
        """(n, WINDOW, len(Channel))"""
        at = self.start[index][:, None] + torch.arange(WINDOW, device=self.start.device)
        return self.frames[at]

    def features(self) -> Tensor:
        """(N, features), in pieces that fit into memory."""
        index = torch.arange(len(self.start), device=self.start.device)
        return torch.cat([window_features(self.windows(part)) for part in index.split(512)])


class ConvNet(nn.Module):
    """(B, WINDOW, len(Channel)) -> (B,) logit of being generated."""

    def __init__(self) -> None:
        super().__init__()
        # All layers halve the time axis: a first layer at full rate costs ten times as much on a
        # CPU and separates no better.
        widths = (len(Channel), 48, 64, 96, 96)
        self.layers = nn.ModuleList(
            nn.Conv1d(a, b, size, stride=2, padding=size // 2)
            for a, b, size in zip(widths, widths[1:], (7, 5, 5, 5), strict=False)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for width in widths[1:])
        self.head = nn.Sequential(
            nn.Linear(2 * widths[-1], 64), nn.SiLU(), nn.Dropout(0.3), nn.Linear(64, 1)
        )

    def forward(self, windows: Tensor) -> Tensor:
        x = windows.transpose(1, 2)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = F.silu(norm(layer(x)))
        return self.head(torch.cat([x.mean(-1), x.amax(-1)], -1)).squeeze(-1)


def feature_net(features: int) -> nn.Module:
    """(B, features) -> (B,) logit of being generated."""
    return nn.Sequential(
        nn.Linear(features, 64), nn.SiLU(), nn.Dropout(0.3),
        nn.Linear(64, 64), nn.SiLU(), nn.Dropout(0.3), nn.Linear(64, 1), nn.Flatten(0),
    )  # fmt: skip


@dataclass(frozen=True)
class ClassifierScores:
    """How well a classifier separates generated from human play; .5 is chance."""

    window_accuracy: Interval
    window_auc: Interval
    replay_auc: Interval  # of a replay's mean logit


@dataclass(frozen=True, eq=False)
class TwoSampleResult:
    """Scores of every window by classifiers that met neither its songs nor its players.

    `logits[name]` holds one logit a window, of the human and of the generated side; `pairs` the
    windows' pairs on the two sides; `folds` (P,) the fold of each pair, `connected` (P,) a number
    that pairs share where songs or players connect them.
    """

    logits: dict[str, tuple[np.ndarray, np.ndarray]]
    pairs: tuple[np.ndarray, np.ndarray]
    folds: np.ndarray
    connected: np.ndarray

    def scores(self, seed: int = 0) -> dict[str, ClassifierScores]:
        """Classifier -> its scores, with intervals over pairs."""
        count = len(self.folds)
        weights = bootstrap.draws(count, seed, self.folds, self.connected)
        windows = [np.bincount(pair, minlength=count) for pair in self.pairs]
        played = [np.flatnonzero(number) for number in windows]  # pairs with a window on that side
        folds = self.folds.max() + 1
        scores = {}
        for name, (human, generated) in self.logits.items():
            right = np.bincount(self.pairs[0], human <= 0, count)
            right += np.bincount(self.pairs[1], generated > 0, count)
            means = [
                np.bincount(pair, logits, count)[index] / number[index]
                for pair, logits, number, index in zip(
                    self.pairs, (human, generated), windows, played, strict=True
                )
            ]
            human_pair, generated_pair = self.pairs
            accuracy = (weights @ right) / (weights @ (windows[0] + windows[1]))
            window_auc = bootstrap.grouped_auc(
                human, human_pair, generated, generated_pair, self.folds, weights
            )
            replay_auc = bootstrap.grouped_auc(
                means[0], played[0], means[1], played[1], self.folds, weights
            )
            scores[name] = ClassifierScores(
                *(widened(values, folds) for values in (accuracy, window_auc, replay_auc))
            )
        return scores


def widened(values: np.ndarray, folds: int) -> Interval:
    """The interval of a share's draws (DRAWS + 1,), with the variance that cross-validation adds.

    The bootstrap takes the classifiers as given. With K folds the variance of a cross-validated
    score is 1 + K / (K - 1) times as large (the corrected resampled test of Nadeau and Bengio,
    Machine Learning 52, 2003). Measured with 60 pairs of humans and ten draws of who is called
    generated: standard deviation of the conv net's replay AUC .076, by the bootstrap alone .051,
    widened .081.
    """
    value, low, high = bootstrap.interval(values)
    factor = (1 + folds / (folds - 1)) ** 0.5
    return Interval(
        value,
        max(0.0, value - factor * (value - low)),
        min(1.0, value + factor * (high - value)),
    )


def two_sample(
    human: Sample,
    generated: Sample,
    groups: Sequence[Iterable[str]],
    seed: int,
    device: torch.device | str = "cpu",
    folds: int = 3,
    steps: int = 300,
    progress: Callable[[], None] = lambda: None,
) -> TwoSampleResult:
    """Trains and scores both classifiers on every fold.

    groups (P,): the songs and players of each pair; pairs that share one stand in one fold.
    `progress` is called after each of the `folds` folds. The same seed gives the same numbers on
    the same device. DataError where the pairs cannot be cut into two folds.
    """
    device = torch.device(device)
    connected = components(groups)
    fold_of_pair = folds_of(connected, folds, seed)
    human, generated = human.to(device), generated.to(device)
    features = [side.features() for side in (human, generated)]
    both = torch.cat(features)
    centre, scale = both.mean(0), both.std(0) + 1e-4
    features = [((side - centre) / scale).clamp(-8, 8) for side in features]
    frames = torch.cat([human.frames, generated.frames])
    human, generated = (s.scaled(frames.mean(0), frames.std(0) + 1e-4) for s in (human, generated))
    logits = {
        name: (np.zeros(len(human.pair)), np.zeros(len(generated.pair))) for name in CLASSIFIERS
    }
    # Initial weights and dropout come from torch's own generator: seeded here, given back after.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for fold in range(fold_of_pair.max() + 1):
            torch.manual_seed(seed * 1000 + fold)
            held_out = [fold_of_pair[side.pair] == fold for side in (human, generated)]
            inputs = {
                "conv": (ConvNet(), human.windows, generated.windows, steps),
                "features": (
                    feature_net(both.shape[1]),
                    features[0].__getitem__,
                    features[1].__getitem__,
                    steps,
                ),
            }
            for name, (net, *take, count) in inputs.items():
                train = [torch.from_numpy(np.flatnonzero(~out)).to(device) for out in held_out]
                _fit(net.to(device), take, train, count)
                for take_side, out, scores in zip(take, held_out, logits[name], strict=True):
                    index = torch.from_numpy(np.flatnonzero(out)).to(device)
                    scores[out] = _score(net, take_side, index)
            progress()
    return TwoSampleResult(logits, (human.pair, generated.pair), fold_of_pair, connected)


def components(groups: Sequence[Iterable[str]]) -> np.ndarray:
    """(P,) the number of each pair's connected component: pairs that share a song or a player are
    neighbours. Components are numbered by their first pair."""
    number = {label: k for k, label in enumerate(dict.fromkeys(chain.from_iterable(groups)))}
    pair = [i for i, labels in enumerate(groups) for _ in labels]
    label = [number[label] for labels in groups for label in labels]
    bears = csr_array((np.ones(len(pair)), (pair, label)), shape=(len(groups), len(number)))
    return connected_components(bears @ bears.T, directed=False)[1]


def folds_of(connected: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """(P,) fold of each pair; connected pairs stand in the same fold.

    Components go, the largest first, to the smallest fold. DataError where there is only one.
    """
    size = np.bincount(connected)
    if len(size) < 2:
        raise DataError("the pairs all share songs or players, so no fold can be held out")
    order = np.random.default_rng(seed).permutation(len(size))
    order = order[np.argsort(-size[order], kind="stable")]
    filled = np.zeros(min(folds, len(size)), int)
    fold_of = np.zeros(len(size), int)
    for number in order:
        fold_of[number] = filled.argmin()
        filled[fold_of[number]] += size[number]
    return fold_of[connected]


def _fit(net: nn.Module, take: list[Callable], train: list[Tensor], steps: int) -> None:
    """Trains on batches that are half human, half generated."""
    net.train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    label = torch.cat([torch.zeros(HALF), torch.ones(HALF)]).to(train[0].device)
    for _ in range(steps):
        rows = [index[torch.randint(len(index), (HALF,)).to(index.device)] for index in train]
        windows = torch.cat([side(index) for side, index in zip(take, rows, strict=True)])
        loss = F.binary_cross_entropy_with_logits(net(windows), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    net.eval()


@torch.no_grad()
def _score(net: nn.Module, take: Callable, index: Tensor) -> np.ndarray:
    return torch.cat([net(take(part)) for part in index.split(512)]).double().cpu().numpy()
