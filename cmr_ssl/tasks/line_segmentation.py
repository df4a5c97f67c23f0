"""Label maps from lines of k-space: predict those that are missing, put back those that were measured, and segment."""

import logging
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from cmr_ssl.checkpoints import read_checkpoint
from cmr_ssl.kspace import LineEncoder, Lines
from cmr_ssl.models import CrossAttentionDecoder, Decoder, Encoded
from cmr_ssl.models.baselines import PlaneUNet
from cmr_ssl.models.encoder import Encoder
from cmr_ssl.models.plane_head import pick_frames
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.base import TaskOutput
from cmr_ssl.tasks.encoder_task import Embedded
from cmr_ssl.tasks.line_task import LineTask, embedding_of_lines, unchanging
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.reuse import Freeze, freeze_blocks, load_pretrained, require_encoder
from cmr_ssl.tasks.segmentation import Segmentation

log = logging.getLogger(__name__)

DECODER = "decoder."


class LineSegmentationTask(LineTask, Segmentation):
    """Segment the images that lines of k-space give once those that are missing have been predicted.

    The inverse Fourier transform stands in between: measured lines count as they were measured, and the loss of the
    labels reaches the predicted ones. The k-space is simulated from magnitude images.
    """

    def __init__(
        self,
        network: PlaneUNet,
        encoder: LineEncoder | None = None,
        encoder_checkpoint: str | None = None,
        decoder: Callable[[Encoder], Decoder] = CrossAttentionDecoder,
        freeze: Freeze = 0,
        acceleration: float | None = None,
        frames: int = 4,
        optimisation: Optimisation = Optimisation(),  # noqa: B008  (frozen, so a shared default is safe)
        seed: int = 0,
    ) -> None:
        """Put the parts together.

        Args:
            network: segments a frame of the images.
            encoder: its description; comes from `encoder_checkpoint` where that is given.
            encoder_checkpoint: of a `LinePretrainingTask`, whose encoder and decoder are reused; None for none.
            decoder: builds the decoder for the encoder; as in the pretraining.
            freeze: number of the encoder's lowest blocks that stay as they are, or "encoder" for all of it.
            acceleration: at which k-space is acquired; None for that of the encoder's sampling.
            frames: labelled frames of a study that a training step looks at.
            optimisation: AdamW and its schedule.
            seed: of phase, lines and noise, and of the choice of frames.
        """
        super().__init__(optimisation, frames, seed)
        reused = require_encoder(encoder)
        self.save_hyperparameters()
        assert isinstance(reused, LineEncoder)  # for the type checker
        self.encoder, self.encoder_checkpoint, self.network = reused, encoder_checkpoint, network
        self.decoder = unchanging(decoder(reused))
        self.acquisition = reused.acquisition.at(acceleration) if acceleration else reused.acquisition
        freeze_blocks(reused, freeze)

    def setup(self, stage: str) -> None:
        """Check the data and, before a training, load the pretrained encoder and decoder."""
        self.check_planes()
        super().setup(stage)
        if stage == "fit" and self.encoder_checkpoint:
            data = self.trainer.datamodule.state_dict()  # type: ignore[attr-defined]
            load_pretrained(self.encoder, Path(self.encoder_checkpoint), data)
            load_decoder(self.decoder, Path(self.encoder_checkpoint))

    def logits(self, batch: Sample, frames: Tensor) -> Tensor:
        """Complete the chosen `frames` (B, F) and segment them, logits (B, P, classes, F, H, W)."""
        parts = (self.current_epoch,) if self.training else ()
        lines = self.acquire(batch, *parts)
        return self.segment(lines, self.encoder.encode_lines(lines), frames)

    def outputs(self, batch: Sample, frames: Tensor | None = None) -> TaskOutput:
        """Return embeddings and labels from encoding the lines of the study once."""
        lines = self.acquire(batch)
        encoded = self.encoder.encode_lines(lines)
        logits = self.segment(lines, encoded, self.all_frames(batch) if frames is None else frames)
        vectors = Embedded(None, embedding_of_lines(encoded, lines)).by_name()
        return TaskOutput(vectors, batch.phenotypes[:, :0], self.classes(logits))

    def segment(self, lines: Lines, encoded: Encoded, frames: Tensor) -> Tensor:
        """Return logits (B, P, classes, F, H, W) of the chosen frames from lines and what the encoder says of them."""
        ids = lines.of_frames(frames)
        predicted = self.predicted(self.decoder, encoded, lines, ids)
        images = pick_frames(lines.images(ids, predicted), frames).clamp(0, 1)
        everything = torch.arange(frames.shape[1], device=frames.device).expand_as(frames)
        return self.network(images, everything)


def load_decoder(decoder: Decoder, checkpoint: Path) -> None:
    """Copy the weights of a pretrained decoder; a checkpoint without one leaves it as it was drawn.

    Raises:
        ValueError: if its decoder has another size.
    """
    stored = read_checkpoint(checkpoint)["state_dict"]
    weights = {name.removeprefix(DECODER): weight for name, weight in stored.items() if name.startswith(DECODER)}
    if not weights:
        log.info("%s has no decoder: that of this task starts at random", checkpoint)
        return
    try:
        decoder.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise ValueError(
            f"the decoder of {checkpoint} is not the one that model.decoder describes: describe it as the pretraining "
            "did"
        ) from error
