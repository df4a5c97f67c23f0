"""Chambers and wall in every plane and frame, from a pretrained encoder or from a plain network in the same harness."""

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cmr_ssl.anatomy import CLASSES, UNLABELLED
from cmr_ssl.corruption import Corruption, with_flaws
from cmr_ssl.devices import sent
from cmr_ssl.label_losses import segmentation_losses
from cmr_ssl.losses import subject_mean
from cmr_ssl.models import Encoder
from cmr_ssl.models.baselines import PlaneUNet
from cmr_ssl.models.plane_head import PlaneHead, pick_frames
from cmr_ssl.overlap import dice_per_structure
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from cmr_ssl.tasks.aligned import aligned_at
from cmr_ssl.tasks.annotated_classes import annotated_classes, no_annotated_classes
from cmr_ssl.tasks.base import Task, TaskOutput
from cmr_ssl.tasks.encoder_task import EncoderTask
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.reuse import Freeze, freeze_blocks, load_head, load_network, load_pretrained, require_encoder
from cmr_ssl.tasks.structure_confidence import least, no_confidence, structure_confidence

STRUCTURES = CLASSES[1:]


class Segmentation(Task):
    """Base of tasks that segment; what segments is up to the subclass.

    Attributes:
        drawn: 1 where a class was ever drawn in a view in training, (views, classes); kept in checkpoints. Classes
            that nobody drew anywhere are never predicted.
        least_confidence: the lowest of any study of the last validation, (views, classes); see `structure_confidence`.
    """

    drawn: Tensor
    least_confidence: Tensor

    monitor, mode = "val/dice", "max"

    def __init__(
        self, optimisation: Optimisation, frames: int, seed: int, corruption: list[Corruption] | None = None
    ) -> None:
        """Note how many labelled frames of a study a training step looks at, and what flaws it shows.

        Raises:
            ValueError: if that is none.
        """
        super().__init__(optimisation, ("loss", "dice", *(f"dice_{name}" for name in STRUCTURES)))
        if frames < 1:
            raise ValueError(f"model.frames must be at least 1, got {frames}")
        self.frames, self.seed, self.corruption = frames, seed, corruption or []
        self.register_buffer("drawn", no_annotated_classes())
        self.register_buffer("least_confidence", no_confidence())

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:  # noqa: ANN401
        """Load weights; checkpoints of earlier versions know of no confidence."""
        state_dict.setdefault(f"{prefix}least_confidence", no_confidence())
        super()._load_from_state_dict(state_dict, prefix, *rest)

    @property
    def can(self) -> tuple[str, ...]:
        """Beside what else it can: segment."""
        return (*super().can, "segment")

    @abstractmethod
    def logits(self, batch: Sample, frames: Tensor) -> Tensor:
        """Return logits (B, P, classes, F, H, W) of `frames` (B, F)."""

    def setup(self, stage: str) -> None:
        """Check that the data module delivers labels.

        Raises:
            ValueError: if it does not.
        """
        if not self.trainer.datamodule.labels:  # type: ignore[attr-defined]
            raise ValueError("segmentation needs label maps in the samples: add --data.labels true")

    def drawn_frames(self, batch: Sample, seeds: list[int]) -> Tensor:
        """Draw frames that somebody labelled, as far as there are so many, without asking the device which; (B, F)."""
        count = batch.labels.shape[2]
        draws = torch.stack([torch.rand(count, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
        labelled = (batch.labels != UNLABELLED).any(dim=-1).any(dim=-1).any(dim=1)
        priority = sent(draws, labelled.device) + labelled
        return priority.topk(min(self.frames, count), dim=1).indices

    def judged_frames(self, batch: Sample) -> Tensor:
        """Return labelled frames (B, F), the same in every epoch."""
        return self.drawn_frames(batch, subject_seeds(batch.subject, self.seed, "validation frames"))

    def outputs(self, batch: Sample, frames: Tensor | None = None) -> TaskOutput:
        """Return label maps (B, P, F, H, W) of all frames, or of those chosen; embeddings and values are empty."""
        logits = self.logits(batch, self.all_frames(batch) if frames is None else frames)
        return TaskOutput({}, batch.phenotypes[:, :0], self.classes(logits))

    def training_step(self, batch: Sample, batch_idx: int) -> Tensor:
        """Return the loss of one batch, each labelled subject weighing the same."""
        frames = self.drawn_frames(batch, subject_seeds(batch.subject, self.seed, "frames", self.current_epoch))
        labels = pick_frames(batch.labels, frames)
        self.drawn |= annotated_classes(labels, batch.view)
        losses = segmentation_losses(self.logits(self.flawed(batch), frames), labels, batch.annotated)
        loss = subject_mean(losses, (labels != UNLABELLED).flatten(1).any(dim=1))
        self.log("train/loss", loss, batch_size=len(batch.subject))
        return loss

    def flawed(self, batch: Sample) -> Sample:
        """Return a batch as training shows it: with the flaws of `corruption`, other ones in each epoch."""
        return with_flaws(
            self.corruption, batch, subject_seeds(batch.subject, self.seed, "corruption", self.current_epoch)
        )

    def on_after_backward(self) -> None:
        """Let all processes know what any of them saw; the next step would give all of them the first one's memory."""
        if self.trainer.world_size > 1:
            self.drawn.copy_(self.trainer.strategy.reduce(self.drawn.clone(), reduce_op="max"))

    def validation_step(self, batch: Sample, batch_idx: int) -> None:
        """Measure frames that are the same in every epoch."""
        frames = self.judged_frames(batch)
        logits = self.logits(batch, frames)
        self.measure("val", batch, logits, frames)
        known = self.known(logits)
        self.seen.append((structure_confidence(known, likeliest(known), batch.view, batch.present),))

    def test_step(self, batch: Sample, batch_idx: int) -> Tensor:
        """Measure all frames and return the predicted classes, (B, P, T, H, W) uint8."""
        frames = self.all_frames(batch)
        logits = self.logits(batch, frames)
        self.measure("test", batch, logits, frames)
        return self.classes(logits)

    def on_validation_epoch_end(self) -> None:
        """Note of which study the network was least sure."""
        (confidence,) = self.gathered()
        self.least_confidence.copy_(least(confidence))

    def predict_step(self, batch: Sample, batch_idx: int = 0) -> Tensor:
        """Return the predicted classes of all frames, (B, P, T, H, W) uint8."""
        return self.segment_with_confidence(batch)[0]

    def segment_with_confidence(self, batch: Sample) -> tuple[Tensor, Tensor]:
        """Return the classes of all frames, (B, P, T, H, W) uint8, and how sure they are, (B, views, classes)."""
        logits = self.known(self.logits(batch, self.all_frames(batch)))
        labels = likeliest(logits)
        return labels, structure_confidence(logits, labels, batch.view, batch.present)

    def classes(self, logits: Tensor) -> Tensor:
        """Return the likeliest of the classes that somebody drew in training; see `likeliest`."""
        return likeliest(self.known(logits))

    def known(self, logits: Tensor) -> Tensor:
        """Return logits (B, P, classes, F, H, W) in which classes that nobody drew in training are impossible."""
        unknown = (self.drawn == 0).all(dim=0)
        return logits.masked_fill(unknown.reshape(-1, 1, 1, 1), -torch.inf) if unknown.any() else logits

    def all_frames(self, batch: Sample) -> Tensor:
        """Return every frame of a batch, (B, T)."""
        return torch.arange(batch.images.shape[2], device=batch.images.device).expand(len(batch.images), -1)

    def measure(self, split: str, batch: Sample, logits: Tensor, frames: Tensor) -> None:
        """Add the loss and the Dice of each structure to the means over the split; what is absent is left out."""
        labels = pick_frames(batch.labels, frames)
        dice = dice_per_structure(self.classes(logits), labels, batch.annotated)
        values = {"loss": segmentation_losses(logits, labels, batch.annotated), "dice": dice.nanmean(dim=1)}
        values |= {f"dice_{name}": dice[:, index] for index, name in enumerate(STRUCTURES)}
        self.log_means(split, values)


def likeliest(logits: Tensor) -> Tensor:
    """Return the class with the largest of logits (B, P, classes, F, H, W), (B, P, F, H, W) uint8."""
    return logits.max(dim=2).indices.to(torch.uint8)  # argmax is five times slower here on a CPU


class SegmentationTask(EncoderTask, Segmentation):
    """Segment with the pretrained encoder, which knows the whole heart, and each plane's own image."""

    def __init__(
        self,
        encoder: Encoder | None = None,
        encoder_checkpoint: str | None = None,
        head: Callable[[Encoder], PlaneHead] = PlaneHead,
        freeze: Freeze = 0,
        frames: int = 4,
        corruption: list[Corruption] | None = None,
        optimisation: Optimisation = Optimisation(),  # noqa: B008  (frozen, so a shared default is safe)
        seed: int = 0,
    ) -> None:
        """Put the parts together.

        Args:
            encoder: its description; comes from `encoder_checkpoint` where that is given.
            encoder_checkpoint: of any task, whose encoder is reused; None to train from scratch.
            head: builds the head for the encoder.
            freeze: number of the encoder's lowest blocks that stay as they are, or "encoder" for all of it.
            frames: labelled frames of a study that a training step looks at.
            corruption: flaws of the images that training shows; label maps and validations are of the clean ones. None
                for none.
            optimisation: AdamW and its schedule.
            seed: of the choice of frames and of the flaws.
        """
        super().__init__(optimisation, frames, seed, corruption)
        encoder = require_encoder(encoder)
        self.save_hyperparameters()
        self.encoder, self.encoder_checkpoint = encoder, encoder_checkpoint
        self.head = head(encoder)
        self.frozen = freeze == "encoder"
        freeze_blocks(encoder, freeze)

    def setup(self, stage: str) -> None:
        """Load the pretrained encoder before a training and what the checkpoint has of a head; see `load_head`."""
        super().setup(stage)
        if stage == "fit" and self.encoder_checkpoint:
            data = self.trainer.datamodule.state_dict()  # type: ignore[attr-defined]
            load_pretrained(self.encoder, Path(self.encoder_checkpoint), data)
            self.aligned = aligned_at(Path(self.encoder_checkpoint))
            load_head(self.head, Path(self.encoder_checkpoint))

    def logits(self, batch: Sample, frames: Tensor) -> Tensor:
        """Encode the study and decode the chosen `frames` to logits, (B, P, classes, F, H, W)."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            encoded = self.encode(batch)
        return self.head(batch.images, encoded, frames)

    def outputs(self, batch: Sample, frames: Tensor | None = None) -> TaskOutput:
        """Return embeddings and labels from encoding the study once."""
        encoded = self.encode(batch)
        logits = self.head(batch.images, encoded, self.all_frames(batch) if frames is None else frames)
        return TaskOutput(self.embedded(encoded, batch).by_name(), batch.phenotypes[:, :0], self.classes(logits))


class SegmentationBaseline(Segmentation):
    """Segment each frame of each plane by itself, to compare with."""

    def __init__(
        self,
        network: PlaneUNet,
        network_checkpoint: str | None = None,
        frames: int = 4,
        corruption: list[Corruption] | None = None,
        optimisation: Optimisation = Optimisation(),  # noqa: B008  (frozen, so a shared default is safe)
        seed: int = 0,
    ) -> None:
        """Put the parts together; other arguments are those of `SegmentationTask`.

        Args:
            network: what segments.
            network_checkpoint: of this task, whose network a training starts from; None to start from nothing.
            frames: labelled frames of a study that a training step looks at.
            corruption: flaws of the images that training shows; label maps and validations are of the clean ones. None
                for none.
            optimisation: AdamW and its schedule.
            seed: of the choice of frames and of the flaws.
        """
        super().__init__(optimisation, frames, seed, corruption)
        self.save_hyperparameters()
        self.network, self.network_checkpoint = network, network_checkpoint

    def setup(self, stage: str) -> None:
        """Load the network to start from before a training."""
        super().setup(stage)
        if stage == "fit" and self.network_checkpoint:
            load_network(self.network, Path(self.network_checkpoint))

    def logits(self, batch: Sample, frames: Tensor) -> Tensor:
        """Return what the network makes of each chosen frame, logits (B, P, classes, F, H, W)."""
        return self.network(batch.images, frames)
