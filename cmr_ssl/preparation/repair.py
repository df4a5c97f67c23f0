"""Repair unusable pixels where possible: not finite, blank frames, slices without motion."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.preparation.beat_frames import interpolate_cyclic, phases
from cmr_ssl.study import Finding, Series

LARGEST_LOSS = 0.5  # of a slice's pixels or frames that can be repaired
SHORT_BEAT = 0.2  # blank frames at the end of a slice: above this share the slice was acquired with fewer frames


def repair(series: Series, min_frames: int) -> list[Finding]:
    """Repair one series in place and return findings; without `min_frames` frames nothing is interpolated."""
    findings = finite(series) + blank(series)
    if series.pixels.shape[3] >= min_frames:
        findings += [finding for index in range(len(series.acquired)) for finding in complete(series, index)]
    return findings + still(series)


def finite(series: Series) -> list[Finding]:
    """Set pixels that are not finite to zero, and reject slices that are mostly not finite."""
    if series.pixels.dtype.kind != "f":
        return []
    bad = ~np.isfinite(series.pixels)
    if not bad.any():
        return []
    series.pixels = np.where(bad, np.float32(0), series.pixels)
    lost = bad.mean(axis=(0, 1, 3)) > LARGEST_LOSS
    series.acquired = series.acquired & ~lost[:, None]
    message = f"{bad.sum()} pixels are not finite numbers; they became 0"
    repaired = [Finding("not-finite", "repaired", series.view, message)]
    return repaired + rejected_slices(series, lost, "not-finite", "most pixels are not finite")


def blank(series: Series) -> list[Finding]:
    """Mark frames of one constant value as not acquired; reject slices of such frames alone."""
    flat = series.pixels.min(axis=(0, 1)) == series.pixels.max(axis=(0, 1))
    empty = flat.all(axis=1) & series.acquired.any(axis=1)
    series.acquired = series.acquired & ~flat
    return rejected_slices(series, empty, "constant", "every frame is one constant value")


def complete(series: Series, index: int) -> list[Finding]:
    """Fill the missing frames of slice `index` from its neighbours around the beat."""
    acquired = series.acquired[index]
    frames = np.flatnonzero(acquired)
    if acquired.all() or not acquired.any():
        return []
    count, missing = len(acquired), len(acquired) - len(frames)
    last = int(frames[-1]) + 1
    if last <= (1 - SHORT_BEAT) * count and len(frames) == last >= 3:
        message = f"the slice has {last} of {count} frames; they were stretched over the beat"
        findings = _fill(series, index, phases(last), "short-slice", message)
        series.acquired[index] = True
        return findings
    if len(frames) < (1 - LARGEST_LOSS) * count:
        series.acquired[index] = False
        lost = np.arange(len(series.acquired)) == index
        return rejected_slices(series, lost, "missing-frames", f"{missing} of {count} frames are blank")
    message = f"{missing} of {count} frames are blank; they were interpolated"
    return _fill(series, index, frames / count, "missing-frames", message)


def still(series: Series) -> list[Finding]:
    """Reject slices that show the same image in every frame."""
    if series.pixels.shape[3] < 2:
        return []
    frozen = np.asarray(series.acquired.all(axis=1))
    for index in np.flatnonzero(frozen):
        pixels = series.pixels[:, :, index]
        frozen[index] = all(np.array_equal(pixels[..., 0], pixels[..., frame]) for frame in range(1, pixels.shape[-1]))
    series.acquired[frozen] = False
    return rejected_slices(series, frozen, "still", "every frame shows the same picture")


def rejected_slices(series: Series, rejected: NDArray[np.bool_], code: str, message: str) -> list[Finding]:
    """Return the finding that slices of a series, (S,) bool, are rejected; empty if there is none."""
    indices = np.flatnonzero(rejected).tolist()
    if not indices:
        return []
    listed = f" slice {', '.join(map(str, indices))}" if len(indices) < len(series.acquired) else ""
    return [Finding(code, "rejected", f"{series.view}{listed}", message)]


def _fill(series: Series, index: int, known: NDArray[np.float64], code: str, message: str) -> list[Finding]:
    pixels = np.moveaxis(series.pixels[:, :, index], -1, 0)
    filled = interpolate_cyclic(pixels[series.acquired[index]], known, phases(len(pixels)))
    series.pixels[:, :, index] = np.moveaxis(filled, 0, -1)
    return [Finding(code, "repaired", f"{series.view} slice {index}", message)]
