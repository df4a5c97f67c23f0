"""A scanner's archive in UK Biobank's style: DICOM files without folders, and a manifest."""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import numpy as np

from cmr_ssl.phantom.dicom import CineHeader, cine_header, frame_bytes, frame_uid
from cmr_ssl.phantom.examination import (
    LONG_AXIS_FIELD,
    SHORT_AXIS_FIELD,
    Exam,
    PhantomCine,
    long_axis_cines,
    short_axis_cines,
)
from cmr_ssl.phantom.person import PhantomStudy

MANIFEST = "manifest.csv"
COLUMNS = ("filename", "patientid", "studyid", "date", "modality", "series discription", "seriesid")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of zips; a fixed time makes equal archives equal bytes
COMPRESSION = 1  # noise hardly compresses


class Archive(NamedTuple):
    """One field of one visit."""

    field: int  # of UK Biobank; the long-axis or the short-axis cines
    cines: list[PhantomCine]  # its content
    manifest: str = MANIFEST  # name of the manifest, empty without one
    columns: tuple[str, ...] = COLUMNS  # its header
    order: int | None = None  # a seed to shuffle the members with; None leaves them in the order they were acquired
    torn: tuple[str, int] | None = None  # cine and frame of a file that ends in the middle, or None
    kept: float = 1.0  # share of the archive's bytes


class ArchiveFile(NamedTuple):
    """One DICOM file of an archive."""

    cine: PhantomCine
    frame: int


def archives_of(study: PhantomStudy) -> list[Archive]:
    """Return the two archives of a visit without faults."""
    return [
        Archive(LONG_AXIS_FIELD, long_axis_cines(study.series)),
        Archive(SHORT_AXIS_FIELD, short_axis_cines(study.series)),
    ]


def archive_name(exam: Exam, field: int) -> str:
    """Return the name of an archive in UK Biobank's style."""
    return f"{exam.subject}_{field}_{exam.visit}_0.zip"


def members(archive: Archive) -> list[ArchiveFile]:
    """Return the DICOM files of an archive in the order they are filed."""
    files = [
        ArchiveFile(cine, frame)
        for cine in _in_time(archive)
        for frame in range(len(cine.pixels))
        if frame not in cine.lost
    ]
    if archive.order is None:
        return files
    return [files[index] for index in np.random.default_rng(archive.order).permutation(len(files))]


def archive_bytes(exam: Exam, archive: Archive) -> bytes:
    """Return the zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as container:
        for name, content in _files(exam, archive):
            container.writestr(_entry(name), content, compresslevel=COMPRESSION)
    return buffer.getvalue()[: round(archive.kept * buffer.tell())]


def manifest_text(exam: Exam, archive: Archive) -> str:
    """Return the manifest, with unquoted commas in dates and the column ``series discription``."""
    rows = [",".join(archive.columns)]
    for cine, frame in members(archive):
        facts = (exam.subject, exam.uid("study"), _date(exam.start), "MR", cine.description)
        rows.append(",".join((f"{frame_uid(exam, cine, frame)}.dcm", *facts, exam.uid("series", cine.series))))
    return "\n".join(rows) + "\n"


def _files(exam: Exam, archive: Archive) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the members of an archive."""
    headers = _headers(exam, archive)
    for cine, frame in members(archive):
        content = frame_bytes(headers[cine.name], exam, cine, frame)
        if archive.torn == (cine.name, frame):
            content = content[: len(content) // 2]
        yield f"{frame_uid(exam, cine, frame)}.dcm", content
    if archive.manifest:
        yield archive.manifest, manifest_text(exam, archive).encode()


def _headers(exam: Exam, archive: Archive) -> dict[str, CineHeader]:
    """Return the header of each cine; the images of a series are numbered from one cine to the next."""
    series: dict[str, int] = {}  # images so far
    headers = {}
    for cine in _in_time(archive):
        before = series.setdefault(cine.series, 0)
        headers[cine.name] = cine_header(exam, cine, list(series).index(cine.series) + 1, before)
        series[cine.series] += len(cine.pixels)
    return headers


def _in_time(archive: Archive) -> list[PhantomCine]:
    return sorted(archive.cines, key=lambda cine: cine.started_s)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3  # the same on every system
    entry.external_attr = 0o600 << 16
    return entry


def _date(when: datetime) -> str:
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{months[when.month - 1]} {when.day}, {when.year}"
