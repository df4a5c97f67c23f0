"""Findings of an import as records, like those of preparation; subjects it rejected are in no cache."""

from pathlib import Path
from typing import cast

import pandas as pd

from cmr_ssl.dicom.import_tables import FINDINGS, SUBJECTS
from cmr_ssl.journal import Record
from cmr_ssl.study import Finding, Severity


def read_imported(folder: Path) -> list[Record]:
    """Return a record of each subject with findings of `import-ukb` or `import-dicom`.

    Raises:
        FileNotFoundError: if the folder holds no finished import.
    """
    if missing := [name for name in (SUBJECTS, FINDINGS) if not (folder / name).is_file()]:
        raise FileNotFoundError(f"{folder} has no {missing[0]}: name the --out of an import, once it has ended")
    subjects, findings = (pd.read_csv(folder / name, dtype=str, keep_default_na=False) for name in (SUBJECTS, FINDINGS))
    status = dict(zip(subjects["subject"], subjects["status"], strict=True))
    return [
        Record(str(subject), status[subject], "", "", [_finding(row) for row in group.to_dict("records")])
        for subject, group in findings.groupby("subject")
    ]


def _finding(row: dict[str, str]) -> Finding:
    value = float(row["value"]) if row["value"] else None
    return Finding(row["code"], cast(Severity, row["severity"]), row["where"], row["message"], value)
