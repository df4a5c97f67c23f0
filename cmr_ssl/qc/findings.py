"""Findings of preparation and of the checks of prepared planes, as rows of one table."""

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
    """One finding."""

    subject: str  # the id
    view: str  # name; empty for the whole subject
    slice: int | None  # of the source series, counted from 0; None for the whole view
    code: str  # the finding code
    severity: Severity  # noted, repaired or rejected, when it was found
    decision: Decision  # of the policy
    value: float | None  # measured value, None without one
    message: str  # a sentence


def from_record(record: Record, policy: Policy) -> Iterator[FindingRow]:
    """Yield the findings of preparation, a row for each slice."""
    for finding in record.findings:
        match = WHERE.fullmatch(finding.where)
        view = match["view"] if match and match["view"] in VIEWS else finding.where
        slices = [int(index) for index in match["slices"].split(",")] if match and match["slices"] else [None]
        lost = record.status == finding.severity == "rejected"
        decision: Decision = "reject-subject" if lost else policy.decide(finding.code, finding.severity, view)
        kind = (finding.code, finding.severity, decision, finding.value, finding.message)
        yield from (FindingRow(record.subject, view, index, *kind) for index in slices)


def from_measures(
    subject: str, measures: Iterable[Measure], limits: Mapping[str, Limit], policy: Policy
) -> Iterator[FindingRow]:
    """Yield the measures beyond their limits; a policy rejects only certain ones."""
    for code, view, index, value, _ in beyond([*measures], limits):
        message = limits[code].message.format(value=value)
        decision: Decision = policy.decide(code, "noted", view) if certain(value, limits[code]) else "accept"
        yield FindingRow(subject, view, index if index >= 0 else None, code, "noted", decision, value, message)
