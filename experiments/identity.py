"""Is a play made `--like` a person taken for that person's?

    uv run -m experiments.identity --data DIR [--most 3]

A classifier learns to name the players of real replays: a softmax over what osu.likeness.measures
and osu.features.presses find in a play. Songs are cut into two halves; the classifier learns from
one half and names the plays of the other: the person's own, plays made like that person (from at
most --likes replays of the first half, on their shortest maps of the other half), and plays made
without `--like`. Some ten seconds a play on two cores, 60 times --most plays in each half.
"""

import argparse
from collections import defaultdict

import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

from osu.devices import pick_device
from osu.features.play import Play, key_spans
from osu.features.presses import events_of, played_objects, to_real_ms
from osu.features.style import screen_grid_px, style_of
from osu.formats.replay import clean_frames
from osu.likeness.human_plays import HumanPlay, read_humans
from osu.likeness.measures import QUANTITIES, Measured, measure
from osu.players.engine import DEFAULT, load_player
from osu.players.options import LikedPlay, PlayOptions

LEAST = 4  # plays of a player who is to be known
MOST_KNOWN = 40  # plays of one player that are learned from


def describe(played: Measured) -> np.ndarray:
    """What is known of a play's person, nan where it shows nothing."""
    t_ms, _, keys = clean_frames(played.replay)
    spans = to_real_ms(key_spans(t_ms, keys), played.chart)
    events, _ = events_of(played.chart, spans)
    events = events[: played_objects(played.chart, len(played.play))]
    screen = screen_grid_px(played.replay.xy)
    style = style_of(
        played.chart, events, played.play[:, : Play.K1], played.replay.accuracy, screen
    )
    return np.concatenate([[played.numbers[name] for name in QUANTITIES], style, [screen > 0]])


def fit(x: np.ndarray, y: np.ndarray, classes: int):
    """A softmax regression on standardised numbers, players weighing alike."""
    centre, scale = np.nanmean(x, 0), np.nanstd(x, 0) + 1e-6

    def ready(rows: np.ndarray) -> torch.Tensor:
        known = np.clip((rows - centre) / scale, -4, 4)
        both = np.concatenate([np.nan_to_num(known), np.isnan(known)], 1)
        return torch.from_numpy(both.astype(np.float32))

    inputs, labels = ready(x), torch.from_numpy(y)
    weight = 1 / torch.bincount(labels, minlength=classes).clamp(min=1).sqrt()
    torch.manual_seed(0)
    net = torch.nn.Linear(inputs.shape[1], classes)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.02, weight_decay=0.3)
    for _ in range(400):
        loss = F.cross_entropy(net(inputs), labels, weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return lambda rows: net(ready(np.atleast_2d(rows))).argmax(-1).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True, metavar="DIR", help="replays and their maps")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--most", type=int, default=3, help="plays of a player that are imitated")
    parser.add_argument("--likes", type=int, default=4, help="replays that are given to --like")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    player = load_player(args.model, str(pick_device(args.device)))

    of_player: dict[str, list[HumanPlay]] = defaultdict(list)
    for human in read_humans(args.data)[0]:
        of_player[human.player].append(human)
    songs = sorted({h.song for hs in of_player.values() for h in hs})
    half = dict(zip(songs, np.random.default_rng(0).permutation(len(songs)) % 2, strict=True))
    known = {
        name: plays[:: max(1, len(plays) // MOST_KNOWN)]
        for name, plays in sorted(of_player.items())
        if len(plays) >= LEAST and len({half[h.song] for h in plays}) == 2
    }
    rows = [(i, h) for i, plays in enumerate(known.values()) for h in plays]
    plays = [measure(*h.load()) for _, h in tqdm(rows, desc="measuring people")]
    x = np.stack([describe(play) for play in plays])
    frames = {id(h): play.chart.frames for (_, h), play in zip(rows, plays, strict=True)}
    y, side = np.array([i for i, _ in rows]), np.array([half[h.song] for _, h in rows])

    hits: dict[str, list[list[bool]]] = defaultdict(lambda: [[] for _ in known])
    for fold in (0, 1):
        name_of = fit(x[side != fold], y[side != fold], len(known))
        for i, right in zip(
            y[side == fold], name_of(x[side == fold]) == y[side == fold], strict=True
        ):
            hits["own plays"][i].append(right)
        jobs = []
        for i, plays in enumerate(known.values()):
            there = sorted((h for h in plays if half[h.song] == fold), key=lambda h: frames[id(h)])
            jobs += [(i, h) for h in there[: args.most]]
        for i, human in tqdm(jobs, desc=f"playing, half {fold + 1}"):
            beatmap = human.load()[0]
            likes = [h.load() for h in list(known.values())[i] if half[h.song] != fold]
            likes = likes[: args.likes]
            like = PlayOptions(like=tuple(LikedPlay(replay, b) for b, replay in likes))
            for what, options in (("made --like", like), ("made without", PlayOptions())):
                made = describe(measure(beatmap, player.play(beatmap, 1, options)))
                hits[what][i].append(name_of(made)[0] == i)

    print(f"{len(known)} players with {LEAST} plays and more, {len(rows)} real plays")
    print("| share named as the person | all players alike | the three with most plays |")
    print("|---|---|---|")
    large = np.argsort([-len(plays) for plays in known.values()], kind="stable")[:3]
    for what, of in hits.items():
        shares = np.array([np.mean(h) if h else np.nan for h in of])
        print(f"| {what} | {np.nanmean(shares):.3f} | {np.nanmean(shares[large]):.3f} |")
    print(f"by chance {1 / len(known):.3f}; the three: {[list(known)[i] for i in large]}")


if __name__ == "__main__":
    main()
