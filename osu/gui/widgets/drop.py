"""Files dropped on the window from another program, where Tk has tkdnd for this system."""

import tkinter as tk
from collections.abc import Callable

from tkinterdnd2 import TkinterDnD


def accept_files(root: tk.Tk, on_paths: Callable[[tuple[str, ...]], None]) -> None:
    """`on_paths` hears the files and folders dropped anywhere on the window."""
    try:
        TkinterDnD.require(root)
    except RuntimeError:  # tkinterdnd2 has no library for this system: nothing can be dropped
        return

    def drop(data: str) -> str:
        on_paths(root.tk.splitlist(data))
        return "copy"  # the other program keeps its files

    window = str(root)
    root.tk.call("tkdnd::drop_target", "register", window, "DND_Files")
    root.tk.call("bind", window, "<<Drop:DND_Files>>", f"{root.register(drop)} %D")
