"""Features of studies, a file a way and acceleration, and the heads that are solved on them."""

from collections.abc import Iterable, Iterator
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
from experiments.kspace.ways import SHARED, changes

BATCH = 8
NORMAL = "normal"
CENTRAL = "central lines, no encoder"
TAUGHT = "images of shared lines, taught encoder"


def file_of(settings: Settings, way: str, acceleration: float, split: str) -> Path:
    """Return where features lie, (N, F) float32."""
    return settings.folder / "features" / f"{way.replace(' ', '_')}-{acceleration:g}-{split}.npy"


@torch.inference_mode()
def of_images(settings: Settings) -> None:
    """Write features of the encoder of images, shown what each way makes of k-space, and of its copy; none twice."""
    original, taught = (load_encoder(path).encoder for path in (settings.image_encoder, last(taught_run(settings))))
    data, people = opened(settings.hearts, PLANES), settings.people()
    for (way, acceleration), change in changes(settings).items():
        encoders = {way: original} | ({TAUGHT: taught} if way == SHARED else {})
        for split, subjects in people.items():
            if way == RECONSTRUCTED and (acceleration, split) != (TRAINED, "test"):
                continue  # it takes half a second a study
            files = {name: file_of(settings, name, acceleration, split) for name in encoders}
            missing = {name: encoder for name, encoder in encoders.items() if not files[name].exists()}
            if missing:
                for name, rows in look(missing, map(change, batches(data, subjects))).items():
                    save(files[name], rows)


def look(encoders: dict[str, Encoder], shown: Iterable[Sample]) -> dict[str, NDArray[np.float32]]:
    """Return pooled features (N, F) of each encoder, of the same batches."""
    poolings = {name: LandmarkPooling(encoder) for name, encoder in encoders.items()}
    found: dict[str, list[Tensor]] = {name: [] for name in encoders}
    for batch in shown:
        for name, encoder in encoders.items():
            found[name].append(poolings[name](encoder.encode_planes(batch.images, batch.affine, batch.present)))
    return {name: together(parts) for name, parts in found.items()}


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
    return solve(train[:, None], true).predict(test)
