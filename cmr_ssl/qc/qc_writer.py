"""Quality control of a cohort: a page, a table of findings and a table of measures."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pandas as pd
from rich.console import Console
from rich.table import Table

from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.files import digest, save, save_text
from cmr_ssl.journal import RECORDS, Journal, Record, read_records
from cmr_ssl.lock import exclusive_access
from cmr_ssl.preparation.cache import PreparedSubject, read_prepared, read_settings
from cmr_ssl.preparation.cached_subjects import CachedSubjects
from cmr_ssl.preparation.checks.all_checks import run_checks
from cmr_ssl.preparation.checks.limits import Limit, beyond, excess, with_values
from cmr_ssl.preparation.checks.prepared_planes import Measure
from cmr_ssl.preparation.policy import Policy
from cmr_ssl.qc.crops import overview
from cmr_ssl.qc.findings import FindingRow, from_measures, from_record
from cmr_ssl.qc.imported import read_imported
from cmr_ssl.qc.page import COUNTED, count_findings, page
from cmr_ssl.qc.thumbnails import thumbnail
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Steps, go_over
from cmr_ssl.workers import Workers

PAGE, FINDINGS, MEASURES, THUMBNAILS = "index.html", "findings.csv", "measures.csv", "thumbnails"
JOURNAL = ".qc"
CHECKS = 1  # version of what the checks measure


class WorstMeasures(NamedTuple):
    """The measures of a subject beyond their limits, and the worst of each check by its code."""

    beyond: list[Measure]
    worst: dict[str, Measure]


def write_qc(
    cache: Path,
    out: Path,
    limits: dict[str, float],
    policy: Policy,
    imported: Path | None,
    worst: int,
    workers: Workers,
    withdrawn: Withdrawn,
    overwrite: bool,
) -> Tally:
    """Write page, findings, measures and thumbnails; see the command `qc`."""
    all_limits = with_values(limits)
    cohort = read_cohort(cache, withdrawn)
    usable = list(cohort["subject"][cohort["status"] != "rejected"])
    records = read_imported(imported) if imported else []
    records = [record for record in records if not withdrawn.includes(record.subject)]
    records += latest_records(cache, set(cohort["subject"]))
    settings = digest({"cache": str(read_settings(cache)["digest"]), "checks": CHECKS})
    with Tally("measuring", out, len(usable)) as tally, exclusive_access(out / JOURNAL, settings):
        withdrawn.erase(out, journals=[f"{JOURNAL}/{RECORDS}"])
        results = measure_cohort(cache, usable, workers, Journal(out / JOURNAL / RECORDS, settings), tally, overwrite)
        damaged = {record.subject: record for record in results if record.status == "rejected"}
        read = [record for record in results if record.subject not in damaged]
        measured = {record.subject: worst_measures(measures_of(record), all_limits) for record in read}
        records += damaged.values()
        findings = findings_table(records, measured, all_limits, policy)
        values = worst_values(measured, all_limits)
        cases = draw_worst(cache, out, measured, all_limits, worst)
        save_text(out / FINDINGS, findings.to_csv(index=False, float_format="%.5g"))
        save_text(out / MEASURES, values.to_csv(index=False, float_format="%.5g"))
        everybody = overview(cache, out, cohort[~cohort["subject"].isin([*damaged])], findings, values, all_limits)
        save_text(out / PAGE, page(cohort, findings, values, all_limits, cases, everybody))
        _print_summary(findings, out)
    return tally


def measure_cohort(
    cache: Path, subjects: Sequence[str], workers: Workers, journal: Journal, tally: Tally, overwrite: bool = False
) -> list[Record]:
    """Measure the subjects that have not been measured as they are, and return the records of all."""
    steps = Steps(CachedSubjects(cache), measure_subject, journal.settings, cache)
    go_over(subjects, steps, journal, tally, workers=workers, overwrite=overwrite)
    return journal.latest(subjects)


def measure_subject(subject: str, prepared: PreparedSubject) -> Record:
    """Return the record of a subject, with a row a measure."""
    rows = [measure._asdict() | {"value": float(measure.value)} for measure in run_checks(prepared)]
    return Record(subject, "accepted", rows=rows)


def measures_of(record: Record) -> list[Measure]:
    """Return the measures of a record."""
    return [Measure(**row) for row in record.rows]


def worst_measures(measures: Sequence[Measure], limits: Mapping[str, Limit]) -> WorstMeasures:
    """Return the measures of a subject that the page may show."""
    ordered = sorted(measures, key=lambda measure: excess(measure.value, limits[measure.code]))
    return WorstMeasures(beyond(measures, limits), {measure.code: measure for measure in ordered})


def latest_records(cache: Path, subjects: set[str]) -> list[Record]:
    """Return the last record of preparation of each of these subjects."""
    records = read_records(cache, str(read_settings(cache)["digest"]))
    return [*{record.subject: record for record in records if record.subject in subjects}.values()]


def findings_table(
    records: Iterable[Record], measured: Mapping[str, WorstMeasures], limits: Mapping[str, Limit], policy: Policy
) -> pd.DataFrame:
    """Return all findings of a cohort sorted by subject, those of import and preparation first."""
    rows = [row for record in records for row in from_record(record, policy)]
    for subject, measures in measured.items():
        rows += from_measures(subject, measures.beyond, limits, policy)
    table = pd.DataFrame(rows, columns=list(FindingRow._fields)).astype({"slice": "Int64", "value": float})
    return table.sort_values("subject", kind="stable", ignore_index=True)


def worst_values(measured: Mapping[str, WorstMeasures], limits: Mapping[str, Limit]) -> pd.DataFrame:
    """Return the worst value of each check, one row a subject, NaN where it could not be measured."""
    rows = [
        {"subject": subject} | {code: measure.value for code, measure in measures.worst.items()}
        for subject, measures in measured.items()
    ]
    return pd.DataFrame(rows, columns=["subject", *limits])


def draw_worst(
    cache: Path, out: Path, measured: Mapping[str, WorstMeasures], limits: Mapping[str, Limit], count: int
) -> str:
    """Draw the worst cases beyond each limit into the folder and return their HTML."""
    remove_thumbnails(out / THUMBNAILS, limits)
    parts = []
    for code, limit in limits.items():
        worst = [(subject, measures.worst[code]) for subject, measures in measured.items() if code in measures.worst]
        cases = [(excess(measure.value, limit), subject, measure) for subject, measure in worst]
        cases = sorted((case for case in cases if case[0] > 0), key=lambda case: -case[0])[:count]
        parts += [f"<h3>{escape(code)}</h3>"] if cases else []
        parts += [_draw_case(cache, out, subject, measure, limit) for _, subject, measure in cases]
    return "\n".join(parts)


def remove_thumbnails(folder: Path, codes: Iterable[str]) -> None:
    """Remove an earlier page's pictures, and the folder if it is empty then."""
    for path in [path for code in codes for path in folder.glob(f"{code}_*.png")]:
        path.unlink()
    with suppress(OSError):  # not empty, or not there
        folder.rmdir()


def _draw_case(cache: Path, out: Path, subject: str, measure: Measure, limit: Limit) -> str:
    """Draw one case and return its HTML."""
    path = out / THUMBNAILS / f"{measure.code}_{quote(subject)}.png"
    save(path, thumbnail(read_prepared(cache, subject), measure.plane))
    caption = f"{subject}: {limit.message.format(value=measure.value)}"
    source = quote(f"{THUMBNAILS}/{path.name}")
    return f'<figure><img src="{source}" alt=""><figcaption>{escape(caption)}</figcaption></figure>'


def _print_summary(findings: pd.DataFrame, out: Path) -> None:
    """Print the counts of findings and the path of the page."""
    console = Console()
    summary = Table(*COUNTED, box=None)
    for row in count_findings(findings):
        summary.add_row(*map(str, row))
    console.print("Nothing was found." if findings.empty else summary)
    console.print(f"The page: {out / PAGE}", markup=False, highlight=False, soft_wrap=True)
