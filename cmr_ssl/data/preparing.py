"""A whole cohort: prepare every subject of a source in parallel, and continue where a killed run stopped."""

import json
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.data.alone import alone
from cmr_ssl.data.cache import COHORT, FORMAT, RECORDS, SETTINGS, SUBJECTS, PreparedSubject, subject_file, write_subject
from cmr_ssl.data.cohort import write_cohort
from cmr_ssl.data.journal import Done, Record, done, read_records, tidy, to_line
from cmr_ssl.data.prepare import Acquisition, Preparation, digest, prepare_study
from cmr_ssl.data.progress import Tally
from cmr_ssl.data.sources import NiftiFiles, NiftiFolder, find_zips, holds_zips
from cmr_ssl.data.synthetic import note
from cmr_ssl.data.withdrawal import NOBODY, Withdrawn, read_withdrawn
from cmr_ssl.files import check_apart, remove_halves, save_text
from cmr_ssl.machine import KILLED, NO_MEMORY, NOBODY_CAN_WRITE, MachineFault, in_words, of_machine
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.study import Finding, Source
from cmr_ssl.workers import ClusterTrouble, Workers, outcomes

FIELD_FILES = NiftiFiles()
PUBLISHED = Preparation()
NOTHING = Done("", "rejected", ())


class Job(NamedTuple):
    """One subject to prepare, with the fingerprint of its files when the job was made."""

    subject: str
    fingerprint: str


STOPPED = (OSError, MachineFault, BrokenProcessPool, ClusterTrouble, KeyboardInterrupt)


def prepare(
    source: Path,
    out: Path,
    files: NiftiFiles = FIELD_FILES,
    preparation: Preparation = PUBLISHED,
    workers: int = 1,
    scheduler: str = "",
    withdrawn: Path | None = None,
    prune: bool = False,
) -> int:
    """Prepare a folder of NIfTI studies, or of UK Biobank's zips, into a cache to learn from; run it again to continue.

    Args:
        source: folder with one sub-folder of NIfTI files a subject, or folder of <id>_20208_2_0.zip archives.
        out: the cache; made if absent.
        files: how a subject's NIfTI files are called.
        preparation: what every prepared subject has in common.
        workers: processes that prepare subjects side by side.
        scheduler: address of a Dask scheduler, whose workers prepare instead, on disks they share with this command.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.
        prune: remove the prepared files of subjects that the source no longer has, or that are rejected now; otherwise
            they stay, unused, for a disk may be away for a moment.

    Returns:
        Exit status: 0 if anything usable came out, else 1.

    Raises:
        FileNotFoundError: if the source holds no subject, or there is no list of those who withdrew.
        ValueError: if there is no worker, `out` lies in `source`, a command with other settings writes there, or that
            list cannot be used.
    """
    source, out = source.absolute(), out.absolute()  # workers elsewhere stand in other folders
    check_apart(source, out, [SUBJECTS])
    crew, gone = Workers(workers, scheduler, (source, out)), read_withdrawn(withdrawn)
    if holds_zips(source):
        zips = find_zips(source)
        archives: dict[str, object] = {"archives": asdict(zips.limits)}
        return prepare_cohort(zips, out, preparation, archives, crew, gone, prune, note(source))
    reading: dict[str, object] = {"files": files.settings()}
    return prepare_cohort(NiftiFolder(source, files), out, preparation, reading, crew, gone, prune, note(source))


def prepare_cohort(
    source: Source,
    cache: Path,
    preparation: Preparation,
    reading: dict[str, object],
    crew: Workers,
    withdrawn: Withdrawn = NOBODY,
    prune: bool = False,
    origin: dict[str, object] | None = None,
) -> int:
    """Prepare every subject of any source.

    Args:
        source: whose subjects.
        cache: where they go.
        preparation: what every prepared subject has in common.
        reading: the source's settings that change what is read.
        crew: who does it.
        withdrawn: participants who withdrew.
        prune: whether prepared files that nothing uses are removed.
        origin: what else the cache's settings say of the source; it changes nothing of what is prepared.
    """
    subjects = withdrawn.leave(source.subjects(), "the source")
    settings = {"format": FORMAT, "preparation": asdict(preparation), **reading}
    name = digest(settings)
    with Tally(len(subjects)) as tally:
        try:
            with alone(cache, name):
                withdrawn.erase(cache, ["subjects/*.safetensors"], [RECORDS], [COHORT])
                finished = open_cache(cache, settings | (origin or {}), name)
                work = partial(prepare_subject, source, preparation, cache, name)
                with (cache / RECORDS).open("a", encoding="utf-8") as journal:
                    jobs = _jobs(source, cache, subjects, finished, tally)
                    for record in outcomes(crew, work, jobs, partial(lost, settings=name)):
                        journal.write(to_line(record))
                        journal.flush()
                        tally.add(done(record))
                remove_halves(cache / SUBJECTS)
                unused = strangers(cache, name, set(subjects))
                tally.close(write_cohort(cache, name, set(subjects)))
                tally.say(set_aside(unused, prune))
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
        save_text(path, text)
    return tidy(cache, name)


def prepare_subject(source: Source, preparation: Preparation, cache: Path, settings: str, job: Job) -> Record:
    """Read, prepare and store one subject; whatever is wrong with its data becomes a rejection with the reason.

    Raises:
        MachineFault: if the machine fails to read, or the cache takes no more files.
    """
    try:
        subject_file(cache, job.subject)  # a name that cannot be written fails before the work is done
        study = source.read(job.subject)
        if source.fingerprint(job.subject) != job.fingerprint:
            return changed(job, settings)
        prepared, findings, acquired = prepare_study(study, preparation)
    except MemoryError:
        return starved(job, settings)
    except Exception as error:
        if of_machine(error) or isinstance(error, FileNotFoundError):
            raise MachineFault(f"{job.subject} cannot be read ({error})") from error
        return failed(job, settings, error)
    if prepared is None or acquired is None:
        return Record(job.subject, "rejected", settings, job.fingerprint, findings)
    try:
        write_subject(cache, job.subject, prepared, settings)
    except OSError as error:
        if error.errno in NOBODY_CAN_WRITE or of_machine(error):
            raise MachineFault(f"{cache} cannot be written ({error.strerror})") from error
        return failed(job, settings, error)
    return _usable(job, settings, prepared, findings, acquired)


def strangers(cache: Path, settings: str, subjects: set[str]) -> list[Path]:
    """Return prepared files of subjects the source no longer has (withdrawn, renamed, away) or that are rejected."""
    latest = {record.subject: record.status for record in read_records(cache, settings)}
    usable = {subject for subject, status in latest.items() if status != "rejected"} & subjects
    known = {subject_file(cache, subject).name for subject in usable}
    return [path for path in (cache / SUBJECTS).glob("*.safetensors") if path.name not in known]


def set_aside(unused: list[Path], prune: bool) -> str:
    """Remove prepared files that nobody uses, if they are to be pruned, and return what became of them."""
    for path in unused if prune else []:
        path.unlink(missing_ok=True)
    if not unused or prune:
        return f"{len(unused)} unused prepared files were removed." if unused else ""
    return (
        f"{len(unused)} prepared files are of subjects that the source no longer has, or that are rejected now: they "
        "are not in the table and not used; remove them with --prune true."
    )


def _jobs(source: Source, cache: Path, subjects: list[str], finished: dict[str, Done], tally: Tally) -> Iterator[Job]:
    """Yield the subjects that are not done, counting those that are."""
    for subject in subjects:
        try:
            fingerprint = source.fingerprint(subject)
        except OSError as error:
            raise MachineFault(f"{subject} cannot be read ({error})") from error
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


def changed(job: Job, settings: str) -> Record:
    """Return the record of a subject whose files changed or vanished under the reader; the next run reads it again."""
    message = "its files changed or vanished while they were read; what there is from before stays, run it again"
    return Record(job.subject, "rejected", settings, "", [Finding("files-changed", "rejected", "", message)])


def starved(job: Job, settings: str) -> Record:
    """Return the record of a subject for which the memory was too small; the next run tries it again."""
    return Record(job.subject, "rejected", settings, "", [Finding("no-memory", "rejected", "", NO_MEMORY)])


def lost(job: Job, settings: str) -> Record:
    """Return the record of a subject over which a cluster lost workers; the next run tries it again."""
    message = "several workers of the cluster died over it, perhaps for want of memory"
    return Record(job.subject, "rejected", settings, "", [Finding("lost-worker", "rejected", "", message)])


def sentence(stopped: BaseException, folder: Path, doing: str = "Preparing") -> str:
    """Say in one sentence why a command that writes to a folder stopped and how to go on."""
    if isinstance(stopped, BrokenProcessPool):
        reason = KILLED
    elif isinstance(stopped, KeyboardInterrupt):
        reason = "interrupted"
    elif isinstance(stopped, OSError):
        return f"{doing} stopped: {in_words(stopped, folder)}."
    elif isinstance(stopped, MemoryError):
        reason = NO_MEMORY
    else:
        reason = str(stopped)
    return f"{doing} stopped: {reason}; run the same command again to continue."
