"""How well a trained network segments patients: Dice of whole stacks, and the volumes that follow."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from torch import Tensor

from cmr_ssl.anatomy import CLASSES, LV, MYOCARDIUM, RV, UNLABELLED
from cmr_ssl.inference.prepared import batch_of, every_plane
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.preparation.beat_frames import nearest_frames
from cmr_ssl.preparation.cache import PreparedSubject, subject_file
from cmr_ssl.report.montage import plane_titles
from cmr_ssl.report.overlays import overlay
from cmr_ssl.sample import Sample
from cmr_ssl.sources import NiftiFolder
from cmr_ssl.study import Series
from cmr_ssl.tasks.segmentation import Segmentation
from cmr_ssl.tasks.trained import Trained, load_task
from cmr_ssl.volumes import LabelMap, measure
from experiments.real_hearts.cohort import short_axis
from experiments.real_hearts.restoring import restore_logits
from experiments.real_hearts.settings import Settings

STRUCTURES = (LV, MYOCARDIUM, RV)
PHASES = ("ED", "ES")
VOLUMES = ("LVEDV (mL)", "LVESV (mL)", "LVEF (%)", "LVM (g)", "RVEDV (mL)", "RVESV (mL)", "RVEF (%)")
Labels = NDArray[np.uint8]


class Patient(NamedTuple):
    """A labelled patient.

    Attributes:
        planes: as prepared, the short axis alone.
        series: as read from the source.
        prepared: true classes of the planes at ED and ES, (P, 2, H, W).
        true: true classes at the pixels of the source at ED and ES, (X, Y, S, 2).
        frames: ED and ES among the prepared frames.
    """

    planes: PreparedSubject
    series: Series
    prepared: Labels
    true: Labels
    frames: tuple[int, int]


def read_patient(settings: Settings, subject: str) -> Patient:
    """Read a patient; of the labelled frames that with the largest left ventricle is ED, with the smallest ES.

    Raises:
        ValueError: if fewer than two frames are labelled.
    """
    planes = PreparedSubject(**load_file(subject_file(settings.cache, subject)))
    study = NiftiFolder(settings.source, short_axis(settings)).read(subject)
    series = next(one for one in study.series if one.view == SHORT_AXIS)
    count = series.pixels.shape[3]
    labels = np.full((*series.pixels.shape[:3], count), UNLABELLED) if series.labels is None else series.labels
    volume = np.count_nonzero(labels == LV, axis=(0, 1, 2))
    drawn = np.flatnonzero(volume)
    if len(drawn) < 2:
        raise ValueError(f"{subject}: the left ventricle is drawn at {len(drawn)} frames, but ED and ES are wanted")
    ends = int(drawn[volume[drawn].argmax()]), int(drawn[volume[drawn].argmin()])
    ed, es = nearest_frames(count, planes.images.shape[1])[[*ends]].tolist()
    return Patient(planes, series, _maps(planes, (ed, es)), labels[..., [*ends]], (ed, es))


_read = cache(read_patient)  # every run of a process asks for the same ones again


def score(checkpoint: Path, settings: Settings, subjects: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Segment patients at ED and ES.

    Args:
        checkpoint: of a segmentation.
        settings: where patients lie.
        subjects: who.

    Returns:
        Dice, a row for each patient, phase and structure (``prepared`` at the pixels of the cache, ``restored`` at
        those of the source, nothing left out that lies outside the crop), and volumes, a row a patient (``predicted``
        and ``true``, both of the same window).
    """
    trained = load_task(checkpoint)
    rows: list[dict[str, object]] = []
    volumes: list[dict[str, object]] = []
    for subject in subjects:
        patient = _read(settings, subject)
        logits = predicted(trained, patient)
        restored = restore_logits(logits, patient.planes, patient.series)
        rows += dice_rows(subject, logits.argmax(dim=1).numpy(), restored, patient)
        volumes.append({"subject": subject, **volume_row(restored, patient)})
    return pd.DataFrame(rows), pd.DataFrame(volumes)


def predicted(trained: Trained, patient: Patient) -> Tensor:
    """Return the logits of a patient's planes, in the order of the cache, at ED and ES, (P, classes, 2, H, W)."""
    task = trained.task
    assert isinstance(task, Segmentation)
    batch = batch_of(patient.planes, "patient", every_plane(patient.planes), trained, torch.device("cpu"))
    with torch.inference_mode():
        logits = task.logits(batch, torch.tensor([patient.frames]))[0].float()
    return logits[in_order(patient.planes, batch)]


def in_order(planes: PreparedSubject, batch: Sample) -> Tensor:
    """Return which plane of a batch of one each plane of the cache is, (P,)."""
    apart = np.abs(planes.affine[:, None] - batch.affine[0].numpy()[None]).sum(axis=(2, 3))
    return torch.from_numpy(apart.argmin(axis=1))


def draw(path: Path, checkpoint: Path, settings: Settings, subject: str) -> None:
    """Draw a patient's planes at ED and ES with true and predicted labels."""
    patient = _read(settings, subject)
    guess = predicted(load_task(checkpoint), patient).argmax(dim=1).numpy().astype(np.uint8)
    images = patient.planes.images[:, list(patient.frames)]
    overlay(path, images, guess, patient.prepared, plane_titles(patient.planes.view.tolist()), [0, 1])


def dice_rows(
    subject: str, planes: NDArray[np.integer], restored: Labels, patient: Patient
) -> Iterator[dict[str, object]]:
    """Yield the rows of one patient; see `score`."""
    for at, phase in enumerate(PHASES):
        for structure in STRUCTURES:
            yield {
                "subject": subject,
                "phase": phase,
                "structure": CLASSES[structure],
                "prepared": dice(planes[:, at], patient.prepared[:, at], structure),
                "restored": dice(restored[..., at], patient.true[..., at], structure),
            }


def dice(guess: NDArray[np.integer], true: Labels, structure: int) -> float:
    """Return the Dice of a whole stack where it is labelled; NaN where the truth does not show the structure."""
    labelled = true != UNLABELLED
    one, other = (guess == structure) & labelled, true == structure
    return float(2 * (one & other).sum() / (one.sum() + other.sum())) if other.any() else float("nan")


def volume_row(restored: Labels, patient: Patient) -> dict[str, float]:
    """Return the volumes of predicted and of true labels; slices that nobody labelled count in neither.

    Where prediction misses a structure, its volume is zero: left out, the worst failures would not count.
    """
    guess = np.where(patient.true == UNLABELLED, UNLABELLED, restored)
    found = {name: _volumes(labels, patient.series) for name, labels in (("predicted", guess), ("true", patient.true))}
    found["predicted"] = {name: float(np.nan_to_num(value)) for name, value in found["predicted"].items()}
    return {f"{which} {name}": values[name] for which, values in found.items() for name in VOLUMES}


def _volumes(labels: Labels, series: Series) -> dict[str, float]:
    return measure({SHORT_AXIS: LabelMap(labels.T, series.affine)}, float("nan")).values


def _maps(planes: PreparedSubject, frames: tuple[int, int]) -> Labels:
    maps = np.full((len(planes.view), 2, *planes.images.shape[2:]), UNLABELLED, dtype=np.uint8)
    for (plane, frame), labels in zip(planes.labelled.tolist(), planes.labels, strict=True):
        if frame in frames:
            maps[plane, frames.index(frame)] = labels
    return maps
