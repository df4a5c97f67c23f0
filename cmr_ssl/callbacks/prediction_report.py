"""Base of reports about predictions of whole hearts: collect the predictions of a test, and write at its end."""

from abc import abstractmethod

import numpy as np
from lightning import Callback, LightningModule, Trainer
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.callbacks.all_ranks import gather_from_all_ranks
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.aligned import aligned_targets
from cmr_ssl.tasks.objectives import Objective
from cmr_ssl.tasks.phenotype import PhenotypePrediction

Values = NDArray[np.float64]


class PredictionReport(Callback):
    """Base of such reports.

    Attributes:
        objective: the only objective that is reported; None for any.
    """

    objective: type[Objective] | None = None

    def __init__(self) -> None:
        """Begin without predictions."""
        self.rows: list[tuple[str, list[float], list[float]]] = []  # subject, predicted, true

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Raise ValueError if the task has another objective."""
        if self.objective is None:
            return
        if not (isinstance(pl_module, PhenotypePrediction) and isinstance(pl_module.objective, self.objective)):
            raise ValueError(
                f"{type(self).__name__} needs a task with the objective {self.objective.__name__}, which this "
                f"{type(pl_module).__name__} has not: leave it out of the callbacks"
            )

    @abstractmethod
    def write(
        self, trainer: Trainer, task: PhenotypePrediction, subjects: list[str], predicted: Values, true: Values
    ) -> None:
        """Write tables and figures of predictions, (N, C), and true values, (N, K), of the subjects of all ranks."""

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Tensor,  # type: ignore[override]  # what test_step of these tasks returns
        batch: Sample,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Collect predictions; blank samples have no subject."""
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


def alignment_column(task: PhenotypePrediction, name: str) -> dict[str, object]:
    """Return the column of a target that says whether the alignment used it; none without an alignment."""
    aligned = aligned_targets(task.targets, task.aligned)
    return {"told in alignment": name in aligned} if aligned else {}
