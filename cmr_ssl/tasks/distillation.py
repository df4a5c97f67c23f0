"""An encoder of flawed studies learns to say what a frozen one says of clean ones.

Idea: k-MTR, arXiv 2603.09945, whose encoder of undersampled k-space says what an encoder of full images says.
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import pad

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.corruption import Corruption, with_flaws
from cmr_ssl.losses import mean_where, subject_mean
from cmr_ssl.models import Encoder
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from cmr_ssl.tasks.aligned import aligned_at
from cmr_ssl.tasks.base import TaskOutput
from cmr_ssl.tasks.encoder_task import EncoderTask
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.reuse import load_pretrained, require_encoder

FLAT = 0.1  # share of the mean variance that a feature has at least, so that constant ones do not rule the loss


class DistillationTask(EncoderTask):
    """Train a copy of a pretrained encoder, which sees studies with flaws, to say what the original says without them.

    Every token is told, so a few hundred steps suffice and no label is needed. Heads that learnt on the original, from
    clean studies, then read flawed ones through the copy.
    """

    monitor, mode = "val/loss", "min"

    def __init__(
        self,
        corruption: list[Corruption],
        encoder: Encoder | None = None,
        encoder_checkpoint: str | None = None,
        optimisation: Optimisation = Optimisation(),  # noqa: B008  (frozen, so a shared default is safe)
        seed: int = 0,
    ) -> None:
        """Put the parts together.

        Args:
            corruption: flaws of what the copy is shown, in training and validation.
            encoder: its description; comes from `encoder_checkpoint`.
            encoder_checkpoint: of any task: the original, and where the copy begins.
            optimisation: AdamW and its schedule.
            seed: of the flaws.

        Raises:
            ValueError: if there is no flaw, or no encoder is known.
        """
        super().__init__(optimisation, ("loss", "loss_untaught"))
        if not corruption:
            raise ValueError("model.corruption names no flaw, so there is nothing to learn: name one at least")
        self.encoder = require_encoder(encoder)
        self.save_hyperparameters()
        self.corruption, self.encoder_checkpoint, self.seed = corruption, encoder_checkpoint, seed
        self.original: tuple[Encoder, ...] = ()  # no part of this module: checkpoints hold the copy alone

    def setup(self, stage: str) -> None:
        """Load the original and, before a training, let the copy be like it.

        Raises:
            FileNotFoundError: if there is no such checkpoint.
            ValueError: if none is named, or it does not fit.
        """
        if not self.encoder_checkpoint:
            raise ValueError("whose words are to be learnt? Name a checkpoint: --model.encoder_checkpoint FILE")
        path = Path(self.encoder_checkpoint)
        self.original = (load_encoder(path).encoder.requires_grad_(False),)
        if stage == "fit":
            load_pretrained(self.encoder, path, self.trainer.datamodule.state_dict())  # type: ignore[attr-defined]
            self.aligned = aligned_at(path)

    def outputs(self, batch: Sample, frames: Tensor | None = None) -> TaskOutput:
        """Return embeddings, each (B, D), by name; values (B, 0) and labels (B, P, 0, H, W) are empty."""
        return TaskOutput(self.embed(batch).by_name(), batch.phenotypes[:, :0], batch.labels[:, :, :0])

    def flawed(self, batch: Sample, *parts: object) -> Sample:
        """Return a batch with flaws that depend on seed, subject and `parts`."""
        return with_flaws(self.corruption, batch, subject_seeds(batch.subject, self.seed, "corruption", *parts))

    @torch.no_grad()
    def wanted(self, batch: Sample) -> Tensor:
        """Return what the original says of a clean batch; see `said`."""
        (original,) = self.original
        return said(original.to(batch.images.device), batch)

    def losses(self, encoder: Encoder, flawed: Sample, clean: Sample) -> Tensor:
        """Return what share of the words of the original on clean studies an encoder misses in flawed ones, (B,)."""
        exists = pad(self.encoder.tokenise(clean.images, clean.affine, clean.present).exists, (1, 0), value=True)
        return missed(said(encoder, flawed), self.wanted(clean), exists)

    def training_step(self, batch: Sample, batch_idx: int) -> Tensor:
        """Return the loss of one batch, each subject weighing the same."""
        losses = self.losses(self.encoder, self.flawed(batch, self.current_epoch), batch)
        loss = subject_mean(losses, batch.present.any(dim=1))
        self.log("train/loss", loss, batch_size=len(batch.subject))
        return loss

    def validation_step(self, batch: Sample, batch_idx: int) -> None:
        """Measure one batch with flaws that are the same in every epoch."""
        self.log_means("val", self.measure(batch))

    def test_step(self, batch: Sample, batch_idx: int) -> None:
        """Measure one batch as in validation."""
        self.log_means("test", self.measure(batch))

    def measure(self, batch: Sample) -> dict[str, Tensor]:
        """Return what the copy misses of each study, and what the original itself misses with flaws, (B,) each."""
        flawed, (original,) = self.flawed(batch), self.original
        return {
            "loss": self.losses(self.encoder, flawed, batch),
            "loss_untaught": self.losses(original, flawed, batch),
        }


def said(encoder: Encoder, batch: Sample) -> Tensor:
    """Return what heads read of an encoder: class token, and tokens with their patches, (B, 1 + N, 2 D)."""
    encoded = encoder.encode_planes(batch.images, batch.affine, batch.present)
    tokens = torch.cat([encoded.class_token[:, None], encoded.tokens], dim=1)
    return torch.cat([tokens, pad(encoded.patches, (0, 0, 1, 0))], dim=-1).float()


def missed(found: Tensor, wanted: Tensor, exists: Tensor) -> Tensor:
    """Return the mean over tokens and features of (found - wanted)^2 / variance, (B,).

    The variance is that of a feature over the tokens of a study, which differ in what they show and where they lie: 1
    is what the mean of its tokens would miss.

    Args:
        found: features of tokens, (B, N, F).
        wanted: what they should be, (B, N, F).
        exists: which tokens exist, (B, N).
    """
    there, count = exists[..., None], exists.sum(dim=1)[:, None, None].clamp(min=1)
    mean = (wanted * there).sum(dim=1, keepdim=True) / count
    variance = ((wanted - mean).square() * there).sum(dim=1, keepdim=True) / count
    errors = (found - wanted).square() / (variance + FLAT * variance.mean(dim=-1, keepdim=True))
    return mean_where(errors.mean(dim=-1), exists)
