"""Beside the list of plays: their charts, and the line that undoes a removal."""
