"""What `test` says about diagnoses: how well each is told, whether probabilities mean what they say, and in whom."""

from pathlib import Path

import numpy as np
import pandas as pd
from lightning import LightningModule, Trainer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from cmr_ssl.agreement import FEWEST, classification
from cmr_ssl.callbacks.phenotype_report import read_groups
from cmr_ssl.callbacks.prediction_report import PredictionReport, Values
from cmr_ssl.report.diagnosis_plots import draw_diagnosis
from cmr_ssl.report.tables import FOLDER, as_row, file_name, print_folder, write_csv
from cmr_ssl.tasks.aligned import told
from cmr_ssl.tasks.diagnoses import Diagnoses
from cmr_ssl.tasks.phenotype import PhenotypePrediction


class DiagnosisReport(PredictionReport):
    """Write ``test/predicted.csv``, ``test/diagnoses.csv``, by sex and age where wanted, and a figure of each."""

    def __init__(self, subgroups: bool = False) -> None:
        """Choose what is written.

        Args:
            subgroups: also ``test/subgroups.csv``, by sex and age band, from the columns Sex and Age of the table.
        """
        super().__init__()
        self.subgroups = subgroups

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse tasks that predict no diagnoses.

        Raises:
            ValueError: naming the task.
        """
        if not (isinstance(pl_module, PhenotypePrediction) and isinstance(pl_module.objective, Diagnoses)):
            raise ValueError(
                f"DiagnosisReport needs a task with the objective Diagnoses, which this {type(pl_module).__name__} has "
                "not: leave it out of the callbacks"
            )

    def write(
        self, trainer: Trainer, task: PhenotypePrediction, subjects: list[str], predicted: Values, true: Values
    ) -> None:
        """Write tables and figures."""
        folder = Path(trainer.default_root_dir)
        write_report(folder, task, subjects, predicted, true)
        if self.subgroups:
            table = Path(trainer.datamodule.table)  # type: ignore[attr-defined]
            groups = {
                f"{kind}: {value}": values == value
                for kind, values in read_groups(table, subjects).items()
                for value in np.unique(values)
            }
            lines = [
                {"group": group} | row
                for group, members in groups.items()
                for row in judge(task, predicted[members], true[members])
            ]
            write_csv(folder / FOLDER / "subgroups.csv", pd.DataFrame(lines))


def write_report(folder: Path, task: PhenotypePrediction, subjects: list[str], predicted: Values, true: Values) -> None:
    """Write probabilities (N, K) beside what is true (N, K), how good they are, and a figure of each diagnosis."""
    columns: dict[str, object] = {"subject": subjects}
    for index, name in enumerate(task.targets):
        columns |= {f"P({name})": predicted[:, index], f"true {name}": true[:, index]}
        known = np.isfinite(true[:, index])
        if np.unique(true[known, index]).size > 1:
            path = folder / "figures" / f"diagnosis_{file_name(name)}.png"
            draw_diagnosis(path, predicted[known, index], true[known, index] == 1, name)
    rows = judge(task, predicted, true)
    write_csv(folder / FOLDER / "predicted.csv", pd.DataFrame(columns))
    write_csv(folder / FOLDER / "diagnoses.csv", pd.DataFrame(rows))
    show(rows)
    print_folder(folder)


def judge(task: PhenotypePrediction, predicted: Values, true: Values) -> list[dict[str, object]]:
    """Return a row for each diagnosis: measures with intervals, and F1 at the threshold of the validation split."""
    objective = task.objective
    assert isinstance(objective, Diagnoses)  # for the type checker
    thresholds = objective.thresholds.cpu().tolist()
    aligned = told(task.targets, task.aligned)
    rows: list[dict[str, object]] = []
    for index, name in enumerate(task.targets):
        scores, known = predicted[:, index], np.isfinite(true[:, index])
        index_of = np.where(known, true[:, index], -1).astype(np.int64)
        row = as_row(name, classification(np.stack([1 - scores, scores], axis=1), index_of))
        row |= {"cases": int((index_of == 1).sum()), "threshold": thresholds[index]}
        row |= at_threshold(scores[known] >= thresholds[index], index_of[known] == 1)
        rows.append(row | ({"told in alignment": name in aligned} if aligned else {}))
    return rows


def at_threshold(called: NDArray[np.bool_], ill: NDArray[np.bool_]) -> dict[str, float]:
    """Return F1, sensitivity and specificity of who is called ill, (N,); NaN where nobody could be right."""
    hits = float((called & ill).sum())
    healthy = float((~called & ~ill).sum())
    return {
        "F1": _share(2 * hits, float(called.sum() + ill.sum())) if len(ill) >= FEWEST else float("nan"),
        "sensitivity": _share(hits, float(ill.sum())),
        "specificity": _share(healthy, float((~ill).sum())),
    }


def show(rows: list[dict[str, object]]) -> None:
    """Print the essence."""
    table = Table("", "AUROC", "95 % interval", "average precision", "F1", "cases", "N", title="Diagnoses")
    for row in rows:
        interval = f"{row['AUROC 2.5 %']:.3f} to {row['AUROC 97.5 %']:.3f}"
        numbers = f"{row['average precision']:.3f}", f"{row['F1']:.3f}", str(row["cases"]), f"{row['N']:.0f}"
        table.add_row(str(row["target"]), f"{row['AUROC']:.3f}", interval, *numbers)
    Console().print(table)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
