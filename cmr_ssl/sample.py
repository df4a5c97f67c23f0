"""One sample: the interface between data and models."""

from typing import NamedTuple

import torch
from torch import Tensor


class Sample(NamedTuple):
    """A study as a set of planes; batched, every field gets a leading axis B.

    Attributes:
        images: intensities, (P, T, H, W) uint8; on the device float32 from 0 to 1.
        present: False for planes that are missing, (P,) bool; their images are zero and meaningless.
        view: index into ``planes.VIEWS``, (P,) int64, also of missing planes.
        affine: pixel (column, row, 0, 1) to mm in the heart frame, (P, 4, 4) float32; of a missing plane, any of the
            orientation of its view.
        labels: classes of `anatomy`, (P, T, H, W) uint8, 255 where unlabelled; without frames, (P, 0, H, W), where
            the data module reads no labels.
        annotated: annotated classes of each plane, (P, C) bool; background wherever any is.
        phenotypes: (K,) float32 in physical units, or the index of a class; NaN where unknown.
        subject: the id; the unit of splitting.
    """

    images: Tensor
    present: Tensor
    view: Tensor
    affine: Tensor
    labels: Tensor
    annotated: Tensor
    phenotypes: Tensor
    subject: str | list[str]


def to_device(batch: Sample, device: torch.device) -> Sample:
    """Return a batch on `device`."""
    return Sample._make(field.to(device) if isinstance(field, Tensor) else field for field in batch)


def intensities(images: Tensor) -> Tensor:
    """Return uint8 images as intensities 0 to 1; those that are such already stay as they are."""
    return images if images.is_floating_point() else images.float().div_(255)


def readable(batch: Sample) -> Sample:
    """Return a batch on the host without the blank samples of subjects that cannot be read."""
    kept = batch.present.any(dim=1)
    subjects = [subject for subject in batch.subject if subject]
    return Sample._make(field[kept] if isinstance(field, Tensor) else subjects for field in batch)


def one_of(batch: Sample, index: int) -> Sample:
    """Return one subject of a batch."""
    return Sample._make(field[index] for field in batch)
