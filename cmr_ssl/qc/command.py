"""The command `qc`: one page, a table of findings, and a table of what was measured."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pandas as pd
from rich.console import Console
from rich.progress import track
from rich.table import Table

from cmr_ssl.data.cache import read_settings, write_atomically
from cmr_ssl.data.checks.limits import Limit, beyond, excess, with_values
from cmr_ssl.data.checks.scene import Measure
from cmr_ssl.data.cohort import read_cohort
from cmr_ssl.data.journal import Record, read_records
from cmr_ssl.data.policy import Policy
from cmr_ssl.data.withdrawal import read_withdrawn
from cmr_ssl.qc.crops import overview
from cmr_ssl.qc.findings import Row, from_measures, from_record
from cmr_ssl.qc.imported import read_imported
from cmr_ssl.qc.measuring import measure_cohort, read_prepared
from cmr_ssl.qc.page import COUNTED, counted, page
from cmr_ssl.qc.pictures import thumbnail

PAGE, FINDINGS, MEASURES, THUMBNAILS = "index.html", "findings.csv", "measures.csv", "thumbnails"

NO_POLICY = Policy()

Result = tuple[str, list[Measure]]


class Seen(NamedTuple):
    """What is kept of a subject's measures: those beyond their limits, and the worst of each check by its code."""

    beyond: list[Measure]
    worst: dict[str, Measure]


def qc(
    cache: Path,
    out: Path,
    limits: dict[str, float] | None = None,
    policy: Policy = NO_POLICY,
    imported: Path | None = None,
    worst: int = 6,
    workers: int = 1,
    withdrawn: Path | None = None,
) -> int:
    """Write the quality control of a prepared cohort: a page, every finding as a row, and what was measured.

    Each row of `findings.csv` has the policy's decision; train without what it rejects by `--data.findings FILE`.

    Args:
        cache: folder made by `python -m cmr_ssl prepare`.
        out: folder for `index.html`, `findings.csv`, `measures.csv`, `thumbnails` and `crops`; made if absent.
        limits: other limits of checks, such as `{low-contrast: 0.25}`; the page lists all.
        policy: what each kind of finding leads to, such as `configs/policy/default.yaml`; without one all is kept.
        imported: folder of the import that was prepared; what it found joins the table.
        worst: cases of each kind to show.
        workers: processes that measure side by side.
        withdrawn: text or CSV file of participants who withdrew and are left out.

    Returns:
        Exit status, 0.

    Raises:
        FileNotFoundError: if there is no complete cache, or no import where one is named.
        ValueError: if a limit or a decision is of nothing that is known, or a prepared file is damaged.
    """
    known = with_values(limits or {})
    gone = read_withdrawn(withdrawn)
    cohort = read_cohort(cache, gone)
    usable = list(cohort["subject"][cohort["status"] != "rejected"])
    before = [one for one in read_imported(imported) if not gone.includes(one.subject)] if imported else []
    results = _watched(measure_cohort(cache, usable, workers), len(usable))
    seen = {subject: see(measures, known) for subject, measures in results}
    findings = gather([*before, *latest_records(cache, set(cohort["subject"]))], seen, known, policy)
    measures = worst_values(seen, known)
    shown = draw_worst(cache, out, seen, known, worst)
    _write(out / FINDINGS, findings.to_csv(index=False, float_format="%.5g"))
    _write(out / MEASURES, measures.to_csv(index=False, float_format="%.5g"))
    everybody = overview(cache, out, cohort, findings, measures, known)
    _write(out / PAGE, page(cohort, findings, measures, known, shown, everybody))
    _say(findings, out)
    return 0


def see(measures: Sequence[Measure], limits: Mapping[str, Limit]) -> Seen:
    """Return what is worth keeping of a subject's measures."""
    ordered = sorted(measures, key=lambda measure: excess(measure.value, limits[measure.code]))
    return Seen(beyond(measures, limits), {measure.code: measure for measure in ordered})


def latest_records(cache: Path, subjects: set[str]) -> list[Record]:
    """Return what preparing found in subjects of a cache."""
    records = read_records(cache, str(read_settings(cache)["digest"]))
    return [*{record.subject: record for record in records if record.subject in subjects}.values()]


def gather(
    records: Iterable[Record], seen: Mapping[str, Seen], limits: Mapping[str, Limit], policy: Policy
) -> pd.DataFrame:
    """Return all findings of a cohort, those of import and preparing first, sorted by subject."""
    rows = [row for record in records for row in from_record(record, policy)]
    rows += [row for subject, one in seen.items() for row in from_measures(subject, one.beyond, limits, policy)]
    table = pd.DataFrame(rows, columns=list(Row._fields)).astype({"slice": "Int64", "value": float})
    return table.sort_values("subject", kind="stable", ignore_index=True)


def worst_values(seen: Mapping[str, Seen], limits: Mapping[str, Limit]) -> pd.DataFrame:
    """Return the worst value of each check, one row a subject, NaN where it could not be measured."""
    rows = [{"subject": subject} | {code: m.value for code, m in one.worst.items()} for subject, one in seen.items()]
    return pd.DataFrame(rows, columns=["subject", *limits])


def draw_worst(cache: Path, out: Path, seen: Mapping[str, Seen], limits: Mapping[str, Limit], count: int) -> str:
    """Draw the worst cases beyond each limit into the folder and return their HTML."""
    shutil.rmtree(out / THUMBNAILS, ignore_errors=True)
    parts = []
    for code, limit in limits.items():
        cases = [(subject, one.worst[code]) for subject, one in seen.items() if code in one.worst]
        cases = [case for case in cases if excess(case[1].value, limit) > 0]
        cases = sorted(cases, key=lambda case: -excess(case[1].value, limit))[:count]
        parts += [f"<h3>{escape(code)}</h3>"] if cases else []
        parts += [_case(cache, out, subject, measure, limit) for subject, measure in cases]
    return "\n".join(parts)


def _case(cache: Path, out: Path, subject: str, measure: Measure, limit: Limit) -> str:
    """Draw one case and return its HTML."""
    path = out / THUMBNAILS / f"{measure.code}_{quote(subject)}.png"
    picture = thumbnail(read_prepared(cache, subject), measure.plane)
    write_atomically(path, lambda stream: stream.write(picture))
    caption = f"{subject}: {limit.message.format(value=measure.value)}"
    source = quote(f"{THUMBNAILS}/{path.name}")
    return f'<figure><img src="{source}" alt=""><figcaption>{escape(caption)}</figcaption></figure>'


def _watched(results: Iterator[Result], total: int) -> Iterator[Result]:
    """Show how far measuring is."""
    console = Console(stderr=True)
    yield from track(results, "measuring", total, console=console, disable=not console.is_terminal)


def _write(path: Path, text: str) -> None:
    write_atomically(path, lambda stream: stream.write(text.encode(errors="backslashreplace")))


def _say(findings: pd.DataFrame, out: Path) -> None:
    """Print how often what was found, and where the page is."""
    console = Console()
    summary = Table(*COUNTED, box=None)
    for row in counted(findings):
        summary.add_row(*map(str, row))
    console.print(summary)
    console.print(f"The page: {out / PAGE}", markup=False, highlight=False, soft_wrap=True)
