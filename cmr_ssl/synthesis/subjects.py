"""Subjects and checkpoints as asking for planes needs them."""

from hashlib import sha256
from pathlib import Path

import torch

from cmr_ssl.data.prepare import Preparation, prepare_study
from cmr_ssl.data.sources import NiftiFolder
from cmr_ssl.predicting import Prepared, batch_of, every_plane
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.trained import Trained, load_task


def load_pretraining(checkpoint: Path, device: torch.device) -> tuple[PretrainingTask, Trained]:
    """Load a pretraining task onto `device`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is of another kind of task.
    """
    trained = load_task(checkpoint)
    if not isinstance(trained.task, PretrainingTask):
        kind = type(trained.task).__name__
        raise ValueError(
            f"{checkpoint} is of a {kind}, which has no decoder to ask: name a checkpoint of a pretraining"
        )
    return trained.task.to(device), trained


def read_subject(folder: NiftiFolder, subject: str, trained: Trained, device: torch.device) -> Prepared:
    """Read and prepare a subject exactly as training did; its batch holds every plane there is.

    Raises:
        ValueError: if there is nothing usable, saying why.
    """
    study = folder.read(subject)
    planes, findings, acquired = prepare_study(study, Preparation(**trained.preparation))
    if planes is None or acquired is None:
        raise ValueError("; ".join(found.message for found in findings if found.severity == "rejected"))
    if planes.images.shape[1] != trained.preparation["frames"]:
        raise ValueError(f"the {acquired.frames} frames of the study are no whole beat")
    return Prepared(study, planes, batch_of(planes, every_plane(planes), trained, device), acquired.beat_ms)


def fingerprint(checkpoint: Path) -> str:
    """Return 8 hexadecimal digits that tell one checkpoint from another."""
    with checkpoint.open("rb") as stream:
        digest = sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:8]
