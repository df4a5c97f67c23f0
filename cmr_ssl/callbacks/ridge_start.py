"""Start the head where a linear probe ends, so that fine-tuning has only to improve on it."""

from typing import TypeGuard

import torch
from lightning import Callback, LightningModule, Trainer
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader

from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.data.sample import Sample, to_device
from cmr_ssl.data.subjects import first_subjects
from cmr_ssl.ridge import ridge
from cmr_ssl.tasks.phenotype import PhenotypeTask

ENOUGH = 4  # copies; where there are so many of each, more subjects help more


class RidgeStart(Callback):
    """Solve the head by ridge regression on the features that training starts from.

    A new head would first have to learn from scratch and would spoil what the encoder knows meanwhile (Kumar et al.,
    ICLR 2022, arXiv 2202.10054). With a frozen encoder and a pooling without weights this is the linear probe itself.
    An encoder that learns from scratch moves too fast for that: its head learns as usual.
    Each subject counts as it is and in copies as training sees it, each augmented and masked in its own way: few labels
    go further. The statistics that centre the features stay those of the training split, also within a batch.
    """

    def __init__(self, copies: int = 16, rows: int = 5120) -> None:
        """Choose how much to solve with.

        Args:
            copies: of each subject as training sees it, beside itself; of many subjects fewer.
            rows: subjects and copies, at most; memory grows with the square of their number, time with the cube.

        Raises:
            ValueError: if copies are negative, or there are rows for fewer than two subjects.
        """
        if copies < 0 or rows < 2 * (1 + copies):
            raise ValueError(
                f"RidgeStart needs 0 or more copies and rows for 2 or more subjects with their copies, got {copies} "
                f"copies and {rows} rows"
            )
        self.copies, self.rows = copies, rows

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse tasks without such a head.

        Raises:
            ValueError: naming the task.
        """
        if not isinstance(pl_module, PhenotypeTask):
            name = type(pl_module).__name__
            raise ValueError(
                f"RidgeStart solves the head of PhenotypeTask, not of {name}: leave it out of the callbacks"
            )

    @torch.no_grad()
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Solve, unless a training goes on that was started before."""
        task = pl_module
        if trainer.ckpt_path or not steady(task):
            return
        with trainer.precision_plugin.forward_context():
            features, aims = self.gather(trainer.datamodule, task)  # type: ignore[attr-defined]
        variance, mean = torch.var_mean(features, dim=(0, 1), correction=0)
        solution = ridge(features.sub_(mean).div_((variance + task.centre.eps).sqrt()), aims)  # a copy might not fit
        assert task.centre.running_mean is not None  # for the type checker, as the next line
        assert task.centre.running_var is not None
        task.centre.running_mean.copy_(mean)
        task.centre.running_var.copy_(variance)
        task.linear.weight.copy_(solution.weights)
        task.linear.bias.copy_(solution.biases)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the statistics; no epoch starts where a run goes on in the middle of one."""
        if steady(pl_module):
            pl_module.centre.eval()

    def gather(self, data: CineDataModule, task: PhenotypeTask) -> tuple[Tensor, Tensor]:
        """Return features of subjects and copies (N, C, F) and what their head should say (N, outputs), on the host."""
        copies = self.copies_of(len(data.subjects["train"]))
        dataset = data.dataset(first_subjects(data.subjects["train"], self.rows // (1 + copies)))
        loader = DataLoader(dataset, data.batch_size, num_workers=data.workers)
        seen = [look(data, task, to_device(batch, task.device), copies) for batch in track(loader, "ridge start")]
        features, aims = (torch.cat(parts) for parts in zip(*seen, strict=True))
        known = ~aims.isnan().all(dim=1)
        return features[known], aims[known]

    def copies_of(self, subjects: int) -> int:
        """Return how many copies there are of each, of so many subjects: more copies, then more subjects."""
        return min(self.copies, max(ENOUGH, self.rows // subjects - 1))


def look(data: CineDataModule, task: PhenotypeTask, batch: Sample, copies: int) -> tuple[Tensor, Tensor]:
    """Return features of a batch and its copies (B, 1 + C, F) and the head's aims (B, outputs), on the host."""
    batch = data.scaled(batch)
    features = [task.pooling(*task.wholly(batch)).float()]
    for copy in range(copies):  # each hides other tokens and planes
        shown = task.shown(data.augmented(batch, "ridge start", copy), "ridge start", copy)
        features.append(task.pooling(*shown).float())
    return torch.stack(features, dim=1).cpu(), task.objective.aim(batch.phenotypes).cpu()


def steady(task: LightningModule) -> TypeGuard[PhenotypeTask]:
    """Tell whether a task has an encoder that somebody pretrained or that does not learn."""
    return isinstance(task, PhenotypeTask) and (task.frozen or task.encoder_checkpoint is not None)
