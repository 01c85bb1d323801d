"""Why a map's song is not there."""

from pathlib import Path

from osu.formats.archive import ARCHIVES


def missing_song(map_path: str, name: str) -> str:
    """Why there is no song of a map that names its file so."""
    if Path(map_path).suffix.lower() in ARCHIVES:
        return "a song inside an archive is not read, one beside an .osu is"
    return f"{name} is not beside the map" if name else "the map names no song"
