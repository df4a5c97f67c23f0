"""Flaws at planes of our choice."""

import torch

from cmr_ssl.corruption import corrupt, draw_flaws
from tests.tiny import tiny_batch


def hit(flaw, batch, planes, how=(0.5, 0.5, 0.5)):
    """Return the images of a batch in which every subject has the flaw at `planes`, in the way of the draws `how`."""
    draws = draw_flaws(1, batch.images.shape[1], range(len(batch.images)))
    draws[..., 0] = 1.0
    draws[:, 0, list(planes)] = torch.tensor([0.0, *how])
    return corrupt([flaw], batch, draws)


def blob(batch, at=(6.0, 9.0)):
    """Return the batch with one bright blob at a pixel (column, row) of every plane and frame."""
    rows, columns = torch.meshgrid(*(torch.arange(size) for size in batch.images.shape[-2:]), indexing="ij")
    shown = torch.exp(-((columns - at[0]) ** 2 + (rows - at[1]) ** 2) / 4)
    return batch._replace(images=shown.expand_as(batch.images).clone())


def middle(planes):
    """Return the centre of mass (column, row) of planes (..., H, W)."""
    rows, columns = torch.meshgrid(*(torch.arange(size) for size in planes.shape[-2:]), indexing="ij")
    mass = planes / planes.sum(dim=(-1, -2), keepdim=True)
    return torch.stack([(mass * columns).sum(dim=(-1, -2)), (mass * rows).sum(dim=(-1, -2))], dim=-1)


__all__ = ("blob", "hit", "middle", "tiny_batch")
