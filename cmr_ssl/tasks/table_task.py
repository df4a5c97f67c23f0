"""What alignments of images with tables share: fields, the pretrained encoder, and how well both find each other.

Alignment is the second stage of pretraining. Targets of later tasks are left out of the table.
"""

import logging
from abc import abstractmethod
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from cmr_ssl.contrast import Pairs, first_among, mismatch, ranks
from cmr_ssl.sample import Sample
from cmr_ssl.tables.field_reader import check_fields, read_fields
from cmr_ssl.tables.fields import Fields
from cmr_ssl.tasks.aligned import aligned_at, aligned_with
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.reuse import load_pretrained, load_pretrained_decoder

log = logging.getLogger(__name__)

AMONG = 100  # subjects among whom the own table is looked for, whatever the size of the split


class TableTask(PretrainingTask):
    """Base of alignments; how images and tables are compared is up to the subclass.

    Attributes:
        fields: of the table.
        left_out: targets that are kept from it.
        encoder_checkpoint: of a pretraining, which goes on from there.
    """

    monitor, mode = "val/loss_alignment", "min"
    costly = ("encoder", "decoder", "losses")

    fields: Fields
    left_out: list[str]
    encoder_checkpoint: str | None

    @abstractmethod
    def compared(self, batch: Sample) -> Pairs:
        """Return what whole studies and their whole tables say, a row each."""

    @abstractmethod
    def scores(self, images: Tensor, tables: Tensor) -> Tensor:
        """Return how well tables (columns) fit images (rows) of `compared`, as logits, (S, T)."""

    def align_with(self, fields: Fields, include: list[str] | None) -> None:
        """Choose the fields; `include` names targets that are aligned with all the same.

        Raises:
            ValueError: if `include` names no target, or nothing is left.
        """
        self.fields, self.left_out = aligned_with(fields, include or [])
        self.aligned = self.fields.names_and_ids

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

    def start(self) -> Tensor:
        """Read the pretrained weights before a training and return its tables, (N, fields), NaN where unknown.

        Raises:
            FileNotFoundError: if there is no such checkpoint.
            ValueError: if nothing is known of a field, or the checkpoint does not fit.
        """
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        training = data.in_use()["train"].to_numpy(copy=True)
        check_fields(training, self.fields.names)
        if self.encoder_checkpoint:
            path = Path(self.encoder_checkpoint)
            load_pretrained(self.encoder, path, data.state_dict())
            self.aligned = list(dict.fromkeys([*self.aligned, *aligned_at(path)]))
            load_pretrained_decoder(self.decoder, path, self.normalise)
        return torch.from_numpy(training)

    def evaluate(self, split: str, batch: Sample) -> None:
        """Keep what is compared when the epoch ends."""
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
        scores = self.scores(images[exists > 0], tables[exists > 0])
        for name, value in found(scores).items():
            self.log(f"{split}/{name}", value.float().to(images.device), rank_zero_only=True, prog_bar="table" in name)


def found(scores: Tensor) -> dict[str, Tensor]:
    """Return the loss, and how often the own counterpart comes first and among the first five, by direction.

    Where there are at least `AMONG` subjects, also how often it comes first among so many.

    Args:
        scores: how well each table (columns) fits each image (rows), (N, N).
    """
    values = {"loss_alignment": mismatch(scores).mean(), "top1_chance": torch.tensor(1 / max(1, len(scores)))}
    for way, rank in ranks(scores).items():
        values |= {f"top1_{way}": (rank <= 1).float().mean(), f"top5_{way}": (rank <= 5).float().mean()}
        if len(scores) >= AMONG:
            values[f"top1_of_{AMONG}_{way}"] = first_among(rank, AMONG).mean()
    return values


def has_both(batch: Sample) -> Tensor:
    """Tell which subjects of a batch have images and anything in the table, (B,)."""
    return batch.present.any(dim=1) & ~batch.phenotypes.isnan().all(dim=1)
