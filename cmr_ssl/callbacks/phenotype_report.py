"""What `test` says about predicted phenotypes: tables with intervals, and pictures."""

from pathlib import Path

import numpy as np
import pandas as pd
from lightning import Callback, LightningModule, Trainer
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.agreement import age_bands, agreement, by_group, classification
from cmr_ssl.callbacks.gathering import gather_from_all_ranks
from cmr_ssl.data.phenotypes import read_phenotypes
from cmr_ssl.report.agreement_plots import draw_agreement
from cmr_ssl.report.tables import FOLDER, as_row, file_name, print_folder, print_table, write_csv
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.aligned import told
from cmr_ssl.tasks.encoder_task import EncoderTask
from cmr_ssl.tasks.phenotype import PhenotypePrediction

Values = NDArray[np.float64]
Groups = NDArray[np.str_]


class PhenotypeReport(Callback):
    """Write ``test/predicted.csv``, ``test/agreement.csv`` and a figure of each target into the run folder."""

    def __init__(self, subgroups: bool = False) -> None:
        """Choose what is written.

        Args:
            subgroups: also ``test/subgroups.csv``, by sex and age band, from the columns Sex and Age of the table.
        """
        self.subgroups = subgroups
        self.rows: list[tuple[str, list[float], list[float]]] = []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Tensor,  # type: ignore[override]  # what test_step of these tasks returns
        batch: Sample,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep what was predicted; blank samples have no subject."""
        predicted, true = outputs.float().cpu().tolist(), batch.phenotypes.cpu().tolist()
        self.rows += [row for row in zip(batch.subject, predicted, true, strict=True) if row[0]]

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write tables and figures."""
        rows = gather_from_all_ranks(self.rows)
        self.rows = []
        if trainer.is_global_zero and isinstance(pl_module, PhenotypePrediction):
            subjects = [subject for subject, _, _ in rows]
            predicted, true = (np.array([row[part] for row in rows], dtype=np.float64) for part in (1, 2))
            folder = Path(trainer.default_root_dir)
            if pl_module.objective.classes:
                self.write_classes(folder, pl_module, subjects, predicted, true[:, 0])
            else:
                self.write_numbers(folder, pl_module, subjects, predicted, true)
                if self.subgroups:
                    table = trainer.datamodule.table  # type: ignore[attr-defined]
                    self.write_subgroups(folder, pl_module, read_groups(Path(table), subjects), predicted, true)

    def write_numbers(
        self, folder: Path, task: PhenotypePrediction, subjects: list[str], predicted: Values, true: Values
    ) -> None:
        """Write predicted and true values, how they agree, and a figure of each target."""
        columns: dict[str, object] = {"subject": subjects}
        tables = []
        aligned = told(task.targets, task.aligned) if isinstance(task, EncoderTask) else []
        for index, name in enumerate(task.targets):
            columns |= {f"predicted {name}": predicted[:, index], f"true {name}": true[:, index]}
            row = as_row(name, agreement(predicted[:, index], true[:, index]))
            tables.append(row | ({"told in alignment": name in aligned} if aligned else {}))
            path = folder / "figures" / f"agreement_{file_name(name)}.png"
            draw_agreement(path, predicted[:, index], true[:, index], name)
        write_csv(folder / FOLDER / "predicted.csv", pd.DataFrame(columns))
        write_csv(folder / FOLDER / "agreement.csv", pd.DataFrame(tables))
        print_table(tables, folder)

    def write_classes(
        self, folder: Path, task: PhenotypePrediction, subjects: list[str], scores: Values, true: Values
    ) -> None:
        """Write probabilities and how good they are."""
        names = task.objective.classes
        columns: dict[str, object] = {"subject": subjects}
        columns |= {f"P({name})": scores[:, index] for index, name in enumerate(names)}
        known = np.where(np.isnan(true), -1, true).astype(np.int64)
        columns["true"] = [names[index] if index >= 0 else "" for index in known.tolist()]
        write_csv(folder / FOLDER / "predicted.csv", pd.DataFrame(columns))
        measured = classification(scores, known)
        write_csv(folder / FOLDER / "agreement.csv", pd.DataFrame([as_row(task.targets[0], measured)]))
        print_folder(folder)

    def write_subgroups(
        self, folder: Path, task: PhenotypePrediction, groups: dict[str, Groups], predicted: Values, true: Values
    ) -> None:
        """Write the agreement within each group of subjects."""
        tables = [
            {"group": column, "value": value} | as_row(name, measured)
            for column, values in groups.items()
            for index, name in enumerate(task.targets)
            for value, measured in by_group(predicted[:, index], true[:, index], values).items()
        ]
        write_csv(folder / FOLDER / "subgroups.csv", pd.DataFrame(tables))


def read_groups(table: Path, subjects: list[str]) -> dict[str, Groups]:
    """Return sex and age band of each subject."""
    sex, age = read_phenotypes(table, ["Sex", "Age"], subjects).T
    return {"Sex": np.where(sex == 1, "men", np.where(sex == 0, "women", "unknown")), "Age": age_bands(age)}
