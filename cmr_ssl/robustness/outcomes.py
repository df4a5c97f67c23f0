"""Ask a task about every test subject in every scenario, streaming: images of one batch and one scenario at a time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from cmr_ssl.corruption.missing import close_ranks, rearranged, trimmed
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.models.tokens import take
from cmr_ssl.robustness.scenarios import Scenario
from cmr_ssl.robustness.task_outputs import dice, judged_outputs
from cmr_ssl.sample import Sample, readable, to_device
from cmr_ssl.tasks.base import Task, TaskOutput


class Outcome(NamedTuple):
    """What became of N studies in one scenario.

    Attributes:
        embeddings: (N, D) by name.
        values: predicted, (N, K).
        dice: on the planes that are left, (N,).
        dice_full: of the full study on the same planes, (N,).
        changed: planes that are missing or look otherwise, (N,).
        usable: whether any plane is left, (N,).
    """

    embeddings: dict[str, Tensor]
    values: Tensor
    dice: Tensor
    dice_full: Tensor
    changed: Tensor
    usable: Tensor


class Outcomes(NamedTuple):
    """The outcome of each scenario, with the subjects' ids, N, and true values, (N, K)."""

    subjects: list[str]
    true: Tensor
    outcomes: list[Outcome]


def batches(data: CineDataModule, subjects: list[str], size: int, device: torch.device) -> Iterator[Sample]:
    """Yield batches as tasks see them, without subjects that cannot be read."""
    for batch in PlaneLoader(data.dataset(subjects), size):
        kept = to_device(readable(batch), device)
        if kept.subject:
            yield kept._replace(images=kept.images.float() / 255)


def centres_of(task: Task, reference: Iterable[Sample]) -> dict[str, Tensor]:
    """Return the mean of each embedding over reference subjects, (D,) by name."""
    output = _together([judged_outputs(task, batch).embeddings for batch in reference])
    return {name: vectors.mean(dim=0) for name, vectors in output.items()}


def evaluate_scenarios(task: Task, everything: Sequence[Scenario], tested: Iterable[Sample]) -> Outcomes:
    """Ask a task about each batch in every scenario."""
    subjects: list[str] = []
    true: list[Tensor] = []
    parts: list[list[Outcome]] = []
    for batch in tested:
        full = judged_outputs(task, batch)
        parts.append([outcome(task, batch, full, scenario) for scenario in everything])
        subjects += batch.subject
        true.append(batch.phenotypes.cpu())
    return Outcomes(subjects, torch.cat(true), [_join(of_scenario) for of_scenario in zip(*parts, strict=True)])


def outcome(task: Task, batch: Sample, full: TaskOutput, scenario: Scenario) -> Outcome:
    """Return what becomes of a batch, of which a task says `full`, in a scenario."""
    corrupted = scenario.apply(batch)
    planes = close_ranks(corrupted)
    arranged = rearranged(corrupted, planes)
    output = judged_outputs(task, trimmed(arranged) if task.any_planes else arranged)  # empty slots only cost time
    labels = pad(output.labels, (0, 0, 0, 0, 0, 0, 0, planes.shape[1] - output.labels.shape[1]))
    labels = take(labels, planes.argsort(dim=1))
    changed = (corrupted.images != batch.images).flatten(2).any(dim=2).sum(dim=1)
    return Outcome(
        embeddings={name: vectors.cpu() for name, vectors in output.embeddings.items()},
        values=output.values.cpu(),
        dice=dice(task, corrupted, labels).cpu(),
        dice_full=dice(task, corrupted, full.labels).cpu(),
        changed=changed.float().cpu(),
        usable=corrupted.present.any(dim=1).cpu(),
    )


def _join(parts: Sequence[Outcome]) -> Outcome:
    """Put the outcomes of one scenario together."""
    embeddings, *fields = zip(*parts, strict=True)
    return Outcome(_together(embeddings), *(torch.cat(field) for field in fields))


def _together(parts: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([part[name] for part in parts]).float().cpu() for name in parts[0]}
