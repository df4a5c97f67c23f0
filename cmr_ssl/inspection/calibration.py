"""The usual range of measures for each kind of plane, learnt from many studies; it names no subject."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.files import save_text
from cmr_ssl.inspection.plane_examination import MEASURES, PlaneExamination

SUFFIX = ".calibration.json"  # beside the checkpoint
TAIL, DEVIATIONS = 0.95, 1.645  # a quantile of planes without a flaw, and its deviations in a normal distribution
LEAST_SPREAD = 1e-3
FEWEST = 10  # planes of a kind that are needed


class Usual(NamedTuple):
    """The median of a measure, and its spread above that in standard deviations."""

    median: float
    spread: float


class Calibration(NamedTuple):
    """The usual range by kind of plane and measure.

    Attributes:
        model: fingerprint of the checkpoint it belongs to.
        subjects: how many studies it was learnt from.
        usual: kind of plane to measure to usual range.
    """

    model: str
    subjects: int
    usual: dict[str, dict[str, Usual]]

    def scores(self, plane: PlaneExamination) -> dict[str, float]:
        """Return (value - median) / spread of each measure of a plane; NaN where the usual range is unknown."""
        usual, unknown = self.usual.get(plane.kind, {}), Usual(np.nan, 1.0)
        ranges = {name: usual.get(name, unknown) for name in plane.measures}
        return {name: (value - ranges[name].median) / ranges[name].spread for name, value in plane.measures.items()}


def calibrate(planes: Iterable[PlaneExamination], model: str) -> Calibration:
    """Learn usual ranges from planes of many studies, most without flaws; raise ValueError if there are too few."""
    by_kind: dict[str, list[dict[str, float]]] = {}
    subjects = set()
    for plane in planes:
        by_kind.setdefault(plane.kind, []).append(plane.measures)
        subjects.add(plane.subject)
    usual = {kind: _usual(measures) for kind, measures in by_kind.items() if len(measures) >= FEWEST}
    if not usual:
        raise ValueError(f"{len(subjects)} studies are too few to tell what is usual: give a cache with more of them")
    return Calibration(model, len(subjects), usual)


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration as JSON, atomically."""
    usual = {
        kind: {name: usual._asdict() for name, usual in ranges.items()} for kind, ranges in calibration.usual.items()
    }
    save_text(path, json.dumps(calibration._asdict() | {"usual": usual}, indent=1))


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
            kind: {name: Usual(**values) for name, values in ranges.items()} for kind, ranges in stored["usual"].items()
        }
        calibration = Calibration(stored["model"], stored["subjects"], usual)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no calibration ({error}): name a --cache to make it again") from error
    if calibration.model != model:
        raise ValueError(f"{path} belongs to another checkpoint: name a --cache to calibrate this one")
    return calibration


def _usual(planes: list[dict[str, float]]) -> dict[str, Usual]:
    usual = {}
    for name in MEASURES:
        values = np.array([measures[name] for measures in planes])
        values = values[np.isfinite(values)]
        if len(values) >= FEWEST:
            median, tail = np.quantile(values, [0.5, TAIL])
            usual[name] = Usual(float(median), max(LEAST_SPREAD, float(tail - median) / DEVIATIONS))
    return usual
