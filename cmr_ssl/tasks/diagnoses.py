"""Several diagnoses at once, each yes or no: rare ones weigh more in training, and probabilities mean what they say."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torchmetrics.functional.classification import binary_auroc, binary_average_precision, binary_precision_recall_curve

from cmr_ssl.agreement import Array, Estimate, classification
from cmr_ssl.cohort.phenotypes import check_targets, read_phenotypes
from cmr_ssl.losses import mean_where
from cmr_ssl.tasks.objectives import CONFIDENCE, Objective, Values

LARGEST_WEIGHT = 100.0  # of a case, however rare; beyond, single subjects would rule the gradient


class Diagnoses(Objective):
    """Predict the probability of each of several diagnoses; what is unknown of somebody does not count.

    With weight w of the cases of a diagnosis, a network learns the logit of the odds times w; `predict` takes log w off
    again, so that probabilities are those of the cohort. From which probability on a subject is called ill is chosen on
    the validation split, by the best F1, and kept in the checkpoint.
    """

    weights: Tensor
    thresholds: Tensor

    def __init__(self, balanced: bool = True, focus: float = 0.0) -> None:
        """Choose the loss.

        Args:
            balanced: whether cases weigh as much as all others together, at most 100 times as much each.
            focus: exponent of the focal loss (Lin et al., ICCV 2017), by which what is known already counts less; 0
                for none. With it, probabilities are those of the cohort no more.

        Raises:
            ValueError: if `focus` is negative.
        """
        super().__init__()
        if focus < 0:
            raise ValueError(f"focus must be 0 or above, got {focus}")
        self.balanced, self.focus = balanced, focus

    def outputs(self, targets: list[str]) -> int:
        """Return one output a diagnosis, and make room for what is learnt beside them."""
        self.register_buffer("weights", torch.ones(len(targets)))
        self.register_buffer("thresholds", torch.full((len(targets),), 0.5))
        return len(targets)

    def names(self, targets: list[str]) -> list[str]:
        """Return P(...) of each diagnosis."""
        return [f"P({name})" for name in targets]

    def read_targets(self, table: Path, targets: list[str], subjects: list[str]) -> pd.DataFrame:
        """Return 1 for yes, 0 for no and NaN for unknown, a column a diagnosis.

        Raises:
            FileNotFoundError: if there is no table.
            ValueError: if a column holds anything else.
        """
        values = read_phenotypes(table, targets, subjects)
        for name, column in zip(targets, values.T, strict=True):
            strange = column[np.isfinite(column) & (column != 0) & (column != 1)]
            if len(strange):
                raise ValueError(
                    f"{name} is {strange[0]:g} in {len(strange)} subjects, but a diagnosis is 0 or 1: empty "
                    "the cells that hold a code for no answer, or predict numbers with the objective Regression"
                )
        return pd.DataFrame(values, subjects, targets)

    def fit_statistics(self, values: Values, targets: list[str]) -> None:
        """Set the weight of the cases of each diagnosis to others / cases, if `balanced`."""
        check_targets(values, targets)
        cases, others = (values == 1).sum(axis=0), (values == 0).sum(axis=0)
        if self.balanced:
            ratio = np.clip(others / np.maximum(cases, 1), 1 / LARGEST_WEIGHT, LARGEST_WEIGHT)
            self.weights.copy_(torch.tensor(ratio))

    def target_outputs(self, true: Tensor) -> Tensor:
        """Return logits `CONFIDENCE` where somebody is ill and -`CONFIDENCE` where not, (B, K), NaN where unknown."""
        return CONFIDENCE * (2.0 * true - 1)

    def loss(self, outputs: Tensor, true: Tensor) -> Tensor:
        """Return the weighted cross-entropy, the mean over the diagnoses of which is known, (B,)."""
        known, logits = ~true.isnan(), outputs.float()
        ill = torch.where(known, true, 0.0)
        losses = binary_cross_entropy_with_logits(logits, ill, pos_weight=self.weights, reduction="none")
        if self.focus:
            losses = losses * (logits.sigmoid() - ill).abs() ** self.focus
        return mean_where(losses, known)

    def predict(self, outputs: Tensor) -> Tensor:
        """Return probabilities (B, K), in the cohort as it is."""
        return (outputs.float() - self.weights.log()).sigmoid()

    def judge(self, predicted: Array, true: Array, targets: list[str], seed: int) -> dict[str, dict[str, Estimate]]:
        """Return how well the probabilities of each diagnosis tell who is ill."""
        ill = np.where(np.isnan(true), -1, true).astype(np.int64)
        both = np.stack([1 - predicted, predicted], axis=1)  # (N, 2, K)
        return {name: classification(both[..., index], ill[:, index], seed) for index, name in enumerate(targets)}

    @torch.no_grad()
    def watch_validation(self, outputs: Tensor, true: Tensor) -> None:
        """Choose the thresholds of the best F1."""
        for index, (scores, ill) in enumerate(zip(self.predict(outputs).T, true.T, strict=True)):
            known = ~ill.isnan()
            if (ill == 1).any():
                precision, recall, at = binary_precision_recall_curve(scores[known], ill[known].long())
                f1 = 2 * precision * recall / (precision + recall).clamp(min=1e-9)
                self.thresholds[index] = at[f1[:-1].argmax()]

    def measures(self, outputs: Tensor, true: Tensor, targets: list[str]) -> dict[str, Tensor]:
        """Return AUROC and average precision of each diagnosis that some have and some have not."""
        scored: dict[str, Tensor] = {}
        for name, scores, ill in zip(targets, self.predict(outputs).T, true.T, strict=True):
            known = ~ill.isnan()
            if (ill == 1).any() and (ill == 0).any():
                scored[f"auroc_{name}"] = binary_auroc(scores[known], ill[known].long())
                scored[f"ap_{name}"] = binary_average_precision(scores[known], ill[known].long())
        return scored
