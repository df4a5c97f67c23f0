"""Measures of the left ventricle's segments and levels as bull's eyes: apex in the middle, anterior wall at the top.

Arrangement and numbers of the segments: Cerqueira et al., Circulation 2002; 105:539.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cmr_ssl.measures import Value
from cmr_ssl.pages.numbers import SEGMENTS
from cmr_ssl.pages.render import number

RADII = (98.0, 70.0, 43.0, 17.0)  # of basal, mid and apical ring and of the apex
ANTERIOR = 90.0  # degrees, counterclockwise from the right
RINGS = ((1, 6), (7, 6), (13, 4))  # first segment of a ring, and how many it has
LEVELS = ("basal", "mid", "apical")
DARK = 0.52  # share of a scale beyond which text is white


class Scale(NamedTuple):
    """A colour scale, pale to dark."""

    low: float  # value of the palest colour
    high: float  # value of the darkest; may be below `low`, for strains that are negative
    hue: int  # degrees
    digits: int = 0  # of printed values, after the point

    def share(self, value: float) -> float:
        """Return the darkness of a value, 0 to 1."""
        return float(np.clip((value - self.low) / (self.high - self.low), 0, 1))

    def colour(self, value: float) -> str:
        """Return the CSS colour of a value."""
        share = self.share(value)
        return f"hsl({self.hue} {30 + 30 * share:.0f}% {95 - 58 * share:.0f}%)"


class Part(NamedTuple):
    """One segment: outline, fill, text, its position and colour, and a title that explains it."""

    path: str
    fill: str
    text: str
    x: float
    y: float
    ink: str
    title: str


class BullsEye(NamedTuple):
    """One bull's eye."""

    title: str  # name of the measure
    unit: str  # of the numbers
    parts: list[Part]  # the segments
    scale: list[tuple[str, str]]  # value and colour of the legend's entries
    mean: str  # of the segments, or the global value of a strain, in words; "" where nothing is known


SEGMENTAL = {
    ("wall thickness", "ED"): ("Wall thickness at ED", Scale(3, 15, 212, 1)),
    ("wall thickness", "ES"): ("Wall thickness at ES", Scale(4, 20, 212, 1)),
    ("wall thickening", "ED to ES"): ("Wall thickening", Scale(0, 100, 160)),
}
BY_LEVEL = {
    ("circumferential strain, endocardial", "ES"): ("Circumferential strain", Scale(0, -40, 20)),
    ("radial strain", "ES"): ("Radial strain", Scale(0, 80, 160)),
}


def bulls_eyes(regional: list[Value]) -> list[BullsEye]:
    """Return the bull's eyes of one heart that have any value."""
    eyes = []
    for draw, measures in ((_by_segment, SEGMENTAL), (_by_level, BY_LEVEL)):
        for (measure, phase), (title, scale) in measures.items():
            values = {line.segment: line.value for line in regional if (line.measure, line.phase) == (measure, phase)}
            unit = next((line.unit for line in regional if line.measure == measure), "")
            parts, mean = draw(values, unit, scale)
            legend = [float(value) for value in np.linspace(scale.low, scale.high, 5)]
            eyes.append(BullsEye(title, unit, parts, [(number(v, 0), scale.colour(v)) for v in legend], mean))
    return [eye for eye in eyes if eye.mean]


def _by_segment(values: Mapping[str, float], unit: str, scale: Scale) -> tuple[list[Part], str]:
    """Return the 17 segments and their mean in words."""
    parts = []
    for ring, (first, count) in enumerate(RINGS):
        for segment in range(first, first + count):
            middle = ANTERIOR + (segment - first) * 360 / count
            name = f"{segment} {SEGMENTS[segment - 1]}"
            value = values.get(str(segment), np.nan)
            parts.append(_part(name, value, unit, scale, ring, (middle - 180 / count, middle + 180 / count)))
    parts.append(_apex(f"17 {SEGMENTS[16]}", values.get("17", np.nan), unit, scale))
    known = [value for value in values.values() if np.isfinite(value)]
    return parts, f"mean {number(float(np.mean(known)), scale.digits)} {unit}" if known else ""


def _by_level(values: Mapping[str, float], unit: str, scale: Scale) -> tuple[list[Part], str]:
    """Return a ring a level around the global value, and what the latter is in words."""
    full = (90.0, 450.0)
    parts = [_part(name, values.get(name, np.nan), unit, scale, ring, full) for ring, name in enumerate(LEVELS)]
    whole = values.get("global", np.nan)
    return [*parts, _apex("global", whole, unit, scale)], f"in the middle: global, {unit}" if np.isfinite(whole) else ""


def _part(name: str, value: float, unit: str, scale: Scale, ring: int, arc: tuple[float, float]) -> Part:
    outer, inner = RADII[ring], RADII[ring + 1]
    angle = np.deg2rad(sum(arc) / 2 if arc[1] - arc[0] < 360 else 90.0)
    x, y = (outer + inner) / 2 * np.array([np.cos(angle), -np.sin(angle)])
    return _coloured(_sector(outer, inner, arc), name, value, unit, scale, float(x), float(y))


def _apex(name: str, value: float, unit: str, scale: Scale) -> Part:
    return _coloured(_circle(RADII[-1], 0), name, value, unit, scale, 0.0, 0.0)


def _coloured(path: str, name: str, value: float, unit: str, scale: Scale, x: float, y: float) -> Part:
    if not np.isfinite(value):
        return Part(path, "url(#unknown)", "", x, y, "", f"{name}: not measurable")
    text = number(value, scale.digits)
    ink = "#fff" if scale.share(value) > DARK else "#1d2733"
    return Part(path, scale.colour(value), text, round(x, 1), round(y, 1), ink, f"{name}: {text} {unit}")


def _sector(outer: float, inner: float, arc: tuple[float, float]) -> str:
    """Return the outline of a part of a ring between two angles, degrees; of a full ring its two circles."""
    if arc[1] - arc[0] >= 360:
        return _circle(outer, 0) + _circle(inner, 1)
    (x0, y0), (x1, y1) = (_point(outer, angle) for angle in arc)
    (x2, y2), (x3, y3) = (_point(inner, angle) for angle in reversed(arc))
    return (
        f"M{x0:g},{y0:g}A{outer:g},{outer:g} 0 0 0 {x1:g},{y1:g}L{x2:g},{y2:g}A{inner:g},{inner:g} 0 0 1 {x3:g},{y3:g}Z"
    )


def _circle(radius: float, sweep: int) -> str:
    r = f"{radius:g}"
    return f"M{r},0A{r},{r} 0 1 {sweep} -{r},0A{r},{r} 0 1 {sweep} {r},0Z"


def _point(radius: float, degrees: float) -> tuple[float, float]:
    angle = np.deg2rad(degrees)
    return round(float(radius * np.cos(angle)), 2), round(float(-radius * np.sin(angle)), 2)
