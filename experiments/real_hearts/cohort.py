"""The patients: prepared once, split into folds of alike diagnoses, some of them labelled."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml
from jsonargparse import ArgumentParser

from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.commands.prepare import prepare as prepare_folder
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.report.tables import write_csv
from cmr_ssl.seeds import seed_of
from cmr_ssl.sources import NiftiFiles
from experiments.real_hearts.settings import ALL, Settings

TABLE, GROUP = "phenotypes.csv", "group"
FRACTION = 8  # one of so many training patients of a diagnosis validates, at least one


def prepare(settings: Settings) -> None:
    """Prepare the cines and write the table of each fold; what is there stays.

    Raises:
        FileNotFoundError: if the source has no table.
        ValueError: if it has no diagnoses, or preparing failed.
    """
    patients = read_patients(settings.patients or settings.source / TABLE)
    if prepare_folder(settings.source, settings.cache, short_axis(settings), preparation_of(settings)):
        raise ValueError(f"{settings.source} could not be prepared: see what `prepare` said")
    cohort = read_cohort(settings.cache)
    usable = cohort[(cohort["status"] != "rejected") & cohort["cine"].astype(bool) & cohort["labelled"].astype(bool)]
    patients = patients[patients["subject"].isin(usable["subject"])]
    for fold, table in enumerate(fold_tables(patients, settings.folds, settings.seed)):
        write_csv(settings.table(fold), table)


def preparation_of(settings: Settings) -> Preparation:
    """Return how all cines are prepared."""
    return Preparation(**yaml.safe_load(Path(settings.preparation).read_text()))


def short_axis(settings: Settings) -> NiftiFiles:
    """Return how the files of a patient are called, without other views than the short axis."""
    files = NiftiFiles()
    if settings.files:
        parser = ArgumentParser(exit_on_error=False)
        parser.add_function_arguments(prepare_folder)
        files = parser.instantiate(parser.parse_args(["--source=.", "--out=.", f"--files={settings.files}"])).files
    return replace(files, images={SHORT_AXIS: files.images[SHORT_AXIS]})


def read_patients(path: Path) -> pd.DataFrame:
    """Return the table of patients; raise in one sentence where there is none."""
    if not path.is_file():
        raise FileNotFoundError(f"no table at {path}: it needs columns subject, {GROUP} (diagnosis), LVEF (%), ...")
    table = pd.read_csv(path, dtype={"subject": str})
    missing = sorted({"subject", GROUP} - set(table.columns))
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}: call patients subject, their diagnosis {GROUP}")
    return table


def fold_tables(patients: pd.DataFrame, folds: int, seed: int) -> list[pd.DataFrame]:
    """Return the table once for each fold, with a column ``split``.

    Patients of each diagnosis are dealt in a seeded order, each diagnosis going on at the fold where the last one
    stopped, so that folds are alike in size and diagnoses. A few of the training patients of each diagnosis validate.

    Raises:
        ValueError: if there are fewer patients than folds need.
    """
    if folds < 2 or len(patients) < 3 * folds:
        raise ValueError(f"{len(patients)} usable patients are too few for {folds} folds: name more, or fewer folds")
    ordered = patients.assign(order=[seed_of("folds", seed, subject) for subject in patients["subject"]])
    ordered = ordered.sort_values([GROUP, "order"])
    ordered["fold"] = [index % folds for index in range(len(ordered))]
    return [_split(ordered, fold) for fold in range(folds)]


def _split(ordered: pd.DataFrame, fold: int) -> pd.DataFrame:
    table = ordered.assign(split="train")
    table.loc[table["fold"] == fold, "split"] = "test"
    for _, alike in table[table["split"] == "train"].groupby(GROUP):
        turned = alike.sort_values("order", key=lambda order: order.map(lambda one: seed_of(fold, one)))
        validating = max(1, len(alike) // FRACTION) if len(alike) > 1 else 0
        table.loc[turned.index[:validating], "split"] = "val"
    return table.drop(columns=["order"]).sort_values("subject")


def read_fold(settings: Settings, fold: int) -> pd.DataFrame:
    """Return the table of a fold, indexed by patient."""
    return pd.read_csv(settings.table(fold), dtype={"subject": str}).set_index("subject")


def members(table: pd.DataFrame, *splits: str) -> list[str]:
    """Return the patients of these splits, sorted."""
    return sorted(table.index[table["split"].isin(splits)])


def of_each_diagnosis(table: pd.DataFrame, count: int, seed: int) -> list[str]:
    """Return `count` patients of each diagnosis, `ALL` for all, from a table of those to choose from, sorted."""
    if count == ALL:
        return sorted(table.index)
    groups = table.groupby(GROUP).groups.values()
    return sorted(subject for group in groups for subject in first_subjects(list(group), count, seed))
