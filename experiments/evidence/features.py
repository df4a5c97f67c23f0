"""Features of studies on disk: an encoder sees each study once a condition, so that label draws cost seconds."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from cmr_ssl.cohort.splits import Split
from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.devices import device_of
from cmr_ssl.probing import EncodedBatch, Readout
from cmr_ssl.sample import to_device
from cmr_ssl.tasks.pretraining import PretrainingTask
from experiments.cohorts import Cohort, opened, slug
from experiments.evidence.arms import Source, readouts
from experiments.evidence.studies import ALL, PLAIN, VARIED, Study, Test, condition_of, tests_of
from experiments.features import load, save

BATCH = 8


class Portion(NamedTuple):
    """Subjects of one split of a cohort, and how they are shown.

    Attributes:
        cohort: whose.
        split: which.
        most: subjects, at most.
        conditions: by name.
    """

    cohort: Cohort
    split: Split
    most: int
    conditions: tuple[str, ...]


def portions(study: Study) -> list[Portion]:
    """Return who is looked at in a study: those who may be labelled, as heads learn from them, those tested, others."""
    return [
        labelled_portion(study),
        *dict.fromkeys(tested_portion(study, test) for test in tests_of(study)),
        *others(study),
    ]


def labelled_portion(study: Study) -> Portion:
    """Return those who may be labelled, as heads learn from them."""
    return Portion(study.cohort, "train", study.pool, VARIED if study.domains else PLAIN)


def tested_portion(study: Study, test: Test) -> Portion:
    """Return those on whom a test is made, under all conditions that are tested on them."""
    conditions = (other.condition for other in tests_of(study) if other.cohort == test.cohort)
    return Portion(test.cohort, "test", study.tested, tuple(dict.fromkeys(conditions)))


def others(study: Study) -> list[Portion]:
    """Return unlabelled persons of all scanners, the usual one first; none where only that one is tested."""
    cohorts = [study.unlabelled, *(domain.unlabelled for domain in study.domains)]
    return [unlabelled_portion(study, cohort) for cohort in cohorts if cohort]


def unlabelled_portion(study: Study, cohort: Cohort) -> Portion:
    """Return persons of a cohort of whom nothing is known."""
    return Portion(cohort, "train", study.seen, (ALL,))


def subjects_of(data: CineDataModule, portion: Portion) -> list[str]:
    """Return the subjects of a portion in the order of the rows of its features."""
    return first_subjects(data.subjects[portion.split], portion.most)


def file_of(out: Path, source: str, arm: str, portion: Portion, condition: str) -> Path:
    """Return where the features of one arm lie, (N, F) float32."""
    where = out / "features" / slug(f"{portion.cohort.name} {portion.split} {portion.most}")
    return where / f"{slug(source)}--{slug(arm)}--{slug(condition)}.npy"


def read(out: Path, source: str, arm: str, portion: Portion, condition: str) -> torch.Tensor:
    """Return features (N, F)."""
    return load(file_of(out, source, arm, portion, condition))


@torch.inference_mode()
def extract(out: Path, source: Source, portion: Portion) -> None:
    """Write the features of all arms of a source; what is there stays."""
    asked = [(arm, condition) for arm in source.arms for condition in portion.conditions]
    missing = [one for one in asked if not file_of(out, source.name, one[0], portion, one[1]).exists()]
    if not missing:
        return
    torch.set_num_threads(1)  # there is a worker a core
    data, task = opened(portion.cohort), source.task(device_of("auto"))
    arms, conditions = (tuple(dict.fromkeys(names)) for names in zip(*missing, strict=True))
    able = readouts(source._replace(arms=arms), task, data.shape[1])
    if able:  # a decoder may not be able to tell
        for (arm, condition), rows in look(data, task, able, subjects_of(data, portion), conditions).items():
            save(file_of(out, source.name, arm, portion, condition), rows)


def look(
    data: CineDataModule,
    task: PretrainingTask,
    asked: dict[str, Readout],
    subjects: Sequence[str],
    conditions: Sequence[str],
) -> dict[tuple[str, str], NDArray[np.float32]]:
    """Return features (N, F) by arm and condition."""
    spoil = {name: condition_of(name, data.shape[0]) for name in conditions}
    found: dict[tuple[str, str], list[torch.Tensor]] = {(arm, name): [] for arm in asked for name in conditions}
    precision = torch.autocast(task.device.type, torch.bfloat16, enabled=on_gpu(task.device))
    for batch in PlaneLoader(data.dataset(list(subjects)), BATCH):
        whole = data.scaled(to_device(batch, task.device))
        for condition, change in spoil.items():
            shown = EncodedBatch(task.encoder, change(whole))
            with precision:
                for arm, readout in asked.items():
                    found[arm, condition].append(readout.features(shown).float().cpu())
    return {key: torch.cat(parts).numpy() for key, parts in found.items()}


def on_gpu(device: torch.device) -> bool:
    """Tell whether bfloat16 is worth it: CPUs without such arithmetic take twice as long in it."""
    return device.type == "cuda"
