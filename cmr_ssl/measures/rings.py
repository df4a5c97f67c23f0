"""The left ventricle in one short-axis image, in polar coordinates: its wall is a ring around the cavity's centre.

Radii come from areas: a sector of width w within radius r has the area A = w r^2 / 2, so r = sqrt(2 A / w). Counting
pixels is unbiased at any pixel size, tracing their edges is not.
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
SPLIT = 5  # points along each side of a pixel, each in its own sector
OPEN_SHARE = 0.05  # of the cavity's edge that may lack a wall: single pixels are noise
HARMONICS = 4  # of a contour's shape; higher ones are corners of pixels


class Ring(NamedTuple):
    """Cavity and wall of one image."""

    endo: Array  # radius of the cavity in mm, (SECTORS,); sector k is centred on the angle MIDDLES[k]
    epi: Array  # radius of cavity and wall in mm, (SECTORS,)
    centre: Array  # of the cavity in pixels, as (column, row), (2,)
    closed: bool  # whether the wall surrounds the cavity

    @property
    def wall(self) -> Array:
        """Wall thickness in mm along rays from the centre, (SECTORS,)."""
        return self.epi - self.endo


def in_plane(affine: Array, to_base: Array) -> Array:
    """Return the map (2, 2) from pixel steps (column, row) to mm on axes that turn counterclockwise seen from the base.

    The first axis follows the columns, the second is `to_base` x the first, so angles grow in one anatomical direction
    whatever way the file stores its rows.

    Args:
        affine: voxel (column, row, slice, 1) to RAS+ mm, (4, 4).
        to_base: direction from apex to base, RAS+, (3,).
    """
    x = unit(affine[:3, 0])
    y = unit(np.cross(to_base, x))
    return np.stack([x, y]) @ affine[:3, :2]


def ring(labels: NDArray[np.uint8], grid: Array) -> Ring | None:
    """Return the ring in classes (Y, X) of one image with the `grid` of `in_plane`, None without a cavity."""
    cavity = largest(labels == LV)
    if not cavity.any():
        return None
    parts, _ = ndimage.label(cavity | (labels == MYOCARDIUM))
    heart = np.asarray(parts == parts[cavity][0])  # the cavity and the wall connected to it
    centre = np.argwhere(cavity).mean(axis=0)[::-1]
    endo, epi = (_radius(mask, centre, grid) for mask in (cavity, heart))
    return Ring(endo, epi, centre, _closed(cavity, heart))


def polar(mask: Mask, centre: Array, grid: Array) -> tuple[Array, Array]:
    """Return angle in [0, 2 pi) and radius in mm of `SPLIT`^2 points in each pixel of `mask`, each (N,)."""
    row, column = np.nonzero(mask)
    steps = (np.arange(SPLIT) + 0.5) / SPLIT - 0.5
    across, down = np.meshgrid(steps, steps)
    # Slightly rotated: a row of points along a ray would jump as a whole from one sector to the next.
    offsets = np.stack([across + down / SPLIT, down - across / SPLIT], axis=-1).reshape(1, -1, 2)
    points = (np.stack([column, row], axis=1)[:, None] + offsets - centre).reshape(-1, 2) @ grid.T
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
    """Return a radius over angle, (SECTORS,), without its harmonics beyond `HARMONICS`."""
    waves = np.fft.rfft(radius)
    waves[HARMONICS + 1 :] = 0
    return np.fft.irfft(waves, SECTORS)


def length(radius: Array) -> float:
    """Return the length in mm of the closed contour r(angle), (SECTORS,): the integral of sqrt(r^2 + (dr/da)^2) da."""
    smoothed = smooth(radius)
    derivative = np.fft.irfft(np.fft.rfft(smoothed) * 1j * np.arange(SECTORS // 2 + 1), SECTORS)
    return float(np.hypot(smoothed, derivative).sum() * WIDTH)


def _radius(mask: Mask, centre: Array, grid: Array) -> Array:
    """Return sqrt(2 A / w) of each sector, mm, (SECTORS,)."""
    angle, _ = polar(mask, centre, grid)
    area = np.bincount(sector(angle), minlength=SECTORS) * abs(np.linalg.det(grid)) / SPLIT**2
    return np.sqrt(2 * area / WIDTH)


def _closed(cavity: Mask, heart: Mask) -> bool:
    """Tell whether nearly all pixels around the cavity are wall; beyond the image there is none."""
    cavity, heart = np.pad(cavity, 1), np.pad(heart, 1)
    edge = ndimage.binary_dilation(cavity) & ~cavity
    return bool((edge & ~heart).sum() <= OPEN_SHARE * edge.sum())
