"""Which subjects each alignment learns from, and which are labelled."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from experiments.patients.settings import Settings


class Fold(NamedTuple):
    """One alignment: who it learns from, and who of the others is labelled, a row of indices a draw."""

    learnt: Tensor
    labelled: list[Tensor]


def folds(settings: Settings, count: int) -> list[Fold]:
    """Return the alignments: each leaves out another part of `count` subjects, among whom labelled ones are drawn."""
    parts = np.array_split(np.random.default_rng(0).permutation(count), settings.alignments)
    made = []
    for number, part in enumerate(parts):
        draws = [np.random.default_rng((number, one)) for one in range(settings.draws)]
        labelled = [
            torch.from_numpy(draw.choice(part, min(settings.labels, len(part)), replace=False)) for draw in draws
        ]
        made.append(Fold(torch.from_numpy(np.setdiff1d(np.arange(count), part)), labelled))
    return made


def drawn(settings: Settings, count: int) -> Tensor:
    """Return the subjects of `count` that are labelled in any draw, sorted."""
    return torch.cat([one for fold in folds(settings, count) for one in fold.labelled]).unique()
