"""Alignment of images with tables: what a heart looks like must tell which patient it belongs to, and the reverse.

The second stage of pretraining, after ViTa ("Towards Cardiac MRI Foundation Models", 2025). Its targets of later tasks
are left out of the table, what is missing is not imputed, and the temperature is learnt.
"""

import logging
import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from cmr_ssl.contrast import Pairs, contrast, near_patients, pairs_of, ranks
from cmr_ssl.losses import subject_mean
from cmr_ssl.masking import Masking
from cmr_ssl.masking.base import check_rate
from cmr_ssl.models import Decoder, Encoder, LandmarkPooling, Pooling, TableEncoder
from cmr_ssl.models.projection import Projection
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from cmr_ssl.tables.corruption import corrupt_table, marginals_of
from cmr_ssl.tables.field_reader import check_fields, read_fields
from cmr_ssl.tables.fields import Fields
from cmr_ssl.tasks.aligned import aligned_at, aligned_with
from cmr_ssl.tasks.contrast_start import ContrastStart
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.reuse import (
    Freeze,
    freeze_blocks,
    load_pretrained,
    load_pretrained_decoder,
    require_decoder,
    require_encoder,
)

log = logging.getLogger(__name__)

LOWEST, HIGHEST = 1.0, 100.0  # of one over the temperature; beyond, single pairs would rule the gradient
FIRST = 10.0  # where it starts


class AlignmentTask(PretrainingTask):
    """Align the encoder with the tables of its patients; masking stays on, and reconstruction can."""

    monitor, mode = "val/loss_alignment", "min"

    def __init__(
        self,
        fields: Fields,
        masking: list[Masking],
        encoder: Encoder | None = None,
        decoder: Callable[[Encoder], Decoder] | None = None,
        encoder_checkpoint: str | None = None,
        include: list[str] | None = None,
        pooling: Callable[[Encoder], Pooling] = LandmarkPooling,
        table: Callable[[int, list[int]], TableEncoder] = TableEncoder,
        width: int = 128,
        field_dropout: float = 0.3,
        resampling: float = 0.1,
        near: float = 0.0,
        mask_ratio: float = 0.5,
        reconstruction: float = 0.0,
        normalise: bool = False,
        motion: float = 1.0,
        heart_mm: float | None = None,
        elsewhere: float = 0.0,
        freeze: Freeze = 0,
        head_start: ContrastStart | None = None,
        optimisation: Optimisation = Optimisation(),  # noqa: B008  (frozen, so a shared default is safe)
        seed: int = 0,
    ) -> None:
        """Put the parts together; what is not said here is as in `PretrainingTask`.

        Args:
            fields: of the table, how they are coded, and which are targets, kept from the alignment.
            masking: rules of masking.
            encoder: its description; comes from `encoder_checkpoint` where that is given.
            decoder: likewise.
            encoder_checkpoint: of a pretraining, which goes on from there; None to align from scratch.
            include: targets that are aligned with all the same; whoever predicts them later is told so.
            pooling: builds, for the encoder, what makes one vector of its tokens.
            table: builds the table encoder for so many numbers and so many classes of each other field.
            width: of the space in which images and tables are compared.
            field_dropout: share of the fields that training hides.
            resampling: share of the fields that training takes from other patients.
            near: how much patients with almost the same table count as the same, 0 to below 1; 0 for not at all.
            mask_ratio: share of all tokens that training hides.
            reconstruction: weight of the reconstruction of hidden tokens beside the alignment; 0 for none, which leaves
                the decoder as it is while the encoder moves away from it.
            normalise: whether the pretraining reconstructed patches up to mean and deviation.
            motion: as in the pretraining.
            heart_mm: as in the pretraining.
            elsewhere: as in the pretraining.
            freeze: number of the encoder's lowest blocks that stay as they are, or "encoder" for all of it.
            head_start: how the heads are trained before the first step; None to let them learn with the encoder.
            optimisation: AdamW and its schedule.
            seed: of the masks and of what is hidden in tables.

        Raises:
            ValueError: if no encoder is known, `include` names no target, or a number makes no sense.
        """
        encoder, decoder = require_encoder(encoder), require_decoder(decoder)
        super().__init__(
            encoder,
            decoder,
            masking,
            mask_ratio,
            None,
            normalise,
            motion,
            heart_mm,
            elsewhere,
            optimisation,
            seed,
        )
        self.save_hyperparameters()
        self.fields, self.left_out = aligned_with(fields, include or [])
        self.aligned = self.fields.names_and_ids
        self.encoder_checkpoint, self.reconstruction = encoder_checkpoint, check_weight(reconstruction)
        self.field_dropout = check_rate("model.field_dropout", field_dropout)
        self.resampling, self.near = check_rate("model.resampling", resampling), check_rate("model.near", near)
        self.pooling, self.table = pooling(encoder), table(len(self.fields.numbers), self.fields.classes)
        self.image_head = Projection(self.pooling.width, width)
        self.table_head = Projection(self.table.width, width)
        self.log_scale = nn.Parameter(torch.tensor(math.log(FIRST)))
        self.decoder.requires_grad_(reconstruction > 0)
        self.head_start, self.frozen = head_start, freeze == "encoder"
        freeze_blocks(self.encoder, freeze)
        self.marginals = marginals_of(torch.zeros(0, len(self.fields.names)))

    def read_table(self, path: Path, subjects: list[str]) -> pd.DataFrame:
        """Return the fields of N subjects, (N, fields), for the data module, whose samples carry them.

        Raises:
            FileNotFoundError: if there is no table.
            ValueError: if it does not fit the cohort or the description of its fields.
        """
        values = pd.DataFrame(read_fields(path, self.fields, subjects), subjects, self.fields.names)
        log.info(
            "table: %d fields, %.0f %% unknown; left out as targets: %s",
            *(values.shape[1], 100 * values.isna().to_numpy().mean(), ", ".join(self.left_out) or "none"),
        )
        return values

    def setup(self, stage: str) -> None:
        """Learn the spread of the fields and read the pretrained weights, before a training.

        Raises:
            FileNotFoundError: if there is no such checkpoint.
            ValueError: if nothing is known of a field, or the checkpoint does not fit.
        """
        super().setup(stage)
        if stage != "fit":
            return
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        training = data.in_use()["train"].to_numpy(copy=True)
        check_fields(training, self.fields.names)
        self.marginals = marginals_of(torch.from_numpy(training))
        self.table.fit_statistics(torch.from_numpy(training))
        if self.encoder_checkpoint:
            load_pretrained(self.encoder, Path(self.encoder_checkpoint), data.state_dict())
            self.aligned = list(dict.fromkeys([*self.aligned, *aligned_at(Path(self.encoder_checkpoint))]))
            load_pretrained_decoder(self.decoder, Path(self.encoder_checkpoint), self.normalise)

    def on_fit_start(self) -> None:
        """Train the heads by themselves, unless a training goes on that was started before."""
        if self.head_start and not self.trainer.ckpt_path:
            self.head_start.start(self, self.trainer)

    def training_step(self, batch: Sample, batch_idx: int) -> Tensor:
        """Return the loss of one batch: of the alignment and, where wanted, of the reconstruction."""
        masked = self.mask(batch, subject_seeds(batch.subject, self.seed, "mask", self.current_epoch))
        if self.reconstruction:
            result = self.complete(batch, masked)
            encoded = result.encoded
            rebuilt = subject_mean(self.losses(result), result.hidden.exists.any(dim=1))
            self.log("train/loss_reconstruction", rebuilt, batch_size=len(batch.subject))
        else:
            with torch.set_grad_enabled(not self.frozen):
                encoded = self.encoder(self.tokens(batch).take(masked.visible), all_exist=True)
            rebuilt = encoded.tokens.new_zeros(())
        loss = self.alignment_loss(self.pooling(encoded), batch)
        self.log("train/loss_alignment", loss, batch_size=len(batch.subject), prog_bar=True)
        return loss + self.reconstruction * rebuilt

    def alignment_loss(self, features: Tensor, batch: Sample) -> Tensor:
        """Return the mean contrast of the subjects of all processes, this process's share of it.

        Args:
            features: of the images, (B, F).
            batch: whose `phenotypes` are the fields, (B, fields).
        """
        values, exists = batch.phenotypes, has_both(batch)
        seeds = subject_seeds(batch.subject, self.seed, "table", self.current_epoch)
        shown = corrupt_table(values, self.marginals, seeds, self.field_dropout, self.resampling)
        patients, there = self.table(shown), self.gather(exists.float()) > 0
        if not self.head_start:  # whose statistics are those of whole studies, and stay
            for head, vectors in ((self.image_head, features), (self.table_head, patients)):
                head.watch(self.gather(vectors.detach().float()), there)
        own = pairs_of(self.image_head(features), self.table_head(patients), exists)
        everybody = Pairs(self.gather(own.images), self.gather(own.tables), there)
        losses = contrast(own, everybody, self.wanted(values, exists), self.log_scale.exp())
        return losses.sum() * self.trainer.world_size / there.sum().clamp(min=1)

    def contrast_alone(self, features: Tensor, values: Tensor, seeds: list[int]) -> Tensor:
        """Return the mean contrast of features (B, F) and fields (B, fields) of one process, within them alone."""
        shown = corrupt_table(values, self.marginals, seeds, self.field_dropout, self.resampling)
        exists, patients = torch.ones_like(values[:, 0], dtype=torch.bool), self.table(shown)
        for head, vectors in ((self.image_head, features), (self.table_head, patients)):
            head.watch(vectors.detach().float(), exists)
        pairs, z = (
            pairs_of(self.image_head(features), self.table_head(patients), exists),
            self.table.standardised(values),
        )
        wanted = self.with_near(torch.eye(len(values), device=values.device), z, z, exists)
        return contrast(pairs, pairs, wanted, self.log_scale.exp()).mean()

    def wanted(self, values: Tensor, exists: Tensor) -> Tensor:
        """Return how much everybody belongs to each own subject, (B, N): oneself, and patients almost the same.

        Args:
            values: fields of the own subjects, (B, F).
            exists: own subjects that count, (B,).
        """
        everybody = self.gather(exists.float()) > 0
        own = torch.arange(len(values), device=values.device) + self.trainer.global_rank * len(values)
        oneself = one_hot(own, len(everybody)).float()
        z = self.table.standardised(values)
        return self.with_near(oneself, z, self.gather(z), everybody)

    def with_near(self, oneself: Tensor, own: Tensor, everybody: Tensor, exists: Tensor) -> Tensor:
        """Return `oneself` (B, N) with almost the same patients, by standardised fields (B, F) and (N, F), added."""
        if not self.near:
            return oneself
        alike = near_patients(own, everybody, self.near) * exists
        weights = torch.maximum(oneself, alike)
        return weights / weights.sum(dim=1, keepdim=True)

    def on_train_batch_end(self, outputs: object, batch: Sample, batch_idx: int) -> None:
        """Keep the temperature within its bounds."""
        self.bound_temperature()

    @torch.no_grad()
    def bound_temperature(self) -> None:
        """Keep the temperature within its bounds."""
        self.log_scale.clamp_(math.log(LOWEST), math.log(HIGHEST))

    def compared(self, batch: Sample) -> Pairs:
        """Return what whole studies and their whole tables say, (B, width) each."""
        images, tables = self.pooling(self.encode(batch)), self.table(batch.phenotypes)
        return pairs_of(self.image_head(images), self.table_head(tables), has_both(batch))

    def evaluate(self, split: str, batch: Sample) -> None:
        """Keep what is compared when the epoch ends and, where it is trained, measure the reconstruction."""
        if self.reconstruction:
            super().evaluate(split, batch)
        pairs = self.compared(batch)
        self.seen.append((pairs.images, pairs.tables, pairs.exists.float()))

    def on_validation_epoch_end(self) -> None:
        """Log how well images and tables of the split find each other."""
        self.log_retrieval("val")

    def on_test_epoch_end(self) -> None:
        """Log how well images and tables of the split find each other."""
        self.log_retrieval("test")

    def log_retrieval(self, split: str) -> None:
        """Log loss and retrieval over all subjects of a split: how often the right one comes first, and by chance."""
        images, tables, exists = self.gathered()
        pairs = Pairs(images[exists > 0], tables[exists > 0], exists[exists > 0] > 0)
        count = len(pairs.images)
        losses = contrast(pairs, pairs, torch.eye(count, device=images.device), self.log_scale.exp())
        values = {"loss_alignment": losses.mean(), "temperature": 1 / self.log_scale.exp()}
        for way, rank in ranks(pairs).items():
            values |= {f"top1_{way}": (rank <= 1).float().mean(), f"top5_{way}": (rank <= 5).float().mean()}
        values |= {"top1_chance": torch.tensor(1 / max(1, count))}
        for name, value in values.items():
            self.log(f"{split}/{name}", value.to(images.device), rank_zero_only=True, prog_bar=name[-5:] == "table")


def has_both(batch: Sample) -> Tensor:
    """Tell which subjects of a batch have images and anything in the table, (B,)."""
    return batch.present.any(dim=1) & ~batch.phenotypes.isnan().all(dim=1)


def check_weight(weight: float) -> float:
    """Return the weight of the reconstruction, or raise ValueError."""
    if weight < 0:
        raise ValueError(f"model.reconstruction {weight} is a weight beside that of the alignment: give 0 or more")
    return weight
