"""Planes and their geometry: view names, affines, the heart frame.

A plane is one slice of one view over time. Its affine maps a pixel ``(column, row, 0, 1)`` to millimetres, and
everything that depends on positions (cropping, tokens, volumes, figures) uses this 4 x 4 matrix.
All functions are plain numpy: the data commands do not import torch.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SHORT_AXIS = "sa"
LONG_AXIS = ("la_2ch", "la_3ch", "la_4ch")
VIEWS = (SHORT_AXIS, *LONG_AXIS)

# NIfTI's scanner axes are RAS+: x grows towards the patient's right, y forward, z to the head. The apex of the heart
# points left, forward and down, so the way from apex to base is right, back and up (mean of a reference body).
APEX_TO_BASE_RAS = np.array([0.777, -0.330, 0.536])
RIGHT_ANTERIOR_RAS = np.array([1.0, 1.0, 0.0]) / np.sqrt(2.0)


def unit(vector: Array) -> Array:
    """Return `vector` scaled to length one; raise ValueError if it has no direction."""
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length < 1e-9:
        raise ValueError(f"a vector of length {length} has no direction")
    return np.asarray(vector, dtype=np.float64) / length


def normal(affine: Array) -> Array:
    """Return the unit normal of a plane, row direction x column direction, (3,)."""
    return unit(np.cross(affine[:3, 0], affine[:3, 1]))


def spacing(affine: Array) -> Array:
    """Return the pixel size (column step, row step) in mm, (2,)."""
    return np.linalg.norm(affine[:3, :2], axis=0)


def corners(shape: tuple[int, ...]) -> Array:
    """Return the 8 corner voxels (column, row, slice, 1) of a volume of `shape` (columns, rows, slices), (8, 4)."""
    return np.stack(np.meshgrid(*([0, size - 1] for size in shape), [1.0], indexing="ij"), axis=-1).reshape(-1, 4)


def slice_affine(affine: Array, index: int) -> Array:
    """Return the plane affine of slice `index` of a volume with the voxel-to-mm `affine`, both (4, 4)."""
    plane = np.array(affine, dtype=np.float64)
    plane[:3, 3] = affine[:3, 3] + index * affine[:3, 2]
    return plane


def to_mm(affine: Array, pixels: Array) -> Array:
    """Map pixels (N, 2), as (column, row), to millimetres (N, 3)."""
    return pixels @ affine[:3, :2].T + affine[:3, 3]


def to_pixels(affine: Array, points: Array) -> Array:
    """Project points (N, 3) in mm onto a plane along its normal and return pixels (N, 2), as (column, row)."""
    return (points - affine[:3, 3]) @ np.linalg.pinv(affine[:3, :2]).T


def heart_frame(centre: Array, apex_to_base: Array, right_anterior: Array = RIGHT_ANTERIOR_RAS) -> Array:
    """Return the rigid (4, 4) map from scanner millimetres to the heart frame.

    Args:
        centre: heart centre in scanner mm, (3,); the origin of the frame.
        apex_to_base: direction of the long axis from apex to base, (3,); becomes z.
        right_anterior: direction towards the right ventricle, (3,); its part perpendicular to z becomes x.

    Raises:
        ValueError: if the two directions are parallel.
    """
    z = unit(apex_to_base)
    x = unit(right_anterior - (right_anterior @ z) * z)
    rotation = np.stack([x, np.cross(z, x), z])
    frame = np.eye(4)
    frame[:3, :3] = rotation
    frame[:3, 3] = -rotation @ centre
    return frame
