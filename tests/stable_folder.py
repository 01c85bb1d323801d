"""An osu!stable folder made up from the sample: Songs/, Replays/, Data/r/, osu!.db, scores.db.

The two databases are written field by field as the game's documentation lists them
(github.com/ppy/osu/wiki/Legacy-database-file-structure), with plain `struct` and no code of osu/.
"""

import dataclasses
import hashlib
import shutil
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from osu.formats.replay import Replay, load_replay, save_replay
from tests.paths import SAMPLE

ME, FRIEND = "Made Up", "someone else"
VERSION = 20250401
# Each layout there was.
WIDTHS = (20140608, 20140609, 20160407, 20160408, 20191105, 20191106, 20250106, VERSION)
FILETIME_OF_1601 = 504911232000000000  # .NET ticks, as `new DateTime(1601, 1, 1).Ticks` says


@dataclass(frozen=True)
class Listed:
    """What is varied of an entry of osu!.db."""

    md5: str
    file: str
    folder: str
    mode: int = 0


def text(value: str | None) -> bytes:
    """0x00 where there is none, else 0x0b, ULEB128 and UTF-8."""
    if value is None:
        return b"\x00"
    raw = value.encode()
    assert len(raw) < 1 << 14
    size = bytes([len(raw)]) if len(raw) < 128 else bytes([len(raw) & 127 | 128, len(raw) >> 7])
    return b"\x0b" + size + raw


def osu_db(maps: Iterable[Listed], version: int = VERSION, player: str | None = ME) -> bytes:
    entries = [_entry(listed, version) for listed in maps]
    if 20160408 <= version < 20191106:
        entries = [struct.pack("<i", len(entry)) + entry for entry in entries]
    head = struct.pack("<ii?q", version, 3, True, 0) + text(player)
    return head + struct.pack("<i", len(entries)) + b"".join(entries) + struct.pack("<i", 4)


def _entry(listed: Listed, version: int) -> bytes:
    names = ["An artist", "誰か", "A title", None, "mapper", "Insane", "audio.mp3"]
    out = b"".join(map(text, names)) + text(listed.md5) + text(listed.file)
    out += struct.pack("<BHHHq", 4, 100, 50, 1, 638000000000000000)
    out += struct.pack("<4B", 9, 4, 5, 8) if version < 20140609 else struct.pack("<4f", 9, 4, 5, 8)
    out += struct.pack("<d", 1.4)
    for mode in range(4 if version >= 20140609 else 0):
        mods = (0, 16, 64) if mode == listed.mode else ()
        out += struct.pack("<i", len(mods))
        for mod in mods:
            wide = version < 20250107
            out += struct.pack("<Bi", 0x08, mod)
            out += struct.pack("<Bd" if wide else "<Bf", 0x0D if wide else 0x0C, 5.25)
    out += struct.pack("<iii", 80, 90000, 12345)
    out += struct.pack("<i", 2) + struct.pack("<dd?", 333.3, 500, True) * 2
    out += struct.pack("<iii4Bhf", 1, 2, 0, 9, 9, 9, 9, 0, 0.7) + struct.pack("<B", listed.mode)
    out += text("A game") + text("tags " * 100) + struct.pack("<h", 0) + text(None)
    out += struct.pack("<?q?", False, 0, False) + text(listed.folder)
    out += struct.pack("<q5?", 0, False, False, False, False, False)
    out += struct.pack("<h", 0) if version < 20140609 else b""
    return out + struct.pack("<iB", 0, 20)


def scores_db(plays: Iterable[Replay], version: int = VERSION) -> bytes:
    by_map: dict[str, list[Replay]] = {}
    for play in plays:
        by_map.setdefault(play.beatmap_md5, []).append(play)
    out = struct.pack("<ii", version, len(by_map))
    for md5, of_map in by_map.items():
        out += text(md5) + struct.pack("<i", len(of_map)) + b"".join(map(_score, of_map))
    return out


def _score(play: Replay) -> bytes:
    counts = (play.n300, play.n100, play.n50, play.ngeki, play.nkatu, play.nmiss)
    out = struct.pack("<Bi", play.mode, play.version)
    out += text(play.beatmap_md5) + text(play.player) + text(play.replay_md5)
    out += struct.pack("<6HiH?i", *counts, play.score, play.max_combo, play.perfect, play.mods)
    out += text("") + struct.pack("<qi", play.timestamp_ticks, -1)
    if play.version >= 20140721:
        out += struct.pack("<q", play.online_id)
    elif play.version >= 20121008:
        out += struct.pack("<i", play.online_id)
    return out + (struct.pack("<d", 0.5) if play.mods & 1 << 23 else b"")


def build(root: Path, maps: Path = SAMPLE) -> Path:
    """The folder: three maps, on each a local play of ME and of FRIEND, one of ME's exported too,
    and one in Replays/ that scores.db does not know."""
    (root / "Replays").mkdir(parents=True)
    (root / "Data" / "r").mkdir(parents=True)
    listed, plays = [], []
    for number, path in enumerate(sorted(maps.glob("*.osu"))):
        folder = root / "Songs" / f"{number} made up - {path.stem}"
        folder.mkdir(parents=True)
        shutil.copy(path, folder / path.name)
        (folder / "audio.mp3").write_bytes(b"no song")
        md5 = hashlib.md5(path.read_bytes()).hexdigest()
        listed.append(Listed(md5, path.name, folder.name))
        for offset, (player, model) in enumerate(((ME, "diffusion"), (FRIEND, "rnn"))):
            play = dataclasses.replace(
                load_replay(SAMPLE / f"{path.stem}-{model}.osr"),
                player=player,
                replay_md5=f"{2 * number + offset:032x}",
                timestamp_ticks=638700000000000000 + 2 * number + offset,
            )
            plays.append(play)
            name = f"{md5}-{play.timestamp_ticks - FILETIME_OF_1601}.osr"
            save_replay(play, root / "Data" / "r" / name)
    save_replay(plays[0], root / "Replays" / "exported.osr")
    online = dataclasses.replace(plays[1], player=ME, replay_md5="f" * 32)
    save_replay(online, root / "Replays" / "online.osr")
    (root / "osu!.db").write_bytes(osu_db([*listed, Listed("0" * 32, "gone.osu", "4 gone")]))
    (root / "scores.db").write_bytes(scores_db(plays))
    return root
