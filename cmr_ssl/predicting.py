"""Predict new subjects straight from their images, with nothing but a checkpoint."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch.utils.data import default_collate

from cmr_ssl.callbacks.reconstructions import plane_titles
from cmr_ssl.data.cache import PreparedSubject, write_atomically, write_subject
from cmr_ssl.data.dataset import PlaneDataset, sample_shape
from cmr_ssl.data.prepare import Preparation, prepare_study
from cmr_ssl.data.restore import restore, write_labels
from cmr_ssl.data.sample import Sample, to_device
from cmr_ssl.data.sources import NiftiFolder
from cmr_ssl.data.study import Series, Study
from cmr_ssl.devices import has_bfloat16
from cmr_ssl.planes import VIEWS
from cmr_ssl.predict import TABLE
from cmr_ssl.quantify import MISSING, MS_A_MINUTE, grouped
from cmr_ssl.report.maps import label_maps, phases
from cmr_ssl.report.overlays import overlay, overlay_gif
from cmr_ssl.tasks.objectives import Classification
from cmr_ssl.tasks.phenotype import PhenotypePrediction
from cmr_ssl.tasks.segmentation import Segmentation
from cmr_ssl.tasks.trained import Trained, load_task
from cmr_ssl.volumes import LabelMap, measure

Row = dict[str, object]
Labels = NDArray[np.uint8]
Affines = NDArray[np.float32]


class Prepared(NamedTuple):
    """A subject ready for the network: as read, as prepared, as a batch of one on the device; ms of a beat or NaN."""

    study: Study
    planes: PreparedSubject
    batch: Sample
    beat_ms: float


@torch.inference_mode()
def predict_folder(checkpoint: Path, folder: NiftiFolder, out: Path, device: torch.device) -> tuple[int, int]:
    """Predict every subject of a folder, write what came out, and return how many worked and how many did not.

    Raises:
        FileNotFoundError: if checkpoint or subjects are missing.
        ValueError: if the checkpoint is of another kind.
    """
    trained = load_task(checkpoint)
    if not isinstance(trained.task, PhenotypePrediction | Segmentation):
        raise ValueError(f"{checkpoint} is of a {type(trained.task).__name__}, which predicts nothing: fine-tune it")
    trained.task.to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
        rows = list(_rows(trained, folder, out, device))
    table = pd.DataFrame(rows)
    write_atomically(out / TABLE, lambda stream: table.to_csv(stream, index=False, float_format="%.5g"))
    failed = int((table["problem"] != "").sum())
    return len(rows) - failed, failed


def _rows(trained: Trained, folder: NiftiFolder, out: Path, device: torch.device) -> Iterator[Row]:
    """Yield a row a subject; one that cannot be prepared has a problem instead of values."""
    for subject in track(folder.subjects(), "predicting"):
        try:
            study = folder.read(subject)
            planes, findings, acquired = prepare_study(study, Preparation(**trained.preparation))
        except Exception as error:  # one subject among thousands must not stop the others
            yield {"subject": subject, "problem": f"{type(error).__name__}: {error}"}
            continue
        if planes is None or acquired is None:
            why = "; ".join(found.message for found in findings if found.severity == "rejected")
            yield {"subject": subject, "problem": why}
            continue
        task = trained.task
        if isinstance(task, Segmentation):
            batch = batch_of(planes, every_plane(planes), trained, device)
            yield {"subject": subject, "problem": ""} | segment(
                task, Prepared(study, planes, batch, acquired.beat_ms), out
            )
        elif isinstance(task, PhenotypePrediction):
            batch = batch_of(planes, trained.views, trained, device)
            yield {"subject": subject, "problem": ""} | phenotypes(task, batch)


def every_plane(planes: PreparedSubject) -> dict[str, int]:
    """Return room for every plane of a subject, in the order of the cache."""
    indices, counts = np.unique(planes.view, return_counts=True)
    return {VIEWS[index]: int(count) for index, count in zip(indices.tolist(), counts, strict=True)}


def batch_of(planes: PreparedSubject, views: dict[str, int], trained: Trained, device: torch.device) -> Sample:
    """Return a batch of one through the very code that training reads with."""
    with TemporaryDirectory() as folder:
        write_subject(Path(folder), "one", planes, "")
        shape = sample_shape(trained.preparation, views)
        sample = PlaneDataset(Path(folder), ["one"], views, shape)[0]
    batch: Sample = default_collate([sample])
    batch = to_device(batch, device)
    return batch._replace(images=batch.images.float() / 255)


def phenotypes(task: PhenotypePrediction, batch: Sample) -> Row:
    """Return predicted values in physical units, or the probability of each class."""
    values = task.predict_step(batch)[0].tolist()
    classes = task.objective.classes if isinstance(task.objective, Classification) else None
    names = [f"P({name})" for name in classes] if classes else task.targets
    return dict(zip(names, values, strict=True))


def segment(task: Segmentation, prepared: Prepared, out: Path) -> Row:
    """Write label maps and pictures of one subject; return its volumes, and why some cannot be measured."""
    study, planes, batch, beat_ms = prepared
    labels = task.predict_step(batch)[0].cpu().numpy()
    affine, view = batch.affine[0].cpu().numpy(), batch.view[0].cpu().numpy()
    folder = out / study.subject
    maps = {}
    for series in study.series:
        own = view == VIEWS.index(series.view)
        if own.any():
            maps[series.view] = write_series(folder, series, labels[own], affine[own], planes)
    draw(folder, batch, labels, beat_ms)
    measured = measure(maps, MS_A_MINUTE / beat_ms)
    return {**measured.values, MISSING: "; ".join(grouped(measured.reasons))}


def write_series(folder: Path, series: Series, labels: Labels, affine: Affines, planes: PreparedSubject) -> LabelMap:
    """Write the label map of one view, (P, T, H, W), on the grid of its images, and return it."""
    cached = np.abs(planes.affine[None] - affine[:, None]).sum(axis=(2, 3)).argmin(axis=1)
    restored = restore(labels, affine, planes.to_heart, planes.slice[cached], series)
    write_labels(folder / f"seg6_{series.view}.nii.gz", restored, series.affine, series.frame_ms)
    return LabelMap(restored.T, series.affine)


def draw(folder: Path, batch: Sample, labels: Labels, beat_ms: float) -> None:
    """Draw overlays at ED and ES, and the beating heart."""
    images, affine, view = ((field[0].cpu().numpy()) for field in (batch.images, batch.affine, batch.view))
    at = sorted(phases(label_maps(labels, affine, view))) or [0]
    shown, titles = (images * 255).astype(np.uint8), plane_titles(view.tolist())
    overlay(folder / "overlay.png", shown, labels, None, titles, at)
    pace = {"beat_ms": beat_ms} if np.isfinite(beat_ms) else {}
    overlay_gif(folder / "overlay.gif", shown, labels, None, titles, **pace)
