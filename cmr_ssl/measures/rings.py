"""The left ventricle in one short-axis image, in polar coordinates: its wall is a ring around the cavity's centre.

Radii come from areas, not from contours: the area of a sector of width w between the centre and a contour at radius r
is w r^2 / 2. Counting pixels is unbiased at any pixel size, tracing their edges is not.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cmr_ssl.anatomy import LV, MYOCARDIUM
from cmr_ssl.planes import unit

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SECTORS = 72
WIDTH = 2 * np.pi / SECTORS
MIDDLES = (np.arange(SECTORS) + 0.5) * WIDTH
SPLIT = 5  # a pixel counts as so many by so many points, each in its own sector
OPEN_SHARE = 0.05  # of the cavity's edge that may lack a wall: single pixels are mistakes
HARMONICS = 4  # a contour has no finer shape; what is finer are the corners of pixels


class Ring(NamedTuple):
    """Cavity and wall of one image.

    Attributes:
        endo: radius of the cavity in mm, (SECTORS,); sector k is centred on the angle MIDDLES[k].
        epi: radius of cavity and wall in mm, (SECTORS,).
        centre: of the cavity in pixels, as (column, row), (2,).
        closed: whether the wall surrounds the cavity.
    """

    endo: Array
    epi: Array
    centre: Array
    closed: bool

    @property
    def wall(self) -> Array:
        """Wall thickness in mm along rays from the centre, (SECTORS,)."""
        return self.epi - self.endo


def in_plane(affine: Array, to_base: Array) -> Array:
    """Return the map (2, 2) from pixel steps (column, row) to mm on axes that turn counterclockwise seen from the base.

    The first axis is that of the columns, the second `to_base` x the first: whatever way the file stores its rows,
    angles grow in one anatomical direction.

    Args:
        affine: voxel (column, row, slice, 1) to RAS+ mm, (4, 4).
        to_base: direction from apex to base, RAS+, (3,).
    """
    x = unit(affine[:3, 0])
    y = unit(np.cross(to_base, x))
    return np.stack([x, y]) @ affine[:3, :2]


def ring(labels: NDArray[np.uint8], grid: Array) -> Ring | None:
    """Return the ring of one image, None without a cavity.

    Args:
        labels: classes (Y, X).
        grid: see `in_plane`.
    """
    cavity = largest(labels == LV)
    if not cavity.any():
        return None
    both = _around(cavity, labels)
    centre = np.argwhere(cavity).mean(axis=0)[::-1]
    endo, epi = (_radius(mask, centre, grid) for mask in (cavity, both))
    return Ring(endo, epi, centre, _closed(cavity, both))


def polar(mask: Mask, centre: Array, grid: Array) -> tuple[Array, Array]:
    """Return angle in [0, 2 pi) and radius in mm of the points that stand for the pixels of `mask`, each (N,)."""
    row, column = np.nonzero(mask)
    steps = (np.arange(SPLIT) + 0.5) / SPLIT - 0.5
    across, down = np.meshgrid(steps, steps)
    # Turned a little, so that no row of points lies along a ray and jumps as a whole from one sector to the next.
    part = np.stack([across + down / SPLIT, down - across / SPLIT], axis=-1).reshape(1, -1, 2)
    points = (np.stack([column, row], axis=1)[:, None] + part - centre).reshape(-1, 2) @ grid.T
    return np.arctan2(points[:, 1], points[:, 0]) % (2 * np.pi), np.hypot(points[:, 0], points[:, 1])


def sector(angle: Array) -> NDArray[np.intp]:
    """Return the sectors that angles in [0, 2 pi) lie in."""
    return np.minimum((angle / WIDTH).astype(np.intp), SECTORS - 1)


def largest(mask: Mask) -> Mask:
    """Return the largest connected part of a mask (Y, X)."""
    parts, count = ndimage.label(mask)
    if count < 2:
        return mask
    return np.asarray(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]))


def smooth(radius: Array) -> Array:
    """Return a radius over angle, (SECTORS,), without what is finer than `HARMONICS` waves around the ring."""
    waves = np.fft.rfft(radius)
    waves[HARMONICS + 1 :] = 0
    return np.fft.irfft(waves, SECTORS)


def length(radius: Array) -> float:
    """Return the length in mm of the closed contour r(angle), (SECTORS,): the integral of sqrt(r^2 + (dr/da)^2) da."""
    even = smooth(radius)
    waves = np.fft.rfft(even) * 1j * np.arange(SECTORS // 2 + 1)
    return float(np.hypot(even, np.fft.irfft(waves, SECTORS)).sum() * WIDTH)


def _around(cavity: Mask, labels: NDArray[np.uint8]) -> Mask:
    """Return the cavity and the wall that hangs together with it."""
    parts, _ = ndimage.label(cavity | (labels == MYOCARDIUM))
    row, column = np.argwhere(cavity)[0]
    return np.asarray(parts == parts[row, column])


def _radius(mask: Mask, centre: Array, grid: Array) -> Array:
    angle, _ = polar(mask, centre, grid)
    area = np.bincount(sector(angle), minlength=SECTORS) * abs(np.linalg.det(grid)) / SPLIT**2
    return np.sqrt(2 * area / WIDTH)


def _closed(cavity: Mask, both: Mask) -> bool:
    """Tell whether the edge of the cavity is wall but for a few pixels; beyond the image there is none."""
    edge = ndimage.binary_dilation(np.pad(cavity, 1)) & ~np.pad(cavity, 1)
    return bool((edge & ~np.pad(both, 1)).sum() <= OPEN_SHARE * edge.sum())
