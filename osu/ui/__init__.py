"""The window's panels: Tk widgets only. The work is in osu.worker, the drawing in osu.render."""
