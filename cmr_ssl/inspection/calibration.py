"""What is usual for each kind of plane, learnt from many studies; it names no subject."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.files import save_text
from cmr_ssl.inspection.plane_examination import MEASURES, PlaneExamination

SUFFIX = ".calibration.json"  # beside the checkpoint
TAIL, DEVIATIONS = 0.95, 1.645  # the quantile that tells how far planes without a flaw go, as if they were normal
LEAST_SPREAD = 1e-3
FEWEST = 10  # planes of a kind from which anything can be said


class Norm(NamedTuple):
    """The median of a measure, and its spread above that in standard deviations."""

    median: float
    spread: float


class Calibration(NamedTuple):
    """What is usual, by kind of plane and measure.

    Attributes:
        model: fingerprint of the checkpoint it belongs to.
        subjects: how many studies it was learnt from.
        usual: kind of plane to measure to what is usual.
    """

    model: str
    subjects: int
    usual: dict[str, dict[str, Norm]]

    def scores(self, one: PlaneExamination) -> dict[str, float]:
        """Return how unusual each measure of a plane is, in standard deviations; NaN where nothing is known."""
        known = self.usual.get(one.kind, {})
        unknown = Norm(np.nan, 1.0)
        return {
            name: (value - (at := known.get(name, unknown)).median) / at.spread for name, value in one.measures.items()
        }


def calibrate(planes: Iterable[PlaneExamination], model: str) -> Calibration:
    """Learn what is usual from the planes of many studies, nearly all of them without flaws.

    Raises:
        ValueError: if there are too few planes of every kind.
    """
    values: dict[str, list[dict[str, float]]] = {}
    subjects = set()
    for one in planes:
        values.setdefault(one.kind, []).append(one.measures)
        subjects.add(one.subject)
    enough = {kind: found for kind, found in values.items() if len(found) >= FEWEST}
    if not enough:
        raise ValueError(f"{len(subjects)} studies are too few to tell what is usual: give a cache with more of them")
    return Calibration(model, len(subjects), {kind: _usual(found) for kind, found in enough.items()})


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration as JSON, atomically."""
    usual = {
        kind: {name: at._asdict() for name, at in measures.items()} for kind, measures in calibration.usual.items()
    }
    text = json.dumps({"model": calibration.model, "subjects": calibration.subjects, "usual": usual}, indent=1)
    save_text(path, text)


def read_calibration(path: Path, model: str) -> Calibration:
    """Read the calibration of a model.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if the file is damaged or belongs to another model.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"no calibration at {path}: name a --cache of many studies once, to learn what is usual"
        )
    try:
        stored = json.loads(path.read_text())
        usual = {
            kind: {name: Norm(**at) for name, at in measures.items()} for kind, measures in stored["usual"].items()
        }
        calibration = Calibration(stored["model"], stored["subjects"], usual)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no calibration ({error}): name a --cache to make it again") from error
    if calibration.model != model:
        raise ValueError(f"{path} belongs to another checkpoint: name a --cache to calibrate this one")
    return calibration


def _usual(found: list[dict[str, float]]) -> dict[str, Norm]:
    columns = {name: np.array([measures[name] for measures in found]) for name in MEASURES}
    known = {name: column[np.isfinite(column)] for name, column in columns.items()}
    return {name: _robust(column) for name, column in known.items() if len(column) >= FEWEST}


def _robust(values: np.ndarray) -> Norm:
    median, tail = np.quantile(values, [0.5, TAIL])
    return Norm(float(median), max(LEAST_SPREAD, float(tail - median) / DEVIATIONS))
