"""A little beating heart that any plane can cut, and prepared subjects of it."""

from functools import cache

import numpy as np

from cmr_ssl.planes import LONG_AXIS, to_mm
from cmr_ssl.preparation.cache import PreparedSubject
from cmr_ssl.preparation.checks.prepared_planes import PreparedPlanes
from tests import caches

SIZE, STEP, FRAMES = 56, 3.5, 16
GAP, TOP, BOTTOM = 10.0, 35.0, -45.0  # of a stack; mm in the heart frame
ORGANS = np.random.default_rng(0).uniform(-100, 100, (60, 3))  # mm


def short_axis(height) -> np.ndarray:
    return caches.short_axis(height, step=STEP, size=SIZE)


def long_axis(view) -> np.ndarray:
    return caches.long_axis(view, step=STEP, size=SIZE)


def heart(affine, moved=(0.0, 0.0, 0.0), late=0) -> np.ndarray:
    """Return what a plane shows of the heart, (T, H, W): a ventricle below z = 25 mm, an atrium above, a chest around.

    Args:
        affine: of the plane.
        moved: by how much a breath moved the heart, mm.
        late: frames by which the beat is turned.
    """
    row, column = np.divmod(np.arange(SIZE * SIZE), SIZE)
    x, y, z = (to_mm(affine, np.stack([column, row], axis=1)) - moved).T
    phase = (np.arange(FRAMES)[:, None] - late) / FRAMES
    squeeze = np.sin(np.pi * (phase % 1)) ** 2
    ventricle = np.hypot(x / 1.15, y) < (28 - 10 * squeeze) * np.sqrt(np.clip((z + 50) / 50, 0, 1))
    atrium = np.hypot(x, y / 1.15) < 14 + 10 * squeeze
    wall = np.hypot(x / 1.15, y) < 36 * np.sqrt(np.clip((z + 58) / 50, 0, 1))
    chest = 30 + sum(50 * np.exp(-((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2) / 200) for a, b, c in ORGANS)
    shown = np.where(wall & (z < 25), 60.0, chest)
    shown = np.where(np.where(z < 25, ventricle, atrium), 200.0, shown)
    noise = np.random.default_rng(int(abs(affine.sum() * 1000)) + late).normal(0, 1.5, (FRAMES, SIZE * SIZE))
    return (shown + noise).clip(0, 255).astype(np.uint8).reshape(FRAMES, SIZE, SIZE)


def heights(top=TOP, bottom=BOTTOM) -> np.ndarray:
    return np.arange(top, bottom - 1e-6, -GAP)


@cache
def plane(affine, moved, late) -> np.ndarray:
    return heart(np.array(affine).reshape(4, 4), moved, late)


def subject(stack=None, views=LONG_AXIS, moved=None, late=None) -> PreparedSubject:
    """Return a prepared subject; `moved` and `late` are those of planes by their index."""
    stack = heights() if stack is None else stack
    affines = [*map(short_axis, stack), *map(long_axis, views)]
    images = [
        plane(tuple(affine.ravel()), (moved or {}).get(index, (0.0, 0.0, 0.0)), (late or {}).get(index, 0))
        for index, affine in enumerate(affines)
    ]
    return caches.prepared(len(stack), views)._replace(
        images=np.stack(images),
        affine=np.array(affines, np.float32),
        acquired=np.ones((len(affines), FRAMES), np.uint8),
        labels=np.zeros((0, SIZE, SIZE), np.uint8),
        annotated=np.zeros((len(affines), 6), np.uint8),
    )


def scene(**changes) -> PreparedPlanes:
    return PreparedPlanes(subject(**changes))


def values(measures, code) -> dict[tuple[str, int], float]:
    """Return the values of one check by view and slice."""
    return {(measure.view, measure.slice): measure.value for measure in measures if measure.code == code}
