"""Report of `test` on predicted phenotypes: tables with intervals, and figures."""

from pathlib import Path

import numpy as np
import pandas as pd
from lightning import Trainer
from numpy.typing import NDArray

from cmr_ssl.agreement import Estimate, age_bands, agreement, by_group, classification
from cmr_ssl.callbacks.prediction_report import PredictionReport, Values, alignment_column
from cmr_ssl.cohort.phenotypes import read_phenotypes
from cmr_ssl.conformal import COVERAGE
from cmr_ssl.report.agreement_plots import draw_agreement
from cmr_ssl.report.tables import FOLDER, as_row, file_name, print_folder, print_table, write_csv
from cmr_ssl.tasks.phenotype import PhenotypePrediction

Groups = NDArray[np.str_]

UNKNOWN = Estimate(float("nan"))


class PhenotypeReport(PredictionReport):
    """Write ``test/predicted.csv``, ``test/agreement.csv`` and a figure of each target into the run folder."""

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
        if task.objective.classes:
            self.write_classes(folder, task, subjects, predicted, true[:, 0])
            return
        self.write_numbers(folder, task, subjects, predicted, true)
        if self.subgroups:
            table = trainer.datamodule.table  # type: ignore[attr-defined]
            self.write_subgroups(folder, task, read_groups(Path(table), subjects), predicted, true)

    def write_numbers(
        self, folder: Path, task: PhenotypePrediction, subjects: list[str], predicted: Values, true: Values
    ) -> None:
        """Write predicted and true values, their agreement, and a figure of each target."""
        columns: dict[str, object] = {"subject": subjects}
        rows, covered = [], task.objective.coverages(predicted, true, task.targets)
        for index, name in enumerate(task.targets):
            pair = predicted[:, index], true[:, index]
            columns |= {f"predicted {name}": pair[0], f"true {name}": pair[1]}
            measured = agreement(*pair) | {COVERAGE: covered.get(name, UNKNOWN)}
            rows.append(as_row(name, measured) | alignment_column(task, name))
            draw_agreement(folder / "figures" / f"agreement_{file_name(name)}.png", *pair, name)
        write_csv(folder / FOLDER / "predicted.csv", pd.DataFrame(columns))
        write_csv(folder / FOLDER / "agreement.csv", pd.DataFrame(rows))
        print_table(rows, folder)

    def write_classes(
        self, folder: Path, task: PhenotypePrediction, subjects: list[str], scores: Values, true: Values
    ) -> None:
        """Write probabilities and their measures."""
        names = task.objective.classes
        columns: dict[str, object] = {"subject": subjects}
        columns |= {f"P({name})": scores[:, index] for index, name in enumerate(names)}
        classes = np.where(np.isnan(true), -1, true).astype(np.int64)
        columns["true"] = [names[index] if index >= 0 else "" for index in classes.tolist()]
        write_csv(folder / FOLDER / "predicted.csv", pd.DataFrame(columns))
        row = as_row(task.targets[0], classification(scores, classes))
        write_csv(folder / FOLDER / "agreement.csv", pd.DataFrame([row]))
        print_folder(folder)

    def write_subgroups(
        self, folder: Path, task: PhenotypePrediction, groups: dict[str, Groups], predicted: Values, true: Values
    ) -> None:
        """Write the agreement within each group of subjects."""
        rows = [
            {"group": column, "value": value} | as_row(name, measured)
            for column, values in groups.items()
            for index, name in enumerate(task.targets)
            for value, measured in by_group(predicted[:, index], true[:, index], values).items()
        ]
        write_csv(folder / FOLDER / "subgroups.csv", pd.DataFrame(rows))


def read_groups(table: Path, subjects: list[str]) -> dict[str, Groups]:
    """Return sex and age band of each subject."""
    sex, age = read_phenotypes(table, ["Sex", "Age"], subjects).T
    return {"Sex": np.where(sex == 1, "men", np.where(sex == 0, "women", "unknown")), "Age": age_bands(age)}
