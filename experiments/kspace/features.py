"""Features of studies, a file a way and acceleration, and the heads that are solved on them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.cohort.phenotypes import read_classes, read_phenotypes
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.kspace import CentralLines
from cmr_ssl.models import Encoder, LandmarkPooling
from cmr_ssl.probing.closed_form import solve
from cmr_ssl.robustness.undersampling import LINES, RECONSTRUCTED
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.line_pretraining import LinePretrainingTask
from cmr_ssl.tasks.trained import load_task
from experiments.cohorts import opened
from experiments.commands import last
from experiments.features import load, save
from experiments.kspace.settings import PLANES, TARGETS, TRAINED, Settings
from experiments.kspace.trained import line_run, taught_run
from experiments.kspace.ways import SHARED, Change, changes

BATCH = 8
NORMAL = "normal"
CENTRAL = "central lines, no encoder"
TAUGHT = "images of shared lines, taught encoder"


def file_of(settings: Settings, way: str, acceleration: float, split: str) -> Path:
    """Return where features lie, (N, F) float32."""
    return settings.folder / "features" / f"{way.replace(' ', '_')}-{acceleration:g}-{split}.npy"


def of_images(settings: Settings) -> None:
    """Write features of the encoder of images, shown what each way makes of k-space; what is there stays."""
    encoder = load_encoder(settings.image_encoder).encoder
    for (way, acceleration), change in changes(settings).items():
        write(settings, encoder, way, acceleration, change)


def of_taught(settings: Settings) -> None:
    """Write features of its copy that was taught to read images of shared lines; what is there stays."""
    encoder, shown = load_encoder(last(taught_run(settings))).encoder, changes(settings)
    for acceleration in settings.accelerations:
        write(settings, encoder, TAUGHT, acceleration, shown[SHARED, acceleration])


@torch.inference_mode()
def write(settings: Settings, encoder: Encoder, way: str, acceleration: float, change: Change) -> None:
    """Write features of labelled and of tested subjects, shown as `change` says."""
    data, pooling = opened(settings.hearts, PLANES), LandmarkPooling(encoder)
    for split, subjects in settings.people().items():
        path = file_of(settings, way, acceleration, split)
        slow = way == RECONSTRUCTED and (acceleration, split) != (TRAINED, "test")  # half a second a study
        if not (slow or path.exists()):
            shown = map(change, batches(data, subjects))
            save(path, together([pooling(encoder.encode_planes(*planes_of(batch))) for batch in shown]))


def planes_of(batch: Sample) -> tuple[Tensor, Tensor, Tensor]:
    """Return what an encoder takes of a batch."""
    return batch.images, batch.affine, batch.present


@torch.inference_mode()
def of_lines(settings: Settings) -> None:
    """Write features of lines at each acceleration, by an encoder and by themselves; what is there stays."""
    data, people = opened(settings.hearts, PLANES), settings.people()
    task = load_task(last(line_run(settings))).task
    assert isinstance(task, LinePretrainingTask)  # for the type checker
    pooling = CentralLines(task.encoder)
    for acceleration in settings.accelerations:
        asked = task.at(acceleration)
        for split, subjects in people.items():
            paths = [file_of(settings, way, acceleration, split) for way in (LINES, CENTRAL)]
            if all(path.exists() for path in paths):
                continue
            told: tuple[list[Tensor], list[Tensor]] = ([], [])
            for batch in batches(data, subjects):
                seen = asked.acquire(batch).seen()
                encoded = task.encoder(seen)
                alone = encoded._replace(tokens=seen.patches, patches=seen.patches[..., :0])
                for one, part in zip((encoded, alone), told, strict=True):
                    part.append(pooling(one))
            for path, part in zip(paths, told, strict=True):
                save(path, together(part))


def batches(data: CineDataModule, subjects: list[str]) -> Iterator[Sample]:
    """Yield batches with intensities 0 to 1."""
    for batch in DataLoader(data.dataset(subjects), BATCH):
        yield data.scaled(batch)


def together(parts: list[Tensor]) -> NDArray[np.float32]:
    """Return features of batches as one array."""
    return torch.cat([part.float() for part in parts]).numpy()


def truth(settings: Settings, subjects: list[str]) -> NDArray[np.float32]:
    """Return the true phenotypes and whether a heart is diseased, (N, K + 1)."""
    values = read_phenotypes(settings.hearts.table, TARGETS, subjects)
    labels, names = read_classes(settings.hearts.table, "Pathology", subjects)
    return np.concatenate([values, (labels != names.index(NORMAL))[:, None]], axis=1).astype(np.float32)


def predicted(settings: Settings, way: str, acceleration: float, learnt: str, at: float, true: Tensor) -> Tensor:
    """Return what a head says of the test subjects, (N, K + 1).

    Args:
        settings: where features lie.
        way: into the model, in the test.
        acceleration: in the test.
        learnt: the way that the head learnt from.
        at: the acceleration that it learnt from.
        true: of the training subjects, (N, K + 1).
    """
    train, test = (load(file_of(settings, *where)) for where in ((learnt, at, "train"), (way, acceleration, "test")))
    return solve(train[:, None], true, [*TARGETS, "diseased"]).predict(test)
