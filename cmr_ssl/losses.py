"""Losses and the pixel statistics they need; plain functions of tensors."""

import torch
from torch import Tensor

EPSILON = 1e-6  # variance of a patch without contrast, in units of intensity 0 to 1 squared


def normalise_patches(patches: Tensor) -> Tensor:
    """Give each patch (..., pixels) mean zero and deviation one (He et al., MAE, arXiv 2111.06377)."""
    variance, mean = torch.var_mean(patches, dim=-1, keepdim=True, correction=0)
    return (patches - mean) / (variance + EPSILON).sqrt()


def patch_errors(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error of each patch, (B, Q, pixels) twice to (B, Q), in float32 whatever comes in."""
    return (predicted.float() - target.float()).square().mean(dim=-1)


def mean_where(values: Tensor, where: Tensor) -> Tensor:
    """Average values (B, Q) over the places that are True; NaN for a row that has none, so that nobody counts it."""
    mean = torch.where(where, values, 0.0).sum(dim=1) / where.sum(dim=1).clamp(min=1)
    return torch.where(where.any(dim=1), mean, torch.nan)


def subject_mean(values: Tensor, counts: Tensor) -> Tensor:
    """Average values (B,) over the subjects that count, (B,); each weighs the same, so equal ranks average right.

    Zero, still attached to the graph, where no subject counts; not a number where a value that counts is none.
    """
    return torch.where(counts, values, 0.0).sum() / counts.sum().clamp(min=1)
