"""What is predicted of a whole heart: numbers in physical units, or a diagnosis."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, huber_loss

from cmr_ssl.agreement import Array, Estimate, agreement, classification
from cmr_ssl.cohort.phenotypes import check_targets, in_order, read_classes, read_phenotypes
from cmr_ssl.conformal import coverage, half_width
from cmr_ssl.lengths import are_sizes, as_lengths, as_values
from cmr_ssl.losses import mean_where

Values = NDArray[np.float32]

CONFIDENCE = 2.0  # logit of a class that is known: two classes are then separated with a probability of 0.98


class Objective(nn.Module):
    """Base of objectives."""

    def __init__(self, classes: Sequence[str] = ()) -> None:
        """Note the classes whose probabilities are predicted; none where numbers are."""
        super().__init__()
        self.classes = list(classes)

    @abstractmethod
    def outputs(self, targets: list[str]) -> int:
        """Return how many outputs a network needs to predict `targets`.

        Raises:
            ValueError: if the objective cannot predict these.
        """

    def names(self, targets: list[str]) -> list[str]:
        """Return what the values that `predict` returns are called, in their order."""
        return [f"P({name})" for name in self.classes] or targets

    @abstractmethod
    def read_targets(self, table: Path, targets: list[str], subjects: list[str]) -> pd.DataFrame:
        """Return what is to be predicted of N subjects, (N, K), NaN where unknown.

        Args:
            table: CSV, TSV or parquet file with a row a subject.
            targets: columns of it, as `columns.resolve` finds them.
            subjects: their ids.

        Raises:
            FileNotFoundError: if there is no table.
            ValueError: if the table does not hold it.
        """

    @abstractmethod
    def fit_statistics(self, values: Values, targets: list[str]) -> None:
        """Look at the training values (N, K), once, before training.

        Raises:
            ValueError: if nothing can be learnt from them.
        """

    def watch_validation(self, outputs: Tensor, true: Tensor) -> None:
        """Learn from the whole validation split, outputs and true values, what must not come from the training."""

    def half_widths(self, targets: list[str]) -> dict[str, float]:
        """Return the half widths of the intervals of predictions by target, in physical units, where they are known."""
        return {}

    def coverages(self, predicted: Array, true: Array, targets: list[str]) -> dict[str, Estimate]:
        """Return how many true values (N, K) the intervals of predicted ones (N, K) hold, by target with intervals."""
        half = self.half_widths(targets)
        errors = dict(zip(targets, (predicted - true).T, strict=True)) if half else {}
        return {name: coverage(errors[name], width) for name, width in half.items()}

    def measures(self, outputs: Tensor, true: Tensor, targets: list[str]) -> dict[str, Tensor]:
        """Return what is logged beside the loss, by name, of the outputs (N, ...) and true values (N, K) of a split."""
        return {}

    def judge(self, predicted: Array, true: Array, targets: list[str], seed: int) -> dict[str, dict[str, Estimate]]:
        """Return, by target, how well predicted values (N, ...) agree with true ones (N, K), with intervals.

        Args:
            predicted: what `predict` returned.
            true: NaN where unknown.
            targets: their names.
            seed: of the resampling.
        """
        return {}

    @abstractmethod
    def target_outputs(self, true: Tensor) -> Tensor:
        """Return the outputs that true values (B, K) call for, (B, outputs), NaN where unknown; for `RidgeStart`."""

    @abstractmethod
    def loss(self, outputs: Tensor, true: Tensor) -> Tensor:
        """Return the loss of each subject, (B,), NaN where nothing is known of it; `true` is (B, K)."""

    @abstractmethod
    def predict(self, outputs: Tensor) -> Tensor:
        """Return what the outputs mean: values in physical units (B, K), or probabilities (B, C)."""


class Regression(Objective):
    """Predict numbers, standardised by mean and deviation of the training split; what is missing does not count.

    Volumes and masses are learnt as lengths, see `lengths`: with 100 labelled synthetic hearts errors of volumes are
    smaller by 4 to 9 %, that of the mass by 6 %.

    Attributes:
        sizes: which targets are volumes or masses, (K,).
        mean: of each target over the training split, of lengths where it is a size, (K,).
        deviation: likewise.
        half_width: of the interval of each prediction, in physical units, (K,); see `conformal`.
    """

    sizes: Tensor
    mean: Tensor
    deviation: Tensor
    half_width: Tensor

    def __init__(self, huber_delta: float | None = 1.0) -> None:
        """Choose the loss.

        Args:
            huber_delta: error, in standard deviations, beyond which the Huber loss grows linearly; None for MSE.

        Raises:
            ValueError: if it is not above 0.
        """
        super().__init__()
        if huber_delta is not None and huber_delta <= 0:
            raise ValueError(f"huber_delta must be above 0 or null for the squared error, got {huber_delta}")
        self.huber_delta = huber_delta

    def outputs(self, targets: list[str]) -> int:
        """Return one output a target, and make room for its statistics."""
        self.register_buffer("sizes", are_sizes(targets))
        self.register_buffer("mean", torch.zeros(len(targets)))
        self.register_buffer("deviation", torch.ones(len(targets)))
        self.register_buffer("half_width", torch.full((len(targets),), torch.nan))
        return len(targets)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:  # noqa: ANN401
        """Load weights; checkpoints of earlier versions have no intervals, or learnt sizes as they are."""
        state_dict.setdefault(f"{prefix}half_width", torch.full_like(self.half_width, torch.nan))
        state_dict.setdefault(f"{prefix}sizes", torch.zeros_like(self.sizes))
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def read_targets(self, table: Path, targets: list[str], subjects: list[str]) -> pd.DataFrame:
        """Return the numbers, a column a target."""
        return pd.DataFrame(read_phenotypes(table, targets, subjects), subjects, targets)

    def fit_statistics(self, values: Values, targets: list[str]) -> None:
        """Take mean m and standard deviation s of each target over the training split, NaN left out."""
        check_targets(values, targets)
        lengths = as_lengths(torch.tensor(values), self.sizes.cpu()).numpy()
        self.mean.copy_(torch.from_numpy(np.nanmean(lengths, axis=0)))
        self.deviation.copy_(torch.from_numpy(np.nanstd(lengths, axis=0)))

    def loss(self, outputs: Tensor, true: Tensor) -> Tensor:
        """Return the Huber loss, or squared error, of standardised targets, the mean over those known, (B,)."""
        known = ~true.isnan()
        target = torch.where(known, self.target_outputs(true), 0.0)
        errors = outputs.float() - target
        if self.huber_delta is None:
            return mean_where(errors.square(), known)
        return mean_where(huber_loss(outputs.float(), target, reduction="none", delta=self.huber_delta), known)

    @torch.no_grad()
    def watch_validation(self, outputs: Tensor, true: Tensor) -> None:
        """Learn how far off predictions are."""
        errors = (self.predict(outputs) - true).cpu().numpy()
        self.half_width.copy_(torch.tensor([half_width(column) for column in errors.T]))

    def half_widths(self, targets: list[str]) -> dict[str, float]:
        """Return those of the last validation."""
        widths = zip(targets, self.half_width.tolist(), strict=True)
        return {name: width for name, width in widths if math.isfinite(width)}

    def measures(self, outputs: Tensor, true: Tensor, targets: list[str]) -> dict[str, Tensor]:
        """Return the mean absolute error of each target, in physical units."""
        errors = (self.predict(outputs) - true).abs().nanmean(dim=0)
        return {f"mae_{name}": error for name, error in zip(targets, errors, strict=True)}

    def judge(self, predicted: Array, true: Array, targets: list[str], seed: int) -> dict[str, dict[str, Estimate]]:
        """Return the agreement of each target."""
        return {name: agreement(predicted[:, index], true[:, index], seed) for index, name in enumerate(targets)}

    def target_outputs(self, true: Tensor) -> Tensor:
        """Return (true - m) / s, of lengths where they are sizes, (B, K)."""
        return (as_lengths(true, self.sizes) - self.mean) / self.deviation

    def predict(self, outputs: Tensor) -> Tensor:
        """Return outputs * s + m, the third power where they are sizes, in physical units, (B, K)."""
        return as_values(outputs.float() * self.deviation + self.mean, self.sizes)


class Classification(Objective):
    """Predict one class of a column of the cohort table."""

    weights: Tensor

    def __init__(self, classes: list[str | int], balanced: bool = True) -> None:
        """Name the classes.

        Args:
            classes: values of the column, in the order of the probabilities.
            balanced: whether rare classes weigh more, so that all weigh the same in the training split.

        Raises:
            ValueError: if there are fewer than two.
        """
        super().__init__(list(map(str, classes)))
        if len(set(classes)) < 2:
            raise ValueError(f"a classification needs at least two classes, got {classes}")
        self.balanced = balanced
        self.register_buffer("weights", torch.ones(len(classes)))

    def outputs(self, targets: list[str]) -> int:
        """Return one output a class; exactly one target is allowed."""
        if len(targets) != 1:
            raise ValueError(f"a classification has one target, got {', '.join(targets)}")
        return len(self.classes)

    def read_targets(self, table: Path, targets: list[str], subjects: list[str]) -> pd.DataFrame:
        """Return the index of each subject's class among those of the objective, one column."""
        classes = read_classes(table, targets[0], subjects)
        return pd.DataFrame(in_order(*classes, self.classes, targets[0]), subjects, targets)

    def fit_statistics(self, values: Values, targets: list[str]) -> None:
        """Set the weight of class c to N / (C n_c), of n_c among N subjects and C classes, if `balanced`."""
        counts = np.bincount(values[np.isfinite(values)].astype(int), minlength=len(self.classes))
        if (counts == 0).any():
            lacking = self.classes[int(counts.argmin())]
            raise ValueError(f"no training subject has {targets[0]} {lacking!r}: leave the class out or add subjects")
        if self.balanced:
            self.weights.copy_(torch.from_numpy(counts.sum() / (len(counts) * counts)))

    def judge(self, predicted: Array, true: Array, targets: list[str], seed: int) -> dict[str, dict[str, Estimate]]:
        """Return how well probabilities (N, C) tell the classes apart."""
        classes = np.where(np.isnan(true[:, 0]), -1, true[:, 0]).astype(np.int64)
        return {targets[0]: classification(predicted, classes, seed)}

    def target_outputs(self, true: Tensor) -> Tensor:
        """Return logits `CONFIDENCE` for the class that is true and -`CONFIDENCE` for the others, (B, C)."""
        classes = torch.arange(len(self.classes), device=true.device)
        return torch.where(true.isnan(), torch.nan, CONFIDENCE * (2.0 * (true == classes) - 1))

    def loss(self, outputs: Tensor, true: Tensor) -> Tensor:
        """Return the cross-entropy, each subject weighted by its class, (B,); NaN where the class is unknown."""
        known = ~true[:, 0].isnan()
        index = torch.where(known, true[:, 0], 0.0).long()
        losses = cross_entropy(outputs.float(), index, weight=self.weights, reduction="none")
        return torch.where(known, losses, torch.nan)

    def predict(self, outputs: Tensor) -> Tensor:
        """Return the softmax of the outputs, probabilities (B, C)."""
        return outputs.float().softmax(dim=-1)
