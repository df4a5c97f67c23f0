"""Losses and the pixel statistics they need; plain functions of tensors."""

import torch
from torch import Tensor

NOISE = 4e-4  # variance of noise, in units of intensity 0 to 1 squared: a patch of air must not be blown up to it


def normalise_patches(patches: Tensor) -> Tensor:
    """Give each patch (..., pixels) mean zero and deviation one (He et al., MAE, arXiv 2111.06377), but for noise."""
    variance, mean = torch.var_mean(patches, dim=-1, keepdim=True, correction=0)
    return (patches - mean) / (variance + NOISE).sqrt()


def patch_errors(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error of each patch, (B, Q, pixels) twice to (B, Q), in float32 whatever comes in."""
    return (predicted.float() - target.float()).square().mean(dim=-1)


def still_and_motion(patches: Tensor, frames: int) -> tuple[Tensor, Tensor]:
    """Split patches (..., frames * pixels of a frame) into what stays and what moves.

    Returns:
        The mean over the patch's frames, (..., 1, pixels), and the deviations from it, (..., frames, pixels).
    """
    over_time = patches.float().unflatten(-1, (frames, -1))
    still = over_time.mean(dim=-2, keepdim=True)
    return still, over_time - still


def mean_where(values: Tensor, where: Tensor, weights: Tensor | None = None) -> Tensor:
    """Average values (B, Q) over the places that are True; NaN for a row that has none, so that nobody counts it.

    Args:
        values: to be averaged.
        where: which count.
        weights: how much, (B, Q), above zero; None for all alike.
    """
    weight = where.to(values.dtype) if weights is None else torch.where(where, weights, 0.0)
    mean = torch.where(where, values * weight, 0.0).sum(dim=1) / weight.sum(dim=1).clamp(min=1e-6)
    return torch.where(where.any(dim=1), mean, torch.nan)


def subject_mean(values: Tensor, counts: Tensor) -> Tensor:
    """Average values (B,) over the subjects that count, (B,); each weighs the same, so equal ranks average right.

    Zero, still attached to the graph, where no subject counts; not a number where a value that counts is none.
    """
    return torch.where(counts, values, 0.0).sum() / counts.sum().clamp(min=1)
