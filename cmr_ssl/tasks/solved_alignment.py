"""Alignment in closed form: which table an image lets expect, and how well a table fits that; the encoder stays.

Nothing is trained by gradients. Each study is seen once, and the rest is algebra (`cmr_ssl.tables.expectation`).
"""

from collections.abc import Callable

import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_info
from rich.progress import track
from torch import Tensor

from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.contrast import Pairs
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.masking import RandomMasking
from cmr_ssl.models import Decoder, Encoder
from cmr_ssl.models.expected_table import Expectation, ExpectedTable
from cmr_ssl.sample import Sample, to_device
from cmr_ssl.tables.design import design_names
from cmr_ssl.tables.expectation import columns_of, expectation
from cmr_ssl.tables.fields import Fields
from cmr_ssl.tasks.reuse import require_decoder, require_encoder
from cmr_ssl.tasks.table_task import TableTask, has_both


class SolvedAlignmentTask(TableTask):
    """Solve which table an image lets expect; later tasks read it beside the tokens."""

    def __init__(
        self,
        fields: Fields,
        encoder: Encoder | None = None,
        decoder: Callable[[Encoder], Decoder] | None = None,
        encoder_checkpoint: str | None = None,
        include: list[str] | None = None,
        subjects: int = 10_000,
        normalise: bool = False,
    ) -> None:
        """Put the parts together.

        Args:
            fields: of the table, how they are coded, and which are targets, kept from the alignment.
            encoder: its description; comes from `encoder_checkpoint` where that is given.
            decoder: likewise; it stays for what asks it later.
            encoder_checkpoint: of a pretraining; None for an encoder that nobody trained.
            include: targets that are aligned with all the same; whoever predicts them later is told so.
            subjects: of the training who are learnt from at most; memory grows with the square of their number (6 GB
                for 10,000), time with the cube (minutes).
            normalise: whether the pretraining reconstructed patches up to mean and deviation.

        Raises:
            ValueError: if no encoder is known, `include` names no target, or there are fewer than two subjects.
        """
        encoder, decoder = require_encoder(encoder), require_decoder(decoder)
        super().__init__(encoder, decoder, [RandomMasking()], normalise=normalise)
        self.save_hyperparameters()
        if subjects < 2:
            raise ValueError(f"model.subjects {subjects}: at least two subjects can be aligned")
        self.align_with(fields, include)
        self.encoder_checkpoint, self.subjects = encoder_checkpoint, subjects
        self.encoder.requires_grad_(False)
        self.decoder.requires_grad_(False)
        self.expected = ExpectedTable(encoder, len(design_names(self.fields)))

    def setup(self, stage: str) -> None:
        """Check the table and read the pretrained weights before a training; see `start` for what it raises."""
        if stage == "fit":
            self.start()

    def on_fit_start(self) -> None:
        """Solve in the first process and hand the solution to the others, unless that was done before."""
        if self.trainer.ckpt_path:
            return
        own: Expectation | None = None
        if self.trainer.is_global_zero:  # the others wait: where each solved for itself, nothing would keep them equal
            with self.trainer.precision_plugin.forward_context(), torch.compiler.set_stance("force_eager"):
                features, values = self.collect(self.trainer.datamodule)  # type: ignore[attr-defined]
            rank_zero_info(f"Alignment: solved on {len(features)} subjects")
            own = expectation(features, columns_of(self.fields, values))
        solved = self.trainer.strategy.broadcast(own)
        assert solved is not None  # for the type checker: the first process has one
        self.expected.take(solved)

    @torch.no_grad()
    def collect(self, data: CineDataModule) -> tuple[Tensor, Tensor]:
        """Return features (N, F) and fields (N, fields) of training subjects who have both, so many at most."""
        known = data.in_use()["train"].dropna(how="all")
        chosen, parts = first_subjects([*known.index], self.subjects), []
        for batch in track(PlaneLoader(data.dataset(chosen), data.batch_size, data.workers), "alignment"):
            shown = data.scaled(to_device(batch, self.device))
            features = self.expected.pooling(self.encode(shown)).float().cpu()
            parts.append((features[has_both(batch)], batch.phenotypes[has_both(batch)]))
        seen, values = (torch.cat(part) for part in zip(*parts, strict=True))
        return seen, values

    def training_step(self, batch: Sample, batch_idx: int) -> Tensor:
        """Return 0, by which nothing moves: all was solved before. Checkpoints are kept after a step."""
        return 0.0 * self.expected.biases.sum()

    def compared(self, batch: Sample) -> Pairs:
        """Return expected columns of whole studies and those of their tables, (B, C) each, NaN where unknown."""
        tables = columns_of(self.fields, batch.phenotypes).to(batch.phenotypes)
        return Pairs(self.expected(self.encode(batch)), self.expected.standardised(tables), has_both(batch))

    def scores(self, images: Tensor, tables: Tensor) -> Tensor:
        """Return the log-likelihood ratio of tables (T, C) for images (S, C), (S, T)."""
        return self.expected.fits(images, tables)
