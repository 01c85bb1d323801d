"""The prepared plays in memory, and batches of windows cut from them on the fly.

    uv run -m osu.data FOLDER ... [--player NAME] [--cache DIR] [--out DIR]

prepares the replays below the folders (see osu.library and osu.prepare), prints what is there and
writes a report of it (see osu.describe).

Everything a batch needs lies in a few flat tensors, so a batch is a handful of gathers on the
device the tensors live on; there is no loader. Which windows a step sees is a function of (seed,
step, rank) alone: resuming needs no data position.
"""

import argparse
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from osu import features, presses
from osu.features import Ball, Column
from osu.library import SPLITS, DataError
from osu.prepare import STEPS_PER_UNIT, prepare, restore_path


class Batch(NamedTuple):
    """Windows of T frames of B plays."""

    condition: Tensor  # (B, T, len(features.Condition))
    play: Tensor  # (B, T, len(features.Play))
    mask: Tensor  # (B, T) 1 where the play has a frame, 0 past its end
    index: Tensor  # (B,) which plays


@dataclass(frozen=True)
class Described:
    """What is known of one play besides its frames."""

    replay: str
    beatmap: str  # MD5
    player: str
    song: str
    split: str
    mods: str
    accuracy: float
    misses: int
    screen_px: float  # of the player's pixel grid, 0 where there is none
    frames: int
    track: int


class PlaySet:
    """All prepared plays: P plays of K tracks, N objects, F play frames and G track frames.

    `plays` describes them in the order of every (P, ...) tensor.
    """

    def __init__(self, cache: str | Path) -> None:
        cache = Path(cache)
        try:
            manifest = json.loads((cache / "manifest.json").read_text())
        except (OSError, ValueError):
            raise DataError(
                f"{cache}: no prepared plays here (run: uv run -m osu.data FOLDER)"
            ) from None
        self.plays: list[Described] = []
        tracks: list[features.Track] = []
        cursors, keys, self.presses = [], [], []
        splits = iter(manifest["plays"])
        for number in range(manifest["shards"]):
            with np.load(cache / f"shard-{number:05d}.npz", allow_pickle=False) as shard:
                stored = {name: shard[name] for name in shard.files}
            meta = json.loads(bytes(stored["meta"]))
            first = len(tracks)
            tracks += _tracks(meta["tracks"], stored)
            at, edge_at = 0, [0, 0]
            for play in meta["plays"]:
                track = tracks[first + play["track"]]
                span = slice(at, at + play["frames"])
                at += play["frames"]
                cursors.append(_path("cursor", stored, span))
                spans = []
                for key, name in enumerate(("edges_k1", "edges_k2")):
                    edges = stored[name][edge_at[key] : edge_at[key] + play["edges"][key]]
                    edge_at[key] += play["edges"][key]
                    spans.append(np.cumsum(edges).reshape(-1, 2) + track.start_ms)
                self.presses.append(spans)
                shares = [
                    features.coverage(s, track.start_ms, play["frames"], track.rate) for s in spans
                ]
                keys.append(np.round(np.stack(shares, -1) * 255).astype(np.uint8))
                known = {k: v for k, v in play.items() if k not in ("edges", "split", "track")}
                split = next(splits)["split"]
                self.plays.append(Described(**known, split=split, track=first + play["track"]))
        self.tracks = tracks
        frames = np.array([play.frames for play in self.plays])
        track_frames = np.array([track.frames for track in tracks])
        rows = np.array([len(track.objects) for track in tracks])
        row_at = np.concatenate([[0], np.cumsum(rows)])
        self._tensors = {
            "cursor": torch.from_numpy(np.concatenate(cursors)),  # (F, 2) int16, 1/16 px
            "keys": torch.from_numpy(np.concatenate(keys)),  # (F, 2) uint8, share * 255
            "frames": torch.from_numpy(frames),  # (P,)
            "frame_at": torch.from_numpy(np.cumsum(frames) - frames),
            "track": torch.tensor([play.track for play in self.plays]),
            "track_frames": torch.from_numpy(track_frames),  # (K,)
            "track_at": torch.from_numpy(np.cumsum(track_frames) - track_frames),
            "row_at": torch.from_numpy(row_at),  # (K + 1,)
            "objects": torch.from_numpy(np.concatenate([t.objects for t in tracks])),
            "world": torch.from_numpy(np.stack([t.world for t in tracks])),
            "ball": torch.from_numpy(np.concatenate([t.ball for t in tracks])).half(),
            "current": torch.from_numpy(
                np.concatenate([t.current() + at for t, at in zip(tracks, row_at, strict=False)])
            ).int(),
        }

    def to(self, device: torch.device | str) -> "PlaySet":
        """Moves the tensors to a device, in place."""
        self._tensors = {name: value.to(device) for name, value in self._tensors.items()}
        return self

    @property
    def device(self) -> torch.device:
        return self._tensors["frames"].device

    def describe(self) -> dict:
        """Counts for a model's card."""
        counts = Counter(play.split for play in self.plays)
        hours = sum(play.frames for play in self.plays) / features.frame_count(0, 3.6e6, 1)
        return {"plays": dict(counts), "hours": round(hours, 1)}

    def where(self, split: str) -> np.ndarray:
        """Indices of the plays of a split. DataError where it is empty."""
        found = np.array([i for i, play in enumerate(self.plays) if play.split == split], int)
        if not len(found):
            raise DataError(f"no prepared play is in the {split} split")
        return found

    def window(self, index: np.ndarray, start: np.ndarray, length: int) -> Batch:
        """Windows of `length` frames: plays index (B,) from frames start (B,)."""
        t = self._tensors
        index_t = torch.as_tensor(index, device=self.device)
        frame = torch.as_tensor(start, device=self.device)[:, None] + torch.arange(
            length, device=self.device
        )  # (B, T)
        track = t["track"][index_t]
        frames = t["frames"][index_t][:, None]
        mask = (frame < frames).float()
        at = t["frame_at"][index_t][:, None] + torch.minimum(frame, frames - 1)
        play = torch.cat(
            [t["cursor"][at].float() / STEPS_PER_UNIT, t["keys"][at].float() / 255], dim=-1
        )
        # A play that ends before its map leaves frames of the map that are masked, not missing.
        on_track = torch.minimum(frame, t["track_frames"][track][:, None] - 1)
        at = t["track_at"][track][:, None] + on_track
        condition = features.condition(
            objects=t["objects"],
            first=t["row_at"][track][:, None],
            last=t["row_at"][track + 1][:, None],
            current=t["current"][at].long(),
            frame=frame,
            ball=t["ball"][at].float(),
            world=t["world"][track],
        )
        return Batch(condition, play, mask, index_t)

    def cursor(self, index: int) -> np.ndarray:
        """(T, 2) float32 units: the cursor of one play."""
        at = int(self._tensors["frame_at"][index])
        steps = self._tensors["cursor"][at : at + self.plays[index].frames]
        return steps.cpu().numpy().astype(np.float32) / STEPS_PER_UNIT

    def style(self, index: int) -> np.ndarray:
        """(len(osu.presses.Style),) float32 of one play, nan where unknown."""
        play = self.plays[index]
        track = self.tracks[play.track]
        events, _ = presses.events_of(track, presses.to_real_ms(self.presses[index], track))
        played = presses.played_objects(track, play.frames)
        cursor = self.cursor(index)
        return presses.style_of(track, events[:played], cursor, play.accuracy, play.screen_px)

    def sampler(self, split: str) -> "Sampler":
        return Sampler(self, self.where(split))


class Sampler:
    """Draws windows of a split: a player by the square root of their play time, then one of their
    plays by its length. One player with 176 of 985 plays would otherwise be a fifth of all."""

    def __init__(self, plays: PlaySet, index: np.ndarray) -> None:
        self.plays, self.index = plays, index
        frames = np.array([plays.plays[i].frames for i in index], float)
        total: Counter = Counter()
        for i, count in zip(index, frames, strict=True):
            total[plays.plays[i].player] += count
        weight = frames / np.sqrt([total[plays.plays[i].player] for i in index])
        self.share = weight / weight.sum()
        self.frames = frames.astype(int)

    def draw(self, batch: int, length: int, seed: tuple[int, ...]) -> Batch:
        """`batch` windows of `length` frames; the same `seed` (run, step, rank) draws the same."""
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self.index), batch, p=self.share)
        start = rng.integers(0, np.maximum(self.frames[chosen] - length, 0) + 1)
        return self.plays.window(self.index[chosen], start, length)

    def again(self, index: Tensor, length: int, seed: tuple[int, ...]) -> Batch:
        """Other windows of the plays `index` (B,)."""
        index = index.cpu().numpy()
        frames = np.array([self.plays.plays[i].frames for i in index])
        start = np.random.default_rng(seed).integers(0, np.maximum(frames - length, 0) + 1)
        return self.plays.window(index, start, length)


def _tracks(described: list[dict], stored: dict) -> list[features.Track]:
    tracks, row_at, bit_at, on_at = [], 0, 0, 0
    for track in described:
        rows = slice(row_at, row_at + track["objects"])
        row_at += track["objects"]
        objects = np.stack([stored[f"object_{c.name.lower()}"][rows] for c in Column], -1)
        size = -(-track["frames"] // 8)
        bits = stored["ball_on"][bit_at : bit_at + size]
        bit_at += size
        on = np.unpackbits(bits, count=track["frames"]).astype(bool)
        span = slice(on_at, on_at + int(on.sum()))
        on_at = span.stop
        ball = np.zeros((track["frames"], len(Ball)), np.float32)
        ball[np.ix_(on, [Ball.X, Ball.Y])] = _path("ball", stored, span) / STEPS_PER_UNIT
        ball[on, Ball.ON] = 1
        ball[on, Ball.LEFT] = stored["ball_left"][span] / 255
        tracks.append(
            features.Track(
                start_ms=track["start_ms"],
                rate=track["rate"],
                frames=track["frames"],
                objects=objects,
                ball=ball,
                world=np.array(track["world"], np.float32),
            )
        )
    return tracks


def _path(name: str, stored: dict, span: slice) -> np.ndarray:
    """(T, 2) int16, 1/16 px."""
    parts = [(stored[f"{name}_{axis}_high"], stored[f"{name}_{axis}_low"]) for axis in "xy"]
    return np.stack([restore_path(high[span], low[span]) for high, low in parts], -1)


def open_plays(folders: str, cache: str, seed: int = 0) -> PlaySet:
    """The plays below `folders` (separated by commas), prepared into a folder of their own below
    `cache` where they are not yet.

    Where `folders` is empty, `cache` itself is opened: it may have travelled without the data.
    """
    if not folders:
        return PlaySet(cache)
    resolved = [str(Path(folder).resolve()) for folder in folders.split(",")]
    name = hashlib.sha256("|".join(resolved).encode()).hexdigest()[:8]
    return PlaySet(prepare(resolved, Path(cache) / name, seed))


def main(argv: list[str] | None = None) -> None:
    from osu.describe import write_report

    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "folders", nargs="+", help="osu! folders, or any with .osr and .osu, .osz, .olz below"
    )
    parser.add_argument("--player", metavar="NAME", help="only this player's plays")
    parser.add_argument("--cache", default="cache", help="where the prepared plays go")
    parser.add_argument("--out", default="runs/data", help="the report's folder")
    parser.add_argument("--seed", type=int, default=0, help="of the split by song")
    args = parser.parse_args(argv)
    cache = prepare(args.folders, args.cache, args.seed, player=args.player)
    plays = PlaySet(cache)
    skipped = json.loads((cache / "manifest.json").read_text())["skipped"]
    report = write_report(plays.plays, skipped, args.folders, args.out)
    size = sum(path.stat().st_size for path in cache.iterdir()) / 1e6
    hours = sum(play.frames for play in plays.plays) / features.frame_count(0, 3.6e6, 1)
    print(f"{cache}: {len(plays.plays)} plays of {len(plays.tracks)} maps and mods, ", end="")
    print(f"{hours:.1f} h, {len({p.player for p in plays.plays})} players, {size:.1f} MB")
    for split in SPLITS:
        chosen = [play for play in plays.plays if play.split == split]
        songs = len({play.song for play in chosen})
        print(f"  {split:5s} {len(chosen):6d} plays of {songs} songs")
    print(f"written: {report}")


if __name__ == "__main__":
    try:
        main()
    except DataError as error:
        raise SystemExit(f"osu.data: {error}") from None
