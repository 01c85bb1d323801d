"""Looks: sv-ttk light or dark, and sizes that follow the screen's resolution."""

import sys
import tkinter as tk
from tkinter import font, ttk

import sv_ttk

from osu.gui.widgets.dialogs.x11 import theme_dialogs

TK_DPI = 96.0  # sv-ttk's sizes are pixels of such a screen
ROW_PX = 26
# sv-ttk's own: left, top, right, bottom; its pictures keep their size on any screen.
PADDING_PX = {
    "TButton": (8, 2, 8, 3),
    "Accent.TButton": (8, 2, 8, 3),
    "Toggle.TButton": (8, 2, 8, 3),
    "TMenubutton": (8, 2, 13, 3),
    "TEntry": (6, 1, 4, 2),
    "TCombobox": (6, 1, 0, 2),
    "TSpinbox": (6, 1, 0, 2),
}
TAB_PX = (-6, 0)  # beside sv-ttk's own 16 of any screen: six tabs have room in a small window
HEADING_PX = (6, 0)  # so that a heading begins and ends where its column's cells do
GROUND = {"dark": "#1c1c1c", "light": "#fafafa"}  # sv-ttk's own
FAINT_TEXT = {"dark": "#9a9a9a", "light": "#6a6a6a"}
ERROR = {"dark": "#ff7b8a", "light": "#b3261e"}
SELECTED_ROW, SELECTED_TEXT = "#2f60d8", "#ffffff"
WARN = {"dark": "#f0b35a", "light": "#8a5a00"}


def sharpen() -> None:
    """Ask Windows for real pixels on each of its screens, which live playback counts in too; call
    it before the first window. Elsewhere Tk does so itself."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.shcore.SetProcessDpiAwareness(2)  # per monitor


def px(widget: tk.Misc, size: float) -> int:
    """`size` pixels of a screen of 96 dpi as pixels of this one, in steps of a quarter."""
    return round(size * max(1.0, round(widget.winfo_fpixels("1i") / TK_DPI * 4) / 4))


def ground(widget: tk.Misc) -> str:
    """The colour behind everything, for what is no ttk widget."""
    return GROUND.get(sv_ttk.get_theme(widget.winfo_toplevel()), GROUND["light"])


def scale_gaps(widget: tk.Misc) -> None:
    """The gaps around everything below `widget`, written for 96 dpi, as this screen's pixels.

    Once, after the widgets are made.
    """
    for child in widget.winfo_children():
        if child.winfo_manager() == "grid":
            gaps = {name: child.grid_info()[name] for name in ("padx", "pady")}
            child.grid_configure(**{name: _scaled(child, gap) for name, gap in gaps.items()})
        if isinstance(child, ttk.Frame):
            child.configure(padding=_scaled(child, child.cget("padding")))
        scale_gaps(child)


def _scaled(widget: tk.Misc, gaps: object) -> tuple[int, ...]:
    """`gaps` as Tk tells them: a number, a tuple or nothing at all."""
    gaps = gaps if isinstance(gaps, tuple) else (gaps or 0,)
    return tuple(px(widget, int(str(gap))) for gap in gaps)


def set_theme(root: tk.Tk, name: str) -> None:
    """Theme `root`: "dark" or "light"."""
    first = "SunValleyBodyFont" not in font.names(root)
    sv_ttk.set_theme(name, root)
    if first:
        _scale_fonts(root)
        theme_dialogs(root)
        # After sv-ttk's own handler, which paints every label in one colour.
        root.bind_class(
            root.winfo_class(), "<<ThemeChanged>>", lambda event: _uncolour(root), add="+"
        )
    style = ttk.Style(root)
    for kind, sides in PADDING_PX.items():
        style.configure(kind, padding=[px(root, side) for side in sides])
    style.configure("TNotebook.Tab", padding=TAB_PX)
    style.configure("Treeview", rowheight=px(root, ROW_PX))
    style.configure("Treeview.Heading", padding=[px(root, side) for side in HEADING_PX])
    # sv-ttk's own is all but the colour of the list
    style.map("Treeview", background=[("selected", SELECTED_ROW)])
    style.map("Treeview", foreground=[("selected", SELECTED_TEXT)])
    style.configure("Faint.TLabel", foreground=FAINT_TEXT[name])
    style.configure("Error.TLabel", foreground=ERROR[name])
    style.configure("Warn.TLabel", foreground=WARN[name])
    style.configure("Strong.TLabel", font=_strong(root))


def _scale_fonts(root: tk.Tk) -> None:
    for known in font.names(root):
        if known.startswith("SunValley"):
            shape = font.nametofont(known, root)
            shape.configure(size=px(root, shape.cget("size")))


def _strong(root: tk.Tk) -> str:
    """sv-ttk's strong font, made bold where its typeface isn't installed."""
    strong = font.nametofont("SunValleyBodyStrongFont", root)
    if "Semibold" not in strong.actual("family"):
        strong.configure(weight="bold")
    return strong.name


def _uncolour(widget: tk.Misc) -> None:
    """Let the styles of labels decide on their colours again."""
    if isinstance(widget, ttk.Label):
        widget.configure(foreground="")
    for child in widget.winfo_children():
        _uncolour(child)
