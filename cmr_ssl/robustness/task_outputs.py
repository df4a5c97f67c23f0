"""What a task says about a batch where it is judged, and how well its label maps overlap."""

import torch
from torch import Tensor

from cmr_ssl.models.plane_head import pick_frames
from cmr_ssl.overlap import dice_per_structure
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.base import Task, TaskOutput


def judged_outputs(task: Task, batch: Sample) -> TaskOutput:
    """Ask a task about a batch (B, P, ...), of label maps for the frames on which they are judged.

    Raises:
        ValueError: if the task is of a kind that says nothing about a study.
    """
    return task.outputs(batch, task.judged_frames(batch))


def dice(task: Task, batch: Sample, labels: Tensor) -> Tensor:
    """Return the Dice of each study, mean over structures, of predicted labels on the planes present, (B,)."""
    frames = task.judged_frames(batch)
    if frames is None:
        return torch.full((len(labels),), torch.nan, device=labels.device)
    true = pick_frames(batch.labels, frames)
    return dice_per_structure(labels, true, batch.annotated & batch.present[..., None]).nanmean(dim=1)
