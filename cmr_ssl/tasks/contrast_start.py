"""Train the heads of an alignment on features of the encoder as it is, before anything else moves."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import torch
from lightning import Trainer
from lightning.pytorch.utilities.rank_zero import rank_zero_info
from rich.progress import track
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.models import Encoded, Pooling
from cmr_ssl.models.projection import Projection
from cmr_ssl.models.table_encoder import TableEncoder
from cmr_ssl.sample import Sample, to_device
from cmr_ssl.seeds import seed_of, subject_seeds
from cmr_ssl.tasks.optimisation import Optimisation, optimiser


class Alignable(Protocol):
    """A task that aligns images with tables by heads that a start can train."""

    pooling: Pooling
    image_head: Projection
    table: TableEncoder
    table_head: Projection
    log_scale: nn.Parameter

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    def encode(self, batch: Sample) -> Encoded:
        """Encode whole studies."""

    def contrast_alone(self, features: Tensor, values: Tensor, seeds: list[int]) -> Tensor:
        """Return the mean contrast of features (B, F) and fields (B, fields), within them alone."""

    def bound_temperature(self) -> None:
        """Keep the temperature within its bounds."""


class Seen(NamedTuple):
    """What the heads learn from: features (N, F) and fields (N, fields) of N subjects, on the host."""

    subjects: list[str]
    features: Tensor
    values: Tensor


@dataclass(frozen=True)
class ContrastStart:
    """How the heads of an alignment start.

    New heads would first have to learn from scratch, spoil what the encoder knows meanwhile, and cost a pass through
    the encoder each time they see a study. Here the encoder sees each study once, whole. With a frozen encoder this is
    the alignment itself.

    Attributes:
        epochs: passes over the features; each takes a second for a thousand subjects.
        batch: subjects that are compared with each other.
        subjects: of whom features are kept at most.
        optimisation: AdamW and its schedule; the rate is taken as it is.
    """

    epochs: int = 30
    batch: int = 256
    subjects: int = 10_000
    optimisation: Optimisation = field(default_factory=lambda: Optimisation(learning_rate=1e-3, warmup=0.1))

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense.

        Raises:
            ValueError: if there is no epoch, or fewer than two subjects to compare.
        """
        if self.epochs < 1 or self.batch < 2 or self.subjects < 2:
            raise ValueError(
                f"model.head_start needs 1 or more epochs, and 2 or more subjects in a batch and in all, got "
                f"{self.epochs} epochs, a batch of {self.batch} and {self.subjects} subjects"
            )

    def start(self, task: Alignable, trainer: Trainer) -> None:
        """Train the heads in the first process and hand them to the others."""
        if trainer.is_global_zero:  # the others wait: processes that trained for themselves would differ
            with trainer.precision_plugin.forward_context(), torch.compiler.set_stance("force_eager"):
                seen = collect(trainer.datamodule, task, self.subjects)  # type: ignore[attr-defined]
            rank_zero_info(f"Head start: {len(seen.subjects)} subjects, {self.epochs} epochs on their features")
            train_heads(task, seen, self)
        heads = heads_of(task)
        heads.load_state_dict(trainer.strategy.broadcast(heads.state_dict()))


def heads_of(task: Alignable) -> nn.Module:
    """Return the heads of a task, and its temperature, as one module."""
    heads = nn.Module()
    heads.image_head, heads.table, heads.table_head = task.image_head, task.table, task.table_head
    heads.log_scale = task.log_scale
    return heads


@torch.no_grad()
def collect(data: CineDataModule, task: Alignable, most: int) -> Seen:
    """Return features and fields of training subjects who have images and something in the table, so many at most."""
    known = data.in_use()["train"].dropna(how="all")
    parts, subjects = [], first_subjects([*known.index], most)
    for batch in track(PlaneLoader(data.dataset(subjects), data.batch_size, data.workers), "head start"):
        shown = data.scaled(to_device(batch, task.device))
        parts.append((task.pooling(task.encode(shown)).float().cpu(), batch.phenotypes, batch.present.any(dim=1)))
    features, values, there = (torch.cat(part) for part in zip(*parts, strict=True))
    names = [name for name, has in zip(subjects, there.tolist(), strict=True) if has]
    return Seen(names, features[there], values[there])


def train_heads(task: Alignable, seen: Seen, how: ContrastStart, seed: int = 0) -> None:
    """Train the heads of a task on features; the encoder is not asked."""
    heads = heads_of(task).train()
    batch = min(how.batch, len(seen.subjects))
    batches = len(seen.subjects) // batch
    optimizer, schedule = optimiser(heads, 0, how.optimisation, how.epochs * batches, fused=False)
    for epoch in range(how.epochs):
        order = torch.randperm(len(seen.subjects), generator=torch.Generator().manual_seed(seed_of(seed, epoch)))
        for chosen in order[: batches * batch].split(batch):
            names = [seen.subjects[index] for index in chosen.tolist()]
            features, values = (part[chosen].to(task.device) for part in seen[1:])
            loss = task.contrast_alone(features, values, subject_seeds(names, seed, "head start", epoch))
            optimizer.zero_grad()
            loss.backward()
            clip_grad_norm_(heads.parameters(), how.optimisation.clip_norm)
            optimizer.step()
            schedule.step()
            task.bound_temperature()
