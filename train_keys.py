"""Trains the LSTM presser: samples when, how long and with which finger a person presses.

Learns  hints (B, N, HINTS) of N objects, the cursor's distance among them, and the style of a
        play (B, S) -> a press per object: offset and release in ms, finger
        (osu/features/presses.py)
Run     uv run train_keys.py --data DIR                     3,500 steps, 2 minutes on one H100
CPU     uv run train_keys.py                           the small form: three minutes, the sample
Expect  on the test split: 98 % of circles and slider heads with exactly one press (people: 93 %),
        offsets spread 15.3 ms (15.1) with a lag-1 autocorrelation of .34 (.33), holds of 85 ms (87)

Likelihood of classes (4 ms of offset, 8 ms of release), one object after the other: errors of
people are correlated and heavy-tailed, so the last outcomes are inputs and no shape of the
distribution is assumed. What stays the same through a play is a style, drawn whole from a real one.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from osu import distributed
from osu.data.dataset import PlaySet, bank_of, open_plays
from osu.features.chart import ObjectColumn
from osu.features.play import Play, coverage
from osu.features.presses import (
    OFFSET_BINS,
    PressField,
    events_of,
    from_bins,
    played_objects,
    press_features_of,
    spans_of,
    to_bins,
    to_map_ms,
    to_real_ms,
)
from osu.features.style import Style, demand_of, style_of
from osu.nets import checkpoint
from osu.nets.lstm import KeyLSTM
from osu.training.options import launch, option
from osu.training.run import Run
from osu.training.schedule import cosine_rate, set_rate, step_seed
from osu.training.style_statistics import mean_and_std
from osu.training.watch import Passage

HELD_OUT_WINDOWS, HELD_OUT_OBJECTS = 64, 192


@dataclass(frozen=True)
class Args:
    data: str = option("data/sample", "folders with replays and maps, by commas")
    cache: str = option("cache", "folder of the prepared plays; used as it is where --data is ''")
    out: str = option("runs/keys", "folder of this run")
    init: str = option("", "folder of a model whose weights training starts from")
    seed: int = option(0, "of weights, windows and split")
    steps: int = option(3500, "optimizer steps", small=20000)
    minutes: float = option(0.0, "stop after this time instead, where above 0", small=3.0)
    batch: int = option(64, "windows a step", small=16)
    length: int = option(192, "objects a window", small=96)
    learning_rate: float = option(1e-3, "peak of the cosine")
    hidden: int = option(256, "LSTM units", small=96)
    reload_every: int = option(1000, "steps between reloads of a set that exceeds memory")
    style_noise: float = option(0.15, "standard deviations of noise on a training play's style")
    eval_every: int = option(1000, "steps between evaluations", small=250)
    eval_plays: int = option(60, "plays of the validation split that are evaluated")
    pictures: bool = option(True, "draw what it plays of a held-out map, once a minute")
    resume: bool = option(False, "go on from --out/last.pt")
    full: bool = option(False, "the full form, where there is no GPU too")
    device: str = option("auto", "auto, cpu or cuda")


# --- Data ---------------------------------------------------------------------------------------


class Sequences:
    """Objects of every usable play of a split: hints (M, HINTS) and classes (M, 3), end to end."""

    def __init__(
        self, plays: PlaySet, split: str, device: torch.device, rank: int = 0, world_size: int = 1
    ) -> None:
        self.rank, self.world_size = rank, world_size
        hints, bins, styles, loads, self.counts, self.index = [], [], [], [], [], []
        for i in plays.where(split):
            chart = plays.chart(i)
            spans = to_real_ms(plays.presses[i], chart)
            events, _ = events_of(chart, spans)
            played = played_objects(chart, plays.plays[i].frames)
            style = plays.style(i)
            if played < 16 or np.isnan(style).all():
                continue
            hints.append(press_features_of(chart, plays.cursor(i))[:played])
            bins.append(to_bins(events[:played]))
            styles.append(style)
            loads.append(demand_of(chart))
            self.counts.append(played)
            self.index.append(i)
        self.at = np.cumsum(self.counts) - self.counts
        self.hints = torch.from_numpy(np.concatenate(hints)).to(device)
        self.bins = torch.from_numpy(np.concatenate(bins)).to(device)
        self.styles = torch.from_numpy(np.stack(styles)).to(device)
        self.loads = torch.from_numpy(np.stack(loads)).to(device)
        owners = [plays.plays[i].player for i in self.index]
        totals = {owner: sum(np.equal(owners, owner)) for owner in set(owners)}
        share = np.array(self.counts) / np.sqrt([totals[owner] for owner in owners])
        self.share = share / share.sum()

    def draw(self, batch: int, length: int, seed: tuple[int, ...]):
        """This process's rows of a batch, which `seed` determines however many share it: hints
        (B, N, PRESS_FEATURES), style (B, S), bins (B, N, 3), mask (B, N)."""
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self.counts), batch, p=self.share)
        counts = np.array(self.counts)[chosen]
        start = rng.integers(0, np.maximum(counts - length, 0) + 1)
        own = distributed.own_rows(batch, self.rank, self.world_size)
        chosen, counts, start = chosen[own], counts[own], start[own]
        row = start[:, None] + np.arange(length)
        mask = row < counts[:, None]
        row = self.at[chosen][:, None] + np.minimum(row, counts[:, None] - 1)
        row = torch.from_numpy(row).to(self.hints.device)
        mask = torch.from_numpy(mask).float().to(self.hints.device)
        return self.hints[row], self.styles[chosen], self.bins[row], mask


# --- Loss ---------------------------------------------------------------------------------------


def press_loss(model: torch.nn.Module, hints, style, bins, mask) -> dict[str, torch.Tensor]:
    """Negative log-likelihood of the real events in nats an object: offset, finger, release.

    Finger and release count only where there was a press.
    """
    offset, other, release = model(hints, style, bins)
    pressed = mask * (bins[..., PressField.OFFSET_MS] < OFFSET_BINS)
    finger = bins[..., PressField.FINGER]
    changed = torch.cat([finger[:, :1], finger[:, 1:] ^ finger[:, :-1]], 1).float()

    def mean(loss: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return (loss * weight).sum() / weight.sum().clamp(min=1)

    return {
        "offset": mean(
            F.cross_entropy(offset.mT, bins[..., PressField.OFFSET_MS], reduction="none"), mask
        ),
        "finger": mean(
            F.binary_cross_entropy_with_logits(other, changed, reduction="none"), pressed
        ),
        "release": mean(
            F.cross_entropy(release.mT, bins[..., PressField.RELEASE_MS], reduction="none"), pressed
        ),
    }


# --- Evaluation ---------------------------------------------------------------------------------


def sample_presses(
    model: KeyLSTM,
    plays: PlaySet,
    index: list[int],
    styles: np.ndarray,
    generator: torch.Generator,
    rng: np.random.Generator,
) -> list[list[np.ndarray]]:
    """Of each play its sampled presses, (P, 2) real ms a key, for the human's own cursor."""
    device = next(model.parameters()).device
    hints = [torch.from_numpy(press_features_of(plays.chart(i), plays.cursor(i))) for i in index]
    padded = torch.nn.utils.rnn.pad_sequence(hints, batch_first=True).to(device)
    drawn = model.sample(padded, torch.from_numpy(styles).to(device), generator).cpu().numpy()
    return [
        spans_of(plays.chart(i), from_bins(bins[: len(hint)], rng))
        for i, bins, hint in zip(index, drawn, hints, strict=True)
    ]


@torch.no_grad()
def held_out_loss(model: KeyLSTM, unseen: Sequences) -> dict[str, float]:
    """The losses on the same windows of the validation split each time."""
    model.eval()
    losses = press_loss(model, *unseen.draw(HELD_OUT_WINDOWS, HELD_OUT_OBJECTS, (0,)))
    model.train()
    return {f"val_{name}": loss.item() for name, loss in losses.items()}


def press_passage(
    model: KeyLSTM, plays: PlaySet, passage: Passage, noise: torch.Generator
) -> torch.Tensor:
    """(2, T, len(Play)): the passage with the person's own cursor, pressed twice."""
    chart, index = passage.chart, [passage.index] * len(passage.condition)
    styles = np.stack([plays.style(passage.index)] * len(index))
    sampled = sample_presses(model, plays, index, styles, noise, np.random.default_rng(0))
    played = np.stack([passage.human] * len(index))
    own = slice(passage.start, passage.start + played.shape[1])
    for play, spans in zip(played, sampled, strict=True):
        for key, span in zip((Play.K1, Play.K2), to_map_ms(spans, chart), strict=True):
            held = coverage(span, chart.start_ms, own.stop, chart.rate)
            play[:, key] = held[own]
    return torch.from_numpy(played)


def evaluate(model: KeyLSTM, plays: PlaySet, index: list[int], seed: int) -> dict[str, float]:
    """Sampled presses against the humans' own on the same maps and cursors, mean over plays
    (hold and spread: median). one, many: share of circles and slider heads with exactly one
    press, and more; hold ms; spread: standard deviation of the offsets, ms (a tenth of the
    unstable rate), of humans with its 5th and 95th percentile; lag1: their lag-1 autocorrelation;
    alternation at gaps under 180 ms."""
    model.eval()
    names = ("one", "many", "hold", "spread", "lag1", "alternation")
    found = {kind: {name: [] for name in names} for kind in ("human", "generated")}

    def measure(kind: str, i: int, spans: list[np.ndarray]) -> None:
        play = plays.plays[i]
        chart = plays.charts[play.chart]
        played = played_objects(chart, play.frames)
        events, counts = events_of(chart, spans)
        aimed = chart.objects[:played, ObjectColumn.SPINNER] == 0
        style = style_of(chart, events[:played], plays.cursor(i), play.accuracy, 0.0)
        offset = events[:played, PressField.OFFSET_MS][aimed]
        offset = offset[np.isfinite(offset)] - np.nanmean(offset)
        values = (
            (counts[:played][aimed] == 1).mean(),
            (counts[:played][aimed] > 1).mean(),
            np.exp(style[Style.HOLD]),
            offset.std(),
            (offset[1:] * offset[:-1]).mean() / offset.var(),
            style[Style.ALTERNATION],
        )
        for name, value in zip(names, values, strict=True):
            found[kind][name].append(value)

    styles = {i: plays.style(i) for i in index}
    usable = [i for i in index if not np.isnan(styles[i]).any()]
    noise = torch.Generator(next(model.parameters()).device).manual_seed(seed)
    rng = np.random.default_rng(seed)
    known = np.stack([styles[i] for i in usable])
    sampled = sample_presses(model, plays, usable, known, noise, rng)
    for i, spans in zip(usable, sampled, strict=True):
        measure("human", i, to_real_ms(plays.presses[i], plays.chart(i)))
        measure("generated", i, spans)
    model.train()
    low, high = np.percentile(found["human"]["spread"], [5, 95])
    return {"human_spread_p5": float(low), "human_spread_p95": float(high)} | {
        f"{kind}_{name}": float((np.median if name in ("hold", "spread") else np.mean)(values))
        for kind, of in found.items()
        for name, values in of.items()
    }


def main(args: Args) -> dict[str, float]:
    # --- Setup ---
    run = Run(args)
    device = run.device

    # --- Data ---
    plays = open_plays(args.data, args.cache, args.seed)
    sequences = Sequences(plays, "train", device, run.rank, run.world_size)
    unseen = Sequences(plays, "val", device)
    checked = [int(i) for i in plays.where("val")[: args.eval_plays]]

    # --- Model and optimizer ---
    kept = bank_of(np.arange(len(sequences.index)))
    config = KeyLSTM.Config(hidden=args.hidden, bank_rows=len(kept))
    model = KeyLSTM(config).to(device)
    mean, std = mean_and_std(sequences.styles)
    model.style_mean.copy_(mean)
    model.style_std.copy_(std)
    model.bank_style.copy_(sequences.styles[kept])
    model.bank_load.copy_(sequences.loads[kept])
    recorders = [plays.plays[sequences.index[row]].recorder for row in kept]
    model.bank_recorder.copy_(torch.tensor(recorders))
    if args.init:
        checkpoint.init_from(args.init, model)
    trained = distributed.wrap(model, device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=0.05)

    # --- Resume ---
    parts = {"model": model, "optimizer": optimizer}
    steps, metrics = run.begin(parts)
    run.watch_plays(plays, lambda passage, noise: press_passage(model, plays, passage, noise))

    # --- Loop ---
    rotation = 0
    for step, done in steps:
        # Once in a while, of a set that is too large to hold: other plays.
        if not plays.in_memory and step // args.reload_every != rotation:
            rotation = step // args.reload_every
            sequences = Sequences(
                plays.rotated(rotation), "train", device, run.rank, run.world_size
            )

        # Next batch, with a little noise on the styles.
        torch.manual_seed(step_seed(args.seed, step, run.rank))
        hints, style, bins, mask = sequences.draw(args.batch, args.length, (args.seed, step, 0))
        style = style + args.style_noise * model.style_std * torch.randn_like(style)

        # Update: the likelihood of what people pressed, one object after the other.
        set_rate(cosine_rate(step, done, args.learning_rate, warmup=100), optimizer)
        optimizer.zero_grad(set_to_none=True)
        losses = press_loss(trained, hints, style, bins, mask)
        loss = sum(losses.values())
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        run.check_finite(step, losses)

        # Once in a while: log, evaluate, save, draw.
        if step % 50 == 0 or steps.last:
            losses = {name: distributed.mean(value) for name, value in losses.items()}
            run.log(step, **losses, norm=norm)
            steps.show(loss, steps.per_second(args.batch * args.length))
        if ((step + 1) % args.eval_every == 0 or steps.last) and run.first:
            metrics = evaluate(model, plays, checked, args.seed) | held_out_loss(model, unseen)
            run.save(step, metrics, parts)
        run.picture(step, parts)

    # --- Done ---
    tested = [int(i) for i in plays.where("test")]
    test = evaluate(model, plays, tested, args.seed) if run.first else {}
    about = "LSTM, presses as events"
    run.finish(model, plays, metrics, steps.number, kind="keys", about=about, test=test)
    return metrics


if __name__ == "__main__":
    launch(main, Args)
