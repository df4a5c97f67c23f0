"""How sure a comparison is: paired, over everything that was drawn by chance, corrected for how often one looked.

Errors of one way to solve a task are an array (P, D, S): P pretrainings (1 where there is none), D draws of labelled
subjects, S test subjects. Two ways that are compared have the same draws and the same test subjects, so their
differences are paired in both; their pretrainings are not.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Array = NDArray[np.float64]
Chosen = NDArray[np.intp]

RESAMPLES = 10_000  # a p-value is at least 2 in so many; it must survive Holm's correction over a hundred
INTERVAL = (2.5, 97.5)  # percentiles


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


class Comparison(NamedTuple):
    """One way compared with another.

    Attributes:
        difference: mean error of the one less that of the other; below zero where the one is better.
        reduction: of the error, relative to that of the other; 0.5 where it is halved.
        p: two-sided, of no difference.
    """

    difference: Estimate
    reduction: Estimate
    p: float


def mean_error(errors: Array, seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """Return the mean of errors (P, D, S) with the interval of the hierarchical bootstrap."""
    pretrainings, draws, subjects = errors.shape
    shares = drawn_again(seed, resamples, (draws, subjects, pretrainings))
    return estimate(errors.mean(), resampled(errors, *shares))


def compare(ours: Array, theirs: Array, seed: int = 0, resamples: int = RESAMPLES) -> Comparison:
    """Compare two ways to solve a task by the hierarchical bootstrap.

    Pretrainings, label draws and subjects are drawn again, draws and subjects alike for both ways. Of n units n - 1 are
    drawn, which gives means the variance that n units have; drawing n would give too little where there are but two.
    What differs by chance alone, in each pretraining, draw and subject anew, counts more than once: there the intervals
    are wider than they need be.

    Args:
        ours: errors, (P, D, S).
        theirs: errors on the same draws and subjects, (Q, D, S).
        seed: of the resampling.
        resamples: how often.

    Raises:
        ValueError: if draws or subjects are not the same number.
    """
    if ours.shape[1:] != theirs.shape[1:]:
        raise ValueError(f"errors of {ours.shape[1:]} draws and subjects cannot be paired with {theirs.shape[1:]}")
    draws, subjects, *both = drawn_again(seed, resamples, (*ours.shape[1:], len(ours), len(theirs)))
    pairs = zip((ours, theirs), both, strict=True)
    one, other = (resampled(errors, draws, subjects, pretrainings) for errors, pretrainings in pairs)
    differences = one - other
    extreme = min((differences <= 0).sum(), (differences >= 0).sum())
    return Comparison(
        estimate(ours.mean() - theirs.mean(), differences),
        estimate(float(reduction(ours.mean(), theirs.mean())), reduction(one, other)),
        min(1.0, 2 * (1 + float(extreme)) / (1 + resamples)),
    )


def reduction(ours: Array, theirs: Array) -> Array:
    """Return by how much of their error ours is smaller; NaN where they make none."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    return 1 - np.divide(ours, theirs, out=np.full(theirs.shape, np.nan), where=theirs > 0)


@lru_cache(maxsize=8)  # the tables of a report ask for the same hundreds of times
def drawn_again(seed: int, resamples: int, counts: tuple[int, ...]) -> list[Array]:
    """Return the share of each unit in each resample, for so many units of each kind, (R, count)."""
    rng = np.random.default_rng(seed)
    return [weights(rng, resamples, count) for count in counts]


def weights(rng: np.random.Generator, resamples: int, count: int) -> Array:
    """Return the share of each of `count` units in each resample, (R, count)."""
    drawn = max(1, count - 1)
    return rng.multinomial(drawn, np.full(count, 1 / count), size=resamples) / drawn


def resampled(errors: Array, draws: Array, subjects: Array, pretrainings: Array) -> Array:
    """Return the mean error in each resample, (R,).

    Args:
        errors: (P, D, S).
        draws: shares of the label draws, (R, D).
        subjects: shares of the subjects, (R, S).
        pretrainings: shares of the pretrainings, (R, P).
    """
    of_subjects = np.einsum("pds,rs->rpd", errors, subjects, optimize=True)
    return np.einsum("rpd,rp,rd->r", of_subjects, pretrainings, draws, optimize=True)


def estimate(value: float, again: Array) -> Estimate:
    """Return a value with the interval of what the resamples gave, (R,), NaN where they gave nothing."""
    finite = again[np.isfinite(again)]
    low, high = np.percentile(finite, INTERVAL) if len(finite) else (np.nan, np.nan)
    return Estimate(float(value), float(low), float(high))


def over_subjects(measure: Callable[[NDArray[np.intp]], float], count: int, resamples: int = 300) -> Estimate:
    """Return a measure of chosen test subjects with its bootstrap interval over them."""
    rng = np.random.default_rng(0)
    again = np.array([measure(rng.integers(count, size=count)) for _ in range(resamples)])
    return estimate(measure(np.arange(count)), again)


def over_replicates(
    measure: Callable[[int, Chosen], float], replicates: int, count: int, resamples: int = 300
) -> Estimate:
    """Return the mean over replicates of a measure of test subjects, with its bootstrap interval over both.

    Args:
        measure: of a replicate, such as a seed, on chosen subjects, given by their indices.
        replicates: how many.
        count: test subjects.
        resamples: how often both are drawn again.
    """
    rng = np.random.default_rng(0)
    again = []
    for _ in range(resamples):
        chosen, seeds = rng.integers(count, size=count), rng.integers(replicates, size=replicates)
        again.append(np.mean([measure(int(seed), chosen) for seed in seeds]))
    everybody = np.arange(count)
    return estimate(float(np.mean([measure(one, everybody) for one in range(replicates)])), np.array(again))


def auroc(scores: Array, positive: NDArray[np.bool_]) -> float:
    """Return the AUROC by ranks, which resampling needs quickly; NaN where all are alike."""
    cases, others = int(positive.sum()), int((~positive).sum())
    if not cases or not others:
        return float("nan")
    return float((rankdata(scores)[positive].sum() - cases * (cases + 1) / 2) / (cases * others))


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return p of costs ~ sizes^p: the slope of the line through the logarithms of both, which are positive."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])
