"""Tubes in and around the heart: great vessels and papillary muscles, as round-ended cylinders."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.phantom.heart import AORTA_LEAN, AORTA_MM, AORTA_RADIUS_MM, Heart
from cmr_ssl.phantom.surfaces import ANGLES, HEIGHTS

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

PAPILLARY_ANGLES = (140.0, 250.0)
UP = np.array([-0.18, 0.82, 0.54])  # towards the head, in the heart frame of a reference body


class Tube(NamedTuple):
    """A round-ended cylinder between two points over T frames (or 1 if it stands still), mm."""

    start: Array  # (T or 1, 3)
    end: Array  # (T or 1, 3)
    radius: Array  # (T or 1,)


def tube(start: Array, direction: Array, length: float, radius: float) -> Tube:
    """Return a still tube."""
    end = start + length * direction / np.linalg.norm(direction)
    return Tube(start[None], end[None], np.array([radius]))


def tube_depth(item: Tube, points: Floats, frames: slice) -> Floats:
    """Return the depth of points (N, 3) in a tube at each frame, mm, negative outside, (T or 1, N)."""
    chosen = frames if len(item.start) > 1 else slice(None)
    start, end = item.start[chosen].astype(np.float32), item.end[chosen].astype(np.float32)
    axis_vector = end - start
    length2 = (axis_vector**2).sum(axis=1)[:, None]
    along = (points @ axis_vector.T).T - (start * axis_vector).sum(axis=1)[:, None]
    along = np.clip(along / length2, 0, 1)
    distance2 = np.zeros_like(along)
    for axis in range(3):
        distance2 += (points[:, axis] - start[:, axis, None] - along * axis_vector[:, axis, None]) ** 2
    return np.asarray(item.radius[chosen].astype(np.float32)[:, None] - np.sqrt(distance2), np.float32)


def aortic_root(heart: Heart) -> Tube:
    """Return the part of the aorta whose lower end follows the mitral plane."""
    z = heart.mitral[:, None]
    start = np.concatenate([AORTA_MM + AORTA_LEAN * z, z], axis=1)
    return Tube(start, np.broadcast_to(_aortic_bend(), start.shape), np.full(len(start), AORTA_RADIUS_MM))


def _aortic_bend() -> Array:
    return np.array([*(AORTA_MM + AORTA_LEAN * 40.0), 40.0])


def still_vessels(heart: Heart) -> list[Tube]:
    """Return ascending aorta beyond its root, pulmonary trunk, caval and pulmonary veins."""
    ra = np.array([heart.ra.x, heart.ra.y, 0.0])
    la = np.array([heart.la.x, heart.la.y, 0.0])
    roof = float(heart.la.top[0])
    left = la + [-8.0, -8.0, roof - 12.0]
    right = la + [8.0, -8.0, roof - 10.0]
    return [
        tube(_aortic_bend(), np.array([0.25, 0.72, 0.60]), 60.0, AORTA_RADIUS_MM),
        tube(np.array([17.0, 36.0, 6.0]), np.array([-0.75, 0.55, 0.35]), 55.0, 11.5),
        tube(ra + [-6.0, 4.0, 22.0], UP, 75.0, 9.0),
        tube(ra + [0.0, -8.0, 12.0], -UP, 70.0, 10.5),
        tube(left, np.array([-0.80, 0.40, -0.10]), 40.0, 6.0),
        tube(left, np.array([-0.85, -0.10, 0.15]), 40.0, 5.5),
        tube(right, np.array([0.35, -0.45, 0.80]), 40.0, 6.0),
        tube(right, np.array([0.45, 0.05, 0.85]), 40.0, 6.0),
    ]


def papillaries(heart: Heart) -> list[Tube]:
    """Return the two papillary muscles, which follow the inner wall and its twist."""
    return [_papillary(heart, degrees, size) for degrees, size in zip(PAPILLARY_ANGLES, (4.6, 4.2), strict=True)]


def _papillary(heart: Heart, degrees: float, radius: float) -> Tube:
    ends = [_inner_wall_point(heart, degrees, u, radius) for u in (0.34, 0.66)]
    return Tube(ends[0], ends[1], np.full(len(heart.mitral), radius))


def _inner_wall_point(heart: Heart, degrees: float, u: float, inward: float) -> Array:
    base, apex = heart.twist.T
    theta = np.deg2rad(degrees + u * base + (1 - u) * apex)
    step = ((theta % (2 * np.pi)) * ANGLES / (2 * np.pi) + ANGLES / 2).astype(int) % ANGLES
    r = np.sqrt(heart.endo.square[np.arange(len(step)), step, round(u * (HEIGHTS - 1))]) - inward
    z = heart.endo.bottom + u * (heart.endo.top - heart.endo.bottom)
    return np.stack([r * np.cos(theta), r * np.sin(theta), z], axis=1)
