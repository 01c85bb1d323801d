"""The questions for files and folders; "" and () where a person gives up."""

import tkinter as tk
from collections.abc import Sequence
from pathlib import Path
from tkinter import filedialog


def ask_files(root: tk.Misc, recent: Sequence[str]) -> tuple[str, ...]:
    """Maps and replays, from where the last ones were."""
    paths = filedialog.askopenfilenames(
        parent=root,
        title="Open maps and replays",
        initialdir=Path(recent[0]).parent if recent else None,
        filetypes=[("Maps and replays", "*.osu *.osz *.olz *.osr"), ("All files", "*")],
    )
    return tuple(paths)


def ask_folder(root: tk.Misc, title: str, folder: str) -> str:
    return str(filedialog.askdirectory(parent=root, title=title, initialdir=folder or None) or "")


def ask_save(root: tk.Misc, title: str, folder: str, name: str, suffix: str) -> str:
    """Where a file is to be saved; `name` is proposed in `folder`."""
    path = filedialog.asksaveasfilename(
        parent=root,
        title=title,
        initialdir=folder or None,
        initialfile=name,
        defaultextension=suffix,
    )
    return str(path or "")
