"""Contrastive loss of images and tables; plain functions of tensors."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

NEAR = 0.1  # mean squared difference of standardised fields; that of independent patients is 2


class Pairs(NamedTuple):
    """Unit vectors of N subjects, and which of them count.

    Attributes:
        images: of images, (N, D).
        tables: of tables, (N, D).
        exists: subjects that have both, (N,).
    """

    images: Tensor
    tables: Tensor
    exists: Tensor


def pairs_of(images: Tensor, tables: Tensor, exists: Tensor) -> Pairs:
    """Return vectors (N, D) normalised to length 1."""
    return Pairs(normalize(images.float(), dim=1), normalize(tables.float(), dim=1), exists)


def contrast(own: Pairs, everybody: Pairs, targets: Tensor, scale: Tensor) -> Tensor:
    """Return the symmetric cross-entropy of each own subject that counts (CLIP, Radford et al., 2021), (B,); else 0.

    With unit vectors u of images and v of tables, over all subjects j that count:

        -1/2 sum_j w_ij (log softmax_j(s u_i . v_j) + log softmax_j(s v_i . u_j)).

    Args:
        own: B subjects of this process.
        everybody: N subjects of all processes, the own ones among them.
        targets: w, (B, N); rows add up to 1.
        scale: s, one over the temperature, ().
    """
    losses = own.images.new_zeros(len(own.images))
    for queries, keys in ((own.images, everybody.tables), (own.tables, everybody.images)):
        logits = (scale * queries @ keys.T).masked_fill(~everybody.exists, -torch.inf)
        log_probability = logits.log_softmax(dim=1).masked_fill(~everybody.exists, 0.0)  # (B, N)
        losses = losses - (targets * log_probability).sum(dim=1) / 2
    return torch.where(own.exists, losses, 0.0)


def near_patients(own: Tensor, everybody: Tensor, share: float) -> Tensor:
    """Return the weights of other patients as positives, `share` times exp(-d / `NEAR`), (B, N).

    The distance d is the mean squared difference over the fields that both have, 2 for independent patients. Positives
    chosen by tables are the idea of "Tables Guide Vision" (arXiv 2503.14998).

    Args:
        own: standardised fields, NaN where unknown, (B, F).
        everybody: the same of all subjects, (N, F).
        share: 0 to below 1.
    """
    difference = (own[:, None] - everybody[None]).square()  # (B, N, F)
    known = ~difference.isnan()
    distance = torch.where(known, difference, 0.0).sum(dim=2) / known.sum(dim=2).clamp(min=1)
    return share * torch.exp(-distance / NEAR) * known.any(dim=2)


def ranks(pairs: Pairs) -> dict[str, Tensor]:
    """Return the rank, from 1, of each subject's counterpart, (N,) each by direction; NaN if there is none."""
    by_direction = {}
    for name, queries, keys in (
        ("image_to_table", pairs.images, pairs.tables),
        ("table_to_image", pairs.tables, pairs.images),
    ):
        similarity = (queries @ keys.T).masked_fill(~pairs.exists, -torch.inf)
        own = similarity.diagonal()[:, None]
        higher, equal = (similarity > own).sum(dim=1), (similarity == own).sum(dim=1) - 1
        by_direction[name] = torch.where(pairs.exists, 1 + higher + equal / 2, torch.nan)  # ties share ranks
    return by_direction
