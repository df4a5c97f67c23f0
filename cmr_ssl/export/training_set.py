"""Write the labelled frames of a cache as a training set for nnU-Net and MONAI."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open

from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.splits import Fractions, Split, split_cohort
from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.export.case_lists import CHANNEL, FOLDERS, SUFFIX, Case, dataset, decathlon, nnunet_splits
from cmr_ssl.export.class_numbers import ClassNumbers, chosen_classes
from cmr_ssl.export.labelled_frames import LabelledFrame, StackPlanes, labelled_frames
from cmr_ssl.files import digest, save_text
from cmr_ssl.journal import RECORDS, Journal, Record
from cmr_ssl.lock import exclusive_access
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.preparation.cache import PreparedSubject, raise_unless_damaged, read_settings, subject_file
from cmr_ssl.preparation.cached_subjects import CachedSubjects
from cmr_ssl.report.tables import write_csv
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Steps, go_over
from cmr_ssl.sources.nifti_output import write_image
from cmr_ssl.workers import Workers

DATASET, SPLITS_FINAL, DECATHLON = "dataset.json", "splits_final.json", "decathlon.json"
CASES = "cases.csv"
JOURNAL = ".lists"
LAYOUT = 1  # of what is written
CASE = re.compile(rf"(.+)_frame\d+(?:{CHANNEL})?{re.escape(SUFFIX)}")
DESCRIPTION = "cmr_ssl"


class Chosen(NamedTuple):
    """What becomes part of a set.

    Attributes:
        splits: labelled subjects and the split of each.
        numbers: of the classes.
        every: whether all labelled frames are written, not only ED and ES.
    """

    splits: dict[str, Split]
    numbers: ClassNumbers
    every: bool


def chosen(
    cache: Path,
    classes: Sequence[str] | None,
    every: bool,
    split: Callable[[pd.DataFrame], "pd.Series[str]"],
    withdrawn: Withdrawn,
) -> Chosen:
    """Return what becomes part of a set; see the command `lists`.

    Raises:
        FileNotFoundError: if there is no complete cache.
        ValueError: if nobody is labelled, a split of training is empty, or there is no such class.
    """
    cohort = read_cohort(cache, withdrawn)
    cohort = cohort[(cohort["status"] != "rejected") & cohort["labelled"].astype(bool)]
    drawn = {subject: drawn_classes(subject_file(cache, subject)) for subject in cohort["subject"]}
    cohort = cohort[cohort["subject"].map(drawn).map(bool)]
    if cohort.empty:
        raise ValueError(f"no subject of {cache} has a labelled short-axis slice: prepare studies that have label maps")
    splits = dict(zip(cohort["subject"], split(cohort), strict=True))
    for name in ("train", "val"):
        if name not in splits.values():
            raise ValueError(
                f"none of the {len(splits)} labelled subjects is in {name}, and nnU-Net would split frames of one "
                "person: give other --fractions or a --split_column"
            )
    return Chosen(splits, chosen_classes(classes, (drawn[subject] for subject in splits)), every)


def drawn_classes(path: Path) -> frozenset[int]:
    """Return the classes that are annotated on labelled short-axis slices of a prepared file; empty if damaged."""
    try:
        with safe_open(path, "np") as file:
            view, labelled, annotated = (file.get_tensor(name) for name in ("view", "labelled", "annotated"))
    except (OSError, SafetensorError) as error:
        raise_unless_damaged(error, path)
        return frozenset()  # and the subject is told when it is read
    planes = np.unique(labelled[:, 0])
    short = planes[view[planes] == VIEWS.index(SHORT_AXIS)]
    return frozenset(np.flatnonzero(annotated[short].any(axis=0)).tolist())


def write_training_set(
    cache: Path, out: Path, what: Chosen, workers: Workers, withdrawn: Withdrawn, overwrite: bool
) -> Tally:
    """Write images, label maps and lists; see the command `lists`."""
    made = {"cache": read_settings(cache)["digest"], "layout": LAYOUT, "numbers": what.numbers, "every": what.every}
    settings = digest(made)
    journal = Journal(out / JOURNAL / RECORDS, settings)
    subjects = sorted(what.splits)
    with Tally("writing", out, len(subjects)) as tally, exclusive_access(out / JOURNAL, settings):
        withdrawn.erase(out, journals=[f"{JOURNAL}/{RECORDS}"])
        remove_cases(out, lambda path: withdrawn.includes(subject_of(path)))
        known = {record.subject: record for record in journal.records()}
        steps = Steps(CachedSubjects(cache), partial(write_subject, what, out), settings, out)
        outputs = partial(_outputs, known, what.splits, out)
        go_over(subjects, steps, journal, tally, outputs, workers, overwrite, out / DATASET)
        records = journal.latest(subjects)
        cases = [case for record in records for case in cases_of(record, what.splits)]
        files = {out / name for case in cases for name in (case.image, case.labels)}
        remove_cases(out, lambda path: path not in files)
        write_lists(out, cases, what.numbers.names(any(row["ignored"] for record in records for row in record.rows)))
        write_csv(out / CASES, cases_table(records, what.splits))
        tally.close(out / CASES)
    return tally


def write_subject(what: Chosen, out: Path, subject: str, prepared: PreparedSubject) -> Record:
    """Write the frames of one subject; the record keeps their names."""
    stack = StackPlanes(*(getattr(prepared, name) for name in StackPlanes._fields))
    rows = [_write(what, out, subject, frame) for frame in labelled_frames(stack, what.every)]
    return Record(subject, "accepted", rows=rows)


def _write(what: Chosen, out: Path, subject: str, frame: LabelledFrame) -> dict[str, object]:
    case = Case(f"{quote(subject, safe=' ')}_frame{frame.frame:02d}", what.splits[subject])
    numbered = what.numbers.numbered(frame.labels, frame.annotated)
    write_image(out / case.image, frame.image, frame.affine, np.nan, DESCRIPTION)
    write_image(out / case.labels, numbered, frame.affine, np.nan, DESCRIPTION)
    return {"case": case.name, "ignored": bool((numbered == what.numbers.ignored).any())}


def cases_of(record: Record, splits: dict[str, Split]) -> Iterator[Case]:
    """Yield the cases of a subject's record."""
    for row in record.rows:
        yield Case(row["case"], splits[record.subject])


def cases_table(records: Sequence[Record], splits: dict[str, Split]) -> pd.DataFrame:
    """Return a row a case, and one with the reason for each subject that has none."""
    rows = [
        {"subject": record.subject, "split": splits[record.subject], "case": row.get("case"), "problem": record.problem}
        for record in records
        for row in record.rows or [{}]
    ]
    return pd.DataFrame(rows, columns=["subject", "split", "case", "problem"])


def write_lists(out: Path, cases: list[Case], numbers: dict[str, int]) -> None:
    """Write the three lists beside the images."""
    lists = {
        DATASET: dataset(out.name, cases, numbers),
        SPLITS_FINAL: nnunet_splits(cases),
        DECATHLON: decathlon(out.name, cases, numbers),
    }
    for name, content in lists.items():
        save_text(out / name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def remove_cases(out: Path, gone: Callable[[Path], bool]) -> None:
    """Remove the files of cases that are gone: withdrawn, in another split, or of other frames."""
    for folder in sorted({name for pair in FOLDERS.values() for name in pair}):
        for path in sorted((out / folder).glob(f"*{SUFFIX}")):
            if CASE.fullmatch(path.name) and gone(path):
                path.unlink()


def subject_of(path: Path) -> str:
    """Return the subject of a case's file."""
    match = CASE.fullmatch(path.name)
    return unquote(match[1]) if match else ""


def split_by(
    fractions: Fractions, column: str | None, table: Path | None
) -> Callable[[pd.DataFrame], "pd.Series[str]"]:
    """Return what splits a cohort table as training does."""
    return partial(split_cohort, fractions=fractions, column=column, table=table)


def _outputs(known: dict[str, Record], splits: dict[str, Split], out: Path, subject: str) -> list[Path]:
    cases = [*cases_of(known[subject], splits)] if subject in known else []
    return [out / name for case in cases for name in (case.image, case.labels)]
