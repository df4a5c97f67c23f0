"""Archives of DICOM files into NIfTI folders: a folder and a row a subject."""

from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from cmr_ssl.cohort.synthetic import copy_marker
from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.dicom.dicom_folder import DicomFolder
from cmr_ssl.dicom.import_tables import FINDINGS, SUBJECTS, write_tables
from cmr_ssl.dicom.nifti_study import write_study
from cmr_ssl.dicom.ukb_zips import UkbZips
from cmr_ssl.files import check_apart, digest, remove_halves
from cmr_ssl.journal import Record, done, status_of
from cmr_ssl.lock import exclusive_access
from cmr_ssl.planes import SHORT_AXIS, spacing
from cmr_ssl.preparation.beat_frames import beat_ms
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Shard, Steps, go_over
from cmr_ssl.study import Study
from cmr_ssl.workers import Workers

FORMAT = "cmr_ssl import 3"
JOURNALS = ".import"


def import_cohort(
    source: UkbZips | DicomFolder,
    out: Path,
    reading: dict[str, object],
    workers: Workers,
    shard: Shard,
    withdrawn: Withdrawn,
    overwrite: bool,
) -> int:
    """Import one shard of a source's subjects; `reading` holds further settings of the output."""
    try:
        everybody, unread = source.subjects(), source.unread()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{source.folder} cannot be read ({error}): nothing was imported") from error
    mine = {*shard.part(everybody)}
    check_apart(source.folder, out, everybody)
    gone = with_same_study(withdrawn, source, everybody)
    subjects = [subject for subject in gone.remaining(everybody, source.folder) if subject in mine]
    settings = digest({"format": FORMAT, "limits": asdict(source.limits), **reading})
    beside = [
        Record(name, "rejected", findings=[finding])  # in the tables, in no journal
        for name, finding in unread.items()
        if not gone.includes(name)
    ]
    journals, total = out / JOURNALS, len(subjects) + len(beside)
    journal = shard.journal(journals, settings)
    with Tally("importing", out, total) as tally, exclusive_access(shard.folder(journals), settings):
        shard.remove_halves(out)
        remove_halves(shard.folder(journals))
        lines = [f"{JOURNALS}/{name}" for name in shard.erasable(journals)]
        gone.erase(out, ["*"], lines, [SUBJECTS, FINDINGS])
        copy_marker(source.folder, out)
        steps = Steps(source, partial(import_subject, out), settings, out)
        go_over(subjects, steps, journal, tally, lambda subject: [out / subject], workers, overwrite)
        for record in beside:
            tally.add(done(record))
        records = {record.subject: record for record in [*beside, *journal.records()]}
        tally.close(write_tables(out, {name: record for name, record in records.items() if not gone.includes(name)}))
    return tally.status if subjects else int(tally.stopped)


def with_same_study(withdrawn: Withdrawn, source: UkbZips | DicomFolder, subjects: list[str]) -> Withdrawn:
    """Return the withdrawn ids, and subjects whose study includes a folder of a withdrawn id."""
    if withdrawn.path is None or not isinstance(source, DicomFolder):
        return withdrawn
    others = (subject for subject in subjects if not withdrawn.includes(subject))
    related = {subject for subject in others if any(map(withdrawn.includes, source.names(subject)))}
    return Withdrawn(withdrawn.path, withdrawn.ids | related)


def import_subject(out: Path, subject: str, study: Study) -> Record:
    """Write one subject and return its record."""
    write_study(out / subject, study)
    if not study.series:
        return Record(subject, "rejected", findings=study.findings)
    beats = [beat for series in study.series if np.isfinite(beat := beat_ms(series))]
    planes = {series.view: int(series.acquired.any(axis=1).sum()) for series in study.series}
    return Record(
        subject,
        status=status_of(study.findings),
        findings=study.findings,
        planes=sum(planes.values()),
        sa_slices=planes.get(SHORT_AXIS, 0),
        views=",".join(planes),
        frames=study.series[0].pixels.shape[3],
        cine=True,
        beat_ms=float(np.median(beats)) if beats else None,
        spacing_mm=float(spacing(study.series[0].affine).mean()),
    )
