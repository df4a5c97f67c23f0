"""What reports about predictions of whole hearts share: they keep what a test predicted and write when it has ended."""

from abc import abstractmethod

import numpy as np
from lightning import Callback, LightningModule, Trainer
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.callbacks.all_ranks import gather_from_all_ranks
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.phenotype import PhenotypePrediction

Values = NDArray[np.float64]


class PredictionReport(Callback):
    """Base of such reports; what is written is up to the subclass."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.rows: list[tuple[str, list[float], list[float]]] = []

    @abstractmethod
    def write(
        self, trainer: Trainer, task: PhenotypePrediction, subjects: list[str], predicted: Values, true: Values
    ) -> None:
        """Write tables and figures of what was predicted, (N, C), and is true, (N, K), of the subjects of all ranks."""

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Tensor,  # type: ignore[override]  # what test_step of these tasks returns
        batch: Sample,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep what was predicted; blank samples have no subject."""
        predicted, true = outputs.float().cpu().tolist(), batch.phenotypes.cpu().tolist()
        self.rows += [row for row in zip(batch.subject, predicted, true, strict=True) if row[0]]

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write tables and figures, in one process."""
        rows = gather_from_all_ranks(self.rows)
        self.rows = []
        if trainer.is_global_zero and isinstance(pl_module, PhenotypePrediction):
            subjects = [subject for subject, _, _ in rows]
            predicted, true = (np.array([row[part] for row in rows], dtype=np.float64) for part in (1, 2))
            self.write(trainer, pl_module, subjects, predicted, true)
