"""Report of `test` on diagnoses: discrimination and calibration of each, also by sex and age."""

from pathlib import Path

import numpy as np
import pandas as pd
from lightning import Trainer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from cmr_ssl.agreement import FEWEST, classification
from cmr_ssl.callbacks.phenotype_report import read_groups
from cmr_ssl.callbacks.prediction_report import PredictionReport, Values, alignment_column
from cmr_ssl.report.diagnosis_plots import draw_diagnosis
from cmr_ssl.report.tables import FOLDER, as_row, file_name, print_folder, write_csv
from cmr_ssl.tasks.diagnoses import Diagnoses
from cmr_ssl.tasks.phenotype import PhenotypePrediction


class DiagnosisReport(PredictionReport):
    """Write ``test/predicted.csv``, ``test/diagnoses.csv``, a figure of each, and measures by sex and age if asked."""

    objective = Diagnoses

    def __init__(self, subgroups: bool = False) -> None:
        """Choose what is written.

        Args:
            subgroups: also ``test/subgroups.csv``, by sex and age band, from the columns Sex and Age of the table.
        """
        super().__init__()
        self.subgroups = subgroups

    def write(
        self, trainer: Trainer, task: PhenotypePrediction, subjects: list[str], predicted: Values, true: Values
    ) -> None:
        """Write tables and figures."""
        folder = Path(trainer.default_root_dir)
        write_report(folder, task, subjects, predicted, true)
        if self.subgroups:
            table = Path(trainer.datamodule.table)  # type: ignore[attr-defined]
            rows = [
                {"group": f"{kind}: {value}"} | row
                for kind, values in read_groups(table, subjects).items()
                for value in np.unique(values)
                for row in diagnosis_rows(task, predicted[values == value], true[values == value])
            ]
            write_csv(folder / FOLDER / "subgroups.csv", pd.DataFrame(rows))


def write_report(folder: Path, task: PhenotypePrediction, subjects: list[str], predicted: Values, true: Values) -> None:
    """Write probabilities (N, K) beside the truth (N, K), their measures, and a figure of each diagnosis."""
    columns: dict[str, object] = {"subject": subjects}
    for index, name in enumerate(task.targets):
        columns |= {f"P({name})": predicted[:, index], f"true {name}": true[:, index]}
        known = np.isfinite(true[:, index])
        if np.unique(true[known, index]).size > 1:
            path = folder / "figures" / f"diagnosis_{file_name(name)}.png"
            draw_diagnosis(path, predicted[known, index], true[known, index] == 1, name)
    rows = diagnosis_rows(task, predicted, true)
    write_csv(folder / FOLDER / "predicted.csv", pd.DataFrame(columns))
    write_csv(folder / FOLDER / "diagnoses.csv", pd.DataFrame(rows))
    print_diagnoses(rows)
    print_folder(folder)


def diagnosis_rows(task: PhenotypePrediction, predicted: Values, true: Values) -> list[dict[str, object]]:
    """Return a row for each diagnosis: measures with intervals, and F1 at the threshold of the validation split."""
    objective = task.objective
    assert isinstance(objective, Diagnoses)  # for the type checker
    thresholds = objective.thresholds.cpu().tolist()
    rows: list[dict[str, object]] = []
    for index, name in enumerate(task.targets):
        scores, known = predicted[:, index], np.isfinite(true[:, index])
        classes = np.where(known, true[:, index], -1).astype(np.int64)
        row = as_row(name, classification(np.stack([1 - scores, scores], axis=1), classes))
        row |= {"cases": int((classes == 1).sum()), "threshold": thresholds[index]}
        row |= at_threshold(scores[known] >= thresholds[index], classes[known] == 1)
        rows.append(row | alignment_column(task, name))
    return rows


def at_threshold(positive: NDArray[np.bool_], ill: NDArray[np.bool_]) -> dict[str, float]:
    """Return F1 = 2 TP / (2 TP + FP + FN), sensitivity and specificity of tests (N,); NaN for 0 / 0."""
    hits = float((positive & ill).sum())
    healthy = float((~positive & ~ill).sum())
    return {
        "F1": _ratio(2 * hits, float(positive.sum() + ill.sum())) if len(ill) >= FEWEST else float("nan"),
        "sensitivity": _ratio(hits, float(ill.sum())),
        "specificity": _ratio(healthy, float((~ill).sum())),
    }


def print_diagnoses(rows: list[dict[str, object]]) -> None:
    """Print the main measures."""
    table = Table("", "AUROC", "95 % interval", "average precision", "F1", "cases", "N", title="Diagnoses")
    for row in rows:
        interval = f"{row['AUROC 2.5 %']:.3f} to {row['AUROC 97.5 %']:.3f}"
        numbers = f"{row['average precision']:.3f}", f"{row['F1']:.3f}", str(row["cases"]), f"{row['N']:.0f}"
        table.add_row(str(row["target"]), f"{row['AUROC']:.3f}", interval, *numbers)
    Console().print(table)


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else float("nan")
