"""Files that are opened: maps, replays and Songs folders."""

import os
from pathlib import Path
from typing import Any

from osu.gui import messages as msg
from osu.gui.widgets.dialogs.files import ask_files, ask_folder


class Opening:
    """Handlers of the buttons that open; `app` is the program."""

    def __init__(self, app: Any):
        self._app = app

    def ask_open(self) -> None:
        self.open_paths(ask_files(self._app.root, self._app.settings.recent))

    def ask_songs(self) -> None:
        folder = ask_folder(
            self._app.root, "The osu! Songs folder", self._app.settings.songs_folder
        )
        if folder:
            self.open_paths((folder,))

    def open_paths(self, paths: tuple[str, ...]) -> None:
        """Maps first, so that replays find them; whole paths, since they are remembered."""
        whole = (str(Path(path).absolute()) for path in paths)
        for path in sorted(whole, key=lambda p: p.lower().endswith(".osr")):
            if Path(path).is_dir():
                self._app.worker.post(msg.ScanSongs(path))
            elif path.lower().endswith(".osr"):
                self._app.worker.post(msg.OpenReplay(path, self.known_maps()))
            else:
                self._app.worker.post(msg.OpenMap(path))

    def known_maps(self) -> tuple[str, ...]:
        """Files in which a replay's map may be, the likeliest first."""
        recent = (p for p in self._app.settings.recent if not p.lower().endswith(".osr"))
        return tuple(dict.fromkeys((*recent, *(s.path for s in self._app.window.maps.songs))))

    def map_places(self) -> tuple[str, ...]:
        """Files and folders that may hold the maps of many replays: the Songs folder as a whole,
        which is searched faster than its files."""
        folder = self._app.settings.songs_folder
        if not folder:
            return self.known_maps()
        files = (path for path in self.known_maps() if not path.startswith(folder + os.sep))
        return (*files, folder)

    def recent(self) -> list[tuple[str, str]]:
        """(name, path) of the files opened last."""
        return [(Path(path).name, path) for path in self._app.settings.recent]
