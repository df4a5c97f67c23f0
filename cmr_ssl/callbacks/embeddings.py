"""Keep what `predict` says about each subject."""

from collections.abc import Sequence
from pathlib import Path

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import BasePredictionWriter

from cmr_ssl.data.sample import Sample
from cmr_ssl.models import Embedding
from cmr_ssl.report.embed import EmbeddingFile


class Embeddings(BasePredictionWriter):
    """Write ``embeddings.parquet`` into the run folder, one row a subject; several processes write one file each."""

    file: EmbeddingFile | None = None

    def __init__(self) -> None:
        """Write after every batch."""
        super().__init__(write_interval="batch")

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open this process's file."""
        ranks = trainer.world_size
        name = "embeddings" if ranks == 1 else f"embeddings-{trainer.global_rank + 1}-of-{ranks}"
        self.file = EmbeddingFile(Path(trainer.default_root_dir) / f"{name}.parquet")

    def write_on_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        prediction: Embedding,
        batch_indices: Sequence[int] | None,
        batch: Sample,
        batch_idx: int,
        dataloader_idx: int,
    ) -> None:
        """Append a batch."""
        if self.file:
            self.file.add(batch, prediction)

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let the file appear."""
        if self.file:
            self.file.close()
            self.file = None

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave no half of a file."""
        if self.file:
            self.file.discard()
