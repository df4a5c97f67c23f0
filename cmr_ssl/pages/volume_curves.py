"""Volumes over the beat as a drawing."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.pages.axes import Axis, axis
from cmr_ssl.volumes import ends_of_beat

Array = NDArray[np.float64]

WIDTH, HEIGHT = 1064, 330
LEFT, RIGHT, TOP, BOTTOM = 46, 84, 22, 34  # margins
APART = 13.0  # between names at the right end


class Curve(NamedTuple):
    """One structure."""

    name: str  # of the structure
    points: str  # of an SVG polyline; "" where frames are missing
    dots: list[tuple[float, float]]  # the known frames, where frames are missing
    end: float  # vertical position of its name


class Mark(NamedTuple):
    """ED or ES: its name, position and volume."""

    name: str
    x: float
    y: float
    ml: float


class Drawing(NamedTuple):
    """Axes, curves and marks of the drawing."""

    width: int
    height: int
    x: Axis
    y: Axis
    unit: str
    curves: list[Curve]
    marks: list[Mark]


def draw(curves: dict[str, Array], frame_ms: float) -> Drawing | None:
    """Return the drawing, None without a curve.

    Args:
        curves: structure to volume in mL, (T,), NaN where unknown; those with other T share the beat.
        frame_ms: time between frames of the LV, NaN if unknown.
    """
    known = {name: curve for name, curve in curves.items() if np.isfinite(curve).any()}
    if not known:
        return None
    lead = known.get("LV", next(iter(known.values())))
    beat = len(lead) * frame_ms if np.isfinite(frame_ms) else float(len(lead))
    x = axis(0, beat, LEFT, WIDTH - RIGHT, ticks=8)
    top = max(float(np.nanmax(curve)) for curve in known.values())
    y = axis(0, top * 1.04, HEIGHT - BOTTOM, TOP, whole=True)
    lines = [_curve(name, curve, beat, x, y) for name, curve in known.items()]
    unit = "ms" if np.isfinite(frame_ms) else "frame"
    marks = _marks(known["LV"], beat, x, y) if "LV" in known and np.isfinite(known["LV"]).sum() > 1 else []
    return Drawing(WIDTH, HEIGHT, x, y, unit, _apart(lines), marks)


def _curve(name: str, curve: Array, beat: float, x: Axis, y: Axis) -> Curve:
    """Return a curve, closed into the next beat where every frame is known."""
    points = [(x(frame / len(curve) * beat), y(float(ml))) for frame, ml in enumerate(curve) if np.isfinite(ml)]
    if not np.isfinite(curve).all():
        return Curve(name, "", points, points[-1][1])
    closed = [*points, (x(beat), points[0][1])]
    return Curve(name, " ".join(f"{across:g},{up:g}" for across, up in closed), [], points[0][1])


def _marks(lv: Array, beat: float, x: Axis, y: Axis) -> list[Mark]:
    frames = zip(("ED", "ES"), ends_of_beat(lv), strict=True)
    return [Mark(name, x(frame / len(lv) * beat), y(float(lv[frame])), float(lv[frame])) for name, frame in frames]


def _apart(curves: list[Curve]) -> list[Curve]:
    """Return curves whose names do not cover each other."""
    moved: list[Curve] = []
    for curve in sorted(curves, key=lambda curve: curve.end):
        least = moved[-1].end + APART if moved else 0.0
        moved.append(curve._replace(end=max(curve.end, least)))
    excess = max(0.0, moved[-1].end - (HEIGHT - BOTTOM))
    return [curve._replace(end=curve.end - excess) for curve in moved]
