"""Trains the LSTM cursor player: accurate, deterministic, the reference every other model beats.

Learns  condition (B, T, F), what a player sees at 60 Hz -> cursor (B, T, 2) in units of 256 px
Run     uv run train_rnn.py --data DIR                      3,500 steps, 6 minutes on one H100
CPU     uv run train_rnn.py                              the small form: five minutes, the sample
Expect  on the test split: cursor inside 100.0 % of the circles and slider heads at their time, .09
        radii from them; 17 px from the person, by the median

Bidirectional LSTM under a Smooth-L1 loss, so it answers with the mean of all humans: no variety,
no tremor. Beside it stands one term of the game itself: at an object's time the cursor should be
well inside it, which the mean of many humans need not be.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from osu import distributed
from osu.data.dataset import Batch, PlaySet, open_plays
from osu.features.chart import MapConstants, ObjectColumn
from osu.features.condition import Condition
from osu.features.play import Play
from osu.nets import checkpoint
from osu.nets.lstm import CursorLSTM
from osu.training.options import launch, option
from osu.training.run import Run
from osu.training.schedule import cosine_rate, set_rate
from osu.units import FRAME_MS, UNIT_PX


@dataclass(frozen=True)
class Args:
    data: str = option("data/sample", "folders with replays and maps, by commas")
    cache: str = option("cache", "folder of the prepared plays; used as it is where --data is ''")
    out: str = option("runs/rnn", "folder of this run")
    init: str = option("", "folder of a model whose weights training starts from")
    seed: int = option(0, "of weights, windows and split")
    steps: int = option(3500, "optimizer steps", small=20000)
    minutes: float = option(0.0, "stop after this time instead, where above 0", small=5.0)
    batch: int = option(64, "windows a step", small=16)
    length: int = option(512, "frames a window, 60 a second", small=256)
    learning_rate: float = option(1e-3, "peak of the cosine")
    aim: float = option(1.0, "weight of being inside an object at its time")
    hidden: int = option(256, "LSTM units per direction", small=96)
    eval_every: int = option(1000, "steps between evaluations", small=250)
    eval_plays: int = option(32, "plays of the validation split that are evaluated")
    pictures: bool = option(True, "draw what it plays of a held-out map, once a minute")
    resume: bool = option(False, "go on from --out/last.pt")
    full: bool = option(False, "the full form, where there is no GPU too")
    device: str = option("auto", "auto, cpu or cuda")


# --- Loss ---------------------------------------------------------------------------------------


def imitation_loss(cursor: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Smooth-L1 in radii-like units (16 px), mean over the frames that the play has."""
    real = batch.play[..., [Play.X, Play.Y]]
    error = F.smooth_l1_loss(cursor * 16, real * 16, reduction="none").mean(-1)
    return (error * batch.mask).sum() / batch.mask.sum()


def aim_loss(cursor: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
    """How far, in radii, the cursor is out of the middle half of an object at its start.

    The frames on either side of a start are those where the current object starts within a frame.
    """
    c = Condition
    near = condition[..., c["OBJECT+0_START_NEAR"]].abs() < np.tanh(FRAME_MS / 1000 / 0.04)
    near &= (condition[..., c["OBJECT+0_EXISTS"]] > 0) & (
        condition[..., c["OBJECT+0_SPINNER"]] == 0
    )
    target = condition[..., [c["OBJECT+0_X"], c["OBJECT+0_Y"]]]
    radii = (cursor - target).norm(dim=-1) / condition[..., c.MAP_RADIUS]
    return (F.relu(radii - 0.4) * near).sum() / near.sum().clamp(min=1)


# --- Evaluation ---------------------------------------------------------------------------------


@torch.no_grad()
def evaluate(model: CursorLSTM, plays: PlaySet, index: np.ndarray) -> dict[str, float]:
    """error_px: median distance to the human; inside: share of circles and slider heads at whose
    start the cursor is inside; aim_radii: median distance from them, over whole maps."""
    model.eval()
    errors, radii = [], []
    for i in index:
        play = plays.plays[i]
        chart = plays.charts[play.chart]
        batch = plays.window([i], [0], play.frames)
        cursor = model(batch.condition)[0]
        errors.append((cursor - batch.play[0, :, : Play.K1]).norm(dim=-1).cpu() * UNIT_PX)
        objects = chart.objects[chart.objects[:, ObjectColumn.SPINNER] == 0]
        at = objects[:, ObjectColumn.START_S] * 1000 / FRAME_MS
        objects, at = objects[at < play.frames - 1], at[at < play.frames - 1]
        path = cursor.cpu().numpy()
        there = np.stack(
            [np.interp(at, np.arange(len(path)), path[:, axis]) for axis in (0, 1)], -1
        )
        radii.append(
            np.linalg.norm(there - objects[:, : ObjectColumn.END_X], axis=-1)
            / chart.constants[MapConstants.RADIUS]
        )
    model.train()
    distance = np.concatenate(radii)
    return {
        "error_px": torch.cat(errors).median().item(),
        "inside": float((distance < 1).mean()),
        "aim_radii": float(np.median(distance)),
    }


def main(args: Args) -> dict[str, float]:
    # --- Setup ---
    run = Run(args)
    device = run.device

    # --- Data ---
    plays = open_plays(args.data, args.cache, args.seed).to(device)
    sampler = plays.sampler("train", run.rank, run.world_size)
    checked = plays.where("val")[: args.eval_plays]

    # --- Model and optimizer ---
    model = CursorLSTM(CursorLSTM.Config(hidden=args.hidden)).to(device)
    if args.init:
        checkpoint.init_from(args.init, model)
    trained = distributed.wrap(model, device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=0.01)

    # --- Resume ---
    parts = {"model": model, "optimizer": optimizer}
    steps, metrics = run.begin(parts)
    run.watch_plays(plays, lambda passage, noise: model.play(passage.condition, noise))

    # --- Loop ---
    for step, done in steps:
        # Next batch: a function of (seed, step), of which each process has its own rows.
        batch = sampler.draw(args.batch, args.length, (args.seed, step))

        # Update: go where people go, and be at objects at their time.
        set_rate(cosine_rate(step, done, args.learning_rate, warmup=100), optimizer)
        optimizer.zero_grad(set_to_none=True)
        cursor = trained(batch.condition)
        imitation, aim = imitation_loss(cursor, batch), aim_loss(cursor, batch.condition)
        loss = imitation + args.aim * aim
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        run.check_finite(step, {"imitation": imitation, "aim": aim})

        # Once in a while: log, evaluate, save, draw.
        if step % 50 == 0 or steps.last:
            imitation, aim = distributed.mean(imitation), distributed.mean(aim)
            run.log(step, imitation=imitation, aim=aim, norm=norm)
            steps.show(loss, steps.per_second(args.batch * args.length))
        if ((step + 1) % args.eval_every == 0 or steps.last) and run.first:
            metrics = evaluate(model, plays, checked)
            run.save(step, metrics, parts)
        run.picture(step, parts)

    # --- Done ---
    test = evaluate(model, plays, plays.where("test")) if run.first else {}
    about = "LSTM, the mean of humans"
    run.finish(model, plays, metrics, steps.number, kind="cursor", about=about, test=test)
    return metrics


if __name__ == "__main__":
    launch(main, Args)
