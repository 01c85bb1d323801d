"""Matplotlib figures as PNG bytes, without pyplot: no backend is chosen, nothing stays open."""

import io

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# With the letters of Japan, China and Korea, as systems call theirs.
FONTS = (
    *("Noto Sans CJK JP", "Noto Sans JP", "Yu Gothic", "Meiryo", "MS Gothic", "Hiragino Sans"),
    *("IPAPGothic", "IPAGothic", "TakaoPGothic", "VL PGothic", "WenQuanYi Zen Hei"),
    *("Noto Sans CJK KR", "Malgun Gothic", "Microsoft YaHei", "PingFang SC", "Apple SD Gothic Neo"),
)


def subplots(rows: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of width x height inches and its axes, row by row."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def fonts() -> list[str]:
    """For titles in any writing: the default, then what this system has of FONTS."""
    there = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in FONTS if name in there)]


def png(figure: Figure, dpi: int = 110) -> bytes:
    """PNG bytes, the same ones for the same picture (no version of matplotlib in them)."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()
