"""The fixtures of the window and of its worker, for every test of this folder."""

from tests.gui.stand_in import engine, map_path, worker
from tests.gui.window import display, home, screen, start

__all__ = ["display", "engine", "home", "map_path", "screen", "start", "worker"]
