"""Masked image modelling of whole hearts: hide most tokens, some planes wholly, and reconstruct what is hidden.

Method: Zhang et al., MICCAI 2024, arXiv 2406.00329.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import MetricCollection

from cmr_ssl.corruption import Corruption, with_flaws
from cmr_ssl.devices import sent
from cmr_ssl.losses import (
    mean_where,
    normalise_patches,
    patch_errors,
    still_and_motion,
    still_and_motion_error,
    subject_mean,
)
from cmr_ssl.masking import Masked, Masking, check_rules, draw_noise, mask, needed_planes, visible_tokens
from cmr_ssl.metrics import ExplainedVariance, plane_of, psnr, visible_planes, visible_statistics
from cmr_ssl.models import Decoder, Encoded, Encoder
from cmr_ssl.models.positions import GridPositions
from cmr_ssl.models.tokens import Coordinates, Tokens, grid_of, patchify
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from cmr_ssl.tasks.base import TaskOutput
from cmr_ssl.tasks.encoder_task import EncoderTask
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.whole_heart import has_whole_heart, whole_heart

MEANS = ("loss", "psnr_hidden", "psnr_dropped", "psnr_trivial", "psnr_trivial_dropped")
HEART_MM = 50.0  # tokens whose middle lies so near to that of the heart show the heart; for metrics only


class Reconstruction(NamedTuple):
    """One pass of a batch.

    Attributes:
        masked: which tokens were hidden.
        visible: those that the encoder was shown, (B, K), flaws included.
        hidden: those to be predicted as they are, (B, Q).
        encoded: what the encoder said of the visible ones.
        predicted: patches that the decoder predicts, (B, Q, pixels), normalised where the task normalises.
    """

    masked: Masked
    visible: Tokens
    hidden: Tokens
    encoded: Encoded
    predicted: Tensor


class PretrainingTask(EncoderTask):
    """Pretrain an encoder by reconstructing hidden tokens."""

    monitor, mode = "val/psnr_hidden", "max"
    costly: tuple[str, ...] = ("loss",)

    def __init__(
        self,
        encoder: Encoder,
        decoder: Callable[[Encoder], Decoder],
        masking: list[Masking],
        mask_ratio: float = 0.7,
        corruption: list[Corruption] | None = None,
        normalise: bool = False,
        motion: float = 1.0,
        heart_mm: float | None = None,
        elsewhere: float = 0.0,
        optimisation: Optimisation = Optimisation(),  # noqa: B008  (frozen, so a shared default is safe)
        seed: int = 0,
    ) -> None:
        """Put the parts together.

        Args:
            encoder: what is to be pretrained.
            decoder: builds the decoder for the encoder.
            masking: rules of masking; their scores add up.
            mask_ratio: share of all tokens that is hidden; fixes the number of visible ones.
            corruption: flaws that training adds to what the encoder sees; the targets stay clean. None for none.
            normalise: whether each patch is reconstructed up to its mean and deviation.
            motion: weight of what moves within a patch beside what stays; 1 for the plain squared error, in which
                motion hardly counts (5 % of the variance of a cine).
            heart_mm: reach of the weight of the heart: a token r away from its middle counts
                `elsewhere` + (1 - `elsewhere`) exp(-r^2 / (2 heart_mm^2)); None for all tokens alike.
            elsewhere: what a token far away from the heart counts, 0 to 1. Far tokens that count nothing are never
                learnt, and synthesis shows it.
            optimisation: AdamW and its schedule.
            seed: of the masks and flaws.

        Raises:
            ValueError: if there is no masking rule, or a weight makes no sense.
        """
        super().__init__(optimisation, MEANS)
        if motion <= 0 or (heart_mm is not None and heart_mm <= 0):
            raise ValueError(
                f"model.motion {motion} and model.heart_mm {heart_mm} must be above 0; heart_mm may be null"
            )
        if not 0 <= elsewhere <= 1:
            raise ValueError(f"model.elsewhere {elsewhere} is a weight beside that of the heart: give 0 to 1")
        if not masking:
            raise ValueError("pretraining needs at least one masking rule, for example cmr_ssl.masking.RandomMasking")
        check_rules(masking)
        self.save_hyperparameters()
        self.encoder = encoder
        self.decoder = decoder(encoder)
        self.masking, self.mask_ratio, self.normalise = masking, mask_ratio, normalise
        self.motion, self.heart_mm, self.elsewhere = motion, heart_mm, elsewhere
        self.corruption, self.seed = corruption or [], seed
        parts = [f"r2_{what}_{place}" for what in ("motion", "still") for place in ("heart", "elsewhere")]
        self.explained = MetricCollection({name: ExplainedVariance() for name in parts}, compute_groups=False)

    @property
    def can(self) -> tuple[str, ...]:
        """Beside what else it can: tell any plane, where it knows planes by more than their index."""
        by_index = isinstance(self.encoder.positions, GridPositions)
        return super().can if by_index else (*super().can, "plane")

    def setup(self, stage: str) -> None:
        """Check that the cohort can fill the budget of visible tokens, before anything is trained.

        Raises:
            ValueError: if the patch does not divide the planes, or subjects may have too few planes.
        """
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        grid = grid_of(torch.empty(data.shape, device="meta"), self.encoder.patch)
        needed = needed_planes(grid, visible_tokens(grid, self.mask_ratio))
        if data.min_planes < needed:
            raise ValueError(
                f"mask_ratio {self.mask_ratio} keeps the tokens of {needed} whole planes visible, but data.min_planes "
                f"{data.min_planes} lets subjects in with fewer: set --data.min_planes {needed} or raise the mask_ratio"
            )

    def outputs(self, batch: Sample, frames: Tensor | None = None) -> TaskOutput:
        """Return embeddings, each (B, D), by name; values (B, 0) and labels (B, P, 0, H, W) are empty."""
        return TaskOutput(self.embed(batch).by_name(), batch.phenotypes[:, :0], batch.labels[:, :, :0])

    def whole_heart(self, encoded: Encoded, batch: Sample) -> Tensor | None:
        """Return the brightness that the decoder predicts at fixed places, (B, F); None if it predicts none."""
        return whole_heart(self, encoded, batch) if has_whole_heart(self) else None

    def reconstruct(self, batch: Sample, seeds: list[int]) -> Reconstruction:
        """Hide tokens, encode the rest, predict the hidden ones.

        Args:
            batch: images as intensities 0 to 1, (B, P, T, H, W).
            seeds: one for each subject's mask.

        Returns:
            The reconstruction; every hidden token is predicted, those of dropped planes too.
        """
        return self.complete(batch, self.mask(batch, seeds))

    def mask(self, batch: Sample, seeds: list[int]) -> Masked:
        """Choose visible and hidden tokens by the rules of `masking`, within the budget of visible tokens."""
        grid = grid_of(batch.images, self.encoder.patch)
        noise = sent(draw_noise(len(self.masking), grid, seeds), batch.images.device)
        return mask(self.masking, noise, batch.present, batch.affine, visible_tokens(grid, self.mask_ratio))

    def complete(self, batch: Sample, masked: Masked, shown: Tensor | None = None) -> Reconstruction:
        """Encode the visible tokens and predict the hidden ones.

        Args:
            batch: images as intensities 0 to 1, (B, P, T, H, W); what is to be predicted.
            masked: which tokens are which.
            shown: images from which the visible tokens are taken, (B, P, T, H, W); None for those of the batch.
        """
        tokens = self.tokens(batch)
        hidden = tokens.take(masked.hidden)
        if shown is not None:
            tokens = tokens._replace(patches=patchify(shown, self.encoder.patch))
        visible = tokens.take(masked.visible)
        encoded = self.encoder(visible, all_exist=True)
        return Reconstruction(masked, visible, hidden, encoded, self.decoder(encoded, hidden.where))

    def flawed(self, batch: Sample, masked: Masked) -> Tensor | None:
        """Return the images that training shows to the encoder, with flaws; None where they are those of the batch.

        Flaws that mix planes mix only those that the encoder sees, so that dropped planes cannot leak through them.
        """
        if not self.corruption:
            return None
        grid = grid_of(batch.images, self.encoder.patch)
        visible = batch._replace(present=visible_planes(masked.visible, grid))
        seeds = subject_seeds(batch.subject, self.seed, "corruption", self.current_epoch)
        return with_flaws(self.corruption, visible, seeds).images

    def loss(self, batch: Sample, masked: Masked, shown: Tensor | None = None) -> Tensor:
        """Return the mean error on the hidden tokens of all subjects; the arguments are those of `complete`."""
        result = self.complete(batch, masked, shown)
        return subject_mean(self.losses(result), result.hidden.exists.any(dim=1))

    def losses(self, result: Reconstruction) -> Tensor:
        """Return the error on the hidden tokens of each subject, (B,); NaN where a subject has none."""
        hidden = result.hidden
        target = normalise_patches(hidden.patches) if self.normalise else hidden.patches
        error = result.predicted.float() - target.float()
        errors = still_and_motion_error(error, self.encoder.patch[0], self.motion)
        return mean_where(errors, hidden.exists, self.weights(hidden.where))

    def weights(self, where: Coordinates) -> Tensor | None:
        """Return how much tokens (B, Q) count; None for all alike."""
        if self.heart_mm is None:
            return None
        near = torch.exp(-where.centre.square().sum(dim=-1) / (2 * self.heart_mm**2))
        return self.elsewhere + (1 - self.elsewhere) * near

    def intensities(self, result: Reconstruction) -> Tensor:
        """Return the predicted patches as intensities 0 to 1, (B, Q, pixels), fit to be shown.

        Normalised predictions get mean and deviation of the *visible* pixels of their plane: those of the hidden
        patch itself are part of the answer and would flatter the picture.
        """
        predicted = result.predicted.float()
        if self.normalise:
            grid = result.hidden.grid
            mean, deviation = visible_statistics(result.visible.patches, result.masked.visible, grid)
            plane = plane_of(result.masked.hidden, grid)
            predicted = predicted * deviation.gather(1, plane)[..., None] + mean.gather(1, plane)[..., None]
        return predicted.clamp(0, 1)

    def training_step(self, batch: Sample, batch_idx: int) -> Tensor:
        """Return the loss of one batch, each subject weighing the same."""
        seeds = subject_seeds(batch.subject, self.seed, "mask", self.current_epoch)
        masked = self.mask(batch, seeds)
        loss = self.loss(batch, masked, self.flawed(batch, masked))
        self.log("train/loss", loss, batch_size=len(batch.subject))
        return loss

    def validation_step(self, batch: Sample, batch_idx: int) -> None:
        """Measure one batch under masks that are the same in every epoch."""
        self.evaluate("val", batch)

    def test_step(self, batch: Sample, batch_idx: int) -> None:
        """Measure one batch as in validation."""
        self.evaluate("test", batch)

    def evaluate(self, split: str, batch: Sample) -> None:
        """Log what one batch adds to the metrics of a split."""
        result = self.reconstruct(batch, self.fixed_seeds(batch))
        self.log_means(split, self.measure(result))
        for name, (errors, total) in self.squares(result).items():
            self.explained[name].update(errors, total)
            self.log(f"{split}/{name}", self.explained[name], batch_size=len(batch.subject))

    def fixed_seeds(self, batch: Sample) -> list[int]:
        """Return the seeds of masks that are the same in every epoch."""
        return subject_seeds(batch.subject, self.seed, "validation mask")

    def measure(self, result: Reconstruction) -> dict[str, Tensor]:
        """Return the metrics of each subject, (B,) each, NaN where there is nothing to measure.

        The trivial reconstruction, to compare with, is the mean of the visible pixels of the plane.
        """
        true, exists, grid = result.hidden.patches, result.hidden.exists, result.hidden.grid
        plane = plane_of(result.masked.hidden, grid)
        trivial = visible_statistics(result.visible.patches, result.masked.visible, grid)[0].gather(1, plane)[..., None]
        errors = patch_errors(self.intensities(result), true)
        trivial_errors = patch_errors(trivial.expand_as(true), true)
        dropped = exists & ~visible_planes(result.masked.visible, grid).gather(1, plane)
        return {
            "loss": self.losses(result).detach(),
            "psnr_hidden": psnr(mean_where(errors, exists)),
            "psnr_dropped": psnr(mean_where(errors, dropped)),
            "psnr_trivial": psnr(mean_where(trivial_errors, exists)),
            "psnr_trivial_dropped": psnr(mean_where(trivial_errors, dropped)),
        }

    def squares(self, result: Reconstruction) -> dict[str, tuple[Tensor, Tensor]]:
        """Return squared errors and deviations of hidden tokens, near the heart and elsewhere, by name for `explained`.

        What moves within a patch deviates from no motion, what stays from the mean of the subject's hidden tokens.
        """
        frames, exists = self.encoder.patch[0], result.hidden.exists
        still, moving = still_and_motion(result.hidden.patches, frames)
        told_still, told_moving = still_and_motion(self.intensities(result), frames)
        mean = mean_where(still.mean(dim=(-2, -1)), exists)[:, None, None, None]
        squares = {
            "motion": ((told_moving - moving).square().sum(dim=(-2, -1)), moving.square().sum(dim=(-2, -1))),
            "still": ((told_still - still).square().sum(dim=(-2, -1)), (still - mean).square().sum(dim=(-2, -1))),
        }
        near = result.hidden.where.centre.norm(dim=-1) <= HEART_MM
        places = {"heart": near & exists, "elsewhere": ~near & exists}
        return {
            f"r2_{what}_{place}": (torch.where(there, errors, 0.0), torch.where(there, total, 0.0))
            for what, (errors, total) in squares.items()
            for place, there in places.items()
        }
