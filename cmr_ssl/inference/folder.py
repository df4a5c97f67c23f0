"""Predict every subject of a folder straight from its images; cut at any moment, it goes on where it was."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from rich.progress import track

from cmr_ssl.data.alone import alone
from cmr_ssl.data.journal import tidy_lines
from cmr_ssl.data.prepare import digest
from cmr_ssl.data.sources import NiftiFolder
from cmr_ssl.data.withdrawal import NOBODY, Withdrawn
from cmr_ssl.files import remove_halves
from cmr_ssl.inference.answers import Prediction
from cmr_ssl.inference.label_maps import LabelMaps
from cmr_ssl.inference.model import Model, load
from cmr_ssl.machine import raise_if_stopped
from cmr_ssl.predict import TABLE
from cmr_ssl.quantify import MISSING, grouped
from cmr_ssl.report.tables import write_csv
from cmr_ssl.study import Finding
from cmr_ssl.trust import ONLY_SYNTHETIC, problems

JOURNAL, FOUND, STATUS = ".predict", "findings", "status"
MADE = ("*/seg6_*.nii.gz", "*/overlay.png", "*/overlay.gif")
ROWS = 2  # which columns they have and what they mean; rows of other versions are not gone on from
PREDICTED, NOT_PREDICTED = "predicted", "not predicted"
Row = dict[str, object]


def predict_folder(
    checkpoint: Path,
    folder: NiftiFolder,
    out: Path,
    device: str,
    overwrite: bool,
    withdrawn: Withdrawn = NOBODY,
) -> tuple[int, int]:
    """Predict every subject of a folder that is not done, and return how many worked and how many did not.

    Raises:
        FileNotFoundError: if checkpoint or subjects are missing.
        OSError: if the machine failed to read, or `out` takes no more files.
        ValueError: if the checkpoint is of another kind, or `out` holds predictions of another one.
    """
    model = load(checkpoint, device)
    if not {"predict", "segment"} & {*model.can}:
        kind = type(model.trained.task).__name__
        raise ValueError(f"{checkpoint} is of a {kind}, which predicts nothing: fine-tune it")
    subjects = withdrawn.leave(folder.subjects(), folder.folder)
    settings = digest({"checkpoint": model.fingerprint, "files": folder.files.settings(), "rows": ROWS})
    if model.trained.synthetic:
        print(f"Note: {ONLY_SYNTHETIC}.", file=sys.stderr)
    with alone(out / JOURNAL, settings):
        remove_halves(out)
        withdrawn.erase(out, MADE, [f"{JOURNAL}/*.jsonl"], [TABLE])
        rows = list(_rows(model, folder, subjects, out, Journal(out, settings, overwrite)))
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


def _rows(model: Model, folder: NiftiFolder, subjects: list[str], out: Path, journal: Journal) -> Iterator[Row]:
    """Yield a row a subject, of those that are done the one there is."""
    for subject in track(subjects, "predicting"):
        files = folder.fingerprint(subject)
        row = journal.find(subject, files)
        if row is None:
            row = predict_subject(model, folder, subject, out)
            journal.add(subject, files, row)
        yield row


def predict_subject(model: Model, folder: NiftiFolder, subject: str, out: Path) -> Row:
    """Return the row of a subject and write its label maps; whatever is wrong with it becomes the row's problem.

    Raises:
        OSError: if the machine failed to read, or `out` takes no more files.
    """
    try:
        study = folder.read(subject)
        told = of_labels(model.segment(study), out) if "segment" in model.can else of_values(model.predict(study))
    except Exception as error:  # one subject among thousands must not stop the others
        raise_if_stopped(error)
        return {"subject": subject, STATUS: NOT_PREDICTED, "problem": f"{type(error).__name__}: {error}"}
    return {"subject": subject} | told


def of_values(prediction: Prediction) -> Row:
    """Return the cells of predicted values."""
    values, why = prediction.values, {MISSING: prediction.reason} if prediction.reason else {}
    known = bool(np.isfinite([*values.values()]).any())
    return {STATUS: PREDICTED if known else NOT_PREDICTED} | said(prediction.findings) | values | why


def of_labels(labels: LabelMaps, out: Path) -> Row:
    """Write label maps and pictures of one subject; return the cells of its volumes, and why some are empty."""
    folder = out / labels.heart.study.subject
    labels.save(folder)
    labels.draw(folder)
    measured = labels.volumes()
    why = {MISSING: "; ".join(grouped(measured.reasons))}
    return {STATUS: PREDICTED} | said(labels.heart.findings) | measured.values | why


def said(findings: list[Finding]) -> Row:
    """Return the cells of what whoever uses a number must know of, and of everything that was found."""
    return {"problem": in_words(problems(findings)), FOUND: in_words(findings)}


def in_words(findings: list[Finding]) -> str:
    """Return findings as one cell of a table, severity first: a number is worth no more than its pictures."""
    parts = ((one.severity, *([one.where] if one.where else []), one.message) for one in findings)
    return "; ".join(dict.fromkeys(": ".join(part) for part in parts))
