"""How sure a segmentation is of each structure: the Dice that its own probabilities promise.

Soft Dice confidence (Borges et al. 2024, arXiv 2402.10665), over all pixels of a view with probability p of the
structure and y = 1 where it is predicted:

    s = 2 sum p y / (sum p + sum y)

Networks are too sure of themselves, so s is no Dice; but where s is lower the true Dice is lower, too. What is measured
rests on s only if 1 - s is at most `TIMES` what it was of the worst study of the validation split.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.doubts import without_structures
from cmr_ssl.planes import VIEWS
from cmr_ssl.tasks.annotated_classes import SEEN_ON
from cmr_ssl.volumes import Measured

TIMES = 2.0


class Confidence(NamedTuple):
    """Of a study, and the lowest in validation, (views, classes) each, NaN where there is none."""

    study: Tensor
    lowest: Tensor


def no_confidence() -> Tensor:
    """Return what is known before any validation, (views, classes) of NaN."""
    return torch.full((len(VIEWS), len(CLASSES)), torch.nan)


def structure_confidence(logits: Tensor, labels: Tensor, view: Tensor, present: Tensor) -> Tensor:
    """Return s of each study, view and class, (B, views, classes), NaN where a class is not predicted in a view.

    Args:
        logits: (B, P, classes, F, H, W).
        labels: the classes that are predicted, (B, P, F, H, W).
        view: index into ``planes.VIEWS``, (B, P).
        present: which planes exist, (B, P).
    """
    planes = [sums(*plane) for plane in zip(logits.unbind(1), labels.unbind(1), strict=True)]  # in a processor's cache
    of_view = one_hot(view, len(VIEWS)).float() * present[..., None]
    of_planes = torch.stack(planes, dim=1)[:, :, :, None] * of_view[:, :, None, :, None]  # (B, P, 3, views, classes)
    promised, predicted, both = of_planes.sum(dim=1).unbind(1)
    confidence = 2 * both / (promised + predicted).clamp(min=1e-6)
    return confidence.masked_fill(predicted == 0, torch.nan)


def sums(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the sums of p, y and p y over a plane, (B, 3, classes), of logits (B, classes, F, H, W) and labels."""
    probability = logits.float().softmax(dim=1).flatten(2)
    chosen = torch.stack([labels.flatten(1) == index for index in range(len(CLASSES))], dim=1)
    return torch.stack([probability.sum(-1), chosen.sum(-1).float(), (probability * chosen).sum(-1)], dim=1)


def least(confidence: Tensor) -> Tensor:
    """Return the lowest confidence of N studies, (N, views, classes): (views, classes), NaN where none has any."""
    lowest = confidence.nan_to_num(torch.inf).amin(dim=0)
    return lowest.masked_fill(lowest.isinf(), torch.nan)


def named(confidence: Tensor) -> dict[str, float]:
    """Return the confidence in each structure that is measured and seen, the lowest of its views.

    Args:
        confidence: (views, classes).
    """
    by_name = {
        name: confidence[[VIEWS.index(view) for view in views], CLASSES.index(name)] for name, views in SEEN_ON.items()
    }
    return {name: float(values[~values.isnan()].min()) for name, values in by_name.items() if not values.isnan().all()}


def without_unsure(measured: Measured, confidence: Confidence) -> Measured:
    """Return what was measured on predicted label maps, without structures of which the network is unsure."""
    usual = named(confidence.lowest)
    doubts = {
        name: f"the network is unsure of the {name} (confidence {value:.2f}; in validation {usual[name]:.2f} or more)"
        for name, value in named(confidence.study).items()
        if name in usual and 1 - value > TIMES * (1 - usual[name])
    }
    return without_structures(measured, doubts)
