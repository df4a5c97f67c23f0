"""Contrastive alignment: what a heart looks like must tell which patient it belongs to, and the reverse.

After ViTa ("Towards Cardiac MRI Foundation Models", 2025), whose encoder moves. Targets of later tasks are left out of
the table, what is missing is not imputed, and the temperature is learnt.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from cmr_ssl.contrast import Pairs, contrast, near_patients, pairs_of
from cmr_ssl.devices import without_autocast
from cmr_ssl.losses import subject_mean
from cmr_ssl.masking import Masking
from cmr_ssl.masking.base import check_rate
from cmr_ssl.models import Decoder, Encoder, LandmarkPooling, Pooling, TableEncoder
from cmr_ssl.models.projection import Projection
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from cmr_ssl.tables.corruption import corrupt_table, marginals_of
from cmr_ssl.tables.fields import Fields
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.reuse import Freeze, freeze_blocks, require_decoder, require_encoder
from cmr_ssl.tasks.table_task import TableTask, has_both

LOWEST, HIGHEST = 1.0, 100.0  # of one over the temperature; beyond, single pairs would rule the gradient
FIRST = 10.0  # where it starts


class AlignmentTask(TableTask):
    """Align the encoder with the tables of its patients; masking stays on, and reconstruction can."""

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
        self.align_with(fields, include)
        self.encoder_checkpoint, self.reconstruction = encoder_checkpoint, check_weight(reconstruction)
        self.field_dropout = check_rate("model.field_dropout", field_dropout)
        self.resampling, self.near = check_rate("model.resampling", resampling), check_rate("model.near", near)
        self.pooling, self.table = pooling(encoder), table(len(self.fields.numbers), self.fields.classes)
        self.image_head = Projection(self.pooling.width, width)
        self.table_head = Projection(self.table.width, width)
        self.log_scale = nn.Parameter(torch.tensor(math.log(FIRST)))
        self.decoder.requires_grad_(reconstruction > 0)
        self.frozen = freeze == "encoder"
        freeze_blocks(self.encoder, freeze)
        self.marginals = marginals_of(torch.zeros(0, len(self.fields.names)))

    def setup(self, stage: str) -> None:
        """Learn the spread of the fields and read the pretrained weights, before a training; see `start`."""
        super().setup(stage)
        if stage == "fit":
            training = self.start()
            self.marginals = marginals_of(training)
            self.table.fit_statistics(training)

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
        self.log("train/loss_alignment", loss, batch_size=len(batch.subject))
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
        for head, vectors in ((self.image_head, features), (self.table_head, patients)):
            head.watch(self.gather(vectors.detach().float()), there)
        own = pairs_of(self.image_head(features), self.table_head(patients), exists)
        everybody = Pairs(self.gather(own.images), self.gather(own.tables), there)
        losses = contrast(own, everybody, self.wanted(values, exists), self.log_scale.exp())
        return losses.sum() * self.trainer.world_size / there.sum().clamp(min=1)

    def wanted(self, values: Tensor, exists: Tensor) -> Tensor:
        """Return how much everybody belongs to each own subject, (B, N): oneself, and patients almost the same.

        Args:
            values: fields of the own subjects, (B, F).
            exists: own subjects that count, (B,).
        """
        everybody = self.gather(exists.float()) > 0
        own = torch.arange(len(values), device=values.device) + self.trainer.global_rank * len(values)
        oneself = one_hot(own, len(everybody)).float()
        if not self.near:
            return oneself
        z = self.table.standardised(values)
        alike = near_patients(z, self.gather(z), self.near) * everybody
        weights = torch.maximum(oneself, alike)
        return weights / weights.sum(dim=1, keepdim=True)

    @torch.no_grad()
    def on_train_batch_end(self, outputs: object, batch: Sample, batch_idx: int) -> None:
        """Keep the temperature within its bounds."""
        self.log_scale.clamp_(math.log(LOWEST), math.log(HIGHEST))

    def compared(self, batch: Sample) -> Pairs:
        """Return what whole studies and their whole tables say, (B, width) each."""
        images, tables = self.pooling(self.encode(batch)), self.table(batch.phenotypes)
        return pairs_of(self.image_head(images), self.table_head(tables), has_both(batch))

    def scores(self, images: Tensor, tables: Tensor) -> Tensor:
        """Return the similarity of tables (T, width) to images (S, width) over the temperature, (S, T)."""
        with without_autocast(images.device):  # many would be equally alike in bfloat16
            return self.log_scale.exp() * images.float() @ tables.float().T

    def evaluate(self, split: str, batch: Sample) -> None:
        """Keep what is compared when the epoch ends and, where it is trained, measure the reconstruction."""
        if self.reconstruction:
            PretrainingTask.evaluate(self, split, batch)
        super().evaluate(split, batch)

    def log_retrieval(self, split: str) -> None:
        """Log how well images and tables find each other, and the temperature."""
        super().log_retrieval(split)
        self.log(f"{split}/temperature", 1 / self.log_scale.exp(), rank_zero_only=True)


def check_weight(weight: float) -> float:
    """Return the weight of the reconstruction, or raise ValueError."""
    if weight < 0:
        raise ValueError(f"model.reconstruction {weight} is a weight beside that of the alignment: give 0 or more")
    return weight
