"""The window's command that makes a page of osu.blind, and what opens the page."""

import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from osu.blind.question import WHICH_IS_HUMAN, WHICH_IS_ME
from osu.files import ready_file, write_atomic
from osu.gui.likes import reasons_in_words
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
    from osu.blind.rival import model_of

    ready_file(command.path)
    progress(None, f"loading {command.model}")
    player = engine.load_player(command.model)
    pairs, skipped = draw_pairs(
        command.replays,
        list(command.maps),
        player,
        command.pairs,
        command.seed,
        lambda share: progress(share, "generating clips for the blind test"),
        cancel,
        command.me,
    )
    model = model_of(player.card, command.me) if command.me else command.model
    page = blind_page(pairs, model, command.seed, WHICH_IS_ME if command.me else WHICH_IS_HUMAN)
    with saving(command.path):
        write_atomic(command.path, page.encode())
    said = f"{len(pairs)} of {command.pairs} pairs"
    if len(pairs) < command.pairs:
        said += f"; passed over: {reasons_in_words(skipped)}"
    return BlindPageMade(command.path, said)


def open_in_browser(path: str) -> str:
    """Opens a page; a sentence that says where it is."""
    try:
        opened = webbrowser.open(Path(path).absolute().as_uri())
    except webbrowser.Error:
        opened = False
    if opened:
        return f"The page is {path}; the browser opens it."
    return f"The page is {path}: open it in a browser."
