"""Pixels nobody can use: not finite, blank frames, slices that stand still. What can be mended is, and said."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.preparation.beat_frames import interpolate_cyclic, phases
from cmr_ssl.study import Finding, Series

LARGEST_LOSS = 0.5  # of a slice's pixels or frames; beyond it nothing is left to mend from
SHORT_BEAT = 0.2  # blank frames at the end of a slice: above this share the slice was acquired with fewer frames


def repair(series: Series, min_frames: int) -> list[Finding]:
    """Mend one series in place and return what was found.

    Slices that cannot be mended are marked as never acquired.

    Args:
        series: as read; its pixels may be changed.
        min_frames: frames below which a series is no beat, so that nothing can be interpolated.
    """
    findings = finite(series) + blank(series)
    if series.pixels.shape[3] >= min_frames:
        findings += [found for index in range(len(series.acquired)) for found in complete(series, index)]
    return findings + still(series)


def finite(series: Series) -> list[Finding]:
    """Set what is not finite to zero, and slices that are mostly not finite aside."""
    if series.pixels.dtype.kind != "f":
        return []
    bad = ~np.isfinite(series.pixels)
    if not bad.any():
        return []
    series.pixels = np.where(bad, np.float32(0), series.pixels)
    lost = bad.mean(axis=(0, 1, 3)) > LARGEST_LOSS
    series.acquired = series.acquired & ~lost[:, None]
    message = f"{bad.sum()} pixels are not finite numbers; they became 0"
    mended = [Finding("not-finite", "repaired", series.view, message)]
    return mended + aside(series, _indices(lost), "not-finite", "most pixels are not finite")


def blank(series: Series) -> list[Finding]:
    """Mark frames of one constant value as not acquired; set slices aside that have nothing else."""
    flat = series.pixels.min(axis=(0, 1)) == series.pixels.max(axis=(0, 1))
    empty = _indices(flat.all(axis=1) & series.acquired.any(axis=1))
    series.acquired = series.acquired & ~flat
    return aside(series, empty, "constant", "every frame is one constant value")


def complete(series: Series, index: int) -> list[Finding]:
    """Fill the missing frames of slice `index` from its neighbours around the beat."""
    acquired = series.acquired[index]
    known = np.flatnonzero(acquired)
    if acquired.all() or not acquired.any():
        return []
    count = len(acquired)
    last = int(known[-1]) + 1
    if last <= (1 - SHORT_BEAT) * count and len(known) == last >= 3:
        message = f"the slice has {last} of {count} frames; they were stretched over the beat"
        found = _fill(series, index, phases(last), "short-slice", message)
        series.acquired[index] = True
        return found
    if len(known) < (1 - LARGEST_LOSS) * count:
        series.acquired[index] = False
        return aside(series, [index], "missing-frames", f"{count - len(known)} of {count} frames are blank")
    message = f"{count - len(known)} of {count} frames are blank; they were interpolated"
    return _fill(series, index, known / count, "missing-frames", message)


def still(series: Series) -> list[Finding]:
    """Set slices aside that show the same picture in every frame."""
    if series.pixels.shape[3] < 2:
        return []
    frozen = [index for index in _indices(np.all(series.acquired, axis=1)) if _unchanging(series.pixels[:, :, index])]
    series.acquired[frozen] = False
    return aside(series, frozen, "still", "every frame shows the same picture")


def aside(series: Series, indices: list[int], code: str, message: str) -> list[Finding]:
    """Return the finding, if there is any slice to find, that slices of a series were set aside."""
    if not indices:
        return []
    listed = f" slice {', '.join(map(str, indices))}" if len(indices) < len(series.acquired) else ""
    return [Finding(code, "rejected", f"{series.view}{listed}", message)]


def _fill(series: Series, index: int, known: NDArray[np.float64], code: str, message: str) -> list[Finding]:
    pixels = np.moveaxis(series.pixels[:, :, index], -1, 0)
    filled = interpolate_cyclic(pixels[series.acquired[index]], known, phases(len(pixels)))
    series.pixels[:, :, index] = np.moveaxis(filled, 0, -1)
    return [Finding(code, "repaired", f"{series.view} slice {index}", message)]


def _indices(flags: NDArray[np.bool_]) -> list[int]:
    return [int(index) for index in np.flatnonzero(flags)]


def _unchanging(pixels: NDArray[np.generic]) -> bool:
    return all(np.array_equal(pixels[..., 0], pixels[..., frame]) for frame in range(1, pixels.shape[-1]))
