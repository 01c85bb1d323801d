"""Runs a Python script that ends with the program that has started it.

    python -m osu.gui.person.process SCRIPT ARGUMENTS...

Whoever starts it holds the other end of its standard input. When that is closed, by that program or
by its end, whatever ended it, the script gets SIGTERM, at which a training script saves; this works
on Windows, too, where one process can only kill another. Output is dropped from then on: there may
be nobody to read it, and a broken pipe would end the script before it has saved.
"""

import os
import runpy
import signal
import sys
import threading

NICER = 5  # the window, its song and the game go before


def main(argv: list[str]) -> None:
    if hasattr(os, "nice"):
        os.nice(NICER)
    threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    sys.argv = argv
    runpy.run_path(argv[0], run_name="__main__")


def _stop_at_end_of_input() -> None:
    while os.read(0, 4096):
        pass
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1:])
