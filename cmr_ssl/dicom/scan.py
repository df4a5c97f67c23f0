"""Every image of a subject's archives, by header only: what the files are, and what they are not."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

from cmr_ssl.dicom.archive import Limits, Member, open_archive
from cmr_ssl.dicom.elements import Refusal
from cmr_ssl.dicom.enhanced import read_frames
from cmr_ssl.dicom.file_issues import FileIssues
from cmr_ssl.dicom.header import Header, many_frames, read_values, to_header
from cmr_ssl.dicom.manifest import FILE, read_manifest
from cmr_ssl.study import Finding

BESIDE = re.compile(r"(^|/)(DICOMDIR|LICENSE[^/]*|README[^/]*|\.DS_Store|Thumbs\.db)$", re.IGNORECASE)


@contextmanager
def scanned(archives: list[Path], limits: Limits) -> Iterator[tuple[list[Header], list[Finding]]]:
    """Open archives and yield the headers of all their images; the images can be read until the context ends."""
    headers: list[Header] = []
    findings: list[Finding] = []
    with ExitStack() as opened:
        for path in archives:
            odd = FileIssues()
            try:
                members = opened.enter_context(open_archive(path, limits, odd))
                headers += _headers(members, odd, limits.seconds)
            except ValueError as error:
                findings.append(Finding("bad-archive", "rejected", "", str(error)))
            findings += odd.findings()
        one, found = _one_person(headers)
        yield one, findings + found


def _headers(members: list[Member], odd: FileIssues, seconds: float) -> list[Header]:
    names = _names(members, odd)
    headers: list[Header] = []
    deadline = monotonic() + seconds
    for member in members:
        if monotonic() > deadline:
            raise ValueError(f"the headers of an archive take longer than {seconds:.0f} s to read, which no study's do")
        if FILE.search(member.name) or BESIDE.search(member.name):
            continue
        headers += _images(member, names, odd)
    return headers


def _images(member: Member, names: dict[str, str], odd: FileIssues) -> list[Header]:
    """Return the headers of the images in one file; what is wrong with it is counted."""
    try:
        values = read_values(member)
        found = read_frames(member, values, odd) if many_frames(values) else [to_header(member, values)]
    except Refusal as refusal:
        odd.add(refusal.code, member.name, str(refusal))
        return []
    if any(one.bare for one in found):
        odd.add("no-preamble", member.name, "lacks the preamble of a DICOM file and was read without it")
    if any(one.commas for one in found):
        odd.add("decimal-comma", member.name, "has decimal commas, which were read as points")
    return [one if one.name else one._replace(name=names.get(_base(member.name), "")) for one in found]


def _names(members: list[Member], odd: FileIssues) -> dict[str, str]:
    """Return what the manifests of an archive call the series of each file; files they miss are counted."""
    names: dict[str, str] = {}
    for member in members:
        if FILE.search(member.name):
            try:
                names |= read_manifest(member)
            except ValueError as error:
                odd.add("manifest", member.name, str(error))
    present = {_base(member.name) for member in members}
    for name in names:
        if name not in present:
            odd.add("absent-file", name, "stands in the manifest but not in the archive")
    return names


def _one_person(headers: list[Header]) -> tuple[list[Header], list[Finding]]:
    """Keep one patient's one visit: of several visits the one with most images, of several patients none."""
    patients = {header.patient for header in headers if header.patient}
    studies = {header.study for header in headers}
    if len(patients) > 1 and len(studies) > 1:
        message = f"the files belong to {len(patients)} different patients; keep each in a folder of their own"
        return [], [Finding("several-patients", "rejected", "", message, len(patients))]
    visits = Counter(header.date for header in headers)
    if len(visits) < 2:
        return headers, []
    date = max(visits, key=lambda day: (visits[day], day))
    kept = [header for header in headers if header.date == date]
    message = (
        f"the files belong to {len(visits)} visits; {len(headers) - len(kept)} images of the other days were left out"
    )
    return kept, [Finding("several-visits", "noted", "", message, len(visits))]


def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]
