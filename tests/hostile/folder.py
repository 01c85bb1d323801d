"""A folder of good maps and plays with one bad file among them, which is another at every seed."""

import dataclasses
import hashlib
import lzma
import os
import random
import shutil
from pathlib import Path

from osu.formats.beatmap import parse_beatmap
from osu.formats.replay import dump_replay
from osu.players.auto import auto_play
from tests import maps
from tests.hostile.mutations import archive_changed, map_changed, replay_changed
from tests.osr import packed_frames

MAPS = {name: maps.osu().replace(b"Title:Title", b"Title:" + name.encode()) for name in "ab"}
SONGS = MAPS | {name: MAPS["a"].replace(b"Title:a", b"Title:" + name.encode()) for name in "cd"}
# A name is what the disk has: bytes that need not be text.
NAMES = (
    *(b"bad", b"bad", b"bad", b"bad", b"bad", b"b\xff\xfed", b"b\x1b[31md", b"b\nd", b"b d"),
    *("音".encode() * 60, b"..bad", b"-bad", b"b%sd{}"),
)


def play(data: bytes, player: str) -> bytes:
    """A machine's play of a map, under a person's name."""
    return dump_replay(dataclasses.replace(auto_play(parse_beatmap(data)), player=player))


def indexed(root: Path) -> Path:
    """A folder with an index.csv: four songs, each played by two people who play no other, in all
    three splits. It is the least that a model is trained on and a likeness report made of."""
    rows = ["replay,beatmap,split"]
    for folder in ("replays", "beatmaps"):
        (root / folder).mkdir(parents=True)
    for song, data in SONGS.items():
        (root / "beatmaps" / f"{song}.osu").write_bytes(data)
        for split in ("test", "val" if song == "d" else "train"):
            name = f"{song}-{split}.osr"
            (root / "replays" / name).write_bytes(play(data, name))
            rows.append(f"{name},{song},{split}")
    (root / "index.csv").write_text("\n".join(rows))
    return root


class BadAmongGood:
    """The folder at `root`. `good` are the names of the plays in it that can be used."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.good = set()
        for name, data in MAPS.items():
            (root / f"{name}.osu").write_bytes(data)
            (root / f"{name}.osr").write_bytes(play(data, "a person"))
            self.good.add(f"{name}.osr")
        packed = packed_frames((root / "a.osr").read_bytes())
        self.frames = lzma.decompress(packed, lzma.FORMAT_ALONE).decode()

    def spoil(self, rng: random.Random) -> None:
        """Puts another bad file, or a bad map and a play of it, in the place of the last."""
        self.clean()
        match rng.randrange(20):
            case 0:
                self._odd(rng)
            case 1 | 2 | 3:
                data = archive_changed(rng, {"x.osu": MAPS["a"], "y.osu": MAPS["b"]})
                self._write(rng, b".osz", data)
            case 4 | 5 | 6 | 7 | 8:
                data = map_changed(rng, MAPS[rng.choice("ab")])
                self._write(rng, b".osu", data)
                md5 = hashlib.md5(data).hexdigest()
                self._write(rng, b".osr", replay_changed(rng, self.frames, md5))
            case _:
                md5 = hashlib.md5(MAPS[rng.choice("ab")]).hexdigest()
                self._write(rng, b".osr", replay_changed(rng, self.frames, md5))

    def clean(self) -> None:
        """Leaves the good files alone."""
        kept = {os.fsencode(name) for name in self.good} | {b"a.osu", b"b.osu"}
        with os.scandir(os.fsencode(self.root)) as entries:
            for entry in list(entries):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                elif entry.name not in kept:
                    os.unlink(entry.path)

    def _path(self, rng: random.Random, suffix: bytes) -> bytes:
        return os.path.join(os.fsencode(self.root), rng.choice(NAMES) + suffix)

    def _write(self, rng: random.Random, suffix: bytes, data: bytes) -> None:
        with open(self._path(rng, suffix), "wb") as file:
            file.write(data)

    def _odd(self, rng: random.Random) -> None:
        """What has a file's name and is none, or one without end."""
        path = self._path(rng, rng.choice((b".osu", b".osr", b".osz", b".OSU")))
        match rng.randrange(7):
            case 0:
                os.mkfifo(path)
            case 1:
                os.mkdir(path)
            case 2:
                os.symlink(b"nowhere", path)
            case 3:
                os.symlink(os.path.basename(path), path)
            case 4:
                os.symlink(b"/dev/zero", path)
            case 5:
                with open(path, "wb") as file:
                    file.truncate(8 << 30)  # takes no place on the disk
            case 6:
                os.makedirs(os.path.join(path, *[b"d"] * 300))
