"""What `predict` wrote of a cohort: its table, its label maps, and which model it was."""

import csv
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.files import digest
from cmr_ssl.machine import is_dir
from cmr_ssl.sources import NiftiFolder
from cmr_ssl.sources.label_folder import LabelFolder, LabelledHeart
from cmr_ssl.sources.nifti_files import LabelFile, standard_labels
from cmr_ssl.study import Study
from cmr_ssl.volumes import MISSING

TABLE, MADE_BY = "phenotypes.csv", "made_by.json"
TEXTS = ("subject", "status", "problem", "findings", MISSING)
STILL, BEATING = "overlay.png", "overlay.gif"
OTHER = (
    "{path} is not what `python -m cmr_ssl predict` of this version writes ({why}): predict again, or name the folder "
    "given to predict as --out"
)
FINDING = re.compile(r"; (?=(?:noted|repaired|rejected): )")


class Predicted(NamedTuple):
    """What there is of one subject.

    Attributes:
        row: the table's cells by column, texts.
        heart: its predicted label maps; without views where there are none.
        study: its images; None where they are not at hand.
    """

    row: dict[str, str]
    heart: LabelledHeart
    study: Study | None


@dataclass(frozen=True)
class Predictions:
    """The folder that `predict` wrote.

    Attributes:
        folder: the folder.
        rows: cells of the table by subject.
        names: columns that hold numbers.
        made_by: what the folder says of its model; empty where it does not.
        images: where the subjects' images are; None if not at hand.
        context: digest of everything else the pages depend on.
    """

    folder: Path
    rows: dict[str, dict[str, str]]
    names: tuple[str, ...]
    made_by: dict[str, str]
    images: NiftiFolder | None = None
    context: str = ""
    labels: list[LabelFile] = field(default_factory=lambda: predicted_labels())

    def subjects(self) -> list[str]:
        """Return the subjects in the order of the table."""
        return list(self.rows)

    def fingerprint(self, subject: str) -> str:
        """Return a digest of the table's row, the files of the subject, and the context."""
        labels, images = self._labels(subject), self._images(subject)
        parts = [one.fingerprint(subject) for one in (labels, images) if one is not None]
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
    return [one for one in standard_labels() if one.file == f"seg6_{one.view}.nii.gz"]


def read_predictions(folder: Path) -> Predictions:
    """Read the table that `predict` wrote.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is something else.
    """
    path = folder / TABLE
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}: name the folder given to `python -m cmr_ssl predict` as --out")
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = {str(row.get("subject")): {key: value or "" for key, value in row.items()} for row in reader}
            header = list(reader.fieldnames or [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(OTHER.format(path=path, why=f"it is no table: {error}")) from error
    lacking = [name for name in ("subject", "status") if name not in header]
    if lacking:
        raise ValueError(OTHER.format(path=path, why=f"it has no column {' and '.join(lacking)}"))
    names = tuple(name for name in header if name not in TEXTS)
    return Predictions(folder, rows, names, _read_made_by(folder / MADE_BY))


def _read_made_by(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(OTHER.format(path=path, why="it is damaged")) from error
    return {str(key): str(value) for key, value in told.items()}


def numbers(row: dict[str, str], names: tuple[str, ...]) -> dict[str, float]:
    """Return the numbers of a row, NaN where a cell is empty.

    Raises:
        ValueError: if a cell holds something else.
    """
    try:
        return {name: float(row[name]) if row.get(name) else np.nan for name in names}
    except ValueError as error:
        raise ValueError(f"the row of {row['subject']} holds no numbers: {error}") from error


def said(row: dict[str, str]) -> list[tuple[str, str]]:
    """Return what was found when the subject was predicted: severity and sentence."""
    told = [one.partition(": ") for one in FINDING.split(row.get("findings", "")) if one]
    return [(severity, sentence) for severity, _, sentence in told]


def missing(row: dict[str, str], names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return what could not be told and why, as `Not measurable` has it: names of columns, and the reason."""
    text = row.get(MISSING, "")
    if not text:
        return []
    one = "|".join(map(re.escape, names))
    parts = re.split(rf"; (?=(?:{one})(?:, (?:{one}))*: )", text) if names else [text]
    told = [re.fullmatch(rf"((?:{one})(?:, (?:{one}))*): (.*)", part, re.DOTALL) for part in parts]
    return [(match[1], match[2]) if match else ("", part) for match, part in zip(told, parts, strict=True)]
