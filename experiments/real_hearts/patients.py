"""The table of patients from files as ACDC hands them out: diagnosis from the facts, volumes from the labels.

    python -m experiments.real_hearts.patients --source FOLDER --files configs/sources/acdc.yaml --out patients.csv

Of all frames that are labelled, that with the largest left ventricle counts as ED and that with the smallest as ES.
"""

from argparse import ArgumentParser
from pathlib import Path

import pandas as pd

from cmr_ssl.report.tables import write_csv
from cmr_ssl.sources import NiftiFolder
from cmr_ssl.sources.nifti_files import facts_of
from cmr_ssl.volumes import LabelMap, measure
from experiments.real_hearts.cohort import GROUP, short_axis
from experiments.real_hearts.scores import VOLUMES
from experiments.real_hearts.settings import Settings


def patients(source: Path, files: str, diagnosis: str) -> pd.DataFrame:
    """Return a row a patient: subject, group and volumes of the labels in full field.

    Args:
        source: folder of patients.
        files: how their files are called, as for `prepare`.
        diagnosis: name of the diagnosis among the facts.

    Raises:
        ValueError: if the facts of a patient do not tell the diagnosis.
    """
    folder = NiftiFolder(source, short_axis(Settings(source, files=files)))
    return pd.DataFrame([_row(folder, subject, diagnosis) for subject in folder.subjects()])


def _row(folder: NiftiFolder, subject: str, diagnosis: str) -> dict[str, object]:
    facts = facts_of(folder.folder / subject, folder.files.facts)
    if diagnosis not in facts:
        raise ValueError(f"{subject}: {folder.files.facts} does not tell {diagnosis}: name the diagnosis --diagnosis")
    series = folder.read(subject).series
    maps = {one.view: LabelMap(one.labels.T, one.affine) for one in series if one.labels is not None}
    values = measure(maps, float("nan")).values
    return {"subject": subject, GROUP: facts[diagnosis], **{name: values[name] for name in VOLUMES}}


def main() -> None:
    """Write the table."""
    parser = ArgumentParser(
        prog="python -m experiments.real_hearts.patients", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--source", type=Path, required=True, help="folder of patients")
    parser.add_argument("--files", required=True, help="how files are called, as for `prepare`")
    parser.add_argument("--diagnosis", default="Group", help="name of the diagnosis among the facts")
    parser.add_argument("--out", type=Path, required=True, help="CSV file to write")
    asked = parser.parse_args()
    table = patients(asked.source, asked.files, asked.diagnosis)
    write_csv(asked.out, table)
    print(f"{len(table)} patients in {asked.out}")


if __name__ == "__main__":
    main()
