"""Do the tables of findings agree with the generator's own record of what went wrong?"""

from pathlib import Path
from typing import NamedTuple

import nibabel
import numpy as np
import pandas as pd

from cmr_ssl.dicom.ukb_zips import find_zips
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS

# fault -> codes of which one must be found; the others leave no trace to find, and must do no harm
FOUND_BY = {
    "lost_basal_slices": ("base-missing",),
    "lost_apical_slices": ("apex-missing",),
    "low_contrast": ("low-contrast",),
    "mistriggered_slice": ("mistriggered",),
    "motion": ("blurred",),
    "duplicate_series": ("re-acquired",),
    "missing_frames": ("repeated-frames", "missing-frames"),
    "wrap_around": ("wrap-around",),
    "swapped_view": ("wrong-name",),
    "wrong_view_name": ("wrong-name",),
    "inline_series": ("inline-result",),
    "other_cine": ("other-series",),
    "reacquired_slice": ("re-acquired", "not-a-cine"),  # some were broken off before they were half done
    "missing_file": ("missing-frames",),
    "truncated_member": ("unreadable-image", "missing-frames"),
    "truncated_archive": ("bad-archive",),
}
HARMLESS = ("mixed_series", "shuffled_members", "manifest_misnamed", "manifest_columns", "manifest_missing")
SPOILING = ("reacquired_slice", "missing_file", "truncated_member", "truncated_archive")  # other pixels, or none
RENAMED = ("swapped_view",)  # the generator's files have the wrong names, too
VIEWS_OF = {20208: LONG_AXIS, 20209: (SHORT_AXIS,)}


class Score(NamedTuple):
    """How one fault is found; a visit counts once.

    Attributes:
        fault: its name.
        codes: that mean it.
        struck: visits it struck whose archives are whole.
        found: of these.
        innocent: visits struck by no fault that has one of these codes.
        alarms: of these, with one of the codes.
    """

    fault: str
    codes: tuple[str, ...]
    struck: int
    found: int
    innocent: int
    alarms: int


def read_faults(zips: Path) -> pd.DataFrame:
    """Return the generator's record, with the visit as the importer calls it."""
    faults = pd.read_csv(zips / "faults.csv", dtype={"subject": str}, keep_default_na=False)
    later = faults["visit"].ne(2).map({True: "_", False: ""}) + faults["visit"].astype(str).where(
        faults["visit"] != 2, ""
    )
    return faults.assign(subject=faults["subject"] + later)


def read_findings(folder: Path) -> pd.DataFrame:
    """Return what import, preparing and checks found, a row a finding."""
    return pd.read_csv(folder / "qc" / "findings.csv", dtype={"subject": str})


def visits(zips: Path) -> set[str]:
    """Return all visits of a cohort of archives."""
    return {*find_zips(zips).subjects()}


def scores(faults: pd.DataFrame, findings: pd.DataFrame, everybody: set[str]) -> list[Score]:
    """Compare what struck whom with what was found in whom."""
    struck = faults.groupby("fault")["subject"].agg(set).to_dict()
    found = findings.groupby("code")["subject"].agg(set).to_dict()
    return [_score(fault, codes, struck, found, everybody) for fault, codes in FOUND_BY.items()]


def _score(
    fault: str, codes: tuple[str, ...], struck: dict[str, set[str]], found: dict[str, set[str]], everybody: set[str]
) -> Score:
    torn = struck.get("truncated_archive", set()) if fault != "truncated_archive" else set()
    guilty = struck.get(fault, set()) - torn
    alike = [other for other, theirs in FOUND_BY.items() if {*theirs} & {*codes}]
    innocent = everybody.difference(torn, *(struck.get(other, set()) for other in alike))
    told: set[str] = set().union(*(found.get(code, set()) for code in codes))
    return Score(fault, codes, len(guilty), len(guilty & told), len(innocent), len(innocent & told))


def same_images(folder: Path, faults: pd.DataFrame) -> pd.DataFrame:
    """Return, for each view that the generator wrote as NIfTI too, whether the import has the same pixels and place.

    The columns are `subject`, `view`, `same`, and `faults` of its archive.
    """
    own = faults.groupby(["subject", "field"])["fault"].agg(frozenset).to_dict()
    rows = []
    for there in sorted(path for path in (folder / "truth").iterdir() if path.is_dir()):
        of_visit = own.get((there.name, 0), frozenset())
        for field, views in VIEWS_OF.items():
            struck = own.get((there.name, field), frozenset()) | of_visit
            for view in views:
                same = _same(there / f"{view}.nii.gz", folder / "nifti" / there.name / f"{view}.nii.gz")
                rows.append((there.name, view, same, struck))
    return pd.DataFrame(rows, columns=["subject", "view", "same", "faults"])


def _same(one: Path, other: Path) -> bool:
    if not other.is_file():
        return False
    first, second = (nibabel.Nifti1Image.from_filename(path) for path in (one, other))
    if first.shape != second.shape or not np.allclose(first.affine, second.affine, rtol=0, atol=0.01):
        return False
    return bool(np.array_equal(np.asanyarray(first.dataobj), np.asanyarray(second.dataobj)))
