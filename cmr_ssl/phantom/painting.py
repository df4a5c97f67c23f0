"""What a beating heart looks like at given points: signal before the scanner spoils it, and exact classes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl import anatomy
from cmr_ssl.phantom.heart import ATRIAL_WALL_MM, Heart
from cmr_ssl.phantom.surfaces import Places, depth, places, square_at
from cmr_ssl.phantom.torso import Tissues
from cmr_ssl.phantom.vessels import Tube, ascending_aorta, papillaries, still_vessels, tube_depth

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]

RV_WALL_MM = 3.0
VESSEL_WALL_MM = 1.5


class Scene(NamedTuple):
    """A heart with its vessels, fat and signals.

    Attributes:
        heart: the chambers.
        aorta: tubes of the ascending aorta, the first rooted in the mitral plane.
        vessels: still tubes filled with blood.
        papillaries: muscles inside the LV.
        tissues: signals.
        fat_mm: thickness of the fat around the heart.
        phases: (3,) of its textures.
    """

    heart: Heart
    aorta: list[Tube]
    vessels: list[Tube]
    papillaries: list[Tube]
    tissues: Tissues
    fat_mm: float
    phases: Array


class Depths(NamedTuple):
    """How deep points lie in each chamber, mm, negative outside, each (T, N)."""

    endo: Floats
    epi: Floats
    rv_outer: Floats
    rv_inner: Floats
    la: Floats
    ra: Floats
    aorta: Floats


def make_scene(heart: Heart, tissues: Tissues, fat_mm: float, phases: Array) -> Scene:
    """Return the scene of a heart."""
    return Scene(heart, ascending_aorta(heart), still_vessels(heart), papillaries(heart), tissues, fat_mm, phases)


def measure(scene: Scene, points: Floats, frames: slice) -> Depths:
    """Return the depths of points (N, 3) in heart mm."""
    heart = scene.heart
    at = places(heart.epi, points)
    inner2 = square_at(heart.epi, at, frames)
    inner = np.sqrt(inner2)
    outer = np.sqrt(inner2 + square_at(heart.rv, at, frames))
    mitral = heart.mitral[frames, None].astype(np.float32) - at.z
    bottom = at.z - heart.epi.bottom[frames, None].astype(np.float32)
    return Depths(
        endo=depth(heart.endo, at, frames),
        epi=np.minimum(np.minimum(inner - at.r, bottom), mitral),
        rv_outer=outer - at.r,
        rv_inner=inner - at.r,
        la=depth(heart.la, places(heart.la, points), frames),
        ra=depth(heart.ra, places(heart.ra, points), frames),
        aorta=_aorta_depth(scene, points, frames, -mitral),
    )


def _aorta_depth(scene: Scene, points: Floats, frames: slice, above: Floats) -> Floats:
    root = np.minimum(tube_depth(scene.aorta[0], points, frames), above)
    return np.asarray(np.maximum(root, tube_depth(scene.aorta[1], points, frames)), np.float32)


def classify(depths: Depths) -> Labels:
    """Return the class of each point and frame, (T, N)."""
    labels = np.zeros(depths.endo.shape, np.uint8)
    labels[depths.ra > 0] = anatomy.RA
    labels[depths.la > 0] = anatomy.LA
    labels[(depths.rv_outer > 0) & (depths.rv_inner <= 0)] = anatomy.RV
    labels[depths.epi > 0] = anatomy.MYOCARDIUM
    labels[depths.endo > 0] = anatomy.LV
    return labels


def paint(scene: Scene, depths: Depths, points: Floats, ground: Floats, frames: slice, width: float) -> Floats:
    """Paint the heart over what lies behind it, from the outside in.

    Args:
        scene: the heart.
        depths: of the points, from `measure`.
        points: heart mm, (N, 3).
        ground: signal of the still chest at the points, (N,).
        frames: which frames.
        width: softness of borders in mm.

    Returns:
        signal relative to blood, (T, N).
    """
    muscle, blood = scene.tissues.muscle, scene.tissues.rv_blood
    signal = np.repeat(ground[None], len(depths.endo), axis=0)
    rv_wall = depths.rv_outer + RV_WALL_MM * np.clip((depths.rv_outer - depths.rv_inner) / 4.0, 0, 1)
    _paint_fat(scene, signal, depths, rv_wall, points, width)
    for vessel in scene.vessels:
        inside = tube_depth(vessel, points, frames)
        _cover(signal, inside + VESSEL_WALL_MM, 0.2, width)
        _cover(signal, inside, blood, width)
    _cover_between(signal, rv_wall, depths.rv_inner, muscle, width)
    _cover_between(signal, depths.rv_outer, depths.rv_inner, blood, width)
    for atrium in (depths.ra, depths.la):
        _cover(signal, atrium + ATRIAL_WALL_MM, muscle, width)
    _cover(signal, depths.ra, blood, width)
    _cover(signal, depths.la, 0.98, width)
    _cover(signal, depths.epi, muscle, width)
    _cover(signal, depths.endo - _trabeculae(scene, points), 1.0, width)
    for muscle_tube in scene.papillaries:
        inside = np.minimum(tube_depth(muscle_tube, points, frames), depths.endo + 1.0)
        _cover(signal, inside, muscle, width)
    _cover(signal, depths.aorta + VESSEL_WALL_MM, 0.25, width)
    _cover(signal, depths.aorta, 0.97, width)
    return signal


def _cover(signal: Floats, inside: Floats, value: float, width: float) -> None:
    """Blend `value` into `signal` where points lie `inside`."""
    signal += np.clip(0.5 + inside * np.float32(1 / width), 0, 1) * (np.float32(value) - signal)


def _cover_between(signal: Floats, outer: Floats, inner: Floats, value: float, width: float) -> None:
    scale = np.float32(1 / width)
    cover = np.clip(0.5 + outer * scale, 0, 1) - np.clip(0.5 + inner * scale, 0, 1)
    signal += cover * (np.float32(value) - signal)


def _trabeculae(scene: Scene, points: Floats) -> Floats:
    """Return how far muscle strands reach into the LV, mm, (N,)."""
    theta = np.arctan2(points[:, 1], points[:, 0])
    a, b, _ = scene.phases
    waves = np.sin(9 * theta + a + points[:, 2] / 9) * np.sin(5 * theta - b - points[:, 2] / 13)
    return np.asarray(0.9 + 0.9 * waves, np.float32)


def _paint_fat(scene: Scene, signal: Floats, depths: Depths, rv_wall: Floats, points: Floats, width: float) -> None:
    """Paint the fat around the heart, thick in the groove between atria and ventricles, with its dark border."""
    solid = np.maximum(np.maximum(depths.epi, rv_wall), np.maximum(depths.la, depths.ra) + ATRIAL_WALL_MM)
    solid = np.maximum(solid, depths.aorta + VESSEL_WALL_MM)
    x, y, z = points.T
    a, b, c = scene.phases
    thick = 0.6 + 0.4 * np.sin(x / 19 + a) * np.sin(y / 17 + b) + 1.4 * np.exp(-(((z + 8) / 12) ** 2))
    thick = thick + 0.5 * np.clip((x + y) / 40, 0, 1) + 0.2 * np.sin(z / 11 + c)
    cover = np.clip(0.5 + (solid + (scene.fat_mm * thick).astype(np.float32)) / width, 0, 1)
    dark = 1 - 0.6 * np.clip(1 - np.abs(solid) * np.float32(0.7 / width), 0, 1)
    signal += cover * (np.float32(scene.tissues.fat) * dark - signal)


def heart_box(heart: Heart) -> Array:
    """Return corners of a box in heart mm that holds everything moving, (2, 3)."""
    reach = float(np.sqrt(heart.epi.square.max() + heart.rv.square.max())) + 8.0
    back = float(np.sqrt(max(heart.epi.square.max(), heart.la.square.max()))) + 16.0
    roof = float(max(heart.la.top.max(), heart.ra.top.max())) + 10.0
    right = max(reach, heart.ra.x + float(np.sqrt(heart.ra.square.max())) + 8.0)
    return np.array([[-back, -back - 8.0, float(heart.epi.bottom[0]) - 8.0], [right, reach, roof]])


__all__ = ["Depths", "Places", "Scene", "classify", "heart_box", "make_scene", "measure", "paint"]
