"""Contrastive loss of images and tables, and how well they find each other; plain functions of tensors."""

import math
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


def mismatch(scores: Tensor) -> Tensor:
    """Return the symmetric cross-entropy of finding the own counterpart, (N,), where images (rows) and tables compete.

    Args:
        scores: how well tables (columns) fit images (rows) of N subjects, as logits, (N, N).
    """
    return -(scores.log_softmax(dim=1).diagonal() + scores.log_softmax(dim=0).diagonal()) / 2


def ranks(scores: Tensor) -> dict[str, Tensor]:
    """Return the rank, from 1, of each subject's counterpart by `scores` (N, N), (N,) each by direction."""
    by_direction = {}
    for name, rows in (("image_to_table", scores), ("table_to_image", scores.T)):
        own = rows.diagonal()[:, None]
        higher, equal = (rows > own).sum(dim=1), (rows == own).sum(dim=1) - 1
        by_direction[name] = 1 + higher + equal / 2  # ties share ranks
    return by_direction


def first_among(rank: Tensor, among: int) -> Tensor:
    """Return how probably each subject's counterpart comes first among `among` of the N subjects, float64, (N,).

    Of N - 1 others r - 1 fit better, where r is the rank among all. That none of them is among `among` - 1 others drawn
    at random has the probability C(N - r, among - 1) / C(N - 1, among - 1), so nothing needs to be drawn.

    Args:
        rank: of the N subjects, (N,).
        among: subjects to choose from, the right one included; at most N.
    """
    drawn, worse = among - 1, len(rank) - rank.double().ceil()  # a tie counts as better
    chance = torch.exp(log_choose(worse.clamp(min=drawn), drawn) - log_choose(worse.new_tensor(len(rank) - 1), drawn))
    return torch.where(worse >= drawn, chance, 0.0)


def log_choose(count: Tensor, drawn: int) -> Tensor:
    """Return the logarithm of the number of ways to draw so many of a count."""
    return torch.lgamma(count + 1) - torch.lgamma(count - drawn + 1) - math.lgamma(drawn + 1)
