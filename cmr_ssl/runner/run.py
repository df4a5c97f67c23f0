"""Process the subjects that are not done yet, and record each in the journal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from cmr_ssl.files import remove_halves
from cmr_ssl.journal import RECORDS, Done, Journal, Record, done
from cmr_ssl.machine import NO_MEMORY, NOT_WRITABLE, MachineFault, is_full, of_machine
from cmr_ssl.runner.progress import Tally
from cmr_ssl.study import Finding
from cmr_ssl.workers import Workers, outcomes

Content = TypeVar("Content")
Content_co = TypeVar("Content_co", covariant=True)
ONE_PROCESS = Workers()
NOT_DONE = Done("", "rejected", ())
CHANGED = "its files changed or vanished while they were read; what there is from before stays, run it again"
LOST = "several workers of the cluster died over it, perhaps for want of memory"


class Readable(Protocol[Content_co]):
    """A source of subjects; see `study.Source`."""

    def fingerprint(self, subject: str) -> str:
        """Return a short text that changes when the subject's files change."""

    def read(self, subject: str) -> Content_co:
        """Read one subject."""


class Job(NamedTuple):
    """One subject to process, with the fingerprint of its files when the job was made."""

    subject: str
    fingerprint: str


class Shard(NamedTuple):
    """One of several equal parts of a cohort, each processed by a command of its own."""

    number: int = 0
    of: int = 1

    def part(self, subjects: Sequence[str]) -> list[str]:
        """Return the subjects of this part; raise ValueError if there is no such part."""
        if not 0 <= self.number < self.of:
            raise ValueError(f"there is no shard {self.number} of {self.of}: give 0 to count - 1")
        return list(subjects[self.number :: self.of])

    def folder(self, journals: Path) -> Path:
        """Return the folder of this part's journal and lock."""
        return journals / f"{self.number}-of-{self.of}"

    def journal(self, journals: Path, settings: str) -> Journal:
        """Return the journal of this part."""
        return Journal(self.folder(journals) / RECORDS, settings, f"*/{RECORDS}")

    def erasable(self, journals: Path) -> list[str]:
        """Return the journals, below their folder, that no other part of the same run may be writing now."""
        own, others = self.folder(journals).name, f"-of-{self.of}"
        names = sorted(path.name for path in journals.glob("*"))
        return [f"{name}/{RECORDS}" for name in names if name == own or not name.endswith(others)]

    def remove_halves(self, out: Path) -> None:
        """Remove files that killed runs left incomplete, unless other parts may be writing now."""
        if self.of == 1:
            remove_halves(out)


@dataclass(frozen=True)
class Steps(Generic[Content]):
    """The processing of each subject, picklable for other processes.

    Attributes:
        source: reads a subject.
        work: processes a subject, given its content, and returns the record without settings and fingerprint.
        settings: digest of what changes the result.
        out: what is written to, for errors.
    """

    source: Readable[Content]
    work: Callable[[str, Content], Record]
    settings: str
    out: Path

    def __call__(self, job: Job) -> Record:
        """Process a subject; whatever is wrong with it becomes a rejection with the reason.

        Raises:
            MachineFault: if the machine fails to read, or `out` cannot be written.
        """
        try:
            content = self.source.read(job.subject)
            if self.source.fingerprint(job.subject) != job.fingerprint:
                return self.to_retry(job, "files-changed", CHANGED)
        except MemoryError:
            return self.to_retry(job, "no-memory", NO_MEMORY)
        except Exception as error:
            if isinstance(error, FileNotFoundError) or of_machine(error) or is_full(error):
                raise MachineFault(f"{job.subject} cannot be read ({error})") from error
            return self.rejected(job, error)
        try:
            record = self.work(job.subject, content)
        except MemoryError:
            return self.to_retry(job, "no-memory", NO_MEMORY)
        except Exception as error:
            if of_machine(error) or (isinstance(error, OSError) and error.errno in NOT_WRITABLE):
                raise MachineFault(f"{self.out} cannot be written ({error})") from error
            return self.rejected(job, error)
        return replace(record, settings=self.settings, fingerprint=job.fingerprint)

    def lost(self, job: Job) -> Record:
        """Return the record of a subject over which a cluster lost workers."""
        return self.to_retry(job, "lost-worker", LOST)

    def to_retry(self, job: Job, code: str, message: str) -> Record:
        """Return the record of a subject that the next run tries again."""
        return Record(job.subject, "rejected", self.settings, "", [Finding(code, "rejected", "", message)])

    def rejected(self, job: Job, error: Exception) -> Record:
        """Return the record of a subject whose processing failed."""
        finding = Finding("unexpected", "rejected", "", f"unexpected {type(error).__name__}: {error}")
        if isinstance(error, ValueError):
            finding = Finding("unusable", "rejected", "", str(error))
        return Record(job.subject, "rejected", self.settings, job.fingerprint, [finding])


def go_over(
    subjects: Sequence[str],
    steps: Steps[Content],
    journal: Journal,
    tally: Tally,
    outputs: Callable[[str], Sequence[Path]] | None = None,
    workers: Workers = ONE_PROCESS,
    overwrite: bool = False,
    table: Path | None = None,
) -> None:
    """Process the subjects that are not done; afterwards all are in the journal.

    Args:
        subjects: of this run.
        steps: the processing of each.
        journal: of the records.
        tally: of the counts on the screen.
        outputs: files or folders of a subject that is not rejected.
        workers: see `Workers`.
        overwrite: process all of them.
        table: see `Journal.open`.

    Raises:
        MachineFault: if the machine fails.
        ValueError: see `Journal.open`.
    """
    jobs = _jobs(subjects, steps.source.fingerprint, journal.open(overwrite, table), tally, outputs)
    for record in outcomes(workers, steps, jobs, steps.lost):
        journal.add(record)
        tally.add(done(record))


class BatchWork(Protocol):
    """Processing of many subjects at once, such as by a network in batches."""

    def fingerprint(self, subject: str) -> str:
        """Return a short text that changes when the subject's files change."""

    def __call__(self, jobs: Sequence[Job]) -> Iterator[list[Record]]:
        """Yield records, with settings and fingerprint, as soon as their outputs are on disk."""


def go_over_batches(
    subjects: Sequence[str],
    work: BatchWork,
    journal: Journal,
    tally: Tally,
    outputs: Callable[[str], Sequence[Path]],
    overwrite: bool = False,
    table: Path | None = None,
) -> None:
    """Do the same as `go_over`, in batches and in this process; see there."""
    jobs = list(_jobs(subjects, work.fingerprint, journal.open(overwrite, table), tally, outputs))
    for records in work(jobs) if jobs else ():
        for record in records:
            journal.add(record)
            tally.add(done(record))


def _jobs(
    subjects: Sequence[str],
    fingerprint_of: Callable[[str], str],
    finished: dict[str, Done],
    tally: Tally,
    outputs: Callable[[str], Sequence[Path]] | None,
) -> Iterator[Job]:
    """Yield the subjects that are not done, counting those that are."""
    for subject in subjects:
        try:
            fingerprint = fingerprint_of(subject)
        except OSError as error:
            raise MachineFault(f"{subject} cannot be read ({error})") from error
        earlier = finished.get(subject, NOT_DONE)
        paths = outputs(subject) if outputs and earlier.status != "rejected" else []
        if earlier.fingerprint == fingerprint != "" and all(path.exists() for path in paths):
            tally.add(earlier)
        else:
            yield Job(subject, fingerprint)
