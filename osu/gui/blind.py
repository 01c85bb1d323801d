"""The window's command that makes a page of osu.blind, and what opens the page."""

import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from osu.files import ready_file, write_atomic
from osu.gui.messages import BlindPageMade, MakeBlindPage
from osu.gui.saving import saving


def make_blind_page(
    command: MakeBlindPage,
    engine: Any,
    progress: Callable[[float | None, str], None],
    cancel: threading.Event,
) -> BlindPageMade:
    """Writes the page. `engine` is osu.players.engine, or stands in for it. Raises what goes wrong:
    UserError, Cancelled."""
    from osu.blind.page import blind_page  # not above: the window would wait for torch
    from osu.blind.pairs import draw_pairs

    ready_file(command.path)
    progress(None, f"loading {command.model}")
    player = engine.load_player(command.model)
    pairs, _ = draw_pairs(
        command.replays,
        list(command.maps),
        player,
        command.pairs,
        command.seed,
        lambda share: progress(share, "generating clips for the blind test"),
        cancel,
    )
    with saving(command.path):
        write_atomic(command.path, blind_page(pairs, command.model, command.seed).encode())
    return BlindPageMade(command.path)


def open_in_browser(path: str) -> str:
    """Opens a page; a sentence that says where it is."""
    try:
        opened = webbrowser.open(Path(path).absolute().as_uri())
    except webbrowser.Error:
        opened = False
    if opened:
        return f"The page is {path}; the browser opens it."
    return f"The page is {path}: open it in a browser."
