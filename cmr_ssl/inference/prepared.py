"""Studies ready for a network: prepared exactly as its training did."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import default_collate

from cmr_ssl.data.dataset import sample_of, sample_shape
from cmr_ssl.planes import VIEWS
from cmr_ssl.preparation.cache import PreparedSubject
from cmr_ssl.preparation.preparation import Preparation, prepare_study
from cmr_ssl.sample import Sample, to_device
from cmr_ssl.study import Finding, Study
from cmr_ssl.tasks.trained import Trained
from cmr_ssl.trust import compare_with_training


class Prepared(NamedTuple):
    """A subject ready for the network.

    Attributes:
        study: as read, repaired where needed.
        planes: as prepared.
        batch: of one, on the device.
        beat_ms: length of the beat, NaN where unknown.
        findings: of reading, preparing and the comparison with the training.
    """

    study: Study
    planes: PreparedSubject
    batch: Sample
    beat_ms: float
    findings: list[Finding]


def prepare(study: Study, trained: Trained, device: torch.device, views: dict[str, int] | None = None) -> Prepared:
    """Prepare a study as training did, with room for `views`, None for all; raise ValueError if nothing is usable."""
    study = study.copy()  # preparing repairs pixels
    planes, findings, acquired = prepare_study(study, Preparation(**trained.preparation))
    if planes is None or acquired is None:
        rejections = [item for item in findings if item.severity == "rejected"]
        raise ValueError("; ".join(f"{item.where}: {item.message}".removeprefix(": ") for item in rejections))
    if planes.images.shape[1] != trained.preparation["frames"]:
        raise ValueError(f"the {acquired.frames} frames of the study are no whole beat")
    batch = batch_of(planes, study.subject, views or every_plane(planes), trained, device)
    if not batch.present.any():
        raise ValueError(f"the study has no plane of {', '.join(trained.views)}")
    return Prepared(study, planes, batch, acquired.beat_ms, findings + compare_with_training(trained, planes))


def every_plane(planes: PreparedSubject) -> dict[str, int]:
    """Return room for every plane of a subject, in the order of the cache."""
    indices, counts = np.unique(planes.view, return_counts=True)
    return {VIEWS[index]: int(count) for index, count in zip(indices.tolist(), counts, strict=True)}


def batch_of(
    planes: PreparedSubject, subject: str, views: dict[str, int], trained: Trained, device: torch.device
) -> Sample:
    """Return a batch of one, assembled as in training; see `prepare`."""
    sample = sample_of(planes, subject, views, sample_shape(trained.preparation, views))
    batch: Sample = default_collate([sample])
    batch = to_device(batch, device)
    return batch._replace(images=batch.images.float() / 255)


def cached_planes(planes: PreparedSubject, affine: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the indices of the prepared planes with these affines (P, 4, 4) of a batch, (P,)."""
    return np.asarray(np.abs(planes.affine[None] - affine[:, None]).sum(axis=(2, 3)).argmin(axis=1))
