"""A right ventricle for the hearts of `tests.studies`, which are left ones alone: a ball of blood beside the wall."""

from dataclasses import replace

import numpy as np

from tests.studies import AXES, BLOOD, CENTRE, OUTER_MM

RIGHT, RADIUS = CENTRE + 52 * AXES[0] - 8 * AXES[1], 30.0  # about as much blood as in the left one


def _points(affine, shape):
    return np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1) @ affine[:3, :3].T + affine[:3, 3]


def _heart(points, at=RIGHT):
    """Tell which points lie in the right ventricle, and which in either."""
    left = np.linalg.norm(points - CENTRE, axis=-1) < OUTER_MM
    right = (np.linalg.norm(points - at, axis=-1) < RADIUS) & ~left
    return right, left | right


_EVERYWHERE = CENTRE + np.stack(np.meshgrid(*[np.arange(-90.0, 91.0, 3.0)] * 3, indexing="ij"), axis=-1)
MIDDLE = _EVERYWHERE[_heart(_EVERYWHERE)[1]].mean(axis=0)  # of both ventricles with the left one's wall


def with_right_ventricle(one, blood=BLOOD, at=RIGHT):
    """Return a series with the right ventricle, still, drawn into it."""
    right, _ = _heart(_points(one.affine, one.pixels.shape[:3]), at)
    return replace(one, pixels=np.where(right[..., None], np.int16(blood), one.pixels))
