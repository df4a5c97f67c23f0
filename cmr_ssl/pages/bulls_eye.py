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
    """From which value to which one colours run, pale to dark.

    Attributes:
        low: pale.
        high: dark; may be below `low`, for strains that are negative.
        hue: degrees.
        digits: behind the point.
    """

    low: float
    high: float
    hue: int
    digits: int = 0

    def share(self, value: float) -> float:
        """Return how dark a value is, 0 to 1."""
        return float(np.clip((value - self.low) / (self.high - self.low), 0, 1))

    def colour(self, value: float) -> str:
        """Return the colour of a value."""
        share = self.share(value)
        return f"hsl({self.hue} {30 + 30 * share:.0f}% {95 - 58 * share:.0f}%)"


class Part(NamedTuple):
    """One segment: its outline, colour, number, where that stands and in which colour, and what it is."""

    path: str
    fill: str
    text: str
    x: float
    y: float
    ink: str
    title: str


class BullsEye(NamedTuple):
    """One bull's eye.

    Attributes:
        title: what is shown.
        unit: of the numbers.
        parts: the segments.
        scale: colours at some values, for the legend: value and colour.
        mean: of the segments; the global value of a strain; "" where nothing is known.
    """

    title: str
    unit: str
    parts: list[Part]
    scale: list[tuple[str, str]]
    mean: str


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
    """Return the bull's eyes of one heart, those of which anything is known."""
    found = []
    for (measure, phase), (title, scale) in SEGMENTAL.items():
        values = _values(regional, measure, phase)
        found.append(_segmental(title, _unit(regional, measure), values, scale))
    for (measure, phase), (title, scale) in BY_LEVEL.items():
        values = _values(regional, measure, phase)
        found.append(_levels(title, _unit(regional, measure), values, scale))
    return [one for one in found if one.mean]


def _values(regional: list[Value], measure: str, phase: str) -> dict[str, float]:
    return {one.segment: one.value for one in regional if (one.measure, one.phase) == (measure, phase)}


def _unit(regional: list[Value], measure: str) -> str:
    return next((one.unit for one in regional if one.measure == measure), "")


def _segmental(title: str, unit: str, values: Mapping[str, float], scale: Scale) -> BullsEye:
    parts = []
    for ring, (first, count) in enumerate(RINGS):
        for place in range(count):
            segment = first + place
            middle = ANTERIOR + place * 360 / count
            name = f"{segment} {SEGMENTS[segment - 1]}"
            value = values.get(str(segment), np.nan)
            parts.append(_part(name, value, unit, scale, ring, (middle - 180 / count, middle + 180 / count)))
    parts.append(_apex(f"17 {SEGMENTS[16]}", values.get("17", np.nan), unit, scale))
    known = [value for value in values.values() if np.isfinite(value)]
    mean = f"mean {number(float(np.mean(known)), scale.digits)} {unit}" if known else ""
    return BullsEye(title, unit, parts, _legend(scale), mean)


def _levels(title: str, unit: str, values: Mapping[str, float], scale: Scale) -> BullsEye:
    parts = [
        _part(level, values.get(level, np.nan), unit, scale, ring, (90.0, 450.0)) for ring, level in enumerate(LEVELS)
    ]
    whole = values.get("global", np.nan)
    parts.append(_apex("global", whole, unit, scale))
    mean = f"in the middle: global, {unit}" if np.isfinite(whole) else ""
    return BullsEye(title, unit, parts, _legend(scale), mean)


def _part(name: str, value: float, unit: str, scale: Scale, ring: int, arc: tuple[float, float]) -> Part:
    outer, inner = RADII[ring], RADII[ring + 1]
    at = np.deg2rad(sum(arc) / 2 if arc[1] - arc[0] < 360 else 90.0)
    middle = (outer + inner) / 2
    return _told(_sector(outer, inner, arc), name, value, unit, scale, middle * np.cos(at), -middle * np.sin(at))


def _apex(name: str, value: float, unit: str, scale: Scale) -> Part:
    radius = RADII[-1]
    path = f"M{radius:g},0A{radius:g},{radius:g} 0 1 0 -{radius:g},0A{radius:g},{radius:g} 0 1 0 {radius:g},0Z"
    return _told(path, name, value, unit, scale, 0.0, 0.0)


def _told(path: str, name: str, value: float, unit: str, scale: Scale, x: float, y: float) -> Part:
    if not np.isfinite(value):
        return Part(path, "url(#unknown)", "", x, y, "", f"{name}: not measurable")
    text = number(value, scale.digits)
    ink = "#fff" if scale.share(value) > DARK else "#1d2733"
    return Part(path, scale.colour(value), text, round(x, 1), round(y, 1), ink, f"{name}: {text} {unit}")


def _sector(outer: float, inner: float, arc: tuple[float, float]) -> str:
    """Return the outline of a part of a ring between two angles, degrees; a full ring as outer and inner circle."""
    if arc[1] - arc[0] >= 360:
        circles = [
            f"M{r:g},0A{r:g},{r:g} 0 1 {turn} -{r:g},0A{r:g},{r:g} 0 1 {turn} {r:g},0Z"
            for r, turn in ((outer, 0), (inner, 1))
        ]
        return "".join(circles)
    (x0, y0), (x1, y1) = (_point(outer, angle) for angle in arc)
    (x2, y2), (x3, y3) = (_point(inner, angle) for angle in reversed(arc))
    return (
        f"M{x0:g},{y0:g}A{outer:g},{outer:g} 0 0 0 {x1:g},{y1:g}L{x2:g},{y2:g}A{inner:g},{inner:g} 0 0 1 {x3:g},{y3:g}Z"
    )


def _point(radius: float, degrees: float) -> tuple[float, float]:
    angle = np.deg2rad(degrees)
    return round(float(radius * np.cos(angle)), 2), round(float(-radius * np.sin(angle)), 2)


def _legend(scale: Scale) -> list[tuple[str, str]]:
    values = np.linspace(scale.low, scale.high, 5)
    return [(number(float(value), 0), scale.colour(float(value))) for value in values]
