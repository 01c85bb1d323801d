"""The window's panels: Tk widgets only. Work is in osu.gui.worker, drawing in osu.render."""
