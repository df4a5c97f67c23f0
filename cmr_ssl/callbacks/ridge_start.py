"""Start the head where a linear probe ends, so that fine-tuning has only to improve on it."""

import logging
from collections.abc import Iterator
from typing import NamedTuple, TypeGuard

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from rich.progress import track
from torch import Tensor

from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.ridge import ridge
from cmr_ssl.sample import Sample, to_device
from cmr_ssl.streamed_ridge import StreamedRidge
from cmr_ssl.tasks.phenotype import PhenotypeTask

log = logging.getLogger(__name__)

ENOUGH = 4  # copies; where there are so many of each, more subjects help more


class Start(NamedTuple):
    """Statistics of the features, (F,) each, and the head for them: weights (outputs, F) and biases (outputs,)."""

    mean: Tensor
    variance: Tensor
    weights: Tensor
    biases: Tensor


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
            rows: subjects and copies that are solved for at once; memory grows with the square of their number, time
                with the cube. Of more subjects so many choose the directions in which all are seen (`StreamedRidge`),
                and their statistics centre the features.

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
        if trainer.ckpt_path or not encoder_is_trained(task):
            return
        own: Start | None = None
        if trainer.is_global_zero:  # the others wait: where each solved for itself, nothing would keep them equal
            with trainer.precision_plugin.forward_context():
                own = self.solve(trainer.datamodule, task)  # type: ignore[attr-defined]
        start_from(task, trainer.strategy.broadcast(own))

    def solve(self, data: CineDataModule, task: PhenotypeTask) -> Start:
        """Return where the head of `task` starts on these data: exactly, or, of more than fit at once, streamed."""
        everybody, aims = labelled(data, task)
        copies = self.copies_of(len(everybody))
        sample = first_subjects(everybody, self.rows // (1 + copies))
        features, own = collect_features(data, task, sample, copies)
        variance, mean = torch.var_mean(features, dim=(0, 1), correction=0)
        scale = (variance + task.centre.eps).sqrt()
        features.sub_(mean).div_(scale)  # a copy might not fit
        if len(sample) == len(everybody):
            solution, used = ridge(features, own), len(features)
        else:
            streamed = StreamedRidge(features.flatten(0, 1), aims)
            streamed.add(features, own)
            used = len(features)
            del features
            for some, wanted in iterate_features(data, task, sorted({*everybody} - {*sample}), copies):
                streamed.add(some.sub_(mean).div_(scale), wanted)
                used += len(some)
            solution = streamed.solve()
        log.info("ridge start: head solved on %d subjects, each as it is and in %d copies", used, copies)
        return Start(mean, variance, solution.weights, solution.biases)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the statistics; no epoch starts where a run goes on in the middle of one."""
        if encoder_is_trained(pl_module):
            pl_module.centre.eval()

    def copies_of(self, subjects: int) -> int:
        """Return how many copies there are of each, of so many subjects: more copies, then more subjects."""
        return min(self.copies, max(ENOUGH, self.rows // subjects - 1))


def start_from(task: PhenotypeTask, start: Start | None) -> None:
    """Put statistics and head into a task."""
    assert start is not None  # for the type checker, as the next lines: the first process has one
    assert task.centre.running_mean is not None
    assert task.centre.running_var is not None
    task.centre.running_mean.copy_(start.mean)
    task.centre.running_var.copy_(start.variance)
    task.linear.weight.copy_(start.weights)
    task.linear.bias.copy_(start.biases)


def labelled(data: CineDataModule, task: PhenotypeTask) -> tuple[list[str], Tensor]:
    """Return the training subjects of whom anything is known, and what the head should say of them, (N, outputs)."""
    subjects = data.subjects["train"]
    values = torch.from_numpy(data.phenotypes.loc[subjects].to_numpy(np.float32, copy=True))
    aims = task.objective.target_outputs(values.to(task.device)).cpu()
    known = ~aims.isnan().all(dim=1)
    return [subject for subject, has in zip(subjects, known.tolist(), strict=True) if has], aims[known]


def collect_features(
    data: CineDataModule, task: PhenotypeTask, subjects: list[str], copies: int
) -> tuple[Tensor, Tensor]:
    """Return what `iterate_features` yields, together: features (N, 1 + C, F) and aims (N, outputs)."""
    features, aims = (torch.cat(parts) for parts in zip(*iterate_features(data, task, subjects, copies), strict=True))
    return features, aims


def iterate_features(
    data: CineDataModule, task: PhenotypeTask, subjects: list[str], copies: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield what `copies_features` returns of a few subjects at a time, those of whom anything is known."""
    loader = PlaneLoader(data.dataset(subjects), data.batch_size, data.workers)
    for batch in track(loader, "ridge start"):
        features, aims = copies_features(data, task, to_device(batch, task.device), copies)
        known = ~aims.isnan().all(dim=1)
        yield features[known], aims[known]


def copies_features(data: CineDataModule, task: PhenotypeTask, batch: Sample, copies: int) -> tuple[Tensor, Tensor]:
    """Return features of a batch and its copies (B, 1 + C, F) and the head's aims (B, outputs), on the host."""
    batch = data.scaled(batch)
    features = [task.pooling(task.encode(batch)).float()]
    for copy in range(copies):  # each hides other tokens and planes
        shown = task.encode_for_training(data.augmented(batch, "ridge start", copy), "ridge start", copy)
        features.append(task.pooling(shown).float())
    return torch.stack(features, dim=1).cpu(), task.objective.target_outputs(batch.phenotypes).cpu()


def encoder_is_trained(task: LightningModule) -> TypeGuard[PhenotypeTask]:
    """Tell whether a task has an encoder that somebody pretrained or that does not learn."""
    return isinstance(task, PhenotypeTask) and (task.frozen or task.encoder_checkpoint is not None)
