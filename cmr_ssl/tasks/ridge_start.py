"""Start a head where a linear probe ends, so that fine-tuning has only to improve on it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from lightning import Trainer
from lightning.pytorch.utilities.rank_zero import rank_zero_info
from rich.progress import track
from torch import Tensor, nn

from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.models import Encoded
from cmr_ssl.ridge import ridge
from cmr_ssl.sample import Sample, to_device
from cmr_ssl.streamed_ridge import StreamedRidge
from cmr_ssl.tasks.objectives import Objective

ENOUGH = 4  # copies; where there are so many of each, more subjects help more


class Start(NamedTuple):
    """Statistics of the features, (F,) each, and the head for them: weights (outputs, F) and biases (outputs,)."""

    mean: Tensor
    variance: Tensor
    weights: Tensor
    biases: Tensor


class Solvable(Protocol):
    """A task whose head can be solved: a linear layer on what it makes of an encoder's tokens, centred."""

    objective: Objective
    centre: nn.BatchNorm1d
    linear: nn.Linear

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    def encode(self, batch: Sample) -> Encoded:
        """Encode whole studies."""

    def encode_for_training(self, batch: Sample, *parts: object) -> Encoded:
        """Encode what training shows, drawn from seed, subject and `parts`."""

    def pooled(self, encoded: Encoded) -> Tensor:
        """Return the features of encoded studies, (B, F)."""

    def spread(self, variance: Tensor) -> Tensor:
        """Return the variances (F,) by which the features are divided whose own are `variance`."""


@dataclass(frozen=True)
class RidgeStart:
    """How the head of a task is solved, by ridge regression on the features that training starts from.

    A new head would first have to learn from scratch and would spoil what the encoder knows meanwhile (Kumar et al.,
    ICLR 2022, arXiv 2202.10054). With a frozen encoder and a pooling without weights this is the linear probe itself.
    Each subject counts as it is and in copies as training sees it, each augmented and masked in its own way: few labels
    go further. The statistics that centre the features stay those of the training split, also within a batch.

    Attributes:
        copies: of each subject as training sees it, beside itself; of many subjects fewer. Each is a pass over the
            subjects without gradients.
        rows: subjects and copies that are solved for at once; memory grows with the square of their number, time with
            the cube. Of more subjects so many choose the directions in which all are seen (`StreamedRidge`), and their
            statistics centre the features.
    """

    copies: int = 16
    rows: int = 5120

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense.

        Raises:
            ValueError: if copies are negative, or there are rows for fewer than two subjects.
        """
        if self.copies < 0 or self.rows < 2 * (1 + self.copies):
            raise ValueError(
                f"model.head_start needs 0 or more copies and rows for 2 or more subjects with their copies, got "
                f"{self.copies} copies and {self.rows} rows"
            )

    @torch.no_grad()
    def start(self, task: Solvable, trainer: Trainer) -> None:
        """Solve in the first process and put the solution into the heads of all of them."""
        own: Start | None = None
        if trainer.is_global_zero:  # the others wait: where each solved for itself, nothing would keep them equal
            with trainer.precision_plugin.forward_context(), torch.compiler.set_stance("force_eager"):
                own = self.solve(trainer.datamodule, task)  # type: ignore[attr-defined]
        start_from(task, trainer.strategy.broadcast(own))

    def solve(self, data: CineDataModule, task: Solvable) -> Start:
        """Return where the head of `task` starts on these data: exactly, or, of more than fit at once, streamed."""
        everybody, aims = labelled(data, task)
        copies = self.copies_of(len(everybody))
        sample = first_subjects(everybody, self.rows // (1 + copies))
        features, own = collect_features(data, task, sample, copies)
        variance, mean = torch.var_mean(features, dim=(0, 1), correction=0)
        variance = task.spread(variance)
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
        rank_zero_info(f"Ridge start: head solved on {used} subjects, each as it is and in {copies} copies")
        return Start(mean, variance, solution.weights, solution.biases)

    def copies_of(self, subjects: int) -> int:
        """Return how many copies there are of each, of so many subjects: more copies, then more subjects."""
        return min(self.copies, max(ENOUGH, self.rows // subjects - 1))


def start_from(task: Solvable, start: Start | None) -> None:
    """Put statistics and head into a task."""
    assert start is not None  # for the type checker, as the next lines: the first process has one
    assert task.centre.running_mean is not None
    assert task.centre.running_var is not None
    task.centre.running_mean.copy_(start.mean)
    task.centre.running_var.copy_(start.variance)
    task.linear.weight.copy_(start.weights)
    task.linear.bias.copy_(start.biases)


def labelled(data: CineDataModule, task: Solvable) -> tuple[list[str], Tensor]:
    """Return the training subjects of whom anything is known, and what the head should say of them, (N, outputs)."""
    phenotypes = data.in_use()["train"]
    aims = task.objective.target_outputs(torch.tensor(phenotypes.to_numpy(np.float32)).to(task.device)).cpu()
    there = ~aims.isnan().all(dim=1)
    return [subject for subject, has in zip(phenotypes.index, there.tolist(), strict=True) if has], aims[there]


def collect_features(data: CineDataModule, task: Solvable, subjects: list[str], copies: int) -> tuple[Tensor, Tensor]:
    """Return what `iterate_features` yields, together: features (N, 1 + C, F) and aims (N, outputs)."""
    features, aims = (torch.cat(parts) for parts in zip(*iterate_features(data, task, subjects, copies), strict=True))
    return features, aims


def iterate_features(
    data: CineDataModule, task: Solvable, subjects: list[str], copies: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield what `copies_features` returns of a few subjects at a time, those of whom anything is known."""
    loader = PlaneLoader(data.dataset(subjects), data.batch_size, data.workers)
    for index, batch in enumerate(track(loader, "ridge start")):
        began = time.perf_counter()
        features, aims = copies_features(data, task, to_device(batch, task.device), copies)
        if index == 0:  # a bar moves on terminals only
            seconds = (time.perf_counter() - began) * len(loader)
            rank_zero_info(f"Ridge start: {len(subjects)} subjects take about {seconds:.0f} s")
        known = ~aims.isnan().all(dim=1)
        yield features[known], aims[known]


def copies_features(data: CineDataModule, task: Solvable, batch: Sample, copies: int) -> tuple[Tensor, Tensor]:
    """Return features of a batch and its copies (B, 1 + C, F) and the head's aims (B, outputs), on the host."""
    batch = data.scaled(batch)
    features = [task.pooled(task.encode(batch)).float()]
    for copy in range(copies):  # each hides other tokens and planes
        shown = task.encode_for_training(data.augmented(batch, "ridge start", copy), "ridge start", copy)
        features.append(task.pooled(shown).float())
    return torch.stack(features, dim=1).cpu(), task.objective.target_outputs(batch.phenotypes).cpu()
