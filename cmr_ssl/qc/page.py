"""The page of quality control: plain HTML, its pictures beside it."""

from collections.abc import Iterable, Mapping
from html import escape

import pandas as pd

from cmr_ssl.preparation.checks.limits import Limit
from cmr_ssl.preparation.finding_codes import ARCHIVES, PREPARING
from cmr_ssl.qc.thumbnails import histogram

COUNTED = ("code", "severity", "decision", "findings", "subjects")
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0}"
    "td,th{padding:.15rem .8rem;text-align:left;border-bottom:1px solid #ddd}"
    "figure{display:inline-block;margin:.5rem 1rem .5rem 0;vertical-align:top}"
    "figcaption{font-size:12px;max-width:24rem}"
    "rect{fill:#4477aa}line{stroke:#cc3311;stroke-width:2}"
)


def page(
    cohort: pd.DataFrame,
    findings: pd.DataFrame,
    measures: pd.DataFrame,
    limits: Mapping[str, Limit],
    worst: str,
    everybody: str,
) -> str:
    """Return the page.

    Args:
        cohort: the cache's table.
        findings: one row a finding.
        measures: the worst value of each check, one row a subject.
        limits: of the checks.
        worst: HTML of the worst cases.
        everybody: HTML of all subjects' crops.
    """
    parts = [
        "<h2>Subjects</h2>",
        table(("status", "subjects"), cohort["status"].value_counts().items()),
        "<h2>Why subjects or parts of them were rejected</h2>",
        table(("code", "decision", "subjects", "example"), count_rejections(findings)),
        "<h2>Findings</h2>",
        table(COUNTED, count_findings(findings)),
        table(("code", "meaning"), explain_codes(findings)),
        "<h2>Worst cases</h2>",
        worst or "<p>None.</p>",
        "<h2>Every subject</h2>",
        "<p>The middle slice at the first frame, the heart's centre marked. What few others have weighs more.</p>",
        everybody,
        "<h2>What was measured</h2>",
        *distributions(cohort),
        "<p>The worst value of each subject; the line is the limit.</p>",
        *(histogram(code, measures[code].to_numpy(float), limits[code].value) for code in measures if code in limits),
        "<h2>Limits</h2>",
        table(("code", "limit", "why"), [(code, limit_text(limit), limit.reason) for code, limit in limits.items()]),
    ]
    head = f'<!doctype html><meta charset="utf-8"><title>Quality control</title><style>{STYLE}</style>'
    return head + "\n".join(["<h1>Quality control</h1>", *parts, ""])


def table(titles: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return an HTML table, or "None." instead of an empty one."""
    lines = ["".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows]
    if not lines:
        return "<p>None.</p>"
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    return f"<table><tr>{head}</tr>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def count_findings(findings: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return rows of `COUNTED`, the most frequent kind of finding first."""
    groups = findings.groupby([*COUNTED[:3]])["subject"].agg(["size", "nunique"]).reset_index()
    return [*groups.sort_values("size", ascending=False).itertuples(index=False, name=None)]


def count_rejections(findings: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return code, decision, subjects and an example of every kind of rejection, the most frequent first."""
    groups = findings[findings["decision"] != "accept"].groupby(["code", "decision"])
    rows = groups.agg(subjects=("subject", "nunique"), example=("message", "first")).reset_index()
    return [*rows.sort_values("subjects", ascending=False).itertuples(index=False, name=None)]


def explain_codes(findings: pd.DataFrame) -> list[tuple[str, str]]:
    """Return codes of import and preparation that occur, with their meanings; the limits explain those of checks."""
    codes = {*findings["code"]}
    return [(code, text) for code, text in (ARCHIVES | PREPARING).items() if code in codes]


def distributions(cohort: pd.DataFrame) -> list[str]:
    """Return histograms of the acquisition of usable subjects."""
    usable = cohort[cohort["status"] != "rejected"]
    columns = {
        "short-axis slices": usable["sa_slices"],
        "frames": usable["frames"],
        "pixel size (mm)": usable["spacing_mm"],
        "heart rate (bpm)": 60_000 / usable["beat_ms"],
    }
    return [histogram(title, values.to_numpy(float)) for title, values in columns.items()]


def limit_text(limit: Limit) -> str:
    """Return a limit in words, and the value beyond which a policy may reject."""
    most, beyond = ("at most", "above") if limit.above else ("at least", "below")
    return f"{most} {limit.value:g}" + (f", rejected {beyond} {limit.certain:g}" if limit.certain is not None else "")
