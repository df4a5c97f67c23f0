"""What linear heads learn from frozen features: phenotypes and diagnoses with few labels, risk with all of them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from benchmarks.patients.features import Features
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from cmr_ssl.ridge import ridge

Array = NDArray[np.float64]
RESAMPLES, INTERVAL = 300, (2.5, 97.5)


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def draws_of(subjects: list[str], labels: int, draws: int) -> Iterator[list[str]]:
    """Yield so many subjects, drawn anew each time."""
    for seed in range(draws):
        yield np.random.default_rng(seed).choice(subjects, min(labels, len(subjects)), replace=False).tolist()


def predicted(features: Features, training: list[str], aims: Tensor, tested: list[str]) -> Array:
    """Return what a ridge regression on training subjects, aims (N, K), says of those tested, (S, K)."""
    seen, asked = (torch.from_numpy(features.of(one)) for one in (training, tested))
    mean, spread = seen.mean(dim=0), seen.std(dim=0).clamp(min=1e-4)
    solved = ridge(((seen - mean) / spread)[:, None], aims)
    return (((asked - mean) / spread).double() @ solved.weights.T.double() + solved.biases).numpy()


def auroc(scores: Array, ill: NDArray[np.bool_]) -> float:
    """Return the AUROC by ranks, which resampling needs quickly; NaN where all are alike."""
    cases, others = int(ill.sum()), int((~ill).sum())
    if not cases or not others:
        return float("nan")
    return float((rankdata(scores)[ill].sum() - cases * (cases + 1) / 2) / (cases * others))


def over_subjects(measure: Callable[[NDArray[np.intp]], float], count: int) -> Estimate:
    """Return a measure of chosen test subjects with its bootstrap interval over them."""
    rng = np.random.default_rng(0)
    again = np.array([measure(rng.integers(count, size=count)) for _ in range(RESAMPLES)])
    low, high = np.nanpercentile(again, INTERVAL)
    return Estimate(measure(np.arange(count)), float(low), float(high))
