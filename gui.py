"""The desktop program: choose a map, generate plays, watch them, save them, play them live.

    uv run gui.py [FILE ...]        .osu, .osz, .olz or .osr files to open, or a Songs folder

The window only reads fields, posts commands to osu.gui.worker and paints what comes back; every
button follows from the worker's one state word (osu.gui.enabled). What buttons do is in
osu/gui/program/, the panels are in osu/gui/widgets/.
"""

import argparse
import os
import signal
import sys
import tkinter as tk
from pathlib import Path

from osu.gui import messages as msg
from osu.gui.program.app import CLOSE_S, PROGRAM_NAME, App
from osu.gui.settings import load_settings
from osu.gui.widgets.theme import sharpen
from osu.gui.worker import Worker


def main(paths: list[str]) -> None:
    sharpen()
    try:
        root = tk.Tk(className=PROGRAM_NAME)
    except tk.TclError as error:
        sys.exit(f"gui.py: no window can be opened: {error}")
    worker = Worker()
    try:
        app = App(root, worker, load_settings())
        signal.signal(signal.SIGINT, app.interrupt)
        app.opening.open_paths(tuple(paths))
        if app.settings.songs_folder and not any(Path(path).is_dir() for path in paths):
            worker.post(msg.ScanSongs(app.settings.songs_folder))
        root.mainloop()
    except KeyboardInterrupt:
        pass  # before its handler was there
    finally:
        worker.close(CLOSE_S)
    if worker.is_alive():
        os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A window that plays maps and shows plays.")
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help=".osu, .osz, .olz or .osr, or a Songs folder"
    )
    main(parser.parse_args().files)
