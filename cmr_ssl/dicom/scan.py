"""Headers of all images in a subject's archives, and findings on all other files."""

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
from cmr_ssl.dicom.header import ImageHeader, is_multiframe, read_values, to_header
from cmr_ssl.dicom.manifest import FILE, read_manifest
from cmr_ssl.study import Finding

BESIDE = re.compile(
    r"(^|/)(__MACOSX/.*|(\._[^/]*|DICOMDIR|LICENSE[^/]*|README[^/]*|\.DS_Store|Thumbs\.db)$)", re.IGNORECASE
)


@contextmanager
def scanned(archives: list[Path], limits: Limits) -> Iterator[tuple[list[ImageHeader], list[Finding]]]:
    """Open archives and yield the headers of their images, whose pixels can be read until the context ends."""
    headers: list[ImageHeader] = []
    findings: list[Finding] = []
    with ExitStack() as opened:
        for path in archives:
            issues = FileIssues()
            try:
                members = opened.enter_context(open_archive(path, limits, issues))
                headers += _headers(members, issues, limits.seconds)
            except ValueError as error:
                findings.append(Finding("bad-archive", "rejected", "", str(error)))
            findings += issues.findings()
        kept, more = _one_visit(headers)
        yield kept, findings + more


def _headers(members: list[Member], issues: FileIssues, seconds: float) -> list[ImageHeader]:
    names = _names(members, issues)
    headers: list[ImageHeader] = []
    deadline = monotonic() + seconds
    for member in members:
        if monotonic() > deadline:
            raise ValueError(f"the headers of an archive take longer than {seconds:.0f} s to read, which no study's do")
        if FILE.search(member.name) or BESIDE.search(member.name):
            continue
        headers += _images(member, names, issues)
    return headers


def _images(member: Member, names: dict[str, str], issues: FileIssues) -> list[ImageHeader]:
    """Return the headers of the images in one file, unnamed ones with the name in the manifest."""
    try:
        values = read_values(member)
        headers = read_frames(member, values, issues) if is_multiframe(values) else [to_header(member, values)]
    except Refusal as refusal:
        issues.add(refusal.code, member.name, str(refusal), refusal.images)
        return []
    if any(header.bare for header in headers):
        issues.add("no-preamble", member.name, "lacks the preamble of a DICOM file and was read without it")
    if any(header.skewed for header in headers):
        issues.add("skewed", member.name, "has rows and columns of other lengths than 1 or not perpendicular; mended")
    if any(header.commas for header in headers):
        issues.add("decimal-comma", member.name, "has decimal commas, which were read as points")
    return [header._replace(name=header.name or names.get(_base_name(member.name), "")) for header in headers]


def _names(members: list[Member], issues: FileIssues) -> dict[str, str]:
    """Return the series descriptions of files in an archive's manifests, and count files that are absent."""
    names: dict[str, str] = {}
    for member in members:
        if FILE.search(member.name):
            try:
                names |= read_manifest(member)
            except ValueError as error:
                issues.add("manifest", member.name, str(error))
    present = {_base_name(member.name) for member in members}
    for name in (name for name in names if name not in present):
        issues.add("absent-file", name, "stands in the manifest but not in the archive")
    return names


def _one_visit(headers: list[ImageHeader]) -> tuple[list[ImageHeader], list[Finding]]:
    """Keep one visit of one patient: of several visits the one with most images, of several patients none."""
    patients = {header.patient for header in headers if header.patient}
    studies = {header.study for header in headers}
    if len(patients) > 1 and len(studies) > 1:
        message = f"the files belong to {len(patients)} different patients; keep each in a folder of their own"
        return [], [Finding("several-patients", "rejected", "", message, len(patients))]
    visits = Counter(header.date for header in headers if header.date)
    if len(visits) < 2:
        return headers, []
    date = max(visits, key=lambda day: (visits[day], day))
    kept = [header for header in headers if header.date in (date, "")]
    message = (
        f"the files belong to {len(visits)} visits; {len(headers) - len(kept)} images of the other days were left out"
    )
    return kept, [Finding("several-visits", "noted", "", message, len(visits))]


def _base_name(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]
