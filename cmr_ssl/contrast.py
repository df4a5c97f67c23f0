"""Contrast of images and tables: what belongs together is near, everything else far; plain functions of tensors."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

NEAR = 0.1  # mean squared difference of standardised fields; that of two strangers is 2


class Pairs(NamedTuple):
    """Vectors of N subjects, of length 1, and which of them count.

    Attributes:
        images: what images tell, (N, D).
        tables: what tables tell, (N, D).
        exists: subjects that have both, (N,).
    """

    images: Tensor
    tables: Tensor
    exists: Tensor


def pairs_of(images: Tensor, tables: Tensor, exists: Tensor) -> Pairs:
    """Return vectors (N, D) at length 1."""
    return Pairs(normalize(images.float(), dim=1), normalize(tables.float(), dim=1), exists)


def contrast(own: Pairs, everybody: Pairs, wanted: Tensor, scale: Tensor) -> Tensor:
    """Return the symmetric cross-entropy of each own subject that counts (CLIP, Radford et al., 2021), (B,); else 0.

    Half of it asks which table belongs to an image, half which image belongs to a table, among everybody who counts:

        -1/2 sum_j w_ij (log softmax_j(s u_i . v_j) + log softmax_j(s v_i . u_j)).

    Args:
        own: B subjects of this process.
        everybody: N subjects of all processes, the own ones among them.
        wanted: w, how much everybody belongs to each own subject, (B, N); rows add up to 1.
        scale: s, one over the temperature, ().
    """
    losses = own.images.new_zeros(len(own.images))
    for ours, theirs in ((own.images, everybody.tables), (own.tables, everybody.images)):
        logits = (scale * ours @ theirs.T).masked_fill(~everybody.exists, -torch.inf)
        likely = logits.log_softmax(dim=1).masked_fill(~everybody.exists, 0.0)
        losses = losses - (wanted * likely).sum(dim=1) / 2
    return torch.where(own.exists, losses, 0.0)


def near_patients(own: Tensor, everybody: Tensor, share: float) -> Tensor:
    """Return how much other patients count as the same: `share` times exp(-d / `NEAR`).

    The distance d is the mean squared difference over the fields that both have; two strangers are 2 apart. That tables
    choose who belongs together is the idea of "Tables Guide Vision" (arXiv 2503.14998).

    Args:
        own: standardised fields, NaN where unknown, (B, F).
        everybody: the same of all subjects, (N, F).
        share: 0 to below 1.
    """
    difference = (own[:, None] - everybody[None]).square()
    known = ~difference.isnan()
    distance = torch.where(known, difference, 0.0).sum(dim=2) / known.sum(dim=2).clamp(min=1)
    return share * torch.exp(-distance / NEAR) * known.any(dim=2)


def ranks(pairs: Pairs) -> dict[str, Tensor]:
    """Return at which rank, from 1, the own counterpart of each subject comes, (N,) each by direction; NaN if none."""
    found = {}
    for name, ours, theirs in (
        ("image_to_table", pairs.images, pairs.tables),
        ("table_to_image", pairs.tables, pairs.images),
    ):
        likeness = (ours @ theirs.T).masked_fill(~pairs.exists, -torch.inf)
        better = (likeness > likeness.diagonal()[:, None]).sum(dim=1)
        equal = (likeness == likeness.diagonal()[:, None]).sum(dim=1) - 1
        found[name] = torch.where(pairs.exists, 1 + better + equal / 2, torch.nan)  # ties are no success
    return found
