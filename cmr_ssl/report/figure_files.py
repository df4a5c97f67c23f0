"""Colours of figures, and figures as PNG files."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cmr_ssl.files import write_atomically

POINTS, NEUTRAL, LIMIT, LINE = "#2f6db3", "#8a8a8a", "#c4513a", "#444444"
DOTS_PER_INCH = 130


def draw_identity(axes: Axes, most: float) -> None:
    """Draw the line of identity from 0 to `most`."""
    axes.plot([0, most], [0, most], color=LINE, linewidth=0.8)


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, atomically."""
    write_atomically(path, lambda stream: figure.savefig(stream, format="png", dpi=DOTS_PER_INCH))
