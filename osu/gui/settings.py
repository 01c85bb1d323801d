"""What the window remembers between two starts, in the platform's config folder."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from osu.files import write_atomic
from osu.formats.mods import ModsError, parse_mods
from osu.live.plan import MOST_SHIFT_MS

RECENT_FILES = 12
MOST_PLAYS_LISTED = 50
THEMES = ("dark", "light")
LIVE_KINDS = ("game's window", "playfield")
MAX_PLAYS = 100
SPEED_RANGE = (0.25, 2.0)
MOST_SIDE_PX = 1 << 15  # X has no larger window


@dataclass(frozen=True)
class Settings:
    theme: str = "dark"
    size: tuple[int, ...] = ()  # of the window in pixels; empty: the default
    songs_folder: str = ""
    person_folder: str = ""  # with the replays of whom a model is made
    save_folder: str = ""
    recent: tuple[str, ...] = ()  # newest first
    chosen_map: tuple[str, ...] = ()  # its file and difficulty
    listed_plays: tuple[tuple[str, str], ...] = ()  # those in files: of each that and its map's
    model: str = ""
    mods: str = "NM"
    plays: int = 1
    speed: float = 1.0
    sound: bool = True
    hit_sounds: bool = False
    live_kind: str = LIVE_KINDS[0]  # what live_rect is the rectangle of
    live_rect: str = ""  # left, top, width, height on the screen
    live_keys: str = "z,x"
    live_by_place: bool = False
    live_start_key: str = "F8"
    live_offset_ms: float = 0.0

    def with_recent(self, path: str) -> "Settings":
        """These settings with `path` as the newest file."""
        rest = (p for p in self.recent if p != path)
        return dataclasses.replace(self, recent=(path, *rest)[:RECENT_FILES])


def _are_mods(text: str) -> bool:
    try:
        parse_mods(text)
    except ModsError:
        return False
    return True


def _is_size(size: tuple) -> bool:
    return _are(int, size) and len(size) in (0, 2) and all(0 < s < MOST_SIDE_PX for s in size)


def _are(kind: type, items: tuple) -> bool:
    return all(type(item) is kind for item in items)


def _are_pairs(plays: tuple) -> bool:
    return _are(tuple, plays) and all(len(pair) == 2 and _are(str, pair) for pair in plays)


# What a value of the right type must be as well; NaN is in no range, and Tk takes no text that has
# no UTF-8.
SENSIBLE: dict[str, Callable[[Any], bool]] = {
    "theme": THEMES.__contains__,
    "size": _is_size,
    "person_folder": str.isprintable,
    "save_folder": str.isprintable,
    "recent": lambda paths: _are(str, paths) and len(paths) <= RECENT_FILES,
    "chosen_map": lambda key: _are(str, key) and len(key) in (0, 2),
    "listed_plays": lambda plays: _are_pairs(plays) and len(plays) <= MOST_PLAYS_LISTED,
    "model": str.isprintable,
    "mods": _are_mods,
    "plays": lambda plays: 1 <= plays <= MAX_PLAYS,
    "speed": lambda speed: SPEED_RANGE[0] <= speed <= SPEED_RANGE[1],
    "live_kind": LIVE_KINDS.__contains__,
    "live_rect": str.isprintable,
    "live_keys": str.isprintable,
    "live_start_key": str.isprintable,
    "live_offset_ms": lambda ms: abs(ms) < MOST_SHIFT_MS,
}


def settings_path() -> Path:
    return Path(platformdirs.user_config_dir("osu-players", appauthor=False)) / "settings.json"


def load_settings(path: Path | None = None) -> Settings:
    """The remembered settings; the default in place of what is missing or makes no sense."""
    try:
        stored = json.loads((path or settings_path()).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # the last where brackets never end
        return Settings()
    kept = {}
    for field in dataclasses.fields(Settings) if isinstance(stored, dict) else ():
        value = stored.get(field.name, field.default)
        if isinstance(value, list):
            value = tuple(tuple(item) if isinstance(item, list) else item for item in value)
        sensible = SENSIBLE.get(field.name, lambda value: True)
        if type(value) is type(field.default) and sensible(value):
            kept[field.name] = value
    return Settings(**kept)


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Raises OSError where the config folder can't be written."""
    path = path or settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, (json.dumps(dataclasses.asdict(settings), indent=1) + "\n").encode())
