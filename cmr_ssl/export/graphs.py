"""What of a task becomes an ONNX graph: one study in, of any number of planes, plain arrays out."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.models.embedding import embed_planes
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.base import Task
from cmr_ssl.tasks.encoder_task import EncoderTask
from cmr_ssl.tasks.phenotype import PhenotypeTask
from cmr_ssl.tasks.segmentation import SegmentationTask

NOTHING = torch.zeros(0)


class Graph(NamedTuple):
    """One graph to be written.

    Attributes:
        name: of its file, without the ending.
        module: maps images (P, T, H, W) from 0 to 1 and affines (P, 4, 4), pixel to mm in the heart frame, to a tuple.
        outputs: name to what it is.
    """

    name: str
    module: nn.Module
    outputs: dict[str, str]


class EncoderGraph(nn.Module):
    """Vectors that stand for a study, as `Model.embed` returns them, without those that only a decoder tells."""

    def __init__(self, task: EncoderTask) -> None:
        """Take the encoder of a task."""
        super().__init__()
        self.encoder = task.encoder

    def forward(self, images: Tensor, affine: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return landmarks, class token, mean of all tokens, and of those of each plane."""
        batch = sample(images, affine)
        embedding = embed_planes(self.encoder, batch.images, batch.affine, batch.present)
        return embedding.landmarks[0], embedding.class_token[0], embedding.mean[0], embedding.planes[0]


class PhenotypeGraph(nn.Module):
    """Phenotypes in physical units, or probabilities of classes."""

    def __init__(self, task: PhenotypeTask) -> None:
        """Take the whole task."""
        super().__init__()
        self.task = task

    def forward(self, images: Tensor, affine: Tensor) -> tuple[Tensor]:
        """Return the values, (K,)."""
        pooled = self.task.pooled(self.task.encode(sample(images, affine)))
        return (self.task.objective.predict(self.task.head(pooled))[0],)


class SegmentationGraph(nn.Module):
    """Classes of all planes and frames, and how likely they are."""

    unknown: Tensor

    def __init__(self, task: SegmentationTask) -> None:
        """Take the whole task; classes that nobody drew in its training are never predicted."""
        super().__init__()
        self.encoder, self.head = task.encoder, task.head
        self.register_buffer("unknown", (task.drawn == 0).all(dim=0).reshape(-1, 1, 1, 1), persistent=False)

    def forward(self, images: Tensor, affine: Tensor) -> tuple[Tensor, Tensor]:
        """Return classes and their probabilities, both (P, T, H, W)."""
        batch = sample(images, affine)
        encoded = self.encoder.encode_planes(batch.images, batch.affine, batch.present)
        frames = torch.arange(images.shape[1], device=images.device)[None]
        logits = self.head(batch.images, encoded, frames)[0]  # (P, classes, T, H, W)
        likely = logits.masked_fill(self.unknown, -torch.inf).softmax(dim=1).max(dim=1)
        return likely.indices.to(torch.uint8), likely.values


def sample(images: Tensor, affine: Tensor) -> Sample:
    """Return a batch of one study, all of whose planes (P, T, H, W) exist."""
    present = torch.ones_like(images[None, :, 0, 0, 0], dtype=torch.bool)
    return Sample(images[None], present, NOTHING, affine[None], NOTHING, NOTHING, NOTHING, "")


def graphs(task: Task) -> list[Graph]:
    """Return the graphs of a task: its encoder and what the task itself says.

    Raises:
        ValueError: if it has no encoder.
    """
    if not isinstance(task, EncoderTask):
        raise ValueError(f"a {type(task).__name__} has no encoder, so it is not written as ONNX: export it with --hub")
    vectors = {
        "landmarks": "means of tokens around fixed places of the heart",
        "class_token": "what attended to all tokens",
        "mean_token": "of all tokens",
        "plane_means": "of the tokens of each plane",
    }
    built = [Graph("encoder", EncoderGraph(task), vectors)]
    if isinstance(task, PhenotypeTask):
        names = ", ".join(task.objective.names(task.targets))
        built.append(Graph("phenotypes", PhenotypeGraph(task), {"values": names}))
    if isinstance(task, SegmentationTask):
        classes = ", ".join(f"{index} {name}" for index, name in enumerate(CLASSES))
        outputs = {
            "labels": f"classes of all planes and frames: {classes}",
            "probability": "of the class that is predicted",
        }
        built.append(Graph("segmentation", SegmentationGraph(task), outputs))
    return [graph._replace(module=graph.module.eval()) for graph in built]
