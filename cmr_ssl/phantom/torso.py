"""The chest around the heart, painted once per slice because it does not beat.

Everything is a soft solid in patient coordinates (RAS+ mm), painted from the skin inwards.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.phantom.population import Body

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


class Tissue(NamedTuple):
    """Signal relative to blood, and shares of fat and air."""

    signal: float
    fat: float = 0.0
    air: float = 0.0


class Tissues(NamedTuple):
    """Signals of one subject relative to blood in the left ventricle, and the scanner's factors on others."""

    muscle: float  # of the heart
    fat: float
    liver: float
    spleen: float
    wall: float
    lung: float
    marrow: float
    stomach: float
    rv_blood: float
    organs: float = 1.0  # factor on the signals of walls and small organs, which do not vary between subjects
    border: float = 1.0  # darkness of lines between fat and water, 0 to 1
    flow: float = 1.0  # factor on the signal loss of moving blood, 0 to 2


class Torso(NamedTuple):
    """Sizes of one chest in mm, signals, and the phases (3,) of its textures."""

    half_width: float
    half_depth: float
    fat: float
    breast: float
    dome: float
    tissues: Tissues
    phases: Array


class Canvas:
    """Signal, fat and air of N points while solids are painted over each other."""

    def __init__(self, count: int) -> None:
        self.signal = np.zeros(count, np.float32)
        self.fat = np.zeros(count, np.float32)
        self.air = np.ones(count, np.float32)

    def paint(self, cover: Floats, tissue: Tissue, signal: Floats | None = None) -> None:
        """Cover points by `cover` (N,), 0 to 1, with `tissue`, or with a textured `signal` (N,) of that tissue."""
        self.signal += cover * ((tissue.signal if signal is None else signal) - self.signal)
        self.fat += cover * (tissue.fat - self.fat)
        self.air += cover * (tissue.air - self.air)

    def develop(self, border: float = 1.0) -> Floats:
        """Return the signal, with lines where fat and water share a voxel, as dark as `border`, 1 in opposed phase."""
        water = np.clip(1.0 - self.fat - self.air, 0.0, 1.0)
        return np.asarray(self.signal * (1.0 - 0.7 * border * np.clip(4.0 * self.fat * water, 0, 1)), np.float32)


def draw_tissues(rng: np.random.Generator) -> Tissues:
    """Draw the signals of one subject."""
    return Tissues(
        muscle=float(rng.normal(0.30, 0.03)),
        fat=float(rng.normal(0.85, 0.06)),
        liver=float(rng.normal(0.36, 0.05)),
        spleen=float(rng.normal(0.38, 0.05)),
        wall=float(rng.normal(0.22, 0.03)),
        lung=float(np.clip(rng.normal(0.06, 0.015), 0.03, 0.1)),
        marrow=float(rng.normal(0.42, 0.05)),
        stomach=float(rng.uniform(0.1, 0.6)),
        rv_blood=float(rng.normal(0.95, 0.03)),
    )


def draw_torso(rng: np.random.Generator, body: Body) -> Torso:
    """Draw the chest of a person."""
    heavy = (body.bmi - 26.5) / 4.2
    breast = 0.0 if body.male else float(np.clip(rng.normal(18.0 + 6.0 * heavy, 5.0), 2.0, 45.0))
    return Torso(
        half_width=float(np.clip(172.0 + 9.0 * heavy + rng.normal(0, 5) + (6.0 if body.male else -6.0), 145, 215)),
        half_depth=float(np.clip(116.0 + 8.0 * heavy + rng.normal(0, 4), 98, 150)),
        fat=float(np.clip(14.0 + 6.0 * heavy + rng.normal(0, 2.0), 5.0, 40.0)),
        breast=breast,
        dome=float(rng.normal(0.0, 6.0)),
        tissues=draw_tissues(rng),
        phases=rng.uniform(0, 2 * np.pi, 3),
    )


def heart_centre(rng: np.random.Generator, torso: Torso) -> Array:
    """Draw the middle of the ventricles, patient mm, (3,)."""
    front = torso.half_depth - torso.fat - 14.0
    return np.array([-22.0, front - 46.0, 0.0]) + rng.normal(0.0, 4.0, 3)


def soft(inside: Floats, width: float = 1.5) -> Floats:
    """Return the covered share of a voxel at depth `inside` in mm, rising from 0 to 1 over `width`."""
    return np.clip(0.5 + inside / width, 0.0, 1.0).astype(np.float32)


def paint_torso(points: Array, torso: Torso, shift: Array, width: float) -> Floats:
    """Return the signal of the still chest at points (N, 3), patient mm, with borders that are `width` mm soft.

    Breathing displaces the organs by `shift` mm, (3,), but not skin, ribs and spine.
    """
    canvas = Canvas(len(points))
    x, y, z = points.T.astype(np.float32)
    depth = _wall(canvas, torso, x, y, z, width)
    inner = np.clip(0.5 + (depth - 15.0) / width, 0, 1).astype(np.float32)
    mx, my, mz = (points - shift).T.astype(np.float32)
    _lungs(canvas, torso, inner, mx, my, mz)
    _mediastinum(canvas, torso, inner, mx, my, mz, width)
    _abdomen(canvas, torso, inner, mx, my, mz, width)
    _spine(canvas, torso, x, y, z, width)
    return canvas.develop(torso.tissues.border)


def _wall(canvas: Canvas, torso: Torso, x: Floats, y: Floats, z: Floats, width: float) -> Floats:
    """Paint skin fat, muscle and ribs; return the depth below the fat in mm."""
    q = (np.abs(x / torso.half_width) ** 2.6 + np.abs(y / torso.half_depth) ** 2.6) ** (1 / 2.6)
    front = np.clip(y / torso.half_depth, 0, 1) ** 2
    bulge = torso.breast * front * np.exp(-(((np.abs(x) - 75.0) / 45.0) ** 2) - (((z - 5.0) / 60.0) ** 2))
    below_skin = np.hypot(x, y) * (1.0 / np.maximum(q, 1e-3) - 1.0) + bulge
    fat = torso.fat * (0.75 + 0.25 * np.cos(2 * np.arctan2(y, x))) + bulge
    fat += 1.5 * np.sin(x / 23.0 + torso.phases[0]) * np.sin(z / 31.0 + torso.phases[1])
    depth = below_skin - fat
    tissues = torso.tissues
    canvas.paint(soft(below_skin, width), Tissue(tissues.fat, fat=1.0))
    canvas.paint(soft(depth, width), Tissue(tissues.wall))
    slant = z + 0.35 * np.abs(x) - 0.4 * y
    rib = np.cos(2 * np.pi * slant / 27.0 + torso.phases[2]) * 8.0 - 2.5
    rib = np.minimum(rib, 4.0 - np.abs(depth - 9.0))
    canvas.paint(soft(rib, width), Tissue(0.06))
    canvas.paint(soft(rib - 1.6, width), Tissue(tissues.marrow, fat=0.3))
    streak = 2.2 - np.abs(depth - 3.0 - 1.5 * np.sin(z / 17.0 + torso.phases[0]))
    canvas.paint(soft(streak, width) * soft(-rib, width), Tissue(0.6 * tissues.fat, fat=1.0))
    return np.asarray(depth, np.float32)


def _specks(torso: Torso, x: Floats, y: Floats, z: Floats, size: float) -> Floats:
    """Return branching bright spots, 0 to 1: where three crossed waves peak together."""
    a, b, c = torso.phases
    waves = np.sin((0.80 * x + 0.52 * y + 0.30 * z) / size + a) + np.sin((-0.52 * x + 0.80 * y - 0.35 * z) / size + b)
    waves += np.sin((0.30 * x - 0.25 * y + 0.92 * z) / (1.3 * size) + c)
    return np.asarray(np.clip((waves - 2.1) * 2.0, 0, 1), np.float32)


def _lungs(canvas: Canvas, torso: Torso, inner: Floats, x: Floats, y: Floats, z: Floats) -> None:
    lung = torso.tissues.lung
    hilum = np.exp(-(((np.abs(x) - 55.0) / 40.0) ** 2) - ((y + 20.0) / 45.0) ** 2)
    signal = lung * (1 + 0.25 * np.sin(x / 40.0 + y / 30.0)) + 0.5 * hilum * _specks(torso, x, y, z, 3.6)
    canvas.paint(inner, Tissue(lung, air=1.0), signal.astype(np.float32))


def _mediastinum(canvas: Canvas, torso: Torso, inner: Floats, x: Floats, y: Floats, z: Floats, width: float) -> None:
    """Paint the fat between the lungs and the descending aorta, in front of the spine."""
    spine_y = _spine_y(torso)
    half = 4.0 + 18.0 * np.exp(-(((y - spine_y) / 32.0) ** 2)) + 26.0 * np.clip((z - 12.0) / 50.0, 0, 1)
    half += 5.0 * np.sin(z / 14.0 + torso.phases[0]) * np.sin(y / 16.0 + torso.phases[1])
    signal = 0.42 + 0.2 * np.sin(x / 9.0 + torso.phases[2]) * np.sin(y / 8.0 + z / 10.0)
    cover = soft(half - np.abs(x + 10.0), 5.0) * inner
    canvas.paint(cover, Tissue(0.42, fat=0.5), signal.astype(np.float32))
    aorta = 12.0 - np.hypot(x + 24.0, y - spine_y - 20.0)
    canvas.paint(soft(aorta + 1.8, width), Tissue(0.2 * torso.tissues.organs))
    canvas.paint(soft(aorta, width), Tissue(0.95))
    gullet = 6.0 - np.hypot((x + 6.0) / 1.4, y - spine_y - 28.0)
    canvas.paint(soft(gullet, width), Tissue(0.3 * torso.tissues.organs))


def _spine_y(torso: Torso) -> float:
    return -torso.half_depth + torso.fat + 52.0


def _abdomen(canvas: Canvas, torso: Torso, inner: Floats, x: Floats, y: Floats, z: Floats, width: float) -> None:
    """Paint the organs under the diaphragm: liver right, stomach and spleen left, fat between."""
    right = 36.0 * np.exp(-(((x - 75.0) / 56.0) ** 2) - (((y - 5.0) / 62.0) ** 2))
    left = 12.0 * np.exp(-(((x + 85.0) / 55.0) ** 2) - (((y + 45.0) / 60.0) ** 2))
    edge = np.hypot(x / torso.half_width, y / torso.half_depth)
    floor = (
        -48.0
        + torso.dome
        + right
        + left
        + 0.25 * np.clip(x + 10.0, -90.0, 0.0)
        - 60.0 * np.clip(edge - 0.62, 0, 1) ** 1.5
    )
    under = soft(floor - z, 2 * width) * inner
    tissues = torso.tissues
    bowel = 0.45 + 0.3 * np.sin(x / 9 + torso.phases[0]) * np.sin(y / 11 + torso.phases[1]) * np.sin(z / 8)
    canvas.paint(under, Tissue(0.45, fat=0.4), bowel.astype(np.float32))
    vessels = 0.35 * _specks(torso, x, y, z, 7.0)
    left_edge = x + 38.0 + 0.25 * y + 6.0 * np.sin(z / 13.0) + 5.0 * np.sin(y / 15.0)
    liver = np.minimum(floor - z - 2.0, 0.8 * left_edge)
    canvas.paint(soft(liver, width) * inner, Tissue(tissues.liver), (tissues.liver + vessels).astype(np.float32))
    bubble = 38.0 * (1 - np.sqrt(((x + 70.0) / 42.0) ** 2 + ((y - 8.0) / 36.0) ** 2 + ((z + 78.0) / 34.0) ** 2))
    a, b, c = torso.phases
    folds = np.sin(x / 8 + z / 13 + a) + np.sin(y / 7 - z / 9 + b) + np.sin(z / 6 + x / 15 + c)
    bubble = bubble + 2.5 * folds
    canvas.paint(soft(bubble + 3.5, width) * under, Tissue(0.32 * tissues.organs))
    meal = (tissues.stomach * (1 + 0.22 * folds * np.sin(x / 4 + b) * np.sin(y / 5 + c))).astype(np.float32)
    canvas.paint(soft(bubble, width) * under, Tissue(tissues.stomach), meal)
    spleen = 30.0 * (1 - np.sqrt(((x + 105.0) / 30.0) ** 2 + ((y + 48.0) / 42.0) ** 2 + ((z + 80.0) / 42.0) ** 2))
    spleen = spleen + 2.0 * np.sin(x / 13 + b) * np.sin(z / 16 + a)
    pulp = (tissues.spleen + 0.2 * _specks(torso, x, y, z, 5.0)).astype(np.float32)
    canvas.paint(soft(spleen, width) * under, Tissue(tissues.spleen), pulp)


def _spine(canvas: Canvas, torso: Torso, x: Floats, y: Floats, z: Floats, width: float) -> None:
    """Paint vertebrae with discs, the canal with its cord, and the muscles of the back."""
    tissues, middle = torso.tissues, _spine_y(torso)
    back = np.hypot((np.abs(x) - 30.0) / 1.2, y - middle + 30.0)
    canvas.paint(soft(24.0 - back, width), Tissue(tissues.wall, fat=0.1))
    body = 19.0 - np.hypot(x / 1.15, y - middle)
    canvas.paint(soft(body + 1.5, width), Tissue(0.08))
    disc = soft(np.cos(2 * np.pi * z / 30.0 + torso.phases[1]) * 5.0 - 3.6, width)
    canvas.paint(soft(body, width), Tissue(tissues.marrow))
    canvas.paint(soft(body, width) * disc, Tissue(0.25))
    canal = 8.5 - np.hypot(x / 1.2, y - middle + 28.0)
    canvas.paint(soft(canal + 2.0, width), Tissue(0.08))
    canvas.paint(soft(canal, width), Tissue(0.9))
    canvas.paint(soft(canal - 4.0, width), Tissue(0.38 * tissues.organs))
