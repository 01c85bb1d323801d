"""Matplotlib figures as PNG bytes, without pyplot: no backend is chosen, nothing stays open."""

import io

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def subplots(rows: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of width x height inches and its axes, row by row."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def png(figure: Figure, dpi: int = 110) -> bytes:
    """PNG bytes, the same ones for the same picture (no version of matplotlib in them)."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()
