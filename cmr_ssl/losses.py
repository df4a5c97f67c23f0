"""Losses and pixel statistics; plain functions of tensors."""

import torch
from torch import Tensor

NOISE = 4e-4  # variance of noise, for intensities 0 to 1: patches of air must not be normalised to noise


def normalise_patches(patches: Tensor) -> Tensor:
    """Normalise each patch (..., pixels) as (x - mean) / sqrt(variance + `NOISE`) (MAE, arXiv 2111.06377)."""
    variance, mean = torch.var_mean(patches, dim=-1, keepdim=True, correction=0)
    return (patches - mean) / (variance + NOISE).sqrt()


def patch_errors(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error of patches (B, Q, pixels), (B, Q), in float32."""
    return (predicted.float() - target.float()).square().mean(dim=-1)


def still_and_motion(patches: Tensor, frames: int) -> tuple[Tensor, Tensor]:
    """Split patches (..., frames * pixels of a frame) into their mean over time and motion.

    Returns:
        The mean over the patch's frames, (..., 1, pixels), and the deviations from it, (..., frames, pixels).
    """
    over_time = patches.float().unflatten(-1, (frames, -1))
    still = over_time.mean(dim=-2, keepdim=True)
    return still, over_time - still


def still_and_motion_error(error: Tensor, frames: int, motion: float) -> Tensor:
    """Return the mean square of what stays of an error e (..., pixels) and `motion` times that of what moves, (...).

    With s the mean of e over the patch's frames, mean(s^2) + motion mean((e - s)^2)
    = (1 - motion) mean(s^2) + motion mean(e^2), which reads e once. In float32 it is exact to 1e-5 for a weight of
    20, to 1e-3 for one of 1000.
    """
    still = error.unflatten(-1, (frames, -1)).mean(dim=-2)
    return (1 - motion) * still.square().mean(dim=-1) + motion * error.square().mean(dim=-1)


def mean_where(values: Tensor, where: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the mean of values (B, Q) over the last axis where a mask is True, (B,); NaN for a row without any.

    Args:
        values: to be averaged.
        where: mask, (B, Q).
        weights: positive, (B, Q); None for equal ones.
    """
    weight = where.to(values.dtype) if weights is None else torch.where(where, weights, 0.0)
    mean = torch.where(where, values * weight, 0.0).sum(dim=1) / weight.sum(dim=1).clamp(min=1e-6)
    return torch.where(where.any(dim=1), mean, torch.nan)


def subject_mean(values: Tensor, counts: Tensor) -> Tensor:
    """Return the mean of values (B,) over the subjects that count, (B,), of equal weight.

    Zero, attached to the graph, where no subject counts; NaN where a value that counts is NaN.
    """
    return torch.where(counts, values, 0.0).sum() / counts.sum().clamp(min=1)
