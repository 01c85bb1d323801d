"""A window of its own that shows charts and saves them."""

import io
import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from PIL import Image, ImageTk

from osu.gui.widgets.dialogs.files import is_asked
from osu.gui.widgets.theme import px

GAP_PX = 8


class ChartsWindow(tk.Toplevel):
    """Shows a PNG, made smaller where the screen is; `save(png, window)` hears the button."""

    def __init__(self, parent: tk.Misc, picture: bytes, save: Callable[..., None], title: str):
        super().__init__(parent)
        self.title(title)
        self.picture = picture
        image = Image.open(io.BytesIO(picture)).convert("RGB")
        most = (0.94 * self.winfo_screenwidth(), 0.85 * self.winfo_screenheight())
        image.thumbnail((round(most[0]), round(most[1])))
        frame = ttk.Frame(self, padding=px(self, GAP_PX))
        frame.pack(fill="both", expand=True)
        self._photo = ImageTk.PhotoImage(image, master=self)  # Tk keeps none
        ttk.Label(frame, image=self._photo).grid(row=0, column=0, columnspan=2)
        frame.columnconfigure(0, weight=1)
        self.save_button = ttk.Button(frame, text="Save PNG...")
        self.save_button.configure(command=lambda: save(picture, self))
        self.save_button.grid(row=1, column=0, sticky="e", pady=(px(self, GAP_PX), 0))
        close = ttk.Button(frame, text="Close", command=self._close)
        close.grid(row=1, column=1, padx=(px(self, GAP_PX), 0), pady=(px(self, GAP_PX), 0))
        self.bind("<Escape>", lambda event: self._close())
        self.protocol("WM_DELETE_WINDOW", self._close)
        self.transient(parent.winfo_toplevel())
        self.focus_set()

    def _close(self) -> None:
        if not is_asked(self):
            self.destroy()
