"""Findings as rows of one table, those of preparing and those of the checks of prepared planes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from cmr_ssl.journal import Record
from cmr_ssl.planes import VIEWS
from cmr_ssl.preparation.checks.limits import Limit, beyond, certain
from cmr_ssl.preparation.checks.prepared_planes import Measure
from cmr_ssl.preparation.policy import Decision, Policy
from cmr_ssl.study import Severity

WHERE = re.compile(r"(?P<view>\S+)(?: slice (?P<slices>[\d, ]+))?")


class FindingRow(NamedTuple):
    """One finding.

    Attributes:
        subject: the id.
        view: where; empty for the whole subject.
        slice: of the source series, counted from 0; None for the whole view.
        code: what was found, stable.
        severity: noted, repaired or rejected, when it was found.
        decision: what the policy makes of it.
        value: what was measured, None where nothing was.
        message: a sentence.
    """

    subject: str
    view: str
    slice: int | None
    code: str
    severity: Severity
    decision: Decision
    value: float | None
    message: str


def from_record(record: Record, policy: Policy) -> Iterator[FindingRow]:
    """Yield what preparing found, a row for each slice."""
    for found in record.findings:
        match = WHERE.fullmatch(found.where)
        view = match["view"] if match and match["view"] in VIEWS else found.where
        slices = [int(index) for index in match["slices"].split(",")] if match and match["slices"] else [None]
        lost = record.status == found.severity == "rejected"
        decision: Decision = "reject-subject" if lost else policy.decide(found.code, found.severity, view)
        for index in slices:
            yield FindingRow(
                record.subject, view, index, found.code, found.severity, decision, found.value, found.message
            )


def from_measures(
    subject: str, measures: Iterable[Measure], limits: Mapping[str, Limit], policy: Policy
) -> Iterator[FindingRow]:
    """Yield what lies beyond its limit; what is not certain is accepted, whatever the policy says of its kind."""
    for code, view, index, value, _ in beyond([*measures], limits):
        message = limits[code].message.format(value=value)
        decision: Decision = policy.decide(code, "noted", view) if certain(value, limits[code]) else "accept"
        yield FindingRow(subject, view, index if index >= 0 else None, code, "noted", decision, value, message)
