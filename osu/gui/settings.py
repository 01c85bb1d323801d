"""What the window remembers between two starts, in the platform's config folder."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from osu.files import write_atomic

RECENT_FILES = 12


@dataclass(frozen=True)
class Settings:
    theme: str = "dark"
    size: tuple[int, ...] = ()  # of the window in pixels; empty: the default
    songs_folder: str = ""
    save_folder: str = ""
    recent: tuple[str, ...] = ()  # newest first
    model: str = ""
    mods: str = "NM"
    plays: int = 1
    speed: float = 1.0
    sound: bool = True
    live_kind: str = "game's window"  # what live_rect is the rectangle of
    live_rect: str = ""  # left, top, width, height on the screen
    live_keys: str = "z,x"
    live_by_place: bool = False
    live_start_key: str = "F8"
    live_offset_ms: float = 0.0

    def with_recent(self, path: str) -> "Settings":
        """These settings with `path` as the newest file."""
        rest = (p for p in self.recent if p != path)
        return dataclasses.replace(self, recent=(path, *rest)[:RECENT_FILES])


def settings_path() -> Path:
    return Path(platformdirs.user_config_dir("osu-players", appauthor=False)) / "settings.json"


def load_settings(path: Path | None = None) -> Settings:
    """The remembered settings; the default in place of what is missing or makes no sense."""
    try:
        stored = json.loads((path or settings_path()).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Settings()
    kept = {}
    for field in dataclasses.fields(Settings) if isinstance(stored, dict) else ():
        value = stored.get(field.name, field.default)
        if isinstance(value, list):
            value = tuple(value)
        fits = type(value) is type(field.default)
        if fits and isinstance(value, tuple):
            kind, lengths = (int, (0, 2)) if field.name == "size" else (str, range(99))
            fits = all(type(item) is kind for item in value) and len(value) in lengths
        if fits:
            kept[field.name] = value
    return Settings(**kept)


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Raises OSError where the config folder can't be written."""
    path = path or settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, (json.dumps(dataclasses.asdict(settings), indent=1) + "\n").encode())
