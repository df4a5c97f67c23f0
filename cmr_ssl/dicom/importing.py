"""The commands `import-ukb` and `import-dicom`: archives to NIfTI folders, a row a subject, nothing done twice."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.crew import Crew, outcomes
from cmr_ssl.data.cache import RECORDS
from cmr_ssl.data.journal import Done, Record, done, read_records, tidy, to_line
from cmr_ssl.data.prepare import digest
from cmr_ssl.data.preparing import NOBODY_CAN_WRITE, NOTHING, STOPPED, Job, Unwritable, failed, lost, sentence
from cmr_ssl.data.progress import Tally
from cmr_ssl.data.sources import DicomFolder, UkbZips, find_zips
from cmr_ssl.data.study import Finding, Study
from cmr_ssl.data.synthetic import take_along
from cmr_ssl.data.timing import beat_ms
from cmr_ssl.dicom.machine import of_machine
from cmr_ssl.dicom.tables import write_tables
from cmr_ssl.dicom.writing import write_study
from cmr_ssl.planes import SHORT_AXIS, spacing

FORMAT = "cmr_ssl import 2"
JOURNALS = ".import"


class Unread(Exception):
    """The machine failed to read; the message is one sentence."""


class Shard(NamedTuple):
    """One of several equal parts of a cohort, each imported by a command of its own."""

    number: int
    of: int


def import_ukb(
    zips: Path,
    out: Path,
    workers: int = 1,
    shard: int = 0,
    shards: int = 1,
    scheduler: str = "",
    overlays: bool = False,
) -> int:
    """Turn UK Biobank's cine archives into NIfTI folders and a table of what was found; run it again to continue.

    Args:
        zips: folder below which <id>_20208_2_0.zip (long axis) and <id>_20209_2_0.zip (short axis) lie.
        out: folder for one sub-folder a visit, import.csv and findings.csv; made if absent.
        workers: processes that import subjects side by side.
        shard: which part of the subjects this command imports, from 0.
        shards: how many parts there are; an array job runs one command a part, with the same --out.
        scheduler: address of a Dask scheduler, whose workers import instead, on disks they share with this command.
        overlays: also write weak_sa.nii.gz (1 left ventricle, 2 its wall, 255 where nothing is drawn) from the contours
            of the scanner's own analysis, which nobody checked.

    Returns:
        Exit status: 0 if anything usable came out, else 1.

    Raises:
        FileNotFoundError: if there is no such archive.
        ValueError: if there is no worker or no such shard.
    """
    zips, out = zips.absolute(), out.absolute()  # workers elsewhere stand in other folders
    source, crew = find_zips(zips, overlays), Crew(workers, scheduler, (zips, out))
    return import_cohort(source, out, crew, Shard(shard, shards), {"overlays": True} if overlays else {})


def import_dicom(
    source: Path, out: Path, workers: int = 1, shard: int = 0, shards: int = 1, scheduler: str = ""
) -> int:
    """Turn cine studies in DICOM, sorted by their headers, into NIfTI folders and a table; run it again to continue.

    Args:
        source: folder with one sub-folder or zip of DICOM files a subject, or one subject's DICOM files.
        out: folder for one sub-folder a subject, import.csv and findings.csv; made if absent.
        workers: processes that import subjects side by side.
        shard: which part of the subjects this command imports, from 0.
        shards: how many parts there are; an array job runs one command a part, with the same --out.
        scheduler: address of a Dask scheduler, whose workers import instead, on disks they share with this command.

    Returns:
        Exit status: 0 if anything usable came out, else 1.

    Raises:
        FileNotFoundError: if there is nothing to import.
        ValueError: if there is no worker or no such shard.
    """
    source, out = source.absolute(), out.absolute()  # workers elsewhere stand in other folders
    return import_cohort(DicomFolder(source), out, Crew(workers, scheduler, (source, out)), Shard(shard, shards), {})


def import_cohort(
    source: UkbZips | DicomFolder, out: Path, crew: Crew, shard: Shard, reading: dict[str, object]
) -> int:
    """Import one shard of a source's subjects; `reading` are further settings that change what is written."""
    if not 0 <= shard.number < shard.of:
        raise ValueError(f"there is no shard {shard.number} of {shard.of}: give 0 to count - 1")
    try:
        everybody, links = source.subjects(), source.links()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{source.folder} cannot be read ({error}): nothing was imported") from error
    _check_apart(source.folder, out, everybody)
    subjects = everybody[shard.number :: shard.of]
    settings = digest({"format": FORMAT, "limits": asdict(source.limits), **reading})
    journal = out / JOURNALS / f"{shard.number}-of-{shard.of}"
    with Tally(len(subjects) + len(links), "importing") as tally:
        try:
            tidy(journal, settings)
            take_along(source.folder, out)
            jobs = _jobs(source, out, subjects, finished(out, settings), tally)
            with (journal / RECORDS).open("a", encoding="utf-8") as lines:
                work = partial(import_subject, source, out, settings)
                for record in outcomes(crew, work, jobs, partial(lost, settings=settings)):
                    lines.write(to_line(record))
                    lines.flush()
                    tally.add(done(record))
            unfollowed = {name: _unfollowed(name, said, settings) for name, said in links.items()}
            for record in unfollowed.values():
                tally.add(done(record))
            tally.close(write_tables(out, unfollowed | records(out, settings)))
        except (Unread, *STOPPED) as stopped:
            tally.stop(sentence(stopped, out, "Importing"))
            return 1
    return 0 if tally.usable or not subjects else 1


def import_subject(source: UkbZips | DicomFolder, out: Path, settings: str, job: Job) -> Record:
    """Import one subject; whatever is wrong with its data becomes a rejection with the reason.

    Raises:
        Unread: if the machine fails to read; it says nothing about the data.
        Unwritable: if the folder takes no more files.
    """
    try:
        study = source.read(job.subject)
        if source.fingerprint(job.subject) != job.fingerprint:
            return _changed(job, settings)
    except Exception as error:
        if of_machine(error) or isinstance(error, FileNotFoundError):
            raise Unread(f"{job.subject} cannot be read ({error or type(error).__name__})") from error
        return failed(job, settings, error)
    try:
        write_study(out / job.subject, study)
    except OSError as error:
        if error.errno in NOBODY_CAN_WRITE or of_machine(error):
            raise Unwritable(f"{out} cannot be written ({error.strerror})") from error
        return failed(job, settings, error)
    except Exception as error:
        return failed(job, settings, error)
    return _record(study, settings, job.fingerprint)


def _changed(job: Job, settings: str) -> Record:
    """Return the record of a subject whose files changed or vanished under the reader; the next run reads it again."""
    message = "its files changed or vanished while they were read; what was imported before stays, run it again"
    return Record(job.subject, "rejected", settings, "", [Finding("files-changed", "rejected", "", message)])


def _unfollowed(name: str, message: str, settings: str) -> Record:
    """Return the record of a link, which is in the tables of this run and in no journal."""
    return Record(name, "rejected", settings, "", [Finding("link", "rejected", "", message)])


def _check_apart(source: Path, out: Path, subjects: list[str]) -> None:
    """Refuse to write among what is read, which the next run would take for subjects."""
    there, here = source.resolve(), out.resolve()
    if here.is_relative_to(there):
        raise ValueError(f"--out {out} lies in the folder that is imported: choose one outside of {source}")
    if there.is_relative_to(here) and there != here and there.relative_to(here).parts[0] in subjects:
        raise ValueError(f"--out {out} would write among the files of {source}: choose another folder")


def records(out: Path, settings: str) -> dict[str, Record]:
    """Return the latest record of every subject, of all shards that ever wrote here."""
    journals = sorted((out / JOURNALS).glob(f"*/{RECORDS}"), key=lambda path: path.stat().st_mtime)
    return {record.subject: record for path in journals for record in read_records(path.parent, settings)}


def finished(out: Path, settings: str) -> dict[str, Done]:
    """Return the subjects that are done."""
    return {subject: done(record) for subject, record in records(out, settings).items()}


def _jobs(
    source: UkbZips | DicomFolder, out: Path, subjects: list[str], before: dict[str, Done], tally: Tally
) -> Iterator[Job]:
    """Yield the subjects that are not done, counting those that are."""
    for subject in subjects:
        try:
            fingerprint = source.fingerprint(subject)
        except OSError as error:
            raise Unread(f"{subject} cannot be read ({error})") from error
        past = before.get(subject, NOTHING)
        if past.fingerprint == fingerprint and (past.status == "rejected" or (out / subject).is_dir()):
            tally.add(past)
        else:
            yield Job(subject, fingerprint)


def _record(study: Study, settings: str, fingerprint: str) -> Record:
    if not study.series:
        return Record(study.subject, "rejected", settings, fingerprint, study.findings)
    beats = [beat for one in study.series if np.isfinite(beat := beat_ms(one))]
    return Record(
        subject=study.subject,
        status="accepted" if all(found.severity == "noted" for found in study.findings) else "repaired",
        settings=settings,
        fingerprint=fingerprint,
        findings=study.findings,
        planes=sum(int(one.acquired.any(axis=1).sum()) for one in study.series),
        sa_slices=sum(int(one.acquired.any(axis=1).sum()) for one in study.series if one.view == SHORT_AXIS),
        views=",".join(one.view for one in study.series),
        frames=study.series[0].pixels.shape[3],
        cine=True,
        beat_ms=float(np.median(beats)) if beats else None,
        spacing_mm=float(spacing(study.series[0].affine).mean()),
    )
