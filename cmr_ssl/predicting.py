"""Predict new subjects straight from their images, with nothing but a checkpoint."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch.utils.data import default_collate

from cmr_ssl.anatomy import CLASSES, UNLABELLED
from cmr_ssl.checkpoints import fingerprint
from cmr_ssl.data.cache import PreparedSubject
from cmr_ssl.data.dataset import sample_of, sample_shape
from cmr_ssl.data.journal import tidy_lines
from cmr_ssl.data.prepare import Preparation, prepare_study
from cmr_ssl.data.restore import restore, write_labels
from cmr_ssl.data.sources import NiftiFolder
from cmr_ssl.data.timing import nearest_frames
from cmr_ssl.data.withdrawal import NOBODY, Withdrawn
from cmr_ssl.devices import has_bfloat16
from cmr_ssl.doubts import doubted, incomplete, possible
from cmr_ssl.files import digest, remove_halves
from cmr_ssl.lock import alone
from cmr_ssl.machine import raise_if_stopped
from cmr_ssl.planes import VIEWS
from cmr_ssl.report.maps import label_maps, phases
from cmr_ssl.report.overlays import overlay, overlay_gif
from cmr_ssl.report.tables import write_csv
from cmr_ssl.sample import Sample, to_device
from cmr_ssl.study import Finding, Series, Study
from cmr_ssl.tasks.drawn import taught
from cmr_ssl.tasks.objectives import Classification
from cmr_ssl.tasks.phenotype import PhenotypePrediction
from cmr_ssl.tasks.segmentation import Segmentation
from cmr_ssl.tasks.trained import Trained, load_task
from cmr_ssl.trust import ONLY_SYNTHETIC, compared, cut_off, not_looked_at, problems, unsized, without_short_axis
from cmr_ssl.volumes import MISSING, MS_A_MINUTE, LabelMap, grouped, measure

TABLE = "phenotypes.csv"
JOURNAL, FOUND, STATUS = ".predict", "findings", "status"
MADE = ("*/seg6_*.nii.gz", "*/overlay.png", "*/overlay.gif")
ROWS = 2  # which columns they have and what they mean; rows of other versions are not gone on from
PREDICTED, NOT_PREDICTED = "predicted", "not predicted"
Row = dict[str, object]
Labels = NDArray[np.uint8]
Affines = NDArray[np.float32]


class Prepared(NamedTuple):
    """A subject ready for the network: as read, as prepared, as a batch of one on the device.

    Attributes:
        study: as read.
        planes: as prepared.
        batch: of one, on the device.
        beat_ms: length of the beat, NaN where unknown.
        findings: what was noted, repaired or set aside on the way.
    """

    study: Study
    planes: PreparedSubject
    batch: Sample
    beat_ms: float
    findings: list[Finding]


@torch.inference_mode()
def predict_folder(
    checkpoint: Path,
    folder: NiftiFolder,
    out: Path,
    device: torch.device,
    overwrite: bool,
    withdrawn: Withdrawn = NOBODY,
) -> tuple[int, int]:
    """Predict every subject of a folder that is not done, and return how many worked and how many did not.

    Raises:
        FileNotFoundError: if checkpoint or subjects are missing.
        OSError: if the machine failed to read, or `out` takes no more files.
        ValueError: if the checkpoint is of another kind, or `out` holds predictions of another one.
    """
    trained = load_task(checkpoint)
    if not isinstance(trained.task, PhenotypePrediction | Segmentation):
        raise ValueError(f"{checkpoint} is of a {type(trained.task).__name__}, which predicts nothing: fine-tune it")
    trained.task.to(device)
    subjects = withdrawn.leave(folder.subjects(), folder.folder)
    told = {"checkpoint": fingerprint(checkpoint), "files": folder.files.settings(), "rows": ROWS}
    settings = digest(told)
    if trained.synthetic:
        print(f"Note: {ONLY_SYNTHETIC}.", file=sys.stderr)
    with alone(out / JOURNAL, settings), torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
        remove_halves(out)
        withdrawn.erase(out, MADE, [f"{JOURNAL}/*.jsonl"], [TABLE])
        rows = list(_rows(trained, folder, subjects, out, device, Journal(out, settings, overwrite)))
        write_csv(out / TABLE, pd.DataFrame(rows))
    failed = sum(row[STATUS] != PREDICTED for row in rows)
    return len(rows) - failed, failed


class Journal:
    """The rows of subjects that are done, kept as they arrive, so that a killed run goes on where it was."""

    def __init__(self, out: Path, settings: str, overwrite: bool) -> None:
        """Read what earlier runs with these `settings` did.

        Raises:
            ValueError: if there are predictions made otherwise and they may not be replaced.
        """
        self.path, self.settings = out / JOURNAL / f"{settings}.jsonl", settings
        others = [path for path in (out / JOURNAL).glob("*.jsonl") if overwrite or path != self.path]
        if not overwrite and (others or ((out / TABLE).exists() and not self.path.exists())):
            raise ValueError(
                f"{out} holds predictions of another checkpoint or of files called otherwise: choose another --out or "
                "pass --overwrite"
            )
        for path in others:
            path.unlink()
        self.lines = tidy_lines(self.path, settings)

    def find(self, subject: str, files: str) -> Row | None:
        """Return the row of a subject whose `files` have this fingerprint, if it is done."""
        line = self.lines.get(subject, {"files": None})
        return line["row"] if line["files"] == files else None

    def add(self, subject: str, files: str, row: Row) -> None:
        """Keep a row."""
        line = json.dumps({"subject": subject, "settings": self.settings, "files": files, "row": row})
        with self.path.open("a", encoding="utf-8") as journal:
            journal.write(f"{line}\n")


def _rows(
    trained: Trained, folder: NiftiFolder, subjects: list[str], out: Path, device: torch.device, journal: Journal
) -> Iterator[Row]:
    """Yield a row a subject, of those that are done the one there is."""
    for subject in track(subjects, "predicting"):
        files = folder.fingerprint(subject)
        row = journal.find(subject, files)
        if row is None:
            row = predict_subject(trained, folder, subject, out, device)
            journal.add(subject, files, row)
        yield row


def predict_subject(trained: Trained, folder: NiftiFolder, subject: str, out: Path, device: torch.device) -> Row:
    """Return the row of a subject and write its label maps; whatever is wrong with it becomes the row's problem.

    Raises:
        OSError: if the machine failed to read, or `out` takes no more files.
    """
    task = trained.task
    try:
        if isinstance(task, Segmentation):
            read = read_subject(folder, subject, trained, device)
            found = segment(task, read, out)
        elif isinstance(task, PhenotypePrediction):
            read = read_subject(folder, subject, trained, device, trained.views)
            read.findings.extend(not_looked_at(trained, read.planes))
            found = phenotypes(task, read.batch)
            if why := without_short_axis(trained, read.planes, read.findings) or unsized(read.study, read.findings):
                found = dict.fromkeys(found, float("nan")) | {MISSING: why}
    except Exception as error:  # one subject among thousands must not stop the others
        raise_if_stopped(error)
        return {"subject": subject, STATUS: NOT_PREDICTED, "problem": f"{type(error).__name__}: {error}"}
    numbers = [value for value in found.values() if isinstance(value, float)]
    told = isinstance(task, Segmentation) or bool(np.isfinite(numbers).any())
    said = {"problem": in_words(problems(read.findings)), FOUND: in_words(read.findings)}
    return {"subject": subject, STATUS: PREDICTED if told else NOT_PREDICTED, **said} | found


def in_words(findings: list[Finding]) -> str:
    """Return findings as one cell of a table, severity first: a number is worth no more than its pictures."""
    parts = ((one.severity, *([one.where] if one.where else []), one.message) for one in findings)
    return "; ".join(dict.fromkeys(": ".join(part) for part in parts))


def read_subject(
    folder: NiftiFolder, subject: str, trained: Trained, device: torch.device, views: dict[str, int] | None = None
) -> Prepared:
    """Read and prepare a subject exactly as training did; its batch has room for `views`, None for every plane.

    Raises:
        ValueError: if there is nothing usable, saying why.
    """
    study = folder.read(subject)
    planes, findings, acquired = prepare_study(study, Preparation(**trained.preparation))
    if planes is None or acquired is None:
        raise ValueError("; ".join(found.message for found in findings if found.severity == "rejected"))
    if planes.images.shape[1] != trained.preparation["frames"]:
        raise ValueError(f"the {acquired.frames} frames of the study are no whole beat")
    batch = batch_of(planes, subject, views or every_plane(planes), trained, device)
    if not batch.present.any():
        raise ValueError(f"the study has no plane of {', '.join(trained.views)}")
    return Prepared(study, planes, batch, acquired.beat_ms, findings + compared(trained, planes))


def every_plane(planes: PreparedSubject) -> dict[str, int]:
    """Return room for every plane of a subject, in the order of the cache."""
    indices, counts = np.unique(planes.view, return_counts=True)
    return {VIEWS[index]: int(count) for index, count in zip(indices.tolist(), counts, strict=True)}


def batch_of(
    planes: PreparedSubject, subject: str, views: dict[str, int], trained: Trained, device: torch.device
) -> Sample:
    """Return a batch of one, put together by the code that training reads with; see `read_subject`."""
    sample = sample_of(planes, subject, views, sample_shape(trained.preparation, views))
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
    study, planes, batch, beat_ms, _ = prepared
    labels = task.predict_step(batch)[0].cpu().numpy()
    affine, view = batch.affine[0].cpu().numpy(), batch.view[0].cpu().numpy()
    folder = out / study.subject
    remove_halves(folder)
    maps = {}
    for series in study.series:
        own = view == VIEWS.index(series.view)
        if own.any():
            maps[series.view] = write_series(folder, series, labels[own], affine[own], planes)
    draw(folder, prepared, labels)
    measured = doubted(measure(maps, MS_A_MINUTE / beat_ms), cut_off(labels, maps, view) | incomplete(maps))
    if why := unsized(study, prepared.findings):
        measured = doubted(measured, dict.fromkeys(CLASSES, why))
    measured = taught(possible(measured), task.drawn)
    return {**measured.values, MISSING: "; ".join(grouped(measured.reasons))}


def write_series(folder: Path, series: Series, labels: Labels, affine: Affines, planes: PreparedSubject) -> LabelMap:
    """Write the label map of one view, (P, T, H, W), on the grid of its images, and return it."""
    cached = cached_planes(planes, affine)
    restored = restore(labels, affine, planes.to_heart, planes.slice[cached], series)
    write_labels(folder / f"seg6_{series.view}.nii.gz", restored, series.affine, series.frame_ms)
    restored[:, :, ~seen(planes, cached, restored.shape[2:])] = UNLABELLED  # in the file it is background
    return LabelMap(restored.T, series.affine)


def cached_planes(planes: PreparedSubject, affine: Affines) -> NDArray[np.intp]:
    """Return which prepared planes those of a batch are, by where they lie, (P, 4, 4), (P,)."""
    return np.asarray(np.abs(planes.affine[None] - affine[:, None]).sum(axis=(2, 3)).argmin(axis=1))


def seen(planes: PreparedSubject, cached: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which slices and frames (S, T) of a series were looked at; missing frames of a cine were filled."""
    slices, frames = shape
    looked = np.zeros((slices, frames), dtype=bool)
    pair = planes.acquired.shape[1] == 2
    acquired = planes.acquired[cached][:, nearest_frames(frames, planes.acquired.shape[1])] > 0
    looked[planes.slice[cached]] = acquired if pair else True
    return looked


def slice_titles(planes: PreparedSubject, affine: Affines, view: NDArray[np.integer]) -> list[str]:
    """Name planes by view and, where there are several, by their slice in the file, from 0 as in `qc` and findings."""
    names = [VIEWS[index] for index in view.tolist()]
    slices = planes.slice[cached_planes(planes, affine)].tolist()
    return [name if names.count(name) == 1 else f"{name} {index}" for name, index in zip(names, slices, strict=True)]


def draw(folder: Path, prepared: Prepared, labels: Labels) -> None:
    """Draw overlays at ED and ES, and the beating heart."""
    batch, beat_ms = prepared.batch, prepared.beat_ms
    images, affine, view = ((field[0].cpu().numpy()) for field in (batch.images, batch.affine, batch.view))
    at = sorted(phases(label_maps(labels, affine, view))) or [0]
    shown, titles = (images * 255).astype(np.uint8), slice_titles(prepared.planes, affine, view)
    overlay(folder / "overlay.png", shown, labels, None, titles, at)
    pace = {"beat_ms": beat_ms} if np.isfinite(beat_ms) else {}
    overlay_gif(folder / "overlay.gif", shown, labels, None, titles, **pace)
