"""Go over subjects: those that are done are counted, the others are worked on, and each ends in the journal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from cmr_ssl.files import remove_halves
from cmr_ssl.journal import RECORDS, Done, Journal, Record, done
from cmr_ssl.machine import NO_MEMORY, NOBODY_CAN_WRITE, MachineFault, is_full, of_machine
from cmr_ssl.runner.progress import Tally
from cmr_ssl.study import Finding
from cmr_ssl.workers import Workers, outcomes

Read = TypeVar("Read")
Read_co = TypeVar("Read_co", covariant=True)
ONE_PROCESS = Workers()
NOT_DONE = Done("", "rejected", ())
CHANGED = "its files changed or vanished while they were read; what there is from before stays, run it again"
LOST = "several workers of the cluster died over it, perhaps for want of memory"


class Readable(Protocol[Read_co]):
    """What subjects are read from; see `study.Source`."""

    def fingerprint(self, subject: str) -> str:
        """Return a short text that changes when the subject's files change."""

    def read(self, subject: str) -> Read_co:
        """Read one subject."""


class Job(NamedTuple):
    """One subject to work on, with the fingerprint of its files when the job was made."""

    subject: str
    fingerprint: str


class Shard(NamedTuple):
    """One of several equal parts of a cohort, each done by a command of its own."""

    number: int = 0
    of: int = 1

    def part(self, subjects: Sequence[str]) -> list[str]:
        """Return the subjects of this part.

        Raises:
            ValueError: if there is no such part.
        """
        if not 0 <= self.number < self.of:
            raise ValueError(f"there is no shard {self.number} of {self.of}: give 0 to count - 1")
        return list(subjects[self.number :: self.of])

    def folder(self, journals: Path) -> Path:
        """Return the folder in which this part keeps its journal, and which it locks."""
        return journals / f"{self.number}-of-{self.of}"

    def journal(self, journals: Path, settings: str) -> Journal:
        """Return the journal of this part."""
        return Journal(self.folder(journals) / RECORDS, settings, f"*/{RECORDS}")

    def mine(self, journals: Path) -> list[str]:
        """Return the journals, below their folder, that no other part of the same work may be writing now."""
        own, others = self.folder(journals).name, f"-of-{self.of}"
        names = sorted(path.name for path in journals.glob("*"))
        return [f"{name}/{RECORDS}" for name in names if name == own or not name.endswith(others)]

    def remove_halves(self, out: Path) -> None:
        """Remove what killed runs left half written, unless other parts may be writing now."""
        if self.of == 1:
            remove_halves(out)


@dataclass(frozen=True)
class Steps(Generic[Read]):
    """What is done with each subject, fit to be sent to another process.

    Attributes:
        source: reads it.
        work: given a subject and what was read of it, makes and writes something, and returns the record, without
            settings and fingerprint.
        settings: digest of what changes the result.
        out: what is written to, for the sentence when that fails.
    """

    source: Readable[Read]
    work: Callable[[str, Read], Record]
    settings: str
    out: Path

    def __call__(self, job: Job) -> Record:
        """Do it; whatever is wrong with the subject becomes a rejection with the reason.

        Raises:
            MachineFault: if the machine fails to read, or `out` takes no more files.
        """
        try:
            read = self.source.read(job.subject)
            if self.source.fingerprint(job.subject) != job.fingerprint:
                return self.once_more(job, "files-changed", CHANGED)
        except MemoryError:
            return self.once_more(job, "no-memory", NO_MEMORY)
        except Exception as error:
            if isinstance(error, FileNotFoundError) or of_machine(error) or is_full(error):
                raise MachineFault(f"{job.subject} cannot be read ({error})") from error
            return self.rejected(job, error)
        try:
            record = self.work(job.subject, read)
        except MemoryError:
            return self.once_more(job, "no-memory", NO_MEMORY)
        except Exception as error:
            if of_machine(error) or (isinstance(error, OSError) and error.errno in NOBODY_CAN_WRITE):
                raise MachineFault(f"{self.out} cannot be written ({error})") from error
            return self.rejected(job, error)
        return replace(record, settings=self.settings, fingerprint=job.fingerprint)

    def lost(self, job: Job) -> Record:
        """Return the record of a subject over which a cluster lost workers."""
        return self.once_more(job, "lost-worker", LOST)

    def once_more(self, job: Job, code: str, message: str) -> Record:
        """Return the record of a subject that the next run tries again."""
        return Record(job.subject, "rejected", self.settings, "", [Finding(code, "rejected", "", message)])

    def rejected(self, job: Job, error: Exception) -> Record:
        """Return the record of a subject with which something went wrong."""
        if isinstance(error, ValueError):
            finding = Finding("unusable", "rejected", "", str(error))
        else:
            finding = Finding("unexpected", "rejected", "", f"unexpected {type(error).__name__}: {error}")
        return Record(job.subject, "rejected", self.settings, job.fingerprint, [finding])


def go_over(
    subjects: Sequence[str],
    steps: Steps[Read],
    journal: Journal,
    tally: Tally,
    made: Callable[[str], Sequence[Path]] | None = None,
    workers: Workers = ONE_PROCESS,
    overwrite: bool = False,
    table: Path | None = None,
) -> None:
    """Work on the subjects that are not done; afterwards all are in the journal.

    Args:
        subjects: of this run.
        steps: what is done with each.
        journal: keeps what came out.
        tally: counts and shows it.
        made: files or folders that are there of a subject of which something came out.
        workers: who does it.
        overwrite: work on all of them.
        table: see `Journal.open`.

    Raises:
        MachineFault: if the machine fails.
        ValueError: see `Journal.open`.
    """
    before = journal.open(overwrite, table)
    jobs = _jobs(subjects, steps.source.fingerprint, before, tally, made)
    for record in outcomes(workers, steps, jobs, steps.lost):
        journal.add(record)
        tally.add(done(record))


class Together(Protocol):
    """What works on many subjects at once, such as a network that sees batches."""

    def fingerprint(self, subject: str) -> str:
        """Return a short text that changes when the subject's files change."""

    def __call__(self, jobs: Sequence[Job]) -> Iterator[list[Record]]:
        """Yield records, with settings and fingerprint, as soon as what they tell of is on disk."""


def go_over_together(
    subjects: Sequence[str],
    work: Together,
    journal: Journal,
    tally: Tally,
    made: Callable[[str], Sequence[Path]],
    overwrite: bool = False,
    table: Path | None = None,
) -> None:
    """Do the same as `go_over` in this process where one subject at a time would be slow; see there."""
    before = journal.open(overwrite, table)
    jobs = list(_jobs(subjects, work.fingerprint, before, tally, made))
    for records in work(jobs) if jobs else ():
        for record in records:
            journal.add(record)
            tally.add(done(record))


def _jobs(
    subjects: Sequence[str],
    fingerprint_of: Callable[[str], str],
    before: dict[str, Done],
    tally: Tally,
    made: Callable[[str], Sequence[Path]] | None,
) -> Iterator[Job]:
    """Yield the subjects that are not done, counting those that are."""
    for subject in subjects:
        try:
            fingerprint = fingerprint_of(subject)
        except OSError as error:
            raise MachineFault(f"{subject} cannot be read ({error})") from error
        past = before.get(subject, NOT_DONE)
        there = past.fingerprint == fingerprint != "" and (
            past.status == "rejected" or made is None or all(path.exists() for path in made(subject))
        )
        if there:
            tally.add(past)
        else:
            yield Job(subject, fingerprint)
