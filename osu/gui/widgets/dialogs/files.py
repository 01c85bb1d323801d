"""Files that a person names: in dialogs ("" and () where they give up), or by dropping them."""

import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from tkinter import filedialog, messagebox

from tkinterdnd2 import TkinterDnD


def is_asked(window: tk.Misc) -> bool:
    """Whether a dialog waits for its answer, whose own windows may not close: their borders can be
    pressed all the same."""
    return bool(window.tk.call("grab", "current", window))


def ask_files(root: tk.Misc, recent: Sequence[str]) -> tuple[str, ...]:
    """Maps and replays, from where the last ones were."""
    paths = filedialog.askopenfilenames(
        parent=root,
        title="Open maps and replays",
        initialdir=_begin(root, str(Path(recent[0]).parent) if recent else ""),
        filetypes=[("Maps and replays", "*.osu *.osz *.olz *.osr"), ("All files", "*")],
    )
    return tuple(paths)


def ask_replays(root: tk.Misc, title: str) -> tuple[str, ...]:
    kinds = [("Replays", "*.osr"), ("All files", "*")]
    return tuple(
        filedialog.askopenfilenames(
            parent=root, title=title, filetypes=kinds, initialdir=_begin(root, "")
        )
    )


def ask_folder(root: tk.Misc, title: str, folder: str) -> str:
    begin = _begin(root, folder)
    return str(filedialog.askdirectory(parent=root, title=title, initialdir=begin) or "")


def ask_replace(root: tk.Misc, there: int, of: int, folder: str) -> bool | None:
    """Whether files that are there already may be written over; None: nothing is to be saved."""
    others = f"No saves the other {of - there} only." if of > there else "No saves nothing."
    are = "is" if there == 1 else "are"
    return messagebox.askyesnocancel(
        parent=root,
        title="Write over files?",
        message=f"{there} of {of} files {are} in {folder} already.",
        detail=f"Yes writes over them. {others}",
    )


def ask_yes(root: tk.Misc, question: str, detail: str) -> bool:
    return messagebox.askyesno(parent=root, title=question, message=question, detail=detail)


def ask_save(root: tk.Misc, title: str, folder: str, name: str, suffix: str) -> str:
    """Where a file is to be saved; `name` is proposed in `folder`."""
    path = filedialog.asksaveasfilename(
        parent=root,
        title=title,
        initialdir=_begin(root, folder),
        initialfile=name,
        defaultextension=suffix,
        filetypes=[(f"{suffix[1:]} files", f"*{suffix}"), ("All files", "*")],
    )
    return str(path or "")


def _begin(root: tk.Misc, folder: str) -> str | None:
    """Where a dialog begins: in `folder`, or where the system's own dialogs were last. Tk's, on
    X11, would begin in this program's folder."""
    if folder and Path(folder).is_dir():
        return folder
    return str(Path.home()) if root.tk.call("tk", "windowingsystem") == "x11" else None


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
