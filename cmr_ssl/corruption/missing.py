"""Planes that were never acquired, and which slot those that are left get.

Slices close ranks, as they do where a cache is read: networks that know planes by their slots must not profit from gaps
that no real study has.
"""

import torch
from torch import Tensor

from cmr_ssl.models.tokens import is_short_axis, take
from cmr_ssl.sample import Sample

PLANEWISE = ("images", "present", "view", "affine", "labels", "annotated")


def drop_planes(batch: Sample, gone: Tensor) -> Sample:
    """Return a batch as if the planes `gone`, (B, P), had never been acquired."""
    present = batch.present & ~gone
    return batch._replace(present=present, images=batch.images * present[..., None, None, None])


def ranks(values: Tensor, among: Tensor) -> Tensor:
    """Return the rank of each plane among those that are True, from 0 for the highest value; others come last."""
    return values.masked_fill(~among, -torch.inf).argsort(dim=1, descending=True, stable=True).argsort(dim=1)


def close_ranks(batch: Sample) -> Tensor:
    """Return which plane each slot gets, (B, P): slices that are there move up, in their order; views keep theirs."""
    stack = is_short_axis(batch.affine)
    slots = torch.arange(stack.shape[1], device=stack.device).expand_as(stack)
    last = slots.masked_fill(~stack, -1).amax(dim=1, keepdim=True)
    behind = last + (slots + 1) / (stack.shape[1] + 1)  # by less than a slot, in their order
    return torch.where(stack & ~batch.present, behind, slots).argsort(dim=1)


def rearranged(batch: Sample, planes: Tensor) -> Sample:
    """Return a batch whose slots hold the `planes`, (B, P)."""
    fields = zip(batch._fields, batch, strict=True)
    return Sample._make(
        take(field, planes) if isinstance(field, Tensor) and name in PLANEWISE else field for name, field in fields
    )


def trimmed(batch: Sample) -> Sample:
    """Return a batch without the slots at the end that none of its studies uses."""
    used = int(batch.present.any(dim=0).nonzero().max()) + 1
    fields = zip(batch._fields, batch, strict=True)
    return Sample._make(
        field[:, :used] if isinstance(field, Tensor) and name in PLANEWISE else field for name, field in fields
    )
