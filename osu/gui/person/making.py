"""The window's command that makes a model of a person: the training script, in its own process."""

import contextlib
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from osu.errors import UNREADABLE, UserError
from osu.files import read_file
from osu.gui.messages import MakePersonModel
from osu.gui.person.progress import PersonProgress, pieces

ROOT = Path(__file__).parents[3]
SCRIPT = "train_diffusion.py"
POLL_S = 0.1
MOST_PICTURE_BYTES = 1 << 24
SAVES_S = 60.0  # that a stopped training has to save
_WINDOWS = {"creationflags": 0x08000000} if sys.platform == "win32" else {}  # no console window


class MadeModel(NamedTuple):
    """What the script has said and drawn of a model that was made."""

    about: str  # how many plays it was learned from
    compared: str  # its plays of held-out songs less the person's, "" where that is not known
    picture: bytes  # PNG of what the plays show of the person, empty without one


class MakingError(UserError):
    """A model of a person that was not made, in one sentence."""


def make_person_model(
    command: MakePersonModel,
    progress: Callable[[float | None, str], None],
    cancel: threading.Event,
    script: str = SCRIPT,
) -> MadeModel:
    """Makes and installs the model.

    Where `cancel` is set the script is asked to save and end; the same command goes on from there.
    Raises MakingError with what the script says where it fails.
    """
    for folder in command.folders:
        if "," in folder:  # which parts two folders there
            raise MakingError(f"{folder}: the folder's name must be without a comma.")
    data = ",".join(command.folders)
    asked = {"me": command.player, "data": data, "name": command.model}
    arguments = [f"--{name}={value}" for name, value in asked.items()]  # a name may begin with -
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "osu.gui.person.process", script, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C in a terminal is for the window, which ends this one
        **_WINDOWS,
    )
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, said), daemon=True)
    reader.start()
    state = PersonProgress()
    try:
        while not cancel.is_set() and (reader.is_alive() or not said.empty()):
            with contextlib.suppress(queue.Empty):
                state.hear(said.get(timeout=POLL_S))
            progress(state.part, state.text)
    finally:
        _end(process)
        reader.join()
    if cancel.is_set():
        return MadeModel("", "", b"")
    if process.returncode:
        raise MakingError(f"The model was not made: {state.last or 'the script said nothing'}.")
    picture = b""
    with contextlib.suppress(*UNREADABLE):  # the model is made all the same
        if state.picture:
            picture = read_file(ROOT / state.picture, MOST_PICTURE_BYTES)
    return MadeModel(state.about, state.compared, picture)


def _read(process: subprocess.Popen, said: queue.SimpleQueue) -> None:
    """On its thread: all that the script says."""
    with process.stdout:
        for piece in pieces(process.stdout):
            said.put(piece)


def _end(process: subprocess.Popen) -> None:
    """Waits for a script that has ended or is to end."""
    process.stdin.close()
    try:
        process.wait(timeout=SAVES_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
