"""Corrupt tables in training so that a model does not rely on single fields: drop some, resample others."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Marginals(NamedTuple):
    """The distribution of each field by itself in the training split; participants' data, never in a checkpoint.

    Attributes:
        values: of each field, those that are known first, (N, F).
        known: how many are known of each, (F,).
    """

    values: Tensor
    known: Tensor


def marginals_of(values: Tensor) -> Marginals:
    """Return the marginals of training values (N, F), NaN where unknown."""
    known = ~values.isnan()
    order = known.sort(dim=0, descending=True, stable=True).indices
    return Marginals(values.gather(0, order), known.sum(dim=0))


def corrupt_table(
    values: Tensor, marginals: Marginals, seeds: Sequence[int], dropout: float, resampling: float
) -> Tensor:
    """Drop some values (B, F), and draw others from the field's distribution in training.

    Drawing from the marginal distributions (SCARF, Bahri et al., ICLR 2022) keeps values plausible and breaks their
    correlations.

    Args:
        values: of a batch, NaN where unknown; those stay unknown.
        marginals: the distributions.
        seeds: one for each subject.
        dropout: share of fields that become NaN.
        resampling: share of the other known fields that are taken from another patient.
    """
    generator = torch.Generator()
    draws = torch.stack([torch.rand(3, values.shape[1], generator=generator.manual_seed(seed)) for seed in seeds])
    dropped, resampled, which = draws.to(values.device).unbind(dim=1)
    rows = (which * marginals.known.to(which)).long()
    drawn = marginals.values.to(values).gather(0, rows)
    mixed = torch.where((resampled < resampling) & ~values.isnan(), drawn, values)
    return torch.where(dropped < dropout, torch.nan, mixed)
