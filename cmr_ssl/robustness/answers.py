"""What a task of any kind says about a batch: who it is, what its values are, what it shows."""

from typing import NamedTuple

import torch
from torch import Tensor

from cmr_ssl.models.embedding import embedding_of
from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.plane_head import pick_frames
from cmr_ssl.overlap import dice_per_structure
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from cmr_ssl.tasks.base import Task
from cmr_ssl.tasks.phenotype import PhenotypePrediction
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.segmentation import Segmentation, SegmentationTask
from cmr_ssl.tasks.whole_heart import tells_whole_heart, whole_heart


class Answer(NamedTuple):
    """What a task says about B studies; empty where it does not say such a thing.

    Attributes:
        embeddings: vectors of each study by name, (B, D) each; the first name is the one to look at.
        values: in physical units, or probabilities, (B, K).
        labels: classes in F labelled frames, (B, P, F, H, W); F is 0 where nothing is segmented.
    """

    embeddings: dict[str, Tensor]
    values: Tensor
    labels: Tensor


def answer(task: Task, batch: Sample) -> Answer:
    """Ask a task about a batch (B, P, ...).

    Raises:
        ValueError: if the task is of a kind that says nothing about a study.
    """
    no_values, no_labels = batch.phenotypes[:, :0], batch.labels[:, :, :0]
    if isinstance(task, PhenotypePrediction):
        features = task.features(batch)
        return Answer({"features": features.float()}, task.objective.predict(task.outputs(features)), no_labels)
    if isinstance(task, Segmentation):
        embeddings, logits = segmented(task, batch)
        return Answer(embeddings, no_values, task.classes(logits))
    if isinstance(task, PretrainingTask):
        encoded = task.encoder.encode_planes(batch.images, batch.affine, batch.present)
        told = {"whole heart": whole_heart(task, encoded, batch)} if tells_whole_heart(task) else {}
        return Answer(told | embeddings_of(task.encoder, encoded, batch), no_values, no_labels)
    raise ValueError(f"a {type(task).__name__} says nothing about a study: name a checkpoint of another task")


def segmented(task: Segmentation, batch: Sample) -> tuple[dict[str, Tensor], Tensor]:
    """Return embeddings, none of a network without an encoder, and logits (B, P, classes, F, H, W)."""
    frames = labelled_frames(task, batch)
    if not isinstance(task, SegmentationTask):
        return {}, task.logits(batch, frames)
    encoded = task.encoder.encode_planes(batch.images, batch.affine, batch.present)
    return embeddings_of(task.encoder, encoded, batch), task.decode(batch, encoded, frames)


def embeddings_of(encoder: Encoder, encoded: Encoded, batch: Sample) -> dict[str, Tensor]:
    """Return the embeddings of a batch that are single vectors, by name; first the one that is the most robust."""
    found = embedding_of(encoder, encoded, batch.images, batch.affine, batch.present)
    return {"landmarks": found.landmarks, "class token": found.class_token, "mean token": found.mean}


def labelled_frames(task: Segmentation, batch: Sample) -> Tensor:
    """Return the frames (B, F) on which a segmentation is judged, the same in every scenario."""
    return task.drawn_frames(batch, subject_seeds(batch.subject, task.seed, "validation frames"))


def dice(task: Task, batch: Sample, labels: Tensor) -> Tensor:
    """Return the Dice of each study, mean over structures, of predicted labels on the planes present, (B,)."""
    if not isinstance(task, Segmentation):
        return torch.full((len(labels),), torch.nan, device=labels.device)
    true = pick_frames(batch.labels, labelled_frames(task, batch))
    return dice_per_structure(labels, true, batch.annotated & batch.present[..., None]).nanmean(dim=1)
