"""Progress of a run on the screen: a bar, and at the end a summary, or the reason why it stopped."""

from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from cmr_ssl.journal import Done
from cmr_ssl.machine import KILLED, NO_MEMORY, MachineFault, in_words
from cmr_ssl.workers import ClusterTrouble

MOST_REASONS = 8  # lines of the summary; the table holds them all
STOPPED = (OSError, MemoryError, MachineFault, BrokenProcessPool, ClusterTrouble, KeyboardInterrupt)


class Tally:
    """Count finished subjects and show a bar; as a context it catches errors of the machine and prints a sentence.

    Attributes:
        statuses: number of subjects by status.
        reasons: number of subjects by kind of finding.
        stopped: whether the work was interrupted.
    """

    def __init__(self, doing: str, out: Path, total: int) -> None:
        """Start a bar for `total` subjects; `doing`, such as preparing, and `out` are named in messages."""
        self.doing, self.out, self.stopped = doing, out, False
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self._console = Console(stderr=True)
        columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        self._bar = Progress(*columns, TextColumn("{task.fields[rejected]} rejected"), console=self._console)
        self._task = self._bar.add_task("", total=total, rejected=0)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Stop the bar; print why the work stopped if the machine or a user stopped it."""
        self._bar.stop()
        self.stopped = isinstance(error, STOPPED)
        if error is not None and self.stopped:
            reason = stop_reason(error, self.out, self.doing.capitalize())
            self._console.print(reason, style="bold red", markup=False, soft_wrap=True)
        return self.stopped

    @property
    def usable(self) -> int:
        """Number of subjects that are not rejected so far."""
        return self.statuses["accepted"] + self.statuses["repaired"]

    @property
    def status(self) -> int:
        """Exit status of the command: 0 if any subject is usable and nothing stopped it, else 1."""
        return 0 if self.usable and not self.stopped else 1

    def add(self, subject: Done) -> None:
        """Count a subject, finished now or by an earlier run."""
        self.statuses[subject.status] += 1
        self.reasons.update(subject.reasons)
        self._bar.update(self._task, advance=1, rejected=self.statuses["rejected"])

    def print(self, message: str) -> None:
        """Print a message unless it is empty."""
        if message:
            self._console.print(message, markup=False, highlight=False, soft_wrap=True)

    def close(self, table: Path) -> None:
        """Print the summary."""
        self._bar.stop()
        summary = Table("status", "subjects", title=None, box=None)
        for status in ("accepted", "repaired", "rejected"):
            summary.add_row(status, str(self.statuses[status]))
        self._console.print(summary)
        for reason, count in self.reasons.most_common(MOST_REASONS):
            self._console.print(f"{count:8d}  {reason}", markup=False, highlight=False)
        self.print(f"The table with every reason: {table}")


def stop_reason(error: BaseException, folder: Path, doing: str) -> str:
    """Return one sentence on why a command that writes to a folder stopped and how to continue."""
    match error:
        case OSError():
            return f"{doing} stopped: {in_words(error, folder)}."
        case BrokenProcessPool():
            reason = KILLED
        case KeyboardInterrupt():
            reason = "interrupted"
        case MemoryError():
            reason = NO_MEMORY
        case _:
            reason = str(error)
    return f"{doing} stopped: {reason}; run the same command again to continue."


class _Rate(ProgressColumn):
    """Subjects a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")
