"""Ideal signal and exact classes of a beating heart at given points."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl import anatomy
from cmr_ssl.phantom.heart import ATRIAL_WALL_MM, Heart
from cmr_ssl.phantom.surfaces import FAR_MM, AxisCoordinates, around_axis, depth, square_at
from cmr_ssl.phantom.torso import Tissues
from cmr_ssl.phantom.vessels import Tube, aortic_root, papillaries, still_vessels, tube_depth

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]

RV_WALL_MM = 3.0
VESSEL_WALL_MM = 1.5


class Scene(NamedTuple):
    """A heart with its vessels, fat and signals."""

    heart: Heart  # the chambers
    aortic_root: Tube  # the part of the aorta that follows the mitral plane
    vessels: list[Tube]  # still tubes filled with blood
    papillaries: list[Tube]  # muscles inside the LV
    tissues: Tissues  # signals
    fat_mm: float  # thickness of the fat around the heart
    phases: Array  # (3,) of its textures


class LocatedPoints(NamedTuple):
    """Points with everything about them that is constant over the beat."""

    points: Floats  # heart mm, (N, 3)
    lv: AxisCoordinates  # coordinates around the LV's axis
    la: AxisCoordinates  # around the left atrium's
    ra: AxisCoordinates  # around the right atrium's
    fat_mm: Floats  # thickness of the fat on the heart, (N,)
    strands_mm: Floats  # length of muscle strands into the ventricles, (N,)
    swirl: Floats  # deviation of the signal of blood from its mean, (N,)


class Depths(NamedTuple):
    """Depths of points in each chamber, mm, negative outside, each (T, N)."""

    endo: Floats
    epi: Floats
    rv_outer: Floats
    rv_inner: Floats
    la: Floats
    ra: Floats
    aorta: Floats


def make_scene(heart: Heart, tissues: Tissues, fat_mm: float, phases: Array) -> Scene:
    """Return the scene of a heart."""
    return Scene(heart, aortic_root(heart), still_vessels(heart), papillaries(heart), tissues, fat_mm, phases)


def locate(scene: Scene, points: Floats) -> LocatedPoints:
    """Compute everything about points (N, 3), heart mm, that is constant over the beat."""
    heart = scene.heart
    lv, la, ra = (around_axis(surface, points) for surface in (heart.epi, heart.la, heart.ra))
    return LocatedPoints(points, lv, la, ra, _fat(scene, points), _strands(scene, points), _swirl(scene, points))


def _fat(scene: Scene, points: Floats) -> Floats:
    """Return fat thickness: most in the groove between atria and ventricles, more over the RV than the LV."""
    x, y, z = points.T
    a, b, c = scene.phases
    patches = np.sin(x / 19 + a) * np.sin(y / 17 + b) + 0.5 * np.sin(z / 13 + c)
    thick = 0.25 + 0.6 * np.clip(patches, 0, None) + 1.5 * np.exp(-(((z + 6) / 11) ** 2))
    thick = thick + 0.5 * np.clip((x + y) / 40, 0, 1)
    return np.asarray(np.clip(scene.fat_mm * thick, 0.3, FAR_MM - 6.0), np.float32)


def _strands(scene: Scene, points: Floats) -> Floats:
    theta, z = np.arctan2(points[:, 1], points[:, 0]), points[:, 2]
    a, b, c = scene.phases
    waves = np.sin(4 * theta + a + z / 9) + np.sin(7 * theta - b + z / 6) + np.sin(11 * theta + c - z / 4)
    rough = np.clip((-12.0 - z) / 25.0, 0, 1)  # the wall is smooth near the valves
    return np.asarray((0.5 + 0.8 * np.clip(waves, -0.6, 2.0)) * rough, np.float32)


def _swirl(scene: Scene, points: Floats) -> Floats:
    x, y, z = points.T
    a, b, c = scene.phases
    coarse = np.sin(x / 7 + y / 11 + a) * np.sin(y / 8 - z / 10 + b) + np.sin(z / 7 + x / 9 + c)
    fine = np.sin(x / 2.7 - z / 4 + c) * np.sin(y / 3.1 + x / 5 + a)
    strength = 0.04 * scene.tissues.flow
    return np.asarray(strength * coarse + strength * fine, np.float32)


def measure_depths(scene: Scene, located: LocatedPoints, frames: slice) -> Depths:
    """Return the depths of points at some frames."""
    heart, lv = scene.heart, located.lv
    inner2 = square_at(heart.epi, lv, frames)
    inner = np.sqrt(inner2)
    outer = np.sqrt(inner2 + square_at(heart.rv, lv, frames))
    mitral = heart.mitral[frames, None].astype(np.float32) - lv.z
    bottom = lv.z - heart.epi.bottom[frames, None].astype(np.float32)
    return Depths(
        endo=depth(heart.endo, lv, frames),
        epi=np.minimum(np.minimum(inner - lv.r, bottom), mitral),
        rv_outer=outer - lv.r,
        rv_inner=inner - lv.r,
        la=depth(heart.la, located.la, frames),
        ra=depth(heart.ra, located.ra, frames),
        aorta=_aorta_depth(scene, located.points, frames),
    )


def _aorta_depth(scene: Scene, points: Floats, frames: slice) -> Floats:
    """Return the depth in the aortic root, which starts in the mitral plane."""
    mitral = scene.heart.mitral[frames, None].astype(np.float32)
    depths = np.full((len(mitral), len(points)), -FAR_MM, np.float32)
    near = np.flatnonzero(points[:, 2] > mitral.min() - FAR_MM)
    if len(near):
        root = tube_depth(scene.aortic_root, points[near], frames)
        depths[:, near] = np.minimum(root, points[near, 2] - mitral)
    return depths


def classify(depths: Depths) -> Labels:
    """Return the class of each point and frame, (T, N)."""
    labels = np.zeros(depths.endo.shape, np.uint8)
    labels[depths.ra > 0] = anatomy.RA
    labels[depths.la > 0] = anatomy.LA
    labels[(depths.rv_outer > 0) & (depths.rv_inner <= 0)] = anatomy.RV
    labels[depths.epi > 0] = anatomy.MYOCARDIUM
    labels[depths.endo > 0] = anatomy.LV
    return labels


class Background(NamedTuple):
    """The background of the beating heart: signal, and share of vessels, each (N,)."""

    signal: Floats
    vessel: Floats


def paint_vessels(scene: Scene, signal: Floats, points: Floats, width: float) -> Background:
    """Paint the still vessels at points (N, 3), heart mm, over the `signal` of the chest (N,)."""
    canvas, cover = signal.copy()[None], np.zeros_like(signal)
    for vessel in scene.vessels:
        inside = tube_depth(vessel, points, slice(None))
        _cover(canvas, inside + VESSEL_WALL_MM, 0.2 * scene.tissues.organs, width)
        _cover(canvas, inside, scene.tissues.rv_blood, width)
        np.maximum(cover, np.clip(0.5 + (inside[0] + VESSEL_WALL_MM) / width, 0, 1), out=cover)
    return Background(canvas[0], cover)


def paint_heart(
    scene: Scene, located: LocatedPoints, depths: Depths, background: Background, frames: slice, width: float
) -> Floats:
    """Paint the heart over its background, from the outside in: signal relative to blood, (T, N).

    Args:
        scene: the heart.
        located: the points, from `locate`.
        depths: of the points, from `measure_depths`.
        background: of the points.
        frames: of the beat.
        width: softness of borders, mm.
    """
    muscle, blood = scene.tissues.muscle, scene.tissues.rv_blood
    signal = np.repeat(background.signal[None], len(depths.endo), axis=0)
    bulge = depths.rv_outer - depths.rv_inner
    rv_wall = depths.rv_outer + RV_WALL_MM * np.clip(bulge / 4.0, 0, 1)
    rv_solid = np.minimum(np.minimum(rv_wall, RV_WALL_MM - depths.rv_inner), FAR_MM * (bulge - 1.0))
    _paint_fat(scene, signal, depths, rv_solid, located.fat_mm, background.vessel, width)
    _cover_between(signal, rv_wall, depths.rv_inner, muscle, width)
    rough = depths.rv_outer - np.minimum(located.strands_mm, bulge)
    _cover_between(signal, rough, depths.rv_inner, blood + located.swirl, width)
    for atrium in (depths.ra, depths.la):
        _cover(signal, atrium + ATRIAL_WALL_MM, muscle, width)
    _cover(signal, depths.ra, blood + located.swirl, width)
    _cover(signal, depths.la, 0.98 + located.swirl, width)
    _cover(signal, depths.epi, muscle, width)
    _paint_cavity(scene, signal, depths.endo, located, frames, width)
    _cover(signal, depths.aorta + VESSEL_WALL_MM, 0.25 * scene.tissues.organs, width)
    jet = 0.97 - 0.35 * scene.tissues.flow * scene.heart.beat.ejection[frames, None]
    _cover(signal, depths.aorta, jet.astype(np.float32), width)
    return signal


def _paint_cavity(
    scene: Scene, signal: Floats, endo: Floats, located: LocatedPoints, frames: slice, width: float
) -> None:
    """Paint the blood of the LV with the muscle strands and papillary muscles in it."""
    near = np.flatnonzero(endo.max(axis=0) > -2 * width)
    inside, points = endo[:, near], located.points[near]
    part = signal[:, near]
    blood = 1.0 + located.swirl[near] - _inflow_jet(scene, points, frames)
    _cover(part, inside - located.strands_mm[near], blood, width)
    for muscle in scene.papillaries:
        _cover(part, np.minimum(tube_depth(muscle, points, frames), inside + 1.0), scene.tissues.muscle, width)
    signal[:, near] = part


def _inflow_jet(scene: Scene, points: Floats, frames: slice) -> Floats:
    """Return the signal loss by fast early inflow under the mitral valve, (T, N)."""
    heart = scene.heart
    off = np.hypot(points[:, 0] + 3.0, points[:, 1] + 4.0) / 7.0
    deep = (heart.mitral[frames, None] - points[:, 2]) / 25.0
    strength = 0.35 * scene.tissues.flow * heart.beat.inflow[frames, None]
    lost = strength * np.exp(-(off**2)) * np.exp(-(np.clip(deep, 0, None) ** 2))
    return np.asarray(lost, np.float32)


def _cover(signal: Floats, inside: Floats, value: float | Floats, width: float) -> None:
    """Blend `value` into `signal` where points lie `inside`."""
    signal += np.clip(0.5 + inside * np.float32(1 / width), 0, 1) * (np.asarray(value, np.float32) - signal)


def _cover_between(signal: Floats, outer: Floats, inner: Floats, value: float | Floats, width: float) -> None:
    scale = np.float32(1 / width)
    cover = np.clip(0.5 + outer * scale, 0, 1) - np.clip(0.5 + inner * scale, 0, 1)
    signal += cover * (np.asarray(value, np.float32) - signal)


def _paint_fat(
    scene: Scene, signal: Floats, depths: Depths, rv_solid: Floats, fat_mm: Floats, vessel: Floats, width: float
) -> None:
    """Paint the fat around the heart with its dark border; vessels run through it."""
    solid = np.maximum(np.maximum(depths.epi, rv_solid), np.maximum(depths.la, depths.ra) + ATRIAL_WALL_MM)
    np.maximum(solid, depths.aorta + VESSEL_WALL_MM, out=solid)
    cover = np.clip(0.5 + (solid + fat_mm) * np.float32(1 / width), 0, 1) * (1 - vessel)
    dark = np.abs(solid) * np.float32(0.42 / width)
    np.clip(dark + np.float32(1 - 0.6 * scene.tissues.border), 0, 1, out=dark)
    signal += cover * (np.float32(scene.tissues.fat) * dark - signal)


def near_heart(scene: Scene, points: Floats) -> NDArray[np.bool_]:
    """Return which points (N, 3), heart mm, the beating heart or its fat may touch at some frame, (N,).

    They are tested with a margin at end-diastole and end-systole, between which all surfaces move.
    """
    low, high = heart_box(scene)
    near = np.all((points >= low) & (points <= high), axis=1)
    inside = np.flatnonzero(near)
    if not len(inside):
        return near
    located = locate(scene, points[inside])
    es = int(scene.heart.beat.lv.argmin())
    nearest = [_nearest(measure_depths(scene, located, slice(frame, frame + 1))) for frame in (0, es)]
    near[inside] = np.max(nearest, axis=0) > -FAR_MM
    return near


def _nearest(depths: Depths) -> Floats:
    """Return the depth in the nearest structure at the first frame, (N,)."""
    rv = np.where(depths.rv_outer > depths.rv_inner, depths.rv_outer, -FAR_MM)
    return np.asarray(np.max([depths.epi, rv, depths.la, depths.ra, depths.aorta], axis=0)[0], np.float32)


def heart_box(scene: Scene) -> Array:
    """Return two opposite corners of a box in heart mm that holds everything moving, (2, 3)."""
    heart, root = scene.heart, scene.aortic_root
    lows, highs = [root.start.min(axis=0)], [root.end.max(axis=0) + root.radius.max()]
    for surface in (heart.epi, heart.la, heart.ra):
        reach = float(np.sqrt(surface.square.max()))
        middle = np.array([surface.x, surface.y]) + np.outer([0, surface.top.max()], [surface.lean_x, surface.lean_y])
        lows.append(np.array([*(middle.min(axis=0) - reach), surface.bottom.min()]))
        highs.append(np.array([*(middle.max(axis=0) + reach), surface.top.max()]))
    reach = float(np.sqrt(heart.epi.square.max() + heart.rv.square.max()))
    highs.append(np.array([reach, reach, heart.rv.top.max()]))
    return np.array([np.min(lows, axis=0) - FAR_MM, np.max(highs, axis=0) + FAR_MM])
