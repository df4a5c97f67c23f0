"""Output of `predict` for a cohort: table, label maps, and the model's identity."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.conformal import WITHIN
from cmr_ssl.files import digest
from cmr_ssl.machine import is_dir
from cmr_ssl.pages.text_tables import read_rows
from cmr_ssl.sources import NiftiFolder
from cmr_ssl.sources.label_folder import LabelFolder, LabelledHeart
from cmr_ssl.sources.nifti_files import LabelFile, standard_labels
from cmr_ssl.study import Study
from cmr_ssl.volumes import CONFIDENCE, MISSING

TABLE, MADE_BY = "phenotypes.csv", "made_by.json"
TEXTS = ("subject", "status", "problem", "findings", MISSING)
STILL, BEATING = "overlay.png", "overlay.gif"
ADVICE = "predict again with this version, or name the folder given to `python -m cmr_ssl predict` as --out"
FINDING = re.compile(r"; (?=(?:noted|repaired|rejected): )")


class Predicted(NamedTuple):
    """The predictions of one subject."""

    row: dict[str, str]  # the table's cells by column, as texts
    heart: LabelledHeart  # predicted label maps; empty without any
    study: Study | None  # the images; None if not available


@dataclass(frozen=True)
class Predictions:
    """The folder that `predict` wrote."""

    folder: Path  # the folder
    rows: dict[str, dict[str, str]]  # cells of the table by subject
    names: tuple[str, ...]  # columns of numbers
    made_by: dict[str, str]  # model and versions; empty for folders of earlier versions
    images: NiftiFolder | None = None  # the subjects' images; None if not available
    context: str = ""  # digest of everything else the pages depend on
    labels: list[LabelFile] = field(default_factory=lambda: predicted_labels())

    def subjects(self) -> list[str]:
        """Return the subjects in the order of the table."""
        return list(self.rows)

    def fingerprint(self, subject: str) -> str:
        """Return a digest of the table's row, the files of the subject, and the context."""
        labels, images = self._labels(subject), self._images(subject)
        parts = [folder.fingerprint(subject) for folder in (labels, images) if folder is not None]
        return digest({"row": self.rows[subject], "files": parts, "context": self.context})

    def read(self, subject: str) -> Predicted:
        """Read one subject; label maps that cannot be used are problems of the heart."""
        labels, images = self._labels(subject), self._images(subject)
        heart = LabelledHeart({}, {}) if labels is None else labels.read(subject)
        return Predicted(self.rows[subject], heart, None if images is None else images.read(subject))

    def _labels(self, subject: str) -> LabelFolder | None:
        return LabelFolder(self.folder, self.labels) if is_dir(self.folder / subject) else None

    def _images(self, subject: str) -> NiftiFolder | None:
        return self.images if self.images is not None and self.images.holds(subject) else None


def predicted_labels() -> list[LabelFile]:
    """Return the label maps that `predict` writes."""
    return [file for file in standard_labels() if file.file == f"seg6_{file.view}.nii.gz"]


def read_predictions(folder: Path) -> Predictions:
    """Read the table that `predict` wrote.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it was not written by `predict`.
    """
    path = folder / TABLE
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}: name the folder given to `python -m cmr_ssl predict` as --out")
    header, lines = read_rows(path, ("subject", "status"), ADVICE)
    beside = [name for name in header if name.endswith(WITHIN) or name.startswith(CONFIDENCE)]
    names = tuple(name for name in header if name not in (*TEXTS, *beside))
    return Predictions(folder, {line["subject"]: line for line in lines}, names, _read_made_by(folder / MADE_BY))


def _read_made_by(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}): {ADVICE}") from error
    return {str(key): str(value) for key, value in values.items()}


def numbers(row: dict[str, str], names: tuple[str, ...]) -> dict[str, float]:
    """Return the numbers of a row, NaN where a cell is empty.

    Raises:
        ValueError: if a cell holds something else.
    """
    try:
        return {name: float(row[name]) if row.get(name) else np.nan for name in names}
    except ValueError as error:
        raise ValueError(f"the row of {row['subject']} holds no numbers: {error}") from error


def half_widths(row: dict[str, str], names: tuple[str, ...]) -> dict[str, float]:
    """Return the half widths of the intervals of values, NaN where unknown; raise ValueError as `numbers` does."""
    columns = numbers(row, tuple(f"{name}{WITHIN}" for name in names))
    return {column.removesuffix(WITHIN): width for column, width in columns.items()}


def confidences(row: dict[str, str]) -> dict[str, float]:
    """Return how sure the network is of each structure it found; raise ValueError as `numbers` does."""
    columns = numbers(row, tuple(name for name in row if name.startswith(CONFIDENCE)))
    return {name.removeprefix(CONFIDENCE): value for name, value in columns.items() if np.isfinite(value)}


def findings(row: dict[str, str]) -> list[tuple[str, str]]:
    """Return severity and sentence of each finding of the prediction."""
    parts = [text.partition(": ") for text in FINDING.split(row.get("findings", "")) if text]
    return [(severity, sentence) for severity, _, sentence in parts]


def missing(row: dict[str, str], names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the missing values of `Not measurable`: names of columns, and the reason they share."""
    text = row.get(MISSING, "")
    if not text:
        return []
    name = "|".join(map(re.escape, names))
    group = f"(?:{name})(?:, (?:{name}))*"
    parts = re.split(rf"; (?={group}: )", text) if names else [text]
    matches = [re.fullmatch(f"({group}): (.*)", part, re.DOTALL) for part in parts]
    return [(match[1], match[2]) if match else ("", part) for match, part in zip(matches, parts, strict=True)]
