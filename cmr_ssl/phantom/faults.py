"""Faults of real scanners with their rates; labels always describe the image as it is written."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.phantom.series_pixels import AcquiredSeries
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS, slice_affine

Examination = list[AcquiredSeries]
Fault = Callable[[np.random.Generator, Examination], Examination]

# The first three rates are published for UK Biobank; the others are assumed to be rare.
RATES: dict[str, dict[str, float]] = {
    "none": {},
    "default": {
        "lost_basal_slices": 0.07,
        "lost_apical_slices": 0.07,
        "low_contrast": 0.02,
        "mistriggered_slice": 0.02,
        "motion": 0.02,
        "duplicate_series": 0.03,
        "wrap_around": 0.01,
        "missing_frames": 0.005,
        "swapped_view": 0.002,
    },
}


def apply_faults(
    rng: np.random.Generator, series: Examination, rates: dict[str, float]
) -> tuple[Examination, list[str]]:
    """Apply each fault at its rate; return the series and the names of applied faults."""
    applied = []
    for name, fault in FAULTS.items():
        fault_rng = np.random.default_rng(int(rng.integers(2**63)))
        if fault_rng.random() < rates.get(name, 0.0):
            series = fault(fault_rng, series)
            applied.append(name)
    return series, applied


def _replace(series: Examination, index: int, changed: AcquiredSeries) -> Examination:
    return [*series[:index], changed, *series[index + 1 :]]


def _short_axis(series: Examination) -> int:
    return next(index for index, item in enumerate(series) if item.plan.view == SHORT_AXIS)


def _draw_slice(rng: np.random.Generator, series: Examination) -> tuple[int, int]:
    """Draw a series, mostly the short axis, and one of its inner slices."""
    index = _short_axis(series) if rng.random() < 0.7 else int(rng.integers(len(series)))
    count = series[index].plan.shape[2]
    return index, int(rng.integers(count // 4, max(count // 4 + 1, 3 * count // 4)))


def keep_slices(item: AcquiredSeries, kept: slice) -> AcquiredSeries:
    """Return a stack with only the `kept` slices; its affine starts at the first of them."""
    first = kept.indices(item.plan.shape[2])[0]
    pixels, labels = item.pixels[:, kept], item.labels[:, kept]
    shape = (*item.plan.shape[:2], pixels.shape[1])
    plan = item.plan._replace(affine=slice_affine(item.plan.affine, first), shape=shape)
    return AcquiredSeries(plan, pixels, labels, item.shifts[kept])


def lose_basal(rng: np.random.Generator, series: Examination) -> Examination:
    """Lose the first two or three slices: the stack starts below the valve."""
    index = _short_axis(series)
    return _replace(series, index, keep_slices(series[index], slice(int(rng.integers(2, 4)), None)))


def lose_apical(rng: np.random.Generator, series: Examination) -> Examination:
    """Lose the last two or three slices: the stack ends above the apex."""
    index = _short_axis(series)
    return _replace(series, index, keep_slices(series[index], slice(None, -int(rng.integers(2, 4)))))


def lower_contrast(rng: np.random.Generator, series: Examination) -> Examination:
    """Saturate the images, so that blood is hardly brighter than muscle."""
    knee = float(rng.uniform(0.1, 0.25))
    return [item._replace(pixels=saturate(item.pixels, knee)) for item in series]


def saturate(pixels: NDArray[np.int16], knee: float) -> NDArray[np.int16]:
    """Bend grey values so that they rise fast up to `knee` times the white level and slowly from there."""
    white = np.float32(np.percentile(pixels[0], 99.0))
    grey = pixels.astype(np.float32)
    return (grey * (knee * white + white) / (knee * white + grey)).astype(np.int16)


def mistrigger(rng: np.random.Generator, series: Examination) -> Examination:
    """Start one slice at another phase of the beat."""
    index, layer = _draw_slice(rng, series)
    item = series[index]
    frames = len(item.pixels)
    late = int(rng.choice([-1, 1])) * max(1, round(frames * rng.uniform(0.06, 0.24)))
    pixels, labels = item.pixels.copy(), item.labels.copy()
    pixels[:, layer] = np.roll(pixels[:, layer], late, axis=0)
    labels[:, layer] = np.roll(labels[:, layer], late, axis=0)
    return _replace(series, index, item._replace(pixels=pixels, labels=labels))


def move(rng: np.random.Generator, series: Examination) -> Examination:
    """Blur and ghost one slice, as when the breath was not held."""
    index, layer = _draw_slice(rng, series)
    item = series[index]
    pixels = item.pixels.copy()
    pixels[:, layer] = smear(pixels[:, layer], int(rng.integers(2, 5)), float(rng.uniform(0.3, 0.45)))
    return _replace(series, index, item._replace(pixels=pixels))


def smear(pixels: NDArray[np.int16], step: int, share: float) -> NDArray[np.int16]:
    """Mix images (T, Y, X) with copies moved by `step` rows and ghosts half a field away."""
    weights = {step: share / 2, -step: share / 2, pixels.shape[1] // 2: 0.12}
    mixed = (1 - share) * pixels.astype(np.float32)
    for rows, weight in weights.items():
        mixed += np.float32(weight) * np.roll(pixels, rows, axis=1)
    return mixed.astype(np.int16)


def repeat(rng: np.random.Generator, series: Examination) -> Examination:
    """Add a failed acquisition of one long-axis view, as ``<view>_first``."""
    candidates = [item for item in series if item.plan.view in LONG_AXIS]
    item = candidates[int(rng.integers(len(candidates)))]
    pixels = smear(item.pixels[:, 0], 4, 0.5)[:, None]
    return [*series, item._replace(plan=item.plan._replace(view=f"{item.plan.view}_first"), pixels=pixels)]


def miss_frames(rng: np.random.Generator, series: Examination) -> Examination:
    """Lose one to three frames of a slice; conversion repeats the frame before, or leaves zeros at the first."""
    index, layer = _draw_slice(rng, series)
    item = series[index]
    first = int(rng.integers(len(item.pixels)))
    lost = slice(first, first + int(rng.integers(1, 4)))
    pixels, labels = item.pixels.copy(), item.labels.copy()
    pixels[lost, layer] = pixels[first - 1, layer] if first else 0
    labels[lost, layer] = labels[first - 1, layer] if first else 0
    return _replace(series, index, item._replace(pixels=pixels, labels=labels))


def wrap_around(rng: np.random.Generator, series: Examination) -> Examination:
    """Fold the far edges of one series over its middle: the field of view was too small."""
    index = int(rng.integers(len(series)))
    item = series[index]
    rows = item.pixels.shape[2]
    folded = np.roll(item.pixels, round(rows * rng.uniform(0.35, 0.5)), axis=2).astype(np.float32)
    pixels = (item.pixels + np.float32(rng.uniform(0.4, 0.7)) * folded).clip(0, 4095).astype(np.int16)
    return _replace(series, index, item._replace(pixels=pixels))


def swap_view(rng: np.random.Generator, series: Examination) -> Examination:
    """Exchange the names of two long-axis views."""
    long_axis = [index for index, item in enumerate(series) if item.plan.view in LONG_AXIS]
    first, second = rng.choice(long_axis, 2, replace=False)
    names = {first: series[second].plan.view, second: series[first].plan.view}
    return [
        item._replace(plan=item.plan._replace(view=names.get(index, item.plan.view)))
        for index, item in enumerate(series)
    ]


FAULTS: dict[str, Fault] = {
    "lost_basal_slices": lose_basal,
    "lost_apical_slices": lose_apical,
    "low_contrast": lower_contrast,
    "mistriggered_slice": mistrigger,
    "motion": move,
    "duplicate_series": repeat,
    "missing_frames": miss_frames,
    "wrap_around": wrap_around,
    "swapped_view": swap_view,
}
