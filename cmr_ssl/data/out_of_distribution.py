"""What the studies of a training look like, and how far another study is from that.

A handful of numbers of each study, which scanners, sequences and preparing change, and which say nothing of whom it
shows. A study is unlike the training if it lies farther from the mean than any of the training does, by much, the
spread and the correlations of the numbers taken into account (Mahalanobis distance). This finds what is grossly other;
that a study is like the training does not make its numbers right.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.planes import SHORT_AXIS, VIEWS, normal, spacing
from cmr_ssl.preparation.cache import subject_file

Array = NDArray[np.float64]
Images = NDArray[np.uint8]

MEASURES = (
    "brightness",
    "contrast",
    "dark greys",
    "bright greys",
    "sharpness",
    "noise",
    "motion",
    "size of what beats",
    "distance of slices",
    "depth of the stack",
)
FEWEST_STUDIES = 20  # that say what is usual
MOST_STUDIES = 64  # that are looked at; the mean is known well enough then
BEYOND = 1.5  # times the farthest study of the training
SHRINKAGE = 0.1  # of the correlations, which few studies tell badly
NAMED = 2  # measures that a message names
SAME = 0.02  # least spread of a measure, of its size: slices of all synthetic hearts are exactly 10 mm apart


def study_statistics(images: Images, affine: NDArray[np.floating], view: NDArray[np.integer]) -> Array:
    """Return the numbers of one prepared study, `MEASURES`; NaN where there is too little to see.

    Args:
        images: 0 to 255, (P, T, H, W).
        affine: pixel to mm in the heart frame, (P, 4, 4).
        view: index into ``planes.VIEWS``, (P,).
    """
    stack = view == VIEWS.index(SHORT_AXIS)
    shown = images[stack] if stack.any() else images
    height, width = shown.shape[2:]
    middle = shown[..., height // 4 : -(height // 4), width // 4 : -(width // 4)].astype(np.float32) / 255
    dark, bright = np.percentile(middle, [10, 90])
    spread = float(middle.std()) + 1e-3
    edges = sum(float(np.abs(np.diff(middle, axis=axis)).mean()) for axis in (2, 3))
    jerk = np.abs(np.diff(middle, n=2, axis=1)) if middle.shape[1] > 2 else np.full(1, np.nan)
    beating = middle.std(axis=1)
    greys = (float(middle.mean()), spread, float(dark), float(bright))
    moving = (edges / spread, float(np.median(jerk)) / spread, float(beating.mean()) / spread)
    pixel_mm = float(spacing(affine[0].astype(np.float64)).mean())
    return np.array([*greys, *moving, _extent(beating) * pixel_mm, *_stack(affine[stack])])


def training_distribution(cache: Path, subjects: Sequence[str], seed: int) -> dict[str, Any]:
    """Return what is usual among `subjects` of a cache, some of them by a stable hash; see `fit_distribution`."""
    return fit_distribution([*cache_statistics(cache, first_subjects(subjects, MOST_STUDIES, seed))])


def cache_statistics(cache: Path, subjects: Sequence[str]) -> Iterator[tuple[Array, dict[str, int]]]:
    """Yield measures and number of planes by view of subjects of a cache; files that cannot be read are passed over."""
    for subject in subjects:
        try:
            with safe_open(subject_file(cache, subject), framework="numpy") as file:
                images, affine, view = (file.get_tensor(name) for name in ("images", "affine", "view"))
        except (OSError, SafetensorError):
            continue  # whoever trains on it says so
        yield study_statistics(images, affine, view), planes_by_view(view)


def planes_by_view(view: NDArray[np.integer]) -> dict[str, int]:
    """Return how many planes there are of every view, none included."""
    return {name: int((view == index).sum()) for index, name in enumerate(VIEWS)}


def fit_distribution(studies: Sequence[tuple[Array, dict[str, int]]]) -> dict[str, Any]:
    """Return what is usual among studies, as plain numbers that fit into a checkpoint.

    Args:
        studies: of each the measures and the number of planes by view.

    Returns:
        The number of studies, the fewest and most planes of each view, and, if the studies are enough, mean and
        covariance of the measures and the farthest distance of a study from the others.
    """
    counts = {view: [planes[view] for _, planes in studies] for view in VIEWS}
    planes = {view: [min(some), max(some)] for view, some in counts.items() if some}
    usual: dict[str, Any] = {"studies": len(studies), "planes": planes}
    if len(studies) < FEWEST_STUDIES:
        return usual
    table = np.stack([found for found, _ in studies])
    known: NDArray[np.bool_] = np.asarray(np.isfinite(table).all(axis=0))
    if not known.any():
        return usual
    names = [name for name, one in zip(MEASURES, known, strict=True) if one]
    table = table[:, known]
    apart = [_distance(one, *_spread(np.delete(table, index, axis=0))) for index, one in enumerate(table)]
    mean, covariance = _spread(table)
    spread = {"measures": names, "mean": mean.tolist(), "covariance": covariance.tolist(), "farthest": max(apart)}
    return usual | spread


def describe_outlier(usual: Mapping[str, Any], measures: Array) -> str:
    """Say how a study is unlike what is usual; nothing where it is not, or where nobody knows what is usual.

    Args:
        usual: as `fit_distribution` returns it.
        measures: the measures of the study.
    """
    if "mean" not in usual:
        return ""
    value = measures[[MEASURES.index(name) for name in usual["measures"]]]
    mean, covariance = np.array(usual["mean"]), np.array(usual["covariance"])
    finite = np.isfinite(value)
    if not finite.any():
        return ""
    distance = _distance(value[finite], mean[finite], covariance[np.ix_(finite, finite)])
    limit = BEYOND * usual["farthest"]
    if distance <= limit:
        return ""
    away = np.where(finite, (value - mean) / np.sqrt(np.diag(covariance)), 0.0)
    most = np.abs(away).argsort()[::-1][:NAMED]
    named = ", ".join(f"{usual['measures'][index]} {away[index]:+.1f} SD" for index in most)
    return f"it looks unlike the {usual['studies']} studies of the training (distance {distance / limit:.1f}): {named}"


def _spread(table: Array) -> tuple[Array, Array]:
    """Return mean and covariance of measures (N, K), the correlations drawn towards none."""
    mean = table.mean(axis=0)
    covariance = np.atleast_2d(np.cov(table, rowvar=False))
    least = (SAME * np.maximum(np.abs(mean), 1e-3)) ** 2
    return mean, (1 - SHRINKAGE) * covariance + np.diag(SHRINKAGE * np.diag(covariance) + least)


def _distance(value: Array, mean: Array, covariance: Array) -> float:
    """Return the Mahalanobis distance, in root mean squares of the measures: about 1 for a study like the others."""
    off = value - mean
    return float(np.sqrt(off @ np.linalg.solve(covariance, off) / len(off)))


def _extent(beating: NDArray[np.float32]) -> float:
    """Return the root mean square distance of what beats, (P, H, W), from its middle, in pixels."""
    weights = np.square(beating).mean(axis=0, dtype=np.float64)
    if not weights.sum() > 0:
        return float("nan")
    points = np.indices(weights.shape).reshape(2, -1)
    weights = weights.ravel() / weights.sum()
    off = points - (points @ weights)[:, None]
    return float(np.sqrt(np.square(off).sum(axis=0) @ weights))


def _stack(affines: NDArray[np.floating]) -> tuple[float, float]:
    """Return the distance of neighbouring slices and that of the outermost, mm."""
    if len(affines) < 2:
        return float("nan"), float("nan")
    heights = np.sort(affines[:, :3, 3].astype(np.float64) @ normal(affines[0].astype(np.float64)))
    return float(np.median(np.diff(heights))), float(np.ptp(heights))
