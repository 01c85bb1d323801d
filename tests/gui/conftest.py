"""The window's fixtures, for every test of this folder."""

from tests.gui.window import display, home, screen, start

__all__ = ["display", "home", "screen", "start"]
