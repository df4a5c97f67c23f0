"""The commands `import-ukb` and `import-dicom`: archives to NIfTI folders, a row a subject, nothing done twice."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.data.alone import alone
from cmr_ssl.data.cache import RECORDS
from cmr_ssl.data.journal import Done, Record, done, read_records, tidy, to_line
from cmr_ssl.data.prepare import digest
from cmr_ssl.data.preparing import NOTHING, STOPPED, Job, changed, failed, lost, sentence
from cmr_ssl.data.progress import Tally
from cmr_ssl.data.sources import DicomFolder, UkbZips, find_zips
from cmr_ssl.data.synthetic import take_along
from cmr_ssl.data.timing import beat_ms
from cmr_ssl.data.withdrawal import NOBODY, Withdrawn, read_withdrawn
from cmr_ssl.dicom.tables import FINDINGS, SUBJECTS, write_tables
from cmr_ssl.dicom.writing import write_study
from cmr_ssl.files import check_apart
from cmr_ssl.machine import NOBODY_CAN_WRITE, MachineFault, of_machine
from cmr_ssl.planes import SHORT_AXIS, spacing
from cmr_ssl.study import Finding, Study
from cmr_ssl.workers import Workers, outcomes

FORMAT = "cmr_ssl import 2"
JOURNALS = ".import"


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
    withdrawn: Path | None = None,
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
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if anything usable came out, else 1.

    Raises:
        FileNotFoundError: if there is no such archive.
        ValueError: if there is no worker or no such shard.
    """
    zips, out = zips.absolute(), out.absolute()  # workers elsewhere stand in other folders
    source, crew = find_zips(zips, overlays), Workers(workers, scheduler, (zips, out))
    reading: dict[str, object] = {"overlays": True} if overlays else {}
    return import_cohort(source, out, crew, Shard(shard, shards), reading, read_withdrawn(withdrawn))


def import_dicom(
    source: Path,
    out: Path,
    workers: int = 1,
    shard: int = 0,
    shards: int = 1,
    scheduler: str = "",
    withdrawn: Path | None = None,
) -> int:
    """Turn cine studies in DICOM, sorted by their headers, into NIfTI folders and a table; run it again to continue.

    Args:
        source: folder with one sub-folder or zip of DICOM files a subject, or one subject's DICOM files.
        out: folder for one sub-folder a subject, import.csv and findings.csv; made if absent.
        workers: processes that import subjects side by side.
        shard: which part of the subjects this command imports, from 0.
        shards: how many parts there are; an array job runs one command a part, with the same --out.
        scheduler: address of a Dask scheduler, whose workers import instead, on disks they share with this command.

        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if anything usable came out, else 1.

    Raises:
        FileNotFoundError: if there is nothing to import.
        ValueError: if there is no worker or no such shard.
    """
    source, out = source.absolute(), out.absolute()  # workers elsewhere stand in other folders
    crew, gone = Workers(workers, scheduler, (source, out)), read_withdrawn(withdrawn)
    return import_cohort(DicomFolder(source), out, crew, Shard(shard, shards), {}, gone)


def import_cohort(
    source: UkbZips | DicomFolder,
    out: Path,
    crew: Workers,
    shard: Shard,
    reading: dict[str, object],
    withdrawn: Withdrawn = NOBODY,
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
    check_apart(source.folder, out, everybody)
    gone = with_kin(withdrawn, source, everybody)
    left = {*gone.leave(everybody, source.folder)}
    links = {name: said for name, said in links.items() if not gone.includes(name)}
    subjects = [subject for subject in everybody[shard.number :: shard.of] if subject in left]
    settings = digest({"format": FORMAT, "limits": asdict(source.limits), **reading})
    journal = out / JOURNALS / f"{shard.number}-of-{shard.of}"
    with Tally(len(subjects) + len(links), "importing") as tally:
        try:
            with alone(journal, settings):
                gone.erase(out, ["*"], mine(out, shard), [SUBJECTS, FINDINGS])
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
                known = {name: one for name, one in records(out, settings).items() if not gone.includes(name)}
                tally.close(write_tables(out, unfollowed | known))
        except STOPPED as stopped:
            tally.stop(sentence(stopped, out, "Importing"))
            return 1
    return 0 if tally.usable or not subjects else 1


def with_kin(withdrawn: Withdrawn, source: UkbZips | DicomFolder, subjects: list[str]) -> Withdrawn:
    """Return who withdrew, and the subjects that are named after another folder of a study that theirs is part of."""
    if withdrawn.path is None or not isinstance(source, DicomFolder):
        return withdrawn
    others = (subject for subject in subjects if not withdrawn.includes(subject))
    named = [subject for subject in others if any(map(withdrawn.includes, _names(source, subject)))]
    return Withdrawn(withdrawn.path, withdrawn.ids | {*named})


def _names(source: DicomFolder, subject: str) -> list[str]:
    return [path.stem if path.is_file() else path.name for path in source.archives(subject)]


def mine(out: Path, shard: Shard) -> list[str]:
    """Return the journals that no other shard of the same import may be writing now."""
    own, others = f"{shard.number}-of-{shard.of}", f"-of-{shard.of}"
    names = sorted(path.name for path in (out / JOURNALS).glob("*"))
    return [f"{JOURNALS}/{name}/{RECORDS}" for name in names if name == own or not name.endswith(others)]


def import_subject(source: UkbZips | DicomFolder, out: Path, settings: str, job: Job) -> Record:
    """Import one subject; whatever is wrong with its data becomes a rejection with the reason.

    Raises:
        MachineFault: if the machine fails to read or write; it says nothing about the data.
    """
    try:
        study = source.read(job.subject)
        if source.fingerprint(job.subject) != job.fingerprint:
            return changed(job, settings)
    except Exception as error:
        if of_machine(error) or isinstance(error, FileNotFoundError):
            raise MachineFault(f"{job.subject} cannot be read ({error or type(error).__name__})") from error
        return failed(job, settings, error)
    try:
        write_study(out / job.subject, study)
    except OSError as error:
        if error.errno in NOBODY_CAN_WRITE or of_machine(error):
            raise MachineFault(f"{out} cannot be written ({error.strerror})") from error
        return failed(job, settings, error)
    except Exception as error:
        return failed(job, settings, error)
    return _record(study, settings, job.fingerprint)


def _unfollowed(name: str, message: str, settings: str) -> Record:
    """Return the record of a link, which is in the tables of this run and in no journal."""
    return Record(name, "rejected", settings, "", [Finding("link", "rejected", "", message)])


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
            raise MachineFault(f"{subject} cannot be read ({error})") from error
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
