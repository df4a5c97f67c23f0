"""A whole cohort: prepare every subject of a source in parallel, and continue where a killed run stopped."""

import errno
import json
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.cluster import ClusterTrouble
from cmr_ssl.crew import Crew, outcomes
from cmr_ssl.data.cache import (
    COHORT,
    FORMAT,
    HALF_WRITTEN,
    RECORDS,
    SETTINGS,
    PreparedSubject,
    subject_file,
    write_atomically,
    write_subject,
)
from cmr_ssl.data.cohort import write_cohort
from cmr_ssl.data.journal import Done, Record, done, read_records, tidy, to_line
from cmr_ssl.data.prepare import Acquisition, Preparation, digest, prepare_study
from cmr_ssl.data.progress import Tally
from cmr_ssl.data.sources import NiftiFiles, NiftiFolder, find_zips, holds_zips
from cmr_ssl.data.study import Finding, Source
from cmr_ssl.data.synthetic import note
from cmr_ssl.planes import SHORT_AXIS, VIEWS

FIELD_FILES = NiftiFiles()
PUBLISHED = Preparation()
NOTHING = Done("", "rejected", ())
NOBODY_CAN_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}


class Job(NamedTuple):
    """One subject to prepare, with the fingerprint of its files when the job was made."""

    subject: str
    fingerprint: str


class Unwritable(Exception):
    """Nothing more can be written; the message is one sentence."""


STOPPED = (OSError, Unwritable, BrokenProcessPool, ClusterTrouble, KeyboardInterrupt)


def prepare(
    source: Path,
    out: Path,
    files: NiftiFiles = FIELD_FILES,
    preparation: Preparation = PUBLISHED,
    workers: int = 1,
    scheduler: str = "",
) -> int:
    """Prepare a folder of NIfTI studies, or of UK Biobank's zips, into a cache to learn from; run it again to continue.

    Args:
        source: folder with one sub-folder of NIfTI files a subject, or folder of <id>_20208_2_0.zip archives.
        out: the cache; made if absent.
        files: how a subject's NIfTI files are called.
        preparation: what every prepared subject has in common.
        workers: processes that prepare subjects side by side.
        scheduler: address of a Dask scheduler, whose workers prepare instead, on disks they share with this command.

    Returns:
        Exit status: 0 if anything usable came out, else 1.

    Raises:
        FileNotFoundError: if the source holds no subject.
        ValueError: if there is no worker.
    """
    source, out = source.absolute(), out.absolute()  # workers elsewhere stand in other folders
    crew = Crew(workers, scheduler, (source, out))
    if holds_zips(source):
        zips = find_zips(source)
        return prepare_cohort(zips, out, preparation, {"archives": asdict(zips.limits)}, crew, note(source))
    reading: dict[str, object] = {"files": files.settings()}
    return prepare_cohort(NiftiFolder(source, files), out, preparation, reading, crew, note(source))


def prepare_cohort(
    source: Source,
    cache: Path,
    preparation: Preparation,
    reading: dict[str, object],
    crew: Crew,
    origin: dict[str, object] | None = None,
) -> int:
    """Prepare every subject of any source.

    Args:
        source: whose subjects.
        cache: where they go.
        preparation: what every prepared subject has in common.
        reading: the source's settings that change what is read.
        crew: who does it.
        origin: what else the cache's settings say of the source; it changes nothing of what is prepared.
    """
    subjects = source.subjects()
    settings = {"format": FORMAT, "preparation": asdict(preparation), **reading}
    name = digest(settings)
    with Tally(len(subjects)) as tally:
        try:
            finished = open_cache(cache, settings | (origin or {}), name)
            work = partial(prepare_subject, source, preparation, cache, name)
            with (cache / RECORDS).open("a", encoding="utf-8") as journal:
                jobs = _jobs(source, cache, subjects, finished, tally)
                for record in outcomes(crew, work, jobs, partial(lost, settings=name)):
                    journal.write(to_line(record))
                    journal.flush()
                    tally.add(done(record))
            remove_strangers(cache, name, set(subjects))
            tally.close(write_cohort(cache, name, set(subjects)))
        except STOPPED as stopped:
            tally.stop(sentence(stopped, cache))
            return 1
    return 0 if tally.usable else 1


def open_cache(cache: Path, settings: dict[str, object], name: str) -> dict[str, Done]:
    """Make a cache ready for these settings and return the subjects that are done.

    With other settings than last time the old table goes first, so that nobody trains on a half rebuilt cache.
    """
    text = json.dumps({**settings, "digest": name}, indent=2, sort_keys=True) + "\n"
    path = cache / SETTINGS
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        (cache / COHORT).unlink(missing_ok=True)
        write_atomically(path, lambda stream: stream.write(text.encode()))
    return tidy(cache, name)


def prepare_subject(source: Source, preparation: Preparation, cache: Path, settings: str, job: Job) -> Record:
    """Read, prepare and store one subject; whatever goes wrong with it becomes a rejection with the reason.

    Raises:
        Unwritable: if the cache takes no more files.
    """
    try:
        subject_file(cache, job.subject)  # a name that cannot be written fails before the work is done
        prepared, findings, acquired = prepare_study(source.read(job.subject), preparation)
    except Exception as error:
        return failed(job, settings, error)
    if prepared is None or acquired is None:
        subject_file(cache, job.subject).unlink(missing_ok=True)
        return Record(job.subject, "rejected", settings, job.fingerprint, findings)
    try:
        write_subject(cache, job.subject, prepared, settings)
    except OSError as error:
        if error.errno in NOBODY_CAN_WRITE:
            raise Unwritable(f"{cache} cannot be written ({error.strerror})") from error
        return failed(job, settings, error)
    return _usable(job, settings, prepared, findings, acquired)


def remove_strangers(cache: Path, settings: str, subjects: set[str]) -> None:
    """Remove prepared files of subjects the source no longer has (withdrawn, renamed), and halves of killed runs."""
    latest = {record.subject: record.status for record in read_records(cache, settings)}
    usable = {subject for subject, status in latest.items() if status != "rejected"} & subjects
    known = {subject_file(cache, subject).name for subject in usable}
    for path in (cache / "subjects").glob("*"):
        if path.name not in known and (path.suffix == ".safetensors" or path.name.startswith(HALF_WRITTEN)):
            path.unlink()


def _jobs(source: Source, cache: Path, subjects: list[str], finished: dict[str, Done], tally: Tally) -> Iterator[Job]:
    """Yield the subjects that are not done, counting those that are."""
    for subject in subjects:
        fingerprint = source.fingerprint(subject)
        before = finished.get(subject, NOTHING)
        if before.fingerprint == fingerprint and (
            before.status == "rejected" or subject_file(cache, subject).is_file()
        ):
            tally.add(before)
        else:
            yield Job(subject, fingerprint)


def _usable(
    job: Job, settings: str, prepared: PreparedSubject, findings: list[Finding], acquired: Acquisition
) -> Record:
    beat_ms = acquired.beat_ms if np.isfinite(acquired.beat_ms) else None
    return Record(
        subject=job.subject,
        status="accepted" if all(found.severity == "noted" for found in findings) else "repaired",
        settings=settings,
        fingerprint=job.fingerprint,
        findings=findings,
        planes=len(prepared.view),
        sa_slices=int((prepared.view == VIEWS.index(SHORT_AXIS)).sum()),
        views=",".join(VIEWS[index] for index in np.unique(prepared.view)),
        frames=acquired.frames,
        cine=acquired.cine,
        beat_ms=beat_ms,
        spacing_mm=acquired.spacing_mm,
        labelled=len(prepared.labels) > 0,
    )


def failed(job: Job, settings: str, error: Exception) -> Record:
    """Return the record of a subject with which something unforeseen went wrong."""
    finding = Finding("unexpected", "rejected", "", f"unexpected {type(error).__name__}: {error}")
    return Record(job.subject, "rejected", settings, job.fingerprint, [finding])


def lost(job: Job, settings: str) -> Record:
    """Return the record of a subject over which a cluster lost workers; the next run tries it again."""
    message = "several workers of the cluster died over it, perhaps for want of memory"
    return Record(job.subject, "rejected", settings, "", [Finding("lost-worker", "rejected", "", message)])


def sentence(stopped: BaseException, folder: Path, doing: str = "Preparing") -> str:
    """Say in one sentence why a command that writes to a folder stopped and how to go on."""
    if isinstance(stopped, BrokenProcessPool):
        reason = "a worker process was killed, perhaps for want of memory (fewer --workers need less)"
    elif isinstance(stopped, KeyboardInterrupt):
        reason = "interrupted"
    elif isinstance(stopped, OSError):
        reason = f"{folder} cannot be written ({stopped.strerror or stopped})"
    else:
        reason = str(stopped)
    return f"{doing} stopped: {reason}; run the same command again to continue."
