"""The patients of synthetic cohorts in one table, under the ids that their studies have together."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cmr_ssl.cohort.synthetic import PHANTOM
from cmr_ssl.files import save_text
from cmr_ssl.phantom.cohort_spec import CohortSpec
from cmr_ssl.phantom.patients import patient_table_row
from cmr_ssl.phantom.person import FIRST_ID
from experiments.cohorts import Cohort, renamed

IDENTITY = "eid"


def write_people(parts: Sequence[Cohort], path: Path) -> None:
    """Write one table of hearts and patients of all parts; what is there stays."""
    if not path.is_file():
        whole = pd.concat([people(part, number) for number, part in enumerate(parts)])
        save_text(path, whole.to_csv(float_format="%.4f"))


def people(part: Cohort, number: int) -> pd.DataFrame:
    """Return hearts and patients of a part, by the ids that its subjects have beside those of other parts.

    Patients follow from the seed, so cohorts that were written before there were patients have them, too.
    """
    hearts = pd.read_csv(part.table, dtype={IDENTITY: str}).set_index(IDENTITY)
    told = json.loads((part.source / PHANTOM).read_text())
    spec = CohortSpec(told["seed"], told["preset"], told["pathology"], told["faults"])
    patients = pd.DataFrame([patient_table_row(spec, int(one) - FIRST_ID) for one in hearts.index], hearts.index)
    whole = pd.concat([hearts[hearts.columns.difference(patients.columns, sort=False)], patients], axis=1)
    return whole.rename(index=lambda name: renamed(name, number))
