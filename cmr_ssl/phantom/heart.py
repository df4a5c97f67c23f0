"""One beating heart in the heart frame: chambers whose volumes are the subject's, at every frame, exactly.

Frame (mm): x towards mid-septum and the right ventricle, y anterior, z from apex to base; z = 0 is the mitral plane at
end-diastole. The subject's volume fixes the one free size of every surface, in closed form but for the atria. Muscle is
incompressible, the apex and the atrial roofs do not move, the valve planes descend.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.phantom.population import Shape, Subject, Volumes
from cmr_ssl.phantom.surfaces import ANGLES, HEIGHTS, Surface, angle, height, largest_root, mean_square
from cmr_ssl.phantom.timing import Beat, smooth_step
from cmr_ssl.volumes import MUSCLE_G_PER_ML

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

APEX_WALL_MM = 5.0
BULLET_POWER = 2.15
BULLET_OVERHANG = 0.58  # how far the profile runs past its equator, towards the base
RV_OUTFLOW_MM = 24.0  # how far the outflow tract rises above the tricuspid plane
ATRIAL_WALL_MM = 2.0
AORTA_MM = np.array([9.2, 9.2])  # centre of the aortic root on the base
AORTA_LEAN = np.array([0.20, 0.48])  # its drift per mm of z
AORTA_RADIUS_MM = 11.5
RA_DIRECTION = np.deg2rad(-30.0)  # from the left atrium: in the four-chamber plane
# Territories of the coronary arteries: centre and half width in degrees, and the share that reaches the base.
TERRITORIES = {"LAD": (50.0, 50.0, 0.35), "RCA": (-105.0, 45.0, 1.0), "LCX": (175.0, 45.0, 1.0)}


class Heart(NamedTuple):
    """Surfaces of one heart over T frames."""

    endo: Surface  # LV cavity, papillary muscles included
    epi: Surface  # LV cavity and wall
    rv: Surface  # squared radius of the RV less that of its inner wall (the LV's outer surface, continued upwards)
    la: Surface  # left atrium
    ra: Surface  # right atrium
    mitral: Array  # z of the mitral plane, (T,)
    twist: Array  # rotation of the base and of the apex in degrees, (T, 2)
    beat: Beat  # filling of the chambers


def build_heart(subject: Subject, beat: Beat) -> Heart:
    """Return the heart of `subject` following `beat`."""
    shape, volumes = subject.shape, subject.volumes
    lv_mm3 = 1e3 * (volumes.lvesv + (volumes.lvedv - volumes.lvesv) * beat.lv)
    mitral = -shape.avpd * (1.0 - beat.lv)
    endo, epi = _left_ventricle(shape, volumes, beat, mitral, lv_mm3)
    rv = _right_ventricle(shape, volumes, beat, epi)
    la = _left_atrium(volumes, beat, mitral)
    ra = _right_atrium(volumes, beat, -6.0 - shape.tapse * (1.0 - beat.rv), la, epi)
    twist = shape.twist * beat.twist[:, None] * np.array([-3.0, 10.0])
    return Heart(endo, epi, rv, la, ra, mitral, twist, beat)


def _table(square: Array) -> Floats:
    """Return a surface's table in single precision with heights contiguous, for fast look-ups."""
    return np.ascontiguousarray(square, np.float32)


def _profile(shape: Shape) -> Array:
    """Return the LV's squared profile, 0 at the apex and 1 at its equator, less at a flattened septum."""
    bullet = 1.0 - np.abs(1.0 - (1.0 + BULLET_OVERHANG) * height) ** BULLET_POWER
    return bullet * (1.0 - shape.flattening * np.clip(np.cos(angle), 0, 1) ** 2)[:, None] ** 2


def _angular_distance(degrees: float) -> Array:
    return np.asarray(np.abs((np.rad2deg(angle) - degrees + 180.0) % 360.0 - 180.0))


def infarct(shape: Shape) -> Array:
    """Return the infarcted share of the wall, 0 to 1, (ANGLES, HEIGHTS)."""
    if not shape.territory:
        return np.zeros((ANGLES, HEIGHTS))
    centre, half_width, base = TERRITORIES[shape.territory]
    across = 1.0 - smooth_step((_angular_distance(centre) - half_width) / 25.0)
    along = 1.0 - (1.0 - base) * smooth_step((height - 0.55) / 0.3)
    apex = smooth_step((0.35 - height) / 0.2) if shape.territory == "LAD" else np.zeros(HEIGHTS)
    return np.maximum(across[:, None] * along, apex)


def _wall_pattern(shape: Shape) -> Array:
    """Return relative wall thickness, (ANGLES, HEIGHTS)."""
    bump = np.exp(-(_angular_distance(shape.bump_angle) ** 2) / (2 * 40.0**2))[:, None]
    along = np.exp(-(((height - 0.7) / 0.3) ** 2))
    return 1.0 + shape.septal_excess * np.cos(angle)[:, None] + shape.bump * bump * along


def _left_ventricle(
    shape: Shape, volumes: Volumes, beat: Beat, mitral: Array, lv_mm3: Array
) -> tuple[Surface, Surface]:
    """Return cavity and outer surface: the cavity's radius and the wall's thickness each solve one quadratic."""
    apex = np.full_like(mitral, -(shape.length * np.cbrt(1e3 * volumes.lvedv) + APEX_WALL_MM))
    bottom = apex + APEX_WALL_MM + 2.0 * (1.0 - beat.lv)
    profile, infarcted = _profile(shape), infarct(shape)
    radius = _cavity_radius(profile, shape.akinesia * infarcted, lv_mm3 / (np.pi * (mitral - bottom)))
    outer = (lv_mm3 + 1e3 * volumes.lvm / MUSCLE_G_PER_ML) / (np.pi * (mitral - apex))
    wall = _wall(shape, infarcted, profile, radius, outer)
    endo = Surface(_table(profile * radius**2), bottom, mitral)
    return endo, Surface(_table(profile * (radius + wall) ** 2), apex, mitral)


def _cavity_radius(profile: Array, akinetic: Array, target: Array) -> Array:
    """Return the cavity's radius before the profile, (T, ANGLES, HEIGHTS): size (1 - akinetic) + akinetic radius(ED).

    The size, (T,), solves the quadratic mean(profile * radius^2) = target.

    Args:
        profile: squared profile, (ANGLES, HEIGHTS).
        akinetic: lost share of the wall's motion, (ANGLES, HEIGHTS).
        target: mean squared radius, mm2, (T,).
    """
    free, fixed = 1.0 - akinetic, akinetic * np.sqrt(target[0] / mean_square(profile))
    a, b = mean_square(profile * free**2), mean_square(2 * profile * free * fixed)
    size = largest_root(a, b, mean_square(profile * fixed**2) - target)
    return size[:, None, None] * free + fixed


def _wall(shape: Shape, infarcted: Array, profile: Array, radius: Array, target: Array) -> Array:
    """Return wall thickness before the profile, (T, ANGLES, HEIGHTS); an infarct is thin and does not thicken."""
    pattern = _wall_pattern(shape) * (1.0 - shape.thinning * infarcted)
    rest = pattern * min(shape.akinesia, 1.0) * infarcted
    rest_mm = rest * _thickness(profile, radius[:1], pattern, np.zeros_like(pattern), target[:1])
    moving = pattern - rest
    return _thickness(profile, radius, moving, rest_mm, target)[:, None, None] * moving + rest_mm


def _thickness(profile: Array, radius: Array, moving: Array, rest: Array, target: Array) -> Array:
    """Solve mean(profile * (radius + rest + w * moving)^2) = target for the thickness w, (T,)."""
    inner = radius + rest
    a = mean_square(profile * moving**2)
    b, c = mean_square(2 * profile * inner * moving), mean_square(profile * inner**2)
    return largest_root(a, b, c - target)


def inner_square(epi: Surface, z: Array) -> Array:
    """Return the squared radius of the RV's inner wall at heights z (T, HEIGHTS): (T, ANGLES, HEIGHTS)."""
    u = np.clip((z - epi.bottom[:, None]) / (epi.top - epi.bottom)[:, None], 0, 1) * (HEIGHTS - 1)
    low = np.minimum(u.astype(int), HEIGHTS - 2)
    frame = np.arange(len(z))[:, None]
    table = epi.square.transpose(0, 2, 1)
    part = (u - low)[..., None]
    return ((1 - part) * table[frame, low] + part * table[frame, low + 1]).transpose(0, 2, 1)


def _right_ventricle(shape: Shape, volumes: Volumes, beat: Beat, epi: Surface) -> Surface:
    """Return the crescent: a bulge over the inner wall whose height solves a quadratic."""
    bottom = np.full_like(beat.rv, 0.86 * epi.bottom[0])
    tricuspid = -6.0 - shape.tapse * (1.0 - beat.rv)
    top = tricuspid + RV_OUTFLOW_MM + 2.0
    z = bottom[:, None] + (top - bottom)[:, None] * height
    inner = np.sqrt(inner_square(epi, z))
    bulge = _crescent(shape, z, bottom, tricuspid)
    target = 1e3 * (volumes.rvesv + (volumes.rvedv - volumes.rvesv) * beat.rv) / (np.pi * (top - bottom))
    size = largest_root(mean_square(bulge**2), mean_square(2 * inner * bulge), -target)[:, None, None]
    return Surface(_table(2 * inner * size * bulge + (size * bulge) ** 2), bottom, top)


def _crescent(shape: Shape, z: Array, bottom: Array, tricuspid: Array) -> Array:
    """Return the relative bulge of the RV free wall, (T, ANGLES, HEIGHTS), which spirals and rises to the outflow."""
    rise = RV_OUTFLOW_MM * smooth_step((angle - np.deg2rad(5.0)) / np.deg2rad(55.0))
    top = tricuspid[:, None, None] + rise[:, None]
    v = np.clip((z[:, None, :] - bottom[:, None, None]) / (top - bottom[:, None, None]), 0, 1)
    lid = smooth_step((top + 2.0 - z[:, None, :]) / 4.0)
    profile = np.clip(1.0 - np.abs(1.0 - 1.35 * v) ** 2.2, 0, 1) ** 0.6
    off = (angle[:, None] - np.deg2rad(-14.0 + 22.0 * v)) / np.deg2rad(shape.rv_half_angle)
    return (1.0 - np.minimum(np.abs(off), 1.0) ** 3.2) * profile * lid


def _atrial_length(largest: float, descent: Array) -> Array:
    """Return the length of an atrium in mm: its roof is fixed, its valve plane descends."""
    longest = 50.0 * np.cbrt(largest / 68.0)
    return longest - (descent - descent.min())


def _cut_ellipsoid(u: Array) -> Array:
    """Return the squared profile of an ellipsoid cut three quarters of its half-length below the centre."""
    return np.clip(1.0 - (1.75 * u - 0.75) ** 2, 0, 1)


def _left_atrium(volumes: Volumes, beat: Beat, mitral: Array) -> Surface:
    mm3 = 1e3 * (volumes.lavmin + (volumes.lavmax - volumes.lavmin) * beat.la)
    length = _atrial_length(volumes.lavmax, mitral)
    across = angle - np.deg2rad(45.0)  # flat where the aorta passes in front
    oval = 1.0 / ((np.cos(across) / 0.86) ** 2 + (np.sin(across) / 1.16) ** 2)
    profile = oval[:, None] * _cut_ellipsoid(height)
    x, y, lean_x, lean_y = -3.5, -5.5, -0.04, -0.10
    z = mitral[:, None] + length[:, None] * height
    root = AORTA_MM + AORTA_LEAN * z[..., None]
    room = np.full_like(z, AORTA_RADIUS_MM + ATRIAL_WALL_MM)
    limit = _circle_limit(root[..., 0] - x - lean_x * z, root[..., 1] - y - lean_y * z, room)
    target = mm3 / (np.pi * length)
    size = _bisect_limited(profile, limit, target)
    square = np.minimum(size[:, None, None] * profile, limit)
    return Surface(_table(square), mitral, mitral + length, x, y, lean_x, lean_y)


def _circle_limit(dx: Array, dy: Array, radius: Array) -> Array:
    """Return the squared distance to a circular neighbour in each direction, (T, ANGLES, HEIGHTS).

    Its centre lies (dx, dy) mm from the axis at each frame and height; these and `radius` are (T, HEIGHTS).
    """
    along = dx[:, None] * np.cos(angle)[:, None] + dy[:, None] * np.sin(angle)[:, None]
    room = along**2 - (dx**2 + dy**2 - radius**2)[:, None]
    hit = (room > 0) & (along > 0)
    return np.where(hit, np.clip(along - np.sqrt(np.clip(room, 0, None)), 3.0, None) ** 2, 1e6)


def _bisect_limited(profile: Array, limit: Array, target: Array) -> Array:
    """Solve mean(min(factor * profile, limit)) = target for the factor, (T,), by bisection."""
    low, high = np.zeros_like(target), np.full_like(target, 1e4)
    for _ in range(26):
        middle = (low + high) / 2
        small = mean_square(np.minimum(middle[:, None, None] * profile, limit)) < target
        low, high = np.where(small, middle, low), np.where(small, high, middle)
    return high


def _right_atrium(volumes: Volumes, beat: Beat, tricuspid: Array, la: Surface, epi: Surface) -> Surface:
    """Return the atrium over the tricuspid valve, flattened where it meets the LV and the left atrium."""
    mm3 = 1e3 * (volumes.ravmin + (volumes.ravmax - volumes.ravmin) * beat.ra)
    length = _atrial_length(volumes.ravmax, tricuspid)
    outward = angle - RA_DIRECTION
    oval = 1.0 / ((np.cos(outward) / 1.16) ** 2 + (np.sin(outward) / 0.86) ** 2)
    profile = oval[:, None] * _cut_ellipsoid(height)
    half_width = float(np.sqrt((mm3 / (np.pi * length * mean_square(profile))).max()))
    z = tricuspid[:, None] + length[:, None] * height
    lv = np.sqrt(inner_square(epi, z).max(axis=1)) * (z < epi.top[:, None] + 3.0) + ATRIAL_WALL_MM
    side = np.argmin(np.abs(angle - RA_DIRECTION))
    la_radius = np.sqrt(la.square[:, side].max(axis=1))[:, None] + 2 * ATRIAL_WALL_MM
    distance = max(float(lv.max()) + 0.6 * half_width, float(la_radius.max()) + 0.5 * half_width)
    middle = float(la.top[0]) / 2  # the four-chamber plane runs through the middle of both atria
    x = la.x + la.lean_x * middle + distance * np.cos(RA_DIRECTION)
    y = la.y + la.lean_y * middle + distance * np.sin(RA_DIRECTION)
    nothing = np.zeros_like(z)
    limit = _circle_limit(nothing - x, nothing - y, lv)
    np.minimum(limit, _circle_limit(nothing + la.x - x, nothing + la.y - y, la_radius), out=limit)
    size = _bisect_limited(profile, limit, mm3 / (np.pi * length))
    square = np.minimum(size[:, None, None] * profile, limit)
    return Surface(_table(square), tricuspid, tricuspid + length, float(x), float(y))
