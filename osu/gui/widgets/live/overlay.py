"""Rectangles on the screen itself: drag one over a dimmed picture of it, or see where one lies."""

import tkinter as tk
from collections.abc import Callable

from PIL import Image, ImageEnhance, ImageGrab, ImageTk

LINE_PX = 3
LINE = "#f25c7a"
SHOWN_MS = 2500
HIDDEN_MS = 250  # until the window's place is painted over
LEAST_DRAG_PX = 40
HINT = "Drag the rectangle. Escape gives up."


def drag_rect(window: tk.Tk, on_rect: Callable[[tuple[int, int, int, int]], None]) -> None:
    """Hide `window`, cover the screen with its own picture and let a rectangle be dragged there.

    `on_rect` hears left, top, width, height in pixels of the screen. The picture is why the game
    can be seen where windows can't be translucent.
    """
    window.withdraw()
    window.after(HIDDEN_MS, lambda: _cover(window, on_rect))


def _cover(window: tk.Tk, on_rect: Callable[[tuple[int, int, int, int]], None]) -> None:
    left, top = window.winfo_vrootx(), window.winfo_vrooty()
    width, height = window.winfo_vrootwidth(), window.winfo_vrootheight()
    cover = tk.Toplevel(window)
    cover.overrideredirect(True)
    cover.geometry(f"{width}x{height}+{left}+{top}")
    cover.attributes("-topmost", True)
    canvas = tk.Canvas(cover, cursor="crosshair", highlightthickness=0)
    canvas.pack(fill="both", expand=True)
    canvas.picture = ImageTk.PhotoImage(_screen(width, height), master=cover)  # Tk keeps none
    canvas.create_image(0, 0, image=canvas.picture, anchor="nw")
    canvas.create_text(width / 2, 40, text=HINT, fill="white", font=("TkDefaultFont", 16))
    box = canvas.create_rectangle(0, 0, 0, 0, outline=LINE, width=LINE_PX)
    begun = [0, 0]

    def begin(event: tk.Event) -> None:
        begun[:] = event.x, event.y

    def drag(event: tk.Event) -> None:
        canvas.coords(box, *begun, event.x, event.y)

    def end(event: tk.Event) -> None:
        x, y = min(begun[0], event.x), min(begun[1], event.y)
        wide, high = abs(event.x - begun[0]), abs(event.y - begun[1])
        give_up(event)
        if min(wide, high) >= LEAST_DRAG_PX:
            on_rect((left + x, top + y, wide, high))

    def give_up(event: tk.Event) -> None:
        cover.destroy()
        window.deiconify()

    canvas.bind("<Button-1>", begin)
    canvas.bind("<B1-Motion>", drag)
    canvas.bind("<ButtonRelease-1>", end)
    cover.bind("<Escape>", give_up)
    cover.focus_force()


def _screen(width: int, height: int) -> Image.Image:
    """What the screen shows, dimmed; dark where that can't be had."""
    try:
        shot = ImageGrab.grab(all_screens=True).convert("RGB").resize((width, height))
    except OSError:
        return Image.new("RGB", (width, height), "#11121a")
    return ImageEnhance.Brightness(shot).enhance(0.6)


def show_rect(parent: tk.Misc, rect: tuple[float, float, float, float]) -> None:
    """Four thin lines around the rectangle for a moment; what is inside stays as it is."""
    left, top, width, height = map(round, rect)
    outer = width + 2 * LINE_PX
    sides = (
        (outer, LINE_PX, left - LINE_PX, top - LINE_PX),
        (outer, LINE_PX, left - LINE_PX, top + height),
        (LINE_PX, height, left - LINE_PX, top),
        (LINE_PX, height, left + width, top),
    )
    for wide, high, x, y in sides:
        line = tk.Toplevel(parent, background=LINE)
        line.overrideredirect(True)
        line.attributes("-topmost", True)
        line.geometry(f"{wide}x{high}+{x}+{y}")
        line.after(SHOWN_MS, line.destroy)
