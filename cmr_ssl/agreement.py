"""Agreement of predictions with the truth, with bootstrap intervals over subjects.

Agreement of two ways to measure: Bland and Altman, Lancet 1986; intraclass correlation of two-way random effects,
absolute agreement, single rater: Shrout and Fleiss, Psychol Bull 1979, their ICC(2,1).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 3  # subjects for which measures are computed
INTERVAL = (2.5, 97.5)  # percentiles
LIMITS_SD = 1.96
FLAT = 1e-12  # share of the mean square below which a variance is rounding
BINS = 10  # of confidence
NUMBERS = ("MAE", "RMSE", "R2", "Pearson", "ICC(2,1)", "bias", "LoA low", "LoA high")
PROBABILITIES = ("AUROC", "average precision", "Brier", "calibration error")


class Estimate(NamedTuple):
    """A number and its 95 % bootstrap interval over subjects; NaN where unknown."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


def agreement(
    predicted: NDArray[np.floating], true: NDArray[np.floating], seed: int = 0, resamples: int = 1000
) -> dict[str, Estimate]:
    """Compare predicted with true values.

    Args:
        predicted: one value a subject, in physical units, (N,).
        true: (N,); subjects in which either is not finite are left out.
        seed: of the bootstrap.
        resamples: of the bootstrap.

    Returns:
        The measures of `NUMBERS`, and N, the number of subjects; differences are predicted minus true. R2 is the
        coefficient of determination and may be negative. All but N are NaN for fewer than 3 subjects.
    """
    first, second = known_pairs(predicted, true)
    if (count := len(first)) < FEWEST:
        return _nothing(NUMBERS, count)
    moments = _moments(first, second)
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    means = np.vstack([np.ones(count), times]) @ (moments / count)  # first the sample itself
    measures = zip(NUMBERS, _measures(means, count), strict=True)
    return {name: estimate(float(values[0]), values[1:]) for name, values in measures} | {"N": Estimate(count)}


def known_pairs(
    first: NDArray[np.floating], second: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values of the subjects in whom both (N,) are finite."""
    known = np.isfinite(first) & np.isfinite(second)
    return first[known].astype(np.float64), second[known].astype(np.float64)


def classification(
    scores: NDArray[np.floating], true: NDArray[np.integer], seed: int = 0, resamples: int = 200
) -> dict[str, Estimate]:
    """Measure predicted probabilities.

    Args:
        scores: probability of each class, (N, C).
        true: index of the class, (N,); subjects with -1, unknown, are left out.
        seed: of the bootstrap.
        resamples: of the bootstrap; those of one class only are left out.

    Returns:
        The measures of `PROBABILITIES`, and N. Of two classes, the first three are those of class 1; of more, AUROC and
        average precision are means over the classes that occur, each against the rest, and Brier's score is the sum
        over classes. The calibration error is that of the likeliest class in 10 bins of confidence.
    """
    known = (true >= 0) & np.isfinite(scores).all(axis=1)
    probabilities, classes = scores[known].astype(np.float64), true[known].astype(np.int64)
    if len(classes) < FEWEST:
        return _nothing(PROBABILITIES, len(classes))
    draws = np.random.default_rng(seed).integers(len(classes), size=(resamples, len(classes)))
    mixed = [draw for draw in draws if np.ptp(classes[draw]) > 0]
    resampled = [_probability_measures(probabilities[draw], classes[draw]) for draw in mixed]
    columns = np.reshape(resampled, (-1, len(PROBABILITIES))).T
    measures = zip(PROBABILITIES, _probability_measures(probabilities, classes), columns, strict=True)
    return {name: estimate(value, values) for name, value, values in measures} | {"N": Estimate(len(classes))}


def by_group(
    predicted: NDArray[np.floating], true: NDArray[np.floating], groups: Sequence[str] | NDArray[np.str_]
) -> dict[str, dict[str, Estimate]]:
    """Return the `agreement` within each group, in the order of their names; predicted, true and groups are (N,)."""
    labels = np.asarray(groups)
    return {str(name): agreement(predicted[labels == name], true[labels == name]) for name in np.unique(labels)}


def age_bands(age: NDArray[np.floating]) -> NDArray[np.str_]:
    """Return decades as they are usual in imaging cohorts, such as "45-54", of ages in years (N,)."""
    return np.array([_band(float(years)) for years in age], dtype=np.str_)


def _band(years: float) -> str:
    if not np.isfinite(years):
        return "unknown"
    low = int((years - 5) // 10) * 10 + 5
    return f"{max(low, 0)}-{low + 9}"


def _moments(predicted: Array, true: Array) -> Array:
    """Return the moments of each subject of which all measures are computed, (N, 8)."""
    p, t, d = predicted - true.mean(), true - true.mean(), predicted - true  # centred: no digits are lost
    return np.stack([p, t, p * p, t * t, p * t, d, d * d, np.abs(d)], axis=1)


def _measures(means: Array, count: int) -> tuple[Array, ...]:
    """Return the measures of `NUMBERS`, (R,) each, from mean moments of n = `count` subjects, (R, 8).

    With differences d = predicted - true: R2 = 1 - mean(d^2) / var(true), bias = mean(d), and limits of agreement
    bias +- 1.96 s, where s is the standard deviation of d with n - 1 degrees of freedom.
    """
    p, t, pp, tt, pt, bias, square, absolute = means.T
    variance_p, variance_t, covariance = _variance(p, pp), _variance(t, tt), pt - p * t
    scatter = np.maximum(square - bias**2, 0)
    margin = LIMITS_SD * np.sqrt(scatter * count / (count - 1))
    pearson = covariance / np.sqrt(variance_p * variance_t)
    between = (np.maximum(pp - p**2, 0) + variance_t + 2 * covariance) / 4
    icc = _icc(between, scatter, bias, count)
    return absolute, np.sqrt(square), 1 - square / variance_t, pearson, icc, bias, bias - margin, bias + margin


def _variance(mean: Array, square: Array) -> Array:
    """Return the variance from mean and mean square; NaN where all values are the same."""
    variance = square - mean**2
    return np.where(variance > FLAT * square, variance, np.nan)


def _icc(between: Array, scatter: Array, bias: Array, count: int) -> Array:
    """Return ICC(2,1) of two raters, n = `count` subjects: (MSR - MSE) / (MSR + MSE + 2 (MSC - MSE) / n).

    Args:
        between: variance over subjects of the mean of both raters; MSR = 2 n / (n - 1) of it.
        scatter: variance of their difference; MSE = n / (n - 1) / 2 of it.
        bias: mean difference; MSC = n / 2 of its square.
        count: of subjects.
    """
    subjects, raters, rest = 2 * between * count / (count - 1), bias**2 * count / 2, scatter * count / (count - 1) / 2
    return (subjects - rest) / (subjects + rest + 2 * (raters - rest) / count)


def _probability_measures(scores: Array, true: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """Return the measures of `PROBABILITIES`; the first two are NaN if only one class occurs."""
    import torch  # tables and figures of numbers need not wait for it
    from torchmetrics.functional import classification as judge

    given, index, classes = torch.from_numpy(scores), torch.from_numpy(true), scores.shape[1]
    occurring = np.unique(true)
    ranked = [] if len(occurring) < 2 else [1] if classes == 2 else occurring.tolist()
    pairs = [(given[:, positive], (index == positive).long()) for positive in ranked]
    areas = [judge.binary_auroc(*pair).item() for pair in pairs]
    precisions = [judge.binary_average_precision(*pair).item() for pair in pairs]
    errors = np.square(scores - np.eye(classes)[true])
    brier = errors[:, 1] if classes == 2 else errors.sum(axis=1)
    calibration = judge.multiclass_calibration_error(given, index, classes, n_bins=BINS).item()
    return _mean(areas), _mean(precisions), float(brier.mean()), calibration


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def estimate(value: float, resampled: Array) -> Estimate:
    """Return a value with the percentile interval of its values on R resamples, (R,)."""
    finite = resampled[np.isfinite(resampled)]
    if not np.isfinite(value) or not len(finite):
        return Estimate(value)
    low, high = np.percentile(finite, INTERVAL)
    return Estimate(value, float(low), float(high))


def _nothing(names: Sequence[str], count: int) -> dict[str, Estimate]:
    return {name: Estimate(float("nan")) for name in names} | {"N": Estimate(count)}
