"""What the sampler's settings do to plays: told from people, misses, breaks, kinematics.

    uv run -m bench.sampler [--cache cache] [--split val] --try "" --try "GUIDANCE=1.4,steps=32"

Each --try is one line of the table: settings by commas, of osu.whole and osu.sampler (in capitals),
and the number of steps. Plays of people of a split (at most --most of one player) stand against
plays by the network of the same maps by the same persons, told by the two-sample test, and measured
alike. Misses are of circles and sliders under the rule that a press can only hit the earliest
object that is still open. Needs no replay and no map, only the cache: it runs where training does.
"""

import argparse
from collections import defaultdict
from types import ModuleType

import numpy as np
import torch
from tqdm import tqdm

from osu import sampler, statistics, whole
from osu.circling import spin_of
from osu.data import PlaySet
from osu.denoiser import Denoiser
from osu.device import as_shown, lateness_ms
from osu.engine import DEFAULT, load_player
from osu.features import (
    Column,
    Play,
    Track,
    World,
    decode_play,
    encode_play,
    key_events,
    track_condition,
)
from osu.field import FRAME_HZ, FRAME_MS, to_px
from osu.measures import HISTOGRAMS, kinematics
from osu.observe import observe
from osu.presses import Style, to_real_ms
from osu.run import pick_device
from osu.tracks import nearest_grid_px
from osu.two_sample import Sample, two_sample

STREAM_MS = 300.0  # objects so near in time: does one press off the object follow another?
REST_S = 1.5  # of a break, to the next object
COLUMNS = (
    *("windows, conv", "features", "replays, conv", "features"),
    *("misses", "presses off, %", "after one that was, %", "offset, ms", "in breaks, px/s"),
)


def presses_at(track: Track, play: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times (P,) real ms and places (P, 2) units of a play's presses."""
    spans = to_real_ms(key_events(play, track.start_ms, track.rate), track)
    at_ms = np.sort(np.concatenate([span[:, 0] for span in spans]))
    frames = np.arange(len(play)) * FRAME_MS
    return at_ms, np.stack([np.interp(at_ms, frames, play[:, axis]) for axis in (0, 1)], -1)


def result(track: Track, play: np.ndarray) -> dict[str, float]:
    """Misses a 100 objects; share of presses off their object, and of those after such a one."""
    objects = track.objects[track.objects[:, Column.SPINNER] == 0]
    start = objects[:, Column.START_S].astype(float) * 1000
    window, radius = 1000 * track.world[World.WINDOW_50_S], track.world[World.RADIUS]
    reached = start < len(play) * FRAME_MS - window
    objects, start = objects[reached], start[reached]
    at_ms, xy = presses_at(track, play)
    hit = np.zeros(len(start), bool)
    first = 0
    for t, place in zip(at_ms, xy, strict=True):
        while first < len(start) and (hit[first] or start[first] + window < t):
            first += 1
        if first < len(start) and abs(t - start[first]) <= window:
            hit[first] = np.linalg.norm(place - objects[first, : Column.END_X]) <= radius
    nearest = np.abs(at_ms[:, None] - start).argmin(0) if len(at_ms) else np.zeros(len(start), int)
    there = np.abs(at_ms[nearest] - start) < window
    off = np.linalg.norm(xy[nearest] - objects[:, : Column.END_X], axis=1) > radius
    follows = there[1:] & there[:-1] & (np.diff(start) < STREAM_MS)
    return {
        "miss": 100 * (~hit).sum(),
        "objects": len(hit),
        "off": (off & there).sum(),
        "pressed": there.sum(),
        "offset ms": np.abs(at_ms[nearest] - start)[there].sum() if len(at_ms) else 0.0,
        "off after off": (off[1:] & off[:-1] & follows).sum(),
        "after off": (off[:-1] & follows).sum(),
    }


def describe(track: Track, play: np.ndarray) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """What is counted of a play, and its kinematics."""
    xy = to_px(play[:, : Play.K1].astype(float))
    at_s = np.arange(len(play)) * FRAME_MS / 1000
    starts, ends = track.objects[:, Column.START_S], track.objects[:, Column.END_S]
    after = np.searchsorted(ends, at_s)
    until = np.append(starts, np.inf)[after] - at_s
    resting = (until > REST_S) & np.isfinite(until) & (after > 0)
    step = np.linalg.norm(np.diff(xy, axis=0), axis=1)[resting[1:]]
    counted = result(track, play) | {"rest px": step.sum(), "rest s": len(step) * FRAME_MS / 1000}
    during = (at_s >= starts[0] - 0.5) & (at_s <= ends.max())
    return counted, kinematics(xy[during], 1000 * at_s[during])[1]


def share(counts: list[dict], part: str, whole_of: str) -> float:
    return sum(c[part] for c in counts) / max(1e-9, sum(c[whole_of] for c in counts))


def row(name: str, counts: list[dict], told: list, w1: list[float]) -> str:
    values = [
        *told,
        share(counts, "miss", "objects"),
        100 * share(counts, "off", "pressed"),
        100 * share(counts, "off after off", "after off"),
        share(counts, "offset ms", "pressed"),
        share(counts, "rest px", "rest s"),
    ]
    return f"| {name} | " + " | ".join(f"{v:.3f}" for v in [*values, *w1]) + " |"


def filed(track: Track, play: np.ndarray, screen_px: float, seed: int) -> np.ndarray:
    """A play as it is read back from its file, as people's are."""
    late_ms = lateness_ms(np.random.default_rng((seed, 2)), len(play)) * track.rate
    t_ms, xy, keys = decode_play(play, track.start_ms, track.rate, None, screen_px, late_ms)
    xy = xy.astype(np.float32).astype(float)
    return encode_play(t_ms, xy, keys, track.start_ms, len(play), track.rate)


def set_all(settings: str) -> int:
    """Sets constants of the two modules; returns the steps."""
    steps = whole.STEPS
    for item in filter(None, settings.split(",")):
        name, value = item.split("=")
        homes: list[ModuleType] = [m for m in (whole, sampler) if hasattr(m, name)]
        if name == "steps":
            steps = int(value)
        elif homes:
            for module in homes:
                setattr(module, name, float(value))
        else:
            raise SystemExit(f"bench.sampler: neither osu.whole nor osu.sampler has {name}")
    return steps


@torch.no_grad()
def person_of(model: Denoiser, track: Track, play: np.ndarray, style: np.ndarray) -> whole.Person:
    device = model.style_mean.device
    condition = track_condition(track, device)[:, : len(play)]
    code = model.encoder(torch.from_numpy(play[None]).to(device), condition, torch.float32)[0]
    return whole.Person(torch.from_numpy(style), code.cpu(), spin_of(track, play[:, : Play.K1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--cache", default="cache", help="prepared plays")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--split", default="val")
    parser.add_argument("--most", type=int, default=4, help="plays of one player")
    parser.add_argument("--seconds", type=float, help="leaves longer plays out")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--try", action="append", dest="tries", metavar="NAME=VALUE,...")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    device = pick_device(args.device)
    player = load_player(args.model, str(device))
    plays = PlaySet(args.cache)
    of_player = defaultdict(list)
    for i in plays.where(args.split):
        of_player[plays.plays[i].player].append(int(i))
    longest = (args.seconds or np.inf) * FRAME_HZ
    index = [i for own in of_player.values() for i in own[: args.most]]
    index = [i for i in index if plays.plays[i].frames <= longest]
    tracks = [plays.tracks[plays.plays[i].track] for i in index]
    human = [plays.window([i], [0], plays.plays[i].frames).play[0].numpy() for i in index]
    groups = [{f"song {plays.plays[i].song}", f"player {plays.plays[i].player}"} for i in index]

    persons = [
        person_of(player.model, track, play, plays.style(i))
        for i, track, play in zip(index, tracks, human, strict=True)
    ]

    def see(played: list[np.ndarray]) -> Sample:
        seen = []
        for track, play in zip(tracks, played, strict=True):
            condition = track_condition(track)[:, : len(play)]
            seen.append(observe(torch.from_numpy(play[None]), condition)[0])
        return Sample.of_plays(seen)

    def mixture(described: list) -> dict[str, np.ndarray]:
        return {k: np.nanmean([h[k] for _, h in described], 0) for k in HISTOGRAMS}

    people = [describe(t, p) for t, p in zip(tracks, human, strict=True)]
    of_people, own = mixture(people), see(human)
    print(f"{len(index)} plays of {len(of_player)} players, {args.split} split; means of ", end="")
    print(f"{args.seeds}; told on windows (accuracy) and as replays (AUC)")
    header = ["settings", *COLUMNS, *(f"W1 {name}" for name in HISTOGRAMS)]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    print(row("people", [c for c, _ in people], [0.5] * 4, [0.0] * len(HISTOGRAMS)), flush=True)
    before = {m: dict(vars(m)) for m in (whole, sampler)}
    for settings in args.tries or [""]:
        steps = set_all(settings)
        told, found = [], []
        for seed in range(args.seeds):
            made = []
            for n, track in enumerate(tqdm(tracks, desc=settings or "as it is")):
                number = 1000 * seed + n
                play = whole.sample_with(player.model, track, persons[n], number, steps)
                play[:, : Play.K1] = as_shown(
                    play[:, : Play.K1], np.random.default_rng((number, 1)), whole.REACH_PX
                )
                screen_px = nearest_grid_px(float(persons[n].style[Style.SCREEN]))
                made.append(filed(track, play, screen_px, number)[: len(human[n])])
            found += [describe(t, p) for t, p in zip(tracks, made, strict=True)]
            scores = two_sample(own, see(made), groups, seed, device).summary()
            told.append(
                [
                    scores[net][quantity][0]
                    for quantity in ("window_accuracy", "replay_auc")
                    for net in ("conv", "features")
                ]
            )
        w1 = [
            float(statistics.wasserstein(mixture(found)[k], of_people[k], HISTOGRAMS[k][1]))
            for k in HISTOGRAMS
        ]
        print(row(settings or "as it is", [c for c, _ in found], list(np.mean(told, 0)), w1),
              flush=True)  # fmt: skip
        for module, known in before.items():
            vars(module).update(known)


if __name__ == "__main__":
    main()
