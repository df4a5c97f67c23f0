"""Map label maps of prepared planes back to the pixels and frames of the acquired images."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import BACKGROUND
from cmr_ssl.planes import slice_affine, to_mm, to_pixels
from cmr_ssl.preparation.beat_frames import nearest_frames
from cmr_ssl.study import Series

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]


def restore(
    labels: Labels, affine: NDArray[np.floating], to_heart: Array, slices: NDArray[np.integer], series: Series
) -> Labels:
    """Map the label maps of the prepared planes of a series back to its grid.

    Every pixel of the series takes the class of the nearest pixel of the crop, every frame that of the nearest phase.

    Args:
        labels: classes on the prepared planes, (P, T, H, W).
        affine: pixel (column, row, 0, 1) of those planes to mm in the heart frame, (P, 4, 4).
        to_heart: scanner mm to the heart frame, (4, 4).
        slices: the slice each plane was cut from, (P,).
        series: as read from its source; its number of frames need not be T.

    Returns:
        Classes at the pixels of the series, (X, Y, S, T); background outside the crops and on slices without one.

    Raises:
        ValueError: if the series has no such slice.
    """
    shape = series.pixels.shape
    if not all(0 <= index < shape[2] for index in slices):
        prepared = sorted(map(int, slices))
        raise ValueError(
            f"{series.view}: slices {prepared} were prepared, but its images have {shape[2]}: prepare again"
        )
    frames = nearest_frames(shape[3], labels.shape[1])
    restored = np.full(shape, BACKGROUND, dtype=np.uint8)
    for plane, crop, index in zip(labels, affine, slices, strict=True):
        source = to_heart @ slice_affine(series.affine, int(index))
        restored[:, :, index] = _uncut(plane[frames], source, np.asarray(crop, dtype=np.float64), shape)
    return restored


def _uncut(plane: Labels, source: Array, crop: Array, shape: tuple[int, ...]) -> Labels:
    """Resample a crop (T, H, W) at the pixels of its source plane, (X, Y, T), by both affines."""
    columns, rows = np.indices(shape[:2]).reshape(2, -1)
    nearest = np.rint(to_pixels(crop, to_mm(source, np.stack([columns, rows], axis=1)))).astype(np.intp)
    inside = ((nearest >= 0) & (nearest < plane.shape[:0:-1])).all(axis=1)
    column, row = nearest[inside].T
    uncut = np.full((*shape[:2], len(plane)), BACKGROUND, dtype=np.uint8)
    uncut[columns[inside], rows[inside]] = plane[:, row, column].T
    return uncut
