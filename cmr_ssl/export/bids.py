"""Write a cohort in the layout of BIDS: a folder a subject, a NIfTI file and a sidecar a view.

BIDS (Gorgolewski et al., Scientific Data 2016; 3:160044) knows no heart yet: names and tables follow its rules, the
data type `cardiac` and the suffix `cine` are ours, and `.bidsignore` tells validators so. Label maps are a derivative,
with BIDS's suffix `dseg` and table of classes.
"""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

import cmr_ssl
from cmr_ssl.anatomy import CLASSES, UNLABELLED
from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.files import digest, save_text
from cmr_ssl.journal import RECORDS, Journal, Record, status_of
from cmr_ssl.lock import exclusive_access
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Steps, go_over
from cmr_ssl.sources import NiftiFolder
from cmr_ssl.sources.nifti_output import write_image
from cmr_ssl.study import Series, Study
from cmr_ssl.workers import Workers

JOURNAL, LAYOUT = ".bids", 1
DERIVATIVE = Path("derivatives", "labels")
PARTICIPANTS, DESCRIPTION, SEGMENTS = "participants.tsv", "dataset_description.json", "dseg.tsv"
VERSION = "1.10.0"  # of BIDS
MISSING = "n/a"  # BIDS's empty cell


def write_bids(
    source: NiftiFolder, out: Path, name: str, workers: Workers, withdrawn: Withdrawn, overwrite: bool
) -> Tally:
    """Write images, label maps and tables; see the command `bids`.

    Raises:
        FileExistsError: if `out` holds something that this did not write.
        ValueError: if two subjects would have one folder.
    """
    if out.exists() and not (out / JOURNAL).is_dir() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} holds something else: name an empty folder, or one that `bids` wrote before")
    subjects = withdrawn.remaining(source.subjects(), source.folder)
    check_distinct(subjects)
    settings = digest({"layout": LAYOUT, "files": asdict(source.files)})
    journal = Journal(out / JOURNAL / RECORDS, settings)
    with Tally("writing", out, len(subjects)) as tally, exclusive_access(out / JOURNAL, settings):
        remove_others(out, {record.subject for record in journal.records()} - set(subjects))
        withdrawn.erase(out, journals=[f"{JOURNAL}/{RECORDS}"])
        steps = Steps(source, partial(write_subject, out), settings, out)
        go_over(subjects, steps, journal, tally, partial(folders_of, out), workers, overwrite, out / PARTICIPANTS)
        save_text(out / PARTICIPANTS, participants(journal.latest(subjects)).to_csv(sep="\t", index=False))
        write_descriptions(out, name)
        tally.close(out / PARTICIPANTS)
    return tally


def label_of(subject: str) -> str:
    """Return the label of a subject: letters and digits, as BIDS allows no others."""
    return re.sub(r"[^A-Za-z0-9]", "", subject)


def check_distinct(subjects: Sequence[str]) -> None:
    """Raise ValueError if a subject has no label or two have the same."""
    seen: dict[str, str] = {}
    for subject in subjects:
        label = label_of(subject)
        if not label or seen.setdefault(label, subject) != subject:
            raise ValueError(
                f"BIDS names subjects by letters and digits only, so {subject!r} would be sub-{label}"
                + (f", as {seen[label]!r} is: rename one of them" if label else ": rename it")
            )


def write_subject(out: Path, subject: str, study: Study) -> Record:
    """Write the views of one subject; a study without any is rejected."""
    if not study.series:
        return Record(subject, "rejected", findings=study.findings)
    for folder in folders_of(out, subject):
        shutil.rmtree(folder, ignore_errors=True)  # views that are gone
    label = label_of(subject)
    for series in study.series:
        stem = f"sub-{label}/cardiac/sub-{label}_acq-{series.view.replace('_', '')}"
        write_image(out / f"{stem}_cine.nii.gz", series.pixels, series.affine, series.frame_ms, "cmr_ssl")
        save_text(out / f"{stem}_cine.json", json.dumps(sidecar(series), indent=2) + "\n")
        if series.labels is not None:
            path = out / DERIVATIVE / f"{stem}_dseg.nii.gz"
            write_image(path, series.labels, series.affine, series.frame_ms, "cmr_ssl labels")
    row = {
        "views": ",".join(study.views),
        "problem": "; ".join(f"{item.where} {item.message}" for item in study.findings),
    }
    return Record(subject, status_of(study.findings), findings=study.findings, rows=[row])


def sidecar(series: Series) -> dict[str, object]:
    """Return what is known of a cine beside its pixels; times in seconds, as everywhere in BIDS."""
    times = np.arange(series.pixels.shape[3]) * series.frame_ms / 1e3
    known = {"FrameTimesStart": times.round(6).tolist()} if np.isfinite(times).all() else {}
    return {"View": series.view, "MRAcquisitionType": "2D", **known}


def folders_of(out: Path, subject: str) -> list[Path]:
    """Return the folder of a subject, and that of its label maps where there is one."""
    folder = f"sub-{label_of(subject)}"
    return [out / folder, *(path for path in [out / DERIVATIVE / folder] if path.is_dir())]


def remove_others(out: Path, gone: set[str]) -> None:
    """Remove the folders of subjects who withdrew or are no longer in the source."""
    for subject in sorted(gone):
        for folder in folders_of(out, subject):
            shutil.rmtree(folder, ignore_errors=True)


def participants(records: Sequence[Record]) -> pd.DataFrame:
    """Return BIDS's table of participants, with the subject's own name, its views, and what was wrong with it."""
    rows = [
        {
            "participant_id": f"sub-{label_of(record.subject)}",
            "subject": record.subject,
            "views": row.get("views") or MISSING,
            "problem": row.get("problem") or record.problem or MISSING,
        }
        for record in records
        for row in record.rows or [{}]
    ]
    return pd.DataFrame(rows, columns=["participant_id", "subject", "views", "problem"])


def write_descriptions(out: Path, name: str) -> None:
    """Write what describes the data set and its derivative."""
    made_by = {"GeneratedBy": [{"Name": "cmr_ssl", "Version": cmr_ssl.__version__}]}
    about = {"Name": name, "BIDSVersion": VERSION, "DatasetType": "raw", **made_by}
    save_text(out / DESCRIPTION, json.dumps(about, indent=2) + "\n")
    save_text(out / ".bidsignore", f"**/cardiac/\n{JOURNAL}/\n")
    save_text(out / "README", f"{name}: cine cardiac MR, one folder a subject; acq-VIEW names the plane.\n")
    if (out / DERIVATIVE).is_dir():
        about |= {"Name": f"{name}: label maps", "DatasetType": "derivative"}
        save_text(out / DERIVATIVE / DESCRIPTION, json.dumps(about, indent=2) + "\n")
        classes = [*enumerate(CLASSES), (UNLABELLED, "unlabelled")]
        lines = ["index\tname", *(f"{index}\t{name}" for index, name in classes)]
        save_text(out / DERIVATIVE / SEGMENTS, "\n".join(lines) + "\n")
