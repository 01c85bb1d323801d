"""Texts that are longer than their place: cut with a mark, and whole beside the pointer."""

import tkinter as tk
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from tkinter import font, ttk
from typing import Any

from osu.gui.widgets.theme import px

ELLIPSIS = "…"
FITTED_KEPT = 5000  # texts
POINTER_RESTS_MS = 500  # that the pointer rests before it is told more
TIP_PX = 420  # a longer one has more lines
BELOW_PX = 18


class Fitter:
    """Cuts texts to widths in the font of a style."""

    def __init__(self, widget: tk.Misc, style: str):
        name = str(ttk.Style(widget).lookup(style, "font"))
        self._font = font.Font(widget, font=name)
        self._widths = _Widths(self._font)
        self.fit = lru_cache(FITTED_KEPT)(self._fit)  # lists say the same again and again

    def _fit(self, text: str, width_px: int) -> str:
        """`text`, or as much of its beginning as has room together with a mark."""
        width_of = self._widths.__getitem__
        if sum(map(width_of, text)) <= width_px:
            return text
        ends = list(accumulate(map(width_of, text)))
        room = width_px - self._widths[ELLIPSIS]
        return text[: bisect_right(ends, room)].rstrip() + ELLIPSIS


class _Widths(dict[str, int]):
    """Letter -> pixels in a font, measured once each."""

    def __init__(self, of: font.Font):
        super().__init__()
        self._font = of

    def __missing__(self, letter: str) -> int:
        width = self[letter] = self._font.measure(letter)
        return width


class FittedLabel(ttk.Label):
    """One line that asks for no room: it takes what its grid has."""

    def __init__(self, parent: tk.Misc, text: str = "", style: str = "TLabel", **options: Any):
        super().__init__(parent, style=style, width=1, **options)
        self._fitter = Fitter(self, style)
        self.whole = ""
        self.bind("<Configure>", lambda event: self._fit())
        Tooltip(self, lambda x, y: self.whole if self.cget("text") != self.whole else "")
        self.show(text)

    def show(self, text: str) -> None:
        if text != self.whole:
            self.whole = text
            self._fit()

    def _fit(self) -> None:
        sides = [int(str(side)) for side in self.tk.splitlist(self.cget("padding"))] or [0]
        inside = self.winfo_width() - sides[0] - sides[-2:][0] - px(self, 2)
        placed = self.winfo_width() > 1
        text = self._fitter.fit(self.whole, inside) if placed else self.whole
        if text != self.cget("text"):
            self.configure(text=text)


class Tooltip:
    """`text_at(x, y)` beside a pointer that rests there; "" is nothing to tell."""

    def __init__(self, widget: tk.Widget, text_at: Callable[[int, int], str]):
        self._widget, self._text_at = widget, text_at
        self._text = ""
        self._after: str | None = None
        self.window: tk.Toplevel | None = None
        widget.bind("<Motion>", self._on_motion, add="+")
        for event in ("<Leave>", "<Button>", "<MouseWheel>", "<Destroy>"):
            widget.bind(event, lambda event: self.hide(), add="+")

    def _on_motion(self, event: tk.Event) -> None:
        text = self._text_at(event.x, event.y)
        if text == self._text:
            return
        self.hide()
        self._text = text
        if text:
            self._after = self._widget.after(POINTER_RESTS_MS, self._show)

    def _show(self) -> None:
        self._after = None
        window = self.window = tk.Toplevel(self._widget)
        window.overrideredirect(True)
        window.withdraw()
        gaps = (px(window, 8), px(window, 4))
        label = ttk.Label(window, text=self._text, padding=gaps, wraplength=px(window, TIP_PX))
        label.pack()
        window.update_idletasks()
        x = min(window.winfo_pointerx(), window.winfo_screenwidth() - window.winfo_reqwidth())
        y = window.winfo_pointery() + px(window, BELOW_PX)
        if y + window.winfo_reqheight() > window.winfo_screenheight():
            y = window.winfo_pointery() - window.winfo_reqheight() - px(window, 4)
        window.geometry(f"+{max(0, x)}+{max(0, y)}")
        window.deiconify()

    def hide(self) -> None:
        """Also called where a widget keeps the press of a button for itself."""
        self._text = ""
        if self._after is not None:
            self._widget.after_cancel(self._after)
            self._after = None
        if self.window is not None:
            self.window.destroy()
            self.window = None
