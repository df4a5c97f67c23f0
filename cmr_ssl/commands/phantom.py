"""The command `phantom`: write a synthetic cohort, or a picture of one of its hearts."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from cmr_ssl.phantom.cohort_spec import FIRST_VISIT, CohortSpec, FaultsName, PathologyName, PresetName
from cmr_ssl.phantom.scanner import read_scanner

if TYPE_CHECKING:
    from rich.progress import Progress


def phantom(
    out: Path | None = None,
    subjects: int = 20,
    seed: int = 7,
    preset: PresetName = "full",
    faults: FaultsName = "none",
    pathology: PathologyName = "mixed",
    workers: int = 1,
    dicom: bool = False,
    overwrite: bool = False,
    preview: Path | None = None,
    subject: int = 1,
    sheet: Path | None = None,
    scanner: str = "default",
    visit: int = FIRST_VISIT,
) -> int:
    """Write a synthetic cohort as NIfTI folders with labels or as UK Biobank's archives, or only pictures of it.

    A table of phenotypes and patients comes with both, and what is to be known of their follow-up; with archives also
    `faults.csv`, a row for everything that went wrong.

    Args:
        out: folder for the cohort; one that holds a cohort of the same settings is continued.
        subjects: how many.
        seed: of the cohort; subject k of a seed is the same however many there are.
        preset: full is UK Biobank's resolution; short has 16 frames of it; small also has pixels of twice the size.
        faults: whether things go wrong as they do at real scanners.
        pathology: of every subject; mixed gives a cohort at the rates of a biobank.
        workers: processes of this machine that work on subjects side by side.
        dicom: write the zip files of DICOM images that UK Biobank hands out; with faults, archives have theirs, too.
        overwrite: replace the cohort or the picture that is already there.
        preview: PNG (ED and ES) or GIF (the whole beat) of one subject instead of a cohort.
        subject: which one to preview, from 1.
        sheet: PNG of all subjects instead of a cohort: ED over ES, without and with labels.
        scanner: name of a file in `configs/scanners`, or a YAML file; only grey values depend on it, so that
            subject k of a seed is the same person, in the same planes, under every scanner.
        visit: of every subject, from 2, the first with imaging; at another one the same heart, unchanged, is planned
            and scanned anew: other planes, breath-holds, coils and noise. Measures of two visits tell repeatability.

    Returns:
        exit status, 0 when everything is written.

    Raises:
        ValueError: if the arguments make no sense or the folder cannot take the cohort.
    """
    least = {
        "subjects": (subjects, 1),
        "workers": (workers, 1),
        "subject": (subject, 1),
        "seed": (seed, 0),
        "visit": (visit, FIRST_VISIT),
    }
    for name, (number, lowest) in least.items():
        if number < lowest:
            raise ValueError(f"--{name} {number} makes no sense: give {lowest} or more")
    if sum(target is not None for target in (out, preview, sheet)) != 1:
        raise ValueError("give one of --out FOLDER for a cohort, --preview FILE for one subject, --sheet FILE for many")
    if pathology not in get_args(PathologyName):
        raise ValueError(f"unknown pathology {pathology!r}: choose one of {', '.join(get_args(PathologyName))}")
    _check_visit(visit, dicom)
    spec = CohortSpec(seed, preset, pathology, faults, scanner=read_scanner(scanner), visit=visit)
    if preview is not None:
        _preview(preview, spec, subject, overwrite)
    if sheet is not None:
        _sheet(sheet, spec, subjects, overwrite)
    if out is not None:
        _cohort(out, spec, subjects, workers, overwrite, dicom)
    return 0


def _check_visit(visit: int, dicom: bool) -> None:
    if dicom and visit != FIRST_VISIT:
        raise ValueError(f"--visit {visit} is of NIfTI folders: archives hold the visits of a subject side by side")


def _preview(path: Path, spec: CohortSpec, subject: int, overwrite: bool) -> None:
    from cmr_ssl.phantom.person import scan
    from cmr_ssl.phantom.pictures import check_preview, write_preview

    check_preview(path, overwrite)
    write_preview(path, scan(spec, subject, spec.visit))
    print(f"wrote {path}")


def _sheet(path: Path, spec: CohortSpec, subjects: int, overwrite: bool) -> None:
    from cmr_ssl.phantom.person import scan
    from cmr_ssl.phantom.pictures import check_sheet, subject_rows, write_sheet

    check_sheet(path, overwrite)
    with _progress() as bar:
        indices = bar.track(range(1, subjects + 1), description="")
        rows = [subject_rows(scan(spec, index, spec.visit)) for index in indices]
    write_sheet(path, rows)
    print(f"wrote {path}")


def _cohort(out: Path, spec: CohortSpec, subjects: int, workers: int, overwrite: bool, dicom: bool) -> None:
    from cmr_ssl.phantom.biobank_zips import ARCHIVES
    from cmr_ssl.phantom.cohort_writer import FOLLOW_UP, NIFTI, open_cohort, write_cohort

    layout = ARCHIVES if dicom else NIFTI
    open_cohort(out, spec, subjects, overwrite, layout)
    with _progress() as bar:
        task = bar.add_task("", total=subjects)
        for done in write_cohort(out, spec, subjects, workers, layout):
            bar.update(task, completed=done)
    print(f"{subjects} subjects in {out}")
    follow_up = json.loads((out / FOLLOW_UP).read_text())
    best = follow_up["best possible concordance"]
    concordance = "" if best is None else f"; best possible concordance {best:.3f}"
    before, after = follow_up["before imaging"], follow_up["after imaging"]
    print(f"heart failure: {before} before imaging, {after} after{concordance}")


def _progress() -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("phantom"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, disable=not sys.stderr.isatty())
