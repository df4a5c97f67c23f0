"""Write the report of a folder of predictions: a page a subject, a page of the cohort, and the numbers as tables."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import cmr_ssl
from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.files import digest, save_text, stamp, write_atomically
from cmr_ssl.journal import Record
from cmr_ssl.lock import exclusive_access
from cmr_ssl.measures import Value
from cmr_ssl.pages.cohort_page import Summary, cohort_page
from cmr_ssl.pages.flaws import Flaws
from cmr_ssl.pages.numbers import dictionary, phenotype_column, regional_column
from cmr_ssl.pages.percentiles import Reference, with_values
from cmr_ssl.pages.predictions import Predicted, Predictions, numbers
from cmr_ssl.pages.render import Provenance
from cmr_ssl.pages.subject import ReportedSubject, reported_subject
from cmr_ssl.pages.subject_page import subject_page
from cmr_ssl.report.tables import write_csv
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Shard, Steps, go_over
from cmr_ssl.workers import Workers

INDEX, PAGES, JOURNALS = "index.html", "subjects", ".report"
MEASURES, DICTIONARY = "measures", "dictionary.csv"
LAYOUT = 3  # of the pages
NO_PREDICTION = "nothing was predicted"


class Setting(NamedTuple):
    """What all pages share."""

    folder: Path  # of the predictions
    names: tuple[str, ...]  # columns of numbers
    reference: Reference | None  # persons and their values; None without one
    flaws: Flaws  # findings of `qc` and `inspect`
    provenance: Provenance  # of the numbers


def write_report(
    predictions: Predictions,
    reference: Reference | None,
    flaws: Flaws,
    out: Path,
    workers: Workers,
    withdrawn: Withdrawn,
    overwrite: bool,
) -> Tally:
    """Write the report; see the command `report`."""
    subjects = withdrawn.remaining(predictions.subjects(), predictions.folder)
    setting = _setting(predictions, reference, flaws, subjects)
    settings = digest({"layout": LAYOUT, "version": cmr_ssl.__version__, "names": predictions.names})
    journal = Shard().journal(out / JOURNALS, settings)
    with Tally("reporting", out, len(subjects)) as tally, exclusive_access(Shard().folder(out / JOURNALS), settings):
        lines = [f"{JOURNALS}/{name}" for name in Shard().erasable(out / JOURNALS)]
        withdrawn.erase(out, [f"{PAGES}/*.html"], lines, [f"{MEASURES}.*"])
        Shard().remove_halves(out / PAGES)
        steps = Steps(predictions, partial(write_subject, setting, out), settings, out)
        go_over(subjects, steps, journal, tally, partial(_pages, out), workers, overwrite, out / INDEX)
        records = journal.latest(subjects)
        write_tables(out, records, predictions.names)
        summaries = [summary(record) for record in records]
        save_text(out / INDEX, cohort_page(summaries, setting.names, setting.provenance))
        tally.close(out / INDEX)
    return tally


def write_subject(setting: Setting, out: Path, name: str, predicted: Predicted) -> Record:
    """Write the page of one subject; the record keeps its numbers for tables and the cohort's page."""
    subject = reported_subject(name, predicted, setting.names, setting.reference, setting.flaws.get(name, []))
    page = subject_page(subject, predicted, setting.folder / name, setting.provenance)
    save_text(_pages(out, name)[0], page)
    rows = [_summarise(subject, predicted)._asdict(), *(line._asdict() for line in subject.regional)]
    return Record(name, "accepted", rows=rows)


def _summarise(subject: ReportedSubject, predicted: Predicted) -> Summary:
    known = [value for value in subject.values.values() if np.isfinite(value)]
    problem = "" if known else predicted.row.get("problem") or NO_PREDICTION
    serious = sum(severity != "noted" for severity, _ in subject.findings)
    z = {name: float(standing.z) for name, standing in subject.standings.items() if np.isfinite(standing.z)}
    missing = len(subject.values) - len(known)
    person = (float(subject.person.sex), float(subject.person.age))
    return Summary(subject.name, True, *person, subject.values, subject.truth, z, problem, serious, missing)


def summary(record: Record) -> Summary:
    """Return a subject's summary from its record, or the problem if its page failed."""
    if record.rows:
        return Summary(**record.rows[0])
    return Summary(record.subject, False, np.nan, np.nan, {}, {}, {}, record.problem, 0, 0)


def write_tables(out: Path, records: list[Record], names: Iterable[str]) -> None:
    """Write all numbers, one row a subject, as CSV and parquet, and the data dictionary."""
    regional: dict[str, Value] = {}
    rows = []
    for record in records:
        lines = {regional_column(line): line for line in (Value(**values) for values in record.rows[1:])}
        values = {phenotype_column(name): value for name, value in summary(record).values.items()}
        rows.append({"subject": record.subject} | values | {column: line.value for column, line in lines.items()})
        regional |= lines
    columns = ["subject", *map(phenotype_column, names), *regional]
    table = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:], np.float64))
    write_csv(out / f"{MEASURES}.csv", table)
    write_atomically(out / f"{MEASURES}.parquet", lambda stream: table.to_parquet(stream, index=False))
    write_csv(out / DICTIONARY, pd.DataFrame(dictionary(names, regional.values())))


def _pages(out: Path, name: str) -> list[Path]:
    return [out / PAGES / f"{name}.html"]


def _setting(predictions: Predictions, reference: Reference | None, flaws: Flaws, subjects: list[str]) -> Setting:
    made_by = predictions.made_by
    if reference is not None:
        rows = {subject: numbers(predictions.rows[subject], predictions.names) for subject in subjects}
        reference = with_values(reference, pd.DataFrame.from_dict(rows, orient="index", columns=[*predictions.names]))
    unknown = "unknown: predicted by an earlier version"
    source = "" if reference is None else reference.source
    lines = [
        ("Model", made_by.get("task", unknown)),
        ("Checkpoint fingerprint", made_by.get("checkpoint", unknown)),
        ("Predicted by", f"cmr_ssl {made_by['cmr_ssl']}, torch {made_by['torch']}" if made_by else unknown),
        ("Reported by", f"cmr_ssl {cmr_ssl.__version__} on {date.today().isoformat()}"),
        ("Reference", source or "none"),
    ]
    provenance = Provenance(source, lines, made_by.get("synthetic") == "True")
    return Setting(predictions.folder, predictions.names, reference, flaws, provenance)


def context_of(files: Iterable[Path | None]) -> str:
    """Return a digest of files every page depends on, by name, size and time."""
    return stamp((path.name, path.stat()) for path in files if path is not None)
